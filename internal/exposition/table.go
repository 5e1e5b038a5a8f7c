package exposition

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// Table is the families about one kind of entity.
type Table struct {
	names    labelNames // of a row
	families []*tableFamily
	columns  int
}

// tableFamily is a Family with all that is the same at every rendering.
type tableFamily struct {
	Family
	index               int // in its Table
	names               labelNames
	first               int // its first column, of its Table's
	columns             []LabelSet
	text, metrics       string // its head in the two text formats
	open, bare          string // what is before a row's labels, and the name where there are none
	protoHead, protoTag []byte
}

// NewTable makes a Table of families whose rows have labels of the given names. A name that is
// illegal or given twice is a mistake in the program and panics.
func NewTable(labels []string, families []Family) *Table {
	t := &Table{names: newLabelNames(labels)}
	for i := range families {
		f := &tableFamily{Family: families[i], index: i, first: t.columns}
		f.check()
		newLabelNames(slices.Concat(labels, f.Labels)) // which must differ
		f.names = newLabelNames(f.Labels)
		f.prepare()
		for _, values := range f.Columns {
			f.columns = append(f.columns, f.names.set(LabelSet{}, values))
		}
		t.columns += len(f.columns)
		t.families = append(t.families, f)
	}
	return t
}

// Row makes the labels of a row. They are those of like, without any new text, when they equal them.
func (t *Table) Row(like LabelSet, values ...string) LabelSet { return t.names.set(like, values) }

// Extra makes the labels that a sample of a family has beside those of the row, in the manner of Row.
func (t *Table) Extra(family int, like LabelSet, values ...string) LabelSet {
	return t.families[family].names.set(like, values)
}

// Rows are the labels of entities, which Blocks share. They must all differ.
type Rows struct {
	labels []LabelSet
	protobuf
}

// NewRows takes the labels over: they must not change afterwards. It returns like if its labels are
// the same.
func NewRows(like *Rows, labels []LabelSet) *Rows {
	if like != nil && slices.Equal(like.labels, labels) {
		return like
	}
	return &Rows{labels: labels}
}

// Labels are those of a row, none of a row that there is not.
func (r *Rows) Labels(row int) LabelSet {
	if r == nil || row >= len(r.labels) {
		return LabelSet{}
	}
	return r.labels[row]
}

// Len is how many rows there are.
func (r *Rows) Len() int {
	if r == nil {
		return 0
	}
	return len(r.labels)
}

// Loose is a sample whose labels are not those of one of the family's columns. Labels
// come from the Table's Extra, and differ within a row and family.
type Loose struct {
	Family int // its index in the Table
	Row    int
	Labels LabelSet
	Value  float64
}

// Block is the samples of some entities. It never changes.
type Block struct {
	table   *Table
	rows    *Rows
	at      []int32 // by column: where its values begin; -1 when it has none
	values  []float64
	loose   []Loose // in the order of the families
	samples int
}

// Block makes one of the values of each column in turn, as many as there are rows, where NaN is no
// sample, and of loose samples in the order of their families. It takes the latter over, and leaves
// nothing useful in values.
func (t *Table) Block(rows *Rows, values []float64, loose []Loose) *Block {
	n := rows.Len()
	if len(values) != n*t.columns {
		panic(fmt.Sprintf("exposition: %d values for %d columns of %d rows", len(values), t.columns, n))
	}
	if !sort.SliceIsSorted(loose, func(i, j int) bool { return loose[i].Family < loose[j].Family }) {
		panic("exposition: loose samples are not in the order of their families")
	}
	b := &Block{table: t, rows: rows, at: make([]int32, t.columns), loose: loose, samples: len(loose)}
	kept := 0
	for c := range b.at {
		column := values[c*n : (c+1)*n]
		count := 0
		for _, v := range column {
			if !math.IsNaN(v) {
				count++
			}
		}
		if b.at[c] = -1; count > 0 {
			b.at[c] = int32(kept)
			kept += copy(values[kept:], column)
			b.samples += count
		}
	}
	b.values = slices.Clone(values[:kept]) // what is absent everywhere takes no room
	return b
}

// Rows are the entities of the Block; nil of none.
func (b *Block) Rows() *Rows {
	if b == nil {
		return nil
	}
	return b.rows
}

// Loose are the loose samples, for labels to be like theirs.
func (b *Block) Loose() []Loose {
	if b == nil {
		return nil
	}
	return b.loose
}

// Equal tells whether both have the same samples of the same rows.
func (b *Block) Equal(other *Block) bool {
	return b == other || b != nil && other != nil && b.table == other.table && b.rows == other.rows &&
		slices.Equal(b.at, other.at) && slices.Equal(b.loose, other.loose) &&
		slices.EqualFunc(b.values, other.values, func(x, y float64) bool { return x == y || x != x && y != y })
}

// column returns the values of a column of the table, nil when it has none.
func (b *Block) column(c int) []float64 {
	from := b.at[c]
	if from < 0 {
		return nil
	}
	return b.values[from : int(from)+len(b.rows.labels)]
}

// looseOf returns the loose samples of a family.
func (b *Block) looseOf(family int) []Loose {
	if len(b.loose) == 0 {
		return nil
	}
	byFamily := func(l Loose, f int) int { return l.Family - f }
	from, found := slices.BinarySearchFunc(b.loose, family, byFamily)
	if !found {
		return nil
	}
	rest := b.loose[from:]
	to, _ := slices.BinarySearchFunc(rest, family+1, byFamily)
	return rest[:to]
}

// run is samples of one family and of consecutive rows, whose further labels are the same.
type run struct {
	rows   *Rows
	first  int       // the row of values[0]
	values []float64 // NaN is no sample
	extra  LabelSet
}

// runs yields all samples of the section, block by block. What it yields is valid until the next.
func (s *section) runs(yield func(r *run) bool) {
	var r run
	var one [1]float64
	for _, b := range s.blocks {
		r.rows, r.first = b.rows, 0
		for i := range s.columns {
			r.values, r.extra = b.column(s.first+i), s.columns[i]
			if r.values != nil && !yield(&r) {
				return
			}
		}
		r.values = one[:]
		for _, l := range b.looseOf(s.index) {
			r.first, one[0], r.extra = l.Row, l.Value, l.Labels
			if !yield(&r) {
				return
			}
		}
	}
}
