package aemtest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/aem"
)

// selected is the table selection of a task: what was put, or just its tables.
func (t *task) selected() *aem.TableSelection {
	if t.static.Selection != nil {
		return t.static.Selection
	}
	sel := &aem.TableSelection{}
	add := func(key tableKey) {
		sel.Explicit = append(sel.Explicit, aem.SelectedTable{Owner: key.schema, Name: key.name, Type: aem.TypeTable})
	}
	for i := range t.static.Tables { // of a custom task
		add(keyOf(&t.static.Tables[i]))
	}
	if !t.custom {
		for _, p := range t.life.plan.tables {
			add(p.tableKey)
		}
	}
	return sel
}

func (c *call) getSelection() error {
	if c.t.product == aem.Compose {
		return c.failed("AEM_TABLE_LIST_INNER_ERR")
	}
	return said(c, selectionTable, c.t.selected())
}

// putSelection replaces the selection; the next full load is of the tables that it
// selects.
func (c *call) putSelection() error {
	const kind = "AemTaskTableSelection"
	sel := &aem.TableSelection{}
	if err := c.decode(sel, kind); err != nil {
		return err
	}
	for _, x := range slices.Concat(sel.Included, sel.Excluded, sel.Explicit) {
		if !slices.Contains(x.Type.Spellings(), x.Type) {
			return c.undecoded(kind, fmt.Sprintf("the table type %s is not valid", x.Type))
		}
	}
	if len(sel.Included)+len(sel.Explicit) == 0 {
		return c.missing("explicit_included_tables")
	}
	c.t.static.Selection = sel
	if !c.t.custom {
		c.t.chosen = c.t.life.plan.chosen(sel)
	}
	return nil
}

// chosen is the plan of what a selection selects: explicit tables, and those of
// the source that a pattern includes and none excludes.
func (p *plan) chosen(sel *aem.TableSelection) *plan {
	out := &plan{}
	add := func(key tableKey) {
		if out.find(key) != nil {
			return
		}
		added := planTable{tableKey: key, targetSchema: key.schema, targetName: key.name}
		if old := p.find(key); old != nil {
			added.targetSchema, added.targetName = old.targetSchema, old.targetName
		}
		out.tables = append(out.tables, added)
	}
	for _, x := range sel.Explicit {
		add(tableKey{x.Owner, x.Name})
	}
	var source []tableKey
	for _, x := range p.tables {
		source = append(source, x.tableKey)
	}
	for _, key := range append(source, schemaTables()...) {
		if selects(sel, key) {
			add(key)
		}
	}
	out.share(0, 0)
	return out
}

func selects(s *aem.TableSelection, key tableKey) bool {
	matches := func(list []aem.SelectedTable) bool {
		return slices.ContainsFunc(list, func(p aem.SelectedTable) bool {
			return matchPercent(p.Owner, key.schema) && matchPercent(p.Name, key.name)
		})
	}
	return matches(s.Included) && !matches(s.Excluded)
}

// tableFilter is the query of the methods that list tables. A state that is not wanted
// (false) has no effect: only wanted ones restrict.
func tableFilter(q url.Values) func(*aem.TableStatus) bool {
	schema, table := q.Get("schema"), q.Get("table")
	var states []aem.TableState
	for _, spellings := range aem.TableState("").Spellings() {
		state, _, _ := strings.Cut(string(spellings), "|")
		if strings.EqualFold(q.Get("include"+strings.ReplaceAll(state, "_", "")), "true") {
			states = append(states, aem.TableState(state))
		}
	}
	return func(t *aem.TableStatus) bool {
		return matchPercent(schema, t.Schema) && matchPercent(table, t.Name) &&
			(states == nil || slices.Contains(states, t.State))
	}
}

// matchPercent reports whether name is what pattern says, in which % stands for
// any text; the empty pattern is anything.
func matchPercent(pattern, name string) bool {
	return pattern == "" || pattern == name ||
		regexp.MustCompile("^(?s:"+strings.ReplaceAll(regexp.QuoteMeta(pattern), "%", ".*")+")$").MatchString(name)
}
