package wire

import (
	"bytes"
	"math"
	"strings"
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
	var (
		room [64]byte
		t    time.Time
	)
	if len(text) == len("2006-01-02T15:04:05") && t.UnmarshalText(append(append(room[:0], text...), 'Z')) == nil {
		return sane(t), true // nearly all of them
	}
	if bytes.HasPrefix(text, []byte("0000-00-00")) {
		return time.Time{}, true
	}
	return parseOddTime(string(text))
}

// parseOddTime knows more spellings: blanks or slashes may stand for the dashes of the date,
// T, t or a blank is between date and time, there may be no time or no seconds, a comma before
// the fraction, and the zone is nothing, Z, UTC, GMT, +hh, +hhmm or +hh:mm.
func parseOddTime(text string) (time.Time, bool) {
	const date = len(time.DateOnly)
	if len(text) < date || text[4] != text[7] || strings.IndexByte("- /", text[4]) < 0 {
		return time.Time{}, false
	}
	day, clock := text[:4]+"-"+text[5:7]+"-"+text[8:date], text[date:]
	if clock != "" && strings.IndexByte("Tt ", clock[0]) >= 0 {
		clock = "T" + strings.NewReplacer(" ", "", "z", "Z", "UTC", "Z", "GMT", "Z").Replace(clock[1:])
	}
	for _, form := range []string{"", "T15:04", "T15:04:05"} {
		for _, zone := range []string{"", "Z07:00", "Z0700", "Z07"} {
			if t, err := time.Parse(time.DateOnly+form+zone, day+clock); err == nil {
				return sane(t.UTC()), true
			}
		}
	}
	return time.Time{}, false
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
