//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// seriesKey is one text for a name and labels, in which the order of the labels and
// empty ones, which Prometheus drops, make no difference.
func seriesKey(labels map[string]string) string {
	var b strings.Builder
	b.WriteString(labels["__name__"])
	b.WriteByte('{')
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name == "__name__" || labels[name] == "" {
			continue
		}
		b.WriteString(name + "=" + strconv.Quote(labels[name]) + ",")
	}
	return strings.TrimSuffix(b.String(), ",") + "}"
}

// seriesName is the name in a seriesKey.
func seriesName(key string) string {
	name, _, _ := strings.Cut(key, "{")
	return name
}

// parseText reads the samples of the text format or of OpenMetrics. Comments are
// left out, so that the samples of both look alike.
func parseText(t *testing.T, body []byte) map[string]float64 {
	t.Helper()
	var lines bytes.Buffer
	for line := range bytes.Lines(body) {
		if !bytes.HasPrefix(line, []byte("#")) {
			lines.Write(line)
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(&lines)
	if err != nil {
		t.Fatal(err)
	}
	samples := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			add(t, samples, name, m.GetLabel(), m.GetUntyped().GetValue())
		}
	}
	return samples
}

// parseProtobuf reads the samples of the delimited protobuf format; those of a
// histogram are its sum and count.
func parseProtobuf(t *testing.T, body []byte) map[string]float64 {
	t.Helper()
	decoder := expfmt.NewDecoder(bytes.NewReader(body), expfmt.NewFormat(expfmt.TypeProtoDelim))
	samples := map[string]float64{}
	for {
		var family dto.MetricFamily
		err := decoder.Decode(&family)
		if errors.Is(err, io.EOF) {
			return samples
		}
		if err != nil {
			t.Fatal(err)
		}
		name := family.GetName()
		for _, m := range family.GetMetric() {
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				add(t, samples, name, m.GetLabel(), m.GetCounter().GetValue())
			case dto.MetricType_HISTOGRAM:
				add(t, samples, name+"_sum", m.GetLabel(), m.GetHistogram().GetSampleSum())
				add(t, samples, name+"_count", m.GetLabel(), float64(m.GetHistogram().GetSampleCount()))
			default:
				add(t, samples, name, m.GetLabel(), m.GetGauge().GetValue())
			}
		}
	}
}

func add(t *testing.T, samples map[string]float64, name string, labels []*dto.LabelPair, value float64) {
	t.Helper()
	set := map[string]string{"__name__": name}
	for _, l := range labels {
		set[l.GetName()] = l.GetValue()
	}
	key := seriesKey(set)
	if _, twice := samples[key]; twice {
		t.Errorf("%s is there twice", key)
	}
	samples[key] = value
}
