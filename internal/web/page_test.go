package web

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

func tileOf(t *testing.T, page, label string) (severity, text string) {
	t.Helper()
	m := regexp.MustCompile(`class="(\w+)" href="[^"]*"><span class="label">` + label +
		`</span>(.*)</a></li>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no tile %q", label)
	}
	return m[1], words(m[2])
}

// No trouble is painted green, and what was not measured is grey.
func TestTiles(t *testing.T) {
	none := replicating("free", 5)
	none.Expected.Latency = fleet.Number{}
	objectiveless := manager("m", serverOf("s", none))
	fresh := Manager{Name: "new", PollInterval: time.Minute, Started: now}
	for _, c := range []struct {
		name     string
		managers []Manager
		label    string
		severity string
		text     string
	}{
		{"well", []Manager{manager("m", serverOf("s", replicating("a", 5)))}, "Tasks that need attention", "ok", "0 of 1"},
		{"well", []Manager{manager("m", serverOf("s", replicating("a", 5)))}, "Tasks late", "ok", "0 behind their objective"},
		{"in error", two(), "Tasks that need attention", "critical", "5 of 7"},
		{"late", two(), "Tasks late", "warning", "2 behind their objective; 1 have none"},
		{"no objective", []Manager{objectiveless}, "Tasks late", "unknown", "– no task has an objective"},
		{"a server lost", []Manager{manager("m", serverOf("s", replicating("a", 5)), lost("l", replicating("b", 5),
			replicating("c", 5)))},
			"Tasks that need attention", "unknown", "0 of 3, 2 not seen"},
		{"a server lost", []Manager{manager("m", serverOf("s"), lost("l"))}, "Servers read", "critical",
			"1 of 2 monitored, 1 needs attention"},
		{"never seen", []Manager{manager("m", lost("l"))}, "Tasks that need attention", "unknown", "– no task has been seen"},
		{"nothing read yet", []Manager{fresh}, "Servers read", "unknown", "– no server has been seen"},
		{"nothing read yet", []Manager{fresh}, "Enterprise Managers read", "unknown", "0 of 1"},
		{"down", []Manager{down("m", "wrong password")}, "Enterprise Managers read", "critical", "0 of 1"},
		{"one down", []Manager{down("m", "x"), manager("n", serverOf("s"))}, "Servers read", "unknown", "1 of 5 monitored"},
		{"down", []Manager{down("m", "wrong password")}, "Tasks that need attention", "unknown", "0 of 12, 12 not seen"},
		{"no manager", nil, "Tasks that need attention", "unknown", "– no task has been seen"},
	} {
		severity, text := tileOf(t, pageOf(t, "/", c.managers...), c.label)
		if severity != c.severity || text != c.text {
			t.Errorf("%s: %s is %s: %q; want %s: %q", c.name, c.label, severity, text, c.severity, c.text)
		}
	}
}

func TestPageSaysWhatWasSeen(t *testing.T) {
	page := pageOf(t, "/", append(two(), Manager{Name: "new", PollInterval: time.Minute, StateInterval: 10 * time.Second,
		Started: now})...)
	has(t, words(page),
		"1.2.3, up for 1 h 30 min", "reload the page to refresh it", "Not ready. Waiting for the first reading of new to end",
		"Its server list has not been read yet.",
		"https://qem.example.com/attunityenterprisemanager , states every 15 s, details every 1 min", "Read 10 s ago",
		"Not everything could be read: 1 problem", "s2 / unread : took too long (GetTaskDetails, timeout)",
		"10 s ago details 30 s ago, took 4 s next in 30 s", "task state: running → error ORA-01555 &lt;b&gt;")
	has(t, page, `href="./metrics"`, `href="./config"`, `href="./-/healthy"`, `href="./-/ready"`, `href="./api/v1/status"`,
		`data-refresh="5"`, "<title>(6) qem_exporter</title>")
}

func TestPageTellsWhatChanged(t *testing.T) {
	m := manager("m")
	for _, e := range []fleet.Event{
		{Server: "s1", Kind: fleet.Storm, Count: 500, Of: fleet.TaskStateChanged, Names: []string{"a", "b"}},
		{Server: "s1", Kind: fleet.LicenseChanged, To: "expired"},
		{Server: "s1", Kind: fleet.LicenseChanged, From: "expired", Endpoint: "lake"},
	} {
		e.Time = now
		m.Journal.Add(e)
	}
	has(t, words(pageOf(t, "/", m)), "s1 500 × task state: a, b …", "s1 license state: expired",
		"s1 lake: license state: no longer expired")
}

func TestPageOfTrouble(t *testing.T) {
	refused := down("prod", "wrong user or password")
	refused.NextLogin = now.Add(15 * time.Minute)
	has(t, words(pageOf(t, "/", refused)), "Its server list could not be read: wrong user or password",
		"Logins are refused or fail.",
		"The next login is due in 15 min", "At the last sight, 1 h ago, it had 4 servers and 12 tasks", "Read 1 h ago",
		"12 not seen")
	stuck := manager("stuck")
	stuck.Wedged = "GetTaskList of repl-01 has not ended for 5 min"
	has(t, words(pageOf(t, "/", stuck)), "Nothing is read any more: GetTaskList of repl-01")

	slow, expired := serverOf("slow"), serverOf("expired")
	slow.Sweep.Took = 90 * time.Second
	expired.Details.License.Expires = fleet.Unix(ago(7 * 24 * time.Hour))
	page := words(pageOf(t, "/", manager("m", slow, expired, lost("gone", replicating("orders", 5)))))
	has(t, page, "reading it took 1 min 30 s, longer than its interval of 1 min", "expired 7 d ago",
		"last seen 10 min ago",
		"was running at the last sight, 10 min ago")

	o := options(two()...)
	status := o.Status()
	status.Shard, status.TotalShards = 2, 4
	status.ReloadFailed, status.ReloadFailedAt, status.Warnings = "qem.yml: line 3", ago(time.Hour),
		[]string{"password: a # begins a comment"}
	o.Status = func() Status { return status }
	has(t, words(ask(t, o, "GET", "/").Body.String()), "Shard 2 of 4", "The last reload failed", "qem.yml: line 3",
		"2026-11-22 11:00:00 UTC", "a # begins a comment")
}

func TestPageEscapes(t *testing.T) {
	hostile := `</style><script>alert(1)</script>"' onload=x` + "`"
	m := two()[0]
	m.Name, m.URL = hostile, hostile
	s := m.View.Servers[0]
	s.Name, s.Tasks[0].Name, s.Tasks[0].Message, s.Tasks[0].Tags = hostile, hostile, hostile, []string{hostile}
	open := query{Open: []string{key(hostile, hostile, hostile)}}.link()
	for _, address := range []string{"/", "/" + open, "/?q=%22%3E%3Cscript%3E", "/api/v1/status", "/api/v1/events"} {
		body := ask(t, options(m), "GET", address).Body.String()
		for _, bad := range []string{"<script>", `=x"' onload`} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q unescaped", address, bad)
			}
		}
	}
	has(t, pageOf(t, "/"+open, m), "&lt;script&gt;alert(1)", `{manager=&#34;`)
}

// The policy allows no inline script or style and nothing from elsewhere, so the
// page may have none; what it loads is there, and may be kept.
func TestPageLoadsOnlyItsOwnFiles(t *testing.T) {
	o := options(two()...)
	w := ask(t, o, "GET", "/?open=east%2Fs1%2Fbroken")
	page := w.Body.String()
	for _, bad := range []string{
		"<style", " style=", "<iframe", "src=\"http", "url(", "javascript:", " onclick", "<script>",
	} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	policy := w.Header().Get("Content-Security-Policy")
	has(t, policy, "default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'",
		"base-uri 'none'")
	loaded := regexp.MustCompile(`(?:src|href)="\./(static/[^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(loaded) != 3 || strings.Contains(policy, "unsafe") {
		t.Fatalf("the page loads %v, want a style, a script and an icon", loaded)
	}
	for _, file := range loaded {
		got := ask(t, o, "GET", "/"+file[1])
		if got.Code != 200 || got.Body.Len() == 0 || !strings.Contains(got.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %d bytes, %v", file[1], got.Code, got.Body.Len(), got.Header())
		}
	}
}

var taskName = regexp.MustCompile(`aria-expanded="(?:true|false)"[^>]*>([^<]*)</a>`)

func listed(t *testing.T, address string, managers ...Manager) string {
	t.Helper()
	var names []string
	for _, m := range taskName.FindAllStringSubmatch(pageOf(t, address, managers...), -1) {
		names = append(names, m[1])
	}
	return strings.Join(names, " ")
}

// What a visitor without scripts gets by links and the search form.
func TestTasksOfAQuery(t *testing.T) {
	all := "broken later late unread tables well Loading"
	for address, want := range map[string]string{
		"/":                              all,
		"/?state=attention":              "broken later late unread tables",
		"/?state=error":                  "broken",
		"/?state=late":                   "later late",
		"/?state=unread":                 "unread",
		"/?state=loading":                "Loading",
		"/?state=stopped":                "",
		"/?state=nonsense":               all,
		"/?q=LATE":                       "later late",
		"/?q=oracle+east":                "broken later late well",
		"/?q=ora-01555":                  "broken",
		"/?q=tag:gold":                   "broken",
		"/?q=message:gold":               "",
		"/?q=server:s2+state:running":    "later unread",
		"/?q=source:erp+manager:west":    "tables Loading",
		"/?q=nowhere":                    "",
		"/?manager=west":                 "tables Loading",
		"/?manager=east&server=s1":       "broken late well",
		"/?sort=task":                    "broken late later Loading tables unread well",
		"/?sort=-task":                   "well unread tables Loading later late broken",
		"/?sort=-latency":                "later late well broken tables unread Loading",
		"/?sort=latency":                 "tables broken well late later unread Loading",
		"/?sort=-errors":                 "tables broken later late unread well Loading",
		"/?sort=server&manager=east":     "broken late well later unread",
		"/?sort=nonsense":                all,
		"/?from=100":                     all,
		"/?from=-3":                      all,
		"/?state=gone&open=east%2Fs1%2F": "",
	} {
		if got := listed(t, address, two()...); got != want {
			t.Errorf("%s shows %q, want %q", address, got, want)
		}
	}
}

func TestServersAreSorted(t *testing.T) {
	old, young := serverOf("b-old"), serverOf("a-young")
	old.Details.License.Expires = fleet.Unix(now.Add(40 * 24 * time.Hour))
	young.Details.License.Expires = fleet.Unix(now.Add(400 * 24 * time.Hour))
	m := manager("m", young, old, lost("lost"))
	for address, want := range map[string]string{
		"/": "lost a-young b-old", "/?order=name": "a-young b-old lost", "/?order=licence": "b-old a-young lost",
	} {
		var names []string
		for _, found := range regexp.MustCompile(`id="s-\w+-link"[^>]*>([^<]*)</a>`).FindAllStringSubmatch(pageOf(t, address, m), -1) {
			names = append(names, found[1])
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s shows %q, want %q", address, got, want)
		}
	}
}

func TestLinksKeepTheRestOfTheQuery(t *testing.T) {
	has(t, pageOf(t, "/?q=a&manager=east&sort=-latency&open=east%2Fs1%2Flate", two()...),
		`<th scope="col" class="latency" aria-sort="descending">`,
		`href="?manager=east&amp;open=east%2Fs1%2Flate&amp;q=a&amp;sort=latency#tasks"`,                 // the same column the other way
		`href="?manager=east&amp;q=a&amp;sort=-latency#`,                                                // closes the task
		`href="?manager=east&amp;open=east%2Fs1%2Flate&amp;q=a&amp;sort=-latency&amp;state=late#tasks"`, // filters
		`href="?open=east%2Fs1%2Flate&amp;q=a&amp;sort=-latency#tasks"`,                                 // every manager again
		`name="manager" value="east"`, `name="sort" value="-latency"`, `value="a"`)
}

func TestDetailsOfATask(t *testing.T) {
	page := pageOf(t, "/?open=west%2Fs1%2Ftables&open=east%2Fs2%2Funread&open=east%2Fs1%2Fbroken", two()...)
	text := words(page)
	has(t, text, "Source erp (Oracle)", "Target lake", "Total 3 s", "Latency at most 1 min", "Changes are processed 2",
		"In error 1", "HR.PEOPLE: error, 2 data errors", "its details could not be read: took too long",
		"{manager=&#34;west&#34;, server=&#34;s1&#34;, task=&#34;tables&#34;}")
	has(t, page, `href="https://grafana.example.com/d/qem-task?var-manager=east&amp;var-server=s1&amp;var-task=broken"`,
		`href="https://example.com/runbooks/QemTaskError.md"`, `href="https://qem.example.com/attunityenterprisemanager"`)
	if strings.Contains(text, "NaN") || strings.Contains(text, "Memory") {
		t.Errorf("what is absent is shown: %s", text)
	}
	has(t, words(pageOf(t, "/?q=Loading", two()...)), "45 % loaded")
}

func TestLargeFleetIsShownInParts(t *testing.T) {
	big := many(10000)
	page := pageOf(t, "/", big)
	has(t, words(page), "1 to 100 of 10 000 tasks", "Show all 100 servers", "In error 300")
	has(t, page, `href="?from=100#tasks"`, `href="?sort=-latency#tasks"`)
	last := pageOf(t, "/?from=9900", big)
	has(t, last, `id="previous"`)
	if strings.Contains(last, `id="next"`) {
		t.Error("there is a page after the last")
	}
	if got := listed(t, "/?q=ora2snow_09999", big); got != "ORA2SNOW_09999" {
		t.Errorf("the search finds %q", got)
	}
	most := query{Servers: true}
	for i := range maxOpen {
		task := big.View.Servers[i].Tasks[0]
		most.Open = append(most.Open, key("big", big.View.Servers[i].Name, task.Name))
	}
	for address, limit := range map[string]int{"/": 200_000, "/" + most.link(): 300_000} {
		if size := len(pageOf(t, address, big)); size > limit {
			t.Errorf("%.40s: the page has %d bytes", address, size)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "q=a&sort=-latency&state=late&from=500", "open=a%2Fb%2Fc&open=x", "manager=%00&server=\xff",
		"from=99999999999999999999", "sort=-", "q=%3Cscript%3E+tag:", "servers=all&order=name"} {
		f.Add(seed)
	}
	h, err := New(options(two()...))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		values, _ := url.ParseQuery(raw) // what it could read
		q := parseQuery(values)
		if again := parseQuery(q.values()); again.link() != q.link() {
			t.Errorf("%q becomes %q, then %q", raw, q.link(), again.link())
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = raw
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 || strings.Contains(w.Body.String(), "<script>") ||
			!strings.HasSuffix(w.Body.String(), "</html>\n") {
			t.Errorf("%q: %d %s", raw, w.Code, w.Body)
		}
	})
}

func BenchmarkPage(b *testing.B) {
	for _, address := range []string{
		"/", "/?sort=-latency", "/?q=snow_099", "/api/v1/status", "/api/v1/status?details=true",
	} {
		b.Run(address, func(b *testing.B) {
			h, err := New(options(many(10000)))
			if err != nil {
				b.Fatal(err)
			}
			size := 0
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", address, nil))
				size = w.Body.Len()
			}
			b.ReportMetric(float64(size), "body-bytes")
		})
	}
}

func TestWords(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1234: "-1\u202f234",
	} {
		if got := whole(f); got != want {
			t.Errorf("whole(%v) = %q, want %q", f, got, want)
		}
	}
	for f, want := range map[float64]string{
		0: "0\u00a0B", 1536: "1.5\u00a0KiB", 1 << 30: "1\u00a0GiB", 200 << 20: "200\u00a0MiB",
	} {
		if got := size(f); got != want {
			t.Errorf("size(%v) = %q, want %q", f, got, want)
		}
	}
}
