package aemtest

import (
	"net/url"
	"strings"
)

// tableFilter is the query of the methods that list tables.
type tableFilter struct {
	schema, table string
	states        map[string]bool // nil: all
}

// includes are the query's names of the table states.
var includes = map[string]string{
	"includequeued":           TableQueued,
	"includeloading":          TableLoading,
	"includecompleted":        TableCompleted,
	"includechangeprocessing": TableChangeProcessing,
	"includeerror":            TableError,
}

// newTableFilter reads a query. A state that is not wanted (false) has no effect:
// only wanted ones restrict.
func newTableFilter(q url.Values) tableFilter {
	f := tableFilter{schema: q.Get("schema"), table: q.Get("table")}
	for key, state := range includes {
		if strings.EqualFold(q.Get(key), "true") {
			if f.states == nil {
				f.states = make(map[string]bool)
			}
			f.states[state] = true
		}
	}
	return f
}

func (f *tableFilter) matches(t *Table) bool {
	return matchPercent(f.schema, t.Schema) && matchPercent(f.table, t.Name) && (f.states == nil || f.states[t.State])
}

// matchPercent reports whether name is what pattern says, in which % stands for
// any text; the empty pattern is anything.
func matchPercent(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	first, rest, wild := strings.Cut(pattern, "%")
	if !wild {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "%")
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, last)
}
