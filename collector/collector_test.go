package collector

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// values are samples that are wanted.
type values = map[string]string

// serverOf is a server of which nothing but its name and tasks is known.
func serverOf(name string, tasks ...*fleet.Task) *fleet.Server {
	return &fleet.Server{Name: name, Product: fleet.Replicate, Tasks: tasks}
}

func taskOf(name string) *fleet.Task { return &fleet.Task{Name: name, Product: fleet.Replicate} }

// What the golden fleet has not.
func TestSamplesOfATask(t *testing.T) {
	r := newRig(t, Options{})
	task := taskOf("t")
	task.Tags = []string{"a", " b", "a", "", "\xff", "\xfe"}
	task.Compose = goldenCompose().Compose
	r.NewManager("m", ManagerOptions{}).Server(serverOf("s", task))
	tag := func(text string) string { return `qem_task_tag{manager="m",server="s",task="t",tag="` + text + `"}` }
	r.want("tags that are the same once written", "tag", values{tag("a"): "1", tag(" b"): "1", tag("\uFFFD"): "1"})
	r.want("a Replicate task has nothing of Compose", "qem_compose", nil)
	for i := range 2 * fleet.MaxTags {
		task.Tags = append(task.Tags, fmt.Sprint(i))
	}
	r.NewManager("n", ManagerOptions{}).Server(serverOf("s", task))
	if got := r.samples(`qem_task_tag{manager="n"`); len(got) != fleet.MaxTags-3 { // 6, of which 3 are left out
		t.Errorf("%d tags have series", len(got))
	}
}

// Whoever mistypes a row is told at once: there is no Collector.
func TestWrongPaths(t *testing.T) {
	for path, want := range map[string]string{
		"Details.Nothing": "fleet.TaskDetails has no field Nothing", "Details.Type": "a *string is no number",
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasSuffix(got, want) {
					t.Errorf("%s: %s, want %s", path, got, want)
				}
			}()
			entity[fleet.Task]{}.field(path)
		}()
	}
}

// Of what the API names twice the first stays, alone, and the rest is counted.
func TestDuplicates(t *testing.T) {
	r := newRig(t, Options{})
	m := r.NewManager("m", ManagerOptions{})
	first, second := taskOf("t"), taskOf("t")
	first.State, second.State = fleet.TaskRunning, "unheard_of"
	for i, schema := range []string{"A", "B", "A"} {
		first.Tables = append(first.Tables, fleet.Table{Schema: schema, Name: "X", DataErrors: fleet.Count(i)})
	}
	s := serverOf("s", first, second, taskOf("\xff"), taskOf("\xfe"))
	s.Endpoints = []fleet.Endpoint{{Name: "e", Role: "source", Licensed: fleet.Yes}, {Name: "e", Role: "source"}}
	s.Outline.Last, s.Duplicates = time.Now(), 10
	m.Server(s)
	for part, want := range map[string]int{"unheard_of": 0, "qem_task_priority": 2, "qem_table_data_errors": 2,
		"qem_endpoint_info": 1} {
		if got := r.samples(part); len(got) != want {
			t.Errorf("%d samples with %s, want %d: %v", len(got), part, want, got)
		}
	}
	r.want("the table that came first", `schema="A"`,
		values{`qem_table_data_errors_total{manager="m",server="s",task="t",schema="A",table="X"}`: "0"})
	again := *s
	m.Server(&again) // of the same reading
	r.want("counted", "duplicates", values{`qem_exporter_duplicates_dropped_total{manager="m"}`: "14"})
}

// What a family says of texts that the API's documents do not know is bounded.
func TestUnknownTextsAreBounded(t *testing.T) {
	r := newRig(t, Options{ErrorCodes: []string{"AEM_TASK_NOT_FOUND"}})
	m := r.NewManager("m", ManagerOptions{})
	s := serverOf("s")
	for i := range 30 {
		task := taskOf(fmt.Sprint("t", i))
		task.State, task.StopReason = fmt.Sprint("state", i), fmt.Sprint("reason", i)
		task.TableStates = &fleet.TableStates{Other: map[string]int{fmt.Sprint("a", i): 1, fmt.Sprint("b", i): 2}}
		task.Tables = []fleet.Table{{Name: "x", State: fmt.Sprint("state", i)}}
		s.Tasks = append(s.Tasks, task)
		m.Failed("GetTaskList", fmt.Sprint("CODE", i))
		m.Request("GetTaskList", 600+i, time.Second)
	}
	known := taskOf("known")
	known.State, known.StopReason = fleet.TaskRunning, "fatal_error"
	s.Tasks, s.Unreadable = append(s.Tasks, known), "AEM_TASK_NOT_FOUND"
	for _, reason := range []string{"AEM_TASK_NOT_FOUND", "timeout", "http_503"} {
		m.Failed("GetTaskList", reason)
	}
	m.Request("GetTaskList", 503, time.Second)
	m.Server(s)
	for _, c := range []struct {
		part, label string
		texts       int // those that are known and there, 20 others, and otherText
		known       []string
	}{
		{"qem_task_state{", "state", 25, []string{"running", "stopped"}},
		{"qem_task_stop_reason{", "reason", 22, []string{"fatal_error"}},
		{"qem_table_state{", "state", 21, nil},
		{"qem_task_tables{", "state", 26, []string{"loading"}},
		{"qem_api_errors_total{", "error", 24, []string{"AEM_TASK_NOT_FOUND", "timeout", "http_503"}},
		{"qem_api_requests_total{", "code", 22, []string{"503"}},
	} {
		texts := r.texts(c.part, c.label)
		for _, text := range append(c.known, otherText) {
			if !slices.Contains(texts, text) {
				t.Errorf("%s lacks %s", c.part, text)
			}
		}
		if len(texts) != c.texts {
			t.Errorf("%s has %d texts, want %d", c.part, len(texts), c.texts)
		}
	}
	const unreadable = `qem_server_unreadable{manager="m",server="s",reason="AEM_TASK_NOT_FOUND"}`
	r.want("an error code that is known", "qem_server_unreadable", values{unreadable: "1"})
	const others = `qem_task_tables{manager="m",server="s",task="t29",state="other"}`
	r.want("tables in states beyond are added up", others, values{others: "3"})
}

func TestManagerMetrics(t *testing.T) {
	r := newRig(t, Options{})
	m := r.NewManager("m", ManagerOptions{URL: "u"})
	up := func(want string) values { return values{`qem_up{manager="m"}`: want} }
	m.Roster(&fleet.Roster{List: fleet.Reading{Last: time.Unix(1000, 0)}, Listed: fleet.Count(3), Duplicates: 1})
	r.want("it could not be read", "qem_up", up("0"))
	r.want("it is served for a while", "qem_servers", values{`qem_servers{manager="m",state="listed"}`: "3"})
	for _, result := range []fleet.Result{fleet.Success, fleet.Success, fleet.Partial, fleet.Failure, "unheard of"} {
		m.Polled(result)
	}
	r.want("counted", "qem_polls", values{`qem_polls_total{manager="m",result="success"}`: "2",
		`qem_polls_total{manager="m",result="partial"}`: "1", `qem_polls_total{manager="m",result="failure"}`: "1"})
	var next time.Time
	m.Configure(ManagerOptions{URL: "v", NextLogin: func() time.Time { return next }})
	r.want("no login is refused", "login_next", nil)
	next = time.Unix(2000, 0)
	r.want("logins are refused", "login_next", values{`qem_login_next_attempt_timestamp_seconds{manager="m"}`: "2000"})
	r.want("configured anew", "qem_manager_info", values{`qem_manager_info{manager="m",url="v"}`: "1"})
}

func TestRequestDurationIsANativeHistogram(t *testing.T) {
	r := newRig(t, Options{})
	r.NewManager("m", ManagerOptions{}).Request("GetServerList", 200, time.Second)
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(families,
		func(f *dto.MetricFamily) bool { return f.GetName() == "qem_api_request_duration_seconds" })
	if h := families[i].GetMetric()[0].GetHistogram(); len(h.GetPositiveSpan()) == 0 || len(h.GetBucket()) == 0 {
		t.Errorf("native and classic buckets are wanted, got %v", h)
	}
}

func TestConfigReloaded(t *testing.T) {
	const ok, at = "qem_exporter_config_last_reload_successful",
		"qem_exporter_config_last_reload_success_timestamp_seconds"
	r := newRig(t, Options{})
	r.want("before it was loaded", "reload", nil)
	r.ConfigReloaded(true, time.Unix(1000, 0))
	r.want("after a success", "reload", values{ok: "1", at: "1000"})
	r.ConfigReloaded(false, time.Unix(2000, 0))
	r.want("after a failure", "reload", values{ok: "0", at: "1000"})
}

func TestCloseLeavesNothing(t *testing.T) {
	r := newRig(t, Options{})
	r.NewManager("stays", ManagerOptions{}).Server(serverOf("s"))
	before := r.samples("")
	goes := r.NewManager("goes", ManagerOptions{})
	underWay := func() {
		goes.Login(true)
		goes.Request("GetServerList", 200, time.Second)
		goes.Failed("GetServerList", "timeout")
		goes.Retry("GetServerList")
		goes.Polled(fleet.Success)
		goes.Roster(&fleet.Roster{Up: true})
		goes.Server(serverOf("s"))
		goes.Gone("nobody")
	}
	underWay()
	if len(r.samples(`"goes"`)) < 10 {
		t.Error("it was never there")
	}
	goes.Close()
	underWay() // what ends after it was closed
	goes.Close()
	if diff := cmp.Diff(before, r.samples("")); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	r.NewManager("goes", ManagerOptions{})
	underWay()
	if got := r.samples("logins")[`qem_api_logins_total{manager="goes",result="success"}`]; got != "0" {
		t.Errorf("a new manager starts with %s logins of the old one", got)
	}
}

// servers are those that are served.
func (r *rig) servers() string { return strings.Join(r.texts("qem_server_info", "server"), " ") }

// What an old poller has published is served until the new one has seen everything.
func TestSucceed(t *testing.T) {
	for _, test := range []struct {
		name string
		ends func(next *Manager)
	}{
		{"the first sweep is complete", func(next *Manager) { next.Roster(&fleet.Roster{Up: true, Complete: true}) }},
		{"it takes too long", func(*Manager) { time.Sleep(time.Minute) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Options{})
				old := r.NewManager("m", ManagerOptions{})
				old.Roster(&fleet.Roster{Up: true, Complete: true})
				old.Server(serverOf("old"))
				old.Login(true)
				next := old.Succeed(ManagerOptions{PollInterval: time.Minute})
				again := next.Succeed(ManagerOptions{PollInterval: time.Minute}) // another reload at once
				for _, late := range []*Manager{old, next} {
					late.Server(serverOf("late"))
					late.Gone("old")
					late.Close()
				}
				r.want("handed over", "qem_up", values{`qem_up{manager="m"}`: "1"})
				again.Server(serverOf("new"))
				if got := r.servers(); got != "old" {
					t.Errorf("before the end of the first sweep: %q", got)
				}
				test.ends(again)
				if got := r.servers(); got != "new" {
					t.Errorf("after it: %q", got)
				}
				if got := r.samples("logins")[`qem_api_logins_total{manager="m",result="success"}`]; got != "1" {
					t.Errorf("%s logins are counted, want those of both", got)
				}
				again.Close()
				if got := r.samples(`manager="m"`); len(got) > 0 {
					t.Errorf("closed, but there is %v", got)
				}
			})
		})
	}
}

// What is compressed of a Snapshot is made once, so it must stay the same one as long as nothing but
// timestamps changes.
func TestReadyBodiesStay(t *testing.T) {
	r := newRig(t, Options{})
	m := r.NewManager("m", ManagerOptions{})
	for _, s := range goldenServers(time.Unix(1000, 0)) {
		m.Server(s)
	}
	current := func() *exposition.Snapshot {
		r.hurry.Store(true)
		_, kept := r.Current()
		return kept
	}
	before := current()
	m.Roster(&fleet.Roster{Up: true, Listed: fleet.Num(4)})
	for _, s := range goldenServers(time.Unix(2000, 0)) { // new slices and values that are the same
		s.LastConnection = fleet.Num(3000)
		m.Server(s)
	}
	if current() != before {
		t.Error("another Snapshot although only timestamps have changed")
	}
	if got := r.samples("qem_server_last_connection"); len(got) != 4 {
		t.Errorf("not the last timestamps are served: %v", got)
	}
	m.Server(serverOf("repl 01"))
	if current() == before || len(r.samples(`task="ORA2SNOW"`)) > 0 {
		t.Error("the same Snapshot after a server has changed")
	}
}

// A merge that is dear is not made at every scrape, but never late by more than a second.
func TestMergesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.patient = true
		m := r.NewManager("m", ManagerOptions{})
		m.Server(serverOf("a"))
		dear := func(took time.Duration) {
			r.servers()
			last := *r.merged.Load()
			last.began, last.took = time.Now(), took
			r.merged.Store(&last)
		}
		for _, c := range []struct{ took, late time.Duration }{
			{10 * time.Millisecond, 100 * time.Millisecond}, {time.Hour, time.Second},
		} {
			dear(c.took)
			m.Server(serverOf("b"))
			time.Sleep(c.late - 1)
			if got := r.servers(); got != "a" {
				t.Errorf("%v after a merge that took %v: %q", c.late-1, c.took, got)
			}
			time.Sleep(1)
			if got := r.servers(); got != "a b" {
				t.Errorf("%v after a merge that took %v: %q", c.late, c.took, got)
			}
			m.Gone("b")
			time.Sleep(time.Second)
		}
		dear(time.Hour)
		m.Server(serverOf("b"))
		m.Roster(&fleet.Roster{Complete: true}) // who is ready has everything on /metrics
		if got := r.servers(); got != "a b" {
			t.Errorf("once it is complete: %q", got)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	r := newRig(t, Options{})
	var users sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprint("m", i)
		m := r.NewManager(name, ManagerOptions{})
		users.Go(func() {
			for n := range 30 {
				m.Server(serverOf("s", taskOf(fmt.Sprint("t", n))))
				m.Roster(&fleet.Roster{Up: true, Complete: n%2 == 0})
				m.Request("GetTaskList", 200, time.Second)
				m.Server(serverOf("comes and goes"))
				m.Gone("comes and goes")
			}
			m = m.Succeed(ManagerOptions{})
			m.Server(serverOf("s", taskOf("last")))
			m.Roster(&fleet.Roster{Up: true, Complete: true})
		})
		users.Go(func() {
			for range 30 {
				other := r.NewManager("other"+name, ManagerOptions{})
				other.Server(serverOf("s"))
				other.Close()
			}
		})
		users.Go(func() {
			for range 30 {
				r.text()
			}
		})
	}
	users.Wait()
	if got := r.samples("qem_task_priority"); len(got) != 4 || len(r.samples(`task="last",priority`)) != 4 {
		t.Errorf("not what was published last is served: %v", got)
	}
}
