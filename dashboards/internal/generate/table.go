package generate

import (
	"fmt"
	"slices"
)

// column is a column of a table: a label, or the numbers of a query.
type column struct {
	header     string
	label      string
	expr       string
	width      int // in pixels, at least 50; without one there is no column
	grows      bool
	properties []property
}

// label is a column of a label of the rows, under another header if its properties say so.
func label(name string, width int, properties ...property) column {
	return column{header: name, label: name, width: width, properties: properties}
}

// growing is a column that takes what the others leave, and no less than its width.
func growing(c column) column {
	c.grows = true
	return c
}

// value is a column of what a query gives, by the labels that are the table's keys.
func value(header string, width int, expr string, properties ...property) column {
	return column{header: header, expr: expr, width: width, properties: properties}
}

// labelsOnly is a query of which the table shows the labels, not the numbers.
func labelsOnly(expr string) column { return column{expr: expr} }

// absent stands in every cell without a value: there is none without it.
const absent = "–"

// table has a row for everything that its queries name with the same labels, and the
// columns in the given order. The first query should know all the rows: Grafana names
// the column of a query that answers alone differently. Where there is no row the
// panel says what that means.
func table(title, empty, description string, columns []column, o ...option) panel {
	o = append([]option{options(map[string]any{
		"showHeader": true, "cellHeight": "sm", "footer": map[string]any{"show": false, "reducer": []string{"sum"},
			"fields": ""},
	}), custom(map[string]any{"align": "auto", "filterable": false, "cellOptions": map[string]any{"type": "auto"}})}, o...)
	p := newPanel("table", title, empty, description, 24, 9, o)
	hidden, renamed, order := map[string]bool{"Time": true}, map[string]string{}, map[string]int{}
	for i, c := range columns {
		switch {
		case c.label != "":
			order[c.label] = i
		default:
			query(c.expr, "")(&p)
			for _, name := range valueNames(len(p.Targets) - 1) {
				order[name] = i
				if c.header == "" {
					hidden[name] = true
				} else {
					renamed[name] = c.header
				}
			}
		}
		if c.header != "" {
			overridden(c.header, c.look()...)(&p)
		}
	}
	for i := range p.Targets {
		p.Targets[i].Format = "table"
	}
	instant(&p)
	linkCells(&p, columns)
	p.checkWidths(columns)
	p.Transformations = []transformation{
		{"merge", map[string]any{}},
		{"organize", map[string]any{"excludeByName": hidden, "indexByName": order, "renameByName": renamed}},
	}
	return p
}

// valueNames are Grafana's for the column of a query.
func valueNames(i int) []string {
	names := []string{"Value #" + string(rune('A'+i))}
	if i == 0 {
		names = append(names, "Value")
	}
	return names
}

// look is what every column has, and its own.
func (c column) look() []property {
	width := property{"custom.width", c.width}
	if c.grows {
		width.ID = "custom.minWidth"
	}
	all := []property{width, {"noValue", absent}}
	if c.label == "" {
		return append(all, c.properties...)
	}
	words := []mapping{{"special", map[string]any{"match": "empty", "result": map[string]any{"text": absent}}}}
	for _, p := range c.properties {
		if more, ok := p.Value.([]mapping); ok {
			words = append(words, more...)
		} else {
			all = append(all, p)
		}
	}
	return append(all, property{"custom.filterable", true}, property{"mappings", words})
}

// room is the width that a table of a number of grid columns has in a window of 1600 pixels.
func room(w int) int { return w*1576/gridWidth - 48 }

// checkWidths refuses what would be cut or off the screen.
func (p *panel) checkWidths(columns []column) {
	sum := 0
	for _, c := range columns {
		sum += c.width
		if c.header != "" && c.width < 50 {
			p.faults = append(p.faults, "no width for the column "+c.header)
		}
	}
	if sum > room(p.GridPos.W) {
		p.faults = append(p.faults, fmt.Sprintf("the columns are %d pixels wide, there is room for %d", sum,
			room(p.GridPos.W)))
	}
}

// linkCells makes the names of servers and tasks lead to their dashboards.
func linkCells(p *panel, columns []column) {
	has := func(label string) bool {
		return slices.ContainsFunc(columns, func(c column) bool { return c.label == label })
	}
	if has("manager") && has("server") {
		overridden("server", property{"links", []dataLink{linkTo(uidServer, "__data.fields",
			[]string{"manager", "server"})}})(p)
		if has("task") {
			overridden("task", property{"links", []dataLink{linkTo(uidTask, "__data.fields",
				[]string{"manager", "server", "task"})}})(p)
		}
	}
}

// sortedBy sorts the rows by several columns, all of them downwards: the worst first.
func sortedBy(headers ...string) option {
	var by []map[string]any
	for _, h := range headers {
		by = append(by, map[string]any{"displayName": h, "desc": true})
	}
	return options(map[string]any{"sortBy": by})
}

// keysAndValues is a table of the labels of one sample: a line for each. The words
// stand for their names.
func keysAndValues(title, empty, description, expr string, words map[string]string, o ...option) panel {
	p := newPanel("table", title, empty, description, 8, 9, append([]option{
		options(map[string]any{"showHeader": false, "cellHeight": "sm"}), custom(map[string]any{"align": "auto"}),
		query(expr, ""),
	}, o...))
	instant(&p)
	names := map[string]any{}
	for label, text := range words {
		names[label] = map[string]any{"text": text}
	}
	overridden("label", property{"custom.width", 150}, property{"mappings", []mapping{{"value", names}}})(&p)
	overridden("value", property{"custom.minWidth", 200})(&p)
	p.Transformations = []transformation{{"labelsToFields", map[string]any{"mode": "rows"}}}
	return p
}

// Properties of a column.

func inUnit(u string) property { return property{"unit", u} }

// under is another header for the column of a label.
func under(header string) property { return property{"displayName", header} }

// whole is for whole numbers.
func whole() []property { return []property{inUnit("short"), {"decimals", 0}} }

// inColors colours a cell from a value on; below, and without one, it has no colour.
func inColors(u string, s ...step) []property {
	return []property{
		inUnit(u), {"thresholds", steps(none, s...)}, {"color", byThresholds()}, filled(),
	}
}

// badFrom1 is for the number of things that are wrong.
func badFrom1(color string) []property {
	return append(inColors("short", step{1, color}), property{"decimals", 0})
}

func filled() property {
	return property{"custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"}}
}

func asWords(m ...mapping) []property { return []property{{"mappings", m}, filled()} }

// asBar draws a number from 0 to high as a bar.
func asBar(u string, high float64, s ...step) []property {
	return []property{
		inUnit(u), {"min", 0}, {"max", high}, {"thresholds", steps(none, s...)}, {"color", byThresholds()},
		{"custom.cellOptions", map[string]any{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}},
	}
}

// milliseconds is a timestamp in seconds as Grafana's units of dates want it.
func milliseconds(expr string) string { return fmt.Sprintf("1000 * %s", expr) }
