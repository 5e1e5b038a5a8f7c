package collector

import (
	"bytes"
	"flag"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

var update = flag.Bool("update", false, "write the golden files and docs/metrics.md anew")

func newTestCollector(t *testing.T) (*Collector, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	return New(Options{Registerer: registry, Logger: slog.New(slog.DiscardHandler)}), registry
}

// absent returns a T whose numbers are all absent.
func absent[T any]() T {
	var v T
	setAbsent(reflect.ValueOf(&v).Elem())
	return v
}

func setAbsent(v reflect.Value) {
	switch v.Kind() {
	case reflect.Float64:
		v.SetFloat(fleet.Absent())
	case reflect.Struct:
		for i := range v.NumField() {
			setAbsent(v.Field(i))
		}
	}
}

// number returns a T whose numbers and flags are all there and all different, so
// that a sample tells of what field it is.
func number[T any](from float64) T {
	var v T
	setNumbers(reflect.ValueOf(&v).Elem(), &from)
	return v
}

func setNumbers(v reflect.Value, next *float64) {
	switch v.Kind() {
	case reflect.Float64:
		v.SetFloat(*next)
		*next++
	case reflect.Struct:
		for i := range v.NumField() {
			setNumbers(v.Field(i), next)
		}
	default:
		if v.Type() == reflect.TypeFor[fleet.Flag]() {
			v.Set(reflect.ValueOf(fleet.Yes))
		}
	}
}

// aPoll is a poll of the manager prod that has just ended.
func aPoll(servers ...fleet.Server) *fleet.Manager {
	now := time.Now()
	return &fleet.Manager{Name: "prod", Result: fleet.Success, Started: now, Ended: now, Servers: servers}
}

// aServer is one of which nothing but the name and the tasks is known.
func aServer(name string, tasks ...fleet.Task) fleet.Server {
	s := absent[fleet.Server]()
	s.Name, s.Product, s.Tasks = name, fleet.Replicate, tasks
	return s
}

// aTask is one of which nothing but the name is known.
func aTask(name string) fleet.Task {
	t := absent[fleet.Task]()
	t.Name, t.Product = name, fleet.Replicate
	return t
}

func aTable(schema, name string) fleet.Table {
	t := absent[fleet.Table]()
	t.Schema, t.Name = schema, name
	return t
}

// textOf is a snapshot as it is served.
func textOf(t *testing.T, s *exposition.Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// samplesOf are the samples that a collector serves after a poll, by name and
// labels.
func samplesOf(t *testing.T, p *fleet.Manager) map[string]string {
	t.Helper()
	c, _ := newTestCollector(t)
	c.AddManager(p.Name, time.Hour)
	c.Publish(p)
	return byName(textOf(t, c.Current()))
}

// byName splits the samples of a text into names with labels, and values.
func byName(text string) map[string]string {
	samples := make(map[string]string)
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			cut := strings.LastIndexByte(line, ' ')
			samples[line[:cut]] = strings.TrimSpace(line[cut:])
		}
	}
	return samples
}

// having are the samples of which the name and labels have a part.
func having(samples map[string]string, part string) map[string]string {
	found := make(map[string]string)
	for name, value := range samples {
		if strings.Contains(name, part) {
			found[name] = value
		}
	}
	return found
}

// gathered are the samples of a registry, without those of build_info, which
// depend on the build.
func gathered(t *testing.T, g prometheus.Gatherer) map[string]string {
	t.Helper()
	return byName(gatheredText(t, g))
}

// gatheredText is the registry's families as they are served.
func gatheredText(t *testing.T, g prometheus.Gatherer) string {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if f.GetName() == "qem_exporter_build_info" {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// golden compares a text with a file, which -update writes anew.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what the program makes (write it anew with -update); -file +program:\n%s", file, diff)
	}
}
