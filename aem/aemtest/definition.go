package aemtest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
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
		Tables TableSelection `json:"source_tables"`
	} `json:"source"`
	Settings struct {
		Common struct {
			FullLoad     bool `json:"full_load_enabled"`
			ApplyChanges bool `json:"apply_changes_enabled"`
			StoreChanges bool `json:"save_changes_enabled"`
			AuditChanges bool `json:"audit_changes_enabled"`
		} `json:"common_settings"`
		Target struct {
			Schema            string `json:"default_schema,omitempty"`
			ControlSchema     string `json:"control_schema,omitempty"`
			ControlTableSpace string `json:"control_table_tablespace,omitempty"`
			ControlIndexSpace string `json:"control_index_tablespace,omitempty"`
		} `json:"target_settings"`
	} `json:"task_settings"`
}

type databaseDef struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Role        string         `json:"role"`
	Type        string         `json:"type_id"`
	Licensed    bool           `json:"is_licensed"`
	Settings    map[string]any `json:"db_settings"`
}

// definition is what of a task is exported.
func (t *task) definition(v *Task) taskDef {
	var d taskDef
	x := &d.Task
	x.Name, x.Source, x.Targets = v.Name, v.Source.Name, []string{v.Target.Name}
	x.Type, x.Description, x.Tags = v.Profile, v.Description, v.Tags
	d.Source.Tables = *t.selected()
	c := &d.Settings.Common
	c.FullLoad, c.ApplyChanges, c.StoreChanges, c.AuditChanges = v.FullLoadEnabled, v.ApplyChanges, v.StoreChanges,
		v.AuditChanges
	if t.targets != nil {
		g := &d.Settings.Target
		g.Schema, g.ControlSchema = t.targets.Schema, t.targets.ControlSchema
		g.ControlTableSpace, g.ControlIndexSpace = t.targets.ControlTableSpace, t.targets.ControlIndexSpace
	}
	return d
}

func (e *endpoint) definition() databaseDef {
	v := &e.state
	return databaseDef{v.Name, v.Description, v.Role, v.Type, v.Licensed, v.Settings}
}

// export answers with a document after the comment line with which Replicate
// begins it, and in the Guide and Legacy shapes after a byte order mark.
func (s *Simulator) export(srv *server, d *definition) answer {
	b := bytes.NewBuffer(s.buffer())
	if s.opts.Shape != RealWorld {
		b.WriteString("\ufeff")
	}
	fmt.Fprintf(b, "// Host name: %s, Time: %s\r\n", srv.static.Host, s.Now().Format("2006-01-02 15:04:05.000000"))
	writeIndented(b, document{d})
	return answer{status: http.StatusOK, body: b.Bytes()}
}

// exportable finds the server of an export: a Replicate server of at least 5.2.
func (s *Simulator) exportable(c *call) (*server, *apiError) {
	srv, e := s.replicateServer(c)
	if e != nil {
		return nil, e
	}
	v := srv.row(s.Now())
	var major, minor int
	if n, _ := fmt.Sscanf(v.Version, "%d.%d", &major, &minor); n == 2 && (major < 5 || major == 5 && minor < 2) {
		return nil, apiErrorf("AEM_METHOD_NOT_SUPPORTED_VERSION", "%s is only supported on Replicate 5.2 or above.",
			c.op.name)
	}
	return srv, nil
}

func (s *Simulator) exportTask(c *call) answer {
	srv, e := s.exportable(c)
	if e != nil {
		return s.fail(*e)
	}
	t := srv.findTask(c.task)
	if t == nil {
		return s.fail(taskNotFound(c.server, c.task))
	}
	v := t.at(s.Now())
	d := &definition{Tasks: []taskDef{t.definition(&v)}}
	for _, name := range []string{v.Source.Name, v.Target.Name} {
		if name == "" {
			continue
		}
		if !visible(c.user.Endpoints, name) {
			return s.failed("AEM_EXPORT_TASK_NO_PERMISSION_ON_ENDPOINT",
				"Failed to export task %s from Replicate server %s as the logged in user "+
					"does not have permission to access one or both of the task's endpoints.", v.Name, srv.name())
		}
		if x := srv.endpoint(name); x != nil && strings.EqualFold(c.query.Get("withendpoints"), "true") {
			d.Databases = append(d.Databases, x.definition())
		}
	}
	return s.export(srv, d)
}

func (s *Simulator) exportAll(c *call) answer {
	srv, e := s.exportable(c)
	if e != nil {
		return s.fail(*e)
	}
	d := &definition{Tasks: []taskDef{}}
	for _, t := range srv.tasks {
		v := t.at(s.Now())
		if !visible(c.user.Tasks, v.Name) {
			return s.failed("AEM_EXPORT_NO_PERMISSION_ON_TASK",
				"Failed to export all tasks from Replicate server %s as the logged in user "+
					"does not have permission to export one or more of the defined tasks.", srv.name())
		}
		d.Tasks = append(d.Tasks, t.definition(&v))
	}
	for _, x := range srv.endpoints {
		if !visible(c.user.Endpoints, x.state.Name) {
			return s.failed("AEM_EXPORT_NO_PERMISSION_ON_ENDPOINT",
				"Failed to export all tasks from server %s as the logged in user "+
					"does not have permission to export one or more of the defined endpoints.", srv.name())
		}
		d.Databases = append(d.Databases, x.definition())
	}
	return s.export(srv, d)
}
