package tell

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

func TestStormIsToldAsOne(t *testing.T) {
	var log bytes.Buffer
	teller := Teller{Logger: slog.New(slog.NewTextHandler(&log, nil)), Journal: &fleet.Journal{}}
	var changes []fleet.Event
	for i := range 500 {
		changes = append(changes, fleet.Event{Kind: fleet.TaskStateChanged, Server: "s", Task: fmt.Sprint("t", i)})
	}
	long := "a\n\x1b" + strings.Repeat("é", 300)
	changes = append(changes, fleet.Event{Kind: fleet.TaskAppeared, Server: "s", Task: "new", Message: long})
	teller.Tell(changes...)
	events := teller.Journal.Events(nil)
	if len(events) != 2 || events[1].Kind != fleet.Storm || events[1].Of != fleet.TaskStateChanged ||
		events[1].Count != 500 || len(events[1].Names) != 10 || events[1].Server != "s" {
		t.Fatalf("%d events: %+v", len(events), events)
	}
	if m := events[0].Message; !strings.HasPrefix(m, "a ?é") || len(m) > maxWords+len("…") || !strings.HasSuffix(m, "…") {
		t.Errorf("the words of a message: %q", m)
	}
	lines := slices.Collect(strings.Lines(log.String()))
	if len(lines) != 2 || !strings.Contains(lines[0], `level=WARN msg="many changes at once"`) ||
		!strings.Contains(lines[0], "count=500") || !strings.Contains(lines[1], `level=INFO msg="task appeared"`) {
		t.Errorf("logged %q", lines)
	}
}
