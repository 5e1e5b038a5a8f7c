package dashboards

import (
	"encoding/json"
	"io/fs"
	"slices"
	"testing"
)

// The dashboards as the tests look at them.

type model struct {
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	SchemaVersion int      `json:"schemaVersion"`
	Editable      *bool    `json:"editable"`
	Links         []struct {
		Type, URL             string
		Tags                  []string
		IncludeVars, KeepTime bool
	} `json:"links"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Annotations struct{ List []mark } `json:"annotations"`
	Panels      []panelModel          `json:"panels"`
}

type mark struct {
	Expr       string
	Enable     bool
	Datasource source
}

type variable struct {
	Name, Label, Type, Description, AllValue, Definition string
	Refresh, Hide                                        int
	Multi, IncludeAll                                    bool
	Datasource                                           source
	Query, Current                                       json.RawMessage
	Options                                              []struct{ Text, Value string }
}

type source struct{ Type, UID string }

type panelModel struct {
	ID                       int
	Type, Title, Description string
	Datasource               source
	GridPos                  struct{ H, W, X, Y int }
	Collapsed                bool
	Panels                   []panelModel
	Targets                  []targetModel
	FieldConfig              struct {
		Defaults  fieldModel
		Overrides []overrideModel
	}
	Options         optionsModel
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
	Unit, NoValue string
	Decimals      *int
	Color         struct{ Mode string }
	Thresholds    thresholdsModel
	Mappings      []mappingModel
	Links         []struct{ URL string }
	Custom        struct {
		AxisSoftMin, AxisSoftMax *float64
		ScaleDistribution        struct{ Type string }
	}
}

type thresholdsModel struct {
	Steps []struct {
		Color string
		Value *float64
	}
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

type optionsModel struct {
	TextMode   string
	SortBy     []struct{ DisplayName string }
	YAxis      struct{ Unit string }
	CellValues struct{ Unit string }
}

type targetModel struct {
	RefID, Expr, Interval, Format, LegendFormat string
	Instant, Range                              bool
	Datasource                                  source
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

func models(t *testing.T) []*model {
	t.Helper()
	names, err := fs.Glob(Files(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []*model
	for _, name := range names {
		data, err := fs.ReadFile(Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		m := new(model)
		if err := json.Unmarshal(data, m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name != m.UID+".json" {
			t.Errorf("%s has the uid %s", name, m.UID)
		}
		all = append(all, m)
	}
	if len(all) != 9 {
		t.Fatalf("there are %d dashboards", len(all))
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
