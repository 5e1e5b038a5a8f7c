// Package wire reads and writes the JSON of the Enterprise Manager API. It is the one
// place that knows its quirks: keys and enums of several spellings, numbers in quotes,
// times of many forms, envelopes, errors in good answers, and bodies that are somebody
// else's.
package wire

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Scanner reads one JSON document token by token, straight into Go values.
//
// Its first error sticks: after it every method does nothing, so that callers look
// once, in Result. What stands at a place where it makes no sense costs that place
// only: the value stays absent and reading goes on. An absent value never replaces
// one that is present.
type Scanner struct {
	// Most is how many elements a list may have; 0: MaxHeld.
	Most int
	// Exact takes values that the API does not send: it reads what Own writes.
	Exact bool
	// Strict makes what is not understood of a list of names or objects a fault of the
	// whole document: it is to be written back.
	Strict bool
	// Known says that a member was there that the answer of somebody else has not.
	Known bool
	// Unknown is told the members of the top level that nobody knows.
	Unknown func(key []byte)

	in  source
	dec *jsontext.Decoder
	err error // of the reader, of the JSON text, or of whoever is handed the elements

	fault    APIFault // error_code and error_message at the top level
	shape    string   // why the document is not what was asked for
	skipped  int      // list elements that were nonsense
	listed   bool     // a list was there, or null in its place
	strange  bool     // the top level has a member that nobody knows
	problems []Problem
	bad      int // values that could not be read, those beyond the first problems too

	word    [maxWord]byte // the current key or enum name, squashed
	instead jsontext.Kind // what stood where a scalar should
	scratch []byte        // the current string, when it is not in the body as it is meant
	recent  [6]string     // the last texts: names come again, and are not copied again
	next    int           // the oldest of them

	// The elements of a list have the same keys in the same order, as a rule. The
	// members of the first element are kept, and not looked for again where their keys
	// come again.
	keys  []knownKey
	keyAt int // the place of the next key in its element
}

// A list of tiny elements takes many times the memory of its text, so that their
// number is bounded too: of those that are held, and of those that are passed on.
const (
	MaxHeld   = 100_000
	MaxPassed = 500_000
)

// A Problem is a value that stands where a number, a time or the like should, and
// cannot be read as one.
type Problem struct {
	Object string // the name of the element of a list that it is in
	Field  string // the API's name of it, with those of the objects around it
	Text   string // the beginning of what stands there
}

const (
	maxProblems    = 16
	maxProblemText = 40
)

// maxKept is how long a document may have been whose memory is used again.
const maxKept = 1 << 20

// NewScanner reads from r.
func NewScanner(r io.Reader) *Scanner {
	s := &Scanner{}
	s.Reset(r)
	return s
}

// Reset reads another document, from r, with the memory of the last one.
func (s *Scanner) Reset(r io.Reader) {
	dec := s.dec
	if dec == nil || s.in.offset > maxKept {
		dec = &jsontext.Decoder{}
	}
	*s = Scanner{dec: dec, in: source{in: s.in.in}, keys: s.keys[:0]}
	s.in.open(r)
	// The API's answers are not checked for what RFC 8259 merely advises against.
	s.dec.Reset(&s.in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// Problems are values that could not be read; of very many, the first.
func (s *Scanner) Problems() []Problem { return s.problems }

// Problem notes a value that cannot be read.
func (s *Scanner) Problem(field string, text []byte) {
	s.bad++
	if len(s.problems) < maxProblems {
		s.problems = append(s.problems, Problem{"", field, string(text[:min(len(text), maxProblemText)])})
	}
}

// Fault says that the document is not what was asked for, unless that is said already.
func (s *Scanner) Fault(why string) {
	if s.shape == "" {
		s.shape = why
	}
}

// Message is the error_message at the top level.
func (s *Scanner) Message() string { return s.fault.Message }

// Nothing reports whether the document is empty or null.
func (s *Scanner) Nothing() bool { return s.shape == "null" || s.in.first == 0 && s.in.err == nil }

// Skipped is how many elements of lists made no sense.
func (s *Scanner) Skipped() int { return s.skipped }

// Result says how reading went. An error code in the body outranks whatever else
// is wrong with it.
func (s *Scanner) Result() error {
	fault, found := s.APIFault()
	switch {
	case found:
		return fault
	case s.err != nil:
		return s.err
	case s.shape != "":
		return DecodeFault{Detail: s.shape}
	case s.skipped > 0:
		return PartialFault{Skipped: s.skipped}
	}
	return nil
}

// APIFault is the error that the answer tells of, if it does.
func (s *Scanner) APIFault() (APIFault, bool) {
	code := strings.TrimSpace(s.fault.Code)
	if code == "" || code == "0" {
		return APIFault{}, false
	}
	return APIFault{Code: code, Message: s.fault.Message}, true
}

// fail keeps the first error, in words that do not quote the body.
func (s *Scanner) fail(err error) {
	var syntax *jsontext.SyntacticError
	switch {
	case s.err != nil:
	case s.in.err != nil:
		s.err = s.in.err
	case s.in.first == 0:
		s.err = DecodeFault{Detail: "empty body"}
	case s.in.first == '<':
		s.err = DecodeFault{Detail: "an HTML page instead of JSON: is there a proxy in between, or is the URL path wrong?"}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		s.err = DecodeFault{Detail: fmt.Sprintf("cut off after %d bytes", s.in.offset)}
	case errors.As(err, &syntax):
		s.err = DecodeFault{Detail: fmt.Sprintf("syntax error at byte %d", s.in.before+syntax.ByteOffset)}
	default:
		s.err = DecodeFault{Detail: "not JSON"}
	}
}

// Document reads the top level, which must be an object, and calls member for each
// of its members except those that tell an error. With sections, it may also be a
// list of objects, whose members are read as if they were in one.
func (s *Scanner) Document(sections bool, member func(key []byte) bool) {
	kind := s.dec.PeekKind()
	if kind != '{' && !(sections && kind == '[') {
		s.skip()
		if kind == 'n' {
			s.Fault("null")
		} else {
			s.Fault("unexpected " + kindName(kind) + " at the top level")
		}
		return
	}
	s.sections(func(key []byte) bool {
		switch string(key) {
		case "errorcode":
			s.Text(&s.fault.Code)
		case "errormessage":
			s.Text(&s.fault.Message)
		default:
			known := member(key)
			if !known && !bytes.HasPrefix(key, []byte("$")) {
				s.strange = true
				if s.Unknown != nil {
					s.Unknown(key)
				}
			}
			return known
		}
		return true
	})
}

// sections reads an object, or a list of objects as if they were one.
func (s *Scanner) sections(member func(key []byte) bool) {
	if s.dec.PeekKind() != '[' {
		s.object(member)
		return
	}
	s.token()
	for s.more(']') {
		s.object(member)
	}
	s.token()
}

// object reads an object and calls member with each key, squashed; the key is good
// until the next read. When member does not know the key it leaves the value alone
// and returns false. Anything but an object is skipped.
func (s *Scanner) object(member func(key []byte) bool) {
	if s.dec.PeekKind() != '{' {
		s.skip()
		return
	}
	s.token()
	for s.more('}') {
		key := s.key()
		if s.err == nil && !member(key) {
			s.skip()
		}
	}
	s.token()
}

// List reads a list of objects, named in what it says of a wrong one. element reads
// one object and reports whether it made sense.
func (s *Scanner) List(name string, element func() bool) {
	s.listed = true
	switch kind := s.dec.PeekKind(); kind {
	case '[':
	case 'n':
		s.skip()
		return
	default:
		s.Fault(name + ": " + kindName(kind) + " instead of a list")
		s.skip()
		return
	}
	most := cmp.Or(s.Most, MaxHeld)
	s.token()
	for n := 0; s.more(']'); n++ {
		if n == most {
			s.err = fmt.Errorf("%s: %w: %d elements", name, ErrTooLarge, most)
			return
		}
		s.keyAt = 0
		isObject := s.dec.PeekKind() == '{'
		if !isObject {
			s.skip()
		}
		if !isObject || !element() {
			s.skipped++
		}
	}
	s.token()
}

// more reports whether something stands before the closing bracket.
func (s *Scanner) more(closing jsontext.Kind) bool {
	return s.err == nil && s.dec.PeekKind() != closing
}

func (s *Scanner) token() {
	if s.err != nil {
		return
	}
	if _, err := s.dec.ReadToken(); err != nil {
		s.fail(err)
	}
}

func (s *Scanner) skip() {
	if s.err != nil {
		return
	}
	if err := s.dec.SkipValue(); err != nil {
		s.fail(err)
	}
}

// key reads the name of a member and squashes it.
func (s *Scanner) key() []byte {
	raw, err := s.dec.ReadValue()
	if err != nil {
		s.fail(err)
		return nil
	}
	return s.squashKey(raw)
}

func (s *Scanner) squashKey(raw []byte) []byte {
	text := raw
	if bytes.IndexByte(raw, '\\') >= 0 {
		text, _ = jsontext.AppendUnquote(nil, raw)
	}
	return s.squash(text)
}

// A knownKey is a key as the body has it, and the member of a table that it means.
type knownKey struct {
	raw    string
	of     *node
	member member
}

// maxKnownKeys is more than an element has today.
const maxKnownKeys = 40

// member reads the name of a member of a table.
func (s *Scanner) member(n *node) member {
	raw, err := s.dec.ReadValue()
	if err != nil {
		s.fail(err)
		return member{}
	}
	at := s.keyAt
	s.keyAt++
	if at < len(s.keys) && string(raw) == s.keys[at].raw && s.keys[at].of == n {
		return s.keys[at].member
	}
	m := n.find(s.squashKey(raw))
	if s.listed && at == len(s.keys) && at < maxKnownKeys {
		s.keys = append(s.keys, knownKey{string(raw), n, m})
	}
	return m
}

// scalar reads a string, a number or a boolean and returns its text, which is good
// until the next read. It skips anything else and returns false.
func (s *Scanner) scalar() ([]byte, bool) {
	if s.err != nil {
		return nil, false
	}
	raw, err := s.dec.ReadValue()
	if err != nil {
		s.fail(err)
		return nil, false
	}
	s.instead = 0
	switch raw[0] {
	case '"':
		return s.unquote(raw), true
	case '{', '[':
		s.instead = jsontext.Kind(raw[0])
		return nil, false
	case 'n':
		return nil, false
	}
	return raw, true
}

// unquote returns what a string stands for. Invalid UTF-8 becomes U+FFFD.
func (s *Scanner) unquote(raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	// The error says no more than that there was invalid UTF-8.
	s.scratch, _ = jsontext.AppendUnquote(s.scratch[:0], raw)
	return s.scratch
}

// Text reads a string; a number or a boolean counts as its own text.
func (s *Scanner) Text(to *string) {
	text, ok := s.scalar()
	if !ok || len(text) == 0 {
		return
	}
	at := slices.Index(s.recent[:], string(text)) // makes no string of its own
	if at < 0 {
		at = s.next
		s.recent[at] = string(text)
	}
	*to = s.recent[at]
	s.recent[at], s.recent[s.next] = s.recent[s.next], s.recent[at] // it is the newest now
	s.next = (s.next + 1) % len(s.recent)
}

// maxWord is longer than any key and any enum name of the API.
const maxWord = 64

// squash keeps the letters, digits and dollar signs of text, in lower case: the API
// writes one name as server_details, serverDetails and ServerDetails. It is good
// until the next call. Of a longer text than any known one nothing is kept.
func (s *Scanner) squash(text []byte) []byte {
	word := s.word[:0]
	for _, c := range text {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '$':
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		default:
			continue
		}
		if len(word) == maxWord {
			return nil
		}
		word = append(word, c)
	}
	return word
}

func kindName(kind jsontext.Kind) string {
	switch kind {
	case '"':
		return "string"
	case '0':
		return "number"
	case 't', 'f':
		return "boolean"
	case '{':
		return "object"
	case '[':
		return "list"
	}
	return "character"
}
