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

var none = exposition.LabelSet{}

// ups is a table of one gauge of some servers.
func ups(servers []string, values ...float64) plain {
	p := plain{[]string{"server"}, []exposition.Family{gauge("up", "Up.")}, []plainBlock{{columns: [][]float64{values}}}}
	for _, server := range servers {
		p.blocks[0].rows = append(p.blocks[0].rows, []string{server})
	}
	return p
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

func TestSnapshot(t *testing.T) {
	s := snapshotOf(plain{[]string{"server"}, []exposition.Family{
		gauge("up", "Up."),
		gauge("absent", "No samples."),
		{Name: "polls_total", Help: "Polls.", Type: exposition.Counter, Labels: []string{"result"},
			Columns: [][]string{{"success"}, {"failure"}}},
	}, []plainBlock{
		{rows: [][]string{{"b"}, {"a"}, {"c"}}, columns: [][]float64{{1, nan, 0}, {nan, nan, nan}, {3, 2, nan}, {nan, 0.5,
			nan}},
			loose: []plainLoose{{2, 1, []string{"other"}, 7}}},
		{rows: [][]string{{"d"}}, columns: [][]float64{{1}, {nan}, {4}, {nan}}},
	}})
	if s.Samples() != 8 {
		t.Errorf("%d samples", s.Samples())
	}
	wantText(t, s, `# HELP polls_total Polls.
# TYPE polls_total counter
polls_total{server="b",result="success"} 3
polls_total{server="a",result="success"} 2
polls_total{server="a",result="failure"} 0.5
polls_total{server="a",result="other"} 7
polls_total{server="d",result="success"} 4
# HELP up Up.
# TYPE up gauge
up{server="b"} 1
up{server="c"} 0
up{server="d"} 1
`)
}

func TestMistakesPanic(t *testing.T) {
	table := func(f exposition.Family, labels ...string) func() {
		return func() { exposition.NewTable(labels, []exposition.Family{f}) }
	}
	up := gauge("up", "Up.")
	for want, mistake := range map[string]func(){
		"illegal family name a-b":          table(gauge("a-b", "")),
		"illegal family name größe":        table(gauge("größe", "")),
		"illegal family name ":             table(gauge("", "")),
		"a is of an unknown type":          table(exposition.Family{Name: "a", Type: 9}),
		"counter a does not end in _total": table(counter("a", "")),
		"counter _total has no name":       table(counter("_total", "")),
		"help of a is not valid UTF-8":     table(gauge("a", "\xff")),
		"label a is given twice":           table(exposition.Family{Name: "up", Labels: []string{"a"}}, "b", "a"),
		"label b is given twice":           table(up, "b", "a", "b"),
		"illegal label name a:b":           table(up, "a:b"),
		"illegal label name __name__":      table(up, "__name__"),
		"illegal label name 0":             table(up, "0"),
		"labels and values are not as many": func() {
			exposition.NewTable([]string{"a"}, nil).Row(none, "b", "c")
		},
		"2 values for 1 columns of 1 rows": func() { snapshotOf(ups([]string{"a"}, 1, 2)) },
		"not in the order of their families": func() {
			snapshotOf(plain{nil, []exposition.Family{{Name: "a", Labels: []string{"x"}}, {Name: "b", Labels: []string{"x"}}},
				[]plainBlock{{rows: [][]string{nil}, loose: []plainLoose{{1, 0, []string{""}, 1}, {0, 0, []string{""}, 1}}}}})
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

// TestWhatDoesNotChangeIsTheSame checks that texts, rows and blocks are known again.
func TestWhatDoesNotChangeIsTheSame(t *testing.T) {
	table := exposition.NewTable([]string{"a", "b"}, []exposition.Family{gauge("up", "Up."), {Name: "l",
		Labels: []string{"x"}}})
	set := table.Row(none, "1", "2")
	if table.Row(set, "1", "2") != set || table.Row(set, "1", "3") == set || table.Row(none, `1",b="2`, "") == set {
		t.Error("sets of the same labels differ, or others do not")
	}
	if n := testing.AllocsPerRun(10, func() { table.Row(set, "1", "2") }); n > 0 {
		t.Errorf("%.0f allocations for labels that are there", n)
	}
	rows := exposition.NewRows(nil, []exposition.LabelSet{set})
	if exposition.NewRows(rows, []exposition.LabelSet{set}) != rows || exposition.NewRows(rows, nil) == rows {
		t.Error("rows of the same labels differ, or others do not")
	}
	block := func(value, loose float64) *exposition.Block {
		return table.Block(rows, []float64{value}, []exposition.Loose{{Family: 1, Labels: table.Extra(1, none, "y"),
			Value: loose}})
	}
	one := block(1, 2)
	for _, c := range []struct {
		other *exposition.Block
		equal bool
	}{{one, true}, {block(1, 2), true}, {block(nan, 2), false}, {block(2, 2), false}, {block(1, 3), false}, {nil, false}} {
		if one.Equal(c.other) != c.equal {
			t.Errorf("equal to %+v: %v", c.other, !c.equal)
		}
	}
}

// part is a snapshot of two servers of a manager.
func part(manager string, values ...float64) *exposition.Snapshot {
	b := plainBlock{columns: [][]float64{values, append(values[:1:1], nan)[:len(values)]}}
	for _, server := range []string{"x", "y"}[:len(values)] {
		b.rows = append(b.rows, []string{manager, server})
	}
	return snapshotOf(plain{[]string{"manager", "server"}, []exposition.Family{gauge("up", "Up."), gauge("only_"+manager,
		"Own.")},
		[]plainBlock{b}})
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
	families := plain{[]string{"l"}, []exposition.Family{gauge("a", "H.")},
		[]plainBlock{{rows: [][]string{{long}, {"short"}, {long + "y"}}, columns: [][]float64{{1, 2, math.Pi}}}}}
	s := snapshotOf(families)
	want := "# HELP a H.\n# TYPE a gauge\n" +
		`a{l="` + long + "\"} 1\n" + `a{l="short"} 2` + "\n" + `a{l="` + long + `y"} 3.141592653589793` + "\n"
	if textOf(t, s) != want {
		t.Error("text differs")
	}
	ours := exposition.HandlerOf(s)
	compare(t, ours, oracle(gathererOf(families)), "/metrics", acceptHeaders[6], "gzip", parses{})
}
