package web

import (
	"bytes"
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
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func parsePage() (*template.Template, error) {
	return template.New("page.html").Funcs(template.FuncMap{
		"seconds": seconds,
		"age":     age,
		"count":   count,
		"whole":   func(n int) string { return whole(float64(n)) },
		"spaced":  spaced,
		"where":   problemView.where,
		"join":    joined,
		"rfc3339": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}).ParseFS(assetFiles, "assets/*.html")
}

// joined makes one line of several reasons.
func joined(reasons []string) string { return strings.Join(reasons, " · ") }

// buffers are reused from page to page.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	status, now, q := h.Status(), h.Now(), parseQuery(r.URL.Query())
	tag := h.etag(status, now, q)
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	if err := h.template.Execute(body, h.pageData(status, now, q)); err != nil {
		h.Logger.Error("cannot render the status page", slog.Any("err", err))
		w.Header().Del("ETag")
		plain(w, http.StatusInternalServerError, "cannot render the status page\n")
		return
	}
	h.write(w, r, "text/html; charset=utf-8", body.Bytes())
}

// etag changes whenever the page says something else, passing time apart, which
// the script counts by itself. It is weak: a compressed page has the same.
func (h *handler) etag(s Status, now time.Time, q query) string {
	sum := fnv.New64a()
	fmt.Fprint(sum, s.Version, s.Started.UnixNano(), s.Shard, s.TotalShards, h.assets.Script.Path, h.assets.Style.Path, q.link())
	for _, m := range s.Managers {
		fmt.Fprintf(sum, "%q %q %s %d %d %d ", m.Name, m.URL, m.state(now), m.PollInterval, m.MaxAge, m.LastSuccess.UnixNano())
		if m.Last != nil {
			fmt.Fprint(sum, m.Last.Started.UnixNano(), m.Last.Ended.UnixNano())
		}
	}
	return `W/"` + strconv.FormatUint(sum.Sum64(), 36) + `"`
}

// pageData is what the template gets.
type pageData struct {
	Title, Version, TelemetryPath string
	Assets                        assets
	Refresh                       float64 // seconds between two questions of the script
	Uptime                        float64 // seconds
	Waiting                       []string
	Shard                         string
	Query                         query
	Tiles                         []tile
	Managers                      []managerRow
	Many                          bool // more than one manager, so that their names matter
	Servers                       []serverRow
	ServersTotal                  int
	MoreServers                   string // link
	Tasks                         tasksData
}

// tile is a number that is seen first.
type tile struct {
	Label, Value, Note string
	Severity           severity
	Link               string
}

type managerRow struct {
	managerView
	ID, Link          string
	ServersUp, Served int
}

type serverRow struct {
	serverView
	Manager, ID, Link string
}

func (h *handler) pageData(s Status, now time.Time, q query) pageData {
	d := pageData{
		Version: s.Version, TelemetryPath: "." + h.TelemetryPath, Assets: h.assets,
		Refresh: refresh(s), Uptime: now.Sub(s.Started).Seconds(), Waiting: s.waiting(),
		Query: q, Many: len(s.Managers) > 1,
	}
	if s.TotalShards > 1 {
		d.Shard = fmt.Sprintf("Shard %d of %d: other processes poll the other servers.", s.Shard, s.TotalShards)
	}
	// Without tasks of their own, views of servers are cheap even for a large fleet.
	for i := range s.Managers {
		m := &s.Managers[i]
		v := managerRow{managerView: viewManager(*m, now, selection{counts: true}), ID: "m-" + short(m.Name), Link: q.within(m.Name, "") + "#tasks"}
		for _, server := range v.Servers {
			if server.Up != nil {
				v.Served++
				v.ServersUp += boolean(*server.Up)
			}
			d.Servers = append(d.Servers, serverRow{server, m.Name, "s-" + short(m.Name+"/"+server.Name), q.within(m.Name, server.Name) + "#tasks"})
		}
		d.Managers = append(d.Managers, v)
	}
	slices.SortStableFunc(d.Managers, func(a, b managerRow) int { return b.Severity.level() - a.Severity.level() })
	d.Tiles = tiles(&d, q)
	d.arrangeServers()
	d.Tasks = tasksOf(s, q)
	d.Title = "qem_exporter"
	if n := d.attention(); n > 0 {
		d.Title = "(" + whole(float64(n)) + ") qem_exporter"
	}
	return d
}

// attention is how many managers, servers and tasks need it.
func (d *pageData) attention() int {
	n := 0
	for _, m := range d.Managers {
		n += m.Severity.count() + m.Tasks.Attention
	}
	for _, s := range d.Servers {
		n += s.Severity.count()
	}
	return n
}

// firstServers is how many servers are shown at first.
const firstServers = 6

// arrangeServers puts first what needs attention and leaves out the end of a long list.
func (d *pageData) arrangeServers() {
	slices.SortStableFunc(d.Servers, func(a, b serverRow) int {
		if n := b.Severity.level() - a.Severity.level(); n != 0 {
			return n
		}
		return folded(a.Name, b.Name)
	})
	d.ServersTotal = len(d.Servers)
	if !d.Query.Servers && len(d.Servers) > firstServers {
		d.Servers = d.Servers[:firstServers:firstServers]
		all := d.Query
		all.Servers = true
		d.MoreServers = all.link() + "#servers"
	}
}

// tiles sum everything up, whatever the query says.
func tiles(d *pageData, q query) []tile {
	var all taskCounts
	managersUp, servers, serversUp, badServers := 0, 0, 0, 0
	level, serverLevel := fine, fine
	for _, m := range d.Managers {
		all.add(m.Tasks)
		level = worst(level, m.Severity)
		managersUp += boolean(m.State == stateUp || m.State == statePartial)
		servers += m.Served
		serversUp += m.ServersUp
		for _, s := range m.Servers {
			serverLevel = worst(serverLevel, s.Severity)
			badServers += s.Severity.count()
		}
	}
	serverNote := "of " + whole(float64(servers)) + " monitored"
	if badServers > 0 {
		serverNote += ", " + needs(badServers)
	}
	everywhere := query{Sort: q.Sort, Desc: q.Desc, Limit: defaultLimit}
	attend := tile{Label: "Tasks that need attention", Value: whole(float64(all.Attention)), Note: "of " + whole(float64(all.Total)), Severity: fine, Link: everywhere.filtered("attention") + "#tasks"}
	if all.Error > 0 {
		attend.Severity = critical
	} else if all.Attention > 0 {
		attend.Severity = warning
	}
	list := []tile{
		attend,
		{"Servers up", whole(float64(serversUp)), serverNote, serverLevel, "#servers"},
		{"Enterprise Managers up", whole(float64(managersUp)), "of " + whole(float64(len(d.Managers))), level, "#managers"},
	}
	late := tile{Label: "Tasks late", Value: whole(float64(all.Late)), Note: "behind their objective", Severity: fine, Link: everywhere.filtered("late") + "#tasks"}
	if all.Late > 0 {
		late.Severity = warning
	}
	return slices.Insert(list, 1, late)
}

// needs tells how many need attention.
func needs(n int) string {
	if n == 1 {
		return "1 needs attention"
	}
	return whole(float64(n)) + " need attention"
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// refresh is half of the shortest poll interval, within reason.
func refresh(s Status) float64 {
	d := 10 * time.Second
	for _, m := range s.Managers {
		d = min(d, m.PollInterval/2)
	}
	return max(d, time.Second).Seconds()
}

// short is a text fit for an element's id.
func short(s string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(s)) // never fails
	return strconv.FormatUint(sum.Sum64(), 36)
}

// labels are the task's labels as in a query of its metrics.
func labels(r *row) string {
	return fmt.Sprintf("{manager=%s, server=%s, task=%s}", quoted(r.manager.Name), quoted(r.server.Name), quoted(r.task.Name))
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// problemsOf lists what the last poll could not read of a task.
func problemsOf(r *row) []fleet.Problem {
	var list []fleet.Problem
	for _, p := range r.manager.Last.Problems {
		if p.Server == r.server.Name && p.Task == r.task.Name {
			list = append(list, p)
		}
	}
	return list
}
