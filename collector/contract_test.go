package collector

import (
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const contractHead = `# The families that the exporter serves: type, name and labels, with the values of a label where
# they are fixed. They are what others' queries depend on: families and values may be added; to
# change or to take one away is for a new major version. Made of the collector's tables by
# "make generate": review the diff.
`

func TestContract(t *testing.T) {
	docs := Families()
	slices.SortFunc(docs, func(a, b Doc) int { return strings.Compare(a.Name, b.Name) })
	text := contractHead
	for _, d := range docs {
		text += d.Type + " " + d.Name
		slices.SortFunc(d.Labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
		for _, l := range d.Labels {
			text += " " + l.Name
			if len(l.Values) > 0 {
				text += "=" + strings.Join(slices.Sorted(slices.Values(l.Values)), "|")
			}
		}
		text += "\n"
	}
	golden(t, "testdata/contract.txt", text)
}

// The golden fleet has a sample of every family that is documented, and of no other.
func TestDocsMatchWhatIsServed(t *testing.T) {
	var documented, served []string
	for _, d := range Families()[1:] { // without build_info, which is not in the golden text
		documented = append(documented, "# HELP "+d.Name+" "+d.Help+"\n", "# TYPE "+d.Name+" "+d.Type+"\n")
	}
	for line := range strings.Lines(goldenMetrics(t)) {
		if strings.HasPrefix(line, "#") {
			served = append(served, line)
		}
	}
	slices.Sort(documented)
	slices.Sort(served)
	if diff := cmp.Diff(documented, served); diff != "" {
		t.Errorf("-documented +served:\n%s", diff)
	}
}

func TestBuildInfoIsAsDocumented(t *testing.T) {
	families, err := newRig(t, Options{}).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		var labels []Label
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, Label{Name: l.GetName()})
		}
		if want := Families()[0]; f.GetName() != want.Name || !reflect.DeepEqual(labels, want.Labels) {
			t.Errorf("%s%v is served, documented is %s%v", f.GetName(), labels, want.Name, want.Labels)
		}
	}
}

// promtool has nothing to say, not even a warning.
func TestPromtool(t *testing.T) {
	promtool := exec.Command("promtool", "check", "metrics")
	promtool.Stdin = strings.NewReader(goldenMetrics(t))
	if out, err := promtool.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestHelpTexts(t *testing.T) {
	names := map[string]bool{}
	for _, d := range Families() {
		base := strings.TrimSuffix(d.Name, "_total") // by which OpenMetrics tells them apart
		if names[base] {
			t.Errorf("%s has the name of another family", d.Name)
		}
		names[base] = true
		if !strings.HasSuffix(d.Help, ".") {
			t.Errorf("help of %s is not a sentence: %q", d.Name, d.Help)
		}
		if !strings.Contains(d.Help, "bsent") {
			t.Errorf("help of %s does not say when it is absent: %q", d.Name, d.Help)
		}
		if unit := unitOf(d.Name); !strings.Contains(d.Help, unit) {
			t.Errorf("help of %s does not name its unit, %q: %q", d.Name, unit, d.Help)
		}
		for _, l := range d.Labels {
			if slices.Contains([]string{"endpoint", "instance", "job", "namespace", "pod", "service", "container"}, l.Name) {
				t.Errorf("%s has the label %s, which service discovery puts on targets", d.Name, l.Name)
			}
		}
	}
}

// unitOf is how a help text must name the unit of a family.
func unitOf(name string) string {
	name = strings.TrimSuffix(name, "_total")
	for _, unit := range [][2]string{
		{"_timestamp_seconds", "in Unix seconds"}, {"_records_per_second", "in records per second"},
		{"_bytes_per_second", "in bytes per second"}, {"_bytes", "in bytes"}, {"_ratio", "as a ratio"}, {"_info", "always 1"},
		{"_seconds", "in seconds"},
	} {
		if strings.HasSuffix(name, unit[0]) {
			return unit[1]
		}
	}
	return ""
}
