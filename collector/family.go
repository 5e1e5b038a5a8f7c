package collector

import (
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

type num = fleet.Number

// family is one row of a table: a metric family about entities of type E, where it comes from, and
// how its samples are read of one entity.
type family[E any] struct {
	name, source, help string
	kind               exposition.Type
	samples[E]
}

func gauge[E any](name, source, help string, s samples[E]) family[E] {
	return family[E]{name, source, whole(help), exposition.Gauge, s}
}

func counter[E any](name, source, help string, s samples[E]) family[E] {
	return family[E]{name, source, whole(help), exposition.Counter, s}
}

// whole is a help text that says when samples are absent; most are for one and the same reason.
func whole(help string) string {
	if strings.Contains(help, "bsent") {
		return help
	}
	return help + " Absent when the API does not give it."
}

// samples are those that a family has of one entity.
type samples[E any] struct {
	labels  []string    // beside those that name the entity
	columns []column[E] // the same samples for every entity
	loose   loose[E]    // samples whose labels are the entity's own
	known   []string    // values of the one label
	bounded bool        // of other values of it there are only so many, see bounds
	sum     bool        // loose samples of equal labels are added up; else the first stays
}

// column is one sample of every entity: the values of the family's labels, and the number.
type column[E any] struct {
	values []string
	read   func(e *E) num
}

// loose adds the samples of one entity. Of a number that is absent there is none.
type loose[E any] func(e *E, add func(value num, labels ...string))

// one is a single sample.
func one[E any](read func(e *E) num) samples[E] {
	return samples[E]{columns: []column[E]{{read: read}}}
}

// by is one sample for each of the columns, which fix the values of labels.
func by[E any](labels string, columns ...column[E]) samples[E] {
	return samples[E]{labels: strings.Split(labels, ","), columns: columns}
}

// at is the column of labels' values.
func at[E any](values string, read func(e *E) num) column[E] {
	return column[E]{strings.Split(values, ","), read}
}

// stateSet is a sample for each of the known states, 1 for the current one and 0 for the others. A
// current state that is not known yet has one of its own. An entity without a state has no samples.
func stateSet[E any](read func(e *E) string, states ...string) samples[E] {
	s := samples[E]{labels: []string{"state"}, known: states, bounded: true}
	for _, state := range states {
		s.columns = append(s.columns, at(state, func(e *E) num {
			now := read(e)
			if now == "" {
				return num{}
			}
			return fleet.FlagOf(now == state).Number()
		}))
	}
	s.loose = func(e *E, add func(num, ...string)) {
		if state := read(e); state != "" && !slices.Contains(states, state) {
			add(fleet.Num(1), state)
		}
	}
	return s
}

// current is one sample of 1 for what the entity is now, nothing for what it is not.
func current[E any](label string, read func(e *E) string, known ...string) samples[E] {
	loose := func(e *E, add func(num, ...string)) {
		if now := read(e); now != "" {
			add(fleet.Num(1), now)
		}
	}
	return samples[E]{labels: []string{label}, known: known, bounded: true, loose: loose}
}

// describe is one sample of 1 for an entity, with labels that describe it.
func describe[E any](labels string, read func(e *E) []string) samples[E] {
	return samples[E]{labels: strings.Split(labels, ","), loose: func(e *E, add func(num, ...string)) {
		add(fleet.Num(1), read(e)...)
	}}
}

// of makes families of a part of an entity those of the entity; without the part there are no samples.
func of[E, P any](part func(e *E) *P, families ...family[P]) []family[E] {
	var whole []family[E]
	for _, f := range families {
		s := samples[E]{labels: f.labels, known: f.known, bounded: f.bounded, sum: f.sum}
		for _, c := range f.columns {
			s.columns = append(s.columns, column[E]{c.values, func(e *E) num {
				if p := part(e); p != nil {
					return c.read(p)
				}
				return num{}
			}})
		}
		if f.loose != nil {
			s.loose = func(e *E, add func(num, ...string)) {
				if p := part(e); p != nil {
					f.loose(p, add)
				}
			}
		}
		whole = append(whole, family[E]{f.name, f.source, f.help, f.kind, s})
	}
	return whole
}
