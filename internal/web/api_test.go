package web

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// decoded is a JSON answer, and what stands at a path in it, such as "managers/0/name"; nil
// when there is nothing.
type decoded struct{ value any }

func jsonOf(t testing.TB, address string, managers ...Manager) decoded {
	t.Helper()
	w := ask(t, options(managers...), "GET", address)
	var d decoded
	if err := json.Unmarshal(w.Body.Bytes(), &d.value); err != nil || w.Code != 200 {
		t.Fatalf("%s: %d %v in %s", address, w.Code, err, w.Body)
	}
	return d
}

func (d decoded) at(path string) any {
	v := d.value
	for name := range strings.SplitSeq(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i := int(name[0] - '0')
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func TestStatus(t *testing.T) {
	compose := &fleet.Task{Name: "mart", Product: fleet.Compose, State: fleet.TaskRunning, Up: fleet.Yes,
		Compose: &fleet.ComposeDetails{Commands: fleet.Num(3)}}
	managers := append(two(), manager("m", serverOf("s", compose), lost("l", replicating("x", 1))), down("off",
		"no answer"))
	for _, c := range []struct {
		address, path string
		want          any
	}{
		{"", "ready", true},
		{"", "attention/tasks", 5.0},
		{"", "managers/0/state", "partial"},
		{"", "managers/0/server_list/last", "2026-11-22T11:59:50Z"},
		{"", "managers/0/tasks/error", 1.0},
		{"", "managers/0/servers/0/up", true},
		{"", "managers/0/servers/0/sweep/duration_seconds", 4.0},
		{"", "managers/0/servers/0/license_ends", nil},
		{"", "managers/0/servers/0/tasks/0/severity", "critical"},
		{"", "managers/0/servers/0/tasks/0/details", nil},
		{"", "managers/0/servers/0/tasks/0/state_since_timestamp_seconds", float64(now.Unix() - 7200)},
		{"", "managers/0/servers/0/tasks/1/late", true},
		{"", "managers/0/servers/1/tasks/1/late", nil},
		{"", "managers/0/servers/1/tasks/1/total_latency_seconds", nil},
		{"", "managers/0/servers/1/tasks/1/problem/reason", "timeout"},
		{"", "managers/2/servers/1/up", false},
		{"", "managers/2/servers/1/tasks_listed", nil},
		{"", "managers/2/servers/1/task_counts/total", 1.0},
		{"", "managers/2/servers/1/task_counts/not_seen", 1.0},
		{"", "managers/2/servers/1/tasks/0/not_seen", true},
		{"", "managers/3/state", "down"},
		{"", "managers/3/last_sight/tasks", 12.0},
		{"?manager=m", "managers/0/name", "m"},
		{"?manager=m", "managers/1", nil},
		{"?server=s2", "managers/0/servers/0/name", "s2"},
		{"?server=s2", "attention/tasks", 2.0},
		{"?details=true", "managers/0/servers/0/tasks/0/details/source", "erp"},
		{"?details=true", "managers/0/servers/0/tasks/0/details/memory_bytes", nil},
		{"?task=mart", "managers/2/servers/0/tasks/0/compose/commands", 3.0},
	} {
		if got := jsonOf(t, "/api/v1/status"+c.address, managers...).at(c.path); got != c.want {
			t.Errorf("%s: %s is %v, want %v", c.address, c.path, got, c.want)
		}
	}
	fresh := jsonOf(t, "/api/v1/status", Manager{Name: "new", Started: now, PollInterval: time.Minute})
	if fresh.at("ready") != false || fresh.at("managers/0/state") != "waiting" ||
		fresh.at("managers/0/server_list") != nil {
		t.Errorf("before the first reading: %v", fresh.value)
	}
}

func TestEvents(t *testing.T) {
	m := manager("m")
	for i, e := range []fleet.Event{
		{Server: "s1", Task: "a", Kind: fleet.TaskStateChanged, From: "running", To: "error"},
		{Server: "s2", Kind: fleet.LicenseChanged, To: "expired"},
		{Server: "s1", Kind: fleet.Storm, Count: 500, Of: fleet.TaskStateChanged, Names: []string{"a", "b"}},
	} {
		e.Time = ago(time.Duration(3-i) * time.Hour)
		m.Journal.Add(e)
	}
	other := manager("other")
	other.Journal.Add(fleet.Event{Time: ago(90 * time.Minute), Server: "s3", Kind: fleet.ServerVanished})
	for address, want := range map[string]string{
		"": "storm server_vanished license_state task_state", "?server=s1": "storm task_state", "?task=a": "task_state",
		"?since=90m":                            "storm",
		"?manager=m&since=2026-11-22T09:30:00Z": "storm license_state",
		"?manager=m&since=1":                    "storm license_state task_state",
		"?manager=other":                        "server_vanished", "?manager=nobody": "",
	} {
		var kinds []string
		answer := jsonOf(t, "/api/v1/events"+address, m, other)
		for _, e := range answer.at("events").([]any) {
			kinds = append(kinds, decoded{e}.at("kind").(string))
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	if w := ask(t, options(m), "GET", "/api/v1/events?since=yesterday"); w.Code != 400 ||
		!strings.Contains(w.Body.String(), "12h") {
		t.Errorf("a bad since: %d %s", w.Code, w.Body)
	}
}

// Clients that do not read what they asked for hold up others, who are told to come again.
func TestStatusIsWrittenToFewAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &handler{Options: options(many(1000)), streams: make(chan struct{}, maxStreams)}
		for range maxStreams {
			h.streams <- struct{}{}
		}
		w := httptest.NewRecorder()
		began := time.Now()
		h.api(w, httptest.NewRequest("GET", "/api/v1/status?details=true", nil))
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || time.Since(began) != streamPatience {
			t.Errorf("%d after %s", w.Code, time.Since(began))
		}
		<-h.streams
		w = httptest.NewRecorder()
		h.api(w, httptest.NewRequest("GET", "/api/v1/status?details=true", nil))
		if w.Code != 200 || len(h.streams) != maxStreams-1 {
			t.Errorf("%d, %d places taken", w.Code, len(h.streams))
		}
	})
}
