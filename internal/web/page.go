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
		"span":    span,
		"seconds": func(d time.Duration) string { return span(d.Seconds()) },
		"count":   count,
		"whole":   func(n int) string { return whole(float64(n)) },
		"words":   fleet.Words,
		"where":   where,
		"join":    func(reasons []string) string { return strings.Join(reasons, " · ") },
		"rfc3339": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" },
	}).ParseFS(assetFiles, "assets/*.html")
}

// buffers are reused from page to page.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	status, now, q := h.Status(), h.Now(), parseQuery(r.URL.Query())
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	if err := h.template.Execute(body, h.pageData(&status, now, q)); err != nil {
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
	Title, Version, TelemetryPath string
	Now                           time.Time
	Assets                        assets
	Refresh                       float64 // seconds between two questions of the script
	Uptime                        float64 // seconds
	Waiting                       []string
	Troubles                      []string
	ReloadFailedAt                time.Time
	Shard                         string
	Query                         query
	Tiles                         []tile
	Managers                      []managerRow
	Many                          bool // more than one manager, so that their names matter
	Servers                       []serverRow
	ServersTotal                  int
	MoreServers                   string // link
	ServerHeads                   []header
	Tasks                         tasksData
	Events                        []event
	MoreEvents                    bool
}

// tile is a number that is seen first.
type tile struct {
	Label, Value, Note string
	Severity           fleet.Severity
	Link               string
}

type managerRow struct {
	*Manager
	summary
	ID, Link string
	Age      float64 // seconds since its server list was read; negative when it never was
	NextIn   float64 // seconds until the next login is due
	Past     *fleet.Past
	PastAge  float64
}

type serverRow struct {
	seen
	manager                 *Manager
	ID, Link                string
	Age                     float64 // seconds since its tasks' states were read; negative when they never were
	SweepAge, Due, PastAge  float64
	Licence, LicenceNote    string
	LicenceEnds             fleet.Number
	LicenceBad, LicenceSoon bool
}

func (r *serverRow) Manager() string { return r.manager.Name }

func (h *handler) pageData(s *Status, now time.Time, q query) *pageData {
	d := &pageData{
		Now: now, Version: s.Version, TelemetryPath: "." + h.TelemetryPath, Assets: h.assets,
		Refresh: refresh(s), Uptime: age(s.Started, now), Waiting: s.waiting(now),
		Troubles: s.troubles(), ReloadFailedAt: s.ReloadFailedAt, Query: q, Many: len(s.Managers) > 1,
	}
	if s.TotalShards > 1 {
		d.Shard = fmt.Sprintf("Shard %d of %d: other processes poll the other servers.", s.Shard, s.TotalShards)
	}
	var rows []row
	for i := range s.Managers {
		m := &s.Managers[i]
		list := m.looks(now, only(""), only(""))
		d.Managers = append(d.Managers, rowOfManager(m, list, now, q))
		for j := range list {
			d.Servers = append(d.Servers, rowOfServer(m, &list[j], now, q))
			if only(q.Manager)(m.Name) && only(q.Server)(list[j].Name) {
				rows = append(rows, list[j].tasks...)
			}
		}
	}
	slices.SortStableFunc(d.Managers, func(a, b managerRow) int { return b.Severity.Level() - a.Severity.Level() })
	attention := d.addTiles(q)
	d.arrangeServers()
	d.Tasks = tasksOf(s, rows, q, now)
	d.Events = s.events(q.Manager, q.Server, "", time.Time{})
	d.MoreEvents = len(d.Events) > firstEvents
	d.Events = d.Events[:min(firstEvents, len(d.Events))]
	d.Title = "qem_exporter"
	if attention += len(d.Troubles); attention > 0 {
		d.Title = "(" + whole(float64(attention)) + ") qem_exporter"
	}
	return d
}

func rowOfManager(m *Manager, list []seen, now time.Time, q query) managerRow {
	v := managerRow{Manager: m, summary: m.sum(list, now), ID: "m-" + short(m.Name),
		Link: q.within(m.Name, "") + "#tasks", Age: -1}
	if !m.NextLogin.IsZero() {
		v.NextIn = age(now, m.NextLogin)
	}
	if m.View == nil {
		return v
	}
	v.Age = ageOf(m.View.List.Last, now)
	if v.Past = m.View.Past; v.Past != nil {
		v.PastAge = age(v.Past.Seen, now)
		v.NotSeen, v.Total = v.NotSeen+v.Past.Count(), v.Total+v.Past.Count()
		v.Servers += v.Past.Servers
	}
	return v
}

func rowOfServer(m *Manager, s *seen, now time.Time, q query) serverRow {
	v := serverRow{seen: *s, manager: m, ID: "s-" + short(m.Name+"/"+s.Name), Link: q.within(m.Name, s.Name) + "#tasks",
		Age: ageOf(s.Outline.Last, now), SweepAge: ageOf(s.Sweep.Last, now)}
	if !s.Sweep.Due.IsZero() {
		v.Due = age(now, s.Sweep.Due)
	}
	if s.Past != nil {
		v.PastAge = age(s.Past.Seen, now)
	}
	if s.Details == nil {
		return v
	}
	license := &s.Details.License
	v.Licence = fleet.Words(license.State)
	severity, reason := license.Judge(now)
	v.LicenceBad, v.LicenceSoon = severity == fleet.Critical, severity == fleet.Warning
	ends := license.Ends(now)
	v.LicenceEnds = fleet.Unix(ends)
	switch {
	case !ends.IsZero() && !ends.After(now):
		v.Licence, v.LicenceNote = "", strings.TrimPrefix(reason, "licence ")
	case !ends.IsZero():
		v.LicenceNote = span(ends.Sub(now).Seconds()) + " left"
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
	compare func(a, b *serverRow) int
}

var serverColumns = []serverColumn{
	{"name", func(a, b *serverRow) int { return folded(a.Name, b.Name) }},
	{"state", func(a, b *serverRow) int { return strings.Compare(a.State, b.State) }},
	{"tasks", func(a, b *serverRow) int { return b.Total - a.Total }},
	{"read", func(a, b *serverRow) int { return cmp.Compare(b.Age, a.Age) }},
	{"licence", func(a, b *serverRow) int { return cmp.Compare(a.LicenceEnds.Or(1e18), b.LicenceEnds.Or(1e18)) }},
	{"version", func(a, b *serverRow) int { return strings.Compare(a.Version, b.Version) }},
}

// serverOrder is the index of a column by name; negative when there is none.
func serverOrder(name string) int {
	return slices.IndexFunc(serverColumns, func(c serverColumn) bool { return c.name == name })
}

// arrangeServers puts first what needs attention and leaves out the end of a long list.
func (d *pageData) arrangeServers() {
	order := serverOrder(d.Query.Order)
	slices.SortStableFunc(d.Servers, func(a, b serverRow) int {
		if order >= 0 {
			if n := serverColumns[order].compare(&a, &b); n != 0 {
				return n
			}
		}
		return cmp.Or(b.Severity.Level()-a.Severity.Level(), folded(a.Name, b.Name))
	})
	for i, c := range serverColumns {
		h := header{column: column{Name: c.name, Label: strings.ToUpper(c.name[:1]) + c.name[1:]},
			Link: d.Query.ordered(c.name), Aria: "none"}
		if i == order {
			h.Aria = "ascending"
		}
		d.ServerHeads = append(d.ServerHeads, h)
	}
	d.ServersTotal = len(d.Servers)
	if !d.Query.Servers && len(d.Servers) > firstServers {
		d.Servers = d.Servers[:firstServers:firstServers]
		all := d.Query
		all.Servers = true
		d.MoreServers = all.link() + "#servers"
	}
}

// addTiles sums everything up, whatever the query says, and returns how much needs attention.
// Nothing is green that was not measured.
func (d *pageData) addTiles(q query) int {
	var all tally
	up, bad := 0, 0
	level, serverLevel := fleet.Fine, fleet.Fine
	for i := range d.Managers {
		m := &d.Managers[i]
		all.add(&m.tally)
		level = worst(level, m.Severity)
		up += boolean(m.State == stateUp || m.State == statePartial)
		bad += boolean(needsAttention(m.Severity))
		if m.State != stateUp && m.State != statePartial || m.Past != nil {
			serverLevel = worst(serverLevel, fleet.NotKnown) // nobody sees whether its servers are well
		}
	}
	badServers, notMonitored := 0, 0
	for i := range d.Servers {
		s := &d.Servers[i]
		serverLevel = worst(serverLevel, s.Severity)
		badServers += boolean(needsAttention(s.Severity))
		notMonitored += boolean(s.State == fleet.ServerNotMonitored)
	}
	everywhere := query{Sort: q.Sort, Desc: q.Desc, Order: q.Order}
	tasks := func(state string) string { return everywhere.filtered(state) + "#tasks" }
	attend := tile{"Tasks that need attention", whole(float64(all.Attention)), "of " + whole(float64(all.Total)),
		all.worstTask, tasks("attention")}
	late := tile{"Tasks late", whole(float64(all.Late)), "behind their objective", fleet.Fine, tasks("late")}
	unseen := all.NotSeen
	if unseen > 0 {
		attend.Note += ", " + whole(float64(unseen)) + " not seen"
	}
	if all.unread || all.Total == 0 || unseen > 0 {
		attend.Severity = worst(attend.Severity, fleet.NotKnown)
		late.Severity = fleet.NotKnown
	}
	if all.unread {
		attend.Note += ", and others that were never seen"
	}
	measurable := all.Total - unseen - all.NoObjective
	switch {
	case all.Late > 0:
		late.Severity = fleet.Warning
	case measurable <= 0:
		late.Value, late.Note, late.Severity = "–", "no task has an objective", fleet.NotKnown
	}
	if all.NoObjective > 0 && measurable > 0 {
		late.Note += "; " + whole(float64(all.NoObjective)) + " have none"
	}
	if all.Attention == 0 && all.Total == 0 {
		attend.Value, attend.Note = "–", "no task has been seen"
	}
	servers := tile{"Servers read", whole(float64(all.ServersUp)), "of " + whole(float64(all.Servers-notMonitored)) +
		" monitored", serverLevel, "#servers"}
	if badServers > 0 {
		servers.Note += ", " + needs(badServers)
	}
	if all.Servers == 0 {
		servers.Value, servers.Note, servers.Severity = "–", "no server has been seen", fleet.NotKnown
	}
	d.Tiles = []tile{attend, late, servers,
		{"Enterprise Managers read", whole(float64(up)), "of " + whole(float64(len(d.Managers))), level, "#managers"}}
	return all.Attention + bad + badServers
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
func short(s string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(s)) // never fails
	return strconv.FormatUint(sum.Sum64(), 36)
}
