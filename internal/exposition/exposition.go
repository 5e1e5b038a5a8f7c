// Package exposition holds samples as immutable columns and serves them in the
// Prometheus exposition formats: text 0.0.4, OpenMetrics and protobuf, plain or
// compressed with gzip or zstd.
//
// A Table describes, once, the families about one kind of entity. A Block has the samples of
// some entities: their labels, and a []float64 beside them for each column of the table. A
// Snapshot is any number of Blocks in one, which costs no more than their pointers. It is
// rendered straight from the columns through one pooled buffer; its compressed bodies are made
// once, on first demand, and kept as long as the Snapshot lives.
//
//	hosts := exposition.NewTable([]string{"host"}, []exposition.Family{load})   // once
//	rows := exposition.NewRows([]exposition.LabelSet{hosts.Row(none, "db1")})   // while they live
//	snapshot := exposition.NewSnapshot([]*exposition.Block{hosts.Block(rows, []float64{0.7}, nil)})
//
// What a prometheus.Registry checks at every scrape, a Table checks once. NewHandler serves the
// latest Snapshot over HTTP behind a small, freshly gathered registry, as promhttp would.
package exposition

import (
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// Type is the type of a family.
type Type uint8

// The types of families.
const (
	Gauge Type = iota
	Counter
)

// String returns the name of the type as the text formats write it.
func (t Type) String() string {
	if t == Counter {
		return "counter"
	}
	return "gauge"
}

// Family describes samples of one name.
type Family struct {
	Name   string // legal in every format and escaping: [a-zA-Z_:][a-zA-Z0-9_:]*; a counter's ends in _total
	Help   string
	Type   Type
	Labels []string // beside those of the rows
	// Columns are the values of Labels of the samples that every row can have. Samples of
	// other values are Loose.
	Columns [][]string
}

const totalSuffix = "_total"

// baseName is the name by which OpenMetrics describes the family.
func (f *Family) baseName() string {
	if f.Type == Counter {
		return strings.TrimSuffix(f.Name, totalSuffix)
	}
	return f.Name
}

// check panics if the family is described wrongly: that is a mistake in a program,
// never one of its data.
func (f *Family) check() {
	switch {
	case !model.LegacyValidation.IsValidMetricName(f.Name):
		panic("exposition: illegal family name " + f.Name)
	case f.Type != Gauge && f.Type != Counter:
		panic("exposition: family " + f.Name + " is of an unknown type")
	case f.Type == Counter && len(f.baseName()) == len(f.Name):
		panic("exposition: the name of counter " + f.Name + " does not end in " + totalSuffix)
	case f.Type == Counter && f.baseName() == "":
		panic("exposition: counter " + f.Name + " has no name before its suffix")
	case !utf8.ValidString(f.Help):
		panic("exposition: the help of " + f.Name + " is not valid UTF-8")
	}
}
