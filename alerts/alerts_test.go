// Package alerts_test checks the rules, their unit tests, the example
// configuration of Alertmanager and the runbooks, with promtool and amtool.
package alerts_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

const (
	rulesFile    = "qem.rules.yml"
	runbooks     = "../docs/runbooks"
	runbooksURL  = "https://github.com/qem-exporter/qem_exporter/blob/main/docs/runbooks/"
	thresholds   = "qem_thresholds"
	thresholdPre = "qem:threshold:"
)

// rule is a recording rule or an alert.
type rule struct {
	Group         string `yaml:"-"`
	Record, Alert string
	Expr, For     string
	KeepFiringFor string `yaml:"keep_firing_for"`
	Labels        map[string]string
	Annotations   map[string]string
}

func (r rule) String() string {
	if r.Record != "" {
		return r.Record
	}
	return r.Alert + "/" + r.Labels["severity"]
}

// rules reads the rules file.
func rules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	read(t, rulesFile, &file)
	var all []rule
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			r.Group = g.Name
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		t.Fatal("there are no rules")
	}
	return all
}

// alerts are the alerting ones of the rules.
func alerts(t *testing.T) []rule {
	t.Helper()
	return slices.DeleteFunc(rules(t), func(r rule) bool { return r.Alert == "" })
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// run runs a program, which must succeed, and returns what it says.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), process.Find(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// The rulers of Mimir and Thanos take no more than 20 rules a group unless told to.
func TestGroupsAreSmall(t *testing.T) {
	count := map[string]int{}
	for _, r := range rules(t) {
		if count[r.Group]++; count[r.Group] == 21 {
			t.Errorf("group %s has more than 20 rules", r.Group)
		}
	}
}

// What is judged once, in fleet, is judged so here.
func TestJudgements(t *testing.T) {
	normal := ""
	for _, r := range rules(t) {
		if r.Record == "task:qem_task_stopped_abnormally:info" {
			normal = regexp.MustCompile(`reason!~"([^"]*)"`).FindStringSubmatch(r.Expr)[1]
		}
		if r.Record == "qem:threshold:license_warning_days" && r.Expr != fmt.Sprintf("vector(%d)",
			fleet.LicenseWarning/(24*time.Hour)) {
			t.Errorf("a licence is told of after %s days, %v on the status page", r.Expr, fleet.LicenseWarning)
		}
	}
	quiet := regexp.MustCompile("^(?:" + normal + ")$")
	for _, reason := range append(fleet.NormalStops(), "fatal_error", "recoverable_error", "stopped_low_memory",
		"unheard_of") {
		if quiet.MatchString(reason) == fleet.AbnormalStop(reason) {
			t.Errorf("%s: the rules and the status page differ", reason)
		}
	}
}

// Every alert is shown to fire at each of its severities, not to fire before, and to end.
func TestEveryAlertHasStories(t *testing.T) {
	fires := map[string]bool{}
	off := map[string]bool{}
	for _, s := range stories(t) {
		if len(s.At) == 0 {
			t.Errorf("nothing is expected of %q", s.Story)
		}
		all := strings.Join(slices.Collect(maps.Values(s.At)), " ")
		for name := range strings.FieldsSeq(all) {
			name, _, _ = strings.Cut(name, "*")
			fires[name] = true
			for _, expected := range s.At {
				if !strings.Contains(expected, name) {
					off[name] = true
				}
			}
		}
	}
	for _, a := range alerts(t) {
		name := a.Alert + "/" + a.Labels["severity"][:1]
		if a.Alert != "QemWatchdog" && (!fires[name] || !off[name]) {
			t.Errorf("%s: no story in which it fires (%v), or is not yet or no more (%v)", a, fires[name], off[name])
		}
	}
}

func TestLint(t *testing.T) {
	run(t, "promtool", "check", "rules", "--lint=all", "--lint-fatal", rulesFile)
}

func TestAlertsAreComplete(t *testing.T) {
	duration := regexp.MustCompile(`^[1-9][0-9]*[mhd]$`)
	sentence := regexp.MustCompile(`^(?:[A-Z]|\{\{ \$labels\.manager \}\}(?: / \{\{ \$labels\.\w+ \}\})*: [a-z])[^{}]*\.$`)
	dashboard := regexp.MustCompile(`^/d/qem-(fleet|server|task|full-load|tables|exporter)(\?|$)`)
	for _, a := range alerts(t) {
		t.Run(a.String(), func(t *testing.T) {
			if !regexp.MustCompile(`^Qem([A-Z][a-z]+)+$`).MatchString(a.Alert) {
				t.Errorf("the name is not CamelCase after Qem")
			}
			if !duration.MatchString(a.For) && a.Alert != "QemWatchdog" {
				t.Errorf("for is %q", a.For)
			}
			if a.KeepFiringFor != "" && !duration.MatchString(a.KeepFiringFor) {
				t.Errorf("keep_firing_for is %q", a.KeepFiringFor)
			}
			if s := a.Labels["severity"]; !slices.Contains([]string{"critical", "warning", "info", "none"}, s) {
				t.Errorf("severity is %q", s)
			}
			if s := a.Annotations["summary"]; !sentence.MatchString(s) {
				t.Errorf("the summary is not what it is about and a sentence: %q", s)
			}
			if !regexp.MustCompile(`\.(\{\{ (end|with|if) .*)?$`).MatchString(a.Annotations["description"]) {
				t.Errorf("the description is no sentence: %q", a.Annotations["description"])
			}
			if u := a.Annotations["dashboard_url"]; !dashboard.MatchString(u) {
				t.Errorf("dashboard_url is %q", u)
			}
			if u := a.Annotations["runbook_url"]; u != runbooksURL+a.Alert+".md" {
				t.Errorf("runbook_url is %q", u)
			}
		})
	}
}

// All numbers that an operator may want to change are in one group, and documented.
func TestThresholds(t *testing.T) {
	all := rules(t)
	index, err := os.ReadFile(filepath.Join(runbooks, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var used strings.Builder
	for _, r := range all {
		if r.Group != thresholds {
			used.WriteString(r.Expr)
		}
	}
	for _, r := range all {
		if r.Group != thresholds {
			continue
		}
		if !strings.HasPrefix(r.Record, thresholdPre) || !regexp.MustCompile(`^vector\([0-9.* ]+\)$`).MatchString(r.Expr) {
			t.Errorf("%s: %s is no threshold", r, r.Expr)
		}
		if !strings.Contains(used.String(), "scalar(max("+r.Record+"))") {
			t.Errorf("%s is not used", r)
		}
		row := fmt.Sprintf("\n| `%s` | %s | ", r.Record, strings.TrimSuffix(strings.TrimPrefix(r.Expr, "vector("), ")"))
		if !strings.Contains(string(index), row) {
			t.Errorf("the index of the runbooks lacks the row%s", row)
		}
	}
}

func TestRunbooks(t *testing.T) {
	known := map[string]bool{"README": true}
	for _, a := range alerts(t) {
		known[a.Alert] = true
		page, err := os.ReadFile(filepath.Join(runbooks, a.Alert+".md"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, part := range []string{"# " + a.Alert + "\n", "\n## Meaning\n", "\n## Look at\n", "\n## Do\n",
			"\n## Usual causes\n", "](README.md)"} {
			if !strings.Contains("\n"+string(page), part) {
				t.Errorf("%s.md lacks %q", a.Alert, strings.TrimSpace(part))
			}
		}
		uid := strings.TrimPrefix(strings.Split(a.Annotations["dashboard_url"], "?")[0], "/d/")
		if !strings.Contains(string(page), "`"+uid+"`") {
			t.Errorf("%s.md does not name its dashboard %s", a.Alert, uid)
		}
	}
	pages, err := filepath.Glob(filepath.Join(runbooks, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); !known[name] {
			t.Errorf("%s is about no alert", page)
		}
	}
}

// Every query of a runbook is one that Prometheus understands, of metrics that exist.
func TestRunbookQueries(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(runbooks, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```promql\n(.*?)```")
	var queries []rule
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range block.FindAllSubmatch(text, -1) {
			for q := range strings.Lines(string(b[1])) {
				queries = append(queries, rule{Record: fmt.Sprintf("query:%d", len(queries)), Expr: strings.TrimSpace(q)})
			}
		}
	}
	if len(queries) < len(alerts(t)) {
		t.Fatalf("only %d queries were found", len(queries))
	}
	checkNames(t, queries)
	checkSelectors(t, queries)
	type entry struct{ Record, Expr string }
	var entries []entry
	for _, q := range queries {
		entries = append(entries, entry{q.Record, q.Expr})
	}
	data, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "queries", "rules": entries}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "promtool", "check", "rules", file)
}
