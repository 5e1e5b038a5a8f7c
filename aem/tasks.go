package aem

import (
	"context"
	"net/http"
)

// TasksService reads, runs and manages the tasks of a server.
type TasksService struct{ core *core }

// List returns the tasks of a server that the account may see, or those of them
// that made sense together with an ErrPartial. It needs the role Viewer on all
// tasks.
//
//qem:operation GetTaskList GET /servers/{server}/tasks
func (s TasksService) List(ctx context.Context, server string) ([]TaskInfo, error) {
	return fetch(ctx, s.core.call, &call{
		operation:  "GetTaskList",
		verb:       http.MethodGet,
		path:       []string{"servers", server, "tasks"},
		idempotent: true,
	}, decodeTaskList)
}

// Details returns one task in detail, under the name that List gives it;
// ErrNotFound when there is none of that name. It needs the role Viewer on the
// task.
//
//qem:operation GetTaskDetails GET /servers/{server}/tasks/{task}
func (s TasksService) Details(ctx context.Context, server, task string) (*TaskDetails, error) {
	return fetch(ctx, s.core.call, &call{
		operation:  "GetTaskDetails",
		verb:       http.MethodGet,
		path:       []string{"servers", server, "tasks", task},
		idempotent: true,
	}, decodeTaskDetails)
}
