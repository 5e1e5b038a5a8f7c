// Package tell tells what changed: to the log and to the journal.
package tell

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// stormAbove is how many changes of one kind in one reading are told one by one.
const stormAbove = 20

// TestResult is the result of a test in an event.
var TestResult = map[fleet.Flag]string{fleet.Yes: "success", fleet.No: "failure", fleet.Unknown: "unknown"}

// maxWords bounds what is told of the API's own words.
const maxWords = 300

// wordings are what is said of a change in the log, and after which the new value is fine: it is
// worth a warning otherwise.
var wordings = map[fleet.EventKind]struct {
	text string
	fine func(to string) bool
}{
	fleet.TaskStateChanged:    {"task state changed", func(to string) bool { return to != fleet.TaskError }},
	fleet.TaskStopReason:      {"task stop reason changed", func(to string) bool { return !fleet.AbnormalStop(to) }},
	fleet.TaskAppeared:        {"task appeared", always},
	fleet.TaskVanished:        {"task vanished", always},
	fleet.TablesInError:       {"tables in error", never},
	fleet.ServerStateChanged:  {"server state changed", func(to string) bool { return to != fleet.ServerError }},
	fleet.ServerAppeared:      {"server appeared", always},
	fleet.ServerVanished:      {"server vanished", never},
	fleet.ServerReadable:      {"server cannot be read", func(to string) bool { return to == "" }},
	fleet.LicenseChanged:      {"license state changed", func(to string) bool { return to == fleet.LicenseValid }},
	fleet.EndpointTestChanged: {"endpoint test changed", func(to string) bool { return to == TestResult[fleet.Yes] }},
	fleet.ManagerReadable:     {"enterprise manager cannot be read", func(to string) bool { return to == "" }},
	fleet.Storm:               {"many changes at once", never},
}

func always(string) bool { return true }
func never(string) bool  { return false }

// Teller tells what changed in one Enterprise Manager.
type Teller struct {
	Logger  *slog.Logger
	Journal *fleet.Journal
}

// Tell tells the changes that one reading has brought to light, once: a line of the log and
// an event of the journal each, or one for all of a kind where there are too many.
func (t *Teller) Tell(changes ...fleet.Event) {
	counts := map[fleet.EventKind]int{}
	for i := range changes {
		counts[changes[i].Kind]++
	}
	for _, change := range changes {
		switch n := counts[change.Kind]; {
		case n == 0: // told with the storm
			continue
		case n > stormAbove:
			counts[change.Kind] = 0
			change = storm(changes, change, n)
		}
		change.Time, change.Message = time.Now(), Words(change.Message)
		t.Journal.Add(change)
		t.log(&change)
	}
}

// storm is many changes of one kind as one.
func storm(changes []fleet.Event, first fleet.Event, n int) fleet.Event {
	s := fleet.Event{Kind: fleet.Storm, Of: first.Kind, Count: n}
	for _, c := range changes {
		if c.Kind != first.Kind || len(s.Names) == stormAbove/2 {
			continue
		}
		if name := c.Task + c.Endpoint; name != "" {
			s.Server, s.Names = c.Server, append(s.Names, name)
		} else {
			s.Names = append(s.Names, c.Server)
		}
	}
	return s
}

// log writes a change as a line.
func (t *Teller) log(c *fleet.Event) {
	var attrs []slog.Attr
	for _, a := range []struct{ key, value string }{
		{"server", c.Server}, {"task", c.Task}, {"endpoint", c.Endpoint}, {"from", c.From}, {"to", c.To},
		{"of", string(c.Of)}, {"names", strings.Join(c.Names, ", ")}, {"message", c.Message},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if c.Count > 0 {
		attrs = append(attrs, slog.Int("count", c.Count))
	}
	wording, level := wordings[c.Kind], slog.LevelInfo
	switch {
	case !wording.fine(c.To) && c.Kind == fleet.ManagerReadable:
		level = slog.LevelError
	case !wording.fine(c.To):
		level = slog.LevelWarn
	case c.Kind == fleet.ManagerReadable || c.Kind == fleet.ServerReadable:
		wording.text = strings.Replace(wording.text, "cannot", "can", 1)
	}
	t.Logger.LogAttrs(context.Background(), level, wording.text, attrs...)
}

// Words makes one line of what the API says, and not a long one.
func Words(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ") {
		if !unicode.IsPrint(r) {
			r = '?'
		}
		if b.Len()+len(string(r)) > maxWords {
			return b.String() + "…"
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Some is a list of names that fits a line.
func Some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, ... (%d)", strings.Join(names[:few], ", "), len(names))
}
