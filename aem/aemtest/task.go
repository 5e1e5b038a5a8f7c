package aemtest

import (
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// task is one task: a generated one that lives, or a custom one that stands still.
type task struct {
	product  aem.Product
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
	if !t.custom && t.product == aem.Replicate {
		v.Tables = make([]aem.TableStatus, 0, len(t.life.plan.tables))
		t.livedTables(now, func(x *aem.TableStatus) { v.Tables = append(v.Tables, *x) })
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
	v.MemoryMB, v.CPU, v.Latency, v.FullLoad.Throughput = own.MemoryMB, own.CPU, own.Latency, own.FullLoad.Throughput
	for i := range v.Tables {
		x := &v.Tables[i]
		if _, touched := t.touched[keyOf(x)]; !touched {
			continue
		}
		if y := first(own.Tables, func(y *aem.TableStatus) bool { return keyOf(y) == keyOf(x) }); y != nil {
			recount(&v.FullLoad, x.State, y.State)
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
func (t *task) eachTable(now time.Time, visit func(*aem.TableStatus)) {
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
	case t.product == aem.Compose:
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
		p = phase{state: aem.TaskStopped, reason: aem.StopFullLoadOnlyFinished}
	case !out:
		p = phase{state: aem.TaskRunning, reason: aem.StopNone}
	}
	v.State, v.StopReason, v.Message = p.state, p.reason, p.message
	running := works(&v)
	worked := l.worked(at)
	if l.rest.state != "" {
		worked = l.age.Seconds()
	}
	t.setLoad(&v, ls, running && !out)
	if t.changes() {
		t.setChanges(&v, at, worked, running)
	}
	v.DataErrors = whole(l.dataErrors(worked, at))
	if running || v.State == aem.TaskStarting {
		v.MemoryMB = whole(l.swung(l.memory, 0.15, at))
		v.CPU = whole(l.swung(l.cpu, 0.4, at))
	}
	if l.cpu < 0 {
		v.CPU = aem.WholeOf(-1)
	}
	if halted {
		v.idle(p)
	}
	onDisk := v.Transactions.AccumulatedOnDisk.Int() + v.Transactions.ApplyingOnDisk.Int()
	v.DiskMB = whole(l.disk + float64(onDisk)*l.changeBytes/(1<<20))
	return v
}

// works reports whether a task does something.
func works(v *Task) bool { return v.State == aem.TaskRunning || v.State == aem.TaskRecovering }

// changes reports whether a task of these options processes changes.
func changes(o *aem.TaskOptions) bool {
	return o.ApplyChanges.True() || o.StoreChanges.True() || o.AuditChanges.True()
}

func (t *task) changes() bool { return changes(&t.static.Options) }

func (t *task) loadsOnly() bool { return t.static.Options.FullLoad.True() && !t.changes() }

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
	v.CDCEvents = aem.CDCEvents{
		Inserts: whole(applied * l.inserts),
		Updates: whole(applied * (1 - l.inserts - l.deletes)),
		Deletes: whole(applied * l.deletes),
		DDL:     whole((worked - base) / 86400 * l.ddlPerDay),
	}
	v.CDCThroughput = aem.Throughput{
		SourceRecords: whole(rate),
		SourceVolume:  whole(rate * l.changeBytes / 1024),
		TargetRecords: whole(rate * 0.98),
		TargetVolume:  whole(rate * 0.96 * l.changeBytes / 1024),
	}
	x := &v.Transactions
	x.CommitChangeRecords = whole(applied)
	x.CommittedRecords = whole(applied * 0.998)
	x.CommittedTransactions = whole(applied / l.perTransaction)
	x.CommittedMB = whole(applied * l.changeBytes / (1 << 20))
	x.RollbackTransactions = whole(applied / l.perTransaction / 400)
	x.RollbackChangeRecords = whole(applied / 900)
	x.RollbackChangeMB = whole(applied / 900 * l.changeBytes / (1 << 20))
	if !running {
		return
	}
	source, total := l.lag(at)
	seconds := func(s float64) aem.Duration { return aem.DurationOf(time.Duration(s) * time.Second) }
	v.Latency = aem.Latency{Source: seconds(source), Total: seconds(total)}
	l.setPending(x, at, rate, source, total)
}

// setPending fills in the changes that wait: for a commit of the source, then for
// one of the target.
func (l *life) setPending(x *aem.Transactions, at time.Duration, rate, source, total float64) {
	const inMemory = 50_000 // changes that fit
	accumulated, applying := rate*source, rate*(total-source)
	if elapsed, open := l.spill.at(at); open {
		accumulated += inMemory + rate*climbed(elapsed, l.spill.lasts)
	}
	x.AccumulatedInMemory = whole(min(accumulated, inMemory))
	x.AccumulatedOnDisk = whole(max(0, accumulated-inMemory))
	x.ApplyingInMemory = whole(min(applying, inMemory))
	x.ApplyingOnDisk = whole(max(0, applying-inMemory))
	x.InProgressRecords = whole(x.ApplyingInMemory.Int() + x.ApplyingOnDisk.Int())
	x.InProgressTransactions = whole(x.InProgressRecords.Float() / l.perTransaction)
}
