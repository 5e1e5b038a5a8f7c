package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// tasksData is the part of the page with the tasks.
type tasksData struct {
	Scope          string // manager or server that the tasks are restricted to
	ScopeOff       string // link that lifts the restriction
	SearchOff      string // link that ends the search
	Chips          []chip
	Columns        []header
	Rows           []taskRow
	First, Last    int // numbers of the rows on this page, from 1
	Found, Total   int // that match; of what the query's manager and server have
	Previous, Next string
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
	*row
	ID, Link           string
	Server, Manager    string
	State              string // "not_seen" for one that is gone
	Reason             string // why it needs attention, or why it stopped
	Latency, Objective string
	Bar                int // latency in percent of the objective, at most 100; -1 without one
	Late               bool
	TablesError        int
	DataErrors         string
	Rate, Progress     string
	Since              time.Time
	SinceAge           float64
	Open               bool
	Details            []detailGroup
	Labels, JSON       string
	Links              []link
	Tables             []fleet.Table
	TablesMore         int
	Events             []event
}

// link is an address with its words.
type link struct{ Words, URL string }

func tasksOf(s *Status, rows []row, q query, now time.Time) tasksData {
	d := tasksData{Total: len(rows)}
	rows = search(rows, q.Search)
	d.Chips = chips(rows, q)
	if f := filterOf(q.State); f != nil {
		rows = slices.DeleteFunc(rows, func(r row) bool { return !f.takes(&r) })
	}
	arrange(rows, q)
	d.Found = len(rows)
	if q.From >= d.Found {
		q.From = 0
	}
	end := min(q.From+pageOfTasks, d.Found)
	d.First, d.Last = q.From+1, end
	for i := range rows {
		if i >= q.From && i < end || len(q.Open) > 0 && slices.Contains(q.Open, rows[i].key()) {
			d.Rows = append(d.Rows, taskRowOf(s, &rows[i], q, now))
		}
	}
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
		off.Search, off.From = "", 0
		d.SearchOff = off.link()
	}
	if q.From > 0 {
		d.Previous = q.from(q.From - pageOfTasks)
	}
	if d.Last < d.Found {
		d.Next = q.from(q.From + pageOfTasks)
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
			counts[j] += boolean(filters[j].takes(&rows[i]))
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
	t, k := r.task, r.key()
	id := "t-" + short(k)
	v := taskRow{
		row: r, ID: id, Link: q.toggled(k) + "#" + id, Server: r.server.Name, Manager: r.manager.Name,
		State: t.State, Bar: -1, Open: slices.Contains(q.Open, k), Reason: strings.Join(r.Reasons, " · "),
	}
	if v.Reason == "" && t.State == fleet.TaskStopped && t.StopReason != "none" {
		v.Reason = fleet.Words(t.StopReason)
	}
	if r.gone {
		v.State, v.Reason = "not_seen", "was "+fleet.Words(t.State)+" at the last sight, "+span(age(r.server.Past.Seen,
			now))+" ago"
	} else {
		v.numbers(t)
	}
	if v.Since = t.StateSince.Time(); !v.Since.IsZero() {
		v.SinceAge = age(v.Since, now)
	}
	if v.Open {
		v.open(s)
	}
	return v
}

// Name is the task's.
func (v *taskRow) Name() string { return v.task.Name }

// Tags are the task's.
func (v *taskRow) Tags() []string { return v.task.Tags }

// Priority is that of the task when somebody else than usual is told.
func (v *taskRow) Priority() string {
	if p := v.task.Expected.Priority; p != fleet.PriorityPage {
		return p
	}
	return ""
}

// numbers fills what can be measured; what is absent stays "".
func (v *taskRow) numbers(t *fleet.Task) {
	v.Late = t.Late() == fleet.Yes
	if t.Latency().IsSet() {
		v.Latency = fleet.Span(t.Latency())
		if ratio, ok := t.Lateness().Get(); ok {
			v.Objective, v.Bar = fleet.Span(t.Expected.Latency), int(min(100, 100*ratio))
		}
	}
	if t.TableStates != nil {
		v.TablesError = t.TableStates.Error
	}
	if t.Details != nil && t.Details.DataErrors.Or(0) > 0 {
		v.DataErrors = whole(t.Details.DataErrors.Float())
	}
	if rate, ok := recordsPerSecond(t).Get(); ok {
		v.Rate = amount(rate)
	}
	if ratio, ok := fullLoadRatio(t).Get(); ok {
		v.Progress = strconv.Itoa(int(100*ratio)) + "\u00a0% loaded"
	}
}

// Details list this many tables and events.
const (
	shownTables = 20
	shownEvents = 10
)

// open adds the details.
func (v *taskRow) open(s *Status) {
	t := v.task
	v.Details = details(t)
	v.Labels = fmt.Sprintf("{manager=%s, server=%s, task=%s}", quoted(v.Manager), quoted(v.Server), quoted(t.Name))
	v.JSON = "api/v1/status?" + v.query().Encode()
	v.Links = v.linksTo(s)
	for _, table := range t.Tables {
		if table.State != fleet.TableError && !(table.DataErrors.Or(0) > 0) {
			continue
		}
		if len(v.Tables) < shownTables {
			v.Tables = append(v.Tables, table)
		} else {
			v.TablesMore++
		}
	}
	v.Events = s.events(v.Manager, v.Server, t.Name, time.Time{})
	v.Events = v.Events[:min(len(v.Events), shownEvents)]
}

// linksTo leads to where more is known of the task.
func (v *taskRow) linksTo(s *Status) []link {
	list := []link{{"Enterprise Manager", v.manager.URL}}
	if base := strings.TrimSuffix(s.Links.Grafana, "/"); base != "" {
		values := url.Values{"var-manager": {v.Manager}, "var-server": {v.Server}, "var-task": {v.task.Name}}
		list = append(list, link{"Grafana", base + "/d/qem-task?" + values.Encode()})
	}
	if base := strings.TrimSuffix(s.Links.Runbooks, "/"); base != "" && v.Alert != "" {
		list = append(list, link{"Runbook", base + "/" + v.Alert + ".md"})
	}
	return slices.DeleteFunc(list, func(l link) bool { return l.URL == "" })
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
