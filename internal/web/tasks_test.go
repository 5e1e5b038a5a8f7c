package web

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// replicating is a running task with that latency against an objective of a minute.
func replicating(name string, latency float64) fleet.Task {
	d := unmeasured()
	d.TotalLatency, d.Source, d.SourceType, d.Target = latency, "erp", "Oracle", "lake"
	return fleet.Task{Name: name, Product: fleet.Replicate, State: fleet.TaskRunning, Up: true, LatencyObjective: 60, Details: &d}
}

// unmeasured has no number.
func unmeasured() fleet.TaskDetails {
	no := fleet.Absent()
	rate := fleet.Throughput{SourceRecords: no, SourceBytes: no, TargetRecords: no, TargetBytes: no}
	return fleet.TaskDetails{
		SourceLatency: no, TotalLatency: no, AppliedInserts: no, AppliedUpdates: no, AppliedDeletes: no, AppliedDDL: no, CDCThroughput: rate,
		CommitRecords: no, RolledBackTransactions: no, RolledBackRecords: no, RolledBackBytes: no,
		AppliedTransactions: no, AppliedRecords: no, AppliedBytes: no, ApplyingTransactions: no, ApplyingRecords: no,
		AccumulatedInMemory: no, AccumulatedOnDisk: no, ApplyingInMemory: no, ApplyingOnDisk: no, MemoryBytes: no, CPU: no, DiskBytes: no, DataErrors: no,
		FullLoad: fleet.FullLoad{
			TablesCompleted: no, TablesLoading: no, TablesQueued: no, TablesError: no, RecordsCompleted: no, RecordsEstimated: no, Start: no, End: no, Throughput: rate,
		},
	}
}

func unlicensed(name string, tasks ...fleet.Task) fleet.Server {
	no := fleet.Absent()
	return fleet.Server{
		Name: name, Product: fleet.Replicate, State: fleet.ServerMonitored, Up: fleet.Yes, LastConnection: no,
		DiskBytes: no, MemoryBytes: no, ReplicateCPU: no, MachineCPU: no, License: fleet.License{Issued: no, Expires: no, DaysToExpiration: no}, Tasks: tasks,
	}
}

// two is a fleet of two managers with seven tasks.
func two() []Manager {
	loading := replicating("Loading", fleet.Absent())
	loading.Details.FullLoad.TablesLoading, loading.Details.FullLoad.RecordsCompleted, loading.Details.FullLoad.RecordsEstimated = 2, 45, 100
	errored := replicating("broken", 5)
	errored.State, errored.StopReason, errored.Message, errored.Tags = fleet.TaskError, "fatal_error", "ORA-01555: snapshot too old", []string{"gold"}
	errored.Details.DataErrors = 7
	tables := replicating("tables", 3)
	tables.TableStates = &fleet.TableStates{ChangeProcessing: 2, Error: 1}
	tables.Tables = []fleet.Table{{Schema: "HR", Name: "PEOPLE", State: fleet.TableError, DataErrors: 2}}
	unread := fleet.Task{Name: "unread", State: fleet.TaskRunning, LatencyObjective: fleet.Absent()}
	late, later, well := replicating("late", 90), replicating("later", 600), replicating("well", 10)
	at := func(name string, servers ...fleet.Server) Manager {
		return Manager{Name: name, PollInterval: time.Minute, MaxAge: 3 * time.Minute, Last: &fleet.Manager{
			Name: name, Result: fleet.Success, Started: now, Ended: now, Servers: servers,
			Problems: []fleet.Problem{{Server: "s2", Task: "unread", Operation: "GetTaskDetails", Reason: "timeout", Message: "took too long"}}, ProblemCount: 1,
		}}
	}
	return []Manager{at("east", unlicensed("s1", well, late, errored), unlicensed("s2", unread, later)), at("west", unlicensed("s1", loading, tables))}
}

var taskName = regexp.MustCompile(`aria-expanded="(?:true|false)"[^>]*>([^<]*)</a>`)

// listed are the tasks that a page shows, in order.
func listed(t *testing.T, address string, managers ...Manager) string {
	t.Helper()
	w := ask(t, options(managers...), "GET", address)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", address, w.Code, w.Body)
	}
	var names []string
	for _, m := range taskName.FindAllStringSubmatch(w.Body.String(), -1) {
		names = append(names, m[1])
	}
	return strings.Join(names, " ")
}

// What a visitor without scripts gets by links and the search form.
func TestTasksOfAQuery(t *testing.T) {
	for address, want := range map[string]string{
		"/":                                 "broken later late unread tables Loading well",
		"/?state=attention":                 "broken later late unread tables",
		"/?state=error":                     "broken",
		"/?state=late":                      "later late",
		"/?state=unread":                    "unread",
		"/?state=loading":                   "Loading",
		"/?state=stopped":                   "",
		"/?state=nonsense":                  "broken later late unread tables Loading well",
		"/?q=LATE":                          "later late",
		"/?q=oracle+east":                   "broken later late well",
		"/?q=ora-01555":                     "broken",
		"/?q=gold":                          "broken",
		"/?q=running+s2":                    "later unread",
		"/?q=nowhere":                       "",
		"/?manager=west":                    "tables Loading",
		"/?manager=east&server=s1":          "broken late well",
		"/?server=s1":                       "broken late tables Loading well",
		"/?sort=task":                       "broken late later Loading tables unread well",
		"/?sort=-task":                      "well unread tables Loading later late broken",
		"/?sort=-latency":                   "later late well broken tables unread Loading",
		"/?sort=latency":                    "tables broken well late later unread Loading",
		"/?sort=-errors":                    "tables broken later late unread Loading well",
		"/?sort=state&manager=east":         "broken later late unread well",
		"/?sort=server&manager=east":        "broken late well later unread",
		"/?sort=nonsense":                   "broken later late unread tables Loading well",
		"/?limit=2":                         "broken later",
		"/?limit=2&open=west%2Fs1%2Ftables": "broken later tables",
		"/?limit=-3":                        "broken later late unread tables Loading well",
	} {
		if got := listed(t, address, two()...); got != want {
			t.Errorf("%s shows %q, want %q", address, got, want)
		}
	}
}

func TestLinksKeepTheRestOfTheQuery(t *testing.T) {
	page := ask(t, options(two()...), "GET", "/?q=a&manager=east&sort=-latency&open=east%2Fs1%2Flate").Body.String()
	has(t, page,
		`<th scope="col" class="latency" aria-sort="descending">`,
		`href="?manager=east&amp;open=east%2Fs1%2Flate&amp;q=a&amp;sort=latency#tasks"`,                 // the same column the other way
		`href="?manager=east&amp;q=a&amp;sort=-latency#`,                                                // closes the task
		`href="?manager=east&amp;open=east%2Fs1%2Flate&amp;q=a&amp;sort=-latency&amp;state=late#tasks"`, // filters
		`href="?open=east%2Fs1%2Flate&amp;q=a&amp;sort=-latency#tasks"`,                                 // every manager again
		`name="manager" value="east"`, `name="sort" value="-latency"`, `value="a"`,
	)
}

func TestDetailsOfATask(t *testing.T) {
	page := words(ask(t, options(two()...), "GET", "/?open=west%2Fs1%2Ftables&open=east%2Fs2%2Funread").Body.String())
	has(t, page, "Source erp (Oracle)", "Target lake", "Total 3s", "Objective 1m", "Changes are processed 2", "In error 1",
		"HR.PEOPLE: error, 2 data errors", "took too long (GetTaskDetails, timeout)", "{manager=&#34;west&#34;, server=&#34;s1&#34;, task=&#34;tables&#34;}")
	if strings.Contains(page, "NaN") || strings.Contains(page, "Memory") {
		t.Errorf("what is absent is shown: %s", page)
	}
	has(t, words(ask(t, options(two()...), "GET", "/?q=Loading").Body.String()), "45 % loaded")
}

// many is a fleet of n tasks on servers of 100, every tenth with a trouble.
func many(n int) Manager {
	last := &fleet.Manager{Name: "big", Result: fleet.Success, Started: now.Add(-time.Second), Ended: now}
	for s := 0; s < n; s += 100 {
		server := unlicensed(fmt.Sprintf("server-%03d", s/100))
		for i := range min(100, n-s) {
			task := replicating(fmt.Sprintf("ORA2SNOW_%05d", s+i), float64((s+i)%55))
			switch i % 40 {
			case 5:
				task.State, task.Message = fleet.TaskError, "Cannot connect to the target"
			case 15:
				task.Details.TotalLatency = 100
			case 25:
				task.State, task.StopReason = fleet.TaskStopped, "normal"
			}
			server.Tasks = append(server.Tasks, task)
		}
		last.Servers = append(last.Servers, server)
	}
	return Manager{Name: "big", URL: "https://qem.example.com/attunityenterprisemanager", PollInterval: time.Minute, MaxAge: 3 * time.Minute, Last: last}
}

func TestLargeFleetIsShownInParts(t *testing.T) {
	big := many(10000)
	w := ask(t, options(big), "GET", "/")
	if size := w.Body.Len(); size > 150_000 {
		t.Errorf("the page has %d bytes", size)
	}
	text := words(w.Body.String())
	has(t, text, "The first 100 of 10 000 tasks", "Show 400 more", "Show all 100 servers", "In error 300")
	if n := len(strings.Fields(listed(t, "/?limit=500", big))); n != 500 {
		t.Errorf("%d tasks, want 500", n)
	}
	if got := listed(t, "/?q=ora2snow_09999", big); got != "ORA2SNOW_09999" {
		t.Errorf("the search finds %q", got)
	}
	if n := strings.Count(ask(t, options(big), "GET", "/?servers=all&q=x").Body.String(), `id="s-`) / 2; n != 100 {
		t.Errorf("%d servers, want 100", n)
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "q=a&sort=-latency&state=late&limit=5", "open=a%2Fb%2Fc&open=x", "manager=%00&server=\xff", "limit=99999999999999999999", "sort=-", "q=%3Cscript%3E", "servers=all"} {
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
		if w.Code != 200 || strings.Contains(w.Body.String(), "<script>") || !strings.HasSuffix(w.Body.String(), "</html>\n") {
			t.Errorf("%q: %d %s", raw, w.Code, w.Body)
		}
	})
}

func BenchmarkPage(b *testing.B) {
	for _, bench := range []struct{ name, address string }{
		{"10000 tasks", "/"}, {"10000 tasks, sorted", "/?sort=-latency"}, {"10000 tasks, searched", "/?q=snow_099"},
	} {
		b.Run(bench.name, func(b *testing.B) { benchmark(b, bench.address) })
	}
}

func BenchmarkStatusJSON(b *testing.B) {
	b.Run("10000 tasks", func(b *testing.B) { benchmark(b, "/api/v1/status") })
	b.Run("10000 tasks with details", func(b *testing.B) { benchmark(b, "/api/v1/status?details=true") })
}

func benchmark(b *testing.B, address string) {
	h, err := New(options(many(10000)))
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest("GET", address, nil)
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		size = w.Body.Len()
	}
	b.ReportMetric(float64(size), "body-bytes")
}
