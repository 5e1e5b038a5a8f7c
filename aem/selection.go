package aem

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// TableSelection says which tables of the source a Replicate task takes
// (GetTaskTableSelection, PutTaskTableSelection).
type TableSelection struct {
	Included []SelectedTable // patterns, with % for any text
	Excluded []SelectedTable // patterns
	Explicit []SelectedTable // exact names
}

// SelectedTable is a table, or a pattern of tables, of a selection.
type SelectedTable struct {
	Owner, Name string
	LoadOrder   LoadOrder
	Type        TableType // "" counts as a table
}

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

// TableType tells tables from views.
type TableType string

// The types of a selected table.
const (
	TypeTable TableType = "table"
	TypeView  TableType = "view"
)

// TableSelection returns which tables a task takes. It needs the role Viewer on
// Enterprise Manager.
//
//qem:operation GetTaskTableSelection GET /servers/{server}/tasks/{task}/tables?action=selection
func (s TasksService) TableSelection(ctx context.Context, server, task string) (*TableSelection, error) {
	return fetch(ctx, s.core.call, &call{
		operation:  "GetTaskTableSelection",
		verb:       http.MethodGet,
		path:       []string{"servers", server, "tasks", task, "tables"},
		query:      query{{"action", "selection"}},
		idempotent: true,
	}, decodeTableSelection)
}

// PutTableSelection replaces which tables a task takes, as a whole; a selection
// that includes nothing is refused. It needs the role Admin on Enterprise Manager.
//
//qem:operation PutTaskTableSelection PUT /servers/{server}/tasks/{task}/tables?action=selection
func (s TasksService) PutTableSelection(ctx context.Context, server, task string, selection TableSelection) error {
	c := &call{
		operation: "PutTaskTableSelection",
		verb:      http.MethodPut,
		path:      []string{"servers", server, "tasks", task, "tables"},
		query:     query{{"action", "selection"}},
	}
	if len(selection.Included) == 0 && len(selection.Explicit) == 0 {
		return refusal(c.operation, "the selection includes no table")
	}
	body := object{}
	for _, part := range []struct {
		key  string
		list []SelectedTable
	}{
		{"included_pattern", selection.Included},
		{"excluded_pattern", selection.Excluded},
		{"explicit_included_tables", selection.Explicit},
	} {
		elements := make([]object, 0, len(part.list))
		for i, t := range part.list {
			if t.Owner == "" || t.Name == "" {
				return refusal(c.operation, fmt.Sprintf("element %d of %s has no owner or no name", i, part.key))
			}
			elements = append(elements, t.object())
		}
		body[part.key] = elements
	}
	if err := c.setJSON(body); err != nil {
		return err
	}
	return s.core.call(ctx, c)
}

func (t SelectedTable) object() object {
	kind := t.Type
	if kind == "" {
		kind = TypeTable
	}
	return object{"owner": t.Owner, "name": t.Name, "load_order": int64(t.LoadOrder), "table_type": strings.ToUpper(string(kind))}
}

// decodeTableSelection reads the body of GetTaskTableSelection. It understands all
// or nothing: a selection of which a part is missing must not be put back.
func decodeTableSelection(r io.Reader) (*TableSelection, error) {
	s := newScanner(r)
	selection := &TableSelection{}
	known := 0
	s.document(false, func(key []byte) bool {
		switch string(key) {
		case "includedpattern":
			s.selected(&selection.Included)
		case "excludedpattern":
			s.selected(&selection.Excluded)
		case "explicitincludedtables":
			s.selected(&selection.Explicit)
		default:
			return false
		}
		known++
		return true
	})
	switch {
	case s.shape != "":
	case known == 0:
		s.shape = "not a table selection"
	case s.skipped > 0:
		s.shape = fmt.Sprintf("%d elements of the table selection made no sense", s.skipped)
	}
	if err := s.result(); err != nil {
		return nil, err
	}
	return selection, nil
}

func (s *scanner) selected(to *[]SelectedTable) {
	s.list("table selection", func() bool {
		t := SelectedTable{}
		ordered := true
		s.object(func(key []byte) bool {
			switch string(key) {
			case "owner":
				s.text(&t.Owner)
			case "name":
				s.text(&t.Name)
			case "loadorder":
				ordered = s.loadOrder(&t.LoadOrder)
			case "tabletype":
				enum(s, &t.Type, tableType)
			default:
				return false
			}
			return true
		})
		*to = append(*to, t)
		return ordered && t.Name != ""
	})
}

// loadOrder reads a number, or a name of one. null counts as normal.
func (s *scanner) loadOrder(to *LoadOrder) bool {
	if s.dec.PeekKind() == 'n' {
		s.skip()
		return true
	}
	text, _ := s.scalar()
	if v, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
		*to = LoadOrder(v)
		return true
	}
	switch string(s.squash(text)) {
	case "lowest":
		*to = LoadLowest
	case "lower":
		*to = LoadLower
	case "low":
		*to = LoadLow
	case "normal":
		*to = LoadNormal
	case "high":
		*to = LoadHigh
	case "higher":
		*to = LoadHigher
	case "highest":
		*to = LoadHighest
	default:
		return false
	}
	return true
}

func tableType(word []byte) TableType {
	switch string(word) {
	case "table", "1":
		return TypeTable
	case "view", "2":
		return TypeView
	}
	return ""
}
