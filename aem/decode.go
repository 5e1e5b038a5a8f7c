package aem

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A scanner reads one JSON document token by token, straight into Go values.
//
// Its first error sticks: after it every method does nothing, so that callers look
// once, in result. What stands at a place where it makes no sense costs that place
// only: the value stays absent and reading goes on. An absent value never replaces
// one that is present.
type scanner struct {
	in  source
	dec *jsontext.Decoder
	err error // of the reader, of the JSON text, or of whoever is handed the elements

	most    int      // elements of a list; 0: maxHeld
	fault   apiFault // error_code and error_message at the top level
	shape   string   // why the document is not what was asked for
	skipped int      // list elements that were nonsense
	listed  bool     // a list was there, or null in its place
	strange bool     // the top level has a member that nobody knows

	word    [maxWord]byte // the current key or enum name, squashed
	scratch []byte        // the current string, when it is not in the body as it is meant

	// The elements of a list have the same keys in the same order, as a rule. With
	// room in keys, those of the first element are kept, and need not be squashed
	// again where they come again.
	keys  []knownKey
	keyAt int // the place of the next key in its element
}

// A list of tiny elements takes many times the memory of its text, so that their
// number is bounded too: of those that are held, and of those that are passed on.
const (
	maxHeld   = 100_000
	maxPassed = 500_000
)

func newScanner(r io.Reader) *scanner {
	s := &scanner{in: source{r: r}}
	s.in.skipByteOrderMark()
	// The API's answers are not checked for what RFC 8259 merely advises against.
	s.dec = jsontext.NewDecoder(&s.in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return s
}

// result says how reading went. An error code in the body outranks whatever else
// is wrong with it.
func (s *scanner) result() error {
	fault, found := s.apiFault()
	switch {
	case found:
		return fault
	case s.err != nil:
		return s.err
	case s.shape != "":
		return decodeFault{Detail: s.shape}
	case s.skipped > 0:
		return partialFault{Skipped: s.skipped}
	}
	return nil
}

// usable reports whether there is a result to go with err.
func usable(err error) bool {
	var partial partialFault
	return err == nil || errors.As(err, &partial)
}

func (s *scanner) apiFault() (apiFault, bool) {
	code := strings.TrimSpace(s.fault.Code)
	if code == "" || code == "0" {
		return apiFault{}, false
	}
	return apiFault{Code: code, Message: s.fault.Message}, true
}

// fail keeps the first error, in words that do not quote the body.
func (s *scanner) fail(err error) {
	var syntax *jsontext.SyntacticError
	switch {
	case s.err != nil:
	case s.in.err != nil:
		s.err = s.in.err
	case s.in.first == 0:
		s.err = decodeFault{Detail: "empty body"}
	case s.in.first == '<':
		s.err = decodeFault{Detail: "an HTML page instead of JSON: is there a proxy in between, or is the URL path wrong?"}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		s.err = decodeFault{Detail: fmt.Sprintf("cut off after %d bytes", s.in.offset)}
	case errors.As(err, &syntax):
		s.err = decodeFault{Detail: fmt.Sprintf("syntax error at byte %d", s.in.mark+syntax.ByteOffset)}
	default:
		s.err = decodeFault{Detail: "not JSON"}
	}
}

// document reads the top level, which must be an object, and calls member for each
// of its members except those that tell an error. With sections, it may also be a
// list of objects, whose members are read as if they were in one.
func (s *scanner) document(sections bool, member func(key []byte) bool) {
	kind := s.dec.PeekKind()
	if kind != '{' && !(sections && kind == '[') {
		s.skip()
		if kind == 'n' {
			s.shape = "null"
		} else {
			s.shape = "unexpected " + kindName(kind) + " at the top level"
		}
		return
	}
	s.sections(func(key []byte) bool {
		switch string(key) {
		case "errorcode":
			s.text(&s.fault.Code)
		case "errormessage":
			s.text(&s.fault.Message)
		default:
			known := member(key)
			s.strange = s.strange || !known && !bytes.HasPrefix(key, []byte("$"))
			return known
		}
		return true
	})
}

// needList is called behind a document that is but a list. One that is not there is
// empty; but what has something else in its place comes from somebody else, such as a
// proxy in between.
func (s *scanner) needList(name string) {
	if s.shape == "" && s.strange && !s.listed {
		s.shape = "no " + name
	}
}

// collect reads a document that is but a list, and keeps the elements that have a
// name. read reads one element and says its name.
func collect[T any](s *scanner, envelope string, read func() (element T, name string)) ([]T, error) {
	var list []T
	key := strings.ToLower(envelope)
	s.document(false, func(member []byte) bool {
		if string(member) != key {
			return false
		}
		s.list(envelope, func() bool {
			element, name := read()
			if name == "" {
				return false
			}
			list = append(list, element)
			return true
		})
		return true
	})
	s.needList(envelope)
	err := s.result()
	if !usable(err) {
		return nil, err
	}
	return list, err
}

// sections reads an object, or a list of objects as if they were one.
func (s *scanner) sections(member func(key []byte) bool) {
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
func (s *scanner) object(member func(key []byte) bool) {
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

// list reads a list of objects, named in what it says of a wrong one. element reads
// one object and reports whether it made sense.
func (s *scanner) list(name string, element func() bool) {
	s.listed = true
	switch kind := s.dec.PeekKind(); kind {
	case '[':
	case 'n':
		s.skip()
		return
	default:
		s.shape = name + ": " + kindName(kind) + " instead of a list"
		s.skip()
		return
	}
	most := cmp.Or(s.most, maxHeld)
	s.token()
	for n := 0; s.more(']'); n++ {
		if n == most {
			s.err = fmt.Errorf("%s: %w: %d elements", name, errTooLarge, most)
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
func (s *scanner) more(closing jsontext.Kind) bool {
	return s.err == nil && s.dec.PeekKind() != closing
}

func (s *scanner) token() {
	if s.err != nil {
		return
	}
	if _, err := s.dec.ReadToken(); err != nil {
		s.fail(err)
	}
}

func (s *scanner) skip() {
	if s.err != nil {
		return
	}
	if err := s.dec.SkipValue(); err != nil {
		s.fail(err)
	}
}

// key reads the name of a member and squashes it.
func (s *scanner) key() []byte {
	raw, err := s.dec.ReadValue()
	if err != nil {
		s.fail(err)
		return nil
	}
	at := s.keyAt
	s.keyAt++
	if at < len(s.keys) && string(raw) == s.keys[at].raw {
		return s.keys[at].word
	}
	text := []byte(raw)
	if bytes.IndexByte(raw, '\\') >= 0 {
		text, _ = jsontext.AppendUnquote(nil, text)
	}
	word := s.squash(text)
	if at == len(s.keys) && at < cap(s.keys) {
		s.keys = append(s.keys, knownKey{raw: string(raw), word: bytes.Clone(word)})
	}
	return word
}

// A knownKey is a key as the body has it, and what squash made of it.
type knownKey struct {
	raw  string
	word []byte
}

// scalar reads a string, a number or a boolean and returns its text, which is good
// until the next read. It skips anything else and returns false.
func (s *scanner) scalar() ([]byte, bool) {
	if s.err != nil {
		return nil, false
	}
	raw, err := s.dec.ReadValue()
	if err != nil {
		s.fail(err)
		return nil, false
	}
	switch raw[0] {
	case '"':
		return s.unquote(raw), true
	case 'n', '{', '[':
		return nil, false
	}
	return raw, true
}

// unquote returns what a string stands for. Invalid UTF-8 becomes U+FFFD.
func (s *scanner) unquote(raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	for _, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			// The error says no more than that there was invalid UTF-8.
			s.scratch, _ = jsontext.AppendUnquote(s.scratch[:0], raw)
			return s.scratch
		}
	}
	return inner
}

// maxWord is longer than any key and any enum name of the API.
const maxWord = 64

// squash keeps the letters, digits and dollar signs of text, in lower case: the API
// writes one name as server_details, serverDetails and ServerDetails. It is good
// until the next call. Of a longer text than any known one nothing is kept.
func (s *scanner) squash(text []byte) []byte {
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
