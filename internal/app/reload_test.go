package app

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

func TestReloadThatFailsChangesNothing(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		f := configFile(b, entry("prod", sim.URL))
		d := b.start(testOptions(f))
		d.awaitReady()

		for name, text := range map[string]string{
			"not valid": "enterprise_managers:\n- {name: prod, colour: red}\n",
			"unusable CA": "enterprise_managers:" + entry("prod", sim.URL) + entry("new", sim.URL,
				"tls_config: {ca_file: qem.yml}"),
		} {
			f.writeText(text)
			err := d.Reload(context.Background())
			if err == nil {
				b.Fatalf("%s: the reload succeeded", name)
			}
			code, body := d.do(http.MethodPost, "/-/reload")
			if code != http.StatusInternalServerError || !strings.Contains(body, strings.Split(err.Error(), "\n")[0]) {
				b.Errorf("%s: POST /-/reload = %d %q, want 500 and %q", name, code, body, err)
			}
			scrape := d.metrics()
			if !hasSample(scrape, `qem_exporter_config_last_reload_successful 0`) || !hasSample(scrape,
				`qem_up{manager="prod"} 1`) {
				b.Errorf("%s: the failure is not told, or the manager is gone", name)
			}
			if hasSample(scrape, `qem_up{manager="new"}`) {
				b.Errorf("%s: a manager of the refused configuration is there", name)
			}
			if _, text := d.get("/config"); strings.Contains(text, "new") || strings.Contains(text, "colour") {
				b.Errorf("%s: /config shows the refused configuration:\n%s", name, text)
			}
		}
		if sim.Logins() != 1 || sim.Logouts() != 0 {
			b.Errorf("%d logins and %d logouts, want the one session to go on", sim.Logins(), sim.Logouts())
		}

		f.write(entry("prod", sim.URL))
		if code, body := d.do(http.MethodPost, "/-/reload"); code != http.StatusOK {
			b.Fatalf("POST /-/reload = %d %q", code, body)
		}
		if !hasSample(d.metrics(), `qem_exporter_config_last_reload_successful 1`) {
			b.Error("the good reload is not told")
		}
	})
}

// Unchanged managers keep their sessions; changed ones get new ones, and their
// series never vanish; removed ones are logged out and forgotten.
func TestReloadReplacesWhatChanged(t *testing.T) {
	bubble(t, func(b *bench) {
		same, changed, removed, added := b.simulated(), b.simulated(), b.simulated(), b.simulated()
		f := configFile(b, entry("same", same.URL), entry("changed", changed.URL), entry("removed", removed.URL))
		d := b.start(testOptions(f))
		d.awaitReady()

		// The new poller of the changed manager cannot publish before it is let.
		hang := changed.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultHang, Times: 1})
		d.reload(f, entry("added", added.URL), entry("changed", changed.URL, "request_timeout: 60s", "retries: 1",
			"tables: {mode: all}"), entry("same", same.URL))
		scrape := d.metrics()
		if !hasSample(scrape, `qem_up{manager="changed"} 1`) || !hasSample(scrape, `qem_task_state{manager="changed"`) {
			b.Error("the series of the changed manager vanished")
		}
		if strings.Contains(scrape, `manager="removed"`) {
			b.Error("the removed manager has series")
		}
		if removed.ActiveSessions() != 0 || removed.Logouts() != 1 {
			b.Errorf("removed: %d sessions, %d logouts", removed.ActiveSessions(), removed.Logouts())
		}
		if same.Logins() != 1 || same.Logouts() != 0 {
			b.Errorf("same: %d logins, %d logouts", same.Logins(), same.Logouts())
		}
		d.awaitSample(`qem_up{manager="added"} 1`)
		d.await("the new poller asks", func() bool { return hang.Hits() == 1 })
		if changed.Logins() != 2 || changed.ActiveSessions() != 1 {
			b.Errorf("changed: %d logins, %d sessions, want the old session ended and a new one", changed.Logins(),
				changed.ActiveSessions())
		}
		changed.Simulator.Close() // lets the hanging call go
		d.awaitSample(`qem_table_state{manager="changed"`)
		if names := statusNames(d); names != "added changed same" {
			b.Errorf("managers %q, want them in the configuration's order", names)
		}
	})
}

// What has nothing to do with the calls leaves the session alone.
func TestReloadThatKeepsTheSession(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		f := configFile(b, entry("prod", sim.URL))
		d := b.start(testOptions(f))
		d.awaitReady()
		before := 0
		for i := range 40 {
			d.reload(f, entry("prod", sim.URL, []string{"max_age: 17m", "poll_interval: 30s", "servers: {exclude: [nothing]}",
				"tables: {mode: all}"}[i%4]))
			d.awaitReady()
			if synctest.Wait(); i == 9 {
				before = runtime.NumGoroutine()
			}
		}
		if n := runtime.NumGoroutine(); n > before+10 { // the runtime has some of its own
			b.Errorf("%d goroutines run, %d after ten reloads", n, before)
		}
		d.awaitSample(`qem_table_state{manager="prod"`)
		if sim.Logins() != 1 || sim.Logouts() != 0 || sim.ActiveSessions() != 1 {
			b.Errorf("%d logins, %d logouts, %d sessions, want one session all the time", sim.Logins(), sim.Logouts(),
				sim.ActiveSessions())
		}
		if err := d.Stop(context.Background()); err != nil || sim.ActiveSessions() != 0 {
			b.Errorf("after the end: %v, %d sessions", err, sim.ActiveSessions())
		}
	})
}

// The guard of an account outlives a reload: one that changes the connection does not
// give a refused password another try.
func TestReloadKeepsTheGuard(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		wrong := strings.Replace(entry("prod", sim.URL), aemtest.DefaultPassword, "wrong-password", 1)
		f := configFile(b, wrong)
		d := b.start(testOptions(f))
		d.awaitReady()
		for i := range 5 {
			d.reload(f, wrong+fmt.Sprintf("  retries: %d\n", i+3))
		}
		d.awaitReady()
		if n := sim.Requests("Login"); n != 1 {
			b.Errorf("%d logins with a password that is refused", n)
		}
		d.reload(f, entry("prod", sim.URL))
		d.awaitSample(`qem_up{manager="prod"} 1`)
	})
}

func statusNames(d *daemon) string {
	var names []string
	for _, m := range d.status().Managers {
		names = append(names, m.Name)
	}
	return strings.Join(names, " ")
}

func TestConcurrentReloadsScrapesAndStop(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		f := configFile(b, entry("prod", sim.URL))
		d := b.start(testOptions(f))
		d.awaitReady()
		var busy sync.WaitGroup
		for range 4 {
			busy.Go(func() {
				for range 10 {
					_ = d.Reload(context.Background())
					for _, path := range []string{"/metrics", "/", "/config"} {
						if code, _ := d.get(path); code != http.StatusOK {
							b.Errorf("%s = %d", path, code)
						}
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
			b.Errorf("%d sessions after stop", n)
		}
	})
}

// Reloads go on while nothing of the Enterprise Manager can be relied on.
func TestReloadsDuringFaults(t *testing.T) {
	bubble(t, func(b *bench) {
		sim, second := b.simulated(), b.simulated()
		lines := []string{"poll_interval: 1s", "max_age: 1m", "request_timeout: 200ms", "retries: 0"}
		f := configFile(b, entry("prod", sim.URL, lines...))
		d := b.start(testOptions(f))
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
			entries := []string{entry("prod", sim.URL, append(lines, "tables: {mode: '"+mode+"'}")...)}
			if i%4 > 0 {
				entries = append(entries, entry("other", second.URL, lines...))
			}
			d.reload(f, entries...)
			if scrape := d.metrics(); !hasSample(scrape, `qem_up{manager="prod"}`) || i%4 == 0 && strings.Contains(scrape,
				`manager="other"`) {
				b.Errorf("reload %d: the managers are not those of the configuration", i)
			}
		}
		sim.ClearFaults()
		d.awaitSample(`qem_up{manager="prod"} 1`)
		d.await("the last mode is in force, which is off", func() bool {
			scrape := d.metrics()
			return hasSample(scrape, `qem_task_up{manager="prod"`) && !hasSample(scrape, `qem_task_tables{manager="prod"`)
		})
		if err := d.Stop(context.Background()); err != nil {
			b.Fatal(err)
		}
		if n := sim.ActiveSessions(); n != 0 {
			b.Errorf("%d sessions after stop", n)
		}
	})
}
