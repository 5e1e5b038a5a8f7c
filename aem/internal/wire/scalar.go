package wire

import (
	"bytes"
	"strconv"
)

// ParseNumber reads a decimal number. What overflows int64 is none: no field of the API
// is as large, and what is counted from it would be wrong.
func ParseNumber(text []byte) (Number, bool) {
	if v, ok := parseDigits(text); ok {
		return WholeOf(v), true
	}
	text = bytes.TrimSpace(text)
	for _, c := range text {
		// strconv knows more forms than the API may mean: 0x10, 1_000, inf.
		if !isDigit(c) && c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E' {
			return Number{}, false
		}
	}
	if v, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return WholeOf(v), true
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || v >= 1<<63 || v < -1<<63 {
		return Number{}, false
	}
	return NumberOf(v), true
}

// parseDigits reads digits, so few that they cannot overflow.
func parseDigits(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 18 {
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

// ParseBool reads true, false, 1 or 0.
func ParseBool(text []byte) (value, ok bool) {
	text = bytes.TrimSpace(text)
	switch {
	case bytes.EqualFold(text, []byte("true")), string(text) == "1":
		return true, true
	case bytes.EqualFold(text, []byte("false")), string(text) == "0":
		return false, true
	}
	return false, false
}
