package web

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// row is a task with what it belongs to.
type row struct {
	manager *Manager
	server  *fleet.Server
	task    *fleet.Task
	attention
}

func (r *row) key() string { return key(r.manager.Name, r.server.Name, r.task.Name) }

// filter is a subset of the tasks that the page offers.
type filter struct {
	Name, Label string
	takes       func(*row) bool
}

func inState(state string) func(*row) bool {
	return func(r *row) bool { return r.task.State == state }
}

// filters are offered in this order.
var filters = []filter{
	{"attention", "Needs attention", func(r *row) bool { return r.severity != fine }},
	{"error", "In error", inState(fleet.TaskError)},
	{"recovering", "Recovering", inState(fleet.TaskRecovering)},
	{"late", "Late", func(r *row) bool { return r.late }},
	{"unread", "Not read", func(r *row) bool { return !r.task.Up }},
	{"loading", "Loading", func(r *row) bool { return loading(r.task) }},
	{"running", "Running", inState(fleet.TaskRunning)},
	{"stopped", "Stopped", inState(fleet.TaskStopped)},
	{"other", "Other states", func(r *row) bool {
		switch r.task.State {
		case fleet.TaskError, fleet.TaskRecovering, fleet.TaskRunning, fleet.TaskStopped:
			return false
		}
		return true
	}},
}

// filterOf finds a filter by name; nil when there is none.
func filterOf(name string) *filter {
	for i := range filters {
		if filters[i].Name == name {
			return &filters[i]
		}
	}
	return nil
}

// column is a column of the table of tasks.
type column struct {
	Name, Label, Class string
	numeric            bool // sorts from the top first
	compare            func(a, b *row) int
	measure            func(*row) float64 // of a numeric column; absent goes last either way
}

func measured(name, label, class string, measure func(*row) float64) column {
	return column{name, label, class, true, func(a, b *row) int { return cmp.Compare(measure(a), measure(b)) }, measure}
}

var columns = []column{
	{"task", "Task", "task", false, func(a, b *row) int { return folded(a.task.Name, b.task.Name) }, nil},
	{"server", "Server", "server", false, func(a, b *row) int { return folded(a.server.Name, b.server.Name) }, nil},
	{"state", "State", "state", false, func(a, b *row) int { return strings.Compare(a.task.State, b.task.State) }, nil},
	measured("latency", "Latency", "latency", func(r *row) float64 { return totalLatency(r.task) }),
	measured("errors", "Errors", "errors", errorCount),
	measured("rate", "Records/s", "rate", func(r *row) float64 { return recordsPerSecond(r.task) }),
}

// columnOf finds a column by name; nil when there is none.
func columnOf(name string) *column {
	for i := range columns {
		if columns[i].Name == name {
			return &columns[i]
		}
	}
	return nil
}

// errorCount orders tasks by their tables in error, then by data errors.
func errorCount(r *row) float64 {
	n := fleet.Absent()
	if r.task.Details != nil {
		n = r.task.Details.DataErrors
	}
	if r.task.TableStates != nil && r.task.TableStates.Error > 0 {
		n = cmp.Or(float64(r.task.TableStates.Error)*1e12, n)
	}
	return n
}

func folded(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }

// allRows lists every task of the managers that the query leaves.
func allRows(s Status, q query) []row {
	n := 0
	each(s, q, func(_ *Manager, server *fleet.Server) { n += len(server.Tasks) })
	rows := make([]row, 0, n)
	each(s, q, func(m *Manager, server *fleet.Server) {
		for i := range server.Tasks {
			t := &server.Tasks[i]
			rows = append(rows, row{m, server, t, attendTask(t)})
		}
	})
	return rows
}

func each(s Status, q query, visit func(*Manager, *fleet.Server)) {
	for i := range s.Managers {
		m := &s.Managers[i]
		if m.Last == nil || q.Manager != "" && q.Manager != m.Name {
			continue
		}
		for j := range m.Last.Servers {
			if server := &m.Last.Servers[j]; q.Server == "" || q.Server == server.Name {
				visit(m, server)
			}
		}
	}
}

// search keeps the rows that have every word of the text somewhere.
func search(rows []row, text string) []row {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(r row) bool {
		for _, word := range words {
			if !r.has(word) {
				return true
			}
		}
		return false
	})
}

// has looks for a lower-case word in what the page shows of a task.
func (r *row) has(word string) bool {
	t := r.task
	fields := [...]string{t.Name, r.server.Name, r.manager.Name, t.State, t.StopReason, t.Message, t.Product}
	for _, field := range fields {
		if contains(field, word) {
			return true
		}
	}
	if d := t.Details; d != nil {
		for _, field := range [...]string{d.Source, d.SourceType, d.Target, d.TargetType, d.Type, d.Profile, d.Project} {
			if contains(field, word) {
				return true
			}
		}
	}
	return slices.ContainsFunc(t.Tags, func(tag string) bool { return contains(tag, word) })
}

func contains(text, word string) bool { return strings.Contains(strings.ToLower(text), word) }

// arrange sorts rows by the query's column, what needs attention first among equals.
func arrange(rows []row, q query) {
	c := columnOf(q.Sort)
	// Comparing through pointers to the slice's own elements costs no copies.
	order := make([]*row, len(rows))
	for i := range rows {
		order[i] = &rows[i]
	}
	slices.SortFunc(order, func(a, b *row) int {
		if c != nil {
			if n := c.order(a, b, q.Desc); n != 0 {
				return n
			}
		}
		return byAttention(a, b)
	})
	sorted := make([]row, len(rows))
	for i, r := range order {
		sorted[i] = *r
	}
	copy(rows, sorted)
}

func (c *column) order(a, b *row, desc bool) int {
	if c.measure != nil {
		if x, y := math.IsNaN(c.measure(a)), math.IsNaN(c.measure(b)); x != y {
			if x {
				return 1
			}
			return -1
		}
	}
	if desc {
		return c.compare(b, a)
	}
	return c.compare(a, b)
}

func byAttention(a, b *row) int {
	return cmp.Or(
		cmp.Compare(b.severity.level(), a.severity.level()),
		cmp.Compare(b.rank, a.rank),
		lateFirst(a, b),
		strings.Compare(a.task.Name, b.task.Name),
		strings.Compare(a.server.Name, b.server.Name),
		strings.Compare(a.manager.Name, b.manager.Name),
	)
}

func lateFirst(a, b *row) int {
	if a.late || b.late {
		return cmp.Compare(b.excess, a.excess)
	}
	return 0
}
