package aemtest

import (
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// plan is a set of tables, and how a full load goes through them. Many tasks share
// one.
type plan struct {
	tables []planTable
}

type planTable struct {
	tableKey
	targetSchema, targetName string
	begin, end               float64 // part of the load's work before and after it
	rows                     float64 // share of the rows
	changes                  float64 // share of the changes; 0 for a table that never changes
}

// share gives the tables their shares of the rows and of the changes, and their places in a full
// load. Of so many tables, the last one never changes; 0: all change.
func (p *plan) share(variant, still int) {
	var sum float64
	for i := range p.tables {
		t := &p.tables[i]
		t.rows = 1 + float64((i*7+variant)%11)
		if still == 0 || i%still != still-1 {
			t.changes = 1 + float64((i*5+variant)%13)
		}
		sum += t.changes
	}
	for i := range p.tables {
		p.tables[i].changes /= max(sum, 1)
	}
	p.arrange()
}

// lanes is how many tables a full load works on at a time.
const lanes = 5

// arrange gives the tables their places in a full load: each of the lanes takes
// the next table when it has finished one. A table's size is its share of rows.
func (p *plan) arrange() {
	var total float64
	for i := range p.tables {
		total += p.tables[i].rows
	}
	var free [lanes]float64
	for i := range p.tables {
		t := &p.tables[i]
		t.rows /= total
		first := 0
		for lane := range free {
			if free[lane] < free[first] {
				first = lane
			}
		}
		t.begin = free[first]
		t.end = t.begin + t.rows
		free[first] = t.end
	}
	var last float64
	for _, f := range free {
		last = max(last, f)
	}
	for i := range p.tables {
		p.tables[i].begin /= last
		p.tables[i].end /= last
	}
}

func (t *task) setLoad(v *Task, ls loadState, working bool) {
	l := &t.life
	if l.load.lasts == 0 || !ls.begun {
		return
	}
	f := &v.FullLoad
	f.Start = t.instant(ls.begin)
	f.Completed = aem.BoolOf(ls.done)
	if ls.done {
		f.End = t.instant(l.loadTime(ls, 1))
	}
	_, failing := l.table.at(ls.now)
	for i := range l.plan.tables {
		p := &l.plan.tables[i]
		rows, transferred := l.loaded(i, p, ls)
		state := t.tableState(i, p, ls, failing)
		if len(t.touched) > 0 {
			state, rows, transferred = t.steeredTable(p, state, rows, transferred, ls.now)
		}
		addTo(&f.RecordsEstimated, rows)
		addTo(&f.RecordsCompleted, transferred)
		addTo(bucket(f, state), 1)
	}
	if working && !ls.done {
		rate := l.swung(l.load.rows/l.load.lasts.Seconds(), 0.2, ls.now)
		f.Throughput = aem.Throughput{
			SourceRecords: whole(rate),
			SourceVolume:  whole(rate * l.load.bytes / 1024),
			TargetRecords: whole(rate * 0.99),
			TargetVolume:  whole(rate * 0.97 * l.load.bytes / 1024),
		}
	}
}

// loaded is how many rows a table has, and how many of them are loaded. A table
// that cannot be loaded ends early.
func (l *life) loaded(i int, p *planTable, ls loadState) (rows, transferred int64) {
	all := l.load.rows * p.rows
	if i < l.broken {
		all /= 10
	}
	part := 1.0
	if !ls.done {
		part = min(1, max(0, (ls.progress-p.begin)/(p.end-p.begin)))
	}
	return int64(all), int64(all * part)
}

// tableState is the state of the table at a place in the plan.
func (t *task) tableState(i int, p *planTable, ls loadState, failing bool) aem.TableState {
	loading := t.life.load.lasts > 0 && !ls.done
	switch {
	case loading && (!ls.begun || ls.progress < p.begin):
		return aem.TableQueued
	case i < t.life.broken, failing && i == len(t.life.plan.tables)-1:
		return aem.TableError
	case loading && ls.progress < p.end:
		return aem.TableLoading
	case loading, !t.changes(), p.changes == 0:
		return aem.TableCompleted
	}
	return aem.TableChangeProcessing
}

// emptyTable is one of which nothing has been loaded or changed.
var emptyTable = given(aem.TableStatus{})

// livedTables calls visit with every table of a generated task. The table is the
// same one each time.
func (t *task) livedTables(now time.Time, visit func(*aem.TableStatus)) {
	if t.product != aem.Replicate {
		return
	}
	l := &t.life
	at, _, _ := t.own(now)
	ls := l.loadAt(at)
	task := t.replicateAt(now)
	_, failing := l.table.at(at)
	var v aem.TableStatus
	count := func(n aem.Number, share float64) aem.Number { return whole(float64(n.Int()) * share) }
	for i := range l.plan.tables {
		p := &l.plan.tables[i]
		v = emptyTable
		v.Schema, v.Name, v.TargetSchema, v.TargetName = p.schema, p.name, p.targetSchema, p.targetName
		v.State = t.tableState(i, p, ls, failing)
		v.CDC.Inserts = count(task.CDCEvents.Inserts, p.changes)
		v.CDC.Updates = count(task.CDCEvents.Updates, p.changes)
		v.CDC.Deletes = count(task.CDCEvents.Deletes, p.changes)
		if i == len(l.plan.tables)-1 {
			v.DataErrors, v.CDC.DDL = task.DataErrors, task.CDCEvents.DDL
		}
		t.setTableLoad(&v, i, ls)
		if len(t.touched) > 0 {
			t.steerTable(&v, at)
		}
		visit(&v)
	}
}

func (t *task) setTableLoad(v *aem.TableStatus, i int, ls loadState) {
	l := &t.life
	if l.load.lasts == 0 {
		return
	}
	p := &l.plan.tables[i]
	f := &v.FullLoad
	rows, transferred := l.loaded(i, p, ls)
	f.TransferredRows = whole(transferred)
	f.TransferredBytes = whole(float64(transferred) * l.load.bytes)
	if v.State == aem.TableQueued || v.State == aem.TableLoading {
		f.EstimatedRows = whole(rows)
	}
	if v.State == aem.TableQueued {
		v.TargetSchema, v.TargetName = "", ""
		return
	}
	begin := l.loadTime(ls, p.begin)
	f.Start = t.instant(begin)
	if ls.done || ls.progress >= p.end {
		f.End = t.instant(l.loadTime(ls, p.end))
	} else if t.changes() {
		cached := max(0, (ls.now-begin).Seconds()) * l.rate * p.changes
		v.CDC.CachedInserts = whole(cached * l.inserts)
		v.CDC.CachedDeletes = whole(cached * l.deletes)
		v.CDC.CachedUpdates = whole(cached * (1 - l.inserts - l.deletes))
	}
}
