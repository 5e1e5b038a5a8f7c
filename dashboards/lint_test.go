package dashboards

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The rules of grafana/dashboard-linter that the descriptions could break, and some that are stricter. What all
// dashboards have the same, such as the data source that a panel asks, is in the generator's template alone.

// units are those of Grafana's list that the dashboards use.
var units = []string{
	"none", "short", "percentunit", "s", "dateTimeAsIso", "dateTimeFromNow",
	"bytes", "binBps", "cps", "cpm", "reqps", "suffix:×",
}

// aboutOne are the variables of which a page shows exactly one value.
var aboutOne = map[string][]string{"qem-server": {"manager", "server", "console"},
	"qem-task": {"manager", "server", "task", "console"}}

// TestVariables: of what a page is about exactly one can be chosen, of all else several and all.
func TestVariables(t *testing.T) {
	each(t, func(t *testing.T, m *model) {
		for _, v := range m.Templating.List {
			if v.Label == "" || v.Description == "" {
				t.Errorf("the variable %s has no label or no description", v.Name)
			}
			if v.Type != "query" {
				continue
			}
			if one := slices.Contains(aboutOne[m.UID], v.Name); one == v.Multi || one == v.IncludeAll ||
				one == strings.Contains(string(v.Current), `"$__all"`) {
				t.Errorf("of the variable %s several can be chosen: %v, and all: %v; at first %s is", v.Name, v.Multi,
					v.IncludeAll, v.Current)
			}
			if v.IncludeAll && (v.Name == "tag") != (v.AllValue == ".*") {
				t.Errorf("all of the variable %s is %s", v.Name, v.AllValue)
			}
		}
	})
}

// TestFewTasks: what draws every task it gets must not get all of them.
func TestFewTasks(t *testing.T) {
	eachPanel(t, func(t *testing.T, m *model, p panelModel) {
		for _, target := range p.Targets {
			if keepsTasks(target.Expr) && !strings.Contains(target.Expr, "topk(") && m.UID != "qem-task" {
				t.Errorf("%s has as many series as there are tasks", target.RefID)
			}
		}
	})
}

// keepsTasks tells whether the outermost aggregation of a query leaves the task's label.
func keepsTasks(expr string) bool {
	expr = strings.TrimLeft(expr, "( ")
	if !strings.HasPrefix(expr, "max by (") && !strings.HasPrefix(expr, "sum by (") {
		return false
	}
	labels, _, _ := strings.Cut(expr[len("max by ("):], ")")
	return slices.Contains(strings.Split(labels, ", "), "task")
}

func TestPanels(t *testing.T) {
	each(t, func(t *testing.T, m *model) {
		ids := map[int]bool{}
		for _, p := range append(m.Panels, m.folded()...) {
			if ids[p.ID] {
				t.Errorf("two panels have the id %d", p.ID)
			}
			ids[p.ID] = true
		}
		titles := map[string]bool{}
		for _, p := range m.drawn() {
			if p.Title == "" || !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%q has no title or no description", p.Title)
			}
			if titles[p.Title] {
				t.Errorf("two panels are called %q", p.Title)
			}
			titles[p.Title] = true
			checkUnits(t, p)
		}
	})
}

// checkUnits wants a unit, or texts in its place, for every number.
func checkUnits(t *testing.T, p panelModel) {
	t.Helper()
	check := func(unit string, mapped bool, of string) {
		if !slices.Contains(units, unit) && (unit != "" || !mapped) {
			t.Errorf("%q has the unit %q%s", p.Title, unit, of)
		}
	}
	if p.Type != "table" {
		check(p.FieldConfig.Defaults.Unit, len(words(t, p.FieldConfig.Defaults.Mappings)) > 0, "")
		return
	}
	for _, tr := range p.Transformations {
		for _, header := range tr.Options.RenameByName {
			check(decoded[string](t, p.property(header, "unit")), p.property(header, "mappings") != nil,
				" in the column "+header)
		}
	}
}

// exclusions are what .lint, which the linter reads too, allows by rule, dashboard and panel.
func exclusions(t *testing.T) map[[3]string]bool {
	t.Helper()
	data, err := os.ReadFile(".lint")
	if err != nil {
		t.Fatal(err)
	}
	var lint struct {
		Exclusions map[string]struct {
			Reason  string
			Entries []struct{ Dashboard, Panel string }
		}
	}
	if err := yaml.Unmarshal(data, &lint); err != nil {
		t.Fatal(err)
	}
	excluded := map[[3]string]bool{}
	for rule, x := range lint.Exclusions {
		if x.Reason == "" {
			t.Errorf("%s is excluded without a reason", rule)
		}
		for _, e := range x.Entries {
			excluded[[3]string{rule, e.Dashboard, e.Panel}] = true
		}
	}
	return excluded
}
