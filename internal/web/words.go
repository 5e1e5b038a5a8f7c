package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// span is a number of seconds in words.
func span(s float64) string { return fleet.Span(fleet.Num(s)) }

// age is a time that has passed, in whole seconds.
func age(from, to time.Time) float64 { return max(0, math.Floor(to.Sub(from).Seconds())) }

// written writes numbers for the page, which has them in many forms; nothing where there is none.
func written(write func(float64) string) func(any) string {
	return func(v any) string {
		switch n := v.(type) {
		case int:
			return write(float64(n))
		case float64:
			return write(n)
		case time.Duration:
			return write(n.Seconds())
		case fleet.Number:
			if n.IsSet() {
				return write(n.Float())
			}
		}
		return ""
	}
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 || n == -1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%s %ss", whole(float64(n)), noun)
}

// whole is a number without decimals, with thin spaces between the thousands.
func whole(f float64) string {
	digits := strconv.FormatFloat(math.Abs(f), 'f', 0, 64)
	var b strings.Builder
	if f < 0 {
		b.WriteByte('-')
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// amount is a number with one decimal when it is small.
func amount(f float64) string {
	if f < 10 && f != math.Trunc(f) {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return whole(f)
}

// size is a number of bytes in binary units.
func size(f float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	return amount(f) + "\u00a0" + units[i]
}

// percent is a ratio in words.
func percent(f float64) string { return amount(100*f) + "\u00a0%" }

// loaded is how much of a full load is done.
func loaded(f float64) string { return strconv.Itoa(int(100*f)) + "\u00a0% loaded" }

// moment is a Unix time in words.
func moment(f float64) string {
	return time.Unix(int64(f), 0).UTC().Format("2006-01-02 15:04:05") + " UTC"
}
