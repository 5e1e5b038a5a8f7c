// Package generate makes the dashboards out of descriptions of their panels, one
// file each, and the collector's table of families: what the exporter does not
// have cannot be drawn.
package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The dashboards' identities, which links and bookmarks refer to.
const (
	uidFleet    = "qem-fleet"
	uidServer   = "qem-server"
	uidTask     = "qem-task"
	uidFullLoad = "qem-full-load"
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
	uid, title, description string
	from                    string // the time shown at first, up to now
	variables               []variable
	rows                    []row
}

// row is a group of panels. One that is collapsed asks for nothing until it is opened.
type row struct {
	title     string
	collapsed bool
	panels    []panel
}

// Files are the dashboards as JSON by file name.
func Files() (map[string][]byte, error) {
	k := known()
	files := map[string][]byte{}
	for _, d := range []dashboard{fleetDashboard(), serverDashboard(), taskDashboard(), fullLoadDashboard(), tablesDashboard(), exporterDashboard()} {
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
	m := &dashboardModel{
		UID: d.uid, Title: d.title, Description: d.description, Tags: []string{dashboardTag}, SchemaVersion: 39,
		GraphTooltip: 1, Refresh: "1m", Timezone: "browser", Time: timeRange{From: d.from, To: "now"},
		Links: []dashboardLink{{
			Title: "QEM dashboards", Type: "dashboards", Tags: []string{dashboardTag}, AsDropdown: true,
			IncludeVars: true, KeepTime: true, Icon: "external link", Tooltip: "The other dashboards, for the same time and choices",
		}},
	}
	m.Annotations.List = []any{}
	var err error
	if m.Templating.List, err = variableModels(d.variables, k); err != nil {
		return nil, err
	}
	var names []string
	wide := true
	for _, v := range d.variables {
		names = append(names, v.name)
		wide = wide && !v.none
	}
	for _, r := range d.rows {
		for i := range r.panels {
			if err := r.panels[i].expand(k, names); err != nil {
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

// expand writes out the panel's queries.
func (p *panel) expand(k families, variables []string) error {
	for i := range p.Targets {
		t := &p.Targets[i]
		expr, polled, err := k.expand(t.Expr, variables)
		if err != nil {
			return fmt.Errorf("query %s: %w", t.RefID, err)
		}
		t.Expr = expr
		if polled && strings.Contains(expr, "$__rate_interval") {
			t.Interval = pollInterval
		}
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
		head := panel{ID: id, Type: "row", Title: r.title, GridPos: gridPos{W: gridWidth, H: 1, Y: y}, Collapsed: &r.collapsed, Panels: &[]panel{}}
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
