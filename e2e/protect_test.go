//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// TestLockOut reads every second with a password that is wrong. So many logins would
// lock the account; the right password is tried as soon as it is there.
func TestLockOut(t *testing.T) {
	t.Parallel() // it lets time pass
	const attempts = 4
	o := small()
	o.LockoutAfter = attempts + 1
	o.Users = []aemtest.User{account()}
	o.Users[0].Password = canary + "-right"
	sim := simulate(t, o, false)
	file := write(t, "password", canary+"-wrong")
	e := startExporter(t, write(t, "qem.yml", config("prod", sim.URL, byPasswordFile(file), polledOften)))
	e.awaitReady()
	eventually(t, "eight readings were due", func() bool { return time.Since(e.begun) > 8*time.Second })
	if n := sim.RefusedLogins(); n == 0 || n > attempts {
		t.Errorf("%d attempts to log in with the wrong password, want at most %d", n, attempts)
	}
	now := e.samples()
	if now[`qem_up{manager="prod"}`] != 0 {
		t.Error("it is up")
	}
	if next := now[`qem_login_next_attempt_timestamp_seconds{manager="prod"}`]; next < float64(time.Now().Unix()) {
		t.Errorf("the next login is told to be at %v", next)
	}
	if n := strings.Count(e.Stderr.String(), "level=ERROR"); n != 1 {
		t.Errorf("it is logged as an error %d times, want once", n)
	}
	write(t, file, canary+"-right")
	eventually(t, "the right password is used", func() bool { return e.samples()[`qem_up{manager="prod"}`] == 1 })
}

// TestHugeAnswers serves 2 GB where a few kilobytes should be. The limit is 64 MiB,
// and the process must stay small.
func TestHugeAnswers(t *testing.T) {
	const most = 400 << 20
	for _, test := range []struct {
		name, operation string
		// An endless list of elements with such a member at a path; "": blanks.
		list, member, path string
	}{
		{"blanks", "GetServerList", "", "", ""},
		{"blanks instead of a task", "GetTaskDetails", "", "", ""},
		{"servers", "GetServerList", "serverList", "name", "/servers"},
		{"tasks", "GetTaskList", "taskList", "name", "/servers/repl-prod-01/tasks"},
		{"tables", "GetTableStatuses", "table_details", "table_on_source", "/tables"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sim := simulate(t, small(), false)
			url := sim.URL
			if test.list != "" {
				url = endless(t, sim, test.path, test.list, test.member) + aemtest.Path
			} else {
				sim.AddFault(aemtest.Fault{Operation: test.operation, Kind: aemtest.FaultOversized})
			}
			e := startExporter(t, write(t, "qem.yml", config("prod", url, byPassword, polledOnce, "request_timeout: 30s",
				"tables: {mode: all}")))
			e.awaitReady()
			eventually(t, "something is too large", func() bool {
				return e.samples()[`qem_api_errors_total{error="too_large",manager="prod",operation="`+test.operation+`"}`] > 0
			})
			now := e.samples()
			const polls = `qem_polls_total{manager="prod",result="`
			if now[polls+`failure"}`]+now[polls+`partial"}`] == 0 && test.operation != "GetTableStatuses" {
				t.Error("all polls were successes")
			}
			memory, err := usage.MemoryOf(e.PID())
			if err != nil {
				t.Fatal(err)
			}
			if peak := memory.Peak; peak > most {
				t.Errorf("the process took up to %d MiB, want at most %d", peak>>20, most>>20)
			} else {
				t.Logf("at most %d MiB", peak>>20)
			}
		})
	}
}

// endless serves a list of 2 GB at a path, and the simulator everywhere else.
func endless(t *testing.T, sim *aemtest.Server, path, list, member string) string {
	t.Helper()
	const size = 2 << 30
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, path) {
			sim.ServeHTTP(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"`+list+`":[`)
		var block []byte
		for n, sent := 0, 0; sent < size; n++ {
			block = fmt.Appendf(block, `{"%s":"%d"},`, member, n)
			if len(block) < 64<<10 {
				continue
			}
			if _, err := w.Write(block); err != nil {
				return
			}
			sent += len(block)
			block = block[:0]
		}
		_, _ = io.WriteString(w, `{"name":"last"}]}`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
