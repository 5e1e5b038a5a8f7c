package collector

import (
	"math"
	"slices"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

// The API methods that samples come from.
const (
	serverList    = "GetServerList"
	serverDetails = "GetServerDetails"
	taskList      = "GetTaskList"
	taskDetails   = "GetTaskDetails"
	tableStatuses = "GetTableStatuses"
	endpointList  = "GetEndpointList"
	endpointTest  = "TestEndpoint"
	barrier       = "GetChangeDataRetentionBarrier"
	// One for each scope.
	aclMethods = "GetServerAcl, GetTasksCollectionAcl, GetTaskAcl, GetEndpointsCollectionAcl and GetEndpointAcl"
)

// family is one row of a table: a metric family about entities of type E, where
// it comes from, and how its samples are read of one entity.
type family[E any] struct {
	exposition.Family
	source
	samples[E]
}

func gauge(name, help string) exposition.Family {
	return exposition.Family{Name: name, Help: help, Type: exposition.Gauge}
}

func counter(name, help string) exposition.Family {
	return exposition.Family{Name: name, Help: help, Type: exposition.Counter}
}

// source is an API method and the field of its answer; without a method it is
// said in words.
type source struct{ method, field string }

// samples are those that a family has of one entity.
type samples[E any] struct {
	labels  []string    // beside those that name the entity
	columns []column[E] // the same samples for every entity
	loose   loose[E]    // samples whose only label is a text of the entity
	info    *info[E]    // one sample of 1 whose labels describe the entity
}

// column is one sample of every entity: the values of the family's labels, and
// the number, which is absent when it is NaN.
type column[E any] struct {
	values []string
	read   func(e *E) float64
}

// loose adds the samples of one entity, each with its label's value.
type loose[E any] func(e *E, add func(value string, sample float64))

// info reads the values of a family's labels. An entity that is not known has no
// sample.
type info[E any] struct {
	values []func(e *E) string
	known  func(e *E) bool
}

// one is a single sample.
func one[E any](read func(e *E) float64) samples[E] {
	return samples[E]{columns: []column[E]{{read: read}}}
}

// by is one sample for each of the columns, which fix the values of labels.
func by[E any](labels []string, columns ...column[E]) samples[E] {
	return samples[E]{labels: labels, columns: columns}
}

// at is the column of a label's value.
func at[E any](value string, read func(e *E) float64) column[E] {
	return column[E]{values: []string{value}, read: read}
}

// stateSet is a sample for each of the known states, 1 for the current one and 0
// for the others. A current state that is not known yet has one of its own. An
// entity without a state has no samples.
func stateSet[E any](states []string, current func(e *E) string) samples[E] {
	s := samples[E]{labels: []string{"state"}}
	for _, state := range states {
		s.columns = append(s.columns, at(state, func(e *E) float64 { return isState(current(e), state) }))
	}
	s.loose = func(e *E, add func(string, float64)) {
		if state := current(e); state != "" && !slices.Contains(states, state) {
			add(state, 1)
		}
	}
	return s
}

// isState is 1 if current is the state, 0 if it is another, and absent if it is
// none.
func isState(current, state string) float64 {
	switch current {
	case state:
		return 1
	case "":
		return math.NaN()
	}
	return 0
}

// current is one sample of 1 for what the entity is now, nothing for what it is
// not.
func current[E any](label string, read func(e *E) string) samples[E] {
	return samples[E]{labels: []string{label}, loose: func(e *E, add func(string, float64)) {
		if now := read(e); now != "" {
			add(now, 1)
		}
	}}
}

// description is a label of an info family.
type description[E any] struct {
	label string
	read  func(e *E) string
}

// describe is one sample of 1 for an entity that is known, with labels that
// describe it.
func describe[E any](known func(e *E) bool, descriptions ...description[E]) samples[E] {
	s := samples[E]{info: &info[E]{known: known}}
	for _, d := range descriptions {
		s.labels = append(s.labels, d.label)
		s.info.values = append(s.info.values, d.read)
	}
	return s
}
