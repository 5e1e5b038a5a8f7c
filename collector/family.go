package collector

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

type num = fleet.Number

// family is one row of a table: a metric family about entities of type E, and how its samples are
// read of one entity.
type family[E any] struct {
	name, help string
	kind       exposition.Type
	source     string // where it comes from, in words; "" when its fields say which of the API's they are
	samples[E]
}

func gauge[E any](name string, s samples[E], help string, source ...string) family[E] {
	return family[E]{name, s.whole(help), exposition.Gauge, strings.Join(source, " "), s}
}

func counter[E any](name string, s samples[E], help string, source ...string) family[E] {
	return family[E]{name, s.whole(help), exposition.Counter, strings.Join(source, " "), s}
}

// whole is a help text that says when samples are absent; most are for one of a few reasons.
func (s *samples[E]) whole(help string) string {
	if strings.Contains(help, "bsent") {
		return help
	}
	return help + map[string]string{
		"":           " Absent when the API does not give it.",
		"active":     " Absent unless the task is running or recovering.",
		"processing": " Absent unless the task is running or recovering with apply or store changes on.",
	}[s.when]
}

// samples are those that a family has of one entity.
type samples[E any] struct {
	only    func(e *E) bool  // the entities that have any; nil is all
	labels  []string         // beside those that name the entity
	columns [][]string       // the samples that every entity has: the values of the labels,
	read    []func(e *E) num // and how each is read
	loose   loose[E]         // samples whose labels are the entity's own
	known   []string         // values of the one label
	bounded bool             // of other values of it there are only so many, see bounds
	sum     bool             // loose samples of equal labels are added up; else the first stays
	fields  []string         // paths of what they are read from
	when    string           // the fact that the fields depend on, by their tags
}

// loose adds the samples of one entity. Of a number that is absent there is none.
type loose[E any] func(e *E, add func(value num, labels ...string))

// entity makes samples of entities of type E. A field is named by its path, such as Details.CPU; of one
// behind a pointer that is nil there are no samples.
type entity[E any] struct {
	only func(e *E) bool // those that have samples; nil is all
	in   string          // the path of what all fields are in, with a dot at its end
}

// field is a single sample: of a Number, a Flag, a count, a truth or an instant.
func (t entity[E]) field(path string) samples[E] { return t.by("", "="+path) }

// by is one sample for each value of the labels: "value=path other=path".
func (t entity[E]) by(labels, columns string) samples[E] {
	s := samples[E]{only: t.only, labels: split(labels)}
	for column := range strings.FieldsSeq(columns) {
		values, path, _ := strings.Cut(column, "=")
		at, when := t.at(path)
		s.fields, s.when = append(s.fields, t.in+path), when
		s.add(values, func(e *E) num { return numberAt(at(e)) })
	}
	return s
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func (s *samples[E]) add(values string, read func(e *E) num) {
	s.columns, s.read = append(s.columns, split(values)), append(s.read, read)
}

// unlessZero is the same without the samples that would be 0.
func (s samples[E]) unlessZero() samples[E] {
	for i, read := range s.read {
		s.read[i] = func(e *E) num {
			if n := read(e); n != fleet.Num(0) {
				return n
			}
			return num{}
		}
	}
	return s
}

// loose is samples whose labels are the entity's own.
func (t entity[E]) loose(labels string, of loose[E]) samples[E] {
	return samples[E]{only: t.only, labels: split(labels), loose: of}
}

// describe is one sample of 1 for an entity, with labels that describe it: "label=path other=path".
func (t entity[E]) describe(labels string) samples[E] {
	s := samples[E]{only: t.only}
	var texts []func(e *E) any
	for label := range strings.FieldsSeq(labels) {
		name, path, _ := strings.Cut(label, "=")
		at, _ := t.at(path)
		s.labels, s.fields, texts = append(s.labels, name), append(s.fields, t.in+path), append(texts, at)
	}
	s.loose = func(e *E, add func(num, ...string)) {
		values := make([]string, len(texts))
		for i, at := range texts {
			var ok bool
			if values[i], ok = textAt(at(e)); !ok {
				return
			}
		}
		add(fleet.Num(1), values...)
	}
	return s
}

// current is one sample of 1 for what a text says that the entity is now, nothing for what it is not. Where
// there is no text it is the one by default, if that is not empty.
func (t entity[E]) current(label, path, byDefault string, known ...string) samples[E] {
	at, _ := t.at(path)
	return samples[E]{only: t.only, labels: []string{label}, known: known, bounded: true, fields: []string{t.in + path},
		loose: func(e *E, add func(num, ...string)) {
			now, _ := textAt(at(e))
			if now = cmp.Or(now, byDefault); now != "" {
				add(fleet.Num(1), now)
			}
		}}
}

// stateSet is a sample for each of the known states, 1 for the current one and 0 for the others. A
// current state that is not known yet has one of its own. An entity without a state has no samples.
func (t entity[E]) stateSet(path string, states ...string) samples[E] {
	at, _ := t.at(path)
	s := t.current("state", path, "", states...)
	for _, state := range states {
		s.add(state, func(e *E) num {
			now, _ := textAt(at(e))
			if now == "" {
				return num{}
			}
			return fleet.FlagOf(now == state).Number()
		})
	}
	unknown := s.loose
	s.loose = func(e *E, add func(num, ...string)) {
		if now, _ := textAt(at(e)); !slices.Contains(states, now) {
			unknown(e, add)
		}
	}
	return s
}
