package app

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit"
)

// The matrix breaks every operation in every way, in fake time: the app is whole but
// for its sockets. What is served meanwhile is right or absent; what the fault does
// not meet is there; and all is well again when it has ended.

// column is a fault without its target.
type column struct {
	name   string
	fault  aemtest.Fault
	reason string // in qem_api_errors_total; "" does no harm
	body   bool   // it is about the body, which a good login does not have
}

func columns() []column {
	list := []column{
		{"hang", aemtest.Fault{Kind: aemtest.FaultHang}, "timeout", false},
		{"slow", aemtest.Fault{Kind: aemtest.FaultSlow, Pause: 5 * time.Second}, "timeout", true},
		{"late, but in time", aemtest.Fault{Kind: aemtest.FaultLatency, Latency: time.Second}, "", false},
		{"connection reset", aemtest.Fault{Kind: aemtest.FaultReset}, "connection", false},
		{"truncated body", aemtest.Fault{Kind: aemtest.FaultTruncate}, "connection", true},
		{"broken JSON", aemtest.Fault{Kind: aemtest.FaultBrokenJSON}, "decode", true},
		{"HTML with 200", aemtest.Fault{Kind: aemtest.FaultHTML}, "decode", false},
		{"empty body", aemtest.Fault{Kind: aemtest.FaultEmpty}, "decode", false},
		{"null", aemtest.Fault{Kind: aemtest.FaultNull}, "decode", false},
		{"404", aemtest.Fault{Kind: aemtest.FaultHTML, Status: 404}, "http_404", false},
		{"500 without a body", aemtest.Fault{Kind: aemtest.FaultStatus, Status: 500}, "http_500", false},
		{"503", aemtest.Fault{Kind: aemtest.FaultStatus, Status: 503, RetryAfter: time.Minute}, "http_503", false},
		{"API error under 200", aemtest.Fault{Kind: aemtest.FaultAPIError, Status: 200, Code: "AEM_X"}, "AEM_X", false},
		{"API error under 500", aemtest.Fault{Kind: aemtest.FaultAPIError, Code: "AEM_X"}, "AEM_X", false},
		{"expired session", aemtest.Fault{Kind: aemtest.FaultExpiredSession, Times: 1}, "", false},
		{"2 GB body", aemtest.Fault{Kind: aemtest.FaultOversized}, "too_large", true},
	}
	for _, body := range []string{`[[17]]`, `{"unknown":{"a":[1]}}`} {
		list = append(list, column{"document " + body, aemtest.Fault{Kind: aemtest.FaultBody, Body: body}, "decode", false})
	}
	return list
}

// stand is an app in a bubble that polls a simulator whose values move with hour alone.
type stand struct {
	*daemon
	t    *testing.T
	sim  *simulatedManager
	file *file
	hour atomic.Int64
}

// run lets a test have a stand for its bubble.
func run(t *testing.T, test func(*stand)) {
	bubble(t, func(b *bench) {
		s := &stand{t: b.T}
		begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		s.sim = b.simulatedOf(aemtest.Options{
			Seed: 7, Servers: 2, TasksPerServer: 2, TablesPerTask: 1, Healthy: true, Start: begin,
			Clock: func() time.Time { return begin.Add(time.Duration(s.hour.Load()) * time.Hour) },
		})
		s.file = configFile(b, entry("prod", s.sim.URL,
			"retries: 0", "max_response_bytes: 100KB", "tables: {mode: all, interval: 0s}"))
		s.daemon = b.start(testOptions(s.file))
		test(s)
	})
}

// after lets time pass and scrapes.
func (s *stand) after(d time.Duration) testkit.Samples {
	s.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	all, err := testkit.ParseText([]byte(s.metrics()))
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// settled are the samples that the simulator's state alone decides.
func settled(all testkit.Samples) testkit.Samples {
	untold := []string{"qem_task_state_since_timestamp_seconds", "qem_task_last_change_timestamp_seconds",
		"qem_server_poll_last_success_timestamp_seconds", "qem_server_poll_duration_seconds", "qem_server_unreadable"}
	return all.Only(func(key string) bool { return testkit.Entity(key) && !slices.Contains(untold, testkit.NameOf(key)) })
}

// healthy is what is served at each hour while all is well.
func healthy(t *testing.T) (truth [2]testkit.Samples) {
	run(t, func(s *stand) {
		for hour := range truth {
			s.hour.Store(int64(hour))
			truth[hour] = settled(s.after(3 * time.Minute))
		}
	})
	if len(truth[0]) < 200 {
		t.Fatalf("only %d samples while all is well", len(truth[0]))
	}
	return truth
}

func TestFaultMatrix(t *testing.T) {
	truth := healthy(t)
	for _, operation := range []string{"Login", "GetServerList", "GetServerDetails", "GetTaskList", "GetTaskDetails",
		"GetTableStatuses"} {
		for _, c := range columns() {
			t.Run(operation+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				run(t, func(s *stand) { s.suffer(operation, c, truth) })
			})
		}
	}
}

// suffer goes through one cell of the matrix.
func (s *stand) suffer(operation string, c column, truth [2]testkit.Samples) {
	first := s.sim.State().Servers[0]
	server, task := first.Name, first.Tasks[0].Name
	before := s.after(20 * time.Second)
	f := c.fault
	f.Operation = operation
	whole := operation == "Login" || operation == "GetServerList"
	if !whole {
		f.Server = server
	}
	if operation == "GetTaskDetails" || operation == "GetTableStatuses" {
		f.Task = task
	}
	handle := s.sim.AddFault(f)
	if operation == "Login" {
		s.sim.ExpireSessions()
	}
	s.hour.Store(1)
	during := s.after(2*time.Minute + 30*time.Second)
	if handle.Hits() == 0 {
		s.t.Fatal("the fault was never met")
	}
	harmless := c.reason == "" || operation == "Login" && c.body
	meets := func(key string) bool {
		if operation == "GetServerList" && c.reason != "connection" { // what is watched stays watched
			return false
		}
		return !harmless && (whole || strings.Contains(key, fmt.Sprintf("server=%q", server)) &&
			(f.Task == "" || strings.Contains(key, fmt.Sprintf("task=%q", task))))
	}
	s.compare(duringFault, truth[1], settled(during), meets)
	if gone := len(truth[1]) - len(settled(during)); (gone > 0) == harmless && operation != "GetServerList" {
		s.t.Errorf("during the fault %d samples are absent", gone)
	}
	s.ups(during, harmless, operation, server, task)
	counter := fmt.Sprintf(`qem_api_errors_total{error=%q,manager="prod",operation=%q}`, c.reason, operation)
	if !harmless && during[counter] <= before[counter] {
		s.t.Errorf("%s does not grow", counter)
	}

	handle.Remove()
	s.hour.Store(0)
	recovery := 3 * time.Minute
	if operation == "Login" {
		recovery = 17 * time.Minute // it is tried again after one minute, and then after a quarter of an hour
	}
	s.compare("after the fault", truth[0], settled(s.after(recovery)), func(string) bool { return false })
	if s.sim.RefusedLogins() != 0 {
		s.t.Error("logins were refused")
	}
}

// ups looks for the samples that say what cannot be read.
func (s *stand) ups(during testkit.Samples, harmless bool, operation, server, task string) {
	s.t.Helper()
	for key, operations := range map[string][]string{
		`qem_up{manager="prod"}`: {"Login", "GetServerList"},
		fmt.Sprintf(`qem_server_up{manager="prod",server=%q}`, server):             {"GetServerDetails", "GetTaskList"},
		fmt.Sprintf(`qem_task_up{manager="prod",server=%q,task=%q}`, server, task): {"GetTaskDetails"},
	} {
		if down := !harmless && slices.Contains(operations, operation); down && during[key] != 0 {
			s.t.Errorf("during the fault %s is %v", key, during[key])
		}
	}
}

const duringFault = "during the fault"

// rosters are the families of the server list.
var rosters = regexp.MustCompile(`^qem_server_(info|state|last_connection_timestamp_seconds)`)

// compare tells what is not as it should be: what a fault meets may be absent, and its
// up be 0, but nothing is wrong.
func (s *stand) compare(when string, want, have testkit.Samples, meets func(key string) bool) {
	s.t.Helper()
	var wrong []string
	for key, value := range want {
		got, ok := have[key]
		switch {
		case ok && got == value, meets(key) && !ok, meets(key) && got == 0 && strings.Contains(key, "_up{"):
		case when == duringFault && rosters.MatchString(key): // as the list said it last
		default:
			wrong = append(wrong, fmt.Sprintf("%s is %v (there: %t), want %v", key, got, ok, value))
		}
	}
	for key, value := range have {
		if _, ok := want[key]; !ok && !meets(key) {
			wrong = append(wrong, fmt.Sprintf("%s is %v, want none", key, value))
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		s.t.Errorf("%s %d samples are wrong:\n%s", when, len(wrong), strings.Join(wrong[:min(len(wrong), 8)], "\n"))
	}
}
