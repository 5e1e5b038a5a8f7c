package generate

import (
	"fmt"
	"strings"
)

// variable is a choice that the user of a dashboard makes.
type variable struct {
	name, label, description string
	series                   string // a selector of the series whose label of that name is chosen from
	single                   bool   // exactly one is chosen: there is no "All"
	allValue                 string
	choices                  []choice // instead of series; the first at first
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
	show = variable{name: "show", label: "Show",
		description: "Which tasks are listed, by the worst of their troubles."}
)

// variablesOf are the variables of a page. One about a single server or task has no
// "All": whatever a link or a hand puts there, it shows one or none, never a thousand.
func variablesOf(uid string) []variable {
	target := []variable{job, instance}
	switch uid {
	case uidServer:
		return append(target, manager.one(), server.one())
	case uidTask:
		return append(target, manager.one(), server.one(), task.one())
	case uidExporter:
		return append(target, manager)
	case uidServers:
		return append(target, manager, server)
	case uidTasks:
		return append(target, manager, server, tag, show)
	case uidFullLoad, uidTables:
		return append(target, manager, server, tag, task.tagged())
	}
	return append(target, manager, server, tag)
}

// variables are those of a page with what can be chosen.
func (s *source) variables(uid string) []variable {
	all := variablesOf(uid)
	for i := range all {
		if all[i].name == show.name {
			all[i].choices = s.shown()
		}
	}
	return all
}

// one is the variable without "All".
func (v variable) one() variable {
	v.single = true
	return v
}

// tagged is the task variable narrowed by the tag.
func (v variable) tagged() variable {
	v.series = "tagged"
	return v
}

const datasourceUID = "${datasource}"

func prometheus() *datasource { return &datasource{Type: "prometheus", UID: datasourceUID} }

// console is the address of the chosen Enterprise Manager's console, which is not shown.
const console = "console"

// variableModels are the variables for Grafana, each narrowed by those before it.
func variableModels(variables []variable, k families) ([]variableModel, error) {
	models := []variableModel{{
		Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1,
		Description: "Prometheus, or what answers as it does.", Current: one{"default", "default"},
	}}
	var before []variable
	for _, v := range variables {
		m, err := v.model(before, k)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.name, err)
		}
		models = append(models, m)
		before = append(before, v)
	}
	if len(variables) > 2 && variables[2].single {
		address := variable{name: console, label: "Console", series: "qem_manager_info", description: "Address of " +
			"Enterprise Manager's console.", single: true}
		m, err := address.model(before, k)
		if err != nil {
			return nil, err
		}
		m.Definition = strings.Replace(m.Definition, ", "+console+")", ", url)", 1)
		m.Query, m.Hide = variableQuery{Query: m.Definition, RefID: variableRef}, 2
		models = append(models, m)
	}
	return models, nil
}

const variableRef = "PrometheusVariableQueryEditor-VariableQuery"

func (v variable) model(before []variable, k families) (variableModel, error) {
	m := variableModel{Name: v.name, Label: v.label, Description: v.description, Current: struct{}{}}
	if v.choices != nil {
		var list []string
		for _, c := range v.choices {
			list = append(list, c.Text+" : "+c.Value)
		}
		m.Type, m.Query, m.Options, m.Current = "custom", strings.Join(list, ", "), v.choices,
			one{v.choices[0].Text, v.choices[0].Value}
		return m, nil
	}
	series := v.series
	if len(before) > 0 {
		var err error
		if series, _, err = k.expand(v.series, before); err != nil {
			return m, err
		}
	}
	m.Type, m.Datasource, m.Refresh, m.Sort, m.Multi, m.IncludeAll = "query", prometheus(), 2, 1, !v.single, !v.single
	m.Definition = fmt.Sprintf("label_values(%s, %s)", series, v.name)
	m.Query = variableQuery{Query: m.Definition, RefID: variableRef}
	if m.IncludeAll {
		m.Current = several{[]string{"All"}, []string{"$__all"}}
		m.AllValue = ".+"
		if v.allValue != "" {
			m.AllValue = v.allValue
		}
	}
	return m, nil
}
