package generate

import (
	"bytes"
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
	RunbookBase   = "https://github.com/qem-exporter/qem_exporter/blob/main/docs/runbooks/"
	DashboardBase = "/d/"
)

// subject is what there is for each kind of thing that an alert is about.
type subject struct {
	key       string // the shorthand of its labels
	named     string // how it is named in a summary
	dashboard string
	tail      string // what ends its description
	hold      string // what it is kept for
}

const (
	console = `{{ with printf "qem_manager_info{manager=%q}" $labels.manager | query }}` +
		` Console: {{ . | first | label "url" }}.{{ end }}`
	since = `{{ with printf "min(qem_task_state_since_timestamp_seconds{manager=%q,server=%q,task=%q})"` +
		` $labels.manager $labels.server` +
		` $labels.task | query }} In its state since {{ . | first | value | humanizeTimestamp }}.{{ end }}`
	ends       = `{{ if $labels.source }} Source {{ $labels.source }}, target {{ $labels.target }}.{{ end }}`
	ofManager  = `var-manager={{ $labels.manager | urlquery }}`
	ofServer   = ofManager + `&var-server={{ $labels.server | urlquery }}`
	ofTask     = ofServer + `&var-task={{ $labels.task | urlquery }}`
	managerIs  = `{{ $labels.manager }}`
	serverIs   = managerIs + ` / {{ $labels.server }}`
	endpointIs = managerIs + ` / {{ $labels.%s }}`
)

var subjects = map[string]subject{
	"exporter": {dashboard: "qem-exporter"},
	"manager":  {key: "M", named: managerIs, dashboard: "qem-exporter?" + ofManager, tail: console},
	"server": {key: "S", named: serverIs, dashboard: "qem-server?" + ofServer, tail: console,
		hold: "server:qem_server_unread:info"},
	"source": {named: fmt.Sprintf(endpointIs, "source"), dashboard: "qem-fleet?" + ofManager, tail: console},
	"target": {named: fmt.Sprintf(endpointIs, "target"), dashboard: "qem-fleet?" + ofManager, tail: console},
	"task": {
		key: "T", named: serverIs + ` / {{ $labels.task }}`, dashboard: "qem-task?" + ofTask, tail: ends + since + console,
		hold: "task:qem_task_hold:info",
	},
}

// The dashboards of tasks whose trouble is not in the one of the task itself.
var dashboardOf = map[string]string{
	"QemTaskDataErrorsRising": "qem-tables", "QemTaskTablesInError": "qem-tables",
	"QemTaskTableReloadStalled": "qem-tables",
	"QemTaskFullLoadStalled":    "qem-full-load", "QemTaskFullLoadErrors": "qem-full-load",
	"QemTaskFullLoadLate": "qem-full-load",
}

// made is a rule as it is written out.
type made struct {
	why                           string
	Record, Alert, Expr           string
	For, Keep                     string
	Severity                      string
	Summary, Description, Runbook string
	Dashboard                     string
}

// Rules writes the rules file.
func (s *Source) Rules() ([]byte, error) {
	limits, err := s.Limits()
	if err != nil {
		return nil, err
	}
	root := &yaml.Node{Kind: yaml.SequenceNode}
	var thresholds []made
	for _, t := range limits {
		thresholds = append(thresholds, made{why: t.Meaning, Record: t.Name, Expr: "vector(" + t.Value + ")"})
	}
	root.Content = append(root.Content, group("qem_thresholds", thresholds))
	for _, g := range s.Groups {
		var rules []made
		for _, r := range g.Rules {
			rules = append(rules, r.make()...)
		}
		root.Content = append(root.Content, group(g.Name, rules))
	}
	var b bytes.Buffer
	b.WriteString(header)
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(mapping("groups", root)); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// make writes out a rule: what keeps its condition, and one alert for each who is told.
func (r Rule) make() []made {
	expr := strings.TrimSpace(spelled(r.Expr))
	if r.Alert == "" {
		return []made{{why: r.Why, Record: r.Record, Expr: expr}}
	}
	var all []made
	if r.Hold != "" {
		record := fmt.Sprintf("%s:%s:%s", r.About, r.Alert, r.Severity)
		all = append(all, made{why: "Kept while it cannot be read.", Record: record, Expr: r.kept(record, expr)})
		expr = fmt.Sprintf("max by (%s) (%s)", r.labels(), record)
	}
	first := len(all)
	for _, told := range r.told() {
		a := r.alert(told.severity, r.standing(expr, told.severity))
		if told.priority != "" {
			a.Expr = r.routed(a.Expr, told.priority)
		}
		if len(all) == first {
			a.why = r.Why
		}
		all = append(all, a)
	}
	return all
}

// standing makes an alert stand as it was while nothing can be read, and no new one come of what was known before.
func (r Rule) standing(expr, severity string) string {
	if r.About != "task" && (r.About != "server" || r.Hold != "true") || r.Join != nil && !*r.Join {
		return expr
	}
	if r.Hold == "" {
		expr = "(\n" + indented(expr) + "\n)"
	}
	return fmt.Sprintf("%s\n  unless on (manager, server) server:qem_server_dark:info\nor\n%[1]s\n"+
		"  and on (%s) ALERTS{alertname=%q, alertstate=\"firing\", severity=%q}", expr, r.labels(), r.Alert, severity)
}

// told is who is told of an alert, by a task's priority.
type told struct{ severity, priority string }

func (r Rule) told() []told {
	switch {
	case r.About != "task" || r.Join != nil && !*r.Join:
		return []told{{r.Severity, ""}}
	case r.Severity != "critical":
		return []told{{r.Severity, `!="none"`}}
	case r.Ticket != nil && !*r.Ticket:
		return []told{{"critical", `="page"`}}
	}
	return []told{{"critical", `="page"`}, {"warning", `="ticket"`}}
}

// labels are those that an alert's expression keeps.
func (r Rule) labels() string {
	labels := slices.Clone(about[subjects[r.About].key])
	if r.Plus != "" {
		labels = append(labels, r.Plus)
	}
	return strings.Join(labels, ", ")
}

// kept is a condition, or that it held before while it cannot be read.
func (r Rule) kept(record, expr string) string {
	while, on := spelled(strings.TrimSpace(r.Kept)), r.KeptOn
	if while == "" {
		while = subjects[r.About].hold
	}
	if on == "" {
		on = strings.Join(about[subjects[r.About].key], ", ")
	}
	before := fmt.Sprintf("max by (%s) (%s)", r.labels(), record)
	if r.Hold == "firing" {
		before = fmt.Sprintf("max by (%s) (ALERTS{alertname=%q, alertstate=\"firing\"})", r.labels(), r.Alert)
	}
	return fmt.Sprintf("(\n%s\n)\nor on (%s)\n  %s\n  and on (%s) (%s)", indented(expr), r.labels(), before, on,
		strings.ReplaceAll(while, "\n", " "))
}

// routed joins a condition with the tasks of a priority, for their team and endpoints.
func (r Rule) routed(expr, priority string) string {
	return fmt.Sprintf("(\n%s\n)\n  * on (manager, server, task) group_left (team, source, target)\n"+
		"max by (manager, server, task, team, source, target) (task:qem_task_route:info{priority%s})", indented(expr),
		priority)
}

func (r Rule) alert(severity, expr string) made {
	s := subjects[r.About]
	summary := strings.TrimSpace(r.Title)
	if s.named != "" {
		summary = s.named + ": " + strings.ToLower(summary[:1]) + summary[1:]
	}
	board := s.dashboard
	if other := dashboardOf[r.Alert]; other != "" {
		board = strings.Replace(board, "qem-task", other, 1)
	}
	if r.Alert == "QemExporterDown" || r.Alert == "QemConfigReloadFailed" {
		board += "?var-job={{ $labels.job | urlquery }}"
	}
	return made{
		Alert: r.Alert, Expr: expr, For: r.For, Keep: r.Keep, Severity: severity,
		Summary: summary, Description: strings.TrimSpace(r.Text) + s.tail,
		Runbook: RunbookBase + r.Alert + ".md", Dashboard: DashboardBase + board,
	}
}

func indented(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

func group(name string, rules []made) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, r := range rules {
		list.Content = append(list.Content, r.node())
	}
	return mapping("name", name, "rules", list)
}

func (r made) node() *yaml.Node {
	var n *yaml.Node
	if r.Record != "" {
		n = mapping("record", r.Record, "expr", r.Expr)
	} else {
		n = mapping("alert", r.Alert, "expr", r.Expr, "for", r.For, "keep_firing_for", r.Keep, "labels",
			mapping("severity", r.Severity),
			"annotations", mapping("summary", r.Summary, "description", r.Description, "runbook_url", r.Runbook,
				"dashboard_url", r.Dashboard))
	}
	n.HeadComment = strings.TrimSpace(r.why)
	return n
}

// mapping makes a mapping of keys and values, which are texts or nodes; empty texts are left out.
func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		value, ok := pairs[i+1].(*yaml.Node)
		if !ok {
			text := pairs[i+1].(string)
			if text == "" {
				continue
			}
			value = &yaml.Node{}
			value.SetString(text)
		}
		key := &yaml.Node{}
		key.SetString(pairs[i].(string))
		n.Content = append(n.Content, key, value)
	}
	return n
}
