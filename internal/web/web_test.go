package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// polled is a poll that ended ten seconds ago and met one of everything.
func polled() *fleet.Manager {
	return &fleet.Manager{
		Name:     "prod",
		Result:   fleet.Partial,
		Started:  now.Add(-12 * time.Second),
		Ended:    now.Add(-10 * time.Second),
		Duration: 2 * time.Second,
		Servers: []fleet.Server{
			{Name: "orders <b>", Product: fleet.Replicate, Version: "2025.11", State: fleet.ServerMonitored, Up: fleet.Yes, Tasks: []fleet.Task{
				{Name: "a", State: fleet.TaskRunning, Up: true}, {Name: "b", State: fleet.TaskRunning},
				{Name: "c", State: fleet.TaskStopped, Up: true}, {Name: "d", State: fleet.TaskError, Up: true},
				{Name: "e", State: fleet.TaskRecovering, Up: true}, {Name: "f", State: "pausing", Up: true},
			}},
			{Name: "billing", Product: fleet.Compose, State: fleet.ServerError, Up: fleet.No, Message: `<script>alert("x")</script>`},
			{Name: "lab", Product: fleet.Replicate, State: fleet.ServerNotMonitored},
		},
		Problems: []fleet.Problem{{
			Server: "orders <b>", Task: "d'\"&", Operation: "GetTaskDetails", Reason: "AEM_TASK_NOT_FOUND", Message: "no <i>such</i> task",
		}},
		ProblemCount: 3,
	}
}

func options(managers ...Manager) Options {
	return Options{
		TelemetryPath: "/metrics",
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "qem_up 1")
		}),
		Status: func() Status {
			return Status{Version: "1.2.3", Started: now.Add(-90 * time.Minute), Managers: managers}
		},
		Config: func() []byte { return []byte("password: <secret>\n") },
		Logger: slog.New(slog.DiscardHandler),
		Now:    func() time.Time { return now },
	}
}

func prod(last *fleet.Manager) Manager {
	return Manager{Name: "prod", URL: "https://qem.example.com/attunityenterprisemanager", PollInterval: time.Minute, MaxAge: 3 * time.Minute, Last: last}
}

func ask(t *testing.T, o Options, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestRoutes(t *testing.T) {
	profiling := options(prod(polled()))
	profiling.Pprof = true
	moved := options(prod(polled()))
	moved.TelemetryPath = "/qem/metrics"

	for _, tc := range []struct {
		name         string
		options      Options
		method, path string
		code         int
		contentType  string
		body         string
	}{
		{"page", options(prod(polled())), "GET", "/", 200, "text/html; charset=utf-8", "qem_exporter"},
		{"metrics", options(prod(polled())), "GET", "/metrics", 200, "", "qem_up 1"},
		{"metrics elsewhere", moved, "GET", "/qem/metrics", 200, "", "qem_up 1"},
		{"page links to metrics elsewhere", moved, "GET", "/", 200, "", `href="./qem/metrics"`},
		{"no metrics at the usual place then", moved, "GET", "/metrics", 404, "", ""},
		{"config", options(), "GET", "/config", 200, "text/plain; charset=utf-8", "password: <secret>\n"},
		{"healthy", options(), "GET", "/-/healthy", 200, "text/plain; charset=utf-8", "healthy"},
		{"healthy head", options(), "HEAD", "/-/healthy", 200, "", ""},
		{"status", options(), "GET", "/api/v1/status", 200, "application/json", `"managers":[]`},
		{"unknown", options(), "GET", "/nothing", 404, "", ""},
		{"below a page", options(), "GET", "/config/x", 404, "", ""},
		{"posted page", options(), "POST", "/", 405, "", ""},
		{"posted metrics", options(), "POST", "/metrics", 405, "", ""},
		{"pprof is off", options(), "GET", "/debug/pprof/", 404, "", ""},
		{"pprof", profiling, "GET", "/debug/pprof/", 200, "", "goroutine"},
		{"pprof cmdline", profiling, "GET", "/debug/pprof/cmdline", 200, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, tc.options, tc.method, tc.path)
			if w.Code != tc.code {
				t.Fatalf("%s %s = %d, want %d", tc.method, tc.path, w.Code, tc.code)
			}
			if got := w.Header().Get("Content-Type"); tc.contentType != "" && got != tc.contentType {
				t.Errorf("content type %q, want %q", got, tc.contentType)
			}
			if !strings.Contains(w.Body.String(), tc.body) {
				t.Errorf("body lacks %q:\n%s", tc.body, w.Body)
			}
			for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"} {
				if w.Header().Get(h) == "" {
					t.Errorf("no header %s", h)
				}
			}
		})
	}
}

func TestHeadersOfTheWebConfigurationStay(t *testing.T) {
	h, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	w.Header().Set("X-Frame-Options", "sameorigin")
	h.ServeHTTP(w, httptest.NewRequest("GET", "/-/healthy", nil))
	if got := w.Header().Get("X-Frame-Options"); got != "sameorigin" {
		t.Errorf("X-Frame-Options = %q, want what the web configuration set", got)
	}
}

func TestReady(t *testing.T) {
	failed := &fleet.Manager{Name: "prod", Result: fleet.Failure, Ended: now}
	for _, tc := range []struct {
		name     string
		managers []Manager
		code     int
		body     string
	}{
		{"nothing polled", []Manager{{Name: "a"}, {Name: "b"}}, 503, "first poll of a, b to end"},
		{"one polled", []Manager{prod(polled()), {Name: "b"}}, 503, "first poll of b to end"},
		{"polled", []Manager{prod(polled())}, 200, "ready"},
		{"polled badly", []Manager{prod(failed)}, 200, "ready"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, options(tc.managers...), "GET", "/-/ready")
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.body) {
				t.Errorf("got %d %q, want %d and %q", w.Code, w.Body, tc.code, tc.body)
			}
		})
	}
}

func TestReload(t *testing.T) {
	enabled := func(err error) Options {
		o := options()
		o.Reload = func(context.Context) error { return err }
		return o
	}
	for _, tc := range []struct {
		name    string
		options Options
		method  string
		code    int
		body    string
	}{
		{"off", options(), "POST", 403, "Lifecycle API is not enabled"},
		{"off, get", options(), "GET", 405, ""},
		{"get", enabled(nil), "GET", 405, ""},
		{"good", enabled(nil), "POST", 200, "Configuration reloaded"},
		{"bad", enabled(errors.New("qem.yml: line 3: unknown key colour")), "POST", 500, "unknown key colour"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(t, tc.options, tc.method, "/-/reload")
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.body) {
				t.Errorf("got %d %q, want %d and %q", w.Code, w.Body, tc.code, tc.body)
			}
		})
	}
}

func TestReloadFromAnotherSite(t *testing.T) {
	o := options()
	o.Reload = func(context.Context) error { t.Error("reloaded"); return nil }
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/-/reload", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("got %d, want 403", w.Code)
	}
}

func TestTelemetryPath(t *testing.T) {
	for path, good := range map[string]bool{
		"/metrics": true, "/qem/metrics": true, "/configuration": true, "/api/v1/metrics": true, "/-/metrics": true,
		"": false, "metrics": false, "/": false, "/config": false, "/config/metrics": false, "/-/ready": false, "/-/reload": false,
		"/api/v1/status": false, "/static/metrics": false, "/debug/pprof/metrics": false, "/metrics/": false, "/a/../metrics": false, "//metrics": false,
		"/{x}": false, "/met rics": false, "/metrics?x=1": false, "/metrics#x": false, "/%6d": false, "/mètrics": false,
	} {
		o := options()
		o.TelemetryPath = path
		_, err := New(o)
		if (err == nil) != good {
			t.Errorf("telemetry path %q: error %v, want good = %v", path, err, good)
		}
		if err != nil && !strings.Contains(err.Error(), "/metrics") {
			t.Errorf("telemetry path %q: %q does not say what would be right", path, err)
		}
	}
}

func TestStatusJSON(t *testing.T) {
	w := ask(t, options(prod(polled()), Manager{Name: "new"}), "GET", "/api/v1/status")
	var got statusView
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if got.Ready || got.Version != "1.2.3" || len(got.Managers) != 2 {
		t.Fatalf("got %+v", got)
	}
	m := got.Managers[0]
	if m.State != statePartial || m.LastPoll.AgeSeconds != 10 || m.LastPoll.DurationSeconds != 2 || m.ProblemCount != 3 || len(m.Problems) != 1 {
		t.Errorf("got %+v", m)
	}
	if want := (taskCounts{Total: 6, Running: 2, Stopped: 1, Recovering: 1, Error: 1, Other: 1, Unread: 1, Attention: 3}); m.Tasks != want || m.Servers[0].TaskCounts != want {
		t.Errorf("tasks %+v and %+v, want %+v", m.Tasks, m.Servers[0].TaskCounts, want)
	}
	ups := fmt.Sprint(*m.Servers[0].Up, *m.Servers[1].Up, m.Servers[2].Up)
	if ups != "true false <nil>" {
		t.Errorf("servers up: %s", ups)
	}
	if got.Managers[1].State != stateWaiting || got.Managers[1].LastPoll != nil {
		t.Errorf("got %+v", got.Managers[1])
	}
}

func TestManagerState(t *testing.T) {
	for _, tc := range []struct {
		result   fleet.Result
		age      time.Duration
		want     string
		severity severity
	}{
		{fleet.Success, 0, stateUp, fine},
		{fleet.Partial, 0, statePartial, warning},
		{fleet.Failure, 0, stateDown, critical},
		{fleet.Success, 4 * time.Minute, stateExpired, critical},
		{fleet.Failure, 4 * time.Minute, stateDown, critical},
	} {
		last := &fleet.Manager{Result: tc.result, Ended: now.Add(-tc.age)}
		got := viewManager(prod(last), now, selection{})
		if got.State != tc.want || got.Severity != tc.severity {
			t.Errorf("%s, %s old: %s, %s; want %s, %s", tc.result, tc.age, got.State, got.Severity, tc.want, tc.severity)
		}
	}
}
