package exposition_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

var nan = math.NaN()

// awkward holds one row for every kind of label value.
var awkward = plainRows{
	{"server", `back\slash`, "task", `"quoted"`},
	{"server", "two\nlines", "task", ""},
	{"server", "", "task", `\n is not a line`},
	{"server", "\xff\xfeinvalid\xc3", "task", "größe ⌀ 日本"},
	{"server", `trailing\`, "task", `a="b",c="d"} 5`},
	{"server", "{}", "task", "\t\r\x00"},
}

var awkwardValues = [][]float64{
	{0, 1, -1, math.Copysign(0, -1), 12, 1760000000},
	{math.Inf(1), math.Inf(-1), 1e300, 5e-324, math.MaxFloat64, -math.MaxFloat64},
	{0.1, 1.0 / 3, 1e-5, 123456.789, 1e21, 1e20},
	{1 << 53, 1<<53 + 2, -(1 << 53), 1<<53 - 1, 1 << 63, -(1 << 63)},
	{nan, 2, nan, nan, 5.5, nan},
	{nan, nan, nan, nan, nan, nan},
}

var cases = map[string][]plainFamily{
	"no families": nil,
	"families without samples": {
		{name: "b", help: "Nothing.", columns: []plainColumn{{rows: awkward, values: awkwardValues[5]}}},
		{name: "a_total", help: "No rows.", counter: true, columns: []plainColumn{{}}},
	},
	"values and labels": func() []plainFamily {
		var families []plainFamily
		for i, values := range awkwardValues {
			families = append(families,
				plainFamily{name: fmt.Sprintf("z%d:gauge", i), help: "A gauge.",
					columns: []plainColumn{{rows: awkward, values: values}}},
				plainFamily{name: fmt.Sprintf("a%d_total", i), help: "A counter.", counter: true,
					columns: []plainColumn{{rows: awkward, values: absolute(values)}}})
		}
		return families
	}(),
	"help texts": {
		{name: "quotes", help: `say "hello"`, columns: one(1)},
		{name: "backslash", help: `C:\new "n\"`, columns: one(2)},
		{name: "lines", help: "one\ntwo\n", columns: one(3)},
		{name: "empty", help: "", columns: one(4)},
		{name: "counted_total", help: "größe \"\\\n", counter: true, columns: one(5)},
	},
	"no labels": {
		{name: "bare", help: "Bare.", columns: []plainColumn{{rows: plainRows{nil}, values: []float64{7}}}},
		{name: "bare_too_total", help: "Bare.", counter: true, columns: []plainColumn{{rows: plainRows{nil}, extra: []string{"x", "y"}, values: []float64{7}}}},
		{name: "some", help: "Bare and not.", columns: []plainColumn{{rows: plainRows{nil, {"a", "b"}}, values: []float64{7, 8}}}},
	},
	"extra labels": {
		{name: "state", help: "States.", columns: []plainColumn{
			{rows: awkward, extra: []string{"state", `ru"nning`}, values: awkwardValues[0]},
			{rows: awkward, extra: []string{"state", "stop\nped"}, values: awkwardValues[4]},
		}},
		{name: "first_total", help: "An extra label that sorts first.", counter: true, columns: []plainColumn{
			{rows: awkward, extra: []string{"a", "1", "z", "2", "sf", ""}, values: awkwardValues[2]},
		}},
		{name: "only_extra", help: "Rows without labels.", columns: []plainColumn{
			{rows: plainRows{nil}, extra: []string{"a", "1"}, values: []float64{1}},
			{rows: plainRows{nil}, extra: []string{"a", "2"}, values: []float64{2}},
			{rows: plainRows{nil}, values: []float64{3}},
		}},
	},
	"duplicates": {
		{name: "within", help: "H.", columns: []plainColumn{
			{rows: plainRows{{"a", "1"}, {"a", "1"}, {"a", "2"}, {"a", "1"}}, values: []float64{nan, 2, 3, 4}},
		}},
		{name: "across", help: "H.", columns: []plainColumn{
			{rows: plainRows{{"a", "1"}, {"a", "2"}}, extra: []string{"b", "x"}, values: []float64{1, nan}},
			{rows: plainRows{{"a", "2"}, {"a", "1"}}, extra: []string{"b", "x"}, values: []float64{2, 3}},
			{rows: plainRows{{"a", "2"}, {"a", "1"}}, extra: []string{"b", "y"}, values: []float64{4, 5}},
		}},
		{name: "split", help: "Rows of one column have what another has as extra labels.", columns: []plainColumn{
			{rows: plainRows{{"a", "1", "b", "2"}}, values: []float64{1}},
			{rows: plainRows{{"a", "1"}, {"a", "2"}}, extra: []string{"b", "2"}, values: []float64{2, 3}},
			{rows: plainRows{{"b", "2"}}, extra: []string{"a", "1"}, values: []float64{4}},
		}},
	},
}

// absolute makes counters' values of any: the OpenMetrics decoder refuses others.
func absolute(values []float64) []float64 {
	var positive []float64
	for _, v := range values {
		positive = append(positive, math.Abs(v))
	}
	return positive
}

func one(value float64) []plainColumn {
	return []plainColumn{{rows: plainRows{{"a", "b"}}, values: []float64{value}}}
}

func TestSameAsExpfmt(t *testing.T) {
	for name, families := range cases {
		t.Run(name, func(t *testing.T) {
			snapshot, _ := snapshotOf(families)
			ours := exposition.NewHandler(exposition.HandlerOptions{
				Snapshot: func() *exposition.Snapshot { return snapshot },
			})
			compareAll(t, ours, oracle(gathererOf(families)), "/metrics")
		})
	}
}

func TestSameAsExpfmtBehindOwnRegistry(t *testing.T) {
	own := ownRegistry()
	for name, families := range cases {
		t.Run(name, func(t *testing.T) {
			snapshot, _ := snapshotOf(families)
			ours := exposition.NewHandler(exposition.HandlerOptions{
				Own:      own,
				Snapshot: func() *exposition.Snapshot { return snapshot },
			})
			theirs := oracle(inOrder{own, gathererOf(families)})
			compareAll(t, ours, theirs, "/metrics")
			compareAll(t, ours, theirs, "/metrics?name[]=state&name[]=own_total&name[]=a1_total&name[]=nothing")
		})
	}
}

// ownRegistry has one family of every kind, and names that need escaping.
func ownRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "own_total", Help: `Own "counter".`})
	counter.Add(41)
	odd := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "own.größe", Help: "UTF-8 name."}, []string{"la.bel"})
	odd.WithLabelValues("v").Set(0.5)
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "own_seconds", Help: "Own.", Buckets: []float64{1, 2}})
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
		families := randomFamilies(random, text, help, []float64{number, float64(integer), nan, 0, float64(integer) / 1000})
		snapshot, report := snapshotOf(families)
		if report.Samples != snapshot.Samples() {
			t.Fatalf("report tells %d samples, snapshot %d", report.Samples, snapshot.Samples())
		}
		ours := exposition.NewHandler(exposition.HandlerOptions{
			Snapshot: func() *exposition.Snapshot { return snapshot },
		})
		accept := acceptHeaders[random.IntN(len(acceptHeaders))]
		if accept != "" {
			accept += escapings[random.IntN(len(escapings))]
		}
		compare(t, ours, oracle(gathererOf(families)), "/metrics", accept, acceptEncodes[random.IntN(len(acceptEncodes))], parses{})
	})
}

// randomFamilies makes up to four families of up to three columns, over row slices
// that some of them share.
func randomFamilies(random *rand.Rand, text, help string, numbers []float64) []plainFamily {
	value := func() string {
		from := random.IntN(len(text) + 1)
		return text[from : from+random.IntN(min(8, len(text)-from)+1)]
	}
	slabs := make([]plainRows, 3)
	for i := range slabs {
		slabs[i] = make(plainRows, 1+random.IntN(6))
		for j := range slabs[i] {
			slabs[i][j] = [][]string{nil, {"b", value()}, {"d", value(), "b", value()}}[random.IntN(3)]
		}
	}
	// The OpenMetrics decoder refuses a carriage return in a help text, expfmt's own too.
	help = strings.ReplaceAll(strings.ToValidUTF8(help, "?"), "\r", "")
	families := make([]plainFamily, random.IntN(5))
	for i := range families {
		families[i] = plainFamily{name: fmt.Sprintf("f%d", i), help: help}
		if random.IntN(2) == 0 {
			families[i].counter = true
			families[i].name += "_total"
		}
		for range random.IntN(4) {
			c := plainColumn{rows: slabs[random.IntN(len(slabs))]}
			c.extra = [][]string{nil, {"a", value()}, {"a", "x", "c", value()}}[random.IntN(3)]
			for range c.rows {
				c.values = append(c.values, numbers[random.IntN(len(numbers))])
			}
			if families[i].counter {
				c.values = absolute(c.values)
			}
			families[i].columns = append(families[i].columns, c)
		}
	}
	return families
}
