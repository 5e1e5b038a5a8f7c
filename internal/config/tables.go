package config

import (
	"math"
	"time"
)

// TableMode says for which tables there are series.
type TableMode string

// The table modes.
const (
	TablesOff     TableMode = "off"     // table statuses are not asked for
	TablesSummary TableMode = "summary" // counts a task
	TablesErrors  TableMode = "errors"  // and series for tables with errors
	TablesAll     TableMode = "all"     // and series for all tables
)

// Tables says what is asked about tables.
type Tables struct {
	Mode     TableMode
	Filter                 // on "schema.table"
	Interval time.Duration // 0: at every poll
	Limit    int           // tables with series of their own, per manager; at least 1
}

func tableFields(t *Tables) []field {
	fields := []field{
		{name: "mode", codec: oneOf(&t.Mode, TablesOff, TablesSummary, TablesErrors, TablesAll), doc: "off: no table statuses; summary: counts a task; errors: and series for tables with errors; all: and series for all tables"},
	}
	fields = append(fields, filterFields(&t.Filter, `"schema.table"`)...)
	return append(fields,
		field{name: "interval", codec: duration(&t.Interval, 0), doc: "how often table statuses are read, the dear call; 0s: at every poll"},
		field{name: "limit", codec: integer(&t.Limit, between{1, math.MaxInt}), doc: "tables with series of their own, per manager; a stable choice, and what it leaves out is counted"},
	)
}
