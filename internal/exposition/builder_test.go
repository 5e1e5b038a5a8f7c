package exposition_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

var (
	up    = exposition.Family{Name: "up", Help: "Up."}
	polls = exposition.Family{Name: "polls_total", Help: "Polls.", Type: exposition.Counter}
	none  = exposition.LabelSet{}
)

func rowsOf(name string, values ...string) []exposition.LabelSet {
	var rows []exposition.LabelSet
	for _, value := range values {
		rows = append(rows, exposition.NewLabelSet(name, value))
	}
	return rows
}

func textOf(t *testing.T, s *exposition.Snapshot) string {
	t.Helper()
	var text bytes.Buffer
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func wantText(t *testing.T, s *exposition.Snapshot, want string) {
	t.Helper()
	if diff := gocmp.Diff(want, textOf(t, s)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestBuild(t *testing.T) {
	rows := rowsOf("server", "b", "a", "c")
	b := exposition.NewBuilder()
	b.Add(&up, rows, none, []float64{1, nan, 0})
	b.Add(&polls, rows, exposition.NewLabelSet("result", "success"), []float64{3, 2, nan})
	b.Add(&polls, rows, exposition.NewLabelSet("result", "failure"), []float64{nan, 0.5, nan})
	b.Add(&exposition.Family{Name: "absent", Help: "No samples."}, rows, none, []float64{nan, nan, nan})
	b.Add(&exposition.Family{Name: "nobody", Help: "No rows."}, nil, none, nil)
	s, report := b.Build()

	if want := (exposition.Report{Samples: 5}); report != want || s.Samples() != 5 {
		t.Errorf("report %+v, %d samples", report, s.Samples())
	}
	wantText(t, s, `# HELP polls_total Polls.
# TYPE polls_total counter
polls_total{server="b",result="success"} 3
polls_total{server="a",result="success"} 2
polls_total{server="a",result="failure"} 0.5
# HELP up Up.
# TYPE up gauge
up{server="b"} 1
up{server="c"} 0
`)
}

func TestBuildDropsDuplicates(t *testing.T) {
	first, second := rowsOf("server", "a", "b", "a"), rowsOf("server", "c", "b", "a")
	values := []float64{1, 2, 3}
	b := exposition.NewBuilder()
	b.Add(&up, first, none, values)
	b.Add(&up, second, none, []float64{4, 5, nan})
	b.Add(&up, second, none, []float64{nan, nan, 6})
	b.Add(&exposition.Family{Name: "down", Help: "Shares its values."}, second, none, values)
	s, report := b.Build()

	if want := (exposition.Report{Samples: 6, Duplicates: 3}); report != want {
		t.Errorf("report %+v, want %+v", report, want)
	}
	wantText(t, s, `# HELP down Shares its values.
# TYPE down gauge
down{server="c"} 1
down{server="b"} 2
down{server="a"} 3
# HELP up Up.
# TYPE up gauge
up{server="a"} 1
up{server="b"} 2
up{server="c"} 4
`)
}

func TestBuildFindsDuplicatesHoweverLabelsAreSplit(t *testing.T) {
	b := exposition.NewBuilder()
	b.Add(&up, []exposition.LabelSet{exposition.NewLabelSet("b", "2", "a", "1")}, none, []float64{1})
	b.Add(&up, rowsOf("a", "1"), exposition.NewLabelSet("b", "2"), []float64{2})
	b.Add(&up, rowsOf("b", "2", "3"), exposition.NewLabelSet("a", "1"), []float64{3, 4})
	s, report := b.Build()
	if want := (exposition.Report{Samples: 2, Duplicates: 2}); report != want {
		t.Errorf("report %+v, want %+v", report, want)
	}
	wantText(t, s, "# HELP up Up.\n# TYPE up gauge\nup{a=\"1\",b=\"2\"} 1\nup{b=\"3\",a=\"1\"} 4\n")
}

func TestMistakesPanic(t *testing.T) {
	add := func(f exposition.Family, rows []exposition.LabelSet, extra exposition.LabelSet, values ...float64) func() {
		return func() { exposition.NewBuilder().Add(&f, rows, extra, values) }
	}
	for want, mistake := range map[string]func(){
		"illegal family name a-b":            add(exposition.Family{Name: "a-b"}, nil, none),
		"illegal family name größe":          add(exposition.Family{Name: "größe"}, nil, none),
		"illegal family name ":               add(exposition.Family{}, nil, none),
		"a is of an unknown type":            add(exposition.Family{Name: "a", Type: 9}, nil, none),
		"counter a does not end in _total":   add(exposition.Family{Name: "a", Type: exposition.Counter}, nil, none),
		"counter _total has no name":         add(exposition.Family{Name: "_total", Type: exposition.Counter}, nil, none),
		"help of a is not valid UTF-8":       add(exposition.Family{Name: "a", Help: "\xff"}, nil, none),
		"family up: 1 rows but 2 values":     add(up, rowsOf("a", "1"), none, 1, 2),
		"family up: label a is given twice":  add(up, rowsOf("a", "1"), exposition.NewLabelSet("a", "2"), 1),
		"label a has no value":               func() { exposition.NewLabelSet("b", "1", "a") },
		"label b is given twice":             func() { exposition.NewLabelSet("b", "1", "a", "1", "b", "2") },
		"label c is given twice":             func() { exposition.NewLabelSet("c", "1").With("c", "1") },
		"illegal label name a:b":             func() { exposition.NewLabelSet("a:b", "1") },
		"illegal label name __name__":        func() { exposition.NewLabelSet("__name__", "1") },
		"illegal label name 0":               func() { exposition.NewLabelSet("0", "1") },
		"family up is described in two ways": func() { twice(up, exposition.Family{Name: "up", Help: "Else."}) },
		"polls_total and polls are one name": func() { twice(polls, exposition.Family{Name: "polls"}) },
		"family polls_total is described in two": func() {
			twice(polls, exposition.Family{Name: "polls_total", Help: "Polls."})
		},
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if message, _ := recover().(string); !strings.Contains(message, want) {
					t.Errorf("panic %q, want %q in it", message, want)
				}
			}()
			mistake()
		})
	}
}

// twice builds a snapshot of two families.
func twice(first, second exposition.Family) {
	b := exposition.NewBuilder()
	b.Add(&first, rowsOf("a", "1"), none, []float64{1})
	b.Add(&second, rowsOf("a", "2"), none, []float64{1})
	b.Build()
}

func TestOneFamilyUnderTwoPointers(t *testing.T) {
	twice(up, exposition.Family{Name: "up", Help: "Up."})
}

func TestLabelSet(t *testing.T) {
	set := exposition.NewLabelSet("b", "2", "a", "1")
	if set != exposition.NewLabelSet("a", "1").With("b", "2") {
		t.Error("sets of the same labels differ")
	}
	if set == set.With("c", "") {
		t.Error("sets of different labels are equal")
	}
	if set != set.With() || none != exposition.NewLabelSet() {
		t.Error("no labels make a difference")
	}
	if exposition.NewLabelSet("a", `1",b="2`) == set {
		t.Error("a value passes for a label")
	}
}

// part is the snapshot of one of several pollers.
func part(manager string, values ...float64) *exposition.Snapshot {
	var rows []exposition.LabelSet
	for _, server := range []string{"x", "y"}[:len(values)] {
		rows = append(rows, exposition.NewLabelSet("manager", manager, "server", server))
	}
	b := exposition.NewBuilder()
	b.Add(&up, rows, none, values)
	b.Add(&exposition.Family{Name: "only_" + manager, Help: "Own."}, rows[:1], none, values[:1])
	s, _ := b.Build()
	return s
}

func TestMerge(t *testing.T) {
	a, b, c := part("a", 1, 0), part("b", nan, 1), part("c", 1)
	before := textOf(t, a)
	merged := exposition.Merge(c, nil, a, b)
	if got := merged.Samples(); got != a.Samples()+b.Samples()+c.Samples() || got != 6 {
		t.Errorf("%d samples", got)
	}
	wantText(t, merged, `# HELP only_a Own.
# TYPE only_a gauge
only_a{manager="a",server="x"} 1
# HELP only_c Own.
# TYPE only_c gauge
only_c{manager="c",server="x"} 1
# HELP up Up.
# TYPE up gauge
up{manager="c",server="x"} 1
up{manager="a",server="x"} 1
up{manager="a",server="y"} 0
up{manager="b",server="y"} 1
`)
	wantText(t, a, before)
	if exposition.Merge(nil, a) != a {
		t.Error("a single snapshot is not kept, with the bodies that it may have")
	}
	if got := exposition.Merge(nil, nil); got.Samples() != 0 || textOf(t, got) != "" {
		t.Error("a merge of nothing has samples")
	}
}

// TestMergesAreIndependent checks that two merges of one snapshot do not write into
// the same memory.
func TestMergesAreIndependent(t *testing.T) {
	states := func(manager string, states ...string) *exposition.Snapshot {
		b := exposition.NewBuilder()
		for _, state := range states {
			b.Add(&up, rowsOf("manager", manager), exposition.NewLabelSet("state", state), []float64{1})
		}
		s, _ := b.Build()
		return s
	}
	shared := states("a", "running", "stopped", "error")
	first := exposition.Merge(shared, states("b", "running"))
	before := textOf(t, first)
	exposition.Merge(shared, states("c", "stopped"))
	wantText(t, first, before)
}

func TestMergeOfDifferentDescriptionsPanics(t *testing.T) {
	b := exposition.NewBuilder()
	b.Add(&exposition.Family{Name: "up", Help: "Else."}, rowsOf("manager", "z"), none, []float64{1})
	other, _ := b.Build()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	exposition.Merge(part("a", 1), other)
}

func TestNilAndZeroSnapshots(t *testing.T) {
	for _, s := range []*exposition.Snapshot{nil, {}} {
		var text, openMetrics, protobuf bytes.Buffer
		if err := errors.Join(s.WriteText(&text), s.WriteOpenMetrics(&openMetrics), s.WriteProtobuf(&protobuf)); err != nil {
			t.Error(err)
		}
		if text.String() != "" || openMetrics.String() != "# EOF\n" || protobuf.Len() != 0 || s.Samples() != 0 {
			t.Errorf("%q, %q, %q, %d samples", &text, &openMetrics, &protobuf, s.Samples())
		}
	}
}

// limitedWriter fails once it has taken so many bytes.
type limitedWriter struct {
	left   int
	failed int
}

var errFull = errors.New("full")

func (w *limitedWriter) Write(data []byte) (int, error) {
	if w.left -= len(data); w.left < 0 {
		w.failed++
		return 0, errFull
	}
	return len(data), nil
}

func TestWriteStopsAtTheFirstError(t *testing.T) {
	s := wide(20, 1000)
	for name, write := range map[string]func(*limitedWriter) error{
		"text":        func(w *limitedWriter) error { return s.WriteText(w) },
		"openmetrics": func(w *limitedWriter) error { return s.WriteOpenMetrics(w) },
		"protobuf":    func(w *limitedWriter) error { return s.WriteProtobuf(w) },
	} {
		for _, limit := range []int{0, 100_000, 500_000} {
			w := &limitedWriter{left: limit}
			if err := write(w); !errors.Is(err, errFull) || w.failed != 1 {
				t.Errorf("%s: error %v after %d failed writes", name, err, w.failed)
			}
		}
	}
}

func TestRenderingDoesNotAllocatePerSample(t *testing.T) {
	s := wide(20, 1000)
	for name, write := range map[string]func() error{
		"text":        func() error { return s.WriteText(discard{}) },
		"openmetrics": func() error { return s.WriteOpenMetrics(discard{}) },
		"protobuf":    func() error { return s.WriteProtobuf(discard{}) },
	} {
		if allocations := testing.AllocsPerRun(3, func() { _ = write() }); allocations > 300 {
			t.Errorf("%s: %.0f allocations for %d samples", name, allocations, s.Samples())
		}
	}
}

// TestLongLines checks samples that do not fit into a page.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	families := []plainFamily{{name: "a", help: "H.", columns: []plainColumn{
		{rows: plainRows{{"l", long}, {"l", "short"}, {"l", long + "y"}}, values: []float64{1, 2, math.Pi}},
	}}}
	s, _ := snapshotOf(families)
	want := "# HELP a H.\n# TYPE a gauge\na{l=\"" + long + "\"} 1\na{l=\"short\"} 2\na{l=\"" + long + "y\"} 3.141592653589793\n"
	if textOf(t, s) != want {
		t.Error("text differs")
	}
	ours := exposition.NewHandler(exposition.HandlerOptions{Snapshot: func() *exposition.Snapshot { return s }})
	compare(t, ours, oracle(gathererOf(families)), "/metrics", acceptHeaders[6], "gzip", parses{})
}

func TestNumbers(t *testing.T) {
	values := []float64{0, -1, 1760000000, math.Copysign(0, -1), 0.5, 1e300, 5e-324, math.Inf(1), math.Inf(-1), 1<<53 - 1, 1 << 53}
	rows := make([]exposition.LabelSet, len(values))
	for i := range rows {
		rows[i] = exposition.NewLabelSet("i", string(rune('a'+i)))
	}
	b := exposition.NewBuilder()
	b.Add(&up, rows, none, values)
	s, _ := b.Build()
	wantText(t, s, `# HELP up Up.
# TYPE up gauge
up{i="a"} 0
up{i="b"} -1
up{i="c"} 1760000000
up{i="d"} 0
up{i="e"} 0.5
up{i="f"} 1e+300
up{i="g"} 5e-324
up{i="h"} +Inf
up{i="i"} -Inf
up{i="j"} 9007199254740991
up{i="k"} 9.007199254740992e+15
`)
}
