package wire

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// An enum knows the values of a type whose method Spellings returns them in the order
// of the API's numbers. Behind a value stand the API's other spellings of it, each after
// a bar: first what servers send, then what the guide prints. One that is a lone dash
// says that the value has no number, and an empty value is a number without one.
type enum struct {
	known   map[string]string // value of a squashed spelling
	written map[string][]string
}

// enumOf is the enum of a type E with a method Spellings() []E, else nil.
func enumOf(t reflect.Type) *enum {
	method, ok := t.MethodByName("Spellings")
	if !ok {
		return nil
	}
	list := method.Func.Call([]reflect.Value{reflect.Zero(t)})[0]
	e := &enum{known: map[string]string{}, written: map[string][]string{}}
	var s Scanner
	for number := range list.Len() {
		spellings := strings.Split(list.Index(number).String(), "|")
		value := spellings[0]
		numbered := value != "" && spellings[len(spellings)-1] != "-"
		if numbered {
			e.known[strconv.Itoa(number)] = value
		}
		for _, spelling := range spellings {
			if word := string(s.squash([]byte(spelling))); word != "" {
				if other, twice := e.known[word]; twice && other != value {
					panic(fmt.Sprintf("%v: %s twice", t, spelling))
				}
				e.known[word] = value
			}
		}
		real := strings.ToUpper(value)
		if len(spellings) > 1 && spellings[1] != "-" {
			real = spellings[1]
		}
		guide := real
		if len(spellings) > 2 {
			guide = spellings[2]
		}
		legacy := `"` + real + `"`
		if numbered {
			legacy = strconv.Itoa(number)
		}
		e.written[value] = []string{Own: `"` + value + `"`, RealWorld: `"` + real + `"`, Guide: `"` + guide + `"`,
			Legacy: legacy}
	}
	return e
}

// read reads the name or the number of a value. One that nobody knows is kept as its own
// lower-cased text.
func (e *enum) read(s *Scanner, to *string) {
	text, _ := s.scalar()
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return
	}
	value, ok := e.value(s, text)
	if !ok {
		value = strings.ToLower(string(text))
	}
	*to = value
}

func (e *enum) value(s *Scanner, text []byte) (string, bool) {
	word := s.squash(text)
	if len(text) > 0 && text[0] < 'A' { // no letter: it may be a number
		if n, ok := ParseNumber(text); ok {
			word = n.Append(s.word[:0])
		}
	}
	value, ok := e.known[string(word)]
	return value, ok
}

// spell returns how a style writes a value, in JSON; false when nobody knows it.
func (e *enum) spell(value string, style Style) (string, bool) {
	spellings, ok := e.written[value]
	if !ok {
		var s Scanner
		known, _ := e.value(&s, []byte(value))
		if spellings, ok = e.written[known]; !ok {
			return "", false
		}
	}
	return spellings[style], true
}
