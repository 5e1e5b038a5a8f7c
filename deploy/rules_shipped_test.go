//go:build shipped

package deploy_test

import (
	"strings"
	"testing"
)

// The values change thresholds, severities, links and labels of the rules, leave alerts out, and refuse slips.
func TestChartRules(t *testing.T) {
	out, err := template(t, `prometheusRule={"enabled": true, "thresholds": {"license_warning_days": 60},
		"dropAlerts": ["QemServerCpuHigh"], "severities": {"QemTaskRecovering/critical": "none"},
		"grafanaURLBase": "https://grafana/d/", "runbookURLBase": "https://wiki/", "alertLabels": {"cluster": "eu"}}`)
	if err != nil {
		t.Fatal(err)
	}
	m := manifests{T: t, objects: documents(t, "helm template", []byte(out))}
	alerts := 0
	for _, g := range list[object](t, m.one("PrometheusRule"), "spec/groups") {
		for _, r := range list[object](t, g, "rules") {
			if r["record"] == "qem:threshold:license_warning_days" && r["expr"] != "vector(60)" {
				t.Errorf("the threshold is %v", r["expr"])
			}
			if r["alert"] == nil {
				continue
			}
			alerts++
			name, labels, links := r["alert"].(string), r["labels"].(object), r["annotations"].(object)
			if name == "QemServerCpuHigh" || labels["cluster"] != "eu" || links["runbook_url"] != "https://wiki/"+name+".md" ||
				!strings.HasPrefix(links["dashboard_url"].(string), "https://grafana/d/qem-") {
				t.Errorf("not as the values say: %v", r)
			}
			if expr := r["expr"].(string); name == "QemTaskRecovering" && labels["severity"] != "warning" &&
				(labels["severity"] != "none" || !strings.Contains(expr, `severity="none"`)) {
				t.Errorf("its severity is %v: %s", labels["severity"], expr)
			}
		}
	}
	if alerts < 60 {
		t.Errorf("only %d alerts", alerts)
	}
	for _, slip := range []string{
		`"thresholds": {"licence_days": 1}`, `"dropAlerts": ["QemTaskEror"]`, `"severities": {"QemX": "info"}`,
	} {
		_, err := template(t, `prometheusRule={"enabled": true, `+slip+`}`)
		if err == nil || !strings.Contains(err.Error(), "there is no") {
			t.Errorf("%s: %v", slip, err)
		}
	}
}
