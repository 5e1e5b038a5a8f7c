package generate

import (
	"fmt"
	"slices"
)

// column is a column of numbers in a table.
type column struct {
	header     string
	expr       string
	properties []property
	hidden     bool // there for its labels
}

// newColumn is a column of what a query gives, by the labels that are the table's keys.
func newColumn(header, expr string, properties ...property) column {
	return column{header: header, expr: expr, properties: properties}
}

// labelsOnly is a query of which the table shows the labels, not the numbers.
func labelsOnly(expr string) column { return column{expr: expr, hidden: true} }

// table has a row for everything that its queries name with the same labels, which
// come first, and a column for each query. The first query should know all the
// rows: Grafana names the column of a query that answers alone differently.
func table(title, description string, labels []string, columns []column, o ...option) panel {
	o = append([]option{options(map[string]any{
		"showHeader": true, "cellHeight": "sm", "footer": map[string]any{"show": false, "reducer": []string{"sum"}, "fields": ""},
	}), custom(map[string]any{"align": "auto", "filterable": true, "cellOptions": map[string]any{"type": "auto"}}), noValue("")}, o...)
	p := newPanel("table", title, description, 24, 9, o)
	hidden, renamed, order := map[string]bool{"Time": true}, map[string]string{}, map[string]int{}
	for i, label := range labels {
		order[label] = i
	}
	for i, c := range columns {
		query(c.expr, "")(&p)
		t := &p.Targets[i]
		t.Format = "table"
		names := []string{"Value #" + t.RefID}
		if i == 0 {
			names = append(names, "Value")
		}
		for _, name := range names {
			order[name] = len(labels) + i
			if c.hidden {
				hidden[name] = true
			} else {
				renamed[name] = c.header
			}
		}
		if len(c.properties) > 0 {
			overridden(c.header, c.properties...)(&p)
		}
	}
	instant(&p)
	linkCells(&p, labels)
	p.Transformations = []transformation{
		{"merge", map[string]any{}},
		{"organize", map[string]any{"excludeByName": hidden, "indexByName": order, "renameByName": renamed}},
	}
	return p
}

// linkCells makes the names of servers and tasks lead to their dashboards.
func linkCells(p *panel, labels []string) {
	if !slices.Contains(labels, "server") {
		return
	}
	for i, label := range labels {
		uid := map[string]string{"server": uidServer, "task": uidTask}[label]
		if uid != "" {
			overridden(label, property{"links", []dataLink{linkTo(uid, "__data.fields", labels[:i+1])}})(p)
		}
	}
}

// sortedBy sorts the rows.
func sortedBy(header string, descending bool) option {
	return options(map[string]any{"sortBy": []map[string]any{{"displayName": header, "desc": descending}}})
}

// Properties of a column.

func inUnit(u string) property { return property{"unit", u} }

func inColors(base string, s ...step) []property {
	return []property{
		{"thresholds", steps(base, s...)},
		{"custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"}},
		{"color", map[string]any{"mode": "thresholds"}},
	}
}

func asState(m []mapping) []property {
	return []property{
		{"mappings", m},
		{"custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"}},
	}
}

// asBar draws a number from 0 to high as a bar.
func asBar(high float64, base string, s ...step) []property {
	return []property{
		{"min", 0}, {"max", high},
		{"thresholds", steps(base, s...)},
		{"color", map[string]any{"mode": "thresholds"}},
		{"custom.cellOptions", map[string]any{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}},
	}
}

// both are the properties of a unit and those that follow.
func both(u string, more []property) []property { return append([]property{inUnit(u)}, more...) }

// milliseconds is a timestamp in seconds as Grafana's units of dates want it.
func milliseconds(expr string) string { return fmt.Sprintf("1000 * %s", expr) }
