// Package testkit holds what tests of several packages share: the oracle, which says what /metrics
// must be of a simulated fleet, and what compares it with what is served. Programs that run are in
// testkit/process.
package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
			set := map[string]string{"__name__": name}
			for _, l := range m.GetLabel() {
				set[l.GetName()] = l.GetValue()
			}
			key := SeriesKey(set)
			if _, twice := samples[key]; twice {
				err = errors.Join(err, fmt.Errorf("%s is there twice", key))
			}
			samples[key] = m.GetUntyped().GetValue()
		}
	}
	return samples, err
}
