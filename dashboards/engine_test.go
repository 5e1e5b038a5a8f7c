package dashboards

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// What the queries answer, by Prometheus's own engine: promtool evaluates them on series
// that are written down here.

// series are samples five minutes apart, by the name and labels of each.
type series map[string]string

// always has the value now and in the two hours before.
func (s series) always(value any, name string, labels ...string) series {
	return s.set(fmt.Sprintf("%v+0x24", value), name, labels...)
}

// until is a series that ended a quarter of an hour ago.
func (s series) until(value any, name string, labels ...string) series {
	return s.set(fmt.Sprintf("%v+0x21 _x2", value), name, labels...)
}

func (s series) set(values, name string, labels ...string) series {
	text := []string{`job="qem"`, `instance="a"`}
	for i := 0; i < len(labels); i += 2 {
		text = append(text, fmt.Sprintf("%s=%q", labels[i], labels[i+1]))
	}
	if name == "ALERTS" {
		text = text[2:]
	}
	s[name+"{"+strings.Join(text, ",")+"}"] = values
	return s
}

// answer is what a query is expected to give: values by labels, such as {task="x"}.
type answer struct {
	name, expr string
	want       map[string]float64
}

// evaluate has promtool compare answers with what Prometheus gives two hours after the
// first sample.
func evaluate(t *testing.T, s series, answers ...answer) {
	t.Helper()
	type entry = map[string]any
	var inputs, queries []entry
	for _, name := range slices.Sorted(maps.Keys(s)) {
		inputs = append(inputs, entry{"series": name, "values": s[name]})
	}
	for _, a := range answers {
		var samples []entry
		for labels, value := range a.want {
			samples = append(samples, entry{"labels": labels, "value": value})
		}
		queries = append(queries, entry{"expr": a.expr, "eval_time": "2h", "exp_samples": samples})
	}
	data, err := yaml.Marshal(entry{"evaluation_interval": "1m", "tests": []entry{{
		"interval": "5m", "input_series": inputs, "promql_expr_test": queries,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	promtool := exec.Command(process.Find(t, "promtool"), "test", "rules", process.File(t, "test.yml", string(data)))
	promtool.Env = append(os.Environ(), "GOGC=400") // it makes much garbage and does not live long
	if out, err := promtool.CombinedOutput(); err != nil {
		text := string(out)
		for _, a := range answers {
			text = strings.ReplaceAll(text, fmt.Sprintf("%q", a.expr), a.name)
		}
		t.Errorf("%v\n%s", err, text)
	}
}

// exprOf is the query of a panel with everything chosen, or what more says.
func exprOf(t *testing.T, uid, panel, ref string, more ...string) string {
	t.Helper()
	for _, q := range modelOf(t, uid).queries(pairs("1h", "15m", more...)) {
		if q.panel == panel && q.ref == ref {
			return q.expr
		}
	}
	t.Fatalf("%s has no panel %q with the query %s", uid, panel, ref)
	return ""
}

// pairs are values of variables: the ranges, and those that more names.
func pairs(shown, rate string, more ...string) map[string]string {
	values := map[string]string{"__range": shown, "__rate_interval": rate}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return values
}

// healthy is an exporter that sees one server with three tasks with which nothing is wrong.
func healthy(write func(s series, value any, name string, labels ...string) series) series {
	s := series{}
	write(s, 1, "qem_exporter_build_info")
	write(s, 1, "qem_up", "manager", "em")
	write(s, 1, "qem_server_info", "manager", "em", "server", "s1")
	write(s, 1, "qem_server_up", "manager", "em", "server", "s1")
	write(s, 3, "qem_server_tasks_polled", "manager", "em", "server", "s1")
	for _, task := range []string{"t1", "t2", "t3"} {
		on := []string{"manager", "em", "server", "s1", "task", task}
		write(s, 1, "qem_task_up", on...)
		write(s, 1, "qem_task_state", append(on, "state", "running")...)
	}
	return s
}

// fleetTiles are the tiles of which a value is expected, without labels, and those without.
func fleetTiles(t *testing.T, want map[string]float64) []answer {
	t.Helper()
	var answers []answer
	for _, title := range []string{"Watched", "Managers down", "Servers not seen", "Tasks not seen", "Licences",
		"Worst latency"} {
		a := answer{name: title, expr: exprOf(t, "qem-fleet", title, "A"), want: map[string]float64{}}
		if value, ok := want[title]; ok {
			a.want["{}"] = value
		}
		answers = append(answers, a)
	}
	return answers
}

// troubles counts what the tiles of the fleet show, by the number of the trouble.
func troubles(t *testing.T, want map[string]float64) answer {
	t.Helper()
	a := answer{name: "trouble", expr: exprOf(t, "qem-fleet", "Tasks by their worst trouble", "A"),
		want: map[string]float64{}}
	for show, value := range want {
		a.want[`{show="`+show+`"}`] = value
	}
	return a
}

// TestHealthyFleet: 0 is said where something was measured, and only there.
func TestHealthyFleet(t *testing.T) {
	zeros := map[string]float64{}
	for rank := 1; rank <= 12; rank++ {
		zeros[fmt.Sprint(rank*101)] = 0
	}
	unmeasured := maps.Clone(zeros)
	for _, rank := range []int{11, 10, 7, 6, 5, 3, 2} { // no reasons, expectations, objectives, tables, errors
		unmeasured[fmt.Sprint(rank*101)] = -1
	}
	s := healthy(series.always).always(1, "up")
	evaluate(t, s, append(
		fleetTiles(t, map[string]float64{"Watched": 2, "Managers down": 0, "Servers not seen": 0, "Tasks not seen": 0}),
		troubles(t, unmeasured),
		answer{"attention", exprOf(t, "qem-fleet", "Tasks that need attention", "A"), nil},
		answer{"not seen", exprOf(t, "qem-fleet", "What is not seen", "A"), nil})...)
	on := []string{"manager", "em", "server", "s1", "task", "t1"}
	for name, value := range map[string]int{
		"qem_task_expected_running": 1, "qem_task_total_latency_seconds": 1, "qem_task_latency_objective_seconds": 60,
		"qem_task_full_load_objective_seconds": 60, "qem_task_data_errors": 7,
	} {
		s.always(value, name, on...)
	}
	s.always(1, "qem_task_stop_reason", append(on, "reason", "normal")...)
	s.always(0, "qem_task_full_load_tables", append(on, "state", "error")...)
	evaluate(t, s, troubles(t, zeros))
}

// TestNobodyWatches: a dead exporter is told of, what was seen is counted as not seen, and
// no trouble is counted as 0; nor is there a 0 where Prometheus knows nothing at all.
func TestNobodyWatches(t *testing.T) {
	nobody := answer{"not seen", exprOf(t, "qem-fleet", "What is not seen", "A"), map[string]float64{
		`{manager="all of them", server="all of them"}`: 4, `{manager="em", server="all of them"}`: 3,
	}}
	dead := healthy(series.until).always(0, "up")
	evaluate(t, dead, append(fleetTiles(t, map[string]float64{"Watched": 0, "Managers down": 1, "Servers not seen": 1,
		"Tasks not seen": 3}), troubles(t, nil), nobody)...)
	evaluate(t, series{}, append(fleetTiles(t, map[string]float64{"Watched": 0}), troubles(t, nil))...)
}

// TestServerLost: its tasks are not seen, and what was there does not lessen.
func TestServerLost(t *testing.T) {
	s := healthy(series.always).always(1, "up")
	s.until(1, "qem_server_info", "manager", "em", "server", "s2")
	s.until(12, "qem_server_tasks_polled", "manager", "em", "server", "s2")
	s.until(1, "qem_task_up", "manager", "em", "server", "s2", "task", "t4")
	s.always(0, "qem_server_up", "manager", "em", "server", "s2")
	s.always(1, "qem_server_unreadable", "manager", "em", "server", "s2", "reason", "timeout")
	const lost = `{manager="em", server="s2"}`
	evaluate(t, s, append(fleetTiles(t, map[string]float64{"Watched": 1, "Managers down": 0, "Servers not seen": 1,
		"Tasks not seen": 12}),
		answer{"not seen", exprOf(t, "qem-fleet", "What is not seen", "A"), map[string]float64{lost: 2}},
		answer{"reason", exprOf(t, "qem-fleet", "What is not "+
			"seen", "B"), map[string]float64{`{manager="em", server="s2", reason="timeout"}`: 1}},
		answer{"tasks", exprOf(t, "qem-fleet", "What is not seen", "C"), map[string]float64{lost: 12}})...)
}

// TestListsOfTrouble: a load that stands still and what else needs a look back, the list by
// the number of a trouble, and the alerts, without the one that always fires.
func TestListsOfTrouble(t *testing.T) {
	on := func(task string, more ...string) []string {
		return append([]string{"manager", "em", "server", "s1", "task", task}, more...)
	}
	s := healthy(series.always).always(1, "up")
	for i, records := range []string{"5+0x24", "5+1x24", "5+0x24"} {
		task := fmt.Sprint("t", i+1)
		s.always(2, "qem_task_full_load_tables", on(task, "state", "queued")...)
		s.set(records, "qem_task_full_load_completed_records", on(task)...)
	}
	s.always(1, "qem_task_full_load_completed", on("t3")...) // what it loads is a reload
	s.set("3+1x24", "qem_task_data_errors", on("t2")...)
	named := func(task string, value float64) map[string]float64 {
		return map[string]float64{fmt.Sprintf(`{manager="em", server="s1", task=%q}`, task): value}
	}
	s.always(1, "ALERTS", "alertname", "QemWatchdog", "alertstate", "firing", "severity", "none")
	s.always(1, "ALERTS", append(on("t1"), "alertname", "QemTaskError", "alertstate", "firing", "severity", "critical")...)
	s.always(1, "ALERTS", append(on("t2"), "alertname", "QemTaskError", "alertstate", "pending", "severity",
		"critical")...)
	s.always(1, "ALERTS", "alertname", "QemServerNotRead", "alertstate", "firing", "severity", "warning", "manager", "em",
		"server", "s1")
	const alert = `{alertname="QemTaskError", severity="critical", manager="em", server="s1", task="t1"}`
	choose := func(task string) []string { return []string{"manager", "em", "server", "s1", "task", task} }
	both := map[string]float64{alert: 2,
		`{alertname="QemServerNotRead", severity="warning", manager="em", server="s1"}`: 1}
	attention := named("t1", 7)
	maps.Copy(attention, named("t2", 2))
	evaluate(t, s,
		answer{"attention", exprOf(t, "qem-fleet", "Tasks that need attention", "A"), attention},
		answer{"stalled", exprOf(t, "qem-tasks", "Worst tasks", "A", "show", "707"), named("t1", 7)},
		answer{"errors", exprOf(t, "qem-tasks", "Worst tasks", "A", "show", "202"), named("t2", 2)},
		answer{"all", "count(" + exprOf(t, "qem-tasks", "Worst tasks", "A", "show", "99") + ")", map[string]float64{"{}": 3}},
		answer{"a load that stands still", exprOf(t, "qem-full-load", "Loads stalled", "A"), map[string]float64{"{}": 1}},
		answer{"alerts", exprOf(t, "qem-fleet", "Alerts that fire", "A"), both},
		answer{"a server's", exprOf(t, "qem-server", "Alerts that fire", "A", choose("")...), both},
		answer{"a task's", exprOf(t, "qem-task", "Alerts that fire", "A", choose("t1")...), map[string]float64{alert: 2}},
		answer{"another's", exprOf(t, "qem-task", "Alerts that fire", "A", choose("t3")...), nil})
}

// everything is a fleet in which every family has samples for everything it can be about: enough
// for every list to be full, 20 servers with 11 tasks each, with every value of their labels that is
// known: all states at once. Of priorities, and of what has very many values, a task has one; the one
// that a page may be about has all. Families that no query asks for are left out.
func everything(asked string) series {
	s := series{}.always(0, "up").always(1, "qem_exporter_build_info")
	var servers, tasks [][]string
	for i := range 20 {
		servers = append(servers, []string{"manager", "em", "server", fmt.Sprint("s", i)})
	}
	for i := range 220 {
		tasks = append(tasks, append(slices.Clone(servers[i%len(servers)]), "task", fmt.Sprint("t", i)))
	}
	for _, d := range collector.Families() {
		if !strings.Contains(asked, d.Name+"{") {
			continue
		}
		has := func(label string) bool {
			return slices.ContainsFunc(d.Labels, func(l collector.Label) bool { return l.Name == label })
		}
		subjects := [][]string{nil}
		switch {
		case has("task"):
			subjects = tasks
		case has("server"):
			subjects = servers
		case has("manager"):
			subjects[0] = []string{"manager", "em"}
		}
		for i, subject := range subjects {
			s.every(d.Name, subject, d.Labels, i)
		}
	}
	for i, task := range tasks {
		s.always(1, "ALERTS", append(slices.Clone(task), "alertname", fmt.Sprintf("QemTask%d", i%30), "alertstate", "firing",
			"severity", "critical")...)
	}
	return s
}

// every sets a family for the i-th subject, with each of the known values of its other labels.
func (s series) every(name string, subject []string, labels []collector.Label, i int) {
	for _, l := range labels {
		if slices.Contains(subject, l.Name) {
			continue
		}
		values := l.Values
		switch {
		case len(values) == 0:
			values = []string{"x"}
		case i > 1 && slices.Contains(subject, "task") && (len(values) > 6 || l.Name == "priority"):
			values = values[i%len(values):][:1]
		}
		for _, value := range values {
			s.every(name, append(slices.Clone(subject), l.Name, value), labels, i)
		}
		return
	}
	s.always(1, name, subject...)
}

// TestPagesAskLittle: before anything is opened, no page takes more than 25 queries, those
// of its variables and annotations included, or asks for more than 200 series.
func TestPagesAskLittle(t *testing.T) {
	var answers []answer
	all := ""
	for _, m := range models(t) {
		// A pattern that says nothing takes the engine a third less than the ".+" of the pages.
		chosen := pairs("1h", "15m", "job", ".*", "instance", ".*", "manager", ".*", "server", ".*", "task", ".*")
		if single(m) {
			chosen = pairs("1h", "15m", "manager", "em", "server", "s1", "task", "t1")
		}
		var exprs []string
		for _, p := range m.open() {
			for _, target := range p.Targets {
				exprs = append(exprs, target.Expr)
			}
		}
		for _, mark := range m.Annotations.List {
			exprs = append(exprs, mark.Expr)
		}
		queries := len(exprs)
		for _, v := range m.Templating.List {
			if v.Type == "query" {
				queries++
			}
		}
		if queries > 25 {
			t.Errorf("%s takes %d queries", m.UID, queries)
		}
		for i, expr := range exprs {
			exprs[i] = "(count(" + m.filler(chosen).Replace(expr) + ") or vector(0))"
		}
		sum := strings.Join(exprs, " + ")
		all += sum
		answers = append(answers, answer{m.UID, sum + " > 200", nil})
	}
	evaluate(t, everything(all), answers...)
}
