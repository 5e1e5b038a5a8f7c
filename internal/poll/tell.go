package poll

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

// maxWords bounds what is told of the API's own words.
const maxWords = 300

// tell tells the changes that one reading has brought to light, once: a line of the log and
// an event of the journal each, or one for all of a kind where there are too many.
func (e *engine) tell(changes ...fleet.Event) {
	kinds := map[fleet.EventKind]int{}
	for i := range changes {
		kinds[changes[i].Kind]++
	}
	for i := range changes {
		change := changes[i]
		switch n := kinds[change.Kind]; {
		case n > stormAbove:
			change = storm(changes, change.Kind, n)
			kinds[change.Of] = 0
		case n == 0: // told with the storm
			continue
		}
		change.Time = time.Now()
		change.Message = words(change.Message)
		e.options.Journal.Add(change)
		e.log(&change)
	}
}

// storm is many changes of one kind as one.
func storm(changes []fleet.Event, kind fleet.EventKind, n int) fleet.Event {
	s := fleet.Event{Kind: fleet.Storm, Of: kind, Count: n}
	for _, c := range changes {
		if c.Kind != kind {
			continue
		}
		s.Server = c.Server
		if name := c.Task + c.Endpoint; name == "" {
			s.Names = append(s.Names, c.Server)
		} else {
			s.Names = append(s.Names, name)
		}
		if len(s.Names) == stormAbove/2 {
			break
		}
	}
	if kind == fleet.ServerAppeared || kind == fleet.ServerVanished || kind == fleet.ServerStateChanged {
		s.Server = ""
	}
	return s
}

// log writes a change as a line.
func (e *engine) log(c *fleet.Event) {
	attrs := make([]slog.Attr, 0, 8)
	for _, a := range []struct{ key, value string }{
		{"server", c.Server}, {"task", c.Task}, {"endpoint", c.Endpoint}, {"from", c.From}, {"to", c.To},
		{"of", string(c.Of)}, {"message", c.Message},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if c.Count > 0 {
		attrs = append(attrs, slog.Int("count", c.Count))
	}
	if c.Names != nil {
		attrs = append(attrs, slog.Any("names", c.Names))
	}
	e.logger.LogAttrs(context.Background(), levelOf(c), messageOf(c), attrs...)
}

func messageOf(c *fleet.Event) string {
	switch c.Kind {
	case fleet.ServerReadable, fleet.ManagerReadable:
		what := "server"
		if c.Kind == fleet.ManagerReadable {
			what = "enterprise manager"
		}
		if c.To != "" {
			return what + " cannot be read"
		}
		return what + " can be read"
	case fleet.TablesInError:
		return "tables in error"
	case fleet.Storm:
		return "many changes at once"
	case fleet.TaskAppeared, fleet.TaskVanished, fleet.ServerAppeared, fleet.ServerVanished:
		return strings.ReplaceAll(string(c.Kind), "_", " ")
	}
	return strings.ReplaceAll(string(c.Kind), "_", " ") + " changed"
}

// levelOf: what somebody should look at is a warning.
func levelOf(c *fleet.Event) slog.Level {
	fine := true
	switch c.Kind {
	case fleet.TaskStateChanged:
		fine = c.To != fleet.TaskError
	case fleet.TaskStopReason:
		fine = !fleet.AbnormalStop(c.To)
	case fleet.ServerStateChanged:
		fine = c.To != fleet.ServerError
	case fleet.LicenseChanged:
		fine = c.To == fleet.LicenseValid
	case fleet.EndpointTestChanged:
		fine = c.To == "success"
	case fleet.ServerReadable:
		fine = c.To == ""
	case fleet.TablesInError, fleet.ServerVanished, fleet.Storm:
		fine = false
	case fleet.ManagerReadable:
		if c.To != "" {
			return slog.LevelError
		}
	}
	if fine {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// words makes one line of what the API says, and not a long one.
func words(text string) string {
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

// some is a list of names that fits a line.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, ... (%d)", strings.Join(names[:few], ", "), len(names))
}
