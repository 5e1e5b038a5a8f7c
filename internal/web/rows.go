package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// row is a task with what it belongs to and how it was judged.
type row struct {
	manager *Manager
	server  *fleet.Server
	task    *fleet.Task
	gone    bool // not seen any more: this is what it was at the last sight
	fleet.Attention
}

func (r *row) key() string { return key(r.manager.Name, r.server.Name, r.task.Name) }

// filter is a subset of the tasks that the page offers.
type filter struct {
	Name, Label string
	takes       func(*row) bool
}

func inState(state string) func(*row) bool {
	return func(r *row) bool { return r.task.State == state && !r.gone }
}

// filters are offered in this order.
var filters = []filter{
	{"attention", "Needs attention", func(r *row) bool { return needsAttention(r.Severity) }},
	{"error", "In error", inState(fleet.TaskError)},
	{"recovering", "Recovering", inState(fleet.TaskRecovering)},
	{"late", "Late", func(r *row) bool { return r.task.Late() == fleet.Yes && !r.gone }},
	{"gone", "Not seen", func(r *row) bool { return r.gone }},
	{"unread", "Not read", func(r *row) bool { return r.task.Up != fleet.Yes && !r.gone }},
	{"loading", "Loading", func(r *row) bool { return loading(r.task) && !r.gone }},
	{"running", "Running", inState(fleet.TaskRunning)},
	{"stopped", "Stopped", inState(fleet.TaskStopped)},
	{"other", "Other states", func(r *row) bool {
		switch r.task.State {
		case fleet.TaskError, fleet.TaskRecovering, fleet.TaskRunning, fleet.TaskStopped:
			return false
		}
		return !r.gone
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

// column is a column of the table of tasks, whose texts or numbers it is sorted by.
type column struct {
	Name, Label string
	text        func(*row) string
	measure     func(*row) fleet.Number // sorts from the top first; absent goes last either way
}

var columns = []column{
	{"task", "Task", func(r *row) string { return r.task.Name }, nil},
	{"server", "Server", func(r *row) string { return r.server.Name }, nil},
	{"state", "State", func(r *row) string { return r.task.State }, nil},
	{"latency", "Latency", nil, func(r *row) fleet.Number { return r.task.Latency() }},
	{"errors", "Errors", nil, errorCount},
	{"since", "Since", nil, func(r *row) fleet.Number { return r.task.StateSince }},
	{"rate", "Records/s", nil, func(r *row) fleet.Number { return recordsPerSecond(r.task) }},
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
func errorCount(r *row) fleet.Number {
	if s := r.task.TableStates; s != nil && s.Error > 0 {
		return fleet.Num(float64(s.Error) * 1e12)
	}
	if r.task.Details == nil {
		return fleet.Number{}
	}
	return r.task.Details.DataErrors
}

func folded(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }

// search keeps the rows that have every word of the text somewhere. A word such as server:x is
// looked for in that field alone.
func search(rows []*row, text string) []*row {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(r *row) bool {
		for _, word := range words {
			field, rest, found := strings.Cut(word, ":")
			if read := fields[field]; found && read != nil {
				if !slices.ContainsFunc(read(r), func(v string) bool { return contains(v, rest) }) {
					return true
				}
			} else if !r.has(word) {
				return true
			}
		}
		return false
	})
}

// fields are what can be searched for, by the word before the colon.
var fields = map[string]func(*row) []string{
	"task":     func(r *row) []string { return []string{r.task.Name} },
	"server":   func(r *row) []string { return []string{r.server.Name} },
	"manager":  func(r *row) []string { return []string{r.manager.Name} },
	"state":    func(r *row) []string { return []string{r.task.State} },
	"reason":   func(r *row) []string { return []string{r.task.StopReason} },
	"message":  func(r *row) []string { return []string{r.task.Message} },
	"product":  func(r *row) []string { return []string{r.task.Product} },
	"priority": func(r *row) []string { return []string{cmp.Or(r.task.Expected.Priority, fleet.PriorityPage)} },
	"tag":      func(r *row) []string { return r.task.Tags },
	"type":     ofDetails(func(d *fleet.TaskDetails) []string { return []string{d.Type, d.Profile, d.Project} }),
	"source":   ofDetails(func(d *fleet.TaskDetails) []string { return []string{d.Source, d.SourceType} }),
	"target":   ofDetails(func(d *fleet.TaskDetails) []string { return []string{d.Target, d.TargetType} }),
}

func ofDetails(read func(*fleet.TaskDetails) []string) func(*row) []string {
	return func(r *row) []string {
		if r.task.Details == nil {
			return nil
		}
		return read(r.task.Details)
	}
}

// has looks for a lower-case word in what the page shows of a task.
func (r *row) has(word string) bool {
	for name, read := range fields {
		if name != "priority" && slices.ContainsFunc(read(r), func(v string) bool { return contains(v, word) }) {
			return true
		}
	}
	return false
}

func contains(text, word string) bool { return strings.Contains(strings.ToLower(text), word) }

// arrange sorts rows by the query's column, what needs attention first among equals.
func arrange(rows []*row, q query) {
	c := columnOf(q.Sort)
	slices.SortFunc(rows, func(a, b *row) int {
		if c != nil {
			if n := c.order(a, b, q.Desc); n != 0 {
				return n
			}
		}
		return byAttention(a, b)
	})
}

func (c *column) order(a, b *row, desc bool) int {
	n := 0
	if c.measure == nil {
		n = folded(c.text(a), c.text(b))
	} else {
		x, y := c.measure(a), c.measure(b)
		if x.IsZero() != y.IsZero() {
			return boolean(x.IsZero()) - boolean(y.IsZero())
		}
		n = cmp.Compare(x.Float(), y.Float())
	}
	if desc {
		return -n
	}
	return n
}

func byAttention(a, b *row) int {
	return cmp.Or(
		cmp.Compare(b.Severity.Level(), a.Severity.Level()),
		cmp.Compare(b.Rank, a.Rank),
		cmp.Compare(b.task.Lateness().Or(0), a.task.Lateness().Or(0)),
		strings.Compare(a.task.Name, b.task.Name),
		strings.Compare(a.server.Name, b.server.Name),
		strings.Compare(a.manager.Name, b.manager.Name),
	)
}

// recordsPerSecond is what reaches the target now: changes, or rows of the full load.
func recordsPerSecond(t *fleet.Task) fleet.Number {
	if t.Details == nil {
		return fleet.Number{}
	}
	changes, rows := t.Details.CDCThroughput.TargetRecords, t.Details.FullLoad.Throughput.TargetRecords
	if loading(t) && rows.IsSet() || !changes.IsSet() {
		return rows
	}
	return changes
}

// loading tells whether tables are being loaded.
func loading(t *fleet.Task) bool {
	active := t.State == fleet.TaskRunning || t.State == fleet.TaskRecovering
	return active && t.Details != nil && (t.Details.FullLoad.TablesLoading.Or(0) > 0 ||
		t.Details.FullLoad.TablesQueued.Or(0) > 0)
}

// fullLoadRatio is how much of a full load under way is done, by its estimated
// records; absent when none is, or nobody knows.
func fullLoadRatio(t *fleet.Task) fleet.Number {
	if !loading(t) {
		return fleet.Number{}
	}
	done, known := t.Details.FullLoad.RecordsCompleted.Get()
	if estimated := t.Details.FullLoad.RecordsEstimated.Or(0); known && estimated > 0 {
		return fleet.Num(min(1, done/estimated))
	}
	return fleet.Number{}
}
