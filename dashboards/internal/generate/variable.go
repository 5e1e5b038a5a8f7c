package generate

import (
	"cmp"
	"fmt"
	"strings"
)

// variable is a choice that the user of a dashboard makes.
type variable struct {
	Name, Label, About string
	Series             string // a selector of the series whose label is chosen from
	Of                 string // that label, if its name is another one
	All                string // what chooses everything
	Hidden             bool

	single  bool     // exactly one is chosen: there is no "All"
	choices []choice // instead of series; the first at first
}

// variables are those of a page. One about a single server or task has no
// "All": whatever a link or a hand puts there, it shows one or none, never a thousand.
func (s *source) variables(d dashboard) ([]variable, error) {
	var all []variable
	for i, name := range append([]string{"job", "instance"}, d.Variables...) {
		v, ok := s.Variables[name]
		if !ok {
			return nil, fmt.Errorf("there is no variable %s", name)
		}
		v.Name = cmp.Or(v.Name, name)
		v.single = d.Single && i > 1
		if name == "show" {
			v.choices = s.shown()
		}
		all = append(all, v)
	}
	return all, nil
}

func prometheus() *datasource { return &datasource{Type: "prometheus", UID: "${datasource}"} }

// variableModels are the variables for Grafana, each narrowed by those before it.
func variableModels(variables []variable, k families) ([]variableModel, error) {
	models := []variableModel{{
		Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1,
		Description: "Prometheus, or what answers as it does.", Current: one{"default", "default"},
	}}
	for i, v := range variables {
		m, err := v.model(variables[:i], k)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.Name, err)
		}
		models = append(models, m)
	}
	return models, nil
}

func (v variable) model(before []variable, k families) (variableModel, error) {
	m := variableModel{Name: v.Name, Label: v.Label, Description: v.About, Current: struct{}{}}
	if v.choices != nil {
		var list []string
		for _, c := range v.choices {
			list = append(list, c.Text+" : "+c.Value)
		}
		m.Type, m.Query, m.Options, m.Current = "custom", strings.Join(list, ", "), v.choices,
			one{v.choices[0].Text, v.choices[0].Value}
		return m, nil
	}
	series := v.Series
	if len(before) > 0 {
		var err error
		if series, _, err = k.expand(v.Series, before); err != nil {
			return m, err
		}
	}
	m.Type, m.Datasource, m.Refresh, m.Sort, m.Multi, m.IncludeAll = "query", prometheus(), 2, 1, !v.single, !v.single
	m.Definition = fmt.Sprintf("label_values(%s, %s)", series, cmp.Or(v.Of, v.Name))
	m.Query = variableQuery{Query: m.Definition, RefID: "PrometheusVariableQueryEditor-VariableQuery"}
	if v.Hidden {
		m.Hide = 2
	}
	if m.IncludeAll {
		m.Current, m.AllValue = several{[]string{"All"}, []string{"$__all"}}, cmp.Or(v.All, ".+")
	}
	return m, nil
}
