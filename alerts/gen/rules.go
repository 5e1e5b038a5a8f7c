package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const header = `# Made of alerts/source.yml by go generate ./alerts. Prometheus 2.42 or later;
# evaluate at least every 2 minutes.
#
# Thresholds are in the group qem_thresholds, one recording rule each: change the number in its vector(), nothing
# else. An upgrade needs only that group to be carried over. Objectives of single tasks are set by tags or in the
# exporter's configuration. docs/runbooks/README.md tells what the rules rely on.
`

// Where the links of the annotations lead. A chart, a mixin or sed may put others.
const (
	runbookBase   = "https://github.com/qem-exporter/qem_exporter/blob/main/docs/runbooks/"
	dashboardBase = "/d/"
)

const threshold = "qem:threshold:"

// group is a group of the rules file, and entry a rule of it.
type group struct {
	Name  string
	Rules []entry
}

type entry struct {
	why string // as a comment

	Record      string            `yaml:",omitempty"`
	Alert       string            `yaml:",omitempty"`
	Expr        string            `yaml:""`
	For         string            `yaml:",omitempty"`
	Keep        string            `yaml:"keep_firing_for,omitempty"`
	Labels      map[string]string `yaml:",omitempty"`
	Annotations struct {
		Summary, Description string
		Runbook              string `yaml:"runbook_url"`
		Dashboard            string `yaml:"dashboard_url"`
	} `yaml:",omitempty"`
}

// MarshalYAML is the entry with its comment.
func (e entry) MarshalYAML() (any, error) {
	type plain entry
	n := new(yaml.Node)
	err := n.Encode(plain(e))
	n.HeadComment = strings.TrimSpace(e.why)
	return n, err
}

// rules is the rules file.
func (s *source) rules() (string, error) {
	thresholds := group{Name: "qem_thresholds"}
	for _, t := range s.Thresholds {
		thresholds.Rules = append(thresholds.Rules,
			entry{why: t.Meaning, Record: threshold + t.Name, Expr: "vector(" + t.Value + ")"})
	}
	groups := []group{thresholds}
	for _, g := range s.Groups {
		made := group{Name: g.Name}
		for _, r := range g.Rules {
			made.Rules = append(made.Rules, r.entries()...)
		}
		groups = append(groups, made)
	}
	var b bytes.Buffer
	b.WriteString(header)
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	err := encoder.Encode(map[string]any{"groups": groups})
	return b.String(), err
}

// entries writes out a rule: what keeps its condition, and one alert for each who is told.
func (r *rule) entries() []entry {
	if r.Alert == "" {
		return []entry{{why: r.Why, Record: r.Record, Expr: r.Expr}}
	}
	var all []entry
	expr := r.Expr
	if r.Hold != "" {
		record := fmt.Sprintf("%s:%s:%s", r.About, r.Alert, r.Severity)
		all = append(all, entry{why: "Kept while it cannot be read.", Record: record, Expr: r.kept(record)})
		expr = fmt.Sprintf("max by (%s) (%s)", r.labels(), record)
	}
	for i, told := range r.told() {
		e := r.entry(told.severity)
		e.Expr = r.standing(expr, told.severity)
		if told.priority != "" {
			e.Expr = routed(e.Expr, told.priority)
		}
		if i == 0 {
			e.why = r.Why
		}
		all = append(all, e)
	}
	return all
}

func (r *rule) entry(severity string) entry {
	e := entry{Alert: r.Alert, For: r.For, Keep: r.Keep, Labels: map[string]string{"severity": severity}}
	e.Annotations.Summary = r.Title
	if named := r.subject.Named; named != "" {
		e.Annotations.Summary = named + ": " + strings.ToLower(r.Title[:1]) + r.Title[1:]
	}
	e.Annotations.Description = r.Text + r.subject.Tail
	e.Annotations.Runbook = runbookBase + r.Alert + ".md"
	board, query, _ := strings.Cut(r.subject.Dashboard, "?")
	e.Annotations.Dashboard = dashboardBase + cmp.Or(r.Dashboard, board)
	if query != "" {
		e.Annotations.Dashboard += "?" + query
	}
	return e
}

// standing makes an alert stand as it was while nothing can be read, and no new one come of what was known before.
func (r *rule) standing(expr, severity string) string {
	if !r.joined() && (r.About != "server" || r.Hold != "true") {
		return expr
	}
	if r.Hold == "" {
		expr = "(\n" + indented(expr) + "\n)"
	}
	return fmt.Sprintf("%s\n  unless on (manager, server) server:qem_server_dark:info\nor\n%[1]s\n"+
		"  and on (%s) ALERTS{alertname=%q, alertstate=\"firing\", severity=%q}", expr, r.labels(), r.Alert, severity)
}

// joined is whether it is joined with the route of its task.
func (r *rule) joined() bool { return r.About == "task" && (r.Join == nil || *r.Join) }

// told is who is told of an alert, by a task's priority.
type told struct{ severity, priority string }

func (r *rule) told() []told {
	switch {
	case !r.joined():
		return []told{{r.Severity, ""}}
	case r.Severity != "critical":
		return []told{{r.Severity, `!="none"`}}
	case r.Ticket != nil && !*r.Ticket:
		return []told{{"critical", `="page"`}}
	}
	return []told{{"critical", `="page"`}, {"warning", `="ticket"`}}
}

// labels are those that an alert's expression keeps before it is joined.
func (r *rule) labels() string {
	labels := r.subject.Labels
	if r.Plus != "" {
		labels = append(slices.Clone(labels), r.Plus)
	}
	return strings.Join(labels, ", ")
}

// kept is the condition, or that it held before while it cannot be read.
func (r *rule) kept(record string) string {
	while := strings.ReplaceAll(cmp.Or(r.Kept, r.subject.Hold), "\n", " ")
	on := cmp.Or(r.KeptOn, strings.Join(r.subject.Labels, ", "))
	before := fmt.Sprintf("max by (%s) (%s)", r.labels(), record)
	if r.Hold == "firing" {
		before = fmt.Sprintf("max by (%s) (ALERTS{alertname=%q, alertstate=\"firing\"})", r.labels(), r.Alert)
	}
	return fmt.Sprintf("(\n%s\n)\nor on (%s)\n  %s\n  and on (%s) (%s)", indented(r.Expr), r.labels(), before, on, while)
}

// routed joins a condition with the tasks of a priority, for their team and endpoints.
func routed(expr, priority string) string {
	return fmt.Sprintf("(\n%s\n)\n  * on (manager, server, task) group_left (team, source, target)\n"+
		"max by (manager, server, task, team, source, target) (task:qem_task_route:info{priority%s})", indented(expr),
		priority)
}

func indented(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
