// Package testkit holds what tests of several packages share: the oracle, which says what /metrics
// must be of a simulated fleet, and what compares it with what is served. Programs that run are in
// testkit/process.
package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Samples are values by SeriesKey.
type Samples map[string]float64

// SeriesKey is one text for a name and labels, in which the order of the labels and empty ones, which
// Prometheus drops, make no difference.
func SeriesKey(labels map[string]string) string {
	var b strings.Builder
	b.WriteString(labels["__name__"])
	b.WriteByte('{')
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name != "__name__" && labels[name] != "" {
			b.WriteString(name + "=" + strconv.Quote(labels[name]) + ",")
		}
	}
	return strings.TrimSuffix(b.String(), ",") + "}"
}

// NameOf is the name in a SeriesKey.
func NameOf(key string) string {
	name, _, _ := strings.Cut(key, "{")
	return name
}

// Entity tells whether a series is about a server, a task, a table or what else is read, rather than
// about the exporter and its polls.
func Entity(key string) bool {
	return entities.MatchString(key)
}

var entities = regexp.MustCompile(`^qem_(server|task|compose_task|table|endpoint|acl)_`)

// Only are the samples whose key the function wants.
func (s Samples) Only(want func(key string) bool) Samples {
	some := Samples{}
	for key, value := range s {
		if want(key) {
			some[key] = value
		}
	}
	return some
}

// ParseText reads the samples of the text format or of OpenMetrics. Comments are left out, so that the
// samples of both look alike.
func ParseText(body []byte) (Samples, error) {
	var lines bytes.Buffer
	for line := range bytes.Lines(body) {
		if !bytes.HasPrefix(line, []byte("#")) {
			lines.Write(line)
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(&lines)
	samples := Samples{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			err = errors.Join(err, samples.add(name, m.GetLabel(), m.GetUntyped().GetValue()))
		}
	}
	return samples, err
}

// ParseProtobuf reads the samples of the delimited protobuf format; those of a histogram are its sum and
// count.
func ParseProtobuf(body []byte) (Samples, error) {
	decoder := expfmt.NewDecoder(bytes.NewReader(body), expfmt.NewFormat(expfmt.TypeProtoDelim))
	samples := Samples{}
	for {
		var family dto.MetricFamily
		err := decoder.Decode(&family)
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		name := family.GetName()
		for _, m := range family.GetMetric() {
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				err = errors.Join(err, samples.add(name, m.GetLabel(), m.GetCounter().GetValue()))
			case dto.MetricType_HISTOGRAM:
				h := m.GetHistogram()
				err = errors.Join(err, samples.add(name+"_sum", m.GetLabel(), h.GetSampleSum()),
					samples.add(name+"_count", m.GetLabel(), float64(h.GetSampleCount())))
			default:
				err = errors.Join(err, samples.add(name, m.GetLabel(), m.GetGauge().GetValue()))
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s Samples) add(name string, labels []*dto.LabelPair, value float64) error {
	set := map[string]string{"__name__": name}
	for _, l := range labels {
		set[l.GetName()] = l.GetValue()
	}
	key := SeriesKey(set)
	if _, twice := s[key]; twice {
		return fmt.Errorf("%s is there twice", key)
	}
	s[key] = value
	return nil
}
