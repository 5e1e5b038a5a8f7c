// Package generate makes the dashboards out of descriptions of their panels, which
// are in source, one file each, and the collector's table of families: what the
// exporter does not have cannot be drawn. How Grafana wants them written is in source/dashboard.json.tmpl.
package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"text/template"
)

const (
	gridWidth = 24

	// pollInterval is the default time between polls. Grafana makes
	// $__rate_interval four times as long, so that every rate of what changes with
	// a poll spans several, however often Prometheus scrapes.
	pollInterval = "1m"

	grey = "#6c717a" // what is not known, or says nothing of good and bad
)

// Dashboard is one as Grafana loads it.
type Dashboard struct {
	File     string
	JSON     []byte
	Question string // what it answers in ten seconds
}

// Dashboards are all of them.
func Dashboards() ([]Dashboard, error) {
	s, err := read()
	if err != nil {
		return nil, err
	}
	const name = "dashboard.json.tmpl"
	drawing, err := template.New(name).Funcs(template.FuncMap{
		"json": literal, "words": words,
		"grey": func() string { return grey },
		"poll": func() string { return pollInterval },
	}).ParseFS(files, "source/"+name)
	if err != nil {
		return nil, err
	}
	var all []Dashboard
	for _, d := range s.pages {
		var drawn, tidy bytes.Buffer
		if err := drawing.Execute(&drawn, d); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
		}
		if err := json.Indent(&tidy, trailing.ReplaceAll(drawn.Bytes(), []byte("$1$2")), "", "  "); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
		}
		all = append(all, Dashboard{d.UID + ".json", tidy.Bytes(), d.Question})
	}
	return all, nil
}

// trailing is a comma before a closing bracket, or a text, which stays as it is.
var trailing = regexp.MustCompile(`("(?:[^"\\]|\\.)*")|,(\s*[\]}])`)

// literal is a value in JSON, for programs and not for pages: < stays what it is.
func literal(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return string(bytes.TrimSpace(b.Bytes())), err
}

// words gives values their words and colours.
func words(all []state) map[string]any {
	m := map[string]any{}
	for i, s := range all {
		m[s.Value] = map[string]any{"text": s.Text, "color": s.Color, "index": i}
	}
	return m
}

// layout puts the panels of the rows from left to right and from top to bottom, and
// numbers them.
func (d *dashboard) layout() {
	id, y := 0, 0
	for i := range d.Rows {
		r := &d.Rows[i]
		id++
		r.ID, r.Y = id, y
		y++
		x, top, bottom := 0, y, y
		for _, p := range r.Drawn {
			if x+p.Size[0] > gridWidth {
				x, top = 0, bottom
			}
			id++
			p.ID, p.X, p.Y = id, x, top
			x += p.Size[0]
			bottom = max(bottom, top+p.Size[1])
		}
		if !r.Collapsed { // what is hidden takes no room
			y = bottom
		}
	}
}
