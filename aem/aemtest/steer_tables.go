package aemtest

import (
	"cmp"
	"slices"
	"time"
)

type tableKey struct{ schema, name string }

// tableSteer is what a call of the API has made of one table: it was reloaded, or
// only resumed. Its times are of the task's own time.
type tableSteer struct {
	at     time.Duration
	loads  bool          // it was reloaded
	lasts  time.Duration // of loading
	before CDC           // changes that do not count any more
}

// queuedFor is how long a table waits before it is reloaded.
const queuedFor = 3 * time.Second

// state is the state of the table, and which part of it is loaded.
func (s *tableSteer) state(own time.Duration, settled string) (string, float64) {
	elapsed := own - s.at
	switch {
	case !s.loads:
		return settled, 1
	case elapsed < queuedFor:
		return TableQueued, 0
	case elapsed < queuedFor+s.lasts:
		return TableLoading, float64(elapsed-queuedFor) / float64(s.lasts)
	}
	return settled, 1
}

// settled is the state of a table that is loaded.
func (t *task) settled(changes bool) string {
	if changes && (t.changes() || t.custom && !t.static.FullLoadEnabled) {
		return TableChangeProcessing
	}
	return TableCompleted
}

// steeredTable is what is left of a generated table's state and rows after the
// calls of the API.
func (t *task) steeredTable(p *planTable, state string, rows, transferred int64, own time.Duration) (string, int64,
	int64) {
	s, ok := t.touched[p.tableKey]
	if !ok || t.failedAgain(p, s, own) {
		return state, rows, transferred
	}
	state, part := s.state(own, t.settled(p.changes > 0))
	if s.loads {
		rows = int64(t.life.load.rows * p.rows)
		transferred = int64(float64(rows) * part)
	}
	return state, rows, transferred
}

// failedAgain reports whether the incident of a failing table has come back since
// the table was reloaded or resumed.
func (t *task) failedAgain(p *planTable, s tableSteer, own time.Duration) bool {
	elapsed, open := t.life.table.at(own)
	return open && own-elapsed > s.at && p == &t.life.plan.tables[len(t.life.plan.tables)-1]
}

func (t *task) steerTable(v *Table, own time.Duration) {
	s, ok := t.touched[v.key()]
	if !ok {
		return
	}
	rows, bytes, changes, forgets := cmp.Or(max(v.TransferredRows, v.EstimatedRows), customRows), 100.0, true, s.loads
	if v.TransferredRows > 0 && v.TransferredBytes > 0 {
		bytes = float64(v.TransferredBytes) / float64(v.TransferredRows)
	}
	if !t.custom {
		p := t.life.plan.find(v.key())
		if t.failedAgain(p, s, own) {
			return
		}
		rows, bytes, changes = int64(t.life.load.rows*p.rows), t.life.load.bytes, p.changes > 0
		forgets = t.life.restarted == nil || s.at >= *t.life.restarted
		v.TargetSchema, v.TargetName = p.targetSchema, p.targetName
	}
	if forgets {
		v.Changes.add(s.before, -1)
	}
	var part float64
	v.State, part = s.state(own, t.settled(changes))
	if !s.loads {
		return
	}
	v.CachedInserts, v.CachedUpdates, v.CachedDeletes = 0, 0, 0
	v.EstimatedRows, v.Start, v.End, v.DataErrors = 0, time.Time{}, time.Time{}, 0
	v.TransferredRows = int64(float64(rows) * part)
	v.TransferredBytes = int64(float64(v.TransferredRows) * bytes)
	loading := v.State == TableLoading
	if v.State == TableQueued || loading {
		v.EstimatedRows = rows
	}
	if v.State != TableQueued {
		v.Start = t.instant(s.at + queuedFor)
	}
	if v.State != TableQueued && !loading {
		v.End = t.instant(s.at + queuedFor + s.lasts)
	}
}

// add adds the changes of x so many times; no count falls below zero.
func (c *CDC) add(x CDC, times int64) {
	c.Inserts, c.Updates = max(0, c.Inserts+times*x.Inserts), max(0, c.Updates+times*x.Updates)
	c.Deletes, c.DDL = max(0, c.Deletes+times*x.Deletes), max(0, c.DDL+times*x.DDL)
}

// find finds a table of a plan; nil when it has none of that name.
func (p *plan) find(key tableKey) *planTable {
	return first(p.tables, func(t *planTable) bool { return t.tableKey == key })
}

func (f *FullLoad) bucket(state string) *int64 {
	switch state {
	case TableQueued:
		return &f.TablesQueued
	case TableLoading:
		return &f.TablesLoading
	case TableError:
		return &f.TablesWithError
	}
	return &f.TablesCompleted
}

func (f *FullLoad) recount(from, to string) {
	if from == to {
		return
	}
	if n := f.bucket(from); *n > 0 {
		*n--
	}
	*f.bucket(to)++
}

// What calls of the API reload of a custom task has so many rows, unless its table says
// how many, and takes so long.
const (
	customRows int64 = 1000
	customLoad       = 20 * time.Second
)

// customAt is a custom task: it stands still but for what the API has done.
func (t *task) customAt(now time.Time) Task {
	v := t.static
	own, p, idle := t.own(now)
	if idle {
		v.idle(p)
	}
	if len(t.touched) > 0 {
		v.Tables = slices.Clone(v.Tables)
	}
	for i := range v.Tables {
		was := v.Tables[i].State
		t.steerTable(&v.Tables[i], own)
		v.FullLoad.recount(was, v.Tables[i].State)
	}
	if t.loadEnds > 0 && own < t.loadEnds {
		v.FullLoad.Completed, v.FullLoad.End = false, time.Time{}
	}
	return v
}

func (t *task) reloadCustom(own time.Duration) {
	v := &t.static
	v.DataErrors = 0
	t.loadEnds = own + queuedFor + customLoad
	v.FullLoad.Start, v.FullLoad.End, v.FullLoad.Completed = t.instant(own), t.instant(t.loadEnds), true
	t.touched = make(map[tableKey]tableSteer, len(v.Tables))
	for i := range v.Tables {
		t.touched[v.Tables[i].key()] = tableSteer{at: own, loads: true, lasts: customLoad}
	}
}

// forgetCounters sets what counts applied changes to zero, as a start does.
func (t *task) forgetCounters() {
	v := &t.static
	v.CDC, v.Transactions = CDC{}, Transactions{}
	for i := range v.Tables {
		v.Tables[i].Changes = CDC{}
	}
}
