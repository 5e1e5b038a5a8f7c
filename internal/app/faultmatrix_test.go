package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// fault is a column of the matrix.
type fault struct {
	name   string
	fault  aemtest.Fault // without its target
	reason string        // in qem_api_errors_total; "" does no harm
	body   bool          // it is about the body, which a good login does not have
	expiry bool          // it ends sessions, so that there are logins
	slow   bool          // it takes as long as a time-out
	pauses int           // polls that may fail yet when it has ended, beside those that a login waits for
}

func faults() []fault {
	list := []fault{
		{name: "hang", fault: aemtest.Fault{Kind: aemtest.FaultHang}, reason: "timeout", slow: true},
		{name: "slow", fault: aemtest.Fault{Kind: aemtest.FaultSlow, Pause: 200 * time.Millisecond}, reason: "timeout", slow: true, body: true},
		{name: "late, but in time", fault: aemtest.Fault{Kind: aemtest.FaultLatency, Latency: 20 * time.Millisecond}},
		{name: "connection reset", fault: aemtest.Fault{Kind: aemtest.FaultReset}, reason: "connection"},
		{name: "truncated body", fault: aemtest.Fault{Kind: aemtest.FaultTruncate}, reason: "connection", body: true},
		{name: "broken JSON", fault: aemtest.Fault{Kind: aemtest.FaultBrokenJSON}, reason: "decode", body: true},
		{name: "HTML with 200", fault: aemtest.Fault{Kind: aemtest.FaultHTML}, reason: "decode"},
		{name: "empty body", fault: aemtest.Fault{Kind: aemtest.FaultEmpty}, reason: "decode"},
		{name: "null", fault: aemtest.Fault{Kind: aemtest.FaultNull}, reason: "decode"},
		{name: "404", fault: aemtest.Fault{Kind: aemtest.FaultHTML, Status: 404}, reason: "http_404"},
		{name: "500 without a body", fault: aemtest.Fault{Kind: aemtest.FaultStatus, Status: 500}, reason: "http_500"},
		{name: "503 with Retry-After", fault: aemtest.Fault{Kind: aemtest.FaultStatus, Status: 503, RetryAfter: time.Hour}, reason: "http_503"},
		{name: "API error under 200", fault: aemtest.Fault{Kind: aemtest.FaultAPIError, Status: 200, Code: "AEM_INNER_ERR"}, reason: "AEM_INNER_ERR"},
		{name: "API error under 500", fault: aemtest.Fault{Kind: aemtest.FaultAPIError, Code: "AEM_INNER_ERR"}, reason: "AEM_INNER_ERR"},
		// The caller gets another session, and nobody notices.
		{name: "expired session", fault: aemtest.Fault{Kind: aemtest.FaultExpiredSession, Times: 1}, expiry: true},
		{name: "2 GB body", fault: aemtest.Fault{Kind: aemtest.FaultOversized}, reason: "too_large", body: true},
		// Logins are paced when no session is of any use, so that recovery takes longer.
		{name: "session never good", fault: aemtest.Fault{Kind: aemtest.FaultAPIError, Status: 440, Code: "INVALID_SESSION_ID"}, reason: "INVALID_SESSION_ID", pauses: 9},
	}
	for _, body := range []string{`"text"`, `17`, `[]`, `[[17]]`, `{"unknown":{"a":[1]}}`} {
		list = append(list, fault{name: "document " + body, fault: aemtest.Fault{Kind: aemtest.FaultBody, Body: body}, reason: "decode"})
	}
	return list
}

// cell is one field of the matrix: a fault of one operation, on one server or task or
// on all.
type cell struct {
	operation    string
	server, task string // "": all
	fault        fault
}

const up = `qem_up{manager="prod"}`

var operations = []string{"Login", "GetServerList", "GetServerDetails", "GetTaskList", "GetTaskDetails", "GetTableStatuses"}

// TestFaultMatrix breaks every operation in every way. Each row is an exporter of its
// own, whose cells come one after the other, so that each also begins with a recovery.
func TestFaultMatrix(t *testing.T) {
	places := make(chan struct{}, 8) // for rows at a time: they mostly wait
	var rows sync.WaitGroup
	defer rows.Wait()
	for _, operation := range operations {
		for _, slow := range []bool{true, false} {
			for _, all := range []bool{false, true} {
				whole := operation == "GetServerList" || operation == "Login"
				if all && whole {
					continue
				}
				name := operation + " of one"
				if whole || all {
					name = operation
				}
				if slow {
					name += ", slowly"
				}
				rows.Go(func() {
					places <- struct{}{}
					defer func() { <-places }()
					t.Run(name, func(t *testing.T) { testRow(t, operation, slow, all) })
				})
			}
		}
	}
}

func testRow(t *testing.T, operation string, slow, all bool) {
	settings := []string{"poll_interval: 50ms", "request_timeout: 20s"}
	if slow {
		settings[1] = "request_timeout: 600ms"
	}
	s := newStand(t, settings...)
	for _, f := range faults() {
		switch {
		case f.slow != slow,
			f.expiry && operation == "Login", // each fault of a login begins so
			f.pauses > 0 && all:              // when most calls say so, all sessions are taken for bad
			continue
		}
		c := cell{operation: operation, fault: f}
		if !all {
			c.aim(s)
		}
		if operation == "Login" { // the guard of the account remembers what the one before did
			s = newStand(t, settings...)
		}
		t.Run(f.name, func(t *testing.T) { s.in(t).suffer(c) })
	}
}

// aim lets the fault meet one server or task only.
func (c *cell) aim(s *stand) {
	switch c.operation {
	case "GetServerDetails", "GetTaskList":
		c.server = s.server
	case "GetTaskDetails", "GetTableStatuses":
		c.server, c.task = s.server, s.task
	}
}

// in makes a subtest the one that failures are told to.
func (s *stand) in(t *testing.T) *stand {
	s.t = t
	s.daemon.t = t
	return s
}

// suffer goes through one cell.
func (s *stand) suffer(c cell) {
	before := s.scrape()
	f := c.fault.fault
	f.Operation, f.Server, f.Task = c.operation, c.server, c.task
	handle := s.sim.AddFault(f)
	if c.operation == "Login" {
		s.sim.ExpireSessions()
	}
	s.hour.Store(1) // what is served unchanged from here on is stale
	first := s.next()
	second := s.next()
	if handle.Hits() == 0 {
		s.t.Error("the fault was never met")
	}
	c.check(s, first)
	c.check(s, second)
	c.checkTold(s, before, first, second)

	handle.Remove()
	if c.down() && c.operation == "Login" {
		return // the next login comes when the guard lets it
	}
	s.hour.Store(0)
	after := s.next()
	for range c.fault.pauses {
		if after[up] == 1 {
			break
		}
		after = s.next()
	}
	compare(s.t, "after the fault", s.truth[0], after.entities())
	if after[up] != 1 {
		s.t.Errorf("after the fault qem_up is %v", after[up])
	}
	if s.sim.RefusedLogins() != 0 {
		s.t.Error("logins were refused")
	}
}

func (c *cell) harmless() bool {
	return c.fault.reason == "" || c.operation == "Login" && c.fault.body
}

func (c *cell) down() bool {
	return !c.harmless() && (c.operation == "GetServerList" || c.operation == "Login")
}

// fate is what a fault makes of a sample.
type fate int

const (
	kept fate = iota
	gone
	zero
	uncertain // kept or gone, as a server that does not answer is given up for the poll
)

func (c *cell) fate(key string) fate {
	name, _, _ := strings.Cut(key, "{")
	isTask := strings.Contains(key, `,task="`)
	met := strings.Contains(key, `server="`+c.server) && (c.task == "" || strings.Contains(key, `task="`+c.task+`"`))
	isTable := strings.HasPrefix(name, "qem_table_") || strings.HasPrefix(name, "qem_task_tables")
	switch {
	case c.harmless():
		return kept
	case c.down():
		return gone
	case !met:
		return kept
	}
	switch c.operation {
	case "GetServerDetails":
		switch name {
		case "qem_server_info", "qem_server_state", "qem_server_last_connection_timestamp_seconds":
			return kept
		}
		if isTask {
			return kept
		}
	case "GetTaskList":
		if !isTask && name != "qem_server_up" {
			return c.others()
		}
	case "GetTaskDetails":
		switch name {
		case "qem_task_state", "qem_task_stop_reason", "qem_task_tag", "qem_task_latency_objective_seconds":
			return kept
		}
		if isTable || !isTask {
			return c.others()
		}
	case "GetTableStatuses":
		if !isTable {
			return c.others()
		}
	}
	if name == "qem_server_up" || name == "qem_task_up" && c.operation != "GetTaskList" {
		return zero
	}
	return gone
}

// others is what becomes of what a server also has, when all its calls of an operation
// fail.
func (c *cell) others() fate {
	if c.fault.slow && c.task == "" && c.operation != "GetTaskList" {
		return uncertain
	}
	return kept
}

// check compares a scrape during the fault with the truth, sample by sample.
func (c *cell) check(s *stand, scrape samples) {
	s.t.Helper()
	want := samples{}
	have := scrape.entities()
	for key, value := range s.truth[1] {
		switch c.fate(key) {
		case kept:
			want[key] = value
		case zero:
			want[key] = 0
		case uncertain:
			got, ok := have[key]
			switch {
			case ok && strings.HasPrefix(key, "qem_task_up") && got == 0:
				want[key] = 0
			case ok:
				want[key] = value
			}
		}
	}
	compare(s.t, "during the fault", want, have)
	if got := scrape[up]; (got == 0) != c.down() {
		s.t.Errorf("during the fault qem_up is %v", got)
	}
}

// checkTold looks for the result of the polls and the reason of the errors.
func (c *cell) checkTold(s *stand, before, first, second samples) {
	s.t.Helper()
	result := "partial"
	switch {
	case c.harmless():
		result = "success"
	case c.down():
		result = "failure"
	}
	for _, r := range []string{"success", "partial", "failure"} {
		key := `qem_polls_total{manager="prod",result="` + r + `"}`
		if more := second[key] > first[key]; more != (r == result) {
			s.t.Errorf("polls during the fault: %s went from %v to %v, want %s alone to grow", r, first[key], second[key], result)
		}
	}
	wanted := fmt.Sprintf(`qem_api_errors_total{error=%q,manager="prod",operation=%q}`, c.fault.reason, c.operation)
	if !c.harmless() && second[wanted] <= before[wanted] {
		s.t.Errorf("%s does not grow", wanted)
	}
	expiry := c.fault.expiry || c.operation == "Login"
	for key, n := range second {
		if expiry && strings.HasPrefix(key, `qem_api_errors_total{error="INVALID_SESSION_ID"`) {
			continue
		}
		if strings.HasPrefix(key, "qem_api_errors_total{") && n > before[key] && (key != wanted || c.harmless()) {
			s.t.Errorf("%s grew as well, by %v", key, n-before[key])
		}
	}
	const last = `qem_poll_last_success_timestamp_seconds{manager="prod"}`
	if c.down() != (first[last] == second[last]) {
		s.t.Errorf("the last success went from %v to %v", first[last], second[last])
	}
}

// compare tells how what is there differs from what should be.
func compare(t *testing.T, when string, want, have samples) {
	t.Helper()
	var wrong []string
	for key, value := range want {
		if got, ok := have[key]; !ok {
			wrong = append(wrong, fmt.Sprintf("missing: %s %v", key, value))
		} else if got != value {
			wrong = append(wrong, fmt.Sprintf("wrong: %s %v, want %v", key, got, value))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[key]; !ok {
			wrong = append(wrong, fmt.Sprintf("should be absent: %s %v", key, have[key]))
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		t.Errorf("%s %d of %d samples are not as they should be:\n%s", when, len(wrong), len(want), strings.Join(wrong[:min(len(wrong), 8)], "\n"))
	}
}

// TestScrapesDoNotWaitForPolls lets each operation hang for good.
func TestScrapesDoNotWaitForPolls(t *testing.T) {
	for _, operation := range operations {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, "poll_interval: 50ms", "request_timeout: 60s")
			hang := s.sim.AddFault(aemtest.Fault{Operation: operation, Kind: aemtest.FaultHang})
			s.sim.ExpireSessions()
			eventually(t, "a call hangs", func() bool { return hang.Hits() > 0 })
			compare(t, "during a poll", s.truth[0], s.scrape().entities())
			for _, page := range []string{"/", "/api/v1/status", "/config", "/-/ready", "/-/healthy"} {
				s.read(page)
			}
			s.sim.Simulator.Close() // lets the hanging calls go
		})
	}
}
