package aemtest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// parseDocument reads what an export has given: JSON that may follow a byte order
// mark and comment lines. Nothing at all is no document.
func parseDocument(body []byte) (*document, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte(wire.ByteOrderMark)))
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

func (d *document) empty() bool {
	return d == nil || d.Definition != nil && len(d.Definition.Tasks)+len(d.Definition.Databases) == 0
}

func (c *call) importTask() error {
	doc, err := parseDocument(c.body)
	switch {
	case err != nil:
		return c.undecoded("ReplicationDefinition", err.Error())
	case doc.empty():
		return c.failed("AEM_IMPORT_TASK_CONTENT_EMPTY")
	case doc.Definition == nil || len(doc.Definition.Tasks) == 0:
		return c.failed("AEM_IMPORT_TASK_CONTAIN_ALIEN_ITEMS")
	case len(doc.Definition.Tasks) > 1:
		return c.failed("AEM_IMPORT_TASK_CONTAINS_MULTIPLE_TASKS")
	}
	d := &doc.Definition.Tasks[0]
	if !slices.Contains(spellings(c.task), d.Task.Name) {
		return c.failed("AEM_IMPORT_TASK_NAME_DIFFER")
	}
	if err := c.checkDatabases(doc.Definition); err != nil {
		return err
	}
	if err := c.checkImport(d); err != nil {
		return err
	}
	c.merge(doc.Definition)
	return nil
}

func (d *taskDef) ends() []string { return append([]string{d.Task.Source}, d.Task.Targets...) }

// lacks reports whether neither the document nor the server has the endpoint of a name.
func (d *definition) lacks(name string, srv *server) bool {
	return name != "" && named(srv.endpoints, name) == nil &&
		!slices.ContainsFunc(d.Databases, func(x databaseDef) bool { return x.Name == name })
}

// checkDatabases checks the endpoints of the document of one task: they are those
// of the task, or the server has them.
func (c *call) checkDatabases(d *definition) error {
	t := &d.Tasks[0]
	for _, x := range d.Databases {
		if !visible(c.user.Endpoints, x.Name) {
			return c.failed("AEM_IMPORT_TASK_NO_PERMISSION_ON_ENDPOINT")
		}
		if !slices.Contains(t.ends(), x.Name) {
			return c.failed("AEM_IMPORT_TASK_ENDPOINT_DIFFER")
		}
	}
	for i, name := range t.ends() {
		if d.lacks(name, c.srv) {
			return c.failed("AEM_IMPORT_TASK_NO_ENDPOINT_IN_SERVER", "{role}", []string{"source", "target"}[min(i, 1)],
				"{name}", name)
		}
	}
	return nil
}

func (c *call) checkImport(d *taskDef) error {
	old := named(c.srv.tasks, d.Task.Name)
	if old == nil || old.stopped(c.Now()) {
		return nil
	}
	return c.failed("AEM_TASK_NOT_IMPORTABLE", "{task}", d.Task.Name)
}

func (c *call) importAll() error {
	doc, err := parseDocument(c.body)
	if err == nil && doc.empty() {
		return c.failed("AEM_IMPORT_CONTENT_EMPTY")
	}
	if err != nil || doc.Definition == nil || !doc.Definition.valid(c.srv) {
		return c.failed("AEM_IMPORT_INVALID_CONTENT")
	}
	for i := range doc.Definition.Tasks {
		d := &doc.Definition.Tasks[i]
		if !visible(c.user.Tasks, d.Task.Name) {
			return c.failed("AEM_IMPORT_NO_PERMISSION_ON_TASK")
		}
		if err := c.checkImport(d); err != nil {
			return err
		}
	}
	for _, x := range doc.Definition.Databases {
		if !visible(c.user.Endpoints, x.Name) {
			return c.failed("AEM_IMPORT_NO_PERMISSION_ON_ENDPOINT")
		}
	}
	c.merge(doc.Definition)
	return nil
}

// valid reports whether every task has a name of its own and endpoints that the
// document or the server has.
func (d *definition) valid(srv *server) bool {
	seen := map[string]bool{"": true}
	for _, t := range d.Tasks {
		if seen[t.Task.Name] || slices.ContainsFunc(t.ends(), func(name string) bool { return d.lacks(name, srv) }) {
			return false
		}
		seen[t.Task.Name] = true
	}
	return !slices.ContainsFunc(d.Databases, func(x databaseDef) bool { return x.Name == "" })
}

// merge adds what a document has, and updates what the server has already; it
// removes nothing.
func (c *call) merge(d *definition) {
	srv := c.srv
	for _, x := range d.Databases {
		e := named(srv.endpoints, x.Name)
		if e == nil {
			e = &endpoint{}
			srv.endpoints = append(srv.endpoints, e)
		}
		v := &e.state
		v.Endpoint = given(aem.Endpoint{
			Name: x.Name, Description: x.Description, Role: aem.EndpointRole(strings.ToLower(x.Role)), Type: x.Type,
			Licensed: x.Licensed,
		})
		v.Settings = x.Settings
	}
	for i := range d.Tasks {
		t := c.newTask(srv, &d.Tasks[i], c.Now())
		if old := named(srv.tasks, t.name()); old != nil {
			t.static.ACL, t.static.Barriers, t.static.Deletions = old.static.ACL, old.static.Barriers, old.static.Deletions
		}
		srv.tasks = replaced(srv.tasks, t)
	}
}

func (s *Simulator) newTask(srv *server, d *taskDef, now time.Time) *task {
	x, o := &d.Task, given(aem.TaskOptions(d.Settings.Common))
	k := kind{loads: o.FullLoad.True(), applies: o.ApplyChanges.True(), stores: o.StoreChanges.True(),
		audits: o.AuditChanges.True(), logStream: x.Type == "LOG_STREAM", bidirectional: x.Type == "BIDIRECTIONAL"}
	t := s.builder.replicateTask(srv, k, x.Name, endpointKind{}, endpointKind{})
	v, l := &t.static, &t.life
	v.Description, v.Tags = x.Description, slices.Clone(x.Tags)
	v.Profile = x.Type
	setDefault(&v.Profile, "UNIDIRECTIONAL")
	v.Options, v.Targets = o, d.Settings.Target
	v.Source, v.Target = srv.end(x.Source), aem.TaskEndpoint{}
	if len(x.Targets) > 0 {
		v.Target = srv.end(x.Targets[0])
	}
	if sel := &d.Source.Tables; len(sel.Explicit)+len(sel.Included) > 0 {
		t.static.Selection = sel
		l.plan = l.plan.chosen(sel)
	}
	if schema := v.Targets.Schema; schema != "" {
		l.plan = l.plan.into(schema)
	}
	l.age, l.outage, l.errorsPerHour, l.disk = 0, outage{}, 0, 0
	t.steer = steering{spans: []span{{from: now.Sub(t.start)}}, halted: true, stop: now.Sub(t.start), never: true}
	t.unload()
	return t
}

func (s *server) end(name string) aem.TaskEndpoint {
	end := aem.TaskEndpoint{Name: name}
	if e := named(s.endpoints, name); e != nil {
		end.Type = e.state.Type
	}
	return end
}

func (p *plan) into(schema string) *plan {
	out := &plan{tables: slices.Clone(p.tables)}
	for i := range out.tables {
		out.tables[i].targetSchema = schema
	}
	return out
}

type clone struct {
	Name                 string   `api:"new_task_name"`
	Permissions          aem.Bool `api:"clone_permissions"`
	aem.CloneTaskOptions `api:",inline"`
}

// cloneTask makes a task like another. The guide names no errors of its own for
// it; AEM_CLONE_TASK_INNER_ERR is of the form that all methods have.
func (c *call) cloneTask() error {
	var in clone
	if err := decoded(c, cloneTable, &in, "AemCloneTaskReq"); err != nil {
		return err
	}
	if in.Name == "" {
		return c.missing("new_task_name")
	}
	v := c.t.at(c.Now())
	if reason := in.refused(c.srv, &v); reason != "" {
		return c.failed("AEM_CLONE_TASK_INNER_ERR", "{reason}", reason)
	}
	d := c.t.definition(&v)
	d.Task.Name = in.Name
	d.Task.Source = cmp.Or(in.Source, d.Task.Source)
	d.Task.Targets = []string{cmp.Or(in.Target, v.Target.Name)}
	g := &d.Settings.Target
	*g = Targets{
		Schema: cmp.Or(in.TargetSchema, g.Schema), ControlSchema: cmp.Or(in.ControlSchema, g.ControlSchema),
		ControlTableSpace: cmp.Or(in.ControlTableTablespace, g.ControlTableSpace),
		ControlIndexSpace: cmp.Or(in.ControlIndexTablespace, g.ControlIndexSpace),
	}
	copied := c.newTask(c.srv, &d, c.Now())
	if in.Permissions.True() {
		copied.static.ACL = c.t.static.ACL
	}
	c.srv.tasks = append(c.srv.tasks, copied)
	return nil
}

// refused says why a task cannot be cloned so; "" when it can.
func (in *clone) refused(srv *server, v *Task) string {
	if named(srv.tasks, in.Name) != nil {
		return fmt.Sprintf("a task named %s exists already", in.Name)
	}
	if v.Source.Name == "" || v.Target.Name == "" {
		return "the task has no source or target endpoint"
	}
	for _, x := range []struct {
		role aem.EndpointRole
		name string
		now  aem.TaskEndpoint
	}{{aem.EndpointSource, in.Source, v.Source}, {aem.EndpointTarget, in.Target, v.Target}} {
		if x.name == "" {
			continue
		}
		e := named(srv.endpoints, x.name)
		switch {
		case e == nil || e.state.Role != x.role && e.state.Role != aem.EndpointBoth:
			return fmt.Sprintf("there is no %s endpoint %s", strings.ToUpper(string(x.role)), x.name)
		case e.state.Type != x.now.Type:
			return fmt.Sprintf("the endpoint %s is not of the type %s", x.name, x.now.Type)
		}
	}
	return ""
}
