package answer

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// A mapping copies into a To of fleet what its fields' tags say that they come from in a From of aem:
//
//	AppliedBytes Number   `from:"Transactions.CommittedMB,MiB"`     // a field, and its unit
//	TotalLatency Number   `from:"Latency.Total" when:"processing"` // a fact, without which it means nothing
//	FullLoad     FullLoad `from:"FullLoad"`                         // whose own tags start from there
//
// What aem's tags say is of one product alone is copied for that product alone. What is absent leaves the
// To as it is.
type mapping[To, From any] []assignment

// assignment copies one field.
type assignment struct {
	to, from uintptr // the fields' offsets
	copy     func(to, from unsafe.Pointer)
	when     []string
}

// units are what the API counts in, as what to multiply and to divide by to get to base units: dividing by
// 100 is exact where multiplying by 0.01 is not.
var units = map[string]struct{ times, over float64 }{
	"": {1, 1}, "KiB": {1 << 10, 1}, "MiB": {1 << 20, 1}, "percent": {1, 100}, "days": {86_400, 1},
}

// newMapping reads the tags. It panics where they are wrong.
func newMapping[To, From any]() mapping[To, From] {
	return assignments(reflect.TypeFor[To](), reflect.TypeFor[From](), assignment{})
}

// assignments are those of the fields of a struct, which is a part of the To, as start says.
func assignments(to, from reflect.Type, start assignment) (all []assignment) {
	for field := range to.Fields() {
		tag, tagged := field.Tag.Lookup("from")
		if !tagged {
			continue
		}
		path, unit, _ := strings.Cut(tag, ",")
		a := assignment{to: start.to + field.Offset, from: start.from, when: slices.Clone(start.when)}
		if fact := field.Tag.Get("when"); fact != "" {
			a.when = append(a.when, fact)
		}
		source := from
		for name := range strings.SplitSeq(path, ".") {
			f, ok := source.FieldByName(name)
			if !ok {
				panic(fmt.Sprintf("%v.%s comes from %s, which %v has not", to, field.Name, path, from))
			}
			for _, product := range []string{fleet.Replicate, fleet.Compose} {
				if slices.Contains(strings.Split(f.Tag.Get("api"), ","), product) {
					a.when = append(a.when, product)
				}
			}
			a.from, source = a.from+f.Offset, f.Type
		}
		kind, convert := conversion(source, unit)
		switch {
		case convert != nil && field.Type == kind:
			a.copy = convert
			all = append(all, a)
		case convert == nil && field.Type.Kind() == reflect.Struct && unit == "":
			all = append(all, assignments(field.Type, source, a)...)
		default:
			panic(fmt.Sprintf("%v.%s cannot be made of %s, which is %v", to, field.Name, tag, source))
		}
	}
	return all
}

// conversion makes a value of fleet out of one of a type of aem, nil when it has none.
func conversion(from reflect.Type, unit string) (reflect.Type, func(to, from unsafe.Pointer)) {
	u, known := units[unit]
	if !known || unit != "" && from != reflect.TypeFor[aem.Number]() {
		return nil, nil
	}
	switch reflect.Zero(from).Interface().(type) {
	case aem.Number:
		return converting(func(n aem.Number) fleet.Number { return fleet.Num(n.Float() * u.times / u.over) })
	case aem.Duration:
		return converting(span)
	case time.Time:
		return converting(fleet.Unix)
	case aem.Bool:
		return converting(flag)
	default:
		if from.Kind() == reflect.String {
			return converting(func(text string) string { return text })
		}
	}
	return nil, nil
}

func converting[To comparable, From any](convert func(From) To) (reflect.Type, func(to, from unsafe.Pointer)) {
	return reflect.TypeFor[To](), func(to, from unsafe.Pointer) {
		if v := convert(*(*From)(from)); v != *new(To) {
			*(*To)(to) = v
		}
	}
}

// span is a length of time; a negative one is none.
func span(d aem.Duration) fleet.Number {
	if d.Seconds() < 0 {
		return fleet.Number{}
	}
	return fleet.Num(d.Seconds())
}

func flag(b aem.Bool) fleet.Flag {
	value, ok := b.Get()
	if !ok {
		return fleet.Unknown
	}
	return fleet.FlagOf(value)
}

// copy copies what has a meaning under the facts.
func (m mapping[To, From]) copy(to *To, from *From, facts ...string) {
	for i := range m {
		a := &m[i]
		if !slices.ContainsFunc(a.when, func(fact string) bool { return !slices.Contains(facts, fact) }) {
			a.copy(unsafe.Add(unsafe.Pointer(to), a.to), unsafe.Add(unsafe.Pointer(from), a.from))
		}
	}
}

// of is a To that is made of nothing else.
func (m mapping[To, From]) of(from *From, facts ...string) *To {
	to := new(To)
	m.copy(to, from, facts...)
	return to
}
