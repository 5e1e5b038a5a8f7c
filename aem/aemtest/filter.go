package aemtest

import (
	"net/url"
	"slices"
	"strings"
)

// tableFilter is the query of the methods that list tables. A state that is not wanted
// (false) has no effect: only wanted ones restrict.
func tableFilter(q url.Values) func(*Table) bool {
	schema, table := q.Get("schema"), q.Get("table")
	var states []string
	for key, state := range map[string]string{
		"includequeued":           TableQueued,
		"includeloading":          TableLoading,
		"includecompleted":        TableCompleted,
		"includechangeprocessing": TableChangeProcessing,
		"includeerror":            TableError,
	} {
		if strings.EqualFold(q.Get(key), "true") {
			states = append(states, state)
		}
	}
	return func(t *Table) bool {
		return matchPercent(schema, t.Schema) && matchPercent(table, t.Name) &&
			(states == nil || slices.Contains(states, t.State))
	}
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
