package web

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// contentSecurityPolicy lets the page load its own style, script and icon and ask
// its own address again, and nothing else: nothing inline, nothing from elsewhere.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " +
	"'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func parsePage() (*template.Template, error) {
	return template.New("page.html").Funcs(template.FuncMap{
		"span": written(span), "whole": written(whole), "amount": written(amount), "size": written(size),
		"percent": written(percent), "moment": written(moment), "loaded": written(loaded),
		"count": count, "yesNo": yesNo, "short": short, "group": group, "join": strings.Join,
		"words":   func(enum any) string { return fleet.Words(fmt.Sprint(enum)) },
		"rfc3339": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock":   func(t time.Time) string { return moment(float64(t.Unix())) },
	}).ParseFS(assetFiles, "assets/*.html")
}

// buffers are reused from page to page.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	status, now, q := h.Status(), h.Now(), parseQuery(r.URL.Query())
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	if err := h.template.Execute(body, h.pageData(status, now, q)); err != nil {
		h.Logger.Error("cannot render the status page", slog.Any("err", err))
		plain(w, http.StatusInternalServerError, "cannot render the status page\n")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body.Bytes()) // a failed write means that the client has gone
}

// pageData is what the template gets.
type pageData struct {
	Status
	Site         *handler
	Now          time.Time
	Query        query
	Title        string
	Refresh      float64 // seconds between two questions of the script
	Tiles        []tile
	Managers     []managerView
	Many         bool // more than one manager, so that their names matter
	Servers      []serverView
	ServersTotal int
	ServerHeads  []header
	Tasks        tasksData
	Events       []event
	MoreEvents   bool
}

// tile is a number that is seen first.
type tile struct {
	Label, Value, Note string
	Severity           fleet.Severity
	Link               string
}

// header is a column's header.
type header struct{ Name, Label, Link, Aria string }

func (h *handler) pageData(s Status, now time.Time, q query) *pageData {
	d := &pageData{Status: s, Site: h, Now: now, Query: q, Refresh: refresh(&s), Many: len(s.Managers) > 1}
	seen := s.survey(now, "", "", "")
	d.Managers = seen.managers
	var rows []*row
	for _, m := range d.Managers {
		d.Servers = append(d.Servers, m.servers...)
		for _, one := range m.servers {
			if is(q.Manager, m.Name) && is(q.Server, one.Name) {
				rows = append(rows, one.tasks...)
			}
		}
	}
	d.addTiles(seen)
	slices.SortStableFunc(d.Managers, func(a, b managerView) int { return b.Severity.Level() - a.Severity.Level() })
	d.arrangeServers()
	d.Tasks = tasksOf(&s, rows, q, now)
	d.Events = s.events(q.Manager, q.Server, "", time.Time{})
	d.MoreEvents = len(d.Events) > firstEvents
	d.Events = d.Events[:min(firstEvents, len(d.Events))]
	d.Title = "qem_exporter"
	if n := seen.all.Attention + seen.badManagers + seen.badServers + len(s.Troubles()); n > 0 {
		d.Title = "(" + whole(float64(n)) + ") qem_exporter"
	}
	return d
}

// Age is how long ago an instant was, in whole seconds; negative when it never was. page.js counts on from there.
func (d *pageData) Age(t time.Time) float64 {
	if t.IsZero() {
		return -1
	}
	return age(t, d.Now)
}

// Left is how long it is until an instant; 0 when it is past, or never will be.
func (d *pageData) Left(t time.Time) float64 { return age(d.Now, t) }

// Counts are those of a manager's tasks with what there was at the last sight.
func (v *managerView) Counts() *tally {
	t := v.Tasks
	t.past(v.LastSight)
	return &t
}

// ServerProblems are the problems but that of the server list.
func (v *managerView) ServerProblems() []fleet.Problem {
	return v.Problems[boolean(v.List != nil && v.List.Problem != nil):]
}

// Manager is the name of the server's.
func (v *serverView) Manager() string { return v.manager.Name }

// licence is a licence in words.
type licence struct {
	Words, Note string
	Severity    fleet.Severity
}

// Licence is the server's; without words when nothing is known of it.
func (d *pageData) Licence(s *serverView) licence {
	if s.Details == nil {
		return licence{}
	}
	severity, reason := s.Details.License.Judge(d.Now)
	v := licence{Words: fleet.Words(s.Details.License.State), Severity: severity}
	switch ends := s.LicenseEnds; {
	case ends.IsZero():
	case ends.After(d.Now):
		v.Note = span(ends.Sub(d.Now).Seconds()) + " left"
	default:
		v.Words, v.Note = "", strings.TrimPrefix(reason, "licence ")
	}
	return v
}

// Pages show this many servers and events at first.
const (
	firstServers = 6
	firstEvents  = 12
)

// serverColumn is a column that the servers can be sorted by.
type serverColumn struct {
	name    string
	compare func(a, b *serverView) int
}

var serverColumns = []serverColumn{
	{"name", func(a, b *serverView) int { return folded(a.Name, b.Name) }},
	{"state", func(a, b *serverView) int { return strings.Compare(a.State, b.State) }},
	{"tasks", func(a, b *serverView) int { return b.Counts.Total - a.Counts.Total }},
	{"read", func(a, b *serverView) int { return byTime(a.Server.Outline.Last, b.Server.Outline.Last) }},
	{"licence", func(a, b *serverView) int { return byTime(a.LicenseEnds, b.LicenseEnds) }},
	{"version", func(a, b *serverView) int { return strings.Compare(a.Version, b.Version) }},
}

// byTime puts the earlier first, by whole seconds, and what never is last.
func byTime(a, b time.Time) int {
	return cmp.Or(boolean(a.IsZero())-boolean(b.IsZero()), cmp.Compare(a.Unix(), b.Unix()))
}

// serverOrder is the index of a column by name; negative when there is none.
func serverOrder(name string) int {
	return slices.IndexFunc(serverColumns, func(c serverColumn) bool { return c.name == name })
}

// arrangeServers puts first what needs attention and leaves out the end of a long list.
func (d *pageData) arrangeServers() {
	order := serverOrder(d.Query.Order)
	slices.SortStableFunc(d.Servers, func(a, b serverView) int {
		if order >= 0 {
			if n := serverColumns[order].compare(&a, &b); n != 0 {
				return n
			}
		}
		return cmp.Or(b.Severity.Level()-a.Severity.Level(), folded(a.Name, b.Name))
	})
	for i, c := range serverColumns {
		h := header{c.name, strings.ToUpper(c.name[:1]) + c.name[1:], d.Query.ordered(c.name), "none"}
		if i == order {
			h.Aria = "ascending"
		}
		d.ServerHeads = append(d.ServerHeads, h)
	}
	d.ServersTotal = len(d.Servers)
	if !d.Query.Servers && len(d.Servers) > firstServers {
		d.Servers = d.Servers[:firstServers:firstServers]
	}
}

// addTiles sums everything up, whatever the query says. Nothing is green that was not measured.
func (d *pageData) addTiles(seen *survey) {
	all, up, level, serverLevel := seen.all, 0, fleet.Fine, fleet.Fine
	for _, m := range d.Managers {
		all.past(m.LastSight)
		level = worst(level, m.Severity)
		read := m.State == stateUp || m.State == statePartial
		up += boolean(read)
		if !read || m.LastSight != nil {
			serverLevel = worst(serverLevel, fleet.NotKnown) // nobody sees whether its servers are well
		}
	}
	notMonitored := 0
	for _, s := range d.Servers {
		serverLevel = worst(serverLevel, s.Severity)
		notMonitored += boolean(s.State == fleet.ServerNotMonitored)
	}
	everywhere := query{Sort: d.Query.Sort, Desc: d.Query.Desc, Order: d.Query.Order}
	tasks := func(state string) string { return everywhere.filtered(state) + "#tasks" }
	number := func(n int) string { return whole(float64(n)) }
	attend := tile{"Tasks that need attention", number(all.Attention), "of " + number(all.Total), all.worstTask,
		tasks("attention")}
	late := tile{"Tasks late", number(all.Late), "behind their objective", fleet.Fine, tasks("late")}
	if all.NotSeen > 0 {
		attend.Note += ", " + number(all.NotSeen) + " not seen"
	}
	if all.Partial || all.Total == 0 || all.NotSeen > 0 {
		attend.Severity = worst(attend.Severity, fleet.NotKnown)
		late.Severity = fleet.NotKnown
	}
	if all.Partial {
		attend.Note += ", and others that were never seen"
	}
	measurable := all.Total - all.NotSeen - all.NoObjective
	switch {
	case all.Late > 0:
		late.Severity = fleet.Warning
	case measurable <= 0:
		late.Value, late.Note, late.Severity = "–", "no task has an objective", fleet.NotKnown
	}
	if all.NoObjective > 0 && measurable > 0 {
		late.Note += "; " + number(all.NoObjective) + " have none"
	}
	if all.Attention == 0 && all.Total == 0 {
		attend.Value, attend.Note = "–", "no task has been seen"
	}
	servers := tile{"Servers read", number(all.ServersUp), "of " + number(all.Servers-notMonitored) + " monitored",
		serverLevel, "#servers"}
	if seen.badServers > 0 {
		servers.Note += ", " + needs(seen.badServers)
	}
	if all.Servers == 0 {
		servers.Value, servers.Note, servers.Severity = "–", "no server has been seen", fleet.NotKnown
	}
	d.Tiles = []tile{attend, late, servers,
		{"Enterprise Managers read", number(up), "of " + number(len(d.Managers)), level, "#managers"}}
}

// needs tells how many need attention.
func needs(n int) string {
	if n == 1 {
		return "1 needs attention"
	}
	return whole(float64(n)) + " need attention"
}

// refresh is half of the shortest interval, within reason.
func refresh(s *Status) float64 {
	d := 10 * time.Second
	for _, m := range s.Managers {
		d = min(d, cmp.Or(m.StateInterval, m.PollInterval)/2)
	}
	return max(d, 2*time.Second).Seconds()
}

// short is a text fit for an element's id.
func short(parts ...string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(strings.Join(parts, "/"))) // never fails
	return strconv.FormatUint(sum.Sum64(), 36)
}
