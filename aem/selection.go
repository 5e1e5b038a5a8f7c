package aem

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// TableSelection says which tables of the source a Replicate task takes
// (GetTaskTableSelection, PutTaskTableSelection).
type TableSelection struct {
	Included []SelectedTable `api:"included_pattern"`         // patterns, with % for any text
	Excluded []SelectedTable `api:"excluded_pattern"`         // patterns
	Explicit []SelectedTable `api:"explicit_included_tables"` // exact names
}

// SelectedTable is a table, or a pattern of tables, of a selection.
type SelectedTable struct {
	Owner     string    `api:"owner"`
	Name      string    `api:"name,required"`
	LoadOrder LoadOrder `api:"load_order"`
	Type      TableType `api:"table_type"` // "" counts as a table
}

var tableSelectionTable = wire.NewTable[TableSelection]()

// LoadOrder says how early a table is loaded; a higher one comes first. Any number
// is allowed.
type LoadOrder int64

// The load orders that have a name.
const (
	LoadLowest  LoadOrder = -math.MaxInt32
	LoadLower   LoadOrder = -5000
	LoadLow     LoadOrder = -1000
	LoadNormal  LoadOrder = 0
	LoadHigh    LoadOrder = 1000
	LoadHigher  LoadOrder = 5000
	LoadHighest LoadOrder = math.MaxInt32
)

// UnmarshalText reads a number, or a name of one.
func (o *LoadOrder) UnmarshalText(text []byte) error {
	word := strings.ToLower(strings.TrimSpace(string(text)))
	if v, err := strconv.ParseInt(word, 10, 64); err == nil {
		*o = LoadOrder(v)
		return nil
	}
	order, ok := map[string]LoadOrder{
		"lowest": LoadLowest, "lower": LoadLower, "low": LoadLow, "normal": LoadNormal,
		"high": LoadHigh, "higher": LoadHigher, "highest": LoadHighest,
	}[word]
	if !ok {
		return fmt.Errorf("aem: %q is no load order", text)
	}
	*o = order
	return nil
}

// TableType tells tables from views.
type TableType string

// The types of a selected table.
const (
	TypeTable TableType = "table"
	TypeView  TableType = "view"
)

// Spellings lists the types; the API has no number 0.
func (TableType) Spellings() []TableType { return []TableType{"", TypeTable, TypeView} }

// TableSelection returns which tables a task takes. It needs the role Viewer on
// Enterprise Manager.
//
// API: GetTaskTableSelection, GET /servers/{server}/tasks/{task}/tables?action=selection.
func (s TasksService) TableSelection(ctx context.Context, ref TaskRef, opts ...CallOption) (*TableSelection, error) {
	c := get("GetTaskTableSelection", ref.path("tables")...).with("action", "selection")
	return fetchOne(ctx, s.core, opts, c, readTableSelection)
}

// PutTableSelection replaces which tables a task takes, as a whole; a selection
// that includes nothing is refused. It needs the role Admin on Enterprise Manager.
//
// API: PutTaskTableSelection, PUT /servers/{server}/tasks/{task}/tables?action=selection.
func (s TasksService) PutTableSelection(ctx context.Context, ref TaskRef, selection TableSelection,
	opts ...CallOption) error {
	c := send(http.MethodPut, "PutTaskTableSelection", "selection", ref.path("tables")...)
	if len(selection.Included) == 0 && len(selection.Explicit) == 0 {
		c.refuse("the selection includes no table")
	}
	for _, part := range []*[]SelectedTable{&selection.Included, &selection.Excluded, &selection.Explicit} {
		*part = slices.Clone(*part)
		for i := range *part {
			t := &(*part)[i]
			if t.Owner == "" || t.Name == "" {
				c.refuse(fmt.Sprintf("table %q of owner %q: both must be given", t.Name, t.Owner))
			}
			t.Type = cmp.Or(t.Type, TypeTable)
		}
	}
	return s.core.do(ctx, opts, value(c, tableSelectionTable, &selection))
}

// readTableSelection understands all or nothing: a selection of which a part is missing
// must not be put back.
func readTableSelection(s *wire.Scanner, selection *TableSelection) error {
	s.Strict = true
	tableSelectionTable.Document(s, selection)
	if !s.Known {
		s.Fault("not a table selection")
	}
	if n := s.Skipped(); n > 0 {
		s.Fault(fmt.Sprintf("%d elements of the table selection made no sense", n))
	}
	return s.Result()
}
