//go:build e2e

package alerts_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// hasten divides the durations of the shipped files: "for: 15m" becomes 4.5 s, [30m] 9 s.
const hasten = "200"

// notRead matches how long the alert of a server that is not read waits. It stays three polls, as it is with the
// defaults: a poll is not hastened as much, and servers become unreadable within one, each in its turn.
var notRead = regexp.MustCompile(`(alert: QemServerNotRead\n.*\n +for: )1000ms`)

// speed is how fast the simulated fleet lives: an incident of 4 minutes takes 30 s.
const speed = 8

// clock is the fleet's: it stands still until it is started, and can be put forward.
type clock struct {
	origin  time.Time
	started atomic.Pointer[time.Time]
	ahead   atomic.Int64
}

func (c *clock) start() {
	now := time.Now()
	c.started.Store(&now)
}

// since is how long the fleet has lived, at how long it had at an instant.
func (c *clock) since() time.Duration { return c.at(time.Now()) }

func (c *clock) at(now time.Time) time.Duration {
	s := c.started.Load()
	if s == nil {
		return 0
	}
	return now.Sub(*s)*speed + time.Duration(c.ahead.Load())
}

// putForward makes it so late at least.
func (c *clock) putForward(to time.Duration) { c.ahead.Add(int64(max(0, to-c.since()))) }

func (c *clock) now() time.Time { return c.origin.Add(c.since()) }

func startManager(t *testing.T, c *clock) *aemtest.Server {
	t.Helper()
	account := aemtest.DefaultAccount()
	account.Role = aemtest.Admin // for the tests of endpoints
	m := aemtest.NewServer(aemtest.Options{
		Seed: 12, Servers: 4, ComposeServers: 1, TasksPerServer: 12, Healthy: true, Incidents: true,
		Users: []aemtest.User{account}, Start: c.origin, Clock: c.now,
	})
	t.Cleanup(m.Close)
	err := m.SetTask("repl-prod-02", "ORA2SQL_INVENTORY", func(v *aemtest.Task) { v.Tags = append(v.Tags, "team=crm") })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// stack is exporter, Prometheus and Alertmanager, with the shipped files.
type stack struct {
	*process.Prometheus
	told *told
}

func startStack(t *testing.T, m *aemtest.Server) *stack {
	t.Helper()
	told := listen(t)
	exporter := startExporter(t, m.URL)
	am := startAlertmanager(t, hastened(t, alertmanagerFile, hasten, "http://127.0.0.1:9/", told.url))
	rulesFolder := t.TempDir()
	s := &stack{told: told, Prometheus: process.StartPrometheus(t, []string{exporter}, fmt.Sprintf(`
global: {evaluation_interval: 500ms}
rule_files: [%s/*.rules.yml]
alerting:
  alertmanagers: [{static_configs: [{targets: ['%s']}]}]`, rulesFolder, am.address),
		"--web.enable-lifecycle", "--rules.alert.resend-delay=5s")}

	// Prometheus takes seconds until it scrapes, in which there are no exporters to it:
	// it gets the rules only then.
	process.Eventually(t, "Prometheus scrapes and knows Alertmanager", time.Minute, func() bool {
		var managers struct{ ActiveAlertmanagers []any }
		s.API("/api/v1/alertmanagers", nil, &managers)
		return len(managers.ActiveAlertmanagers) == 1 && len(s.Query("qem_task_up")) > 0
	})
	// The number is the horizon of a latency that grows.
	rules, err := os.ReadFile(hastened(t, rulesFile, hasten, "vector(3600)", "vector(18)"))
	if err != nil {
		t.Fatal(err)
	}
	if !notRead.Match(rules) {
		t.Fatal("the rule for a server that is not read waits for another time than was thought")
	}
	rules = notRead.ReplaceAll(rules, []byte("${1}3s"))
	if err := os.WriteFile(filepath.Join(rulesFolder, rulesFile), rules, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := s.Do(http.MethodPost, s.URL+"/-/reload"); code != http.StatusOK {
		t.Fatalf("Prometheus does not load the rules: %s", said)
	}
	return s
}

// startExporter starts the built exporter and returns its address.
func startExporter(t *testing.T, manager string) string {
	t.Helper()
	config := process.File(t, "qem_exporter.yml", fmt.Sprintf(`
enterprise_managers:
  - name: demo
    url: %s
    poll_interval: 1s
    retries: 0 # their pauses are not hastened: servers would be lost one after the other
    max_age: 30s
    auth: {type: active_directory, username: %s, domain: %s, password: %s}
    tables: {mode: errors}
    objectives: [{latency: 5m}]
    collectors: {endpoint_tests: {interval: 2s}}
`, manager, aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword))
	return process.Launch(t, process.Build(t, ".."), "--config.file="+config, "--web.listen-address=127.0.0.1:0").Address()
}

// hastened is a shipped file in which time passes faster, with something replaced.
func hastened(t *testing.T, file, rate, old, replacement string) string {
	t.Helper()
	return process.File(t, file, strings.ReplaceAll(run(t, "../scripts/hasten", rate, file), old, replacement))
}

// firing are the alerts that fire in Prometheus, muted or not.
func firing(p *process.Prometheus) []string {
	var answer struct {
		Alerts []struct {
			Labels map[string]string
			State  string
		}
	}
	p.API("/api/v1/alerts", nil, &answer)
	var firing []string
	for _, a := range answer.Alerts {
		if a.State == "firing" {
			firing = append(firing, label(a.Labels))
		}
	}
	return firing
}
