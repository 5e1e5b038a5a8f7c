package wire

import (
	"bytes"
	"encoding"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unsafe"
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
// empty one, null is written); own (written by Own only); replicate and compose (written
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
type node struct{ members map[string]member }

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
	b := table{root: &node{map[string]member{}}}
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
		below = member{node: &node{map[string]member{}}}
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

func (n *node) find(key []byte) member {
	if m, ok := n.members[string(key)]; ok {
		return m
	}
	return n.members[string(respell(key))]
}

// respell mends the words that the API misspells.
func respell(key []byte) []byte {
	key = bytes.ReplaceAll(key, []byte("comitted"), []byte("committed"))
	return bytes.ReplaceAll(key, []byte("transacion"), []byte("transaction"))
}

// Details reads a document that is one object, perhaps in an envelope; with sections, it
// may also be a list of parts of it. One without any member that an answer of somebody
// else has not is none.
func (t *Table[T]) Details(s *Scanner, envelope string, sections bool, to *T) {
	s.Document(sections, func(key []byte) bool {
		// The members of the top level win.
		if envelope == "" || string(key) != envelope || s.Known {
			return s.memberOf(t.root, key, unsafe.Pointer(to))
		}
		member := func(key []byte) bool { return s.memberOf(t.root, key, unsafe.Pointer(to)) }
		if sections {
			s.Sections(member)
		} else {
			s.Object(member)
		}
		return true
	})
	if !s.Known || reflect.ValueOf(to).Elem().IsZero() {
		s.Fault("no known member")
	}
}

// List reads a document that is but a list, and hands its elements over one by one, as
// soon as they are read; the *T is used again. It stops at an error of visit.
func (t *Table[T]) List(s *Scanner, envelope string, visit func(*T) error) error {
	key := string(s.squash([]byte(envelope)))
	element := new(T)
	s.Document(false, func(member []byte) bool {
		if string(member) != key {
			return false
		}
		s.List(envelope, func() bool {
			*element = *new(T)
			problems := len(s.problems)
			t.Read(s, element)
			if s.err != nil || !t.complete(unsafe.Pointer(element)) {
				return false
			}
			for i := problems; i < len(s.problems); i++ {
				s.problems[i].Object = t.nameOf(unsafe.Pointer(element))
			}
			s.err = visit(element)
			return true
		})
		return true
	})
	s.NeedList(envelope)
	return s.Result()
}

// Member reads the value of a member with a squashed key; false when there is none such.
func (t *Table[T]) Member(s *Scanner, key []byte, to *T) bool {
	return s.memberOf(t.root, key, unsafe.Pointer(to))
}

// Read reads an object.
func (t *Table[T]) Read(s *Scanner, to *T) { s.members(t.root, unsafe.Pointer(to)) }

// Unmarshal reads what Marshal has written in the style Own, or what people write alike.
func (t *Table[T]) Unmarshal(data []byte, to *T) (*Scanner, error) {
	s := NewScanner(bytes.NewReader(data))
	s.Exact, s.Strict = true, true
	s.Document(false, func(key []byte) bool { return s.memberOf(t.root, key, unsafe.Pointer(to)) })
	if len(s.problems) > 0 {
		s.Fault("the value of " + s.problems[0].Field + " cannot be read")
	}
	return s, s.Result()
}

// complete reports whether all is there that must be.
func (t *table) complete(of unsafe.Pointer) bool {
	return !slices.ContainsFunc(t.required, func(f *field) bool { return *(*string)(f.in(of)) == "" })
}

// nameOf is the first of what must be there.
func (t *table) nameOf(of unsafe.Pointer) string {
	if len(t.required) == 0 {
		return ""
	}
	return *(*string)(t.required[0].in(of))
}

func (f *field) in(base unsafe.Pointer) unsafe.Pointer { return unsafe.Add(base, f.offset) }

func (s *Scanner) memberOf(n *node, key []byte, to unsafe.Pointer) bool {
	m := n.find(key)
	if m.field == nil && m.node == nil {
		return false
	}
	switch string(key) {
	case "type", "description", "message": // the error of some proxy may have these
	default:
		s.Known = true
	}
	s.value(m, to)
	return true
}

// members reads an object.
func (s *Scanner) members(n *node, to unsafe.Pointer) {
	if kind := s.dec.PeekKind(); kind != '{' {
		s.skip()
		if s.Strict && kind != 'n' {
			s.Fault(kindName(kind) + " instead of object")
		}
		return
	}
	s.token()
	for s.more('}') {
		m := s.member(n)
		switch {
		case s.err != nil:
		case m.field == nil && m.node == nil:
			s.skip()
		default:
			s.value(m, to)
		}
	}
	s.token()
}

func (s *Scanner) value(m member, to unsafe.Pointer) {
	switch {
	case m.node != nil:
		s.members(m.node, to)
	case m.later && m.field.isSet(to):
		s.skip()
	case m.field.rate && s.dec.PeekKind() == '{':
		s.Object(func(key []byte) bool {
			if string(key) != "current" {
				return false
			}
			m.field.read(s, to)
			return true
		})
	default:
		m.field.read(s, to)
	}
}

// isSet reports whether a value of a kind with several names is there.
func (f *field) isSet(of unsafe.Pointer) bool { return !reflect.NewAt(f.typ, f.in(of)).Elem().IsZero() }

// read reads a value. One that cannot be read leaves the field alone.
func (f *field) read(s *Scanner, base unsafe.Pointer) {
	p := f.in(base)
	switch f.kind {
	case kindText:
		s.Text((*string)(p))
	case kindMessage:
		s.Text((*string)(p))
		if text := (*string)(p); strings.EqualFold(strings.TrimSpace(*text), "none") {
			*text = ""
		}
	case kindEnum:
		f.enum.read(s, (*string)(p))
	case kindProfile:
		s.profile((*string)(p))
	case kindTexts:
		s.texts((*[]string)(p))
	case kindNames:
		s.names((*[]string)(p))
	case kindList:
		f.readList(s, p)
	default:
		f.readScalar(s, p)
	}
}

func (f *field) readScalar(s *Scanner, p unsafe.Pointer) {
	text, ok := s.scalar()
	if !ok {
		if s.instead != "" {
			s.Problem(f.name, []byte(s.instead))
		}
		return
	}
	switch f.kind {
	case kindNumber:
		var n Number
		if n, ok = ParseNumber(text); ok && (f.signed || s.Exact || n.Float() >= 0) {
			*(*Number)(p) = n
		} else {
			ok = ok && n == WholeOf(-1) // not available
		}
	case kindBool:
		var v bool
		if v, ok = ParseBool(text); ok {
			*(*Bool)(p) = BoolOf(v)
		}
	case kindTime:
		var at time.Time
		if at, ok = ParseTime(text); ok && !at.IsZero() {
			*(*time.Time)(p) = at
		}
	case kindDuration:
		var d time.Duration
		if d, ok = ParseDuration(text); ok {
			*(*Duration)(p) = DurationOf(d)
		}
	case kindParsed:
		ok = reflect.NewAt(f.typ, p).Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil
	}
	if !ok && !meansNothing(text) {
		s.Problem(f.name, text)
	}
}

// meansNothing reports whether a text is none on purpose.
func meansNothing(text []byte) bool {
	switch text = bytes.TrimSpace(text); {
	case len(text) == 0, bytes.EqualFold(text, []byte("none")), bytes.EqualFold(text, []byte("null")), bytes.EqualFold(text, []byte("n/a")):
		return true
	}
	return false
}

func (f *field) readList(s *Scanner, p unsafe.Pointer) {
	list := reflect.NewAt(f.typ, p).Elem()
	s.List(f.name, func() bool {
		element := reflect.New(f.typ.Elem())
		bad := s.bad
		s.members(f.table.root, element.UnsafePointer())
		list.Set(reflect.Append(list, element.Elem()))
		return s.bad == bad && f.table.complete(element.UnsafePointer())
	})
}

// names reads a list of objects with a name.
func (s *Scanner) names(to *[]string) {
	if kind := s.dec.PeekKind(); kind != '[' {
		s.skip()
		if kind != 'n' {
			s.Fault("names: " + kindName(kind) + " instead of a list")
		}
		return
	}
	if *to == nil { // the list is there, and is empty
		*to = []string{}
	}
	s.token()
	for s.more(']') {
		var name string
		s.Object(func(key []byte) bool {
			if string(key) != "name" {
				return false
			}
			s.Text(&name)
			return true
		})
		if name == "" {
			s.Fault("a list of names has an element without one")
		}
		*to = append(*to, name)
	}
	s.token()
}

// texts reads a list of strings and leaves out what is none.
func (s *Scanner) texts(to *[]string) {
	if s.dec.PeekKind() != '[' {
		s.skip()
		return
	}
	var list []string
	s.token()
	for s.more(']') {
		var text string
		if s.Text(&text); text != "" {
			list = append(list, text)
		}
	}
	s.token()
	*to = list
}

// profile reads a task's profile, lower-case with underscores.
func (s *Scanner) profile(to *string) {
	text, _ := s.scalar()
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return
	}
	switch string(s.squash(text)) {
	case "logstream":
		*to = "log_stream"
	case "datastorage":
		*to = "data_storage"
	case "datawarehouse":
		*to = "data_warehouse"
	case "datamart":
		*to = "data_mart"
	default:
		words := strings.FieldsFunc(strings.ToLower(string(text)), func(c rune) bool {
			return !unicode.IsLetter(c) && !unicode.IsDigit(c)
		})
		*to = strings.Join(words, "_")
	}
}
