package aem

import (
	"context"
	"io"
	"net/http"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// DeleteTaskOptions are what else to delete.
type DeleteTaskOptions struct {
	Logs bool // the task's log files too
}

// Delete deletes a Replicate task, which must be stopped (else ErrNotStopped). It
// needs the role Designer on the task.
//
// API: DeleteTask, POST /servers/{server}/tasks/{task}?action=delete&deletetasklogs={bool}.
func (s TasksService) Delete(ctx context.Context, ref TaskRef, o DeleteTaskOptions, opts ...CallOption) error {
	c := send(http.MethodPost, "DeleteTask", "delete", ref.path()...)
	return s.core.do(ctx, opts, c.with("deletetasklogs", boolText(o.Logs)))
}

// ExportTaskOptions are what else to export.
type ExportTaskOptions struct {
	Endpoints bool // the definitions of the task's endpoints too
}

// Export returns the definition of a Replicate task as a stream that the caller
// reads and closes; see JSON. It needs the role Operator on the task and on all
// endpoints.
//
// API: ExportTask, GET /servers/{server}/tasks/{task}?action=export&withendpoints={bool}.
func (s TasksService) Export(ctx context.Context, ref TaskRef, o ExportTaskOptions,
	opts ...CallOption) (io.ReadCloser, error) {
	c := send(http.MethodGet, "ExportTask", "export", ref.path()...)
	return s.core.export(ctx, opts, c.with("withendpoints", boolText(o.Endpoints)))
}

// Import adds the task of an export, or replaces it; nothing else is removed. The
// task must be stopped (else ErrNotStopped). It needs the role Designer on all tasks, and on all endpoints
// when the document has endpoints.
//
// API: ImportTask, POST /servers/{server}/tasks/{task}?action=import.
func (s TasksService) Import(ctx context.Context, ref TaskRef, document io.Reader, opts ...CallOption) error {
	c := send(http.MethodPost, "ImportTask", "import", ref.path()...)
	c.wait = importWait
	if _, err := c.setDocument(document); err != nil {
		return err
	}
	return s.core.do(ctx, opts, c)
}

// CloneTaskOptions say what a clone has of its own. What is empty is as in the
// original.
type CloneTaskOptions struct {
	Permissions   bool   // the clone has the original's explicit ACL
	Source        string `api:"new_source_endpoint,omitempty"` // of the same type as the original's, by name
	Target        string `api:"new_target_endpoint,omitempty"`
	ControlSchema string `api:"new_control_schema,omitempty"`
	TargetSchema  string `api:"new_target_schema,omitempty"`
	// Tablespaces of the control tables and their indexes, of an Oracle target.
	ControlTableTablespace string `api:"new_control_table_tablespace,omitempty"`
	ControlIndexTablespace string `api:"new_control_index_tablespace,omitempty"`
}

// A cloneMessage is what is sent to clone a task.
type cloneMessage struct {
	Name             string `api:"new_task_name"`
	Permissions      Bool   `api:"clone_permissions"`
	CloneTaskOptions `api:",inline"`
}

var cloneMessageTable = wire.NewTable[cloneMessage]()

// Clone makes a task of another name like one that has a source and a target
// endpoint. A task cannot be replaced. It needs the role Operator on Enterprise
// Manager.
//
// API: CloneTask, POST /servers/{server}/tasks/{task}?action=clone.
func (s TasksService) Clone(ctx context.Context, ref TaskRef, name string, o CloneTaskOptions,
	opts ...CallOption) error {
	c := send(http.MethodPost, "CloneTask", "clone", ref.path()...)
	if err := missing(c.operation, "name of the clone", name); err != nil {
		return err
	}
	if name == ref.Task {
		return refusal(c.operation, "a clone cannot have the name of its original")
	}
	return write(ctx, s.core, opts, c, cloneMessageTable, &cloneMessage{name, BoolOf(o.Permissions), o})
}
