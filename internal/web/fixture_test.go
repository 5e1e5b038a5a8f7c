package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// replicating is a running task with that latency against an objective of a minute.
func replicating(name string, latency float64) *fleet.Task {
	return &fleet.Task{
		Name: name, Product: fleet.Replicate, State: fleet.TaskRunning, Up: fleet.Yes,
		Expected: fleet.Expectation{Latency: fleet.Num(60)},
		Details:  &fleet.TaskDetails{TotalLatency: fleet.Num(latency), Source: "erp", SourceType: "Oracle", Target: "lake"},
	}
}

// server is one that was read ten seconds ago.
func serverOf(name string, tasks ...*fleet.Task) *fleet.Server {
	return &fleet.Server{
		Name: name, Product: fleet.Replicate, State: fleet.ServerMonitored, Up: fleet.Yes, Interval: time.Minute,
		Outline: fleet.Reading{Last: ago(10 * time.Second), Took: time.Second, Due: now.Add(5 * time.Second)},
		Sweep:   fleet.Reading{Last: ago(30 * time.Second), Took: 4 * time.Second, Due: now.Add(30 * time.Second)},
		Details: &fleet.ServerDetails{License: fleet.License{State: fleet.LicenseValid}},
		Tasks:   tasks, TasksListed: fleet.Count(len(tasks)), TasksPolled: fleet.Count(len(tasks)),
	}
}

// lost is a server that cannot be read any more; it had the tasks ten minutes ago.
func lost(name string, tasks ...*fleet.Task) *fleet.Server {
	s := serverOf(name)
	s.Up, s.Unreadable, s.Details, s.TasksListed = fleet.No, "timeout", nil, fleet.Number{}
	s.ProblemCount, s.Problems = 1, []fleet.Problem{{Server: name, Operation: "GetTaskList", Reason: "timeout",
		Message: "took too long"}}
	if tasks != nil {
		s.Past = &fleet.Past{Seen: ago(10 * time.Minute), Tasks: tasks}
	}
	return s
}

func manager(name string, servers ...*fleet.Server) Manager {
	return Manager{
		Name: name, URL: "https://qem.example.com/attunityenterprisemanager", StateInterval: 15 * time.Second,
		PollInterval: time.Minute, MaxAge: 3 * time.Minute, Started: ago(time.Hour), Journal: &fleet.Journal{},
		View: &fleet.Manager{Servers: servers, Roster: &fleet.Roster{
			Name: name, Up: true, Complete: true, List: fleet.Reading{Last: ago(10 * time.Second),
				Due: now.Add(5 * time.Second)}}},
	}
}

// down is a manager whose server list cannot be read and is not served any more.
func down(name, message string) Manager {
	m := manager(name)
	m.View.Up, m.View.List.Last = false, ago(time.Hour)
	m.View.List.Problem = &fleet.Problem{Operation: "Login", Reason: "AEM_BAD_LOGIN", Message: message}
	m.View.Past = &fleet.Past{Seen: ago(time.Hour), Servers: 4, TaskCount: 12}
	return m
}

// two is a fleet of two managers with seven tasks.
func two() []Manager {
	loading := replicating("Loading", 0)
	loading.Details.TotalLatency = fleet.Number{}
	loading.Details.FullLoad = fleet.FullLoad{TablesLoading: fleet.Num(2), RecordsCompleted: fleet.Num(45),
		RecordsEstimated: fleet.Num(100)}
	broken := replicating("broken", 5)
	broken.State, broken.StopReason, broken.Message, broken.Tags = fleet.TaskError, "fatal_error",
		"ORA-01555: snapshot too old", []string{"gold"}
	broken.Details.DataErrors, broken.StateSince = fleet.Num(7), fleet.Unix(ago(2*time.Hour))
	tables := replicating("tables", 3)
	tables.TableStates = &fleet.TableStates{ChangeProcessing: 2, Error: 1}
	tables.Tables = []fleet.Table{{Schema: "HR", Name: "PEOPLE", State: fleet.TableError, DataErrors: fleet.Num(2)}}
	unread := &fleet.Task{Name: "unread", State: fleet.TaskRunning, Up: fleet.No, Problem: &fleet.Problem{
		Server: "s2", Task: "unread", Operation: "GetTaskDetails", Reason: "timeout", Message: "took too long"}}
	east := manager("east", serverOf("s1", broken, replicating("late", 90), replicating("well", 10)), serverOf("s2",
		replicating("later", 600), unread))
	east.View.Servers[1].Problems, east.View.Servers[1].ProblemCount = []fleet.Problem{*unread.Problem}, 1
	east.Journal.Add(fleet.Event{Time: ago(2 * time.Hour), Kind: fleet.TaskStateChanged, Server: "s1", Task: "broken",
		From: "running", To: "error", Message: "ORA-01555 <b>"})
	return []Manager{east, manager("west", serverOf("s1", tables, loading))}
}

// many is a fleet of n tasks on servers of 100, every tenth with a trouble.
func many(n int) Manager {
	m := manager("big")
	for s := 0; s < n; s += 100 {
		one := serverOf(fmt.Sprintf("server-%03d", s/100))
		for i := range min(100, n-s) {
			task := replicating(fmt.Sprintf("ORA2SNOW_%05d", s+i), float64((s+i)%55))
			switch i % 40 {
			case 5:
				task.State, task.Message = fleet.TaskError, "Cannot connect to the target"
			case 15:
				task.Details.TotalLatency = fleet.Num(100)
			case 25:
				task.State, task.StopReason = fleet.TaskStopped, "normal"
			}
			one.Tasks = append(one.Tasks, task)
		}
		one.TasksListed = fleet.Count(len(one.Tasks))
		m.View.Servers = append(m.View.Servers, one)
	}
	return m
}

func options(managers ...Manager) Options {
	return Options{
		TelemetryPath: "/metrics",
		Metrics:       http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "qem_up 1") }),
		Status: func() Status {
			return Status{Version: "1.2.3", Started: ago(90 * time.Minute), Managers: managers,
				Links: Links{Grafana: "https://grafana.example.com", Runbooks: "https://example.com/runbooks/"}}
		},
		Config: func() []byte { return []byte("password: <secret>\n") },
		Logger: slog.New(slog.DiscardHandler),
		Now:    func() time.Time { return now },
	}
}

// ask makes one request, with headers in pairs of name and value.
func ask(t testing.TB, o Options, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// words is the text of a page, in one line, as one reads it.
func words(html string) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, " ")), " ")
}

func pageOf(t *testing.T, address string, managers ...Manager) string {
	t.Helper()
	w := ask(t, options(managers...), "GET", address)
	if w.Code != 200 || !strings.HasSuffix(w.Body.String(), "</html>\n") {
		t.Fatalf("%s: %d %s", address, w.Code, w.Body)
	}
	return w.Body.String()
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
