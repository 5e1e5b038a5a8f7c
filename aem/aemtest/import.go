package aemtest

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// parseDocument reads what an export has given: JSON that may follow a byte order
// mark and comment lines. Nothing at all is no document.
func parseDocument(body []byte) (*document, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	for bytes.HasPrefix(body, []byte("//")) {
		_, rest, _ := bytes.Cut(body, []byte("\n"))
		body = bytes.TrimSpace(rest)
	}
	if len(body) == 0 {
		return nil, nil
	}
	d := &document{}
	if err := decodeJSON(body, d); err != nil {
		return nil, err
	}
	return d, nil
}

// empty reports whether there is nothing to import.
func (d *document) empty() bool {
	return d == nil || d.Definition != nil && len(d.Definition.Tasks)+len(d.Definition.Databases) == 0
}

func (s *Simulator) importTask(c *call) answer {
	srv, e := s.exportable(c)
	if e != nil {
		return s.fail(*e)
	}
	fail := func(code, reason string) answer {
		return s.failed(code, "Failed to import task %s to replication server %s as %s", c.task, srv.name(), reason)
	}
	doc, err := parseDocument(c.body)
	switch {
	case err != nil:
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type ReplicationDefinition: %v", err)
	case doc.empty():
		return fail("AEM_IMPORT_TASK_CONTENT_EMPTY", "the JSON file is empty.")
	case doc.Definition == nil || len(doc.Definition.Tasks) == 0:
		return fail("AEM_IMPORT_TASK_CONTAIN_ALIEN_ITEMS", "the JSON file contains unsupported objects.")
	case len(doc.Definition.Tasks) > 1:
		return s.failed("AEM_IMPORT_TASK_CONTAINS_MULTIPLE_TASKS",
			"Failed to import task to replication server %s as the JSON file "+
				"contains multiple tasks. To import multiple tasks, use ImportAll instead.", srv.name())
	}
	d := &doc.Definition.Tasks[0]
	if !slices.Contains(spellings(c.task), d.Task.Name) {
		return fail("AEM_IMPORT_TASK_NAME_DIFFER", "the JSON file contains conflicting tasks.")
	}
	if e := s.checkDatabases(c, srv, doc.Definition); e != nil {
		return s.fail(*e)
	}
	if e := s.checkImport(srv, d); e != nil {
		return s.fail(*e)
	}
	s.merge(srv, doc.Definition)
	return s.void()
}

// checkDatabases checks the endpoints of the document of one task: they are those
// of the task, or the server has them.
func (s *Simulator) checkDatabases(c *call, srv *server, d *definition) *apiError {
	t := &d.Tasks[0].Task
	ends := append([]string{t.Source}, t.Targets...)
	for _, x := range d.Databases {
		if !visible(c.user.Endpoints, x.Name) {
			return apiErrorf("AEM_IMPORT_TASK_NO_PERMISSION_ON_ENDPOINT",
				"Failed to import task %s to replication server %s as the logged in user does not have permission to add or "+
					"modify endpoints.", t.Name, srv.name())
		}
		if !slices.Contains(ends, x.Name) {
			return apiErrorf("AEM_IMPORT_TASK_ENDPOINT_DIFFER",
				"Failed to import task %s to server %s as the endpoint names in the JSON file's "+
					"\"task\" and \"databases\" sections are not the same.", t.Name, srv.name())
		}
	}
	for i, name := range ends {
		given := slices.ContainsFunc(d.Databases, func(x databaseDef) bool { return x.Name == name })
		if name == "" || given || srv.endpoint(name) != nil {
			continue
		}
		role := "source"
		if i > 0 {
			role = "target"
		}
		return apiErrorf("AEM_IMPORT_TASK_NO_ENDPOINT_IN_SERVER",
			"Failed to import task %s to replication server %s as the %s endpoint %s does not exist on the target server.",
			t.Name, srv.name(), role, name)
	}
	return nil
}

// checkImport checks that a task which the server has does not run.
func (s *Simulator) checkImport(srv *server, d *taskDef) *apiError {
	old := srv.task(d.Task.Name)
	if old == nil {
		return nil
	}
	if v := old.at(s.Now()); v.State != Stopped && v.State != Failed {
		return apiErrorf("AEM_TASK_NOT_IMPORTABLE",
			"Failed to import task %s as the task is running on server %s. Stop the task and then try again.", d.Task.Name,
			srv.name())
	}
	return nil
}

// task finds a task by its name.
func (s *server) task(name string) *task {
	for _, t := range s.tasks {
		if t.name() == name {
			return t
		}
	}
	return nil
}

func (s *Simulator) importAll(c *call) answer {
	srv, e := s.exportable(c)
	if e != nil {
		return s.fail(*e)
	}
	fail := func(code, reason string) answer {
		return s.failed(code, "Failed to import all tasks to replication server %s as %s", srv.name(), reason)
	}
	doc, err := parseDocument(c.body)
	if err == nil && doc.empty() {
		return fail("AEM_IMPORT_CONTENT_EMPTY", "the JSON file is empty.")
	}
	if err != nil || doc.Definition == nil || !doc.Definition.valid(srv) {
		return fail("AEM_IMPORT_INVALID_CONTENT", "the JSON file contains invalid content.")
	}
	for i := range doc.Definition.Tasks {
		d := &doc.Definition.Tasks[i]
		if !visible(c.user.Tasks, d.Task.Name) {
			return fail("AEM_IMPORT_NO_PERMISSION_ON_TASK", "the logged in user does not have permission to add tasks.")
		}
		if e := s.checkImport(srv, d); e != nil {
			return s.fail(*e)
		}
	}
	for _, x := range doc.Definition.Databases {
		if !visible(c.user.Endpoints, x.Name) {
			return fail("AEM_IMPORT_NO_PERMISSION_ON_ENDPOINT", "the logged in user does not have permission to add endpoints.")
		}
	}
	s.merge(srv, doc.Definition)
	return s.void()
}

// valid reports whether every task has a name of its own and endpoints that the
// document or the server has.
func (d *definition) valid(srv *server) bool {
	seen := make(map[string]bool)
	for _, t := range d.Tasks {
		if t.Task.Name == "" || seen[t.Task.Name] {
			return false
		}
		seen[t.Task.Name] = true
		for _, name := range append([]string{t.Task.Source}, t.Task.Targets...) {
			given := slices.ContainsFunc(d.Databases, func(x databaseDef) bool { return x.Name == name })
			if name != "" && !given && srv.endpoint(name) == nil {
				return false
			}
		}
	}
	return !slices.ContainsFunc(d.Databases, func(x databaseDef) bool { return x.Name == "" })
}

// merge adds what a document has, and updates what the server has already; it
// removes nothing.
func (s *Simulator) merge(srv *server, d *definition) {
	for _, x := range d.Databases {
		e := srv.endpoint(x.Name)
		if e == nil {
			e = &endpoint{}
			srv.endpoints = append(srv.endpoints, e)
		}
		v := &e.state
		v.Name, v.Description, v.Role, v.Type, v.Licensed, v.Settings = x.Name, x.Description, x.Role, x.Type, x.Licensed,
			x.Settings
	}
	for i := range d.Tasks {
		t := s.newTask(srv, &d.Tasks[i], s.Now())
		if old := srv.task(t.name()); old != nil {
			t.acl, t.barriers, t.deletions = old.acl, old.barriers, old.deletions
			srv.tasks[slices.Index(srv.tasks, old)] = t
			continue
		}
		srv.tasks = append(srv.tasks, t)
	}
}

// newTask makes a task that has never run.
func (s *Simulator) newTask(srv *server, d *taskDef, now time.Time) *task {
	x, c, g := &d.Task, &d.Settings.Common, &d.Settings.Target
	k := kind{loads: c.FullLoad, applies: c.ApplyChanges, stores: c.StoreChanges, audits: c.AuditChanges,
		logStream: x.Type == "LOG_STREAM", bidirectional: x.Type == "BIDIRECTIONAL"}
	t := s.builder.replicateTask(srv, k, x.Name, endpointKind{}, endpointKind{})
	v, l := &t.static, &t.life
	v.Description, v.Tags = x.Description, slices.Clone(x.Tags)
	v.Profile = x.Type
	setDefault(&v.Profile, "UNIDIRECTIONAL")
	v.FullLoadEnabled, v.ApplyChanges, v.StoreChanges, v.AuditChanges = c.FullLoad, c.ApplyChanges, c.StoreChanges,
		c.AuditChanges
	v.Source, v.Target = srv.end(x.Source), Endpoint{}
	if len(x.Targets) > 0 {
		v.Target = srv.end(x.Targets[0])
	}
	if targets := (Targets{g.Schema, g.ControlSchema, g.ControlTableSpace, g.ControlIndexSpace}); targets != (Targets{}) {
		t.targets = &targets
	}
	if sel := &d.Source.Tables; len(sel.Explicit)+len(sel.Included) > 0 {
		t.selection = sel
		l.plan = l.plan.chosen(sel)
	}
	if g.Schema != "" {
		l.plan = l.plan.into(g.Schema)
	}
	l.age, l.outage, l.errorsPerHour, l.disk = 0, nil, 0, 0
	t.steer = &steering{spans: []span{{from: now.Sub(t.start)}}, halted: true, stop: now.Sub(t.start), never: true}
	t.unload()
	return t
}

// end is an endpoint of the server as a task has it.
func (s *server) end(name string) Endpoint {
	if e := s.endpoint(name); e != nil {
		return Endpoint{name, e.state.Type}
	}
	return Endpoint{Name: name}
}

// into is the plan with all tables in one schema of the target.
func (p *plan) into(schema string) *plan {
	out := &plan{tables: slices.Clone(p.tables)}
	for i := range out.tables {
		out.tables[i].targetSchema = schema
	}
	return out
}

// clone is the body of CloneTask.
type clone struct {
	Name              string `json:"new_task_name"`
	Permissions       bool   `json:"clone_permissions"`
	Source            string `json:"new_source_endpoint"`
	Target            string `json:"new_target_endpoint"`
	ControlSchema     string `json:"new_control_schema"`
	TargetSchema      string `json:"new_target_schema"`
	ControlTableSpace string `json:"new_control_table_tablespace"`
	ControlIndexSpace string `json:"new_control_index_tablespace"`
}

// cloneTask makes a task like another. The guide names no errors of its own for
// it; AEM_CLONE_TASK_INNER_ERR is of the form that all methods have.
func (s *Simulator) cloneTask(c *call) answer {
	srv, t, e := s.replicateTask(c)
	if e != nil {
		return s.fail(*e)
	}
	var in clone
	if err := decodeJSON(c.body, &in); err != nil {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type AemCloneTaskReq: %v", err)
	}
	if in.Name == "" {
		return s.missing("new_task_name")
	}
	v := t.at(s.Now())
	if reason := in.refused(srv, &v); reason != "" {
		return s.failed("AEM_CLONE_TASK_INNER_ERR", "Failed to clone task %s on server %s. Error: %q", v.Name, srv.name(),
			reason)
	}
	d := t.definition(&v)
	d.Task.Name = in.Name
	if in.Source != "" {
		d.Task.Source = in.Source
	}
	if in.Target != "" {
		d.Task.Targets = []string{in.Target}
	}
	g := &d.Settings.Target
	for _, x := range []struct {
		to  *string
		new string
	}{{&g.Schema, in.TargetSchema}, {&g.ControlSchema, in.ControlSchema}, {&g.ControlTableSpace, in.ControlTableSpace},
		{&g.ControlIndexSpace, in.ControlIndexSpace}} {
		if x.new != "" {
			*x.to = x.new
		}
	}
	copied := s.newTask(srv, &d, s.Now())
	if in.Permissions {
		copied.acl = t.acl.clone()
	}
	srv.tasks = append(srv.tasks, copied)
	return s.void()
}

// refused says why a task cannot be cloned so; "" when it can.
func (in *clone) refused(srv *server, v *Task) string {
	if srv.task(in.Name) != nil {
		return fmt.Sprintf("a task named %s exists already", in.Name)
	}
	if v.Source.Name == "" || v.Target.Name == "" {
		return "the task has no source or target endpoint"
	}
	for _, x := range []struct {
		role, name string
		now        Endpoint
	}{{Source, in.Source, v.Source}, {Target, in.Target, v.Target}} {
		if x.name == "" {
			continue
		}
		e := srv.endpoint(x.name)
		switch {
		case e == nil || e.state.Role != x.role && e.state.Role != Both:
			return fmt.Sprintf("there is no %s endpoint %s", x.role, x.name)
		case e.state.Type != x.now.Type:
			return fmt.Sprintf("the endpoint %s is not of the type %s", x.name, x.now.Type)
		}
	}
	return ""
}
