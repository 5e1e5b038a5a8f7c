package aem

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// TablesService reads, reloads and resumes the tables of a Replicate task.
type TablesService struct{ core *core }

// A TableRef names a table of a task, as it is called on the source.
type TableRef struct {
	Task          TaskRef
	Schema, Table string
}

// TableState is what a task does with a table.
type TableState string

// The states of a table.
const (
	TableQueued           TableState = "queued"
	TableLoading          TableState = "loading"
	TableCompleted        TableState = "completed"
	TableChangeProcessing TableState = "change_processing"
	TableError            TableState = "error"
)

// Spellings lists the states.
func (TableState) Spellings() []TableState {
	return []TableState{
		TableQueued + "|TABLE_QUEUED", TableLoading + "|TABLE_LOADING", TableCompleted + "|TABLE_COMPLETED",
		TableChangeProcessing + "|TABLE_CHANGE_PROCESSING", TableError + "|TABLE_ERROR",
	}
}

// TableInfo is a table of a task and its state (GetTableList).
type TableInfo struct {
	Schema string     `api:"schema|schema_name"` // on the source
	Name   string     `api:"table|table_name,required"`
	State  TableState `api:"state"`
}

var tableInfoTable = wire.NewTable[TableInfo]()

// TableStatus is one table of a task (GetTableStatuses).
type TableStatus struct {
	Schema       string        `api:"schema_on_source"`
	Name         string        `api:"table_on_source,required"`
	TargetSchema string        `api:"schema_on_target"`
	TargetName   string        `api:"table_on_target"`
	State        TableState    `api:"state"`
	DataErrors   Number        `api:"data_errors_count|data_error_count"`
	FullLoad     TableFullLoad `api:"table_full_load_info"`
	CDC          TableCDC      `api:"table_cdc_info"`
}

// TableFullLoad is the full load of one table.
type TableFullLoad struct {
	Start            time.Time `api:"start_time"`
	End              time.Time `api:"end_time"`
	EstimatedRows    Number    `api:"estimated_row_count"`
	EstimatedEnd     time.Time `api:"estimated_end_time,null"` // the API leaves it empty; see EstimateEnd
	TransferredRows  Number    `api:"transferred_row_count"`
	TransferredBytes Number    `api:"transferred_volume_mb"` // in bytes, whatever its name
}

// TableCDC counts the changes applied to one table, and those cached during its
// full load.
type TableCDC struct {
	Inserts       Number    `api:"insert_count"`
	Updates       Number    `api:"update_count"`
	Deletes       Number    `api:"delete_count"`
	DDL           Number    `api:"ddl_count"`
	LastUpdate    time.Time `api:"last_update_time,null"`
	CachedInserts Number    `api:"cached_insert_count"`
	CachedUpdates Number    `api:"cached_update_count"`
	CachedDeletes Number    `api:"cached_delete_count"`
}

var tableStatusTable = wire.NewTable[TableStatus]()

// EstimateEnd says when the table's full load will end, by the guide's formula:
// start + estimated rows · (now − start) / transferred rows. It returns false for a
// table that is not loading or does not tell enough. The API's own estimate is
// always empty.
func (t TableStatus) EstimateEnd(now time.Time) (time.Time, bool) {
	load := t.FullLoad
	estimated, _ := load.EstimatedRows.Get()
	transferred, _ := load.TransferredRows.Get()
	if t.State != TableLoading || estimated <= 0 || transferred <= 0 ||
		load.Start.IsZero() || load.Start.After(now) {
		return time.Time{}, false
	}
	takes, ok := wire.Seconds(now.Sub(load.Start).Seconds() * estimated / transferred)
	if !ok {
		return time.Time{}, false
	}
	end := load.Start.Add(takes)
	if end.Before(now) {
		end = now
	}
	return end, true
}

// TableFilter chooses tables. The zero filter chooses all.
type TableFilter struct {
	// Schema and Table are names on the source, exact or with % as the wildcard,
	// case-sensitive.
	Schema, Table string
	// The states to include; none set means all states.
	Queued, Loading, Completed, ChangeProcessing, Error bool
}

// Statuses returns the tables of a task that the filter chooses, or those of them
// that made sense together with an ErrPartial. It needs the role Viewer on the
// task. A task may have very many tables: see EachStatus.
//
// API: GetTableStatuses, GET /servers/{server}/tasks/{task}/tables?action=getstatus&schema=..&table=...
func (s TablesService) Statuses(ctx context.Context, ref TaskRef, f TableFilter, opts ...CallOption) ([]TableStatus,
	error) {
	var tables []TableStatus
	err := s.EachStatus(ctx, ref, f, func() func(*TableStatus) error {
		tables = nil
		return func(t *TableStatus) error {
			tables = append(tables, *t)
			return nil
		}
	}, opts...)
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
// API: GetTableStatuses, GET /servers/{server}/tasks/{task}/tables?action=getstatus&schema=..&table=...
func (s TablesService) EachStatus(ctx context.Context, ref TaskRef, f TableFilter,
	begin func() func(*TableStatus) error, opts ...CallOption) error {
	c := f.restrict(get("GetTableStatuses", ref.path("tables")...).with("action", "getstatus"))
	_, err := fetch(ctx, s.core, opts, c, func(scan *wire.Scanner, _ *struct{}) error {
		scan.Most = wire.MaxPassed
		take, chooses := begin(), f.chooser()
		return tableStatusTable.List(scan, "table_details", func(t *TableStatus) error {
			c.alive()
			if !chooses(t.State, t.Schema, t.Name) {
				return nil
			}
			if err := take(t); err != nil {
				return abandoned{err}
			}
			return nil
		})
	})
	return err
}

// List returns the names and states of the tables of a task that the filter
// chooses, or those of them that made sense together with an ErrPartial. It needs
// the role Viewer on the task.
//
// API: GetTableList, GET /servers/{server}/tasks/{task}/tables?schema=..&table=...
func (s TablesService) List(ctx context.Context, ref TaskRef, f TableFilter, opts ...CallOption) ([]TableInfo, error) {
	c := f.restrict(get("GetTableList", ref.path("tables")...))
	list, err := fetch(ctx, s.core, opts, c, func(scan *wire.Scanner, list *[]TableInfo) error {
		scan.Most = wire.MaxPassed
		return listOf(tableInfoTable, "tablelist")(scan, list)
	})
	chooses := f.chooser()
	return slices.DeleteFunc(list, func(t TableInfo) bool { return !chooses(t.State, t.Schema, t.Name) }), err
}

// Reload loads a table of a Replicate task again; the task must have full load
// enabled (else ErrNotSupported). It needs the role Operator on the task.
//
// API: ReloadTable, POST /servers/{server}/tasks/{task}/tables?action=reload&schema=..&table=...
func (s TablesService) Reload(ctx context.Context, table TableRef, opts ...CallOption) error {
	return s.act(ctx, opts, "ReloadTable", "reload", table)
}

// Resume goes on with a table that errors have suspended. One that was suspended
// during its full load must be reloaded instead. It needs the role Operator on the
// task.
//
// API: ResumeTable, POST /servers/{server}/tasks/{task}/tables?action=Resume&schema=..&table=...
func (s TablesService) Resume(ctx context.Context, table TableRef, opts ...CallOption) error {
	return s.act(ctx, opts, "ResumeTable", "Resume", table)
}

func (s TablesService) act(ctx context.Context, opts []CallOption, operation, action string, table TableRef) error {
	c := send(http.MethodPost, operation, action, table.Task.path("tables")...)
	c.needs("schema", table.Schema).needs("table", table.Table)
	return s.core.do(ctx, opts, c.with("schema", table.Schema).with("table", table.Table))
}

// states are the states that are chosen.
func (f TableFilter) states() (chosen []TableState) {
	all := []TableState{TableQueued, TableLoading, TableCompleted, TableChangeProcessing, TableError}
	for i, set := range []bool{f.Queued, f.Loading, f.Completed, f.ChangeProcessing, f.Error} {
		if set {
			chosen = append(chosen, all[i])
		}
	}
	return chosen
}

// restrict adds only what restricts: the API ignores an include that is false, and
// gives all states when none is true.
func (f TableFilter) restrict(c *call) *call {
	if f.Schema != "" {
		c.with("schema", f.Schema)
	}
	if f.Table != "" {
		c.with("table", f.Table)
	}
	for _, state := range f.states() {
		c.with("include"+strings.ReplaceAll(string(state), "_", ""), "true")
	}
	return c
}

// chooser filters again, since it is not certain that a server keeps to every part of a
// filter.
func (f TableFilter) chooser() func(state TableState, schema, table string) bool {
	states, likeSchema, likeTable := f.states(), like(f.Schema), like(f.Table)
	return func(state TableState, schema, table string) bool {
		return (len(states) == 0 || slices.Contains(states, state)) && likeSchema(schema) && likeTable(table)
	}
}

// like says which names fit a pattern in which % is any text. The empty pattern fits every
// name.
func like(pattern string) func(name string) bool {
	if pattern == "" {
		return func(string) bool { return true }
	}
	parts := strings.Split(strings.ToValidUTF8(pattern, "\ufffd"), "%")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("^(?s:" + strings.Join(parts, ".*") + ")$").MatchString
}
