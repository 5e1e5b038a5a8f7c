package aem

import (
	"math"
	"time"
)

// Number is a number that the API may leave out, send as null, or put in
// quotes. The zero Number is absent.
type Number struct {
	value float64
	set   bool
}

// NumberOf makes a present Number.
func NumberOf(v float64) Number { return Number{value: v, set: true} }

// Get returns the value and whether the API gave one.
func (n Number) Get() (float64, bool) { return n.value, n.set }

// IsSet reports whether the API gave a value.
func (n Number) IsSet() bool { return n.set }

// Float returns the value, or NaN when the API gave none.
func (n Number) Float() float64 {
	if !n.set {
		return math.NaN()
	}
	return n.value
}

// Int returns the value cut to an integer, or 0 when the API gave none. A value
// beyond int64 becomes its nearest end.
func (n Number) Int() int64 {
	switch {
	case !n.set:
		return 0
	case n.value >= math.MaxInt64:
		return math.MaxInt64
	case n.value <= math.MinInt64:
		return math.MinInt64
	}
	return int64(n.value)
}

// Bool is a boolean that the API may leave out, send as null, or put in quotes.
// The zero Bool is absent.
type Bool struct{ value, set bool }

// BoolOf makes a present Bool.
func BoolOf(v bool) Bool { return Bool{value: v, set: true} }

// Get returns the value and whether the API gave one.
func (b Bool) Get() (value, ok bool) { return b.value, b.set }

// IsSet reports whether the API gave a value.
func (b Bool) IsSet() bool { return b.set }

// True reports whether the API gave the value true.
func (b Bool) True() bool { return b.set && b.value }

// or returns the value, or preset when the API gave none.
func (b Bool) or(preset bool) bool {
	if !b.set {
		return preset
	}
	return b.value
}

// Duration is a span of time that the API may leave out. The zero Duration is
// absent.
type Duration struct {
	value time.Duration
	set   bool
}

// DurationOf makes a present Duration.
func DurationOf(v time.Duration) Duration { return Duration{value: v, set: true} }

// Get returns the value and whether the API gave one.
func (d Duration) Get() (time.Duration, bool) { return d.value, d.set }

// IsSet reports whether the API gave a value.
func (d Duration) IsSet() bool { return d.set }

// Seconds returns the value in seconds, or NaN when the API gave none.
func (d Duration) Seconds() float64 {
	if !d.set {
		return math.NaN()
	}
	return d.value.Seconds()
}
