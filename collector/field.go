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

// at reads a field, which a path leads to, out of what points to it, and tells the fact that it depends on by
// its tags. A path that leads nowhere, or to what cannot be read so, is a mistake in the program and panics.
func at[E, V any](t entity[E], path string, read func(pointer any) V) (of func(e *E) V, when string) {
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
	read(reflect.New(typ).Interface())
	return func(e *E) V {
		p := unsafe.Add(unsafe.Pointer(e), offsets[0])
		for _, offset := range offsets[1:] {
			if p = *(*unsafe.Pointer)(p); p == nil {
				return read(nil)
			}
			p = unsafe.Add(p, offset)
		}
		return read(reflect.NewAt(typ, p).Interface())
	}, when
}

// number is what a field says; nothing where there is no field.
func number(pointer any) num {
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

// text is what a field says; nil where there is no field.
func text(pointer any) *string {
	if pointer == nil {
		return nil
	}
	return pointer.(*string)
}

// word is a text that may be empty.
func word(pointer any) string {
	if t := text(pointer); t != nil {
		return *t
	}
	return ""
}
