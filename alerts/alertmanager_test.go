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

	"github.com/qem-exporter/qem_exporter/internal/testproc"
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
		{"nobody", "alertname=QemTaskFlapping severity=info task=t"},
		{"nobody", "alertname=QemTaskFlapping severity=info task=t team=crm"},
		{"operations-chat", "alertname=DiskFull severity=critical team=crm"}, // none of ours
	} {
		t.Run(test.labels, func(t *testing.T) {
			args := []string{"config", "routes", "test", "--config.file=" + alertmanagerFile, "--verify.receivers=" + test.receiver}
			run(t, "amtool", append(args, strings.Fields(test.labels)...)...)
		})
	}
}

// Whatever the rules can raise goes to the one who is to be told.
func TestEveryAlertHasARoute(t *testing.T) {
	for _, a := range alerts(t) {
		want := map[string]string{"critical": "operations-pager", "warning": "operations-chat", "info": "nobody"}[a.Labels["severity"]]
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
	endpoint := alertLabels("QemEndpointTestFailing", warning, "a", "down")
	endpoint["endpoint"] = "src"
	for _, test := range []struct {
		name          string
		fires, silent []map[string]string
	}{
		{
			"a dead Enterprise Manager is one alert, another's tasks are told of",
			[]map[string]string{alertLabels("QemManagerUnreachable", critical, "a"), alertLabels("QemTaskError", critical, "b", "s", "t")},
			[]map[string]string{
				alertLabels("QemServerError", critical, "a", "s"), alertLabels("QemTaskError", critical, "a", "s", "t"),
				alertLabels("QemTaskTablesInError", warning, "a", "s", "u"), alertLabels("QemManagerPollsPartial", warning, "a"),
			},
		},
		{
			"a spare exporter that cannot reach it mutes nothing",
			[]map[string]string{alertLabels("QemManagerUnreachable", warning, "a"), alertLabels("QemTaskError", critical, "a", "s", "t")},
			nil,
		},
		{
			"a server that is down is one alert, its licence and other servers are told of",
			[]map[string]string{
				alertLabels("QemServerError", critical, "a", "down"), alertLabels("QemServerLicenseExpiring", critical, "a", "down"),
				alertLabels("QemTaskError", critical, "a", "up", "t"),
			},
			[]map[string]string{alertLabels("QemTaskError", critical, "a", "down", "t"), alertLabels("QemTaskRecovering", warning, "a", "down", "u"), endpoint},
		},
		{
			"critical mutes warning of the same alert about the same task",
			[]map[string]string{alertLabels("QemTaskTargetLatencyHigh", critical, "a", "s", "t"), alertLabels("QemTaskTargetLatencyHigh", warning, "a", "s", "u")},
			[]map[string]string{alertLabels("QemTaskTargetLatencyHigh", warning, "a", "s", "t")},
		},
		{
			"a task in error mutes its own symptoms",
			[]map[string]string{alertLabels("QemTaskError", critical, "a", "s", "t"), alertLabels("QemTaskFlapping", warning, "a", "s", "u")},
			[]map[string]string{alertLabels("QemTaskFlapping", warning, "a", "s", "t"), alertLabels("QemTaskDataErrorsRising", warning, "a", "s", "t")},
		},
		{
			"a full load with errors mutes its tables in error",
			[]map[string]string{alertLabels("QemTaskFullLoadErrors", warning, "a", "s", "t")},
			[]map[string]string{alertLabels("QemTaskTablesInError", warning, "a", "s", "t")},
		},
		{
			"no exporter at all is one alert, those of others are told of",
			[]map[string]string{alertLabels("QemExporterAbsent", critical), alertLabels("DiskFull", critical)},
			[]map[string]string{alertLabels("QemManagerAbsent", critical, "a"), alertLabels("QemExporterDown", warning)},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			am := startAlertmanager(t)
			am.post(t, slices.Concat(test.fires, test.silent))
			am.await(t, test.fires, test.silent)
		})
	}
}

// alertmanager is a running one.
type alertmanager struct{ url string }

func startAlertmanager(t *testing.T) alertmanager {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, testproc.Find(t, "alertmanager", "prometheus-alertmanager"), "--config.file="+alertmanagerFile,
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

func (am alertmanager) post(t *testing.T, alerts []map[string]string) {
	t.Helper()
	var body []map[string]any
	for _, labels := range alerts {
		body = append(body, map[string]any{"labels": labels})
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
