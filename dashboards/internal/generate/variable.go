package generate

import "fmt"

// variable is a choice that the user of a dashboard makes.
type variable struct {
	name, label, description string
	series                   string // a selector of the series whose label of that name is chosen from
	none                     bool   // one has to be chosen: there is no "All"
	allValue                 string
}

// The variables, in the order in which a choice narrows the next.
var (
	job = variable{name: "job", label: "Job", series: "qem_exporter_build_info",
		description: "Scrape job of the exporter."}
	instance = variable{name: "instance", label: "Instance", series: "qem_exporter_build_info",
		description: "Exporter. Two that poll the same Enterprise Manager are not counted twice."}
	manager = variable{name: "manager", label: "Enterprise Manager", series: "qem_up",
		description: "Name of the Enterprise Manager in the exporter's configuration."}
	server = variable{name: "server", label: "Server", series: "qem_server_state",
		description: "Replicate or Compose server."}
	tag = variable{name: "tag", label: "Tag", series: "qem_task_tag", allValue: ".*",
		description: "Tag of the task. All includes the tasks without a tag."}
	task = variable{name: "task", label: "Task", series: "qem_task_up",
		description: "Task."}
)

// chosen is the variable without "All": its dashboard shows a few things closely.
func (v variable) chosen() variable {
	v.none = true
	return v
}

// tagged is the task variable narrowed by the tag.
func (v variable) tagged() variable {
	v.series = "tagged"
	return v
}

const datasourceUID = "${datasource}"

func prometheus() *datasource { return &datasource{Type: "prometheus", UID: datasourceUID} }

// variableModels are the variables for Grafana, each narrowed by those before it.
func variableModels(variables []variable, k families) ([]variableModel, error) {
	models := []variableModel{{
		Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1,
		Description: "Prometheus, or what answers as it does.",
	}}
	var before []string
	for _, v := range variables {
		series, _, err := k.expand(v.series, before)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.name, err)
		}
		if len(before) == 0 {
			series = v.series
		}
		m := variableModel{
			Name: v.name, Label: v.label, Description: v.description, Type: "query", Datasource: prometheus(),
			Refresh: 2, Sort: 1, Multi: true, IncludeAll: !v.none,
		}
		m.Definition = fmt.Sprintf("label_values(%s, %s)", series, v.name)
		m.Query = variableQuery{Query: m.Definition, RefID: "PrometheusVariableQueryEditor-VariableQuery"}
		if m.IncludeAll {
			m.Current = current{Text: []string{"All"}, Value: []string{"$__all"}}
			m.AllValue = ".+"
			if v.allValue != "" {
				m.AllValue = v.allValue
			}
		}
		models = append(models, m)
		before = append(before, v.name)
	}
	return models, nil
}
