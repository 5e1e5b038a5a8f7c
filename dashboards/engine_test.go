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
func (s series) always(value int, name string, labels ...string) series {
	var text []string
	for i := 0; i < len(labels); i += 2 {
		text = append(text, fmt.Sprintf("%s=%q", labels[i], labels[i+1]))
	}
	return s.write(name+"{"+strings.Join(text, ",")+"}", fmt.Sprintf("%d+0x24", value))
}

// write adds a series, which is of the exporter a unless it is an alert or says so itself.
func (s series) write(name, values string) series {
	name, labels, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
	if name != "ALERTS" && !strings.Contains(labels, "instance=") {
		labels = strings.TrimSuffix(`job="qem",instance="a",`+labels, ",")
	}
	s[name+"{"+labels+"}"] = values
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

// TestFleets asks panels what they make of the fleets of testdata/fleets.yml.
func TestFleets(t *testing.T) {
	text, err := os.ReadFile("testdata/fleets.yml")
	if err != nil {
		t.Fatal(err)
	}
	var fleets []struct {
		Fleet         string
		Series, Ended map[string]string
		Answers       map[string]map[string]float64
	}
	if err := yaml.Unmarshal(text, &fleets); err != nil || len(fleets) == 0 {
		t.Fatal(err, len(fleets))
	}
	for _, f := range fleets {
		t.Run(f.Fleet, func(t *testing.T) {
			s := series{}
			for name, value := range f.Ended {
				s.write(name, value+"+0x21 _x2")
			}
			for name, value := range f.Series {
				if !strings.Contains(value, "x") {
					value += "+0x24"
				}
				s.write(name, value)
			}
			var answers []answer
			for question, want := range f.Answers {
				at, chosen, _ := strings.Cut(question, "?")
				part := strings.Split(at, " / ")
				choices := strings.FieldsFunc(chosen, func(r rune) bool { return strings.ContainsRune("=&", r) })
				answers = append(answers, answer{question, exprOf(t, part[0], part[1], part[2], choices...), want})
			}
			evaluate(t, s, answers...)
		})
	}
}

// everything is a fleet in which every family has samples for everything it can be about: enough
// for every list to be full, 20 servers with 9 tasks each, with every value of their labels that is
// known: all states at once. Of priorities, and of what has very many values, a task has one; the one
// that a page may be about has all. Families that no query asks for are left out.
func everything(asked string) series {
	s := series{}.always(0, "up").always(1, "qem_exporter_build_info")
	var servers, tasks [][]string
	for i := range 20 {
		servers = append(servers, []string{"manager", "em", "server", fmt.Sprint("s", i)})
	}
	for i := range 180 {
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
