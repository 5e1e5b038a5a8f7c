package dashboards

import (
	"encoding/json"
	"io/fs"
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
		Type        string   `json:"type"`
		Tags        []string `json:"tags"`
		IncludeVars bool     `json:"includeVars"`
		KeepTime    bool     `json:"keepTime"`
	} `json:"links"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panelModel `json:"panels"`
}

type variable struct {
	Name, Label, Type, Description, AllValue, Definition string
	Refresh                                              int
	Multi, IncludeAll                                    bool
	Datasource                                           source
	Query                                                json.RawMessage
	Current                                              struct{ Value []string }
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
		Defaults struct {
			Unit, NoValue string
			Mappings      []any
			Links         []struct{ URL string }
		}
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
	Options         struct{ TextMode string }
	Transformations []struct {
		ID      string
		Options struct {
			ExcludeByName map[string]bool
			RenameByName  map[string]string
		}
	}
}

type targetModel struct {
	RefID, Expr, Interval, Format string
	Instant, Range                bool
	Datasource                    source
}

// each runs a test of every dashboard.
func each(t *testing.T, test func(t *testing.T, m *model)) {
	t.Helper()
	for _, m := range models(t) {
		t.Run(m.UID, func(t *testing.T) { test(t, m) })
	}
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
	if len(all) != 6 {
		t.Fatalf("there are %d dashboards", len(all))
	}
	return all
}

// drawn are the panels that are not rows.
func (m *model) drawn() []panelModel {
	var all []panelModel
	for _, p := range m.Panels {
		if p.Type == "row" {
			all = append(all, p.Panels...)
		} else {
			all = append(all, p)
		}
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
