package config

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// Key describes one key of the configuration file.
type Key struct {
	Path    string // enterprise_managers[].auth.type
	Type    string // in words
	Default string // as it would stand in the file, or in words; "" when there is none
	Doc     string // one line
}

// Schema lists every key of the configuration file, in the order in which the
// file is best written.
func Schema() []Key {
	r := newRoot()
	return appendKeys(nil, "", r.fields())
}

func appendKeys(keys []Key, prefix string, fields []field) []Key {
	for _, f := range fields {
		key := Key{Path: prefix + f.name, Type: f.kind, Default: f.byDefault, Doc: f.doc}
		if key.Default == "" {
			key.Default = inline(f.encode())
		}
		keys = append(keys, key)
		inside := key.Path + "."
		if f.list {
			inside = key.Path + "[]."
		}
		keys = appendKeys(keys, inside, f.inner)
	}
	return keys
}

// inline writes a scalar or a list of scalars on one line; a mapping has keys of
// its own and gives "".
func inline(n *yaml.Node) string {
	switch {
	case n == nil || n.Kind == yaml.MappingNode:
		return ""
	case n.Kind == yaml.SequenceNode:
		var entries []string
		for _, entry := range n.Content {
			entries = append(entries, `"`+entry.Value+`"`)
		}
		return "[" + strings.Join(entries, ", ") + "]"
	}
	return n.Value
}

// field is one key of a mapping: its name, what it means, and how its value is
// read and shown. The tables of fields are the one truth about the file's form:
// reading, /config and the reference come from them.
type field struct {
	name string
	codec
	doc       string
	byDefault string // in words, where the value that encode gives does not say it
}

// codec reads a YAML value into a variable and shows that variable as YAML.
type codec struct {
	kind   string                    // the type, in words
	decode func(d *decoder, v value) // tells d what is wrong
	encode func() *yaml.Node         // secrets hidden; nil: not set, nothing to show
	inner  []field                   // the keys of a mapping, or of a list's entries
	list   bool
}

// mapping is a codec for a mapping with these keys. No value at all is an empty
// mapping: what is left when all of its lines are commented out.
func mapping(fields []field) codec {
	return codec{
		kind:   "mapping",
		inner:  fields,
		decode: func(d *decoder, v value) { d.mapping(v, fields) },
		encode: func() *yaml.Node { return encodeMapping(fields) },
	}
}

func encodeMapping(fields []field) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fields {
		if shown := f.encode(); shown != nil {
			n.Content = append(n.Content, scalar("!!str", f.name), shown)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func scalar(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

func texts(entries []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, entry := range entries {
		n.Content = append(n.Content, scalar("!!str", entry))
	}
	return n
}
