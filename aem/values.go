package aem

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// Number is a number that the API may leave out, send as null, or put in
// quotes. The zero Number is absent. Whole numbers up to int64 are exact.
type Number wire.Number

// NumberOf makes a present Number.
func NumberOf(v float64) Number { return Number(wire.NumberOf(v)) }

// WholeOf makes a present Number of an integer.
func WholeOf(v int64) Number { return Number(wire.WholeOf(v)) }

// Get returns the value and whether the API gave one.
func (n Number) Get() (float64, bool) { return n.or(0), n.IsSet() }

// IsSet reports whether the API gave a value.
func (n Number) IsSet() bool { return wire.Number(n).IsSet() }

// Float returns the value, or NaN when the API gave none.
func (n Number) Float() float64 { return n.or(math.NaN()) }

func (n Number) or(preset float64) float64 {
	if !n.IsSet() {
		return preset
	}
	return wire.Number(n).Float()
}

// Int returns the value cut to an integer, or 0 when the API gave none. A value
// beyond int64 becomes its nearest end.
func (n Number) Int() int64 { return wire.Number(n).Int() }

// String returns the number as JSON has it, null when it is absent.
func (n Number) String() string { return string(wire.Number(n).Append(nil)) }

// MarshalJSON returns the number, or null when it is absent.
func (n Number) MarshalJSON() ([]byte, error) { return wire.Number(n).Append(nil), nil }

// UnmarshalJSON reads a number, in quotes or not, or null.
func (n *Number) UnmarshalJSON(data []byte) error {
	return unmarshalScalar(n, data, func(text []byte) (Number, bool) {
		v, ok := wire.ParseNumber(text)
		return Number(v), ok
	})
}

// Bool is a boolean that the API may leave out, send as null, or put in quotes.
// The zero Bool is absent.
type Bool wire.Bool

// BoolOf makes a present Bool.
func BoolOf(v bool) Bool { return Bool(wire.BoolOf(v)) }

// Get returns the value and whether the API gave one.
func (b Bool) Get() (value, ok bool) { return wire.Bool(b).Get() }

// IsSet reports whether the API gave a value.
func (b Bool) IsSet() bool {
	_, ok := b.Get()
	return ok
}

// True reports whether the API gave the value true.
func (b Bool) True() bool { return b == BoolOf(true) }

// or returns the value, or preset when the API gave none.
func (b Bool) or(preset bool) bool {
	if v, ok := b.Get(); ok {
		return v
	}
	return preset
}

// String returns true, false, or null when it is absent.
func (b Bool) String() string { return string(wire.Bool(b).Append(nil)) }

// MarshalJSON returns true, false, or null when it is absent.
func (b Bool) MarshalJSON() ([]byte, error) { return wire.Bool(b).Append(nil), nil }

// UnmarshalJSON reads a boolean, in quotes or not, or null.
func (b *Bool) UnmarshalJSON(data []byte) error {
	return unmarshalScalar(b, data, func(text []byte) (Bool, bool) {
		v, ok := wire.ParseBool(text)
		return BoolOf(v), ok
	})
}

// Duration is a span of time that the API may leave out. The zero Duration is
// absent.
type Duration wire.Duration

// DurationOf makes a present Duration.
func DurationOf(v time.Duration) Duration { return Duration(wire.DurationOf(v)) }

// Get returns the value and whether the API gave one.
func (d Duration) Get() (time.Duration, bool) { return wire.Duration(d).Get() }

// IsSet reports whether the API gave a value.
func (d Duration) IsSet() bool {
	_, ok := d.Get()
	return ok
}

// Seconds returns the value in seconds, or NaN when the API gave none.
func (d Duration) Seconds() float64 {
	if v, ok := d.Get(); ok {
		return v.Seconds()
	}
	return math.NaN()
}

// String returns the span as 1h2m3s, or null when it is absent.
func (d Duration) String() string {
	if v, ok := d.Get(); ok {
		return v.String()
	}
	return "null"
}

// MarshalJSON returns the span as the API has it, "hh:mm:ss", or null when it is absent.
func (d Duration) MarshalJSON() ([]byte, error) {
	if v, ok := d.Get(); ok {
		return append(wire.AppendClock([]byte{'"'}, v, false), '"'), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads a span in one of the API's forms, or null.
func (d *Duration) UnmarshalJSON(data []byte) error {
	return unmarshalScalar(d, data, func(text []byte) (Duration, bool) {
		text, negative := bytes.CutPrefix(text, []byte("-"))
		v, ok := wire.ParseDuration(text)
		if negative {
			v = -v
		}
		return DurationOf(v), ok
	})
}

// unmarshalScalar reads a scalar; null makes it absent.
func unmarshalScalar[T any](to *T, data []byte, parse func([]byte) (T, bool)) error {
	if string(data) == "null" {
		*to = *new(T)
		return nil
	}
	v, ok := parse(bytes.Trim(data, `"`))
	if !ok {
		return fmt.Errorf("aem: %s cannot be read as a %T", data, *to)
	}
	*to = v
	return nil
}
