// Package generate makes the dashboards out of descriptions of their panels, which
// are in source, one file each, and the collector's table of families: what the
// exporter does not have cannot be drawn.
package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// Dashboard is one as Grafana loads it.
type Dashboard struct {
	File     string
	JSON     []byte
	UID      string
	Question string // what it answers in ten seconds
}

// Dashboards are all of them.
func Dashboards() ([]Dashboard, error) {
	s, err := read()
	if err != nil {
		return nil, err
	}
	var all []Dashboard
	for _, d := range s.pages {
		model, err := d.model(known())
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(model); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
		}
		all = append(all, Dashboard{d.UID + ".json", b.Bytes(), d.UID, d.Question})
	}
	return all, nil
}

// Write makes the files in a directory.
func Write(dir string) error {
	all, err := Dashboards()
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := os.WriteFile(filepath.Join(dir, d.File), d.JSON, 0o644); err != nil { //nolint:gosec // not a secret
			return err
		}
	}
	return nil
}

func (d dashboard) model(k families) (*dashboardModel, error) {
	m := &dashboardModel{
		UID: d.UID, Title: d.Title, Description: d.Question, Tags: []string{dashboardTag}, SchemaVersion: 39,
		GraphTooltip: 1, Refresh: "1m", Timezone: "browser",
		// The menu takes no choices along: what is one page's "All" is no task of another's.
		Links: []dashboardLink{{
			Title: "QEM dashboards", Type: "dashboards", Tags: []string{dashboardTag}, AsDropdown: true,
			KeepTime: true, Icon: "external link", Tooltip: "The other dashboards, for the same time",
		}},
	}
	m.Time.From, m.Time.To = d.From, "now"
	var err error
	if m.Templating.List, err = variableModels(d.variables, k); err != nil {
		return nil, err
	}
	if d.Single {
		m.Links = append(m.Links, dashboardLink{
			Title: "Enterprise Manager", Type: "link", URL: "$console", TargetBlank: true, Icon: "external link",
			Tags:    []string{},
			Tooltip: "Enterprise Manager's console, where the messages of servers and tasks stand",
		})
	}
	// The alerts of this project's rules that fire, but the one that always does, are marked in all panels.
	marks, _, err := k.expand(`topk(10, count by (alertname, severity) (ALERTS{alertstate="firing",alertname=~"Qem.+",`+
		`severity=~"critical|warning"}))`, d.variables)
	if err != nil {
		return nil, err
	}
	m.Annotations.List = []annotation{{
		Name: "Alerts", Datasource: *prometheus(), Enable: true, IconColor: "red", Expr: marks, Step: pollInterval,
		TitleFormat: "{{alertname}}", TextFormat: "{{severity}}", TagKeys: "severity",
	}}
	for _, r := range d.Rows {
		for i := range r.panels {
			if err := r.panels[i].expand(k, d.variables); err != nil {
				return nil, fmt.Errorf("panel %q: %w", r.panels[i].Title, err)
			}
			if !d.Single && r.panels[i].Targets[0].Range {
				r.panels[i].MaxDataPoints = widePoints
			}
		}
	}
	m.Panels = layout(d.Rows)
	return m, nil
}

// expand writes out the panel's queries. A panel that a chosen tag does not narrow says so.
func (p *panel) expand(k families, variables []variable) error {
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
	if slices.ContainsFunc(variables, func(v variable) bool { return v.Name == "tag" }) && !narrowed {
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
		head := panel{ID: id, Type: "row", Title: r.Title, GridPos: gridPos{W: gridWidth, H: 1, Y: y},
			Collapsed: &r.Collapsed, Panels: &[]panel{}}
		y++
		inside, bottom := place(r.panels, id, y)
		id += len(inside)
		if r.Collapsed {
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
