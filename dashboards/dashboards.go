// Package dashboards holds the Grafana dashboards as Grafana reads them. They are
// made by "go generate ./dashboards" out of the descriptions in internal/generate;
// change those, not the JSON.
package dashboards

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:generate go run ./gen .

//go:embed *.json
var files embed.FS

// Files are the dashboards, one JSON file each.
func Files() fs.FS { return files }

// Query is a query of a panel with its variables filled in.
type Query struct {
	Dashboard string // its uid
	Panel     string // its title
	RefID     string
	Expr      string
	Instant   bool // asked for the end of the shown time, not over it
}

// Queries are the queries of all panels. Variables are replaced by values, which
// are keyed by the variable's name without the $. One without a value is replaced
// by what chooses everything: .* for tag, .+ for the others, which on a page about one
// server or task must be given; the rate interval is 1m and the range 5m.
func Queries(values map[string]string) ([]Query, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	var queries []Query
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		var d dashboard
		if err := json.Unmarshal(data, &d); err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		fill := d.filler(values)
		for _, p := range d.allPanels() {
			for _, t := range p.Targets {
				queries = append(queries, Query{Dashboard: d.UID, Panel: p.Title, RefID: t.RefID, Expr: fill.Replace(t.Expr),
					Instant: t.Instant})
			}
		}
	}
	return queries, nil
}

// dashboard is what queries need to know of a dashboard.
type dashboard struct {
	UID        string  `json:"uid"`
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct {
			Name    string `json:"name"`
			Options []struct {
				Value string `json:"value"`
			} `json:"options"`
		} `json:"list"`
	} `json:"templating"`
}

type panel struct {
	Title   string  `json:"title"`
	Panels  []panel `json:"panels"` // of a row that is collapsed
	Targets []struct {
		RefID   string `json:"refId"`
		Expr    string `json:"expr"`
		Instant bool   `json:"instant"`
	} `json:"targets"`
}

func (d dashboard) allPanels() []panel {
	var all []panel
	for _, p := range d.Panels {
		all = append(append(all, p), p.Panels...)
	}
	return all
}

// filler replaces the dashboard's variables and Grafana's.
func (d dashboard) filler(values map[string]string) *strings.Replacer {
	value := func(name, otherwise string) string {
		if v, ok := values[name]; ok {
			return v
		}
		return otherwise
	}
	pairs := []string{"$__rate_interval", value("__rate_interval", "1m"), "$__range", value("__range", "5m")}
	for _, v := range d.Templating.List {
		otherwise := ".+"
		switch v.Name {
		case "tag":
			otherwise = ".*"
		case "show": // all that need attention
			otherwise = v.Options[0].Value
		}
		pairs = append(pairs, "$"+v.Name, value(v.Name, otherwise))
	}
	return strings.NewReplacer(pairs...)
}
