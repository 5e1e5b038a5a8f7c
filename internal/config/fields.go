package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is a key: one field of one of the structs, with its tags.
type field struct {
	reflect.StructField        // Index starts at the struct that fieldsOf was asked for
	name                string // of the key
}

func (f field) tag(name string) string { return f.Tag.Get(name) }

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
	_, ok := t.FieldByName("Switch")
	return ok
}

// isMapping tells the structs that are mappings of keys from the values that are one text.
func isMapping(t reflect.Type) bool { return len(fieldsOf(t)) > 0 }

// setDefaults fills a struct with what its tags say; what is off stays zero.
func (d *decoder) setDefaults(into reflect.Value) {
	for _, f := range fieldsOf(into.Type()) {
		at := into.FieldByIndex(f.Index)
		if isMapping(f.Type) && !isSwitch(f.Type) {
			d.setDefaults(at)
		} else if text := f.tag("default"); text != "" {
			var n yaml.Node
			// A default that is wrong shows in every test.
			_ = yaml.Unmarshal([]byte(text), &n)
			d.value(newValue(n.Content[0], f.name), at, f)
		}
	}
}

// key is a field and where it stands: enterprise_managers[].auth.type in the file; of a
// manager's, auth.type and QEM_AUTH_TYPE.
type key struct {
	field
	path     string
	variable string
	owner    reflect.Type // the struct that it was found in
	index    []int        // from the struct at the root, where no list or map lies between
}

// keysOf lists every key below a struct, in the order in which the file is best
// written.
func keysOf(t reflect.Type) []key { return keysBelow(t, "", variablePrefix, nil) }

const variablePrefix = "QEM_"

// keysBelow lists the keys of a mapping. The name of a variable is the key's path in
// capitals, without the mappings whose tag says so.
func keysBelow(t reflect.Type, path, prefix string, index []int) []key {
	var keys []key
	for _, f := range fieldsOf(t) {
		k := key{f, path + f.name, prefix + strings.ToUpper(f.name), t, slices.Concat(index, f.Index)}
		inner := k.variable + "_"
		switch name := f.tag("env"); name {
		case "":
		case "-":
			inner = prefix
		default:
			k.variable = variablePrefix + name
		}
		keys = append(keys, k)
		switch t := f.Type; {
		case isMapping(t):
			keys = append(keys, keysBelow(t, k.path+".", inner, k.index)...)
		case t.Kind() == reflect.Map:
			keys = append(keys, keysBelow(t.Elem(), k.path+".*.", inner, nil)...)
		case t.Kind() == reflect.Slice && isMapping(t.Elem()):
			keys = append(keys, keysBelow(t.Elem(), k.path+"[].", inner, nil)...)
		}
	}
	return keys
}

func fileType() reflect.Type { return reflect.TypeFor[file]() }
