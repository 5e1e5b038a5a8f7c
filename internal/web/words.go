package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// seconds is a duration in words short enough for a table.
func seconds(s float64) string {
	if s >= 48*3600 { // also what no time.Duration can hold
		return fmt.Sprintf("%.0f days", math.Floor(s/86400))
	}
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return shorten(d.Round(time.Second))
	}
	return shorten(d.Round(time.Minute))
}

// age is a duration in words, in whole seconds; page.js has the same.
func age(s float64) string { return seconds(math.Floor(s)) }

// shorten leaves out the units at the end that are zero.
func shorten(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
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

// moment is a Unix time in words.
func moment(f float64) string {
	return time.Unix(int64(f), 0).UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// summary tells how the last poll of a manager went.
func (m Manager) summary(state string) string {
	switch state {
	case stateWaiting:
		return "The first poll has not ended yet."
	case stateDown:
		return "The last poll could not log in or read the server list: none of its servers and tasks have metrics."
	case stateExpired:
		return "The last poll is older than max_age: its servers and tasks have no metrics any more."
	case statePartial:
		return "The last poll could not read everything: " + count(m.Last.ProblemCount, "problem") + "."
	}
	return "The last poll read everything."
}

// stateCount is a state with the number of its tasks.
type stateCount struct {
	Name, Words string
	Count       int
}

// States lists the states that have tasks, the worst first.
func (c taskCounts) States() []stateCount {
	all := []stateCount{
		{"error", "in error", c.Error}, {"recovering", "recovering", c.Recovering}, {"late", "late", c.Late},
		{"running", "running", c.Running}, {"stopped", "stopped", c.Stopped}, {"other", "in another state", c.Other},
	}
	return slices.DeleteFunc(all, func(s stateCount) bool { return s.Count == 0 })
}

// where names the server and task that a problem is about.
func (p problemView) where() string {
	switch {
	case p.Server == "":
		return "Enterprise Manager"
	case p.Task == "":
		return p.Server
	}
	return p.Server + " / " + p.Task
}
