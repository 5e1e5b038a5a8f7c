package alerts_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

const alertmanagerFile = "alertmanager.example.yml"

func TestAlertmanagerConfig(t *testing.T) {
	run(t, "amtool", "check-config", alertmanagerFile)
}

func TestRoutes(t *testing.T) {
	for _, test := range []struct{ receiver, labels string }{
		{"operations-pager", "alertname=QemManagerUnreachable severity=critical manager=prod"},
		{"operations-chat", "alertname=QemManagerPollsPartial severity=warning manager=prod"},
		{"operations-pager", "alertname=QemTaskError severity=critical task=t"},
		{"operations-chat", "alertname=QemTaskRecovering severity=warning task=t"},
		{"crm-pager", "alertname=QemTaskError severity=critical task=t team=crm"},
		{"crm-chat", "alertname=QemTaskRecovering severity=warning task=t team=crm"},
		{"dwh-pager", "alertname=QemTaskError severity=critical task=t team=dwh"},
		{"dwh-chat", "alertname=QemTaskTablesInError severity=warning task=t team=dwh"},
		{"operations-pager", "alertname=QemTaskError severity=critical task=t team=unheard-of"},
		{"digest", "alertname=QemTaskStoppedLong severity=info task=t"},
		{"digest", "alertname=QemTaskStoppedLong severity=info task=t team=crm"},
		{"watchdog", "alertname=QemWatchdog severity=none"},
		{"operations-chat", "alertname=DiskFull severity=critical team=crm"}, // none of ours
	} {
		t.Run(test.labels, func(t *testing.T) {
			args := []string{"config", "routes", "test", "--config.file=" + alertmanagerFile, "--verify.receivers=" +
				test.receiver}
			run(t, "amtool", append(args, strings.Fields(test.labels)...)...)
		})
	}
}

// Whatever the rules can raise goes to the one who is to be told.
func TestEveryAlertHasARoute(t *testing.T) {
	for _, a := range alerts(t) {
		want := map[string]string{"critical": "operations-pager", "warning": "operations-chat", "info": "digest",
			"none": "watchdog"}[a.Labels["severity"]]
		run(t, "amtool", "config", "routes", "test", "--config.file="+alertmanagerFile, "--verify.receivers="+want,
			"alertname="+a.Alert, "severity="+a.Labels["severity"])
	}
}

// alertLabels makes the labels of an alert: its name, severity and what it is about.
func alertLabels(name, severity string, about ...string) map[string]string {
	l := map[string]string{"alertname": name, "severity": severity}
	for i, label := range []string{"manager", "server", "task"} {
		if i < len(about) {
			l[label] = about[i]
		}
	}
	return l
}

func TestInhibition(t *testing.T) {
	const critical, warning = "critical", "warning"
	of := func(source, target string, a map[string]string) map[string]string {
		a["source"], a["target"], a["team"] = source, target, "crm"
		return a
	}
	endpoint := alertLabels("QemEndpointTestFailing", warning, "a", "down")
	endpoint["endpoint_name"] = "src"
	failing := map[string]string{"alertname": "QemTargetFailing", "severity": critical, "manager": "a",
		"team": "crm", "target": "SNOW"}
	for _, test := range []struct {
		name          string
		fires, silent []map[string]string
	}{
		{
			"a dead Enterprise Manager is one alert; critical alerts of tasks and licences stand, and another's",
			[]map[string]string{
				alertLabels("QemManagerUnreachable", critical, "a"), alertLabels("QemTaskError", critical, "b", "s", "t"),
				alertLabels("QemTaskError", critical, "a", "s", "t"), alertLabels("QemServerLicenseExpired", critical, "a", "s"),
				alertLabels("QemServerLicenseExpiring", warning, "a", "s"), alertLabels("QemWatchdog", "none"),
			},
			[]map[string]string{
				alertLabels("QemServerError", critical, "a", "s"), alertLabels("QemTaskTablesInError", warning, "a", "s", "u"),
				alertLabels("QemManagerPollsPartial", warning, "a"), alertLabels("QemServerVanished", warning, "a", "s"),
			},
		},
		{
			"an exporter with an old password, or that cannot reach it, mutes nothing while another can",
			[]map[string]string{
				alertLabels("QemManagerUnreachable", warning, "a"), alertLabels("QemManagerLoginRefused", warning, "a"),
				alertLabels("QemTaskError", critical, "a", "s", "t"), alertLabels("QemTaskTablesInError", warning, "a", "s", "u"),
			},
			nil,
		},
		{
			"a missing shard mutes nothing of the others",
			[]map[string]string{
				alertLabels("QemShardNotRead", critical, "a"), alertLabels("QemTaskError", critical, "a", "s", "t"),
				alertLabels("QemTaskTablesInError", warning, "a", "s", "u"), alertLabels("QemServerError", critical, "a", "x"),
			},
			nil,
		},
		{
			"a server that is down is one alert, its licence and other servers are told of",
			[]map[string]string{
				alertLabels("QemServerError", critical, "a", "down"), alertLabels("QemServerLicenseExpiring", critical, "a",
					"down"),
				alertLabels("QemTaskError", critical, "a", "up", "t"), alertLabels("QemTaskError", critical, "a", "down", "t"),
			},
			[]map[string]string{alertLabels("QemTaskRecovering", warning, "a", "down", "u"), endpoint},
		},
		{
			"all servers are gone",
			[]map[string]string{alertLabels("QemManagerServersVanished", critical, "a"), alertLabels("QemTaskError",
				critical, "a", "s", "t")},
			[]map[string]string{alertLabels("QemServerVanished", warning, "a", "s")},
		},
		{
			"a target that fails is one alert, tasks of another target or team are told of",
			[]map[string]string{
				failing, of("ORA", "SNOW", alertLabels("QemTaskError", critical, "a", "s", "t")),
				of("ORA", "S3", alertLabels("QemTaskRecovering", warning, "a", "s", "v")),
				alertLabels("QemTaskRecovering", warning, "a", "s", "w"),
			},
			[]map[string]string{of("ORA", "SNOW", alertLabels("QemTaskRecovering", warning, "a", "s", "u"))},
		},
		{
			"critical mutes warning of the same alert about the same task, but not of a licence",
			[]map[string]string{
				alertLabels("QemTaskTargetLatencyHigh", critical, "a", "s", "t"), alertLabels("QemTaskTargetLatencyHigh",
					warning, "a", "s", "u"),
				alertLabels("QemServerLicenseExpiring", critical, "a", "s"), alertLabels("QemServerLicenseExpiring",
					warning, "a", "s"),
			},
			[]map[string]string{alertLabels("QemTaskTargetLatencyHigh", warning, "a", "s", "t")},
		},
		{
			"a task in error mutes its own symptoms",
			[]map[string]string{alertLabels("QemTaskError", critical, "a", "s", "t"), alertLabels("QemTaskTablesInError",
				warning, "a", "s", "u")},
			[]map[string]string{
				alertLabels("QemTaskTablesInError", warning, "a", "s", "t"), alertLabels("QemTaskDataErrorsRising", warning,
					"a", "s", "t"),
				alertLabels("QemTaskRecovering", warning, "a", "s", "t"),
			},
		},
		{
			"a full load with errors mutes its tables in error, latency above its objective what grows",
			[]map[string]string{alertLabels("QemTaskFullLoadErrors", warning, "a", "s", "t"),
				alertLabels("QemTaskSourceLatencyHigh", warning, "a", "s", "t")},
			[]map[string]string{alertLabels("QemTaskTablesInError", warning, "a", "s", "t"),
				alertLabels("QemTaskSpillingToDisk", warning, "a", "s", "t")},
		},
		{
			"no exporter at all is one alert, those of others are told of",
			[]map[string]string{alertLabels("QemExporterAbsent", critical), alertLabels("DiskFull", critical),
				alertLabels("QemTaskError", critical, "a", "s", "t")},
			[]map[string]string{alertLabels("QemManagerAbsent", critical, "a"), alertLabels("QemExporterDown", warning)},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			am := startAlertmanager(t, alertmanagerFile)
			am.post(t, slices.Concat(test.fires, test.silent), true)
			am.await(t, test.fires, test.silent)
		})
	}
}

// An alert that mutes others and does not keep firing, or less long than they, leaves time to tell of their end.
func TestMutedAlertsOutliveWhatMutesThem(t *testing.T) {
	var config struct {
		Inhibit []struct {
			Source []string `yaml:"source_matchers"`
			Target []string `yaml:"target_matchers"`
			Equal  []string
		} `yaml:"inhibit_rules"`
	}
	read(t, alertmanagerFile, &config)
	all := alerts(t)
	for _, rule := range config.Inhibit {
		if strings.Contains(strings.Join(rule.Source, ""), `"Qem.+"`) {
			continue // the same alert: TestInhibition
		}
		for _, source := range all {
			for _, target := range all {
				if !matches(rule.Source, source) || !matches(rule.Target, target) || target.Group == "qem_exporter" {
					continue
				}
				if critical := target.Labels["severity"] == "critical"; strings.HasPrefix(target.Alert, "QemTask") &&
					critical || strings.Contains(target.Alert, "License") {
					t.Errorf("%s mutes %s, whose end would not be told", source, target)
				}
				if after(target.KeepFiringFor) <= after(source.KeepFiringFor) && target.Alert != source.Alert &&
					!strings.HasSuffix(source.Alert, "LatencyHigh") && source.Alert != "QemTaskFullLoadErrors" {
					t.Errorf("%s (%s) may end after %s (%s), which it mutes", source, source.KeepFiringFor, target,
						target.KeepFiringFor)
				}
			}
		}
	}
}

// matches tells whether matchers take an alert, as far as its name and severity go.
func matches(matchers []string, a rule) bool {
	for _, m := range matchers {
		p := regexp.MustCompile(`^(\w+)(=~|!~|!=|=)"(.*)"$`).FindStringSubmatch(m)
		value := map[string]string{"alertname": a.Alert, "severity": a.Labels["severity"]}[p[1]]
		if p[1] == "server" || p[1] == "task" {
			value = map[bool]string{true: "x"}[strings.Contains(a.Expr, p[1])]
		}
		if yes := regexp.MustCompile("^(?:" + p[3] + ")$").MatchString(value); yes == strings.HasPrefix(p[2], "!") {
			return false
		}
	}
	return true
}

// alertmanager is a running one.
type alertmanager struct{ url string }

func startAlertmanager(t *testing.T, config string) alertmanager {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, process.Find(t, "alertmanager", "prometheus-alertmanager"), "--config.file="+config,
		"--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	address := make(chan string, 1)
	t.Cleanup(func() {
		cancel()
		<-read
		_ = cmd.Wait() // it was killed
	})
	go func() {
		defer close(read)
		defer close(address)
		listening := regexp.MustCompile(`address=(127\.0\.0\.1:[0-9]+)`)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case address <- m[1]:
				default:
				}
			}
		}
	}()
	at, ok := <-address
	if !ok {
		t.Fatal("Alertmanager ended before it listened")
	}
	return alertmanager{"http://" + at + "/api/v2/alerts"}
}

// post tells of alerts, that they fire or have ended.
func (am alertmanager) post(t *testing.T, alerts []map[string]string, firing bool) {
	t.Helper()
	var body []map[string]any
	for _, labels := range alerts {
		a := map[string]any{"labels": labels, "endsAt": time.Now().Add(time.Hour).Format(time.RFC3339Nano)}
		if !firing {
			a["endsAt"] = time.Now().Format(time.RFC3339Nano)
		}
		body = append(body, a)
	}
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	am.call(t, http.MethodPost, data)
}

func (am alertmanager) call(t *testing.T, method string, body []byte) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, am.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %v %v: %s", method, am.url, resp.Status, err, data)
	}
	return data
}

// await waits until Alertmanager tells of the ones and mutes the others: it takes alerts
// in from a queue.
func (am alertmanager) await(t *testing.T, fires, silent []map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		wrong := am.compare(t, fires, silent)
		if wrong == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(wrong)
		}
	}
}

// compare says what is not as it should be.
func (am alertmanager) compare(t *testing.T, fires, silent []map[string]string) string {
	t.Helper()
	var known []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	if err := json.Unmarshal(am.call(t, http.MethodGet, nil), &known); err != nil {
		t.Fatal(err)
	}
	if len(known) != len(fires)+len(silent) {
		return fmt.Sprintf("Alertmanager has %d alerts of %d", len(known), len(fires)+len(silent))
	}
	for _, a := range known {
		muted := len(a.Status.InhibitedBy) > 0
		same := func(labels map[string]string) bool { return maps.Equal(labels, a.Labels) }
		if muted != slices.ContainsFunc(silent, same) {
			return fmt.Sprintf("muted is %v: %v", muted, a.Labels)
		}
	}
	return ""
}
