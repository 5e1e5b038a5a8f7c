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
	exposition.Family
	source  string           // where it comes from, in words; "" when its fields say which of the API's they are
	fields  []string         // paths of what it is read from
	when    string           // the fact that the fields depend on, by their tags
	only    func(e *E) bool  // the entities that have samples; nil is all
	read    []func(e *E) num // the sample of each column
	loose   loose[E]         // samples whose labels are the entity's own
	known   []string         // values of the one label
	bounded bool             // of other values of it there are only so many, see bounds
	sum     bool             // loose samples of equal labels are added up; else the first stays
}

func gauge[E any](name string, f family[E], help string, source ...string) family[E] {
	f.Name, f.Help, f.Type, f.source = name, f.whole(help), exposition.Gauge, strings.Join(source, " ")
	return f
}

func counter[E any](name string, f family[E], help string, source ...string) family[E] {
	f = gauge(name, f, help, source...)
	f.Type = exposition.Counter
	return f
}

// whole is a help text that says when samples are absent; most are for one of a few reasons.
func (f *family[E]) whole(help string) string {
	if strings.Contains(help, "bsent") {
		return help
	}
	return help + map[string]string{
		"":           " Absent when the API does not give it.",
		"active":     " Absent unless the task is running or recovering.",
		"processing": " Absent unless the task is running or recovering with apply or store changes on.",
	}[f.when]
}

// loose adds the samples of one entity. Of a number that is absent there is none.
type loose[E any] func(e *E, add func(value num, labels ...string))

// entity makes families of entities of type E. A field is named by its path, such as Details.CPU; of one
// behind a pointer that is nil there are no samples.
type entity[E any] struct {
	only func(e *E) bool // those that have samples; nil is all
	in   string          // the path of what all fields are in, with a dot at its end
}

// field is a single sample: of a Number, a Flag, a count, a truth or an instant.
func (t entity[E]) field(path string) family[E] { return t.by("", "="+path) }

// by is one sample for each value of the labels: "value=path other=path".
func (t entity[E]) by(labels, columns string) family[E] {
	f := t.loose(labels, nil)
	for column := range strings.FieldsSeq(columns) {
		values, path, _ := strings.Cut(column, "=")
		read, when := at(t, path, number)
		f.fields, f.when = append(f.fields, t.in+path), when
		f.add(values, read)
	}
	return f
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func (f *family[E]) add(values string, read func(e *E) num) {
	f.Columns, f.read = append(f.Columns, split(values)), append(f.read, read)
}

// unlessZero is the same without the samples that would be 0.
func (f family[E]) unlessZero() family[E] {
	for i, read := range f.read {
		f.read[i] = func(e *E) num {
			if n := read(e); n != fleet.Num(0) {
				return n
			}
			return num{}
		}
	}
	return f
}

// loose is samples whose labels are the entity's own.
func (t entity[E]) loose(labels string, of loose[E]) family[E] {
	return family[E]{Family: exposition.Family{Labels: split(labels)}, only: t.only, loose: of}
}

// describe is one sample of 1 for an entity, with labels that describe it: "label=path other=path".
func (t entity[E]) describe(labels string) family[E] {
	f := t.loose("", nil)
	var texts []func(e *E) *string
	for label := range strings.FieldsSeq(labels) {
		name, path, _ := strings.Cut(label, "=")
		read, _ := at(t, path, text)
		f.Labels, f.fields, texts = append(f.Labels, name), append(f.fields, t.in+path), append(texts, read)
	}
	f.loose = func(e *E, add func(num, ...string)) {
		var values []string
		for _, read := range texts {
			value := read(e)
			if value == nil {
				return
			}
			values = append(values, *value)
		}
		add(fleet.Num(1), values...)
	}
	return f
}

// current is one sample of 1 for what a text says that the entity is now, nothing for what it is not. Where
// there is no text it is the one by default, if that is not empty.
func (t entity[E]) current(label, path, byDefault string, known ...string) family[E] {
	read, _ := at(t, path, word)
	f := t.loose(label, func(e *E, add func(num, ...string)) {
		if now := cmp.Or(read(e), byDefault); now != "" {
			add(fleet.Num(1), now)
		}
	})
	f.fields, f.known, f.bounded = []string{t.in + path}, known, true
	return f
}

// stateSet is a sample for each of the known states, 1 for the current one and 0 for the others. A
// current state that is not known yet has one of its own. An entity without a state has no samples.
func (t entity[E]) stateSet(path string, states ...string) family[E] {
	read, _ := at(t, path, word)
	f := t.current("state", path, "", states...)
	for _, state := range states {
		f.add(state, func(e *E) num {
			if now := read(e); now != "" {
				return fleet.FlagOf(now == state).Number()
			}
			return num{}
		})
	}
	unknown := f.loose
	f.loose = func(e *E, add func(num, ...string)) {
		if !slices.Contains(states, read(e)) {
			unknown(e, add)
		}
	}
	return f
}
