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

	"github.com/go-json-experiment/json/jsontext"
)

func (n *node) find(key []byte) member {
	if m, ok := n.members[string(key)]; ok {
		return m
	}
	return n.members[string(respell(key))]
}

// respell mends the words that the API misspells.
func respell(key []byte) []byte {
	for _, words := range [][2]string{{"comitted", "committed"}, {"transacion", "transaction"}} {
		if bytes.Contains(key, []byte(words[0])) { // ReplaceAll copies the others, too
			key = bytes.ReplaceAll(key, []byte(words[0]), []byte(words[1]))
		}
	}
	return key
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
		s.sections(func(key []byte) bool { return s.memberOf(t.root, key, unsafe.Pointer(to)) })
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
			s.members(t.root, unsafe.Pointer(element))
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
	// A list that is not there is empty; but what has something else in its place comes from
	// somebody else, such as a proxy in between.
	if s.strange && !s.listed {
		s.Fault("no " + envelope)
	}
	return s.Result()
}

// Document reads a document that is one object.
func (t *Table[T]) Document(s *Scanner, to *T) {
	s.Document(false, func(key []byte) bool { return s.memberOf(t.root, key, unsafe.Pointer(to)) })
}

// Unmarshal reads what Marshal has written in the style Own, or what people write alike.
func (t *Table[T]) Unmarshal(data []byte, to *T) error {
	s := NewScanner(bytes.NewReader(data))
	s.Exact, s.Strict = true, true
	t.Document(s, to)
	if s.skipped > 0 {
		s.Fault("a list has an element that makes no sense")
	}
	if len(s.problems) > 0 {
		s.Fault("the value of " + s.problems[0].Field + " cannot be read")
	}
	return s.Result()
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
		s.noObject(n, kind)
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

// noObject passes over what stands where an object should, and says so unless it means nothing.
func (s *Scanner) noObject(n *node, kind jsontext.Kind) {
	var text []byte
	if kind == '"' {
		text, _ = s.scalar()
	} else {
		s.skip()
	}
	switch {
	case kind == 'n':
	case s.Strict:
		s.Fault(kindName(kind) + " instead of object")
	case n.name != "" && (kind != '"' || !meansNothing(text)):
		s.Problem(n.name, []byte(kindName(kind)))
	}
}

func (s *Scanner) value(m member, to unsafe.Pointer) {
	switch {
	case m.node != nil:
		s.members(m.node, to)
	case m.later && m.field.isSet(to):
		s.skip()
	case m.field.rate && s.dec.PeekKind() == '{':
		s.object(func(key []byte) bool {
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
	s.instead = 0
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
		s.texts(f, (*[]string)(p))
	case kindNames:
		s.names((*[]string)(p))
	case kindList:
		f.readList(s, p)
	default:
		f.readScalar(s, p)
	}
	if s.instead != 0 {
		s.Problem(f.name, []byte(kindName(s.instead)))
		s.instead = 0
	}
}

func (f *field) readScalar(s *Scanner, p unsafe.Pointer) {
	text, ok := s.scalar()
	if !ok {
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
	case len(text) == 0, bytes.EqualFold(text, []byte("none")), bytes.EqualFold(text, []byte("null")),
		bytes.EqualFold(text, []byte("n/a")):
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
		s.object(func(key []byte) bool {
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
func (s *Scanner) texts(f *field, to *[]string) {
	if s.dec.PeekKind() != '[' {
		if text, ok := s.scalar(); ok && !meansNothing(text) {
			s.Problem(f.name, text)
		}
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
