package collector

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

var update = flag.Bool("update", false, "write the golden files, the contract and docs/metrics.md anew")

// rig is a collector and what it serves.
type rig struct {
	*Collector
	t        *testing.T
	registry *prometheus.Registry
	patient  bool // it lets merges be late
}

func newRig(t *testing.T, o Options) *rig {
	registry := prometheus.NewPedanticRegistry()
	o.Registerer = registry
	return &rig{Collector: New(o), t: t, registry: registry}
}

// text is all that is served but build_info, which depends on the build.
func (r *rig) text() string {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if f.GetName() != "qem_exporter_build_info" {
			if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	if !r.patient {
		r.hurry.Store(true)
	}
	live, kept := r.Current()
	if err := live.WriteText(&b); err != nil {
		r.t.Fatal(err)
	}
	if err := kept.WriteText(&b); err != nil {
		r.t.Fatal(err)
	}
	return b.String()
}

// samples are those that are served whose name and labels have a part, as "name{labels}" to value.
func (r *rig) samples(part string) map[string]string {
	r.t.Helper()
	samples := make(map[string]string)
	for line := range strings.Lines(r.text()) {
		cut := strings.LastIndexByte(line, ' ')
		if !strings.HasPrefix(line, "#") && strings.Contains(line[:cut], part) {
			samples[line[:cut]] = strings.TrimSpace(line[cut:])
		}
	}
	return samples
}

// texts are those that a label has in samples that have a part in their name and labels.
func (r *rig) texts(part, label string) []string {
	r.t.Helper()
	texts := map[string]bool{}
	for sample := range r.samples(part) {
		_, rest, _ := strings.Cut(sample, label+`="`)
		text, _, _ := strings.Cut(rest, `"`)
		texts[text] = true
	}
	return slices.Sorted(maps.Keys(texts))
}

// want checks the samples that have a part in their name and labels.
func (r *rig) want(step, part string, want map[string]string) {
	r.t.Helper()
	if got := r.samples(part); !maps.Equal(got, want) {
		r.t.Errorf("%s: -want +got:\n%s", step, cmp.Diff(want, got))
	}
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
