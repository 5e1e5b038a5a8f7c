package config

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decoder walks a YAML document along the structs and collects what is wrong with
// it, and what is legal and yet a likely slip.
type decoder struct {
	root   *file
	file   string
	dir    string              // relative file names start here
	getenv func(string) string // for ${NAME}; nil: values are taken literally
	// variables names the environment variable of a key path when the document
	// was made from the environment; nil for a file.
	variables map[string]string
	at        map[string]position // of every key and list entry that was met
	used      map[string]bool     // the variables that ${NAME} asked for
	lines     []string            // of the file
	problems  []problem
	warnings  []problem
}

type position struct{ line, column int }

type value struct {
	node *yaml.Node // never an alias
	path string
	// aliased: the text stands elsewhere in the file, perhaps as a credential.
	aliased bool
}

func newValue(n *yaml.Node, path string) value {
	v := value{node: n, path: path}
	for v.node.Kind == yaml.AliasNode {
		v.node, v.aliased = v.node.Alias, true
	}
	return v
}

// quote gives the value for a message, texts in quotes.
func (v value) quote() string {
	if v.aliased {
		return "the value of the alias"
	}
	if tag := v.tag(); tag == "!!int" || tag == "!!float" {
		return strings.Trim(quoteShort(v.node.Value), `"`)
	}
	return quoteShort(v.node.Value)
}

func quoteShort(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// tag is the resolved type of a scalar: !!str, !!int, !!float, !!bool, !!null;
// "" for anything else.
func (v value) tag() string {
	if v.node.Kind != yaml.ScalarNode {
		return ""
	}
	return v.node.ShortTag()
}

func (v value) isNull() bool { return v.tag() == "!!null" }

// is says in words what the value is, without quoting it.
func (v value) is() string {
	words := map[string]string{
		"!!map": "a mapping", "!!seq": "a list", "!!str": "text", "!!int": "a number", "!!float": "a number",
		"!!bool": "true or false", "!!null": "empty", "!!timestamp": "a date",
	}
	return cmp.Or(words[v.node.ShortTag()], "of another type")
}

// fail notes a problem with the key at path.
func (d *decoder) fail(path, format string, args ...any) {
	d.failAt(d.position(path), path, format, args...)
}

func (d *decoder) failAt(at position, path, format string, args ...any) {
	d.problems = append(d.problems, d.problem(at, path, fmt.Sprintf(format, args...)))
}

// warn notes something about the key at path that is legal and yet a likely slip.
func (d *decoder) warn(path, format string, args ...any) {
	d.warnings = append(d.warnings, d.problem(d.position(path), path, fmt.Sprintf(format, args...)))
}

func (d *decoder) problem(at position, path, text string) problem {
	return problem{position: at, where: d.where(at, path), path: path, text: text}
}

func (d *decoder) wrongType(v value, want string) {
	at := d.position(v.path)
	if n := v.node; n.Kind == yaml.ScalarNode && !v.aliased && n.Line > at.line {
		at = position{n.Line, n.Column} // it stands below its key
	}
	d.failAt(at, v.path, "must be %s, is %s", want, v.is())
}

// position is that of the key, or of the nearest mapping around it when the key
// is not there.
func (d *decoder) position(path string) position {
	for {
		if at, ok := d.at[path]; ok || path == "" {
			return at
		}
		path = parent(path)
	}
}

func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// has reports whether the key was given, well or badly.
func (d *decoder) has(path string) bool {
	_, ok := d.at[path]
	return ok
}

// failed reports whether a problem with exactly this key was noted.
func (d *decoder) failed(path string) bool {
	return slices.ContainsFunc(d.problems, func(p problem) bool { return p.path == path })
}

// failedWithin reports whether a problem with the key or with one in it was noted.
func (d *decoder) failedWithin(path string) bool {
	return slices.ContainsFunc(d.problems, func(p problem) bool { return strings.HasPrefix(p.path, path) })
}

// name is what the user calls the key at path.
func (d *decoder) name(path string) string {
	if name, ok := d.variables[path]; ok {
		return name
	}
	return path[strings.LastIndexByte(path, '.')+1:]
}

// where begins a message.
func (d *decoder) where(at position, path string) string {
	if d.variables != nil {
		for outer := path; outer != ""; outer = parent(outer) {
			if name, ok := d.variables[outer]; ok {
				return strings.TrimSuffix(name+": "+strings.TrimPrefix(path[len(outer):], "."), ": ")
			}
		}
		return "environment"
	}
	where := d.file
	if at.line > 0 {
		where += fmt.Sprintf(":%d:%d", at.line, at.column)
	}
	if path != "" {
		where += ": " + path
	}
	return where
}

// line is a line of the file; there is none in the environment.
func (d *decoder) line(n int) string {
	if n < 1 || n > len(d.lines) {
		return ""
	}
	return d.lines[n-1]
}

// value reads a YAML value into a field, as the field's type says.
func (d *decoder) value(v value, into reflect.Value, f field) {
	switch t := into.Type(); {
	case isSwitch(t):
		d.onOrOff(v, into)
	case isMapping(t):
		d.mapping(v, into)
	case t.Kind() == reflect.Map:
		d.freeMapping(v, into)
	case t.Kind() == reflect.Slice:
		d.list(v, into, f)
	default:
		d.scalar(v, into, f)
	}
}

// mapping reads the keys of a mapping in the order of fields, whatever the
// file's, so that a field can build on the ones before it.
func (d *decoder) mapping(v value, into reflect.Value) {
	fields := fieldsOf(into.Type())
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	entries := d.entries(v, names)
	for _, f := range fields {
		if n, ok := entries[f.name]; ok {
			d.value(newValue(n, join(v.path, f.name)), into.FieldByIndex(f.Index), f)
		}
	}
}

// onOrOff reads a mapping that may be true or false as well.
func (d *decoder) onOrOff(v value, into reflect.Value) {
	var on bool
	switch {
	case v.node.Kind == yaml.MappingNode:
		d.setDefaults(into)
		d.mapping(v, into)
	case v.tag() != "!!bool" || v.node.Decode(&on) != nil:
		first := fieldsOf(into.Type())[0]
		d.wrongType(v, fmt.Sprintf("true, false or a mapping such as {%s: %s}", first.name, first.tag("default")))
	case on:
		d.setDefaults(into)
	}
}

// freeMapping is a mapping whose keys are the user's own.
func (d *decoder) freeMapping(v value, into reflect.Value) {
	entries := d.entries(v, nil)
	if entries == nil {
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, name := range sortedKeys(entries) {
		entry := reflect.New(into.Type().Elem()).Elem()
		d.value(newValue(entries[name], join(v.path, name)), entry, field{})
		into.SetMapIndex(reflect.ValueOf(name), entry)
	}
}

// entries are those of a mapping, by key, of which these are known; without any, all are. No
// value at all is an empty mapping: what is left when all of its lines are commented out.
func (d *decoder) entries(v value, known []string) map[string]*yaml.Node {
	if v.isNull() {
		return nil
	}
	if v.node.Kind != yaml.MappingNode {
		d.wrongType(v, "a mapping")
		return nil
	}
	e := mappingEntries{d: d, path: v.path, known: known, values: map[string]*yaml.Node{}}
	e.add(v.node)
	return e.values
}

// list reads a list into a slice; one without entries is nil, like one that is not
// there.
func (d *decoder) list(v value, into reflect.Value, f field) {
	if v.isNull() && isMapping(into.Type().Elem()) {
		return
	}
	if v.node.Kind != yaml.SequenceNode {
		d.wrongType(v, "a list (for example "+f.tag("list")+")")
		return
	}
	into.SetZero()
	for i, n := range v.node.Content {
		e := newValue(n, entryPath(v.path, i))
		d.at[e.path] = position{n.Line, n.Column}
		entry := reflect.New(into.Type().Elem()).Elem()
		if m, ok := entry.Addr().Interface().(*Manager); ok {
			*m = d.newManager()
		} else if isMapping(entry.Type()) {
			d.setDefaults(entry)
		}
		before := len(d.problems)
		d.value(e, entry, f)
		// A regular expression that is none is left out, so that nothing is nil.
		if len(d.problems) == before || isMapping(entry.Type()) {
			into.Set(reflect.Append(into, entry))
		}
	}
}

func entryPath(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// mappingEntries collects the entries of one mapping, with what merge keys bring
// in.
type mappingEntries struct {
	d      *decoder
	path   string
	known  []string // empty: any name will do
	values map[string]*yaml.Node
	// seen guards against mappings that merge themselves; a second visit could
	// add nothing anyway.
	seen []*yaml.Node
}

// add takes the entries of n that are not there yet: a mapping's own keys go
// before those it merges, and the first merged before the second.
func (e *mappingEntries) add(n *yaml.Node) {
	if slices.Contains(e.seen, n) {
		return
	}
	e.seen = append(e.seen, n)
	own := map[string]*yaml.Node{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merged = append(merged, val)
			continue
		}
		e.addOne(own, key, val)
	}
	for _, m := range merged {
		e.merge(m)
	}
}

func (e *mappingEntries) addOne(own map[string]*yaml.Node, key, val *yaml.Node) {
	at := position{key.Line, key.Column}
	name := key.Value
	path := join(e.path, name)
	switch {
	case len(e.known) == 0 && !e.quotable(key, val):
		e.d.failAt(at, e.path, "has a key that is no name")
	case !e.quotable(key, val):
		// Perhaps a credential that slipped here.
		e.d.failAt(at, e.path, "unknown key; known are %s", strings.Join(e.known, ", "))
	case own[name] != nil:
		slip := ""
		if strings.HasSuffix(e.path, "]") {
			slip = `; does a new entry begin here, whose "- " is missing?`
		}
		e.d.failAt(at, path, "is given twice, the first time in line %d%s", own[name].Line, slip)
	case len(e.known) > 0 && !slices.Contains(e.known, name):
		e.d.failAt(at, path, "unknown key; %s", hint(name, e.known))
		own[name] = key
	default:
		own[name] = key
		if _, ok := e.values[name]; !ok {
			e.values[name] = val
			e.d.at[path] = at
		}
	}
}

// quotable reports whether the key is known, or looks so much like a key that it
// cannot be a credential in the wrong place.
func (e *mappingEntries) quotable(key, val *yaml.Node) bool {
	k := newValue(key, e.path)
	if k.tag() != "!!str" || k.aliased || !keyLike.MatchString(k.node.Value) {
		return false
	}
	return len(e.known) == 0 || slices.Contains(e.known, k.node.Value) || !newValue(val, e.path).isNull()
}

// merge takes the entries of a mapping, or of those of a list.
func (e *mappingEntries) merge(n *yaml.Node) {
	path := join(e.path, "<<")
	v := newValue(n, path)
	mappings, is := []*yaml.Node{n}, v.is()
	if v.node.Kind == yaml.SequenceNode {
		mappings, is = v.node.Content, "a list with another entry"
	}
	for _, n := range mappings {
		if m := newValue(n, path); m.node.Kind == yaml.MappingNode {
			e.add(m.node)
		} else {
			e.d.failAt(position{n.Line, n.Column}, path, "must be a mapping or a list of mappings, is %s", is)
		}
	}
}

// keyLike is what an unknown key must look like to be quoted.
var keyLike = regexp.MustCompile(`^[A-Za-z0-9_.<-]{1,40}$`)
