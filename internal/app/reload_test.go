package app

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

func TestReloadThatFailsChangesNothing(t *testing.T) {
	sim := simulated(t)
	f := configFile(t, entry("prod", sim.URL))
	d := start(t, testOptions(f))
	d.awaitReady()

	for name, text := range map[string]string{
		"not valid": "enterprise_managers:\n- {name: prod, colour: red}\n",
		"unusable CA": "enterprise_managers:" + entry("prod", sim.URL) + entry("new", sim.URL,
			"tls_config: {ca_file: qem.yml}"),
	} {
		t.Run(name, func(t *testing.T) {
			f.writeText(text)
			err := d.Reload(context.Background())
			if err == nil {
				t.Fatal("the reload succeeded")
			}
			code, body := d.do(http.MethodPost, "/-/reload")
			if code != http.StatusInternalServerError || !strings.Contains(body, strings.Split(err.Error(), "\n")[0]) {
				t.Errorf("POST /-/reload = %d %q, want 500 and %q", code, body, err)
			}
			scrape := d.metrics()
			if !hasSample(scrape, `qem_exporter_config_last_reload_successful 0`) || !hasSample(scrape,
				`qem_up{manager="prod"} 1`) {
				t.Error("the failure is not told, or the manager is gone")
			}
			if hasSample(scrape, `qem_up{manager="new"}`) {
				t.Error("a manager of the refused configuration is there")
			}
			if _, text := d.get("/config"); strings.Contains(text, "new") || strings.Contains(text, "colour") {
				t.Errorf("/config shows the refused configuration:\n%s", text)
			}
		})
	}
	if sim.Logins() != 1 || sim.Logouts() != 0 {
		t.Errorf("%d logins and %d logouts, want the one session to go on", sim.Logins(), sim.Logouts())
	}

	f.write(entry("prod", sim.URL))
	if code, body := d.do(http.MethodPost, "/-/reload"); code != http.StatusOK {
		t.Fatalf("POST /-/reload = %d %q", code, body)
	}
	if !hasSample(d.metrics(), `qem_exporter_config_last_reload_successful 1`) {
		t.Error("the good reload is not told")
	}
}

// Unchanged managers keep their sessions; changed ones get new ones, and their
// series never vanish; removed ones are logged out and forgotten.
func TestReloadReplacesWhatChanged(t *testing.T) {
	same, changed, removed, added := simulated(t), simulated(t), simulated(t), simulated(t)
	f := configFile(t, entry("same", same.URL), entry("changed", changed.URL), entry("removed", removed.URL))
	d := start(t, testOptions(f))
	d.awaitReady()

	// The new poller of the changed manager cannot publish before it is let.
	hang := changed.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultHang, Times: 1})
	f.write(entry("added", added.URL), entry("changed", changed.URL, "request_timeout: 60s", "retries: 1",
		"tables: {mode: all}"), entry("same", same.URL))
	if err := d.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	scrape := d.metrics()
	if !hasSample(scrape, `qem_up{manager="changed"} 1`) || !hasSample(scrape, `qem_task_state{manager="changed"`) {
		t.Error("the series of the changed manager vanished")
	}
	if strings.Contains(scrape, `manager="removed"`) {
		t.Error("the removed manager has series")
	}
	if removed.ActiveSessions() != 0 || removed.Logouts() != 1 {
		t.Errorf("removed: %d sessions, %d logouts", removed.ActiveSessions(), removed.Logouts())
	}
	if same.Logins() != 1 || same.Logouts() != 0 {
		t.Errorf("same: %d logins, %d logouts", same.Logins(), same.Logouts())
	}
	d.awaitSample(`qem_up{manager="added"} 1`)
	eventually(t, "the new poller asks", func() bool { return hang.Hits() == 1 })
	if changed.Logins() != 2 || changed.ActiveSessions() != 1 {
		t.Errorf("changed: %d logins, %d sessions, want the old session ended and a new one", changed.Logins(),
			changed.ActiveSessions())
	}
	changed.Simulator.Close() // lets the hanging call go
	d.awaitSample(`qem_table_state{manager="changed"`)
	if names := statusNames(d); names != "added changed same" {
		t.Errorf("managers %q, want them in the configuration's order", names)
	}
}

// What has nothing to do with the calls leaves the session alone.
func TestReloadThatKeepsTheSession(t *testing.T) {
	sim := simulated(t)
	f := configFile(t, entry("prod", sim.URL))
	d := start(t, testOptions(f))
	d.awaitReady()
	for _, change := range []string{"max_age: 17m", "poll_interval: 30s", "servers: {exclude: [nothing]}",
		"tables: {mode: all}"} {
		f.write(entry("prod", sim.URL, change))
		if err := d.Reload(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.awaitReady()
	}
	d.awaitSample(`qem_table_state{manager="prod"`)
	if sim.Logins() != 1 || sim.Logouts() != 0 || sim.ActiveSessions() != 1 {
		t.Errorf("%d logins, %d logouts, %d sessions, want one session all the time", sim.Logins(), sim.Logouts(),
			sim.ActiveSessions())
	}
	if err := d.Stop(context.Background()); err != nil || sim.ActiveSessions() != 0 {
		t.Errorf("after the end: %v, %d sessions", err, sim.ActiveSessions())
	}
}

// The guard of an account outlives a reload: one that changes the connection does not
// give a refused password another try.
func TestReloadKeepsTheGuard(t *testing.T) {
	sim := simulated(t)
	wrong := strings.Replace(entry("prod", sim.URL), aemtest.DefaultPassword, "wrong-password", 1)
	f := configFile(t, wrong)
	d := start(t, testOptions(f))
	d.awaitReady()
	for i := range 5 {
		f.write(wrong + fmt.Sprintf("  retries: %d\n", i+3))
		if err := d.Reload(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	d.awaitReady()
	if n := sim.Requests("Login"); n != 1 {
		t.Errorf("%d logins with a password that is refused", n)
	}
	f.write(entry("prod", sim.URL))
	if err := d.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	d.awaitSample(`qem_up{manager="prod"} 1`)
}

func statusNames(d *daemon) string {
	var names []string
	for _, m := range d.status().Managers {
		names = append(names, m.Name)
	}
	return strings.Join(names, " ")
}

func TestHundredReloads(t *testing.T) {
	sim := simulated(t)
	f := configFile(t, entry("prod", sim.URL))
	d := start(t, testOptions(f))
	d.awaitReady()
	d.client.CloseIdleConnections()
	before := 0
	for i := range 100 {
		settings := []string{"max_concurrent_requests: 2", "tables: {mode: " + []string{"off", "summary"}[i%2] + "}"}
		f.write(entry("prod", sim.URL, settings...), entry("other", sim.URL, settings...))
		if err := d.Reload(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.awaitReady()
		if i == 9 {
			before = runtime.NumGoroutine()
		}
	}
	if n := sim.ActiveSessions(); n != 2 {
		t.Errorf("%d sessions, want those of the last configuration, which are 2", n)
	}
	// Two clients with two connections each may have them open or not.
	eventually(t, "no more goroutines run than after ten reloads",
		func() bool { return runtime.NumGoroutine() <= before+12 })
	if err := d.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := sim.ActiveSessions(); n != 0 {
		t.Errorf("%d sessions after stop", n)
	}
	if sim.Logins() != 3 || sim.Logouts() != 3 { // the first reload changes the connection too
		t.Errorf("%d logins, %d logouts, want 3 of each", sim.Logins(), sim.Logouts())
	}
}

func TestConcurrentReloadsScrapesAndStop(t *testing.T) {
	sim := simulated(t)
	f := configFile(t, entry("prod", sim.URL))
	d := start(t, testOptions(f))
	d.awaitReady()
	var busy sync.WaitGroup
	for range 4 {
		busy.Go(func() {
			for range 10 {
				_ = d.Reload(context.Background())
				for _, path := range []string{"/metrics", "/", "/config"} {
					response, err := d.client.Get(d.url(path))
					if err != nil {
						t.Error(err)
						return
					}
					_ = response.Body.Close()
				}
			}
		})
	}
	busy.Wait()
	var stopping sync.WaitGroup
	for range 4 {
		stopping.Go(func() { _ = d.Reload(context.Background()) })
		stopping.Go(func() { _ = d.Stop(context.Background()) })
	}
	stopping.Wait()
	if n := sim.ActiveSessions(); n != 0 {
		t.Errorf("%d sessions after stop", n)
	}
}

// Reloads go on while nothing of the Enterprise Manager can be relied on.
func TestReloadsDuringFaults(t *testing.T) {
	sim, second := simulated(t), simulated(t)
	lines := []string{"poll_interval: 1s", "max_age: 1m", "request_timeout: 200ms", "retries: 0"}
	f := configFile(t, entry("prod", sim.URL, lines...))
	d := start(t, testOptions(f))
	d.awaitReady()
	kinds := []aemtest.FaultKind{
		aemtest.FaultHang, aemtest.FaultReset, aemtest.FaultTruncate, aemtest.FaultHTML, aemtest.FaultNull,
		aemtest.FaultStatus, aemtest.FaultAPIError,
	}
	for i := range 40 {
		sim.AddFault(aemtest.Fault{Operation: []string{"GetServerList", "GetServerDetails", "GetTaskList", "GetTaskDetails",
			"GetTableStatuses"}[i%5], Kind: kinds[i%len(kinds)], Status: 500, Times: 1 + i%3})
		if i%10 == 0 {
			sim.ExpireSessions()
		}
		mode := []string{"off", "summary", "all"}[i%3]
		f.write(entry("prod", sim.URL, append(lines, "tables: {mode: '"+mode+"'}")...), entry("other", second.URL, lines...))
		if i%4 == 0 {
			f.write(entry("prod", sim.URL, append(lines, "tables: {mode: '"+mode+"'}")...))
		}
		if err := d.Reload(context.Background()); err != nil {
			t.Fatal(err)
		}
		if scrape := d.metrics(); !hasSample(scrape, `qem_up{manager="prod"}`) || i%4 == 0 && strings.Contains(scrape,
			`manager="other"`) {
			t.Errorf("reload %d: the managers are not those of the configuration", i)
		}
	}
	sim.ClearFaults()
	d.awaitSample(`qem_up{manager="prod"} 1`)
	eventually(t, "the last mode is in force, which is off", func() bool {
		scrape := d.metrics()
		return hasSample(scrape, `qem_task_up{manager="prod"`) && !hasSample(scrape, `qem_task_tables{manager="prod"`)
	})
	if err := d.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := sim.ActiveSessions(); n != 0 {
		t.Errorf("%d sessions after stop", n)
	}
}
