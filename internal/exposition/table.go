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
	columns             []tableColumn
	text, metrics       string // its head in the two text formats
	open, bare          string // what is before a row's labels, and the name where there are none
	protoHead, protoTag []byte
}

// tableColumn is what stands around the row's labels in each sample of a column.
type tableColumn struct {
	bare, end string // without labels of the row, and behind them
	proto     []byte
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
			extra := f.names.set(LabelSet{}, values)
			f.columns = append(f.columns, f.column(extra))
		}
		t.columns += len(f.columns)
		t.families = append(t.families, f)
	}
	return t
}

// column is the texts around a row's labels for the further ones.
func (f *tableFamily) column(extra LabelSet) tableColumn {
	if extra.text == "" {
		return tableColumn{bare: f.bare, end: "} "}
	}
	return tableColumn{
		bare: f.open + extra.text + "} ", end: "," + extra.text + "} ",
		proto: extra.appendProtobuf(nil),
	}
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

// each calls column for every column of the family that has samples, and loose for every loose
// sample, block by block, until one of them says that it is enough.
func (s *section) each(column func(r *Rows, c *tableColumn, values []float64) bool, loose func(r *Rows,
	l *Loose) bool) {
	for _, b := range s.blocks {
		for i := range s.columns {
			if values := b.column(s.first + i); values != nil && !column(b.rows, &s.columns[i], values) {
				return
			}
		}
		for i, few := 0, b.looseOf(s.index); i < len(few); i++ {
			if !loose(b.rows, &few[i]) {
				return
			}
		}
	}
}

// has tells whether the section has any sample.
func (s *section) has() bool {
	found := false
	s.each(func(*Rows, *tableColumn, []float64) bool { found = true; return false },
		func(*Rows, *Loose) bool { found = true; return false })
	return found
}
