package exposition_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

var nan = math.NaN()

// awkward holds one row for every kind of label value.
var awkward = [][]string{
	{`back\slash`, `"quoted"`},
	{"two\nlines", ""},
	{"", `\n is not a line`},
	{"\xff\xfeinvalid\xc3", "größe ⌀ 日本"},
	{`trailing\`, `a="b",c="d"} 5`},
	{"{}", "\t\r\x00"},
}

var awkwardValues = [][]float64{
	{0, 1, -1, math.Copysign(0, -1), 12, 1760000000},
	{math.Inf(1), math.Inf(-1), 1e300, 5e-324, math.MaxFloat64, -math.MaxFloat64},
	{0.1, 1.0 / 3, 1e-5, 123456.789, 1e21, 1e20},
	{1 << 53, 1<<53 + 2, -(1 << 53), 1<<53 - 1, 1 << 63, -(1 << 63)},
	{nan, 2, nan, nan, 5.5, nan},
	{nan, nan, nan, nan, nan, nan},
}

// gauge and counter are families of one column without labels of its own.
func gauge(name, help string) exposition.Family {
	return exposition.Family{Name: name, Help: help, Columns: [][]string{nil}}
}

func counter(name, help string) exposition.Family {
	return exposition.Family{Name: name, Help: help, Type: exposition.Counter, Columns: [][]string{nil}}
}

var cases = map[string][]plain{
	"no families": nil,
	"families without samples": {
		{[]string{"server", "task"}, []exposition.Family{gauge("b", "Nothing."), {Name: "loose", Labels: []string{"x"}}},
			[]plainBlock{{rows: awkward, columns: awkwardValues[5:]}, {columns: [][]float64{nil}}}},
		{nil, []exposition.Family{counter("a_total", "No rows.")}, nil},
	},
	"values and labels": func() []plain {
		p := plain{labels: []string{"server", "task"}, blocks: []plainBlock{{rows: awkward[:4]}, {rows: awkward[4:]}}}
		for i, values := range awkwardValues {
			p.families = append(p.families, gauge(fmt.Sprintf("z%d:gauge", i), "A gauge."),
				counter(fmt.Sprintf("a%d_total", i), "A counter."))
			for b, part := range [][]float64{values[:4], values[4:]} {
				p.blocks[b].columns = append(p.blocks[b].columns, part, absolute(part))
			}
		}
		return []plain{p}
	}(),
	"help texts": {{[]string{"a"}, []exposition.Family{
		gauge("quotes", `say "hello"`), gauge("backslash", `C:\new "n\"`), gauge("lines", "one\ntwo\n"), gauge("empty", ""),
		counter("counted_total", "größe \"\\\n"),
	}, []plainBlock{{rows: [][]string{{"b"}}, columns: [][]float64{{1}, {2}, {3}, {4}, {5}}}}}},
	"no labels": {
		{nil, []exposition.Family{
			gauge("bare", "Bare."),
			{Name: "bare_too_total", Help: "Bare.", Type: exposition.Counter, Labels: []string{"x"}, Columns: [][]string{{"y"}}},
		}, []plainBlock{{rows: [][]string{nil}, columns: [][]float64{{7}, {8}}, loose: []plainLoose{{1, 0, []string{"z"},
			9}}}}},
	},
	"labels of the families": {{[]string{"server", "task"}, []exposition.Family{
		{Name: "state", Help: "States.", Labels: []string{"state"}, Columns: [][]string{{`ru"nning`}, {"stop\nped"}}},
		{Name: "first_total", Help: "Labels that sort first.", Type: exposition.Counter,
			Labels: []string{"a", "z", "sf"}, Columns: [][]string{{"1", "2", ""}}},
		{Name: "only_loose", Help: "No columns.", Labels: []string{"tag", "and"}},
	}, []plainBlock{
		{rows: awkward, columns: [][]float64{awkwardValues[0], awkwardValues[4], awkwardValues[2]}, loose: []plainLoose{
			{0, 0, []string{"un\"known"}, 1}, {0, 3, []string{""}, math.Inf(1)},
			{2, 5, []string{"\xff", "\n"}, 1}, {2, 5, []string{"\\", "}"}, 0.5},
		}},
		{rows: [][]string{{"another", "block"}}, columns: [][]float64{{nan}, {nan}, {1}},
			loose: []plainLoose{{2, 0, []string{"a", "b"}, 1}}},
	}}},
}

// absolute makes counters' values of any: the OpenMetrics decoder refuses others.
func absolute(values []float64) []float64 {
	var positive []float64
	for _, v := range values {
		positive = append(positive, math.Abs(v))
	}
	return positive
}

func TestSameAsExpfmt(t *testing.T) {
	for name, tables := range cases {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(tables...)
			ours := exposition.HandlerOf(snapshot)
			compareAll(t, ours, oracle(gathererOf(tables...)), "/metrics")
		})
	}
}

// Everything at once: what is gathered, what is rendered for each request, and what is kept.
func TestSameAsExpfmtBehindOwnRegistry(t *testing.T) {
	own := ownRegistry()
	var live, kept []plain
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		if name == "help texts" || name == "no labels" {
			live = append(live, cases[name]...)
		} else {
			kept = append(kept, cases[name]...)
		}
	}
	liveSnapshot, keptSnapshot := snapshotOf(live...), snapshotOf(kept...)
	o := exposition.OptionsOf(nil)
	o.Own = own
	o.Snapshots = func() (live, kept *exposition.Snapshot) { return liveSnapshot, keptSnapshot }
	ours := exposition.NewHandler(o)
	theirs := oracle(inOrder{own, gathererOf(live...), gathererOf(kept...)})
	compareAll(t, ours, theirs, "/metrics")
	compareAll(t, ours, theirs, "/metrics?name[]=state&name[]=own_total&name[]=a1_total&name[]=lines&name[]=nothing")
}

// ownRegistry has one family of every kind, and names that need escaping.
func ownRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "own_total", Help: `Own "counter".`})
	counter.Add(41)
	odd := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "own.größe", Help: "UTF-8 name."}, []string{"la.bel"})
	odd.WithLabelValues("v").Set(0.5)
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "own_seconds", Help: "Own.",
		Buckets: []float64{1, 2}})
	histogram.Observe(1.5)
	registry.MustRegister(counter, odd, histogram)
	return registry
}

// inOrder gathers from several, one after the other.
type inOrder []prometheus.Gatherer

func (g inOrder) Gather() ([]*dto.MetricFamily, error) {
	var all []*dto.MetricFamily
	for _, gatherer := range g {
		families, err := gatherer.Gather()
		if err != nil {
			return nil, err
		}
		all = append(all, families...)
	}
	return all, nil
}

// FuzzSameAsExpfmt compares random snapshots, in one form, encoding and escaping at
// a time. Label values are drawn from the fuzzed text, so equal ones are common.
// Give -fuzzminimizetime=10x: pools and maps make coverage vary from run to run, and
// minimising such an input would take all the time there is.
func FuzzSameAsExpfmt(f *testing.F) {
	for i := range uint64(40) {
		f.Add(i, "a\\\"\n\xff,=}{ größe", "help \\ \" \n", 1.5, int64(-7))
	}
	f.Fuzz(func(t *testing.T, seed uint64, text, help string, number float64, integer int64) {
		random := rand.New(rand.NewPCG(seed, seed))
		tables := randomTables(random, text, help, []float64{number, float64(integer), nan, 0, float64(integer) / 1000})
		ours := exposition.HandlerOf(snapshotOf(tables...))
		accept := acceptHeaders[random.IntN(len(acceptHeaders))]
		if accept != "" {
			accept += escapings[random.IntN(len(escapings))]
		}
		compare(t, ours, oracle(gathererOf(tables...)), "/metrics", accept, acceptEncodes[random.IntN(len(acceptEncodes))],
			parses{})
	})
}

// randomTables makes up to three tables of up to three families each, with up to two blocks.
func randomTables(random *rand.Rand, text, help string, numbers []float64) []plain {
	value := func() string {
		from := random.IntN(len(text) + 1)
		return text[from : from+random.IntN(min(8, len(text)-from)+1)]
	}
	// The OpenMetrics decoder refuses a carriage return in a help text, expfmt's own too.
	help = strings.ReplaceAll(strings.ToValidUTF8(help, "?"), "\r", "")
	tables := make([]plain, random.IntN(4))
	for i := range tables {
		p := &tables[i]
		p.labels = [][]string{{"n"}, {"n", "b"}, {"d", "n", "b"}}[random.IntN(3)]
		columns := 0
		for j := range random.IntN(4) {
			f := exposition.Family{Name: fmt.Sprintf("f%d%d", i, j), Help: help}
			if random.IntN(2) == 0 {
				f.Name, f.Type = f.Name+"_total", exposition.Counter
			}
			f.Labels = [][]string{{"a"}, {"a", "c"}}[random.IntN(2)]
			for n := range random.IntN(3) {
				f.Columns = append(f.Columns, []string{fmt.Sprint(n), value()}[:len(f.Labels)])
			}
			columns += len(f.Columns)
			p.families = append(p.families, f)
		}
		for b := range random.IntN(3) {
			p.blocks = append(p.blocks, randomBlock(random, p, columns, b, value, numbers))
		}
	}
	return tables
}

func randomBlock(random *rand.Rand, p *plain, columns, number int, value func() string, numbers []float64) plainBlock {
	var b plainBlock
	for n := range 1 + random.IntN(6) {
		row := make([]string, len(p.labels))
		for i, name := range p.labels {
			if row[i] = value(); name == "n" { // so that rows differ
				row[i] += fmt.Sprint(" ", number, n)
			}
		}
		b.rows = append(b.rows, row)
	}
	for range columns {
		column := make([]float64, len(b.rows))
		for i := range column {
			column[i] = math.Abs(numbers[random.IntN(len(numbers))])
		}
		b.columns = append(b.columns, column)
	}
	for f := range p.families {
		for n := range random.IntN(3) {
			labels := []string{fmt.Sprint("loose", n), value()}[:len(p.families[f].Labels)]
			b.loose = append(b.loose, plainLoose{f, random.IntN(len(b.rows)), labels, 1})
		}
	}
	return b
}
