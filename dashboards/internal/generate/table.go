package generate

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// column is a column of a table: a label of the rows, or the numbers of a query. A query without
// a header gives labels alone.
type column struct {
	Label, Header, Expr string
	As                  string // another header for the column of a label
	Width, Grows        int    // in pixels, at least 50; one column takes what the others leave, and no less
	Unit                string
	Bar                 float64 // a number from 0 up to it is drawn as a bar
	Colors              colors  // of a cell from a value on; below, and without one, it has none
	Words               yaml.Node
	Texts               string   // states whose own texts the label has
	Opens               []string // a title and an address
}

// absent stands in every cell without a value: there is none without it.
const absent = "–"

// setColumns: a table has a row for everything that its queries name with the same labels, and the
// columns in the given order. The first query should know all the rows: Grafana names
// the column of a query that answers alone differently.
func (s *source) setColumns(p *panel, d *described) error {
	var err error
	if d.Rows, err = s.spell(d.Rows, d); err != nil {
		return err
	}
	hidden, renamed, order := map[string]bool{"Time": true}, map[string]string{}, map[string]int{}
	for i, c := range d.Columns {
		if c.Label != "" {
			order[c.Label] = i
		} else {
			if err := s.ask(p, d, "", c.Expr); err != nil {
				return err
			}
			for _, name := range valueNames(len(p.Targets) - 1) {
				order[name] = i
				if c.Header == "" {
					hidden[name] = true
				} else {
					renamed[name] = c.Header
				}
			}
		}
		if header := c.Label + c.Header; header != "" {
			look, err := s.look(c)
			if err != nil {
				return fmt.Errorf("column %s: %w", header, err)
			}
			p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, overridden(header, look...))
		}
	}
	for i := range p.Targets {
		p.Targets[i].Format = "table"
	}
	if err := s.linkCells(p, d); err != nil {
		return err
	}
	if d.Sorted != nil {
		var by []map[string]any
		for _, header := range d.Sorted {
			by = append(by, map[string]any{"displayName": header, "desc": true})
		}
		p.Options["sortBy"] = by
	}
	p.Transformations = []transformation{
		{"merge", map[string]any{}},
		{"organize", map[string]any{"excludeByName": hidden, "indexByName": order, "renameByName": renamed}},
	}
	return d.checkWidths()
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
func (s *source) look(c column) ([]property, error) {
	width := property{"custom.width", c.Width}
	if c.Grows > 0 {
		width = property{"custom.minWidth", c.Grows}
	}
	all := []property{width, {"noValue", absent}}
	if c.Label == "" {
		own, err := s.numbers(c)
		return append(all, own...), err
	}
	if c.As != "" {
		all = append(all, property{"displayName", c.As})
	}
	if len(c.Opens) == 2 {
		all = append(all, property{"links", []dataLink{{Title: c.Opens[0], URL: c.Opens[1], TargetBlank: true}}})
	}
	texts := []mapping{{"special", map[string]any{"match": "empty", "result": map[string]any{"text": absent}}}}
	if c.Texts != "" {
		texts = append(texts, words(s.States[c.Texts].Are))
	}
	return append(all, property{"custom.filterable", true}, property{"mappings", texts}), nil
}

// numbers is the look of a column of numbers.
func (s *source) numbers(c column) ([]property, error) {
	filled := property{"custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"}}
	if !c.Words.IsZero() {
		m, err := s.mapping(c.Words)
		return []property{{"mappings", []mapping{m}}, filled}, err
	}
	unit := c.Unit
	if c.Unit == "count" {
		unit = "short"
	}
	all := []property{{"unit", unit}}
	if c.Bar > 0 {
		all = append(all, property{"min", 0}, property{"max", c.Bar})
		filled.Value = map[string]any{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
	}
	if c.Colors != nil {
		all = append(all, property{"thresholds", c.Colors.on(none)}, property{"color", colorBy("thresholds")}, filled)
	}
	if c.Unit == "count" {
		all = append(all, property{"decimals", 0})
	}
	return all, nil
}

// checkWidths refuses what would be cut or off the screen of a window of 1600 pixels.
func (d *described) checkWidths() error {
	sum := 0
	for _, c := range d.Columns {
		width := c.Width + c.Grows
		if sum += width; c.Label+c.Header != "" && width < 50 {
			return fmt.Errorf("no width for the column %s", c.Label+c.Header)
		}
	}
	if room := d.Size[0]*1576/gridWidth - 48; sum > room {
		return fmt.Errorf("the columns are %d pixels wide, there is room for %d", sum, room)
	}
	return nil
}

// linkCells makes the names of servers and tasks lead to their dashboards.
func (s *source) linkCells(p *panel, d *described) error {
	labels := []string{"manager", "server", "task"}
	for i, uid := range []string{"qem-server", "qem-task"} {
		of := labels[:i+2]
		for _, label := range of {
			if !slices.ContainsFunc(d.Columns, func(c column) bool { return c.Label == label }) {
				return nil
			}
		}
		var links []dataLink
		if err := s.link(&links, uid, "__data.fields", of); err != nil {
			return err
		}
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, overridden(of[i+1], property{"links", links}))
	}
	return nil
}

// setKeys makes a line of each of the labels, under the words that stand for their names.
func (d *described) setKeys(p *panel) {
	p.Type = "table"
	names := map[string]any{}
	for label, text := range d.Keys {
		names[label] = map[string]any{"text": text}
	}
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides,
		overridden("label", property{"custom.width", 150}, property{"mappings", []mapping{{"value", names}}}),
		overridden("value", property{"custom.minWidth", 200}))
	p.Transformations = []transformation{{"labelsToFields", map[string]any{"mode": "rows"}}}
}
