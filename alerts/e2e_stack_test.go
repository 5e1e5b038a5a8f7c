//go:build e2e

package alerts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
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

// enterpriseManager is a simulated one that can be killed, and come back at its address.
type enterpriseManager struct {
	*aemtest.Simulator
	address string
	serving *http.Server
}

func startManager(t *testing.T, c *clock) *enterpriseManager {
	t.Helper()
	account := aemtest.DefaultAccount()
	account.Role = aemtest.Admin // for the tests of endpoints
	m := &enterpriseManager{address: "127.0.0.1:0", Simulator: aemtest.New(aemtest.Options{
		Seed: 12, Servers: 4, ComposeServers: 1, TasksPerServer: 12, Healthy: true, Incidents: true,
		Users: []aemtest.User{account}, Start: c.origin, Clock: c.now,
	})}
	err := m.SetTask("repl-prod-02", "ORA2SQL_INVENTORY", func(v *aemtest.Task) { v.Tags = append(v.Tags, "team=crm") })
	if err != nil {
		t.Fatal(err)
	}
	m.serve(t)
	t.Cleanup(func() {
		m.Close()
		m.kill()
	})
	return m
}

func (m *enterpriseManager) serve(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", m.address)
	if err != nil {
		t.Fatal(err)
	}
	m.address, m.serving = l.Addr().String(), &http.Server{Handler: m, ReadHeaderTimeout: time.Minute}
	go m.serving.Serve(l)
}

func (m *enterpriseManager) kill() { _ = m.serving.Close() }

// stack is exporter, Prometheus and Alertmanager, with the shipped files.
type stack struct {
	prometheus, alertmanager string // their addresses
	told                     *told
}

func startStack(t *testing.T, m *enterpriseManager) *stack {
	t.Helper()
	told := listen(t)
	s := &stack{told: told}
	exporter := startExporter(t, m.address)
	example := hastened(t, alertmanagerFile, "http://127.0.0.1:9/", told.url)
	s.alertmanager = startProgram(t, `address=(127\.0\.0\.1:\d+)`, process.Find(t, "alertmanager", "prometheus-alertmanager"),
		"--config.file="+example, "--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")

	dir := t.TempDir()
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms}
rule_files: [%s/*.rules.yml]
alerting:
  alertmanagers: [{static_configs: [{targets: ['%s']}]}]
scrape_configs:
  - job_name: qem
    static_configs: [{targets: ['%s']}]
`, dir, s.alertmanager, exporter)
	s.prometheus = startProgram(t, `Listening on" address=(127\.0\.0\.1:\d+)`, process.Find(t, "prometheus"),
		"--config.file="+process.File(t, "prometheus.yml", config), "--web.listen-address="+process.FreeAddress(t), "--storage.tsdb.path="+t.TempDir(),
		"--web.enable-lifecycle", "--rules.alert.resend-delay=5s")

	// Prometheus takes seconds until it scrapes, in which there are no exporters to it:
	// it gets the rules only then.
	process.Eventually(t, "Prometheus scrapes and knows Alertmanager", time.Minute, func() bool {
		var managers struct{ ActiveAlertmanagers []any }
		s.api("/api/v1/alertmanagers", &managers)
		return len(managers.ActiveAlertmanagers) == 1 && s.has("qem_task_up")
	})
	rules, err := os.ReadFile(hastened(t, rulesFile, "", ""))
	if err != nil {
		t.Fatal(err)
	}
	rules = bytes.ReplaceAll(rules, []byte("vector(3600)"), []byte("vector(18)")) // the horizon of a latency that grows
	if !notRead.Match(rules) {
		t.Fatal("the rule for a server that is not read waits for another time than was thought")
	}
	rules = notRead.ReplaceAll(rules, []byte("${1}3s"))
	if err := os.WriteFile(filepath.Join(dir, rulesFile), rules, 0o600); err != nil {
		t.Fatal(err)
	}
	response, err := client.Post("http://"+s.prometheus+"/-/reload", "", nil)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("Prometheus does not load the rules: %v, %v", response, err)
	}
	_ = response.Body.Close()
	return s
}

// startExporter starts the built exporter and returns its address.
func startExporter(t *testing.T, manager string) string {
	t.Helper()
	config := process.File(t, "qem_exporter.yml", fmt.Sprintf(`
enterprise_managers:
  - name: demo
    url: http://%s%s
    poll_interval: 1s
    retries: 0 # their pauses are not hastened: servers would be lost one after the other
    max_age: 30s
    auth: {type: active_directory, username: %s, domain: %s, password: %s}
    tables: {mode: errors}
    objectives: [{latency: 5m}]
    collectors: {endpoint_tests: {interval: 2s}}
`, manager, aemtest.Path, aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword))
	return process.Launch(t, process.Build(t, ".."), "--config.file="+config, "--web.listen-address=127.0.0.1:0").Address()
}

// hastened is a shipped file in which time passes faster, with something replaced.
func hastened(t *testing.T, file, old, replacement string) string {
	t.Helper()
	text := run(t, "../scripts/hasten", hasten, file)
	if old != "" {
		text = strings.ReplaceAll(text, old, replacement)
	}
	return process.File(t, file, text)
}

// startProgram starts a program, which ends with the test, and returns the address that
// it says it listens on.
func startProgram(t *testing.T, says, name string, args ...string) string {
	t.Helper()
	if name == process.Find(t, "alertmanager", "prometheus-alertmanager") { // the shipped file is named from here
		return process.Start(t, exec.Command(name, args...)).Says(regexp.MustCompile(says))[1]
	}
	return process.Launch(t, name, args...).Says(regexp.MustCompile(says))[1]
}

// client keeps no connection, so that none outlives a test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}

// get decodes what a URL answers, and reports whether it did.
func get(url string, into any) bool {
	response, err := client.Get(url)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK && json.NewDecoder(response.Body).Decode(into) == nil
}

// api asks Prometheus.
func (s *stack) api(path string, data any) bool {
	return get("http://"+s.prometheus+path, &struct{ Data any }{data})
}

// has reports whether a query gives something now.
func (s *stack) has(query string) bool {
	var answer struct{ Result []any }
	return s.api("/api/v1/query?query="+url.QueryEscape(query), &answer) && len(answer.Result) > 0
}

// firing are the alerts that fire in Prometheus, muted or not.
func (s *stack) firing() []string {
	var answer struct {
		Alerts []struct {
			Labels map[string]string
			State  string
		}
	}
	if !s.api("/api/v1/alerts", &answer) {
		return []string{"Prometheus does not answer"}
	}
	var firing []string
	for _, a := range answer.Alerts {
		if a.State == "firing" {
			firing = append(firing, label(a.Labels))
		}
	}
	return firing
}
