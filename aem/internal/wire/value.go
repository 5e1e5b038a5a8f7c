package wire

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// Number is a number that may be absent. Whole ones are exact up to int64.
type Number struct {
	bits uint64
	kind numberKind
}

type numberKind uint8

const (
	absent numberKind = iota
	whole             // bits is an int64
	broken            // bits is a float64 that is not whole, or beyond int64
)

// NumberOf makes a present Number.
func NumberOf(v float64) Number {
	if v == math.Trunc(v) && -1<<63 <= v && v < 1<<63 {
		return WholeOf(int64(v))
	}
	return Number{math.Float64bits(v), broken}
}

// WholeOf makes a present whole Number.
func WholeOf(v int64) Number { return Number{uint64(v), whole} }

// IsSet reports whether there is a value.
func (n Number) IsSet() bool { return n.kind != absent }

// Float returns the value, 0 when it is absent.
func (n Number) Float() float64 {
	if n.kind == broken {
		return math.Float64frombits(n.bits)
	}
	return float64(int64(n.bits))
}

// Int returns the value cut to an integer, at most the ends of int64; 0 when it is
// absent.
func (n Number) Int() int64 {
	if n.kind != broken {
		return int64(n.bits)
	}
	switch v := n.Float(); {
	case v >= 1<<63:
		return math.MaxInt64
	case v < -1<<63:
		return math.MinInt64
	default:
		return int64(v)
	}
}

// Append writes the value as JSON has it.
func (n Number) Append(b []byte) []byte {
	switch n.kind {
	case whole:
		return strconv.AppendInt(b, int64(n.bits), 10)
	case broken:
		return strconv.AppendFloat(b, n.Float(), 'g', -1, 64)
	}
	return append(b, "null"...)
}

// Bool is a boolean that may be absent.
type Bool struct{ value, set bool }

// BoolOf makes a present Bool.
func BoolOf(v bool) Bool { return Bool{v, true} }

// Get returns the value and whether there is one.
func (b Bool) Get() (value, ok bool) { return b.value, b.set }

// Append writes the value as JSON has it.
func (b Bool) Append(to []byte) []byte {
	if !b.set {
		return append(to, "null"...)
	}
	return strconv.AppendBool(to, b.value)
}

// Duration is a span of time that may be absent.
type Duration struct {
	value time.Duration
	set   bool
}

// DurationOf makes a present Duration.
func DurationOf(v time.Duration) Duration { return Duration{v, true} }

// Get returns the value and whether there is one.
func (d Duration) Get() (time.Duration, bool) { return d.value, d.set }

// AppendClock writes a span as hh:mm:ss, with a fraction when it has one. Hours go on
// counting beyond 24, unless days are to be written before them, as .NET does.
func AppendClock(b []byte, d time.Duration, days bool) []byte {
	if d < 0 {
		b, d = append(b, '-'), -d
	}
	hours := int64(d / time.Hour)
	if days && hours >= 24 {
		b = append(strconv.AppendInt(b, hours/24, 10), '.')
		hours %= 24
	}
	b = appendDigits(b, hours, 2)
	b = appendDigits(append(b, ':'), int64(d/time.Minute%60), 2)
	b = appendDigits(append(b, ':'), int64(d/time.Second%60), 2)
	if fraction := int64(d % time.Second); fraction > 0 {
		b = appendDigits(append(b, '.'), fraction, 9)
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return b
}

func appendDigits(b []byte, v int64, width int) []byte {
	for limit := int64(10); width > 1; limit, width = limit*10, width-1 {
		if v < limit {
			b = append(b, '0')
		}
	}
	return strconv.AppendInt(b, v, 10)
}

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
