package config

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is a key: one field of one of the structs, with its tags.
type field struct {
	reflect.StructField        // Index starts at the struct that fieldsOf was asked for
	name                string // of the key
}

func (f field) tag(name string) string { return f.Tag.Get(name) }

// words are what a text with a fixed choice may be.
func (f field) words() []string { return strings.Fields(f.tag("one")) }

// fieldsOf lists the keys of a struct, those of embedded structs among them.
func fieldsOf(t reflect.Type) []field {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var fields []field
	for f := range t.Fields() {
		name := f.Tag.Get("key")
		switch {
		case name != "":
			fields = append(fields, field{f, name})
		case f.Anonymous:
			for _, inner := range fieldsOf(f.Type) {
				inner.Index = append([]int{f.Index[0]}, inner.Index...)
				fields = append(fields, inner)
			}
		}
	}
	return fields
}

// isSwitch tells the mappings that may be true or false as well.
func isSwitch(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	_, ok := t.FieldByName("Enabled")
	return ok
}

// isMapping tells the structs that are mappings of keys from the values that are one text.
func isMapping(t reflect.Type) bool { return len(fieldsOf(t)) > 0 }

// setDefaults fills a struct with what its tags say.
func (d *decoder) setDefaults(into reflect.Value) {
	for _, f := range fieldsOf(into.Type()) {
		at := into.FieldByIndex(f.Index)
		if isMapping(f.Type) {
			d.setDefaults(at)
		} else if text := f.tag("default"); text != "" {
			var n yaml.Node
			// A default that is wrong shows in every test.
			_ = yaml.Unmarshal([]byte(text), &n)
			d.value(newValue(n.Content[0], f.name), at, f)
		}
	}
}

// key is a field and where it stands in the file: enterprise_managers[].auth.type.
type key struct {
	field
	path  string
	owner reflect.Type // the struct that it was found in
}

// keysOf lists every key below a struct, in the order in which the file is best
// written.
func keysOf(t reflect.Type, prefix string) []key {
	var keys []key
	for _, f := range fieldsOf(t) {
		path := prefix + f.name
		keys = append(keys, key{f, path, t})
		switch inner := f.Type; {
		case isMapping(inner):
			keys = append(keys, keysOf(inner, path+".")...)
		case inner.Kind() == reflect.Map:
			keys = append(keys, keysOf(inner.Elem(), path+".*.")...)
		case inner.Kind() == reflect.Slice && isMapping(inner.Elem()):
			keys = append(keys, keysOf(inner.Elem(), path+"[].")...)
		}
	}
	return keys
}

func fileType() reflect.Type { return reflect.TypeFor[file]() }
