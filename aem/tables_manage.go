package aem

import (
	"context"
	"errors"
	"net/http"
)

// TableInfo is a table of a task and its state (GetTableList).
type TableInfo struct {
	Schema, Name string // on the source
	State        TableState
}

// List returns the names and states of the tables of a task that the filter
// chooses, or those of them that made sense together with an ErrPartial. It needs
// the role Viewer on the task.
//
//qem:operation GetTableList GET /servers/{server}/tasks/{task}/tables?schema=..&table=..&includequeued=..&includeloading=..&includecompleted=..&includechangeprocessing=..&includeerror=..
func (s TablesService) List(ctx context.Context, server, task string, f TableFilter) ([]TableInfo, error) {
	list, err := fetch(ctx, s.core.call, &call{
		operation:  "GetTableList",
		verb:       http.MethodGet,
		path:       []string{"servers", server, "tasks", task, "tables"},
		query:      f.query(),
		idempotent: true,
	}, decodeTableList)
	if err != nil && !errors.Is(err, ErrPartial) {
		return nil, err
	}
	chosen := list[:0]
	for _, t := range list {
		if f.chooses(&TableStatus{Schema: t.Schema, Name: t.Name, State: t.State}) {
			chosen = append(chosen, t)
		}
	}
	return chosen, err
}

// Reload loads a table of a Replicate task again; the task must have full load
// enabled (else ErrNotSupported). It needs the role Operator on the task.
//
//qem:operation ReloadTable POST /servers/{server}/tasks/{task}/tables?action=reload&schema=..&table=..
func (s TablesService) Reload(ctx context.Context, server, task, schema, table string) error {
	return s.act(ctx, "ReloadTable", "reload", server, task, schema, table)
}

// Resume goes on with a table that errors have suspended. One that was suspended
// during its full load must be reloaded instead. It needs the role Operator on the
// task.
//
//qem:operation ResumeTable POST /servers/{server}/tasks/{task}/tables?action=Resume&schema=..&table=..
func (s TablesService) Resume(ctx context.Context, server, task, schema, table string) error {
	return s.act(ctx, "ResumeTable", "Resume", server, task, schema, table)
}

func (s TablesService) act(ctx context.Context, operation, action, server, task, schema, table string) error {
	if err := missing(operation, "schema", schema, "table", table); err != nil {
		return err
	}
	return s.core.call(ctx, &call{
		operation: operation,
		verb:      http.MethodPost,
		path:      []string{"servers", server, "tasks", task, "tables"},
		query:     query{{"action", action}, {"schema", schema}, {"table", table}},
	})
}
