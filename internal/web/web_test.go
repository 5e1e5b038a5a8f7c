package web

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRoutes(t *testing.T) {
	profiling, moved, prefixed, stuck := options(two()...), options(two()...), options(two()...), manager("stuck")
	profiling.Pprof, moved.TelemetryPath, prefixed.RoutePrefix = true, "/qem/metrics", "/qem/"
	stuck.Wedged = "GetTaskList has not ended"
	for _, c := range []struct {
		name         string
		options      Options
		method, path string
		code         int
		contentType  string
		body         string
	}{
		{"page", options(two()...), "GET", "/", 200, "text/html; charset=utf-8", "qem_exporter"},
		{"metrics", options(), "GET", "/metrics", 200, "", "qem_up 1"},
		{"metrics elsewhere", moved, "GET", "/qem/metrics", 200, "", "qem_up 1"},
		{"page links to metrics elsewhere", moved, "GET", "/", 200, "", `href="./qem/metrics"`},
		{"no metrics at the usual place then", moved, "GET", "/metrics", 404, "", ""},
		{"below a prefix", prefixed, "GET", "/qem/metrics", 200, "", "qem_up 1"},
		{"page below a prefix", prefixed, "GET", "/qem/", 200, "", `href="./metrics"`},
		{"to the prefix", prefixed, "GET", "/", 302, "", ""},
		{"not above the prefix", prefixed, "GET", "/metrics", 404, "", ""},
		{"config", options(), "GET", "/config", 200, "text/plain; charset=utf-8", "password: <secret>\n"},
		{"healthy", options(two()...), "GET", "/-/healthy", 200, "text/plain; charset=utf-8", "healthy"},
		{"wedged", options(stuck), "GET", "/-/healthy", 503, "", "does not read stuck: GetTaskList has not ended"},
		{"healthy head", options(), "HEAD", "/-/healthy", 200, "", ""},
		{"status", options(), "GET", "/api/v1/status", 200, "application/json", `"managers":[]`},
		{"events", options(), "GET", "/api/v1/events", 200, "application/json", `"events":[]`},
		{"unknown", options(), "GET", "/nothing", 404, "", ""},
		{"below a page", options(), "GET", "/config/x", 404, "", ""},
		{"posted page", options(), "POST", "/", 405, "", ""},
		{"pprof is off", options(), "GET", "/debug/pprof/", 404, "", ""},
		{"pprof", profiling, "GET", "/debug/pprof/", 200, "", "goroutine"},
	} {
		w := ask(t, c.options, c.method, c.path)
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if got := w.Header().Get("Content-Type"); c.contentType != "" && got != c.contentType {
			t.Errorf("%s: content type %q", c.name, got)
		}
		for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options",
			"Referrer-Policy"} {
			if w.Header().Get(h) == "" {
				t.Errorf("%s: no header %s", c.name, h)
			}
		}
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
	fresh := Manager{Name: "fresh", PollInterval: time.Minute, Started: ago(30 * time.Second)}
	sweeping := manager("sweeping")
	sweeping.View.Complete, sweeping.Started = false, ago(30*time.Second)
	hanging := sweeping
	hanging.Started = ago(time.Minute)
	for _, c := range []struct {
		name     string
		managers []Manager
		code     int
		body     string
	}{
		{"nothing read", []Manager{fresh, sweeping}, 503, "first reading of fresh, sweeping to end"},
		{"one read", []Manager{manager("read"), fresh}, 503, "first reading of fresh to end"},
		{"read", []Manager{manager("read"), down("badly", "no answer")}, 200, "ready"},
		{"one server hangs", []Manager{hanging}, 200, "ready"},
	} {
		w := ask(t, options(c.managers...), "GET", "/-/ready")
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s: %d %q", c.name, w.Code, w.Body)
		}
	}
}

func TestReload(t *testing.T) {
	var failure error
	reloads := 0
	enabled := options()
	enabled.Reload = func(context.Context) error { reloads++; return failure }
	for _, c := range []struct {
		name    string
		options Options
		method  string
		headers []string
		failure error
		code    int
		body    string
	}{
		{"off", options(), "POST", nil, nil, 403, "Lifecycle API is not enabled"},
		{"get", enabled, "GET", nil, nil, 405, ""},
		{"good", enabled, "POST", nil, nil, 200, "Configuration reloaded"},
		{"bad", enabled, "POST", nil, errors.New("qem.yml: line 3: unknown key colour"), 500, "unknown key colour"},
		{"another site", enabled, "POST", []string{"Sec-Fetch-Site", "cross-site"}, nil, 403, "other sites"},
		{"a neighbour", enabled, "POST", []string{"Sec-Fetch-Site", "same-site"}, nil, 403, "other sites"},
		{"another origin", enabled, "POST", []string{"Origin", "https://evil.example"}, nil, 403, "other sites"},
		{"no origin", enabled, "POST", []string{"Origin", "null"}, nil, 403, "other sites"},
		{"a name pointed here", enabled, "POST", []string{"Origin", "http://example.com", "Sec-Fetch-Site", "same-origin"},
			nil, 403, "other sites"},
	} {
		failure, reloads = c.failure, 0
		w := ask(t, c.options, c.method, "/-/reload", c.headers...)
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.body) || (reloads == 1) != (c.code == 200 ||
			c.code == 500) {
			t.Errorf("%s: %d %q, %d reloads", c.name, w.Code, w.Body, reloads)
		}
	}
	if w := ask(t, enabled, "POST", "http://127.0.0.1:10045/-/reload", "Origin", "http://127.0.0.1:10045"); w.Code != 200 {
		t.Errorf("from the page itself: %d", w.Code)
	}
}

func TestTelemetryPath(t *testing.T) {
	for path, good := range map[string]bool{
		"/metrics": true, "/qem/metrics": true, "/configuration": true, "/api/v2/metrics": true, "/-/metrics": true,
		"": false, "metrics": false, "/": false, "/config": false, "/config/metrics": false, "/-/ready": false,
		"/-/reload":      false,
		"/api/v1/status": false, "/static/metrics": false, "/debug/pprof/metrics": false, "/metrics/": false,
		"/a/../metrics": false, "//metrics": false,
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

func TestGzip(t *testing.T) {
	for _, path := range []string{"/", "/api/v1/status"} {
		zipped := ask(t, options(two()...), "GET", path, "Accept-Encoding", "br;q=1, gzip;q=0.8")
		z, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, err := io.ReadAll(z)
		if plain := ask(t, options(two()...), "GET", path).Body.String(); err != nil || string(body) != plain {
			t.Errorf("%s unzips to something else (%v)", path, err)
		}
	}
}
