package aemtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

type tableKey struct{ schema, name string }

func keyOf(t *aem.TableStatus) tableKey { return tableKey{t.Schema, t.Name} }

// tableSteer is what a call of the API has made of one table: it was reloaded, or
// only resumed. Its times are of the task's own time.
type tableSteer struct {
	at     time.Duration
	loads  bool          // it was reloaded
	lasts  time.Duration // of loading
	before aem.TableCDC  // changes that do not count any more
}

// queuedFor is how long a table waits before it is reloaded.
const queuedFor = 3 * time.Second

// state is the state of the table, and which part of it is loaded.
func (s *tableSteer) state(own time.Duration, settled aem.TableState) (aem.TableState, float64) {
	elapsed := own - s.at
	switch {
	case !s.loads:
		return settled, 1
	case elapsed < queuedFor:
		return aem.TableQueued, 0
	case elapsed < queuedFor+s.lasts:
		return aem.TableLoading, float64(elapsed-queuedFor) / float64(s.lasts)
	}
	return settled, 1
}

// settled is the state of a table that is loaded.
func (t *task) settled(changes bool) aem.TableState {
	if changes && (t.changes() || t.custom && !t.static.Options.FullLoad.True()) {
		return aem.TableChangeProcessing
	}
	return aem.TableCompleted
}

// steeredTable is what is left of a generated table's state and rows after the
// calls of the API.
func (t *task) steeredTable(
	p *planTable, state aem.TableState, rows, transferred int64, own time.Duration,
) (aem.TableState, int64, int64) {
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

func (t *task) steerTable(v *aem.TableStatus, own time.Duration) {
	s, ok := t.touched[keyOf(v)]
	if !ok {
		return
	}
	l := &v.FullLoad
	loaded := l.TransferredRows.Int()
	rows, bytes, changes, forgets := cmp.Or(max(loaded, l.EstimatedRows.Int()), customRows), 100.0, true, s.loads
	if loaded > 0 && l.TransferredBytes.Int() > 0 {
		bytes = float64(l.TransferredBytes.Int()) / float64(loaded)
	}
	if !t.custom {
		p := t.life.plan.find(keyOf(v))
		if t.failedAgain(p, s, own) {
			return
		}
		rows, bytes, changes = int64(t.life.load.rows*p.rows), t.life.load.bytes, p.changes > 0
		forgets = t.life.restarted == nil || s.at >= *t.life.restarted
		v.TargetSchema, v.TargetName = p.targetSchema, p.targetName
	}
	if forgets {
		addChanges(&v.CDC, s.before, -1)
	}
	var part float64
	v.State, part = s.state(own, t.settled(changes))
	if !s.loads {
		return
	}
	zero := aem.WholeOf(0)
	v.CDC.CachedInserts, v.CDC.CachedUpdates, v.CDC.CachedDeletes, v.DataErrors = zero, zero, zero, zero
	loaded = int64(float64(rows) * part)
	*l = aem.TableFullLoad{
		EstimatedRows: zero, TransferredRows: whole(loaded), TransferredBytes: whole(float64(loaded) * bytes),
	}
	loading := v.State == aem.TableLoading
	if v.State == aem.TableQueued || loading {
		l.EstimatedRows = whole(rows)
	}
	if v.State != aem.TableQueued {
		l.Start = t.instant(s.at + queuedFor)
	}
	if v.State != aem.TableQueued && !loading {
		l.End = t.instant(s.at + queuedFor + s.lasts)
	}
}

// addChanges adds the changes of x so many times; no count falls below zero.
func addChanges(c *aem.TableCDC, x aem.TableCDC, times int64) {
	add := func(n *aem.Number, v aem.Number) { *n = whole(max(0, n.Int()+times*v.Int())) }
	add(&c.Inserts, x.Inserts)
	add(&c.Updates, x.Updates)
	add(&c.Deletes, x.Deletes)
	add(&c.DDL, x.DDL)
}

// find finds a table of a plan; nil when it has none of that name.
func (p *plan) find(key tableKey) *planTable {
	return first(p.tables, func(t *planTable) bool { return t.tableKey == key })
}

// bucket is the count of the tables in a state.
func bucket(f *aem.FullLoad, state aem.TableState) *aem.Number {
	switch state {
	case aem.TableQueued:
		return &f.TablesQueued
	case aem.TableLoading:
		return &f.TablesLoading
	case aem.TableError:
		return &f.TablesWithError
	}
	return &f.TablesCompleted
}

// recount counts a table in another state than before.
func recount(f *aem.FullLoad, from, to aem.TableState) {
	if from == to {
		return
	}
	if n := bucket(f, from); n.Int() > 0 {
		addTo(n, -1)
	}
	addTo(bucket(f, to), 1)
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
		recount(&v.FullLoad, was, v.Tables[i].State)
	}
	if t.loadEnds > 0 && own < t.loadEnds {
		v.FullLoad.Completed, v.FullLoad.End = aem.BoolOf(false), time.Time{}
	}
	return v
}

func (t *task) reloadCustom(own time.Duration) {
	v := &t.static
	v.DataErrors = aem.WholeOf(0)
	t.loadEnds = own + queuedFor + customLoad
	v.FullLoad.Start, v.FullLoad.End, v.FullLoad.Completed = t.instant(own), t.instant(t.loadEnds), aem.BoolOf(true)
	t.touched = make(map[tableKey]tableSteer, len(v.Tables))
	for i := range v.Tables {
		t.touched[keyOf(&v.Tables[i])] = tableSteer{at: own, loads: true, lasts: customLoad}
	}
}

// forgetCounters sets what counts applied changes to zero, as a start does.
func (t *task) forgetCounters() {
	v := &t.static
	v.CDCEvents, v.Transactions = given(aem.CDCEvents{}), given(aem.Transactions{})
	for i := range v.Tables {
		x := &v.Tables[i].CDC
		*x = given(aem.TableCDC{
			LastUpdate: x.LastUpdate, CachedInserts: x.CachedInserts, CachedUpdates: x.CachedUpdates,
			CachedDeletes: x.CachedDeletes,
		})
	}
}
