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
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/testkit"
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

// shipped is the rules file, which takes a while to read.
var shipped = sync.OnceValues(func() (all []rule, err error) {
	data, err := os.ReadFile(rulesFile)
	if err != nil {
		return nil, err
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	err = yaml.Unmarshal(data, &file)
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			r.Group = g.Name
			all = append(all, r)
		}
	}
	return all, err
})

func rules(t *testing.T) []rule {
	t.Helper()
	all, err := shipped()
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %d rules, %v", rulesFile, len(all), err)
	}
	return slices.Clone(all)
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

var (
	quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	record = regexp.MustCompile(`\b[a-zA-Z_]+:[a-zA-Z0-9_:]+`)
	asks   = regexp.MustCompile(`printf "([^"]*)"`)
	// The Prometheus Operator puts them on the target, where honorLabels would let a metric's own win. The stories are
	// played with them; TestQueries of the dashboards sees to theirs.
	operators = regexp.MustCompile(`\b(endpoint|service|namespace|pod|container)\b`)
)

// What is not served or recorded can raise no alert, and what the Prometheus Operator puts on a target makes none
// different.
func TestNames(t *testing.T) {
	count := map[string]int{}
	for _, r := range rules(t) {
		checkNames(t, r)
		if found := operators.FindString(r.Expr); found != "" {
			t.Errorf("%s asks for %s: %s", r, found, r.Expr)
		}
		// The rulers of Mimir and Thanos take no more than 20 rules a group unless told to.
		if count[r.Group]++; count[r.Group] == 21 {
			t.Errorf("group %s has more than 20 rules", r.Group)
		}
	}
	for _, f := range collector.Families() {
		for _, l := range f.Labels {
			if operators.MatchString(l.Name) {
				t.Errorf("%s has the label %s", f.Name, l.Name)
			}
		}
	}
}

func checkNames(t *testing.T, r rule) {
	t.Helper()
	asked := r.Expr
	for _, q := range asks.FindAllStringSubmatch(r.Annotations["description"], -1) {
		asked += " " + q[1]
	}
	for _, strange := range testkit.Strangers(asked) {
		t.Errorf("%s: the exporter has no %s", r, strange)
	}
	for _, name := range record.FindAllString(quoted.ReplaceAllString(asked, `""`), -1) {
		if !slices.ContainsFunc(rules(t), func(other rule) bool { return other.Record == name }) {
			t.Errorf("%s: nothing records %s", r, name)
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

// What somebody reads at night, of the rules as they are shipped.
func TestTexts(t *testing.T) {
	file, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := os.ReadFile("tests/texts.yml")
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("RULES", file, "RUNBOOKS", runbooksURL,
		"TASK", `manager="prod", server="repl 1", task="crm/orders"`)
	run(t, "promtool", "test", "rules", process.File(t, "texts.yml", fill.Replace(string(texts))))
}

func TestLint(t *testing.T) {
	run(t, "promtool", "check", "rules", "--lint=all", "--lint-fatal", rulesFile)
}

func TestAlertsAreComplete(t *testing.T) {
	duration := regexp.MustCompile(`^[1-9][0-9]*[mhd]$`)
	sentence := regexp.MustCompile(`^(?:[A-Z]|\{\{ \$labels\.manager \}\}(?: / \{\{ \$labels\.\w+ \}\})*: [a-z])[^{}]*\.$`)
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
			for _, label := range []string{"manager", "server", "task"} {
				about := strings.HasPrefix(a.Alert, "QemTask") || label == "manager" && a.Group != "qem_exporter" ||
					label == "server" && strings.HasPrefix(a.Alert, "QemServer")
				text := a.Annotations["description"]
				if about && (!strings.Contains(text, "{{ $labels."+label+" }}") || !strings.Contains(text, "Console: ")) {
					t.Errorf("the description does not name its %s or the console: %s", label, text)
				}
			}
		})
	}
}

// All numbers that an operator may want to change are in one group.
func TestThresholds(t *testing.T) {
	all := rules(t)
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
	}
}

// There is a page for each alert and for nothing else, with all its parts, and its queries can be asked.
func TestRunbooks(t *testing.T) {
	pages := map[string]string{}
	names, err := filepath.Glob(filepath.Join(runbooks, "Qem*.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```promql\n(.*?)```")
	queries := []map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		alert := strings.TrimSuffix(filepath.Base(name), ".md")
		pages[alert] = string(text)
		for _, b := range block.FindAllStringSubmatch(pages[alert], -1) {
			for q := range strings.Lines(b[1]) {
				checkNames(t, rule{Record: alert, Expr: q})
				queries = append(queries, map[string]string{"record": fmt.Sprintf("query:%d", len(queries)), "expr": q})
			}
		}
	}
	data, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "queries", "rules": queries}}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, "promtool", "check", "rules", process.File(t, "queries.yml", string(data)))

	for _, a := range alerts(t) {
		board, _, _ := strings.Cut(strings.TrimPrefix(a.Annotations["dashboard_url"], "/d/"), "?")
		for _, part := range []string{"# " + a.Alert + "\n", "\n## Meaning\n", "\n## Look at\n", "\n## Do\n",
			"\n## Usual causes\n", "](README.md)", "`" + board + "`", "```promql\n"} {
			if !strings.Contains(pages[a.Alert], part) {
				t.Errorf("%s.md lacks %q", a.Alert, strings.TrimSpace(part))
			}
		}
	}
	for name := range pages {
		if !slices.ContainsFunc(alerts(t), func(a rule) bool { return a.Alert == name }) {
			t.Errorf("%s.md is about no alert", name)
		}
	}
}
