package aemtest

import (
	"fmt"
	"strings"

	"github.com/qem-exporter/qem_exporter/aem"
)

// document is what ExportTask and ExportAll give and what the imports take: the
// repository of a Replicate server, as far as the simulator knows it. A comment
// line stands before it.
type document struct {
	Definition *definition `json:"cmd.replication_definition"`
}

type definition struct {
	Tasks     []taskDef     `json:"tasks"`
	Databases []databaseDef `json:"databases,omitempty"`
}

type taskDef struct {
	Task struct {
		Name        string   `json:"name"`
		Source      string   `json:"source_name"`
		Targets     []string `json:"target_names"`
		Type        string   `json:"task_type"`
		Description string   `json:"description,omitempty"`
		Tags        []string `json:"tags,omitempty"`
	} `json:"task"`
	Source struct {
		Tables aem.TableSelection `json:"source_tables"`
	} `json:"source"`
	Settings struct {
		Common optionsDef `json:"common_settings"`
		Target Targets    `json:"target_settings"`
	} `json:"task_settings"`
}

// optionsDef are the options of a task, by the names that they have here.
type optionsDef struct {
	FullLoad     aem.Bool `json:"full_load_enabled"`
	ApplyChanges aem.Bool `json:"apply_changes_enabled"`
	StoreChanges aem.Bool `json:"save_changes_enabled"`
	AuditChanges aem.Bool `json:"audit_changes_enabled"`
}

type databaseDef struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Role        string         `json:"role"`
	Type        string         `json:"type_id"`
	Licensed    aem.Bool       `json:"is_licensed"`
	Settings    map[string]any `json:"db_settings"`
}

func (t *task) definition(v *Task) taskDef {
	var d taskDef
	x := &d.Task
	x.Name, x.Source, x.Targets = v.Name, v.Source.Name, []string{v.Target.Name}
	x.Type, x.Description, x.Tags = v.Profile, v.Description, v.Tags
	d.Source.Tables = *t.selected()
	d.Settings.Common, d.Settings.Target = optionsDef(v.Options), t.static.Targets
	return d
}

func (e *endpoint) definition() databaseDef {
	v := &e.state
	return databaseDef{v.Name, v.Description, strings.ToUpper(string(v.Role)), v.Type, v.Licensed, v.Settings}
}

// export answers with a document after the comment line with which Replicate
// begins it, and in the Guide and Legacy shapes after a byte order mark.
func (c *call) export(d *definition) error {
	head := fmt.Sprintf("// Host name: %s, Time: %s\r\n", c.srv.static.Host, c.Now().Format("2006-01-02 15:04:05.000000"))
	return c.document(head, c.opts.Shape != RealWorld, document{d})
}

func (c *call) exportTask() error {
	v := c.t.at(c.Now())
	d := &definition{Tasks: []taskDef{c.t.definition(&v)}}
	for _, name := range []string{v.Source.Name, v.Target.Name} {
		if name == "" {
			continue
		}
		if !visible(c.user.Endpoints, name) {
			return c.failed("AEM_EXPORT_TASK_NO_PERMISSION_ON_ENDPOINT")
		}
		if x := named(c.srv.endpoints, name); x != nil && strings.EqualFold(c.query.Get("withendpoints"), "true") {
			d.Databases = append(d.Databases, x.definition())
		}
	}
	return c.export(d)
}

func (c *call) exportAll() error {
	d := &definition{Tasks: []taskDef{}}
	for _, t := range c.srv.tasks {
		v := t.at(c.Now())
		if !visible(c.user.Tasks, v.Name) {
			return c.failed("AEM_EXPORT_NO_PERMISSION_ON_TASK")
		}
		d.Tasks = append(d.Tasks, t.definition(&v))
	}
	for _, x := range c.srv.endpoints {
		if !visible(c.user.Endpoints, x.name()) {
			return c.failed("AEM_EXPORT_NO_PERMISSION_ON_ENDPOINT")
		}
		d.Databases = append(d.Databases, x.definition())
	}
	return c.export(d)
}
