package aem

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
)

// TablesService reads, reloads and resumes the tables of a Replicate task.
type TablesService struct{ core *core }

// Statuses returns the tables of a task that the filter chooses, or those of them
// that made sense together with an ErrPartial. It needs the role Viewer on the
// task. A task may have very many tables: see EachStatus.
//
//qem:operation GetTableStatuses GET /servers/{server}/tasks/{task}/tables?action=getstatus&schema=..&table=..&includequeued=..&includeloading=..&includecompleted=..&includechangeprocessing=..&includeerror=..
func (s TablesService) Statuses(ctx context.Context, server, task string, f TableFilter) ([]TableStatus, error) {
	var tables []TableStatus
	err := s.EachStatus(ctx, server, task, f, func() func(*TableStatus) error {
		tables = nil
		return func(t *TableStatus) error {
			tables = append(tables, *t)
			return nil
		}
	})
	if err != nil && !errors.Is(err, ErrPartial) {
		return nil, err
	}
	return tables, err
}

// EachStatus hands over the tables that Statuses returns one by one, as they
// arrive. begin is called when the answer to an attempt begins, and returns the
// function that takes this attempt's tables; what an earlier attempt has brought
// is to be forgotten. The *TableStatus is used again: copy what is to be kept. An error of
// that function ends the call, and errors.Is finds it in the result.
//
//qem:operation GetTableStatuses GET /servers/{server}/tasks/{task}/tables?action=getstatus&schema=..&table=..&includequeued=..&includeloading=..&includecompleted=..&includechangeprocessing=..&includeerror=..
func (s TablesService) EachStatus(ctx context.Context, server, task string, f TableFilter, begin func() func(*TableStatus) error) error {
	return s.core.call(ctx, &call{
		operation:  "GetTableStatuses",
		verb:       http.MethodGet,
		path:       []string{"servers", server, "tasks", task, "tables"},
		query:      append(query{{"action", "getstatus"}}, f.query()...),
		idempotent: true,
		decode: func(_ http.Header, r io.Reader) error {
			take := begin()
			var refused error
			err := decodeTableStatuses(r, func(t *TableStatus) error {
				if !f.chooses(t) {
					return nil
				}
				refused = take(t)
				return refused
			})
			if refused != nil {
				return abandoned{refused}
			}
			return err
		},
	})
}

// query has only what restricts: the API ignores an include that is false, and
// gives all states when none is true.
func (f TableFilter) query() query {
	var q query
	if f.Schema != "" {
		q = append(q, param{"schema", f.Schema})
	}
	if f.Table != "" {
		q = append(q, param{"table", f.Table})
	}
	for _, include := range []struct {
		name string
		set  bool
	}{
		{"includequeued", f.Queued},
		{"includeloading", f.Loading},
		{"includecompleted", f.Completed},
		{"includechangeprocessing", f.ChangeProcessing},
		{"includeerror", f.Error},
	} {
		if include.set {
			q = append(q, param{include.name, "true"})
		}
	}
	return q
}

// chooses filters again, since it is not certain that a server keeps to every part
// of a filter.
func (f TableFilter) chooses(t *TableStatus) bool {
	return f.choosesState(t.State) && like(f.Schema, t.Schema) && like(f.Table, t.Name)
}

func (f TableFilter) choosesState(state TableState) bool {
	if !f.Queued && !f.Loading && !f.Completed && !f.ChangeProcessing && !f.Error {
		return true
	}
	switch state {
	case TableQueued:
		return f.Queued
	case TableLoading:
		return f.Loading
	case TableCompleted:
		return f.Completed
	case TableChangeProcessing:
		return f.ChangeProcessing
	case TableError:
		return f.Error
	}
	return false
}

// like reports whether a name fits a pattern in which % is any text. The empty
// pattern fits every name.
func like(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	parts := strings.Split(pattern, "%")
	if len(parts) == 1 {
		return name == pattern
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
	return true
}
