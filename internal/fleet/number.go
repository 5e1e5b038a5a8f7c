package fleet

import (
	"math"
	"strconv"
	"time"
)

// Number is a number that Enterprise Manager may not have given. The zero Number is absent; a
// Number of 0 is a measurement. It takes no more room than the float64 that it holds.
type Number struct {
	bits uint64 // of the value, XOR those of absent
}

// absent is the NaN that stands for no number in columns.
var absent = math.Float64bits(math.NaN())

// Num is a Number of a value. What is no finite number is absent.
func Num(v float64) Number {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Number{}
	}
	return Number{math.Float64bits(v) ^ absent}
}

// Count is a Number of a count.
func Count(n int) Number { return Num(float64(n)) }

// Unix is a Number of an instant, in Unix seconds with milliseconds; the zero time is absent.
func Unix(t time.Time) Number {
	if t.IsZero() {
		return Number{}
	}
	return Num(float64(t.UnixMilli()) / 1000)
}

// IsSet tells whether there is a number.
func (n Number) IsSet() bool { return n.bits != 0 }

// IsZero tells that there is no number, for omitzero.
func (n Number) IsZero() bool { return n.bits == 0 }

// Get returns the value, and whether there is one.
func (n Number) Get() (float64, bool) { return n.Or(0), n.IsSet() }

// Or returns the value, or instead when there is none.
func (n Number) Or(instead float64) float64 {
	if n.bits == 0 {
		return instead
	}
	return n.Float()
}

// Float returns the value, or NaN when there is none, as columns of samples want it.
func (n Number) Float() float64 { return math.Float64frombits(n.bits ^ absent) }

// Time returns the instant of a number of Unix seconds, the zero time when there is none.
func (n Number) Time() time.Time {
	v, ok := n.Get()
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(int64(math.Round(v * 1000)))
}

// MarshalJSON gives the number, or null when there is none.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.IsSet() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, n.Float(), 'g', -1, 64), nil
}

// Flag is a yes, a no, or nothing known.
type Flag int8

// The values of a Flag.
const (
	Unknown Flag = iota
	No
	Yes
)

// FlagOf makes a Flag of a known truth.
func FlagOf(b bool) Flag {
	if b {
		return Yes
	}
	return No
}

// Number is 1 for Yes, 0 for No, and absent for Unknown.
func (f Flag) Number() Number {
	if f == Unknown {
		return Number{}
	}
	return Num(float64(f - No))
}

// Float is Number's value, NaN for Unknown.
func (f Flag) Float() float64 { return f.Number().Float() }

// MarshalJSON gives true, false, or null when nothing is known.
func (f Flag) MarshalJSON() ([]byte, error) {
	return []byte([...]string{"null", "false", "true"}[f]), nil
}
