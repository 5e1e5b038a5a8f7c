package dashboards

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The rules of grafana/dashboard-linter, and some that are stricter.

// units are those of Grafana's list that the dashboards use.
var units = []string{
	"none", "short", "percentunit", "s", "dtdurations", "dateTimeAsIso", "dateTimeFromNow",
	"bytes", "binBps", "cps", "cpm", "reqps",
}

func TestDashboardRules(t *testing.T) {
	each(t, func(t *testing.T, m *model) {
		if m.Editable == nil || *m.Editable {
			t.Error("is editable: what is changed in Grafana is lost with the next release")
		}
		if m.Title == "" || m.Description == "" {
			t.Error("has no title or no description")
		}
		if m.SchemaVersion != 39 {
			t.Errorf("has the schema version %d, which older Grafanas do not read", m.SchemaVersion)
		}
	})
}

func TestVariables(t *testing.T) {
	each(t, func(t *testing.T, m *model) {
		if v := m.variable("datasource"); v == nil || v.Type != "datasource" || v.Label != "Data source" || string(v.Query) != `"prometheus"` {
			t.Errorf("the variable datasource is %+v", v)
		}
		for name, label := range map[string]string{"job": "Job", "instance": "Instance"} {
			if v := m.variable(name); v == nil || v.Label != label || !v.Multi || v.AllValue != ".+" || !v.IncludeAll {
				t.Errorf("the variable %s is %+v", name, v)
			}
		}
		if v := m.variable("manager"); v == nil {
			t.Error("there is no variable manager")
		}
		for _, v := range m.Templating.List {
			if v.Label == "" || v.Description == "" {
				t.Errorf("the variable %s has no label or no description", v.Name)
			}
			if v.Type != "query" {
				continue
			}
			if v.Refresh != 2 {
				t.Errorf("the variable %s does not follow the time range", v.Name)
			}
			if v.Datasource.UID != "${datasource}" {
				t.Errorf("the variable %s asks %s", v.Name, v.Datasource.UID)
			}
			if chosen := slices.Equal(v.Current.Value, []string{"$__all"}); chosen != v.IncludeAll {
				t.Errorf("at first %q is chosen of the variable %s", v.Current.Value, v.Name)
			}
			if all := v.AllValue; v.IncludeAll && (v.Name == "tag") != (all == ".*") {
				t.Errorf("all of the variable %s is %s", v.Name, all)
			}
		}
	})
}

// TestFewTasks: what draws every task it gets must not get all of them.
func TestFewTasks(t *testing.T) {
	each(t, func(t *testing.T, m *model) {
		for narrow, uid := range map[string]string{"task": "qem-task", "server": "qem-server"} {
			if v := m.variable(narrow); m.UID == uid && (v == nil || v.IncludeAll) {
				t.Errorf("the variable %s offers all", narrow)
			}
		}
		if m.UID == "qem-task" {
			return
		}
		for _, p := range m.drawn() {
			for _, target := range p.Targets {
				if keeps := keepsTasks(target.Expr); keeps && !strings.Contains(target.Expr, "topk(") {
					t.Errorf("%q %s has as many series as there are tasks", p.Title, target.RefID)
				}
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
		for _, p := range append(m.drawn(), m.Panels...) {
			if p.Type == "row" && ids[p.ID] {
				t.Errorf("two panels have the id %d", p.ID)
			}
			ids[p.ID] = true
		}
		if want := len(m.drawn()) + rows(m); len(ids) != want {
			t.Errorf("%d panels have %d ids", want, len(ids))
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
			if p.FieldConfig.Defaults.NoValue == "" && p.Type != "table" {
				t.Errorf("%q says nothing when there is nothing", p.Title)
			}
			checkTargets(t, p)
			checkUnits(t, p)
		}
	})
}

func rows(m *model) int {
	n := 0
	for _, p := range m.Panels {
		if p.Type == "row" {
			n++
		}
	}
	return n
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
		if p.Type == "table" && (target.Format != "table" || !target.Instant) {
			t.Errorf("%q %s is not for a table", p.Title, target.RefID)
		}
	}
}

// checkUnits wants a unit, or texts in its place, for every number.
func checkUnits(t *testing.T, p panelModel) {
	t.Helper()
	units := func(unit string, mappings int, of string) {
		if !slices.Contains(units, unit) && (unit != "" || mappings == 0) {
			t.Errorf("%q has the unit %q%s", p.Title, unit, of)
		}
	}
	if p.Type != "table" {
		if p.Options.TextMode != "name" {
			units(p.FieldConfig.Defaults.Unit, len(p.FieldConfig.Defaults.Mappings), "")
		}
		return
	}
	for _, tr := range p.Transformations {
		for _, header := range tr.Options.RenameByName {
			unit, mappings := "", 0
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					switch {
					case o.Matcher.Options != header:
					case property.ID == "unit":
						unit, _ = property.Value.(string)
					case property.ID == "mappings":
						mappings++
					}
				}
			}
			units(unit, mappings, " in the column "+header)
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
