package alerts_test

import (
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

// unitFile is what the tests below look at in a file of unit tests.
type unitFile struct {
	Tests []unit
}

type unit struct {
	Name   string
	Series []struct{ Series string } `yaml:"input_series"`
	Alerts []struct {
		At       string `yaml:"eval_time"`
		Alert    string `yaml:"alertname"`
		Expected []struct {
			Labels map[string]string `yaml:"exp_labels"`
		} `yaml:"exp_alerts"`
	} `yaml:"alert_rule_test"`
	Queries []struct{ Expr string } `yaml:"promql_expr_test"`
}

func unitFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("tests/*.test.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no unit tests: %v", err)
	}
	return files
}

func units(t *testing.T) []unit {
	t.Helper()
	var all []unit
	for _, name := range unitFiles(t) {
		var file unitFile
		read(t, name, &file)
		all = append(all, file.Tests...)
	}
	return all
}

// firing is an alert that a unit test expects.
type firing struct {
	test, alert string
	labels      map[string]string
}

func firings(all []unit) []firing {
	var list []firing
	for _, u := range all {
		for _, a := range u.Alerts {
			for _, e := range a.Expected {
				list = append(list, firing{u.Name, a.Alert, e.Labels})
			}
		}
	}
	return list
}

// Every alert is shown to fire at its severity, not just before, and to end; and, unless
// it is about an exporter, to be one alert when there are two exporters.
func TestEveryAlertHasUnits(t *testing.T) {
	all := units(t)
	for _, a := range alerts(t) {
		if !fires(all, a) {
			t.Errorf("%s: no unit test expects it", a)
		}
		before, after := edges(t, all, a.Alert)
		if !before {
			t.Errorf("%s: no unit test shows that it does not fire a minute before", a)
		}
		if !after {
			t.Errorf("%s: no unit test shows that it ends", a)
		}
		if a.Group != "qem_exporter" && !firesOnceForTwo(all, a) {
			t.Errorf("%s: no unit test shows that two exporters make one alert", a)
		}
	}
}

func fires(all []unit, a rule) bool {
	for _, f := range firings(all) {
		if f.alert == a.Alert && f.labels["severity"] == a.Labels["severity"] {
			return true
		}
	}
	return false
}

// edges looks for a test in which the alert is off a minute before it is on, and one in
// which it is on and then off.
func edges(t *testing.T, all []unit, alert string) (before, after bool) {
	t.Helper()
	for _, u := range all {
		on := map[time.Duration]bool{}
		for _, a := range u.Alerts {
			if a.Alert == alert {
				at, err := model.ParseDuration(a.At)
				if err != nil {
					t.Fatal(err)
				}
				on[time.Duration(at)] = len(a.Expected) > 0
			}
		}
		for at, firing := range on {
			for other, otherFiring := range on {
				if firing && !otherFiring {
					before = before || other == at-time.Minute
					after = after || other > at
				}
			}
		}
	}
	return before, after
}

func firesOnceForTwo(all []unit, a rule) bool {
	instance := regexp.MustCompile(`instance="([^"]*)"`)
	for _, u := range all {
		instances := map[string]bool{}
		for _, s := range u.Series {
			if m := instance.FindStringSubmatch(s.Series); m != nil {
				instances[m[1]] = true
			}
		}
		for _, tested := range u.Alerts {
			n := 0
			for _, e := range tested.Expected {
				if tested.Alert == a.Alert && e.Labels["severity"] == a.Labels["severity"] {
					n++
				}
			}
			if n == 1 && len(instances) > 1 {
				return true
			}
		}
	}
	return false
}

func TestEveryRecordingHasUnits(t *testing.T) {
	tested := map[string]bool{}
	for _, u := range units(t) {
		for _, q := range u.Queries {
			tested[q.Expr] = true
		}
	}
	for _, r := range rules(t) {
		if r.Record != "" && !tested[r.Record] {
			t.Errorf("%s: no unit test asks for it", r)
		}
	}
}
