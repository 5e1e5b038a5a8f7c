//go:build e2e

package e2e

import (
	"strings"
	"syscall"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// TestPasswordChange changes the password of the account and the file that it is in.
func TestPasswordChange(t *testing.T) {
	t.Parallel() // it waits for polls
	sim := simulate(t, small(), false)
	file := write(t, "password", canary+"\n")
	e := startExporter(t, write(t, "qem.yml", config("prod", sim.URL, byPasswordFile(file), polledOften)))
	e.awaitReady()

	changed := account()
	changed.Password = canary + "-changed"
	write(t, file, changed.Password+"\n")
	sim.SetUsers(changed)
	sim.ExpireSessions()
	eventually(t, "it has logged in again", func() bool { return sim.Logins() == 2 })
	polls := e.samples()[`qem_polls_total{manager="prod",result="success"}`]
	eventually(t, "polls succeed again", func() bool {
		now := e.samples()
		return now[`qem_polls_total{manager="prod",result="success"}`] > polls && now[`qem_up{manager="prod"}`] == 1
	})
	if sim.RefusedLogins() != 0 {
		t.Errorf("%d logins were refused: the old password was tried", sim.RefusedLogins())
	}
}

// TestBrokenReload keeps what runs when the configuration is broken, takes the next good one, and
// ends properly.
func TestBrokenReload(t *testing.T) {
	t.Parallel() // it waits for polls
	sim := simulate(t, small(), false)
	good := config("before", sim.URL, byPassword, polledOften)
	path := write(t, "qem.yml", good)
	e := startExporter(t, path)
	e.awaitReady()
	const outcome = "qem_exporter_config_last_reload_successful{}"

	write(t, path, strings.Replace(good, "password:", "pasword:", 1))
	e.Signal(syscall.SIGHUP)
	eventually(t, "the failed reload is told", func() bool {
		value, ok := e.samples()[outcome]
		return ok && value == 0
	})
	if written := e.Stderr.String(); !strings.Contains(written, "pasword") || !strings.Contains(written, "qem.yml:") {
		t.Error("the log does not tell what is wrong, and where")
	}
	polls := sim.Requests("GetServerList")
	eventually(t, "the old configuration is in force", func() bool {
		return sim.Requests("GetServerList") > polls+1 && e.samples()[`qem_up{manager="before"}`] == 1
	})
	if sim.Logins() != 1 {
		t.Errorf("%d logins: the failed reload has cost the session", sim.Logins())
	}

	write(t, path, strings.Replace(good, "before", "after", 1))
	e.Signal(syscall.SIGHUP)
	eventually(t, "the new configuration is in force", func() bool {
		now := e.samples()
		_, old := now[`qem_up{manager="before"}`]
		return now[outcome] == 1 && now[`qem_up{manager="after"}`] == 1 && !old
	})
	e.Signal(syscall.SIGTERM)
	if code := e.Wait(); code != 0 || sim.ActiveSessions() != 0 {
		t.Errorf("in the end exit code %d, and %d sessions are left", code, sim.ActiveSessions())
	}
}

// TestStaleness watches through Prometheus what vanishes and what comes back: a
// server that was removed, and an Enterprise Manager that was stopped and started.
// This Prometheus scrapes protobuf.
func TestStaleness(t *testing.T) {
	t.Parallel() // it waits for polls
	sim := simulate(t, small(), false)
	e := startExporter(t, write(t, "qem.yml", config("prod", sim.URL, byPassword, "poll_interval: 1s",
		"max_age: 10s",
		"retries: 0", "tables: {mode: all, interval: 1s}")))
	prometheus := process.StartPrometheus(t, []string{e.address}, "", "--enable-feature=native-histograms")
	const entities = `count({__name__=~"qem_(server|task|table)_.+"})`
	has := func(expression string) bool { return len(prometheus.Query(expression)) > 0 }

	eventually(t, "both servers are there", func() bool { return prometheus.Is("count(qem_server_info)", 2) })
	if err := sim.RemoveServer("repl-prod-02"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all series of the removed server are gone", func() bool {
		return !has(`{server="repl-prod-02"}`) && prometheus.Is(`count(qem_table_state{server="repl-prod-01"})`, 4)
	})

	sim.Stop()
	eventually(t, "it is down and its data are gone", func() bool { return prometheus.Is("qem_up", 0) && !has(entities) })
	if !prometheus.Is(`qem_api_errors_total{error="connection",operation="GetServerList"} > bool 0`, 1) {
		t.Error("the errors are not counted")
	}
	sim.ExpireSessions() // as a restart does
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is up and its data are back", func() bool {
		return prometheus.Is("qem_up", 1) && prometheus.Is("count(qem_server_info)", 1) &&
			prometheus.Is("count(qem_table_state)", 4)
	})
	if !prometheus.Is(`qem_api_logins_total{result="failure"}`, 0) || sim.Logins() != 2 {
		t.Errorf("%d logins, or one failed; want the first and one after the restart", sim.Logins())
	}
}
