package alerts_test

import (
	"bytes"
	"cmp"
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

// Whatever the rules can raise goes to the one who is to be told, and so do those of teams and others' alerts.
func TestRoutes(t *testing.T) {
	receivers := map[string]string{} // by labels
	var sent []map[string]string
	route := func(receiver, about string) {
		labels := map[string]string{}
		for pair := range strings.FieldsSeq(about) {
			name, value, _ := strings.Cut(pair, "=")
			labels[name] = value
		}
		receivers[fmt.Sprint(labels)] = receiver
		sent = append(sent, labels)
	}
	for _, a := range alerts(t) {
		severity := a.Labels["severity"]
		route(map[string]string{"critical": "operations-pager", "warning": "operations-chat", "info": "digest",
			"none": "watchdog"}[severity], "alertname="+a.Alert+" severity="+severity)
	}
	for receiver, about := range map[string]string{
		"crm-pager": "alertname=QemTaskError severity=critical task=t team=crm",
		"crm-chat":  "alertname=QemTaskRecovering severity=warning task=t team=crm",
		"dwh-pager": "alertname=QemTaskError severity=critical task=t team=dwh",
		"dwh-chat":  "alertname=QemTaskTablesInError severity=warning task=t team=dwh",
		"digest":    "alertname=QemTaskStoppedLong severity=info task=t team=crm",

		"operations-pager": "alertname=QemTaskError severity=critical task=t team=unheard-of",
		"operations-chat":  "alertname=DiskFull severity=critical team=crm", // none of ours
	} {
		route(receiver, about)
	}
	am := startAlertmanager(t, alertmanagerFile)
	am.post(t, sent, true)
	am.await(t, len(sent), func(a known) string {
		if want := receivers[fmt.Sprint(a.Labels)]; len(a.Receivers) != 1 || a.Receivers[0].Name != want {
			return fmt.Sprintf("%v goes to %v, want %s", a.Labels, a.Receivers, want)
		}
		return ""
	})
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
			am.await(t, len(test.fires)+len(test.silent), func(a known) string {
				same := func(labels map[string]string) bool { return maps.Equal(labels, a.Labels) }
				muted := len(a.Status.InhibitedBy) > 0
				if muted != slices.ContainsFunc(test.silent, same) {
					return fmt.Sprintf("muted is %v: %v", muted, a.Labels)
				}
				return ""
			})
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
	for _, rule := range config.Inhibit {
		if strings.Contains(strings.Join(rule.Source, ""), `"Qem.+"`) {
			continue // the same alert: TestInhibition
		}
		sources := matching(t, rule.Source)
		for _, target := range matching(t, rule.Target) {
			if target.Group == "qem_exporter" {
				continue
			}
			for _, source := range sources {
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

// matching are the alerts that matchers take, as far as name and severity go.
func matching(t *testing.T, matchers []string) []rule {
	t.Helper()
	return slices.DeleteFunc(alerts(t), func(a rule) bool { return !matches(matchers, a) })
}

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
	p := process.Start(t, exec.Command(process.Find(t, "alertmanager", "prometheus-alertmanager"), "--config.file="+config,
		"--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="))
	return alertmanager{"http://" + p.Says(regexp.MustCompile(`address=(127\.0\.0\.1:[0-9]+)`))[1] + "/api/v2/alerts"}
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

// known is an alert as Alertmanager has it.
type known struct {
	Labels    map[string]string
	Status    struct{ InhibitedBy []string }
	Receivers []struct{ Name string }
}

// await waits until Alertmanager, which takes alerts in from a queue, has so many, and nothing is wrong with any.
func (am alertmanager) await(t *testing.T, count int, wrong func(known) string) {
	t.Helper()
	said := ""
	if !process.Within(process.Patience, func() bool {
		var all []known
		if err := json.Unmarshal(am.call(t, http.MethodGet, nil), &all); err != nil {
			t.Fatal(err)
		}
		said = ""
		if len(all) != count {
			said = fmt.Sprintf("Alertmanager has %d alerts of %d", len(all), count)
		}
		for _, a := range all {
			said = cmp.Or(said, wrong(a))
		}
		return said == ""
	}) {
		t.Fatal(said)
	}
}
