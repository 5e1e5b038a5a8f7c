package alerts_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-jsonnet"
)

// mixed is what the mixin makes with a configuration.
func mixed(t *testing.T, config string) (groups []struct {
	Name  string
	Rules []rule
}, err error) {
	t.Helper()
	vm := jsonnet.MakeVM()
	vm.Importer(&jsonnet.FileImporter{})
	text, err := vm.EvaluateAnonymousSnippet("test.jsonnet", `
		local m = (import 'mixin/mixin.libsonnet') + { _config+:: `+config+` };
		{ groups: m.prometheusRules.groups + m.prometheusAlerts.groups, dashboards: std.objectFields(m.grafanaDashboards) }`)
	if err != nil {
		return nil, err
	}
	var made struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
		Dashboards []string
	}
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		t.Fatal(err)
	}
	boards, err := filepath.Glob("../dashboards/*.json")
	if err != nil || len(boards) != len(made.Dashboards) {
		t.Errorf("the mixin has the dashboards %v, want %v (%v)", made.Dashboards, boards, err)
	}
	return made.Groups, nil
}

// The mixin has every rule of the file, and changes what its configuration says.
func TestMixin(t *testing.T) {
	shipped := rules(t)
	groups, err := mixed(t, "{}")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range groups {
		for _, r := range g.Rules {
			n++
			if !slices.ContainsFunc(shipped, func(s rule) bool { return s.String() == r.String() && s.Expr == r.Expr }) {
				t.Errorf("the rules have no %s", r)
			}
		}
	}
	if n != len(shipped) {
		t.Errorf("the mixin has %d rules, want %d", n, len(shipped))
	}
	groups, err = mixed(t, `{ thresholds: { license_warning_days: 60 }, dropAlerts: ['QemServerCpuHigh'], severities: { QemTaskFlapping: 'warning' },
		runbookURLBase: 'https://wiki/', grafanaURLBase: 'https://grafana/d/', alertLabels: { cluster: 'eu' } }`)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for _, r := range g.Rules {
			wrong := r.Alert == "QemServerCpuHigh" || r.Alert == "QemTaskFlapping" && r.Labels["severity"] != "warning" ||
				r.Record == "qem:threshold:license_warning_days" && r.Expr != "vector(60)"
			if r.Alert != "" {
				wrong = wrong || r.Labels["cluster"] != "eu" || r.Annotations["runbook_url"] != "https://wiki/"+r.Alert+".md" ||
					!strings.HasPrefix(r.Annotations["dashboard_url"], "https://grafana/d/qem-")
			}
			if wrong {
				t.Errorf("not as configured: %+v", r)
			}
		}
	}
	for _, slip := range []string{"{ thresholds: { licence_days: 1 } }", "{ dropAlerts: ['QemTaskEror'] }",
		"{ severities: { QemX: 'info' } }"} {
		if _, err := mixed(t, slip); err == nil || !strings.Contains(err.Error(), "there is no") {
			t.Errorf("%s: %v", slip, err)
		}
	}
}
