package wire

import (
	"bytes"
	"math"
	"time"
)

// maxDurationSeconds is the longest time.Duration, about 292 years.
const maxDurationSeconds = float64(math.MaxInt64/int64(time.Second)) - 1

// Seconds makes a Duration of a number of seconds; false when that is too long.
func Seconds(seconds float64) (time.Duration, bool) {
	if !(0 <= seconds && seconds <= maxDurationSeconds) {
		return 0, false
	}
	return time.Duration(math.Round(seconds * float64(time.Second))), true
}

// ParseTime reads the API's timestamps: a date, then perhaps a time of day, then
// perhaps a zone; UTC without one. It returns false for everything else. The zero time
// stands for .NET's ends of time, which mean that there is none.
func ParseTime(text []byte) (time.Time, bool) {
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("/Date(")) {
		return parseTicks(text)
	}
	year, month, day, rest, ok := cutDate(text)
	if !ok {
		return time.Time{}, false
	}
	var clock, offset time.Duration
	if len(rest) > 0 && (rest[0] == 'T' || rest[0] == 't' || rest[0] == ' ') {
		if clock, rest, ok = cutClock(rest[1:]); !ok {
			return time.Time{}, false
		}
	}
	if offset, ok = parseZone(rest); !ok {
		return time.Time{}, false
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if day > 28 && date.Day() != day {
		return time.Time{}, false
	}
	return sane(date.Add(clock - offset)), true
}

// In Unix seconds, so that comparing with them needs no calendar.
const (
	startOfYear2    = -62_104_060_800
	startOfYear9999 = 253_370_764_800
)

// sane makes the zero time of years that mean that there is no time.
func sane(t time.Time) time.Time {
	if at := t.Unix(); at < startOfYear2 || at >= startOfYear9999 {
		return time.Time{}
	}
	return t
}

// cutDate takes YYYY-MM-DD off the text; blanks or slashes may stand for the dashes.
func cutDate(text []byte) (year, month, day int, rest []byte, ok bool) {
	if len(text) < len("2006-01-02") || text[4] != text[7] || bytes.IndexByte([]byte("- /"), text[4]) < 0 {
		return 0, 0, 0, nil, false
	}
	y, okY := parseDigits(text[:4])
	m, okM := parseDigits(text[5:7])
	d, okD := parseDigits(text[8:10])
	none := y == 0 && m == 0 && d == 0 // a date of zeros is none
	ok = okY && okM && okD && (1 <= m && m <= 12 && 1 <= d && d <= 31 || none)
	return int(y), int(m), int(d), text[10:], ok
}

// cutClock takes hh:mm, hh:mm:ss or hh:mm:ss.fraction off the text.
func cutClock(text []byte) (clock time.Duration, rest []byte, ok bool) {
	if len(text) < len("15:04") || text[2] != ':' {
		return 0, nil, false
	}
	h, okH := parseDigits(text[:2])
	m, okM := parseDigits(text[3:5])
	if !okH || !okM || h > 23 || m > 59 {
		return 0, nil, false
	}
	clock = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	rest = text[5:]
	if len(rest) == 0 || rest[0] != ':' {
		return clock, rest, true
	}
	if len(rest) < len(":05") {
		return 0, nil, false
	}
	s, okS := parseDigits(rest[1:3])
	if !okS || s > 59 {
		return 0, nil, false
	}
	fraction, rest, ok := cutFraction(rest[3:])
	return clock + time.Duration(s)*time.Second + fraction, rest, ok
}

// cutFraction takes a fraction of a second off the text, if there is one; what is
// finer than a nanosecond is dropped.
func cutFraction(text []byte) (fraction time.Duration, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '.' && text[0] != ',' {
		return 0, text, true
	}
	text = text[1:]
	unit := time.Second
	n := 0
	for n < len(text) && isDigit(text[n]) {
		unit /= 10
		fraction += time.Duration(text[n]-'0') * unit
		n++
	}
	return fraction, text[n:], n > 0
}

// parseZone reads nothing, Z, UTC, GMT, +hh, +hhmm or +hh:mm.
func parseZone(text []byte) (offset time.Duration, ok bool) {
	text = bytes.TrimSpace(text)
	switch string(text) {
	case "", "Z", "z", "UTC", "GMT":
		return 0, true
	}
	sign, text := text[0], text[1:]
	if sign != '+' && sign != '-' {
		return 0, false
	}
	if len(text) == len("00:00") && text[2] == ':' {
		text = append(append(make([]byte, 0, 4), text[:2]...), text[3:]...)
	}
	v, ok := parseDigits(text)
	switch {
	case !ok:
		return 0, false
	case len(text) == len("00"):
		v *= 100
	case len(text) != len("0000"):
		return 0, false
	}
	h, m := v/100, v%100
	if h > 23 || m > 59 {
		return 0, false
	}
	offset = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if sign == '-' {
		offset = -offset
	}
	return offset, true
}

// parseTicks reads .NET's /Date(milliseconds)/, which may have a zone for show.
func parseTicks(text []byte) (time.Time, bool) {
	text, ok := bytes.CutSuffix(text[len("/Date("):], []byte(")/"))
	if zone := bytes.LastIndexAny(text, "+-"); zone > 0 {
		text = text[:zone]
	}
	n, isNumber := ParseNumber(text)
	if ms := n.Float(); ok && isNumber && math.Abs(ms) <= 1e15 {
		return sane(time.UnixMilli(int64(ms)).UTC()), true
	}
	return time.Time{}, false
}

// ParseDuration reads hh:mm:ss with hours beyond 24, d.hh:mm:ss, mm:ss, each with a
// fraction of a second or without, or a number of seconds.
func ParseDuration(text []byte) (time.Duration, bool) {
	text = bytes.TrimSpace(text)
	switch parts := bytes.SplitN(text, []byte(":"), 4); len(parts) {
	case 1:
		if v, ok := ParseNumber(text); ok {
			return Seconds(v.Float())
		}
	case 2:
		return parseClock([]byte("0"), parts[0], parts[1], maxClockPart)
	case 3:
		return parseClock(parts[0], parts[1], parts[2], 59)
	}
	return 0, false
}

// maxClockPart bounds a part of a clock so that their sum cannot overflow.
const maxClockPart = 9_999_999_999

// parseClock adds up the parts of a clock. The hours may have days before a dot, the
// seconds a fraction.
func parseClock(hours, minutes, seconds []byte, maxMinutes int64) (time.Duration, bool) {
	var days, maxHours int64 = 0, maxClockPart
	if before, after, dotted := bytes.Cut(hours, []byte(".")); dotted {
		var ok bool
		if days, ok = parseDigits(before); !ok || days > maxClockPart {
			return 0, false
		}
		hours, maxHours = after, 23
	}
	h, okH := parseDigits(hours)
	m, okM := parseDigits(minutes)
	point := bytes.IndexAny(seconds, ".,")
	if point < 0 {
		point = len(seconds)
	}
	s, okS := parseDigits(seconds[:point])
	fraction, rest, okF := cutFraction(seconds[point:])
	if !okH || !okM || !okS || !okF || len(rest) > 0 || h > maxHours || m > maxMinutes || s > 59 {
		return 0, false
	}
	whole := days*86400 + h*3600 + m*60 + s
	if float64(whole) > maxDurationSeconds {
		return 0, false
	}
	return time.Duration(whole)*time.Second + fraction, true
}
