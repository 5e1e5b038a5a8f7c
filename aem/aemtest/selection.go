package aemtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// loadOrders are the names of some load orders.
var loadOrders = map[string]int64{
	"LOWEST": -2147483647, "LOWER": -5000, "LOW": -1000, "NORMAL": 0, "HIGH": 1000, "HIGHER": 5000, "HIGHEST": 2147483647,
}

// selected is the table selection of a task: what was put, or just its tables.
func (t *task) selected() *TableSelection {
	if t.selection != nil {
		return t.selection.clone()
	}
	sel := &TableSelection{}
	if t.custom {
		for _, v := range t.static.Tables {
			sel.Explicit = append(sel.Explicit, TablePattern{Owner: v.Schema, Name: v.Name})
		}
		return sel
	}
	for i := range t.life.plan.tables {
		p := &t.life.plan.tables[i]
		sel.Explicit = append(sel.Explicit, TablePattern{Owner: p.schema, Name: p.name})
	}
	return sel
}

func (s *Simulator) getSelection(c *call) answer {
	srv, t, e := s.monitoredTask(c)
	if e != nil {
		return s.fail(*e)
	}
	if t.product == Compose {
		return s.failed("AEM_TABLE_LIST_INNER_ERR", "Failed to retrieve table list for replication task %q on server %q. Error: %q", c.task, srv.name(), "not a Replicate task")
	}
	sel := t.selected()
	w := s.writer()
	w.open()
	w.patterns("included_pattern", sel.Included)
	w.patterns("excluded_pattern", sel.Excluded)
	w.patterns("explicit_included_tables", sel.Explicit)
	w.close()
	return answer{status: http.StatusOK, body: w.b}
}

// patterns writes a list of the selection.
func (w *writer) patterns(k string, list []TablePattern) {
	w.list(k)
	for _, p := range list {
		w.open()
		w.str("owner", p.Owner)
		w.str("name", p.Name)
		w.bare("load_order", p.LoadOrder)
		switch {
		case w.shape == Legacy && p.View:
			w.bare("table_type", 2)
		case w.shape == Legacy:
			w.bare("table_type", 1)
		case p.View:
			w.str("table_type", "VIEW")
		default:
			w.str("table_type", "TABLE")
		}
		w.close()
	}
	w.endList()
}

// patternJSON is a pattern as a request or a document has it.
type patternJSON struct {
	Owner     string          `json:"owner"`
	Name      string          `json:"name"`
	LoadOrder json.RawMessage `json:"load_order"`
	TableType json.RawMessage `json:"table_type"`
}

// selectionJSON is a selection as a request or a document has it.
type selectionJSON struct {
	Included []patternJSON `json:"included_pattern"`
	Excluded []patternJSON `json:"excluded_pattern"`
	Explicit []patternJSON `json:"explicit_included_tables"`
}

func (in *selectionJSON) selection() (*TableSelection, error) {
	sel := &TableSelection{}
	for _, x := range []struct {
		from []patternJSON
		to   *[]TablePattern
	}{{in.Included, &sel.Included}, {in.Excluded, &sel.Excluded}, {in.Explicit, &sel.Explicit}} {
		for _, p := range x.from {
			v, err := p.pattern()
			if err != nil {
				return nil, err
			}
			*x.to = append(*x.to, v)
		}
	}
	return sel, nil
}

func (p *patternJSON) pattern() (TablePattern, error) {
	v := TablePattern{Owner: p.Owner, Name: p.Name}
	if p.Name == "" {
		return v, fmt.Errorf("a table has no name")
	}
	order := strings.Trim(string(p.LoadOrder), `"`)
	if named, ok := loadOrders[strings.ToUpper(order)]; ok {
		v.LoadOrder = named
	} else if order != "" && order != "null" {
		n, err := strconv.ParseInt(order, 10, 32)
		if err != nil {
			return v, fmt.Errorf("the load order %s is not valid", order)
		}
		v.LoadOrder = n
	}
	switch kind := strings.ToUpper(strings.Trim(string(p.TableType), `"`)); kind {
	case "", "NULL", "TABLE", "1":
	case "VIEW", "2":
		v.View = true
	default:
		return v, fmt.Errorf("the table type %s is not valid", kind)
	}
	return v, nil
}

// putSelection replaces the selection; the next full load is of the tables that it
// selects.
func (s *Simulator) putSelection(c *call) answer {
	_, t, e := s.replicateTask(c)
	if e != nil {
		return s.fail(*e)
	}
	var in selectionJSON
	err := decodeJSON(c.body, &in)
	var sel *TableSelection
	if err == nil {
		sel, err = in.selection()
	}
	if err != nil {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type AemTaskTableSelection: %v", err)
	}
	if len(sel.Included)+len(sel.Explicit) == 0 {
		return s.missing("explicit_included_tables")
	}
	t.choose(sel)
	return s.void()
}

// choose gives a task a selection.
func (t *task) choose(sel *TableSelection) {
	t.selection = sel
	if !t.custom {
		t.chosen = t.life.plan.chosen(sel)
	}
}

// chosen is the plan of what a selection selects: explicit tables, and those of
// the source that a pattern includes and none excludes.
func (p *plan) chosen(sel *TableSelection) *plan {
	out := &plan{}
	add := func(schema, name string) {
		if out.find(schema, name) != nil {
			return
		}
		if old := p.find(schema, name); old != nil {
			out.tables = append(out.tables, planTable{schema: schema, name: name, targetSchema: old.targetSchema, targetName: old.targetName})
			return
		}
		out.tables = append(out.tables, planTable{schema: schema, name: name, targetSchema: schema, targetName: name})
	}
	for _, x := range sel.Explicit {
		add(x.Owner, x.Name)
	}
	for i := range p.tables {
		if sel.selects(p.tables[i].schema, p.tables[i].name) {
			add(p.tables[i].schema, p.tables[i].name)
		}
	}
	for _, x := range schemaTables() {
		if sel.selects(x.schema, x.name) {
			add(x.schema, x.name)
		}
	}
	out.share()
	return out
}

// selects reports whether the patterns select a table.
func (s *TableSelection) selects(schema, name string) bool {
	matches := func(list []TablePattern) bool {
		for _, p := range list {
			if matchPercent(p.Owner, schema) && matchPercent(p.Name, name) {
				return true
			}
		}
		return false
	}
	return matches(s.Included) && !matches(s.Excluded)
}

// share gives the tables of a plan their shares of the rows and of the changes.
func (p *plan) share() {
	var sum float64
	for i := range p.tables {
		p.tables[i].rows, p.tables[i].changes = 1+float64((i*7)%11), 1+float64((i*5)%13)
		sum += p.tables[i].changes
	}
	for i := range p.tables {
		p.tables[i].changes /= sum
	}
	p.arrange()
}
