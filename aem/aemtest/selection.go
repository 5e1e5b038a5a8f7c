package aemtest

import (
	"slices"

	"github.com/qem-exporter/qem_exporter/aem"
)

// selected is the table selection of a task: what was put, or just its tables.
func (t *task) selected() *TableSelection {
	if t.selection != nil {
		return cloneSelection(t.selection)
	}
	sel := &TableSelection{}
	if t.custom {
		for _, v := range t.static.Tables {
			sel.Explicit = append(sel.Explicit, aem.SelectedTable{Owner: v.Schema, Name: v.Name, Type: aem.TypeTable})
		}
		return sel
	}
	for i := range t.life.plan.tables {
		p := &t.life.plan.tables[i]
		sel.Explicit = append(sel.Explicit, aem.SelectedTable{Owner: p.schema, Name: p.name, Type: aem.TypeTable})
	}
	return sel
}

func (s *Simulator) getSelection(c *call) answer {
	srv, t, e := s.monitoredTask(c)
	if e != nil {
		return s.fail(*e)
	}
	if t.product == Compose {
		return s.failed("AEM_TABLE_LIST_INNER_ERR",
			"Failed to retrieve table list for replication task %q on server %q. Error: %q", c.task, srv.name(),
			"not a Replicate task")
	}
	sel := t.selected()
	return said(s, selectionTable, sel)
}

// putSelection replaces the selection; the next full load is of the tables that it
// selects.
func (s *Simulator) putSelection(c *call) answer {
	_, t, e := s.replicateTask(c)
	if e != nil {
		return s.fail(*e)
	}
	sel := &TableSelection{}
	if err := decodeJSON(c.body, sel); err != nil {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type AemTaskTableSelection: %v", err)
	}
	for _, x := range slices.Concat(sel.Included, sel.Excluded, sel.Explicit) {
		if !slices.Contains(x.Type.Spellings(), x.Type) {
			return s.failed("DESERIALIZE_TO_TYPE",
				"Failed to deserialize json to type AemTaskTableSelection: the table type %s is not valid", x.Type)
		}
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
			out.tables = append(out.tables, planTable{schema: schema, name: name, targetSchema: old.targetSchema,
				targetName: old.targetName})
			return
		}
		out.tables = append(out.tables, planTable{schema: schema, name: name, targetSchema: schema, targetName: name})
	}
	for _, x := range sel.Explicit {
		add(x.Owner, x.Name)
	}
	for i := range p.tables {
		if selects(sel, p.tables[i].schema, p.tables[i].name) {
			add(p.tables[i].schema, p.tables[i].name)
		}
	}
	for _, x := range schemaTables() {
		if selects(sel, x.schema, x.name) {
			add(x.schema, x.name)
		}
	}
	out.share()
	return out
}

// selects reports whether the patterns select a table.
func selects(s *TableSelection, schema, name string) bool {
	matches := func(list []aem.SelectedTable) bool {
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
