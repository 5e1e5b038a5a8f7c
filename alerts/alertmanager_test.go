package alerts_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
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

// labelled reads the labels of alerts that are written as in tests/inhibitions.yml, of managers of their own.
func labelled(written []string, number int) []map[string]string {
	severities := map[string]string{"c": "critical", "w": "warning", "n": "none"}
	var all []map[string]string
	for _, text := range written {
		parts := strings.Fields(text)
		name, severity, _ := strings.Cut(parts[0], "/")
		more := slices.IndexFunc(parts, func(part string) bool { return strings.Contains(part, "=") })
		if more < 0 {
			more = len(parts)
		}
		labels := alertLabels(name, severities[severity], parts[1:more]...)
		if manager := labels["manager"]; manager != "" {
			labels["manager"] = fmt.Sprint(manager, number)
		}
		for _, part := range parts[more:] {
			label, value, _ := strings.Cut(part, "=")
			labels[label] = value
		}
		all = append(all, labels)
	}
	return all
}

func TestInhibition(t *testing.T) {
	type test struct {
		About         string
		Alone         bool // what fires is about everything
		Fires, Silent []string
	}
	var tests []test
	read(t, "tests/inhibitions.yml", &tests)
	for _, alone := range []bool{false, true} {
		var sent []map[string]string
		about, silent := map[string]string{}, map[string]bool{} // by labels
		for i, test := range tests {
			if test.Alone != alone {
				continue
			}
			fire, mute := labelled(test.Fires, i), labelled(test.Silent, i)
			for _, labels := range slices.Concat(fire, mute) {
				sent = append(sent, labels)
				about[fmt.Sprint(labels)] = test.About
			}
			for _, labels := range mute {
				silent[fmt.Sprint(labels)] = true
			}
		}
		am := startAlertmanager(t, alertmanagerFile)
		am.post(t, sent, true)
		am.await(t, len(sent), func(a known) string {
			if muted := len(a.Status.InhibitedBy) > 0; muted != silent[fmt.Sprint(a.Labels)] {
				return fmt.Sprintf("%s: muted is %v: %v", about[fmt.Sprint(a.Labels)], muted, a.Labels)
			}
			return ""
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
type alertmanager struct{ address string }

func startAlertmanager(t *testing.T, config string) alertmanager {
	t.Helper()
	p := process.Start(t, exec.Command(process.Find(t, "alertmanager", "prometheus-alertmanager"), "--config.file="+config,
		"--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="))
	return alertmanager{p.Says(regexp.MustCompile(`address=(127\.0\.0\.1:[0-9]+)`))[1]}
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
	url := "http://" + am.address + "/api/v2/alerts"
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := process.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v %v: %s", method, resp.Status, err, data)
	}
	return data
}

// all are the alerts that it has.
func (am alertmanager) all(t *testing.T) (all []known) {
	t.Helper()
	if err := json.Unmarshal(am.call(t, http.MethodGet, nil), &all); err != nil {
		t.Fatal(err)
	}
	return all
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
		said = ""
		all := am.all(t)
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
