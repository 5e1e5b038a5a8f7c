package aem

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// text reads a string; a number or a boolean counts as its own text. A hint that
// has the same text is used instead of a copy.
func (s *scanner) text(to *string, hints ...string) {
	text, ok := s.scalar()
	if !ok || len(text) == 0 {
		return
	}
	for _, hint := range hints {
		if string(text) == hint {
			*to = hint
			return
		}
	}
	*to = string(text)
}

// texts reads a list of strings and leaves out what is none.
func (s *scanner) texts(to *[]string) {
	if s.dec.PeekKind() != '[' {
		s.skip()
		return
	}
	var list []string
	s.token()
	for s.more(']') {
		var text string
		if s.text(&text); text != "" {
			list = append(list, text)
		}
	}
	s.token()
	*to = list
}

// message reads a text for which NONE means that there is none.
func (s *scanner) message(to *string) {
	s.text(to)
	if strings.EqualFold(strings.TrimSpace(*to), "none") {
		*to = ""
	}
}

// number reads a number that may be negative.
func (s *scanner) number(to *Number) {
	text, _ := s.scalar()
	if v, ok := parseNumber(text); ok {
		*to = NumberOf(v)
	}
}

// amount reads a number for which negative means that it is not available.
func (s *scanner) amount(to *Number) {
	text, _ := s.scalar()
	if v, ok := parseNumber(text); ok && v >= 0 {
		*to = NumberOf(v)
	}
}

func (s *scanner) boolean(to *Bool) {
	text, _ := s.scalar()
	if v := parseBool(text); v.IsSet() {
		*to = v
	}
}

func (s *scanner) time(to *time.Time) {
	text, _ := s.scalar()
	if v := parseTime(text); !v.IsZero() {
		*to = v
	}
}

func (s *scanner) duration(to *Duration) {
	text, _ := s.scalar()
	if v := parseDuration(text); v.IsSet() {
		*to = v
	}
}

// enum reads the name or the number of a value. known gets it squashed and returns
// "" for one that it does not know, which is kept as its own text.
func enum[E ~string](s *scanner, to *E, known func(word []byte) E) {
	text, _ := s.scalar()
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return
	}
	var word []byte
	if v, ok := parseNumber(text); ok {
		word = strconv.AppendFloat(s.word[:0], v, 'f', -1, 64)
	} else {
		word = s.squash(text)
	}
	if *to = known(word); *to == "" {
		*to = E(strings.ToLower(string(text)))
	}
}

// profile reads a task's profile, lower-case with underscores.
func (s *scanner) profile(to *string) {
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

// productOf tells the product from $type, or from type when there is no $type.
func productOf(class, kind string) Product {
	if class == "" {
		class = kind
	}
	switch strings.TrimSpace(class) {
	case "3", "4", "5": // ServerType: COMPOSE_FDL, COMPOSE, COMPOSE_FDW
		return Compose
	}
	if strings.Contains(strings.ToLower(class), "compose") {
		return Compose
	}
	return Replicate
}

// parseNumber reads a decimal number. What is not finite is no number.
func parseNumber(text []byte) (float64, bool) {
	if v, ok := parseDigits(text); ok {
		return float64(v), true
	}
	text = bytes.TrimSpace(text)
	for _, c := range text {
		// strconv knows more forms than the API may mean: 0x10, 1_000, inf.
		if !isDigit(c) && c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, false
	}
	return v + 0, true // -0 is 0
}

// parseDigits reads a whole number that is exact as a float64.
func parseDigits(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 15 {
		return 0, false
	}
	var v int64
	for _, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func parseBool(text []byte) Bool {
	text = bytes.TrimSpace(text)
	switch {
	case bytes.EqualFold(text, []byte("true")):
		return BoolOf(true)
	case bytes.EqualFold(text, []byte("false")):
		return BoolOf(false)
	}
	if v, ok := parseNumber(text); ok && (v == 0 || v == 1) {
		return BoolOf(v == 1)
	}
	return Bool{}
}
