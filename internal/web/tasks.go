package web

import (
	"slices"
	"strconv"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// tasksData is the part of the page with the tasks.
type tasksData struct {
	Scope        string // manager or server that the tasks are restricted to
	ScopeOff     string // link that lifts the restriction
	SearchOff    string // link that ends the search
	Chips        []chip
	Columns      []header
	Rows         []taskRow
	Shown, Found int
	Total        int    // of all managers
	More         string // link; "" when all are shown
	MoreCount    int
	Single       bool // of one server, so that its name need not be repeated
}

// chip is a filter with the number of tasks that it takes.
type chip struct {
	Name, Label, Link string
	Count             int
	Current           bool
}

// header is a column's header.
type header struct {
	column
	Link, Aria string
}

type taskRow struct {
	ID, Name, Link     string
	Server, Manager    string
	State, Severity    string
	Reason             string // why it needs attention, or why it stopped
	Latency, Objective string
	Bar                int // latency in percent of the objective, at most 100; -1 without one
	Late               bool
	TablesError        int
	DataErrors         string
	Rate, Progress     string
	Open               bool
	Details            []detailGroup
	Labels, JSON       string
	Problems           []fleet.Problem
	Tables             []fleet.Table
	TablesMore         int
	Tags               []string
}

// moreTasks is how many tasks a click adds.
const moreTasks = 400

func tasksOf(s Status, q query) tasksData {
	d := tasksData{Single: q.Server != ""}
	for _, m := range s.Managers {
		if m.Last != nil {
			for i := range m.Last.Servers {
				d.Total += len(m.Last.Servers[i].Tasks)
			}
		}
	}
	rows := search(allRows(s, q), q.Search)
	d.Chips = chips(rows, q)
	if f := filterOf(q.State); f != nil {
		rows = slices.DeleteFunc(rows, func(r row) bool { return !f.takes(&r) })
	}
	arrange(rows, q)
	d.Found = len(rows)
	for i := range rows {
		k := rows[i].key
		if i < q.Limit || len(q.Open) > 0 && slices.Contains(q.Open, k()) {
			d.Rows = append(d.Rows, taskRowOf(&rows[i], q))
		}
	}
	d.Shown = len(d.Rows)
	d.links(q)
	return d
}

// links are those around the table.
func (d *tasksData) links(q query) {
	if q.Manager != "" || q.Server != "" {
		d.Scope = q.Manager
		if q.Server != "" {
			d.Scope = q.Server
		}
		d.ScopeOff = q.within("", "")
	}
	if q.Search != "" {
		off := q
		off.Search = ""
		d.SearchOff = off.link()
	}
	if d.Found > d.Shown && q.Limit < maxLimit {
		d.MoreCount = min(moreTasks, d.Found-q.Limit)
		q.Limit = min(q.Limit+moreTasks, maxLimit)
		d.More = q.link()
	}
	for _, c := range columns {
		h := header{column: c, Link: q.sorted(&c), Aria: "none"}
		switch {
		case q.Sort != c.Name:
		case q.Desc:
			h.Aria = "descending"
		default:
			h.Aria = "ascending"
		}
		d.Columns = append(d.Columns, h)
	}
}

// chips offer the filters that take anything, and the current one.
func chips(rows []row, q query) []chip {
	list := []chip{{"", "All", q.filtered(""), len(rows), q.State == ""}}
	counts := make([]int, len(filters))
	for i := range rows {
		for j := range filters {
			if filters[j].takes(&rows[i]) {
				counts[j]++
			}
		}
	}
	for j, f := range filters {
		if counts[j] > 0 || q.State == f.Name {
			list = append(list, chip{f.Name, f.Label, q.filtered(f.Name), counts[j], q.State == f.Name})
		}
	}
	return list
}

func taskRowOf(r *row, q query) taskRow {
	t, k := r.task, r.key()
	id := "t-" + short(k)
	v := taskRow{
		ID: id, Name: t.Name, Link: q.toggled(k) + "#" + id,
		Server: r.server.Name, Manager: r.manager.Name,
		State: t.State, Severity: string(r.severity), Late: r.late,
		Bar: -1, Open: slices.Contains(q.Open, k), Tags: t.Tags,
	}
	if len(r.reasons) > 0 {
		v.Reason = joined(r.reasons)
	} else if t.State == fleet.TaskStopped && t.StopReason != "" && t.StopReason != "none" {
		v.Reason = spaced(t.StopReason)
	}
	v.numbers(r)
	if v.Open {
		v.open(r)
	}
	return v
}

// numbers fills what can be measured; what is absent stays "".
func (v *taskRow) numbers(r *row) {
	t := r.task
	if latency := number(totalLatency(t)); !latency.IsZero() {
		v.Latency = seconds(float64(latency))
		if t.LatencyObjective > 0 {
			v.Objective = seconds(t.LatencyObjective)
			v.Bar = int(min(100, 100*r.excess))
		}
	}
	if t.TableStates != nil {
		v.TablesError = t.TableStates.Error
	}
	if t.Details != nil && t.Details.DataErrors > 0 {
		v.DataErrors = whole(t.Details.DataErrors)
	}
	if rate := number(recordsPerSecond(t)); !rate.IsZero() {
		v.Rate = amount(float64(rate))
	}
	if ratio := number(fullLoadRatio(t)); !ratio.IsZero() {
		v.Progress = strconv.Itoa(int(100*ratio)) + "\u00a0% loaded"
	}
}

// shownTables is how many tables the details of a task list.
const shownTables = 20

// open adds the details.
func (v *taskRow) open(r *row) {
	v.Details = details(r.task)
	v.Labels = labels(r)
	v.JSON = "api/v1/status?" + jsonQuery(r)
	v.Problems = problemsOf(r)
	for _, table := range r.task.Tables {
		if table.State != fleet.TableError && !(table.DataErrors > 0) {
			continue
		}
		if len(v.Tables) < shownTables {
			v.Tables = append(v.Tables, table)
		} else {
			v.TablesMore++
		}
	}
}
