package dashboards

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The dashboards as the tests look at them.

type model struct {
	UID, Title  string
	Tags        []string
	Links       []struct{ URL string }
	Templating  struct{ List []variable }
	Annotations struct{ List []struct{ Expr string } }
	Panels      []panelModel
}

type variable struct {
	Name, Label, Type, Description, AllValue, Definition string
	Hide                                                 int
	Multi, IncludeAll                                    bool
	Current                                              json.RawMessage
	Options                                              []struct{ Text, Value string }
}

type panelModel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ H, W, X, Y int }
	Collapsed                bool
	Panels                   []panelModel
	Targets                  []targetModel
	FieldConfig              struct {
		Defaults  fieldModel
		Overrides []overrideModel
	}
	Options struct {
		SortBy []struct{ DisplayName string }
	}
	Transformations []struct {
		ID      string
		Options struct {
			ExcludeByName map[string]bool
			IndexByName   map[string]int
			RenameByName  map[string]string
		}
	}
}

type fieldModel struct {
	Unit       string
	Thresholds struct{ Steps []any }
	Mappings   []mappingModel
	Links      []struct{ URL string }
	Custom     struct{ ScaleDistribution struct{ Type string } }
}

type mappingModel struct {
	Type    string
	Options map[string]json.RawMessage
}

type overrideModel struct {
	Matcher    struct{ ID, Options string }
	Properties []struct {
		ID    string
		Value json.RawMessage
	}
}

type targetModel struct {
	RefID, Expr, Interval, Format, LegendFormat string
	Instant                                     bool
}

// each runs a test of every dashboard.
func each(t *testing.T, test func(t *testing.T, m *model)) {
	t.Helper()
	for _, m := range models(t) {
		t.Run(m.UID, func(t *testing.T) { test(t, m) })
	}
}

// eachPanel runs a test of every panel of the given types, or of all.
func eachPanel(t *testing.T, test func(t *testing.T, m *model, p panelModel), types ...string) {
	t.Helper()
	each(t, func(t *testing.T, m *model) {
		for _, p := range m.drawn() {
			if len(types) == 0 || slices.Contains(types, p.Type) {
				t.Run(p.Title, func(t *testing.T) { test(t, m, p) })
			}
		}
	})
}

// read decodes the dashboards, once for all tests.
var read = sync.OnceValues(func() ([]*model, error) {
	names, err := filepath.Glob("*.json")
	if err != nil {
		return nil, err
	}
	var all []*model
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		m := new(model)
		if err := json.Unmarshal(data, m); err != nil || name != m.UID+".json" {
			return nil, fmt.Errorf("%s has the uid %s: %w", name, m.UID, err)
		}
		all = append(all, m)
	}
	return all, nil
})

func models(t *testing.T) []*model {
	t.Helper()
	all, err := read()
	if err != nil || len(all) != 9 {
		t.Fatalf("%d dashboards: %v", len(all), err)
	}
	return all
}

func modelOf(t *testing.T, uid string) *model {
	t.Helper()
	for _, m := range models(t) {
		if m.UID == uid {
			return m
		}
	}
	t.Fatalf("there is no dashboard %s", uid)
	return nil
}

// asked is a query of a panel with its variables filled in.
type asked struct {
	dashboard, panel, ref, expr string
	instant                     bool // asked for the end of the shown time, not over it
}

// queries are those of all panels.
func queries(t *testing.T, values map[string]string) []asked {
	t.Helper()
	var all []asked
	for _, m := range models(t) {
		all = append(all, m.queries(values)...)
	}
	return all
}

func (m *model) queries(values map[string]string) []asked {
	var all []asked
	fill := m.filler(values)
	for _, p := range m.drawn() {
		for _, target := range p.Targets {
			all = append(all, asked{m.UID, p.Title, target.RefID, fill.Replace(target.Expr), target.Instant})
		}
	}
	return all
}

// filler replaces the dashboard's variables and Grafana's. One without a value is replaced by what
// chooses everything, which on a page about one server or task must be given.
func (m *model) filler(values map[string]string) *strings.Replacer {
	pairs := []string{"$__rate_interval", cmp.Or(values["__rate_interval"], "1m"),
		"$__range", cmp.Or(values["__range"], "5m")}
	for _, v := range m.Templating.List {
		everything := cmp.Or(v.AllValue, ".+")
		if v.Name == "show" { // all that need attention
			everything = v.Options[0].Value
		}
		pairs = append(pairs, "$"+v.Name, cmp.Or(values[v.Name], everything))
	}
	return strings.NewReplacer(pairs...)
}

// drawn are the panels that are not rows.
func (m *model) drawn() []panelModel {
	return append(m.open(), m.folded()...)
}

// open are those that ask before anything is opened.
func (m *model) open() []panelModel {
	return slices.DeleteFunc(slices.Clone(m.Panels), func(p panelModel) bool { return p.Type == "row" })
}

// folded are those in rows that are to be opened.
func (m *model) folded() []panelModel {
	var all []panelModel
	for _, p := range m.Panels {
		all = append(all, p.Panels...)
	}
	return all
}

func (m *model) variable(name string) *variable {
	for i := range m.Templating.List {
		if m.Templating.List[i].Name == name {
			return &m.Templating.List[i]
		}
	}
	return nil
}

// property is what the overrides of a name say of it; nil when they say nothing.
func (p panelModel) property(name, id string) json.RawMessage {
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if o.Matcher.ID == "byName" && o.Matcher.Options == name && property.ID == id {
				return property.Value
			}
		}
	}
	return nil
}

// decoded is a property, or the zero value.
func decoded[T any](t *testing.T, property json.RawMessage) T {
	t.Helper()
	var v T
	if property != nil {
		if err := json.Unmarshal(property, &v); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func panelTitled(t *testing.T, m *model, title string) panelModel {
	t.Helper()
	for _, p := range m.drawn() {
		if p.Title == title {
			return p
		}
	}
	t.Fatalf("%s has no panel %q", m.UID, title)
	return panelModel{}
}
