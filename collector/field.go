package collector

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unsafe"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// at finds a field by its path, and the fact that it depends on by its tags. It returns what points to the
// field of an entity, nil where there is a pointer that is nil on the way. A path that leads nowhere is a
// mistake in the program and panics.
func (t entity[E]) at(path string) (pointer func(e *E) any, when string) {
	typ, offsets := reflect.TypeFor[E](), []uintptr{0}
	for name := range strings.SplitSeq(t.in+path, ".") {
		if typ.Kind() == reflect.Pointer {
			typ, offsets = typ.Elem(), append(offsets, 0)
		}
		f, ok := typ.FieldByName(name)
		if !ok {
			panic(fmt.Sprintf("collector: %v has no field %s", typ, name))
		}
		offsets[len(offsets)-1] += f.Offset
		typ, when = f.Type, cmp.Or(f.Tag.Get("when"), when)
	}
	return func(e *E) any {
		p := unsafe.Add(unsafe.Pointer(e), offsets[0])
		for _, offset := range offsets[1:] {
			if p = *(*unsafe.Pointer)(p); p == nil {
				return nil
			}
			p = unsafe.Add(p, offset)
		}
		return reflect.NewAt(typ, p).Interface()
	}, when
}

// numberAt is the number that a field says, by what points to it.
func numberAt(pointer any) num {
	switch v := pointer.(type) {
	case nil:
		return num{}
	case *num:
		return *v
	case *fleet.Flag:
		return v.Number()
	case *bool:
		return fleet.FlagOf(*v).Number()
	case *int:
		return fleet.Count(*v)
	case *uint64:
		return fleet.Num(float64(*v))
	case *time.Duration:
		return fleet.Num(v.Seconds())
	case *time.Time:
		return fleet.Unix(*v)
	}
	panic(fmt.Sprintf("collector: a %T is no number", pointer))
}

// textAt is the text of a field, and whether there is the field.
func textAt(pointer any) (text string, ok bool) {
	if pointer == nil {
		return "", false
	}
	return *pointer.(*string), true
}
