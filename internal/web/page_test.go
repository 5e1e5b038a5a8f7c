package web

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// words is the text of a page, in one line, as one reads it.
func words(html string) string {
	html = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, " ")
	return strings.Join(strings.Fields(html), " ")
}

func has(t *testing.T, page string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(cut(page, 20000))
	}
}

func TestPageSaysWhatWasSeen(t *testing.T) {
	o := options(prod(polled()), Manager{Name: "new", PollInterval: 10 * time.Second})
	page := ask(t, o, "GET", "/").Body.String()
	has(t, words(page),
		"1.2.3, up for 1h30m", "Not ready. Waiting for the first poll of new to end",
		"https://qem.example.com/attunityenterprisemanager, every 1m",
		"could not read everything: 3 problems", "ended 10s ago and took 2s",
		"The first 1 of 3 problems", "GetTaskDetails, AEM_TASK_NOT_FOUND",
		"Tasks that need attention 3 of 6", "Servers up 1 of 2 monitored, 1 needs attention", "Enterprise Managers up 1 of 2",
		"1 in error 1 recovering 2 running 1 stopped 1 in another state",
		"its tasks are not read", "The first poll has not ended yet.",
	)
	has(t, page, `href="./metrics"`, `href="./config"`, `href="./-/healthy"`, `href="./-/ready"`, `href="./api/v1/status"`,
		`data-refresh="5"`, "<title>(5) qem_exporter</title>")
}

func TestPageOfAManagerThatIsDown(t *testing.T) {
	m := prod(&fleet.Manager{Result: fleet.Failure, Ended: now, ProblemCount: 1, Problems: []fleet.Problem{
		{Operation: "Login", Reason: "AEM_BAD_LOGIN", Message: "Login: wrong user or password"},
	}})
	m.LastSuccess = now.Add(-time.Hour)
	page := ask(t, options(m), "GET", "/").Body.String()
	has(t, words(page), "could not log in or read the server list", "last good one ended at 2026-11-22T11:00:00Z",
		"Enterprise Manager : Login: wrong user or password (Login, AEM_BAD_LOGIN)", "No server has been read.", "No task has been read.")
	has(t, page, `-problems-down" open>`)
}

func TestPageOfAShard(t *testing.T) {
	o := options(prod(polled()))
	status := o.Status()
	status.Shard, status.TotalShards = 2, 4
	o.Status = func() Status { return status }
	has(t, words(ask(t, o, "GET", "/").Body.String()), "Shard 2 of 4")
}

func TestPageEscapes(t *testing.T) {
	hostile := `</style><script>alert(1)</script>"' onload=x` + "`"
	m := prod(polled())
	m.Name, m.URL = hostile, hostile
	s := &m.Last.Servers[0]
	s.Name, s.Tasks[3].Name, s.Tasks[3].Message, s.Tasks[3].Tags = hostile, hostile, hostile, []string{hostile}
	for _, address := range []string{"/", "/?" + query{Search: "script", Limit: 7, Open: []string{key(hostile, hostile, hostile)}}.values().Encode(), "/?q=" + "%22%3E%3Cscript%3E"} {
		page := ask(t, options(m), "GET", address).Body.String()
		for _, bad := range []string{"<script>", "<b>\"", "<i>", `"' onload`} {
			if strings.Contains(page, bad) {
				t.Errorf("%s has %q unescaped", address, bad)
			}
		}
	}
	page := ask(t, options(m), "GET", "/?open="+strings.ReplaceAll(key(hostile, hostile, hostile), "%", "%25")).Body.String()
	has(t, page, "&lt;script&gt;alert(1)", `{manager=&#34;`)
	var view statusView
	text := ask(t, options(m), "GET", "/api/v1/status").Body.String()
	if err := json.Unmarshal([]byte(text), &view); err != nil || view.Managers[0].Name != hostile || strings.Contains(text, "<script") {
		t.Errorf("the JSON is not escaped (%v): %s", err, text)
	}
}

// The policy allows no inline script or style and nothing from elsewhere, so the
// page may have none; what it loads is there, and may be kept.
func TestPageLoadsOnlyItsOwnFiles(t *testing.T) {
	o := options(prod(polled()))
	w := ask(t, o, "GET", "/?open=prod%2Forders%2520%253Cb%253E%2Fd")
	page := w.Body.String()
	for _, bad := range []string{"<style", " style=", "<iframe", "src=\"http", "href=\"http", "href=\"//", "url(", "javascript:", " onclick", "<script>"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	loaded := regexp.MustCompile(`(?:src|href)="\./(static/[^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(loaded) != 3 {
		t.Fatalf("the page loads %v, want a style, a script and an icon", loaded)
	}
	for _, file := range loaded {
		got := ask(t, o, "GET", "/"+file[1])
		if got.Code != 200 || got.Body.Len() == 0 || !strings.Contains(got.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %d bytes, %v", file[1], got.Code, got.Body.Len(), got.Header())
		}
		if kind := got.Header().Get("Content-Type"); strings.HasSuffix(file[1], ".js") && !strings.HasPrefix(kind, "text/javascript") {
			t.Errorf("%s is %s", file[1], kind)
		}
	}
}

// An unchanged page is not sent again; passing time alone does not change it, a
// poll, a state that time brings about, and another query do.
func TestPageIsSentWhenItChanged(t *testing.T) {
	m := prod(polled())
	o := options(m)
	clock := now
	o.Now = func() time.Time { return clock }
	managers := []Manager{m}
	o.Status = func() Status { return Status{Version: "1", Managers: managers} }
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	get := func(address, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", address, nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached", address)
		}
		return w
	}
	tag := get("/", "").Header().Get("ETag")
	clock = clock.Add(30 * time.Second)
	if w := get("/", tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("unchanged: %d, %d bytes", w.Code, w.Body.Len())
	}
	if w := get("/?q=a", tag); w.Code != 200 {
		t.Errorf("another query: %d", w.Code)
	}
	clock = clock.Add(time.Hour)
	if w := get("/", tag); w.Code != 200 {
		t.Errorf("expired: %d", w.Code)
	}
	clock = now
	next := *m.Last
	next.Ended = next.Ended.Add(time.Second)
	managers[0].Last = &next
	if w := get("/", tag); w.Code != 200 {
		t.Errorf("polled again: %d", w.Code)
	}
}

func TestHeadAndGzip(t *testing.T) {
	h, err := New(options(prod(polled())))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	for _, path := range []string{"/", "/api/v1/status"} {
		w, err := server.Client().Head(server.URL + path)
		if err != nil || w.StatusCode != 200 || w.ContentLength == 0 {
			t.Errorf("HEAD %s: %v %v", path, w, err)
		}
		_ = w.Body.Close()
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", "br;q=1, gzip;q=0.8")
		zipped := httptest.NewRecorder()
		h.ServeHTTP(zipped, r)
		z, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, err := io.ReadAll(z)
		if plain := ask(t, options(prod(polled())), "GET", path).Body.String(); err != nil || string(body) != plain {
			t.Errorf("%s unzips to something else (%v)", path, err)
		}
	}
	for accept, want := range map[string]bool{"": false, "gzip": true, "GZIP;q=1": true, "deflate, gzip;q=0": false, "gzip;q=x": false, "x-gzip": false, "br,gzip": true} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", accept)
		if acceptsGzip(r) != want {
			t.Errorf("Accept-Encoding %q: %v", accept, !want)
		}
	}
}

func TestWords(t *testing.T) {
	for s, want := range map[float64]string{
		0: "0s", 0.0123: "12ms", 2: "2s", 59.94: "59.9s", 60: "1m", 90: "1m30s", 100: "1m40s", 3600: "1h", 36000: "10h", 5400: "1h30m", 3e5: "3 days", 1e12: "11574074 days",
	} {
		if got := seconds(s); got != want {
			t.Errorf("seconds(%v) = %q, want %q", s, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1234: "-1\u202f234"} {
		if got := whole(f); got != want {
			t.Errorf("whole(%v) = %q, want %q", f, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0\u00a0B", 1536: "1.5\u00a0KiB", 1 << 30: "1\u00a0GiB", 200 << 20: "200\u00a0MiB"} {
		if got := size(f); got != want {
			t.Errorf("size(%v) = %q, want %q", f, got, want)
		}
	}
}
