package aemtest

import (
	"slices"
	"time"
)

// task is one task: a generated one that lives, or a custom one that stands still.
type task struct {
	product  Product
	start    time.Time
	static   Task // what never changes; all there is of a custom task
	custom   bool
	life     life
	compose  composeLife
	edits    []edit
	steer    steering
	touched  map[tableKey]tableSteer // tables that the API has reloaded or resumed
	chosen   *plan                   // what the next full load is of; nil: what the last one was of
	loadEnds time.Duration           // the full load of a custom task that was reloaded
}

// edit is a change of what the API says of a task. After a call of the API has
// changed a task that was edited, its state is again that of its life: apply is
// nil.
type edit struct{ apply func(*Task) }

func (t *task) name() string { return t.static.Name }

// at is the task at an instant, without its tables unless someone has edited it.
func (t *task) at(now time.Time) Task {
	if len(t.edits) > 0 {
		return t.withTables(now)
	}
	return t.lived(now)
}

// withTables is the task at an instant with its tables, a copy.
func (t *task) withTables(now time.Time) Task {
	v := t.lived(now)
	v = v.clone()
	if !t.custom && t.product == Replicate {
		v.Tables = make([]Table, 0, len(t.life.plan.tables))
		t.livedTables(now, func(x *Table) { v.Tables = append(v.Tables, *x) })
	}
	if len(t.edits) == 0 {
		return v
	}
	own := v.clone()
	for _, e := range t.edits {
		if e.apply == nil {
			t.restoreStatus(&v, &own)
		} else {
			e.apply(&v)
		}
	}
	return v
}

// restoreStatus gives an edited task back what a call of the API has changed.
func (t *task) restoreStatus(v, own *Task) {
	v.State, v.StopReason, v.Message = own.State, own.StopReason, own.Message
	v.MemoryMB, v.CPU = own.MemoryMB, own.CPU
	v.SourceLatency, v.TotalLatency = own.SourceLatency, own.TotalLatency
	v.FullLoadThroughput = own.FullLoadThroughput
	for i := range v.Tables {
		x := &v.Tables[i]
		if _, touched := t.touched[x.key()]; !touched {
			continue
		}
		if y := first(own.Tables, func(y *Table) bool { return y.key() == x.key() }); y != nil {
			v.FullLoad.recount(x.State, y.State)
			*x = *y
		}
	}
}

// imposeStatus makes the task's own state count more than the edits so far.
func (t *task) imposeStatus() {
	if len(t.edits) == 0 {
		return
	}
	t.edits = slices.DeleteFunc(t.edits, func(e edit) bool { return e.apply == nil })
	t.edits = append(t.edits, edit{})
}

// eachTable calls visit with every table at an instant.
func (t *task) eachTable(now time.Time, visit func(*Table)) {
	if !t.custom && len(t.edits) == 0 {
		t.livedTables(now, visit)
		return
	}
	v := t.withTables(now)
	for i := range v.Tables {
		visit(&v.Tables[i])
	}
}

// lived is the task without edits and, when it is generated, without tables.
func (t *task) lived(now time.Time) Task {
	switch {
	case t.custom:
		return t.customAt(now)
	case t.product == Compose:
		return t.composeAt(now)
	}
	return t.replicateAt(now)
}

func (t *task) replicateAt(now time.Time) Task {
	v, l := t.static, &t.life
	at, p, out := t.own(now)
	halted := out
	ls := l.loadAt(at)
	if !out {
		p, out = l.outage.phaseAt(at)
	}
	switch {
	case halted:
	case l.rest.state != "":
		p = l.rest
	case t.loadsOnly() && ls.done:
		p = phase{state: Stopped, reason: "FULL_LOAD_ONLY_FINISHED"}
	case !out:
		p = phase{state: Running, reason: "NONE"}
	}
	v.State, v.StopReason, v.Message = p.state, p.reason, p.message
	running := v.State == Running || v.State == Recovery
	worked := l.worked(at)
	if l.rest.state != "" {
		worked = l.age.Seconds()
	}
	t.setLoad(&v, ls, running && !out)
	if t.changes() {
		t.setChanges(&v, at, worked, running)
	}
	v.DataErrors = l.dataErrors(worked, at)
	if v.State == Running || v.State == Recovery || v.State == Starting {
		v.MemoryMB = int64(l.swung(l.memory, 0.15, at))
		v.CPU = int64(l.swung(l.cpu, 0.4, at))
	}
	if l.cpu < 0 {
		v.CPU = -1
	}
	if halted {
		v.idle(p)
	}
	onDisk := v.Transactions.AccumulatedChangesOnDisk + v.Transactions.ApplyingChangesOnDisk
	v.DiskMB = int64(l.disk + float64(onDisk)*l.changeBytes/(1<<20))
	return v
}

func (t *task) changes() bool {
	return t.static.ApplyChanges || t.static.StoreChanges || t.static.AuditChanges
}

func (t *task) loadsOnly() bool { return t.static.FullLoadEnabled && !t.changes() }

// setChanges fills in what a task that processes changes has. The rates keep their
// last value while the task does not run, as those of the API do.
func (t *task) setChanges(v *Task, at time.Duration, worked float64, running bool) {
	l := &t.life
	base := l.restartBase(at)
	applied := l.changes(worked)
	if base > 0 {
		applied -= l.changes(base)
	}
	rate := l.rateAt(worked)
	v.CDC.Inserts = int64(applied * l.inserts)
	v.CDC.Deletes = int64(applied * l.deletes)
	v.CDC.Updates = int64(applied * (1 - l.inserts - l.deletes))
	v.CDC.DDL = int64((worked - base) / 86400 * l.ddlPerDay)
	v.CDCThroughput = Throughput{
		SourceRecords: int64(rate),
		SourceVolume:  int64(rate * l.changeBytes / 1024),
		TargetRecords: int64(rate * 0.98),
		TargetVolume:  int64(rate * 0.96 * l.changeBytes / 1024),
	}
	x := &v.Transactions
	x.CommitChangeRecords = int64(applied)
	x.AppliedRecords = int64(applied * 0.998)
	x.AppliedTransactions = int64(applied / l.perTransaction)
	x.AppliedMB = int64(applied * l.changeBytes / (1 << 20))
	x.RollbackTransactions = int64(applied / l.perTransaction / 400)
	x.RollbackChangeRecords = int64(applied / 900)
	x.RollbackChangeMB = int64(applied / 900 * l.changeBytes / (1 << 20))
	if !running {
		return
	}
	source, total := l.lag(at)
	v.SourceLatency = time.Duration(source) * time.Second
	v.TotalLatency = time.Duration(total) * time.Second
	l.setPending(x, at, rate, source, total)
}

// setPending fills in the changes that wait: for a commit of the source, then for
// one of the target.
func (l *life) setPending(x *Transactions, at time.Duration, rate, source, total float64) {
	const inMemory = 50_000 // changes that fit
	accumulated, applying := rate*source, rate*(total-source)
	if elapsed, open := l.spill.at(at); open {
		accumulated += inMemory + rate*climbed(elapsed, l.spill.lasts)
	}
	x.AccumulatedChangesInMemory = int64(min(accumulated, inMemory))
	x.AccumulatedChangesOnDisk = int64(max(0, accumulated-inMemory))
	x.ApplyingChangesInMemory = int64(min(applying, inMemory))
	x.ApplyingChangesOnDisk = int64(max(0, applying-inMemory))
	x.AppliedRecordsInProgress = x.ApplyingChangesInMemory + x.ApplyingChangesOnDisk
	x.AppliedTransactionsInProgress = int64(float64(x.AppliedRecordsInProgress) / l.perTransaction)
}
