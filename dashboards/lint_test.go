package dashboards

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The rules of grafana/dashboard-linter, and some that are stricter.

// units are those of Grafana's list that the dashboards use.
var units = []string{
	"none", "short", "percentunit", "s", "dateTimeAsIso", "dateTimeFromNow",
	"bytes", "binBps", "cps", "cpm", "reqps", "suffix:×",
}

func TestDashboardRules(t *testing.T) {
	each(t, func(t *testing.T, m *model) {
		if m.Editable == nil || *m.Editable {
			t.Error("is editable: what is changed in Grafana is lost with the next release")
		}
		if m.Title == "" || m.Description == "" || !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`).MatchString(m.UID) {
			t.Error("has no title or no description, or an identity that is not fit for one")
		}
		if m.SchemaVersion != 39 {
			t.Errorf("has the schema version %d, which older Grafanas do not read", m.SchemaVersion)
		}
	})
}

func TestVariables(t *testing.T) {
	each(t, func(t *testing.T, m *model) {
		v := m.variable("datasource")
		if v == nil || v.Type != "datasource" || v.Label != "Data source" || string(v.Query) != `"prometheus"` {
			t.Fatalf("the variable datasource is %+v", v)
		}
		// Without a choice it would be the first by its name.
		if current := decoded[struct{ Text, Value string }](t, v.Current); current.Text != "default" ||
			current.Value != "default" {
			t.Errorf("the data source is %s, not the default one", v.Current)
		}
		for name, label := range map[string]string{"job": "Job", "instance": "Instance"} {
			if v := m.variable(name); v == nil || v.Label != label || !v.Multi || v.AllValue != ".+" || !v.IncludeAll {
				t.Errorf("the variable %s is %+v", name, v)
			}
		}
		for _, v := range m.Templating.List {
			if v.Label == "" || v.Description == "" {
				t.Errorf("the variable %s has no label or no description", v.Name)
			}
			if v.Type == "query" {
				checkVariable(t, m, v)
			}
		}
	})
}

// aboutOne are the variables of which a page shows exactly one value.
var aboutOne = map[string][]string{"qem-server": {"manager", "server", "console"},
	"qem-task": {"manager", "server", "task", "console"}}

func checkVariable(t *testing.T, m *model, v variable) {
	t.Helper()
	if v.Refresh != 2 {
		t.Errorf("the variable %s does not follow the time range", v.Name)
	}
	if v.Datasource.UID != "${datasource}" {
		t.Errorf("the variable %s asks %s", v.Name, v.Datasource.UID)
	}
	if one := slices.Contains(aboutOne[m.UID], v.Name); one == v.Multi || one == v.IncludeAll {
		t.Errorf("of the variable %s several can be chosen: %v, and all: %v", v.Name, v.Multi, v.IncludeAll)
	}
	if v.Type == "query" && v.IncludeAll != strings.Contains(string(v.Current), `"$__all"`) {
		t.Errorf("at first %s is chosen of the variable %s", v.Current, v.Name)
	}
	if all := v.AllValue; v.IncludeAll && (v.Name == "tag") != (all == ".*") {
		t.Errorf("all of the variable %s is %s", v.Name, all)
	}
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
			if p.Datasource != (source{"prometheus", "${datasource}"}) {
				t.Errorf("%q asks %v", p.Title, p.Datasource)
			}
			if len(p.Targets) == 0 {
				t.Errorf("%q is empty", p.Title)
			}
			checkTargets(t, p)
			checkUnits(t, p)
		}
	})
}

func checkTargets(t *testing.T, p panelModel) {
	t.Helper()
	refs := map[string]bool{}
	for _, target := range p.Targets {
		if target.Datasource != (source{"prometheus", "${datasource}"}) {
			t.Errorf("%q %s asks %v", p.Title, target.RefID, target.Datasource)
		}
		if target.RefID == "" || refs[target.RefID] {
			t.Errorf("%q has two targets %q", p.Title, target.RefID)
		}
		refs[target.RefID] = true
		if target.Instant == target.Range {
			t.Errorf("%q %s is instant: %v, range: %v", p.Title, target.RefID, target.Instant, target.Range)
		}
		if keys := len(p.Transformations) == 1; p.Type == "table" && (!keys && target.Format != "table" || !target.Instant) {
			t.Errorf("%q %s is not for a table", p.Title, target.RefID)
		}
	}
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
