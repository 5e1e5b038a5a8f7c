package alerts_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

var update = flag.Bool("update", false, "write the table of stories")

// TestStories plays the stories: in a unit test those of hours, in their first variation, with rules that are evaluated
// as seldom as they may be; with the tag e2e all, with rules that are evaluated at every step.
func TestStories(t *testing.T) {
	all := stories(t)
	if len(all) < 70 {
		t.Errorf("only %d stories", len(all))
	}
	play(t, all)
	table := storyRows(all)
	if *update && !t.Failed() {
		if err := os.WriteFile(storyTable, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(storyTable); err != nil || string(text) != table {
		t.Errorf("%s is not what was played (%v): run go test -tags e2e ./alerts -run TestStories -update", storyTable, err)
	}
}

// play has promtool compare what comes with what is expected. A manager is named by its story's number and variation.
func play(t *testing.T, all []story) {
	t.Helper()
	var plays []played
	for i, s := range all {
		variations := s.variations()
		switch {
		case everything:
		case s.World == "long":
			continue
		default:
			variations = variations[:1]
		}
		for _, v := range variations {
			plays = append(plays, played{s, i + 1, v})
		}
	}
	rules, order := wordless(t)
	t.Run("played", func(t *testing.T) {
		for n, batch := range batches(plays) {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				t.Parallel()
				promtool(t, batch, rules, order)
			})
		}
	})
}

// batches are the stories that are played together: promtool bounds the samples of a query.
func batches(plays []played) [][]played {
	slices.SortStableFunc(plays, func(a, b played) int {
		return cmp.Or(strings.Compare(b.World, a.World), b.length()-a.length())
	})
	var list [][]played
	for i, room := 0, 0; i < len(plays); i++ {
		p := plays[i]
		if room == 0 || p.World == "alone" || p.World != plays[i-1].World {
			list, room = append(list, nil), min(2400/p.length(), 60)
		}
		room--
		list[len(list)-1] = append(list[len(list)-1], p)
	}
	return list
}

// wordless is the rules file without its texts, which cost most of the time: TestTexts has them.
// The order is that of its groups.
func wordless(t *testing.T) (file string, order []string) {
	t.Helper()
	var content struct {
		Groups []struct {
			Name  string
			Rules []map[string]any
		}
	}
	read(t, rulesFile, &content)
	for _, g := range content.Groups {
		order = append(order, g.Name)
		for _, r := range g.Rules {
			delete(r, "annotations")
		}
	}
	data, err := yaml.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return process.File(t, rulesFile, string(data)), order
}

// promtool plays stories of one world.
func promtool(t *testing.T, batch []played, rules string, order []string) {
	t.Helper()
	var series []map[string]string
	var queries []map[string]any
	for _, p := range batch {
		all := p.series()
		for _, name := range slices.Sorted(maps.Keys(all)) {
			series = append(series, map[string]string{"series": name, "values": strings.Join(all[name], " ")})
		}
		queries = append(queries, p.queries(t)...)
	}
	step := steps[batch[0].World]
	evaluated := step
	if !everything {
		evaluated = seldom
	}
	data, err := yaml.Marshal(map[string]any{
		"rule_files": []string{rules}, "evaluation_interval": model.Duration(evaluated).String(),
		"group_eval_order": order, "tests": []any{map[string]any{
			"interval": model.Duration(step).String(), "input_series": series, "promql_expr_test": queries,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), process.Find(t, "promtool"), "test", "rules",
		process.File(t, "stories.yml", string(data)))
	cmd.Env = append(os.Environ(), "GOGC=400") // it makes much garbage and does not live long
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// queries ask for what fires at each time of a story.
func (p played) queries(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	ask := func(at, expr string, samples ...map[string]any) {
		all = append(all, map[string]any{"expr": expr, "eval_time": at, "exp_samples": samples})
	}
	about := fmt.Sprintf(`ALERTS{alertstate="firing", alertname!="QemWatchdog", manager=%q}`, p.manager()) +
		fmt.Sprintf(` or ALERTS{alertstate="firing", manager="", instance=~"%[1]sa|%[1]sb"}`, p.manager())
	if p.World == "alone" {
		about = `ALERTS{alertstate="firing", alertname!="QemWatchdog"}`
	}
	if p.variation == "lame" {
		about = "(" + about + `) unless ALERTS{alertname="QemManagerUnreachable", severity="warning"}`
	}
	severities := map[string]string{"c": "critical", "w": "warning", "i": "info"}
	for at, expected := range p.At {
		var samples []map[string]any
		for _, fires := range strings.Fields(expected) {
			name, severity, _ := strings.Cut(fires, "/")
			severity, count, _ := strings.Cut(severity, "*")
			n, err := strconv.Atoi(cmp.Or(count, "1"))
			if err != nil {
				t.Fatal(err)
			}
			labels := fmt.Sprintf("{alertname=%q, severity=%q}", name, severities[severity])
			samples = append(samples, map[string]any{"labels": labels, "value": n})
		}
		ask(at, "count by (alertname, severity) ("+about+")", samples...)
	}
	for at, expr := range p.Check {
		ask(at, fmt.Sprintf("count(%s) > bool 0", strings.ReplaceAll(expr, "MANAGER", p.manager())),
			map[string]any{"labels": "{}", "value": 1})
	}
	return all
}
