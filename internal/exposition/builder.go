package exposition

import (
	"fmt"
	"math"
	"slices"
)

// Builder collects the columns of one Snapshot. It is not safe for concurrent use.
type Builder struct {
	families map[string]*draft
	rows     map[rowsKey]*draftRows
	ids      map[string]uint32 // label text → number, over all rows
	seen     []uint32          // by number: the last round that had it
	round    uint32
}

// Report says what Build found.
type Report struct {
	Samples    int // that the Snapshot has
	Duplicates int // that were dropped because the family had a sample of the same labels
}

// draft is a family that still gets columns.
type draft struct {
	*Family
	columns []draftColumn
}

type draftColumn struct {
	rows   *draftRows
	extra  LabelSet
	values []float64
}

// rowsKey is the identity of a slice.
type rowsKey struct {
	first  *LabelSet
	length int
}

// draftRows is what a Builder finds out once about a slice of rows.
type draftRows struct {
	set      *rowSet
	ids      []uint32            // equal label sets have equal numbers
	repeated bool                // some label set occurs twice
	names    map[string]struct{} // of all labels in it; nil until asked for
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{
		families: make(map[string]*draft),
		rows:     make(map[rowsKey]*draftRows),
		ids:      make(map[string]uint32),
	}
}

// Add adds a column: values[i] is the sample of rows[i] plus the labels of extra;
// NaN is no sample. Columns of the same entities should share one rows slice. The
// Builder takes both slices over; neither may change afterwards.
//
// A family that is named or described wrongly, slices of different lengths and a
// label that stands both in rows and in extra are mistakes in the program and panic.
func (b *Builder) Add(f *Family, rows []LabelSet, extra LabelSet, values []float64) {
	if len(rows) != len(values) {
		panic(fmt.Sprintf("exposition: family %s: %d rows but %d values", f.Name, len(rows), len(values)))
	}
	d := b.families[f.Name]
	if d == nil {
		f.check()
		d = &draft{Family: f}
		b.families[f.Name] = d
	}
	d.mustMatch(f)
	if len(rows) == 0 {
		return
	}
	dr := b.draftRows(rows)
	for _, name := range extra.names() {
		if dr.has(name) {
			panic("exposition: family " + f.Name + ": label " + name + " is given twice")
		}
	}
	d.columns = append(d.columns, draftColumn{dr, extra, values})
}

// draftRows numbers the label sets of a slice, once per slice.
func (b *Builder) draftRows(rows []LabelSet) *draftRows {
	key := rowsKey{&rows[0], len(rows)}
	if dr := b.rows[key]; dr != nil {
		return dr
	}
	dr := &draftRows{set: &rowSet{labels: rows}, ids: make([]uint32, len(rows))}
	b.rows[key] = dr
	b.round++
	for i, row := range rows {
		id, known := b.ids[row.text]
		if !known {
			id = uint32(len(b.seen))
			b.ids[row.text] = id
			b.seen = append(b.seen, 0)
		}
		dr.ids[i] = id
		if b.seen[id] == b.round {
			dr.repeated = true
		}
		b.seen[id] = b.round
	}
	return dr
}

// has tells whether any row has a label of that name.
func (dr *draftRows) has(name string) bool {
	if dr.names == nil {
		dr.names = make(map[string]struct{})
		for _, row := range dr.set.labels {
			for rest := row.text; rest != ""; {
				var pair labelPair
				pair, rest = cutPair(rest)
				dr.names[pair.name] = struct{}{}
			}
		}
	}
	_, found := dr.names[name]
	return found
}

// Build returns the Snapshot of all columns. Of samples of one family with the same
// labels the first stays. The Builder must not be used afterwards.
//
// A counter whose name without _total is the name of another family is a mistake in
// the program and panics: OpenMetrics could not tell the two apart.
func (b *Builder) Build() (*Snapshot, Report) {
	s := &Snapshot{}
	var report Report
	for _, d := range b.families {
		if base := d.baseName(); base != d.Name && b.families[base] != nil {
			panic("exposition: families " + d.Name + " and " + base + " are one name in OpenMetrics")
		}
		report.Duplicates += b.dropDuplicates(d)
		f := family{Family: d.Family}
		for _, c := range d.columns {
			if n := countSamples(c.values); n > 0 {
				report.Samples += n
				f.columns = append(f.columns, column{c.rows.set, c.extra, c.values})
			}
		}
		if len(f.columns) > 0 {
			s.families = append(s.families, f)
		}
	}
	sortFamilies(s.families)
	s.samples = report.Samples
	return s, report
}

func countSamples(values []float64) int {
	n := 0
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// dropDuplicates removes every sample whose labels an earlier one of the family
// has, and returns how many it removed.
func (b *Builder) dropDuplicates(d *draft) int {
	byExtra := make(map[LabelSet][]*draftColumn)
	var extras []LabelSet
	for i := range d.columns {
		c := &d.columns[i]
		if byExtra[c.extra] == nil {
			extras = append(extras, c.extra)
		}
		byExtra[c.extra] = append(byExtra[c.extra], c)
	}
	if !sameNames(extras) {
		return dropEqualLabels(d.columns)
	}
	// Every column adds the same label names, so two samples can only be equal if
	// both their extra labels and their rows are.
	dropped := 0
	for _, extra := range extras {
		columns := byExtra[extra]
		if len(columns) == 1 && !columns[0].rows.repeated {
			continue
		}
		b.round++
		for _, c := range columns {
			dropped += c.drop(func(i int) bool {
				id := c.rows.ids[i]
				again := b.seen[id] == b.round
				b.seen[id] = b.round
				return again
			})
		}
	}
	return dropped
}

// sameNames tells whether all sets have the same label names.
func sameNames(sets []LabelSet) bool {
	if len(sets) < 2 {
		return true
	}
	first := sets[0].names()
	return !slices.ContainsFunc(sets[1:], func(l LabelSet) bool { return !slices.Equal(l.names(), first) })
}

// dropEqualLabels compares whole label sets: the way that is always right, but
// makes a text per sample.
func dropEqualLabels(columns []draftColumn) int {
	seen := make(map[LabelSet]struct{})
	dropped := 0
	for k := range columns {
		c := &columns[k]
		dropped += c.drop(func(i int) bool {
			labels := c.rows.set.labels[i].union(c.extra)
			_, again := seen[labels]
			seen[labels] = struct{}{}
			return again
		})
	}
	return dropped
}

// drop removes the samples that duplicate tells, on a copy of the values: other
// columns may share them.
func (c *draftColumn) drop(duplicate func(row int) bool) int {
	dropped := 0
	for i, v := range c.values {
		if math.IsNaN(v) || !duplicate(i) {
			continue
		}
		if dropped == 0 {
			c.values = slices.Clone(c.values)
		}
		c.values[i] = math.NaN()
		dropped++
	}
	return dropped
}
