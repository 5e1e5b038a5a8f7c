package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// tasksData is the part of the page with the tasks.
type tasksData struct {
	Chips        []chip
	Columns      []header
	Rows         []taskRow
	First, Last  int // numbers of the rows on this page, from 1
	Found, Total int // that match; of what the query's manager and server have
}

// From is how many tasks are passed over.
func (d *tasksData) From() int { return d.First - 1 }

// chip is a filter with the number of tasks that it takes.
type chip struct {
	Name, Label, Link string
	Count             int
	Current           bool
}

// taskRow is a task as the table has it.
type taskRow struct {
	taskView
	row     *row
	ID      string
	Link    string
	Reason  string // why it needs attention, or why it stopped
	Open    bool   // what follows is shown
	Links   []link
	Labels  string
	JSON    string // address
	Tables  []fleet.Table
	Dropped int // tables that are not shown
	Events  []event
}

// link is an address with its words.
type link struct{ Words, URL string }

func tasksOf(s *Status, rows []*row, q query, now time.Time) tasksData {
	d := tasksData{Total: len(rows)}
	rows = search(rows, q.Search)
	d.Chips = chips(rows, q)
	if f := filterOf(q.State); f != nil {
		rows = slices.DeleteFunc(rows, func(r *row) bool { return !f.takes(r) })
	}
	arrange(rows, q)
	d.Found = len(rows)
	if q.From >= d.Found {
		q.From = 0
	}
	end := min(q.From+pageOfTasks, d.Found)
	d.First, d.Last = q.From+1, end
	for i, r := range rows {
		if i >= q.From && i < end || len(q.Open) > 0 && slices.Contains(q.Open, r.key()) {
			d.Rows = append(d.Rows, taskRowOf(s, r, q, now))
		}
	}
	for _, c := range columns {
		h := header{c.Name, c.Label, q.sorted(&c), "none"}
		switch {
		case q.Sort != c.Name:
		case q.Desc:
			h.Aria = "descending"
		default:
			h.Aria = "ascending"
		}
		d.Columns = append(d.Columns, h)
	}
	return d
}

// chips offer the filters that take anything, and the current one.
func chips(rows []*row, q query) []chip {
	list := []chip{{"", "All", q.filtered(""), len(rows), q.State == ""}}
	counts := make([]int, len(filters))
	for _, r := range rows {
		for j := range filters {
			counts[j] += boolean(filters[j].takes(r))
		}
	}
	for j, f := range filters {
		if counts[j] > 0 || q.State == f.Name {
			list = append(list, chip{f.Name, f.Label, q.filtered(f.Name), counts[j], q.State == f.Name})
		}
	}
	return list
}

func taskRowOf(s *Status, r *row, q query, now time.Time) taskRow {
	k := r.key()
	id := "t-" + short(k)
	v := taskRow{taskView: r.view(true), row: r, ID: id, Link: q.toggled(k) + "#" + id,
		Open: slices.Contains(q.Open, k), Reason: strings.Join(r.Reasons, " · ")}
	switch {
	case r.gone:
		v.Reason = "was " + fleet.Words(v.State) + " at the last sight, " + span(age(r.server.Past.Seen, now)) + " ago"
	case v.Reason == "" && v.State == fleet.TaskStopped && v.StopReason != "none":
		v.Reason = fleet.Words(v.StopReason)
	}
	if v.Open {
		v.open(s)
	}
	return v
}

// Manager and Server are the names of those the task belongs to.
func (v *taskRow) Manager() string { return v.row.manager.Name }
func (v *taskRow) Server() string  { return v.row.server.Name }

// Bar is the latency in percent of the objective, at most 100.
func (v *taskRow) Bar() int { return int(min(100, 100*v.Lateness().Or(0))) }

// Details list this many tables and events.
const (
	shownTables = 20
	shownEvents = 10
)

// open adds the details.
func (v *taskRow) open(s *Status) {
	manager, server := v.Manager(), v.Server()
	v.Labels = fmt.Sprintf("{manager=%s, server=%s, task=%s}", quoted(manager), quoted(server), quoted(v.Name))
	v.JSON = "api/v1/status?" + url.Values{"manager": {manager}, "server": {server}, "task": {v.Name}}.Encode()
	v.Links = v.linksTo(s)
	for _, table := range v.Task.Tables {
		if table.State != fleet.TableError && !(table.DataErrors.Or(0) > 0) {
			continue
		}
		if len(v.Tables) < shownTables {
			v.Tables = append(v.Tables, table)
		} else {
			v.Dropped++
		}
	}
	v.Events = s.events(manager, server, v.Name, time.Time{})
	v.Events = v.Events[:min(len(v.Events), shownEvents)]
}

// linksTo leads to where more is known of the task.
func (v *taskRow) linksTo(s *Status) []link {
	list := []link{{"Enterprise Manager", v.row.manager.URL}}
	if base := strings.TrimSuffix(s.Links.Grafana, "/"); base != "" {
		values := url.Values{"var-manager": {v.Manager()}, "var-server": {v.Server()}, "var-task": {v.Name}}
		list = append(list, link{"Grafana", base + "/d/qem-task?" + values.Encode()})
	}
	if base := strings.TrimSuffix(s.Links.Runbooks, "/"); base != "" && v.row.Alert != "" {
		list = append(list, link{"Runbook", base + "/" + v.row.Alert + ".md"})
	}
	return slices.DeleteFunc(list, func(l link) bool { return l.URL == "" })
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
