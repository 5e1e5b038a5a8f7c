package wire

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

// A Table says how the members of an object of the API become the fields of T. It is
// read from the fields' tags:
//
//	Host   string `api:"configuration.host"`        // a member of a member
//	Start  time.Time `api:"full_load_start|guide:full_load_counters.full_load_start"`
//	Load   FullLoad `api:",inline"`                  // its members stand beside the others
//
// The first name is what servers send, and counts for more than the others: what they
// have is taken when it gave nothing. Names behind guide: and legacy: are what those
// styles write. Case, underscores, blanks and the API's misspellings do not matter.
//
// Options: inline; signed (a number that may be negative); current (numbers that stand
// in objects as current), oldcurrent (in the legacy style); date; bare (never quoted);
// message and none (a text for which NONE means none, and is written so by the guide);
// profile; names (a list of objects with a name); required; omitempty; null (for an
// empty one, null is written); zulu (a time that ends in Z); own (written by Own only); replicate and compose (written
// of tasks of that product only).
type Table[T any] struct{ table }

type table struct {
	root     *node
	required []*field
	write    [styles][]entry
}

// tag is the key of the tags that a Table reads.
const tag = "api"

// A node knows the members of an object by their squashed names.
type node struct {
	name    string // as a problem names it; "" at the top
	members map[string]member
}

// A member is a field, or an object of others.
type member struct {
	field *field
	node  *node
	later bool // it counts only when nothing else has given a value
}

// An entry is a member to write.
type entry struct {
	key     string
	field   *field // nil: an object of entries
	entries []entry
	product string // of the tasks that have it; "": of all
	null    bool   // an empty object is written as null
	omit    bool   // or left out
}

// A field is where a value goes.
type field struct {
	name   string
	offset uintptr
	kind   kind
	typ    reflect.Type
	enum   *enum
	table  *table          // of the elements of a list
	with   map[string]bool // options
	rate   bool            // a number, or an object that has it as current
	signed bool
}

type kind uint8

const (
	kindText kind = iota
	kindMessage
	kindProfile
	kindEnum
	kindTexts
	kindNames
	kindNumber
	kindBool
	kindTime
	kindDuration
	kindParsed
	kindList
)

// NewTable reads the tags of T.
func NewTable[T any]() *Table[T] { return &Table[T]{newTable(reflect.TypeFor[T]())} }

func newTable(t reflect.Type) table {
	b := table{root: newNode("")}
	b.fields(t, 0, path{read: []name{{}}})
	return b
}

// A path is where an object stands.
type path struct {
	read  []name
	write [styles]string // "" is at the top; each ends in a dot
	with  map[string]bool
}

func (b *table) fields(t reflect.Type, offset uintptr, at path) {
	for i := range t.NumField() {
		f := t.Field(i)
		text, tagged := f.Tag.Lookup(tag)
		if !tagged {
			continue
		}
		names, options, _ := strings.Cut(text, ",")
		with := map[string]bool{}
		for o := range strings.SplitSeq(options, ",") {
			with[o] = true
		}
		if with["inline"] {
			b.fields(f.Type, offset+f.Offset, at)
			continue
		}
		own := at.below(strings.Split(names, "|"), with)
		kind, isField := kindOf(f.Type, with)
		if !isField {
			for i := range own.read {
				own.read[i].text += "."
			}
			for i := range own.write {
				own.write[i] += "."
			}
			b.fields(f.Type, offset+f.Offset, own)
			continue
		}
		b.field(&field{
			name: own.write[Own], offset: offset + f.Offset, kind: kind, typ: f.Type, with: with,
			rate: at.with["current"] || at.with["oldcurrent"], signed: with["signed"],
		}, own, at.with)
	}
}

type name struct {
	text  string // with a dot behind each object
	later bool   // it is not the first name of its field
}

// below is the path of a field that may have several names. The read ones are in the
// order in which they count.
func (at path) below(names []string, with map[string]bool) path {
	p := path{with: with}
	for style := range styles {
		p.write[style] = at.write[style] + names[0]
	}
	for i, text := range names {
		for prefix, style := range map[string]Style{"own:": Own, "guide:": Guide, "legacy:": Legacy} {
			if bare, ok := strings.CutPrefix(text, prefix); ok {
				text, p.write[style] = bare, at.write[style]+bare
			}
		}
		for _, above := range at.read {
			p.read = append(p.read, name{above.text + text, i > 0})
		}
	}
	return p
}

func (b *table) field(f *field, at path, above map[string]bool) {
	switch f.kind {
	case kindEnum:
		f.enum = enumOf(f.typ)
	case kindList:
		elements := newTable(f.typ.Elem())
		f.table = &elements
	}
	if f.with["required"] {
		b.required = append(b.required, f)
	}
	for _, name := range at.read {
		b.root.add(strings.Split(name.text, "."), member{field: f, later: name.later})
	}
	for style := range styles {
		if f.with["own"] && style != Own {
			continue
		}
		keys := strings.Split(at.write[style], ".")
		if f.rate && (above["current"] && (style == RealWorld || style == Guide) || above["oldcurrent"] && style == Legacy) {
			keys = append(keys, "current")
		}
		addEntry(&b.write[style], keys, f, above)
	}
}

func newNode(name string) *node { return &node{name, map[string]member{}} }

func (n *node) add(names []string, m member) {
	var s Scanner
	word := string(respell(s.squash([]byte(names[0]))))
	if len(names) == 1 {
		if _, twice := n.members[word]; !twice {
			n.members[word] = m
		}
		return
	}
	below := n.members[word]
	if below.node == nil {
		below = member{node: newNode(strings.TrimPrefix(n.name+"."+names[0], "."))}
		n.members[word] = below
	}
	below.node.add(names[1:], m)
}

// addEntry adds a field to what is written. above has the options of the object that it
// is in.
func addEntry(to *[]entry, keys []string, f *field, above map[string]bool) {
	of := func(with map[string]bool) string {
		switch {
		case with["replicate"]:
			return "replicate"
		case with["compose"]:
			return "compose"
		}
		return ""
	}
	if len(keys) == 1 {
		*to = append(*to, entry{key: keys[0], field: f, product: of(f.with)})
		return
	}
	for i := range *to {
		if e := &(*to)[i]; e.key == keys[0] && e.field == nil {
			addEntry(&e.entries, keys[1:], f, above)
			return
		}
	}
	e := entry{key: keys[0], product: of(above), null: above["null"], omit: above["omitempty"]}
	addEntry(&e.entries, keys[1:], f, above)
	*to = append(*to, e)
}

func kindOf(t reflect.Type, with map[string]bool) (kind, bool) {
	switch {
	case t.ConvertibleTo(reflect.TypeFor[Number]()) && t.Kind() == reflect.Struct:
		return kindNumber, true
	case t.ConvertibleTo(reflect.TypeFor[Bool]()):
		return kindBool, true
	case t.ConvertibleTo(reflect.TypeFor[Duration]()) && t.Kind() == reflect.Struct:
		return kindDuration, true
	case t == reflect.TypeFor[time.Time]():
		return kindTime, true
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return kindParsed, true
	case t.Kind() == reflect.Struct:
		return 0, false
	case with["names"]:
		return kindNames, true
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return kindList, true
	case t.Kind() == reflect.Slice:
		return kindTexts, true
	case enumOf(t) != nil:
		return kindEnum, true
	case with["message"]:
		return kindMessage, true
	case with["profile"]:
		return kindProfile, true
	}
	return kindText, true
}
