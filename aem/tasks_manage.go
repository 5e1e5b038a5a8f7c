package aem

import (
	"context"
	"io"
	"net/http"
)

// DeleteTaskOptions are what else to delete.
type DeleteTaskOptions struct {
	Logs bool // the task's log files too
}

// Delete deletes a Replicate task, which must be stopped (else ErrNotStopped). It
// needs the role Designer on the task.
//
//qem:operation DeleteTask POST /servers/{server}/tasks/{task}?action=delete&deletetasklogs={bool}
func (s TasksService) Delete(ctx context.Context, server, task string, o DeleteTaskOptions) error {
	return s.core.call(ctx, &call{
		operation: "DeleteTask",
		verb:      http.MethodPost,
		path:      []string{"servers", server, "tasks", task},
		query:     query{{"action", "delete"}, {"deletetasklogs", boolText(o.Logs)}},
	})
}

// ExportTaskOptions are what else to export.
type ExportTaskOptions struct {
	Endpoints bool // the definitions of the task's endpoints too
}

// Export returns the definition of a Replicate task as a stream that the caller
// reads and closes; see JSON. It needs the role Operator on the task and on all
// endpoints.
//
//qem:operation ExportTask GET /servers/{server}/tasks/{task}?action=export&withendpoints={bool}
func (s TasksService) Export(ctx context.Context, server, task string, o ExportTaskOptions) (io.ReadCloser, error) {
	return s.core.export(ctx, &call{
		operation: "ExportTask",
		path:      []string{"servers", server, "tasks", task},
		query:     query{{"action", "export"}, {"withendpoints", boolText(o.Endpoints)}},
	})
}

// Import adds the task of an export, or replaces it; nothing else is removed. The
// task must be stopped (else ErrNotStopped). The document is read to its end before
// anything is sent. It needs the role Designer on all tasks, and on all endpoints
// when the document has endpoints.
//
//qem:operation ImportTask POST /servers/{server}/tasks/{task}?action=import
func (s TasksService) Import(ctx context.Context, server, task string, document io.Reader) error {
	c := &call{
		operation: "ImportTask",
		verb:      http.MethodPost,
		path:      []string{"servers", server, "tasks", task},
		query:     query{{"action", "import"}},
		wait:      importWait,
	}
	if err := c.setDocument(document); err != nil {
		return err
	}
	return s.core.call(ctx, c)
}

// CloneTaskOptions say what a clone has of its own. What is empty is as in the
// original.
type CloneTaskOptions struct {
	Permissions                 bool   // the clone has the original's explicit ACL
	Source, Target              string // endpoints of the same type as the original's, by name
	ControlSchema, TargetSchema string
	// Tablespaces of the control tables and their indexes, of an Oracle target.
	ControlTableTablespace, ControlIndexTablespace string
}

// Clone makes a task of another name like one that has a source and a target
// endpoint. A task cannot be replaced. It needs the role Operator on Enterprise
// Manager.
//
//qem:operation CloneTask POST /servers/{server}/tasks/{task}?action=clone
func (s TasksService) Clone(ctx context.Context, server, task, name string, o CloneTaskOptions) error {
	c := &call{
		operation: "CloneTask",
		verb:      http.MethodPost,
		path:      []string{"servers", server, "tasks", task},
		query:     query{{"action", "clone"}},
	}
	if err := missing(c.operation, "name of the clone", name); err != nil {
		return err
	}
	body := object{"new_task_name": name, "clone_permissions": o.Permissions}
	for _, field := range []struct{ key, value string }{
		{"new_source_endpoint", o.Source},
		{"new_target_endpoint", o.Target},
		{"new_control_schema", o.ControlSchema},
		{"new_target_schema", o.TargetSchema},
		{"new_control_table_tablespace", o.ControlTableTablespace},
		{"new_control_index_tablespace", o.ControlIndexTablespace},
	} {
		if field.value != "" {
			body[field.key] = field.value
		}
	}
	if err := c.setJSON(body); err != nil {
		return err
	}
	return s.core.call(ctx, c)
}
