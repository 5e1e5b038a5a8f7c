// Package generate makes the dashboards out of descriptions of their panels, one
// file each, and the collector's table of families: what the exporter does not
// have cannot be drawn.
package generate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The dashboards' identities, which links and bookmarks refer to.
const (
	uidFleet    = "qem-fleet"
	uidTasks    = "qem-tasks"
	uidServers  = "qem-servers"
	uidServer   = "qem-server"
	uidTask     = "qem-task"
	uidFullLoad = "qem-full-load"
	uidCompose  = "qem-compose"
	uidTables   = "qem-tables"
	uidExporter = "qem-exporter"
)

const (
	dashboardTag = "qem"
	gridWidth    = 24

	// widePoints are the points in time for which a dashboard of the whole fleet asks:
	// each costs a look at every task.
	widePoints = 120

	// pollInterval is the default time between polls. Grafana makes
	// $__rate_interval four times as long, so that every rate of what changes with
	// a poll spans several, however often Prometheus scrapes.
	pollInterval = "1m"
)

// dashboard is the description of a dashboard.
type dashboard struct {
	uid, title string
	question   string // what it answers in ten seconds
	from       string // the time shown at first, up to now
	rows       []row
}

// row is a group of panels. One that is collapsed asks for nothing until it is opened.
type row struct {
	title     string
	collapsed bool
	panels    []panel
}

func dashboards() []dashboard {
	return []dashboard{
		fleetDashboard(), tasksDashboard(), taskDashboard(), serversDashboard(), serverDashboard(),
		fullLoadDashboard(), composeDashboard(), tablesDashboard(), exporterDashboard(),
	}
}

// Questions are what each dashboard answers in ten seconds, by its identity.
func Questions() map[string]string {
	questions := map[string]string{}
	for _, d := range dashboards() {
		questions[d.uid] = d.question
	}
	return questions
}

// Files are the dashboards as JSON by file name.
func Files() (map[string][]byte, error) {
	k := known()
	files := map[string][]byte{}
	for _, d := range dashboards() {
		model, err := d.model(k)
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.uid, err)
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(model); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.uid, err)
		}
		files[d.uid+".json"] = b.Bytes()
	}
	return files, nil
}

// Write makes the files in a directory.
func Write(dir string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil { //nolint:gosec // not a secret
			return err
		}
	}
	return nil
}

func (d dashboard) model(k families) (*dashboardModel, error) {
	variables := variablesOf(d.uid)
	m := &dashboardModel{
		UID: d.uid, Title: d.title, Description: d.question, Tags: []string{dashboardTag}, SchemaVersion: 39,
		GraphTooltip: 1, Refresh: "1m", Timezone: "browser", Time: timeRange{From: d.from, To: "now"},
		// The menu takes no choices along: what is one page's "All" is no task of another's.
		Links: []dashboardLink{{
			Title: "QEM dashboards", Type: "dashboards", Tags: []string{dashboardTag}, AsDropdown: true,
			KeepTime: true, Icon: "external link", Tooltip: "The other dashboards, for the same time",
		}},
	}
	var err error
	if m.Templating.List, err = variableModels(variables, k); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(m.Templating.List, func(v variableModel) bool { return v.Name == console }) {
		m.Links = append(m.Links, dashboardLink{
			Title: "Enterprise Manager", Type: "link", URL: "$" + console, TargetBlank: true, Icon: "external link",
			Tags:    []string{},
			Tooltip: "Enterprise Manager's console, where the messages of servers and tasks stand",
		})
	}
	marks, err := alertMarks(k, variables)
	if err != nil {
		return nil, err
	}
	m.Annotations.List = []annotation{marks}
	wide := !slices.ContainsFunc(variables, func(v variable) bool { return v.single })
	for _, r := range d.rows {
		for i := range r.panels {
			if err := r.panels[i].expand(k, variables); err != nil {
				return nil, fmt.Errorf("panel %q: %w", r.panels[i].Title, err)
			}
			if wide && r.panels[i].Targets[0].Range {
				r.panels[i].MaxDataPoints = widePoints
			}
		}
	}
	m.Panels = layout(d.rows)
	return m, nil
}

// expand writes out the panel's queries. A panel that a chosen tag does not narrow says so.
func (p *panel) expand(k families, variables []variable) error {
	if p.faults != nil {
		return errors.New(strings.Join(p.faults, "; "))
	}
	narrowed := false
	for i := range p.Targets {
		t := &p.Targets[i]
		expr, polled, err := k.expand(t.Expr, variables)
		if err != nil {
			return fmt.Errorf("query %s: %w", t.RefID, err)
		}
		t.Expr = expr
		narrowed = narrowed || strings.Contains(expr, "$tag")
		if polled && strings.Contains(expr, "$__rate_interval") {
			t.Interval = pollInterval
		}
	}
	if slices.ContainsFunc(variables, func(v variable) bool { return v.name == "tag" }) && !narrowed {
		p.Description += " Whatever the tag."
	}
	return nil
}

// layout puts the panels of the rows from left to right and from top to bottom, and
// numbers them.
func layout(rows []row) []panel {
	var placed []panel
	id, y := 0, 0
	for _, r := range rows {
		id++
		head := panel{ID: id, Type: "row", Title: r.title, GridPos: gridPos{W: gridWidth, H: 1, Y: y},
			Collapsed: &r.collapsed, Panels: &[]panel{}}
		y++
		inside, bottom := place(r.panels, id, y)
		id += len(inside)
		if r.collapsed {
			head.Panels = &inside
			placed = append(placed, head)
			continue // what is hidden takes no room
		}
		placed = append(append(placed, head), inside...)
		y = bottom
	}
	return placed
}

// place puts panels below y; bottom is where they end.
func place(panels []panel, id, y int) (placed []panel, bottom int) {
	x, bottom := 0, y
	for _, p := range panels {
		if x+p.GridPos.W > gridWidth {
			x, y = 0, bottom
		}
		id++
		p.ID, p.GridPos.X, p.GridPos.Y = id, x, y
		x += p.GridPos.W
		bottom = max(bottom, y+p.GridPos.H)
		placed = append(placed, p)
	}
	return placed, bottom
}
