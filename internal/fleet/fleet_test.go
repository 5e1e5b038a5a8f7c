package fleet

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"testing"
	"time"
)

func TestZeroNumberIsAbsent(t *testing.T) {
	for _, n := range []Number{{}, Num(math.NaN()), Num(math.Inf(1)), Unix(time.Time{}), Unknown.Number()} {
		if n.IsSet() || !math.IsNaN(n.Float()) || n.Or(7) != 7 || !n.Time().IsZero() {
			t.Errorf("%v is a number", n)
		}
		if text, _ := json.Marshal(n); string(text) != "null" {
			t.Errorf("absent is %s in JSON", text)
		}
	}
	for _, v := range []float64{0, math.Copysign(0, -1), 1, -1, 1e300, 1764100000.125} {
		if n := Num(v); !n.IsSet() || n.Float() != v || n.Or(7) != v {
			t.Errorf("%g became %v", v, n)
		}
	}
	at := time.UnixMilli(1764100000125)
	if !Unix(at).Time().Equal(at) {
		t.Errorf("%v became %v", at, Unix(at).Time())
	}
}

func TestTaskAttention(t *testing.T) {
	now := time.Unix(2e9, 0)
	running := func(d TaskDetails) Task { return Task{State: TaskRunning, Up: Yes, Details: &d} }
	late := running(TaskDetails{TotalLatency: Num(108000)})
	late.Expected.Latency = Num(300)
	overdue := running(TaskDetails{FullLoad: FullLoad{Start: Num(2e9 - 7200)}})
	overdue.Expected.FullLoad = Num(3600)
	loaded := overdue
	loaded.Details = &TaskDetails{FullLoad: FullLoad{Start: Num(2e9 - 7200), End: Num(2e9 - 3600)}}
	ticket := Task{State: TaskError, Up: Yes, Expected: Expectation{Priority: PriorityTicket}}
	nobody := Task{State: TaskError, Up: Yes, Expected: Expectation{Priority: PriorityNone}}
	forgotten := Task{State: TaskStopped, StopReason: "normal", Up: Yes, Expected: Expectation{Running: true}}
	for _, c := range []struct {
		name   string
		task   Task
		want   Severity
		reason string
	}{
		{"running", running(TaskDetails{}), Fine, ""},
		{"not read yet", Task{State: TaskRunning}, NotKnown, "its details have not been read yet"},
		{"unread", Task{State: TaskRunning, Up: No}, Warning, "its details could not be read"},
		{"no state", Task{Up: Yes}, NotKnown, "its state is not known"},
		{"unknown state", Task{State: "paused", Up: Yes}, Warning, "in the state paused"},
		{"stopped by hand", Task{State: TaskStopped, StopReason: "normal", Up: Yes}, Fine, ""},
		{"unknown reason", Task{State: TaskStopped, StopReason: "meteor", Up: Yes}, Critical, "meteor"},
		{"expected to run", forgotten, Critical, "stopped, though it is expected to run"},
		{"late", late, Warning, "1 d 6 h behind, objective 5 min"},
		{"load overdue", overdue, Warning, "loading for 2 h, objective 1 h"},
		{"loaded", loaded, Fine, ""},
		{"in error", Task{State: TaskError, Message: "ORA-1", Up: Yes}, Critical, "ORA-1"},
		{"ticket", ticket, Warning, "in error"},
		{"nobody is told", nobody, Fine, "in error"},
	} {
		a := c.task.Attention(now)
		if a.Severity != c.want || (c.reason != "" && (len(a.Reasons) == 0 || a.Reasons[0] != c.reason)) {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}

func TestLicense(t *testing.T) {
	now := time.Unix(2e9, 0)
	for _, c := range []struct {
		name    string
		license License
		want    Severity
		reason  string
	}{
		{"perpetual", License{State: LicenseValid, Remaining: Num(-86400)}, Fine, ""},
		{"the date goes before the state", License{State: LicenseValid, Expires: Num(2e9 - 7*86400)}, Critical,
			"licence expired 7 d ago"},
		{"the date goes before the days", License{State: LicenseValid, Expires: Num(2e9 + 1e8), Remaining: Num(86400)},
			Fine, ""},
		{"days without a date", License{State: LicenseValid, Remaining: Num(86400)}, Warning, "licence ends in 1 d"},
		{"unknown state", License{State: "revoked"}, Critical, "licence: revoked"},
		{"nothing known", License{}, Fine, ""},
	} {
		if severity, reason := c.license.Judge(now); severity != c.want || reason != c.reason {
			t.Errorf("%s: %s, %q", c.name, severity, reason)
		}
	}
}

func TestJournalKeepsTheLast(t *testing.T) {
	var j Journal
	for range JournalSize + 10 {
		j.Add(Event{Kind: TaskStateChanged})
	}
	events := j.Events(nil)
	if len(events) != JournalSize || events[0].Number != JournalSize+10 || events[JournalSize-1].Number != 11 {
		t.Errorf("%d events, from %d to %d", len(events), events[0].Number, events[len(events)-1].Number)
	}
	if one := j.Events(func(e *Event) bool { return e.Number == 15 }); len(one) != 1 {
		t.Errorf("%d events of one number", len(one))
	}
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0 s", 0.0004: "under 1 ms", 0.0116: "12 ms", 1: "1 s", 4.06: "4.1 s", 59.6: "1 min", 90: "1 min 30 s",
		3600: "1 h", 5400: "1 h 30 min", 108000: "1 d 6 h", -60: "-1 min",
	} {
		if got := Span(Num(seconds)); got != want {
			t.Errorf("%g s is %q, want %q", seconds, got, want)
		}
	}
	if got := Span(Number{}); got != "unknown" {
		t.Errorf("nothing is %q", got)
	}
}

// Every alert that a judgement names has a runbook.
func TestAlertsHaveRunbooks(t *testing.T) {
	source, err := os.ReadFile("judge.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`"(Qem\w+)"`).FindAllSubmatch(source, -1)
	if len(names) < 15 {
		t.Fatalf("only %d alerts are named", len(names))
	}
	for _, m := range names {
		if _, err := os.Stat("../../docs/runbooks/" + string(m[1]) + ".md"); err != nil {
			t.Error(err)
		}
	}
}
