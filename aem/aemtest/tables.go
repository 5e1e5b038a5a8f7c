package aemtest

import (
	"time"
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
	f.Completed = ls.done
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
		f.RecordsEstimated += rows
		f.RecordsCompleted += transferred
		*f.bucket(state)++
	}
	if working && !ls.done {
		rate := l.swung(l.load.rows/l.load.lasts.Seconds(), 0.2, ls.now)
		v.FullLoadThroughput = Throughput{
			SourceRecords: int64(rate),
			SourceVolume:  int64(rate * l.load.bytes / 1024),
			TargetRecords: int64(rate * 0.99),
			TargetVolume:  int64(rate * 0.97 * l.load.bytes / 1024),
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
func (t *task) tableState(i int, p *planTable, ls loadState, failing bool) string {
	loading := t.life.load.lasts > 0 && !ls.done
	switch {
	case loading && (!ls.begun || ls.progress < p.begin):
		return TableQueued
	case i < t.life.broken, failing && i == len(t.life.plan.tables)-1:
		return TableError
	case loading && ls.progress < p.end:
		return TableLoading
	case loading, !t.changes(), p.changes == 0:
		return TableCompleted
	}
	return TableChangeProcessing
}

// livedTables calls visit with every table of a generated task. The Table is the
// same one each time.
func (t *task) livedTables(now time.Time, visit func(*Table)) {
	if t.product != Replicate {
		return
	}
	l := &t.life
	at, _, _ := t.own(now)
	ls := l.loadAt(at)
	task := t.replicateAt(now)
	_, failing := l.table.at(at)
	var v Table
	for i := range l.plan.tables {
		p := &l.plan.tables[i]
		v = Table{
			Schema: p.schema, Name: p.name, TargetSchema: p.targetSchema, TargetName: p.targetName,
			State: t.tableState(i, p, ls, failing),
			Changes: CDC{
				Inserts: int64(float64(task.CDC.Inserts) * p.changes),
				Updates: int64(float64(task.CDC.Updates) * p.changes),
				Deletes: int64(float64(task.CDC.Deletes) * p.changes),
			},
		}
		if i == len(l.plan.tables)-1 {
			v.DataErrors = task.DataErrors
			v.Changes.DDL = task.CDC.DDL
		}
		t.setTableLoad(&v, i, ls)
		if len(t.touched) > 0 {
			t.steerTable(&v, at)
		}
		visit(&v)
	}
}

func (t *task) setTableLoad(v *Table, i int, ls loadState) {
	l := &t.life
	if l.load.lasts == 0 {
		return
	}
	p := &l.plan.tables[i]
	rows, transferred := l.loaded(i, p, ls)
	v.TransferredRows = transferred
	v.TransferredBytes = int64(float64(transferred) * l.load.bytes)
	if v.State == TableQueued || v.State == TableLoading {
		v.EstimatedRows = rows
	}
	if v.State == TableQueued {
		v.TargetSchema, v.TargetName = "", ""
		return
	}
	begin := l.loadTime(ls, p.begin)
	v.Start = t.instant(begin)
	if ls.done || ls.progress >= p.end {
		v.End = t.instant(l.loadTime(ls, p.end))
	} else if t.changes() {
		cached := max(0, (ls.now-begin).Seconds()) * l.rate * p.changes
		v.CachedInserts = int64(cached * l.inserts)
		v.CachedDeletes = int64(cached * l.deletes)
		v.CachedUpdates = int64(cached * (1 - l.inserts - l.deletes))
	}
}
