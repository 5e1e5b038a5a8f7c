package aemtest

import (
	"math"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// steering is what callers of the API have made of a task's time: a task has a
// time of its own, which stands still while it is stopped, so that it goes on
// where it was. Its times count from the start of the simulated time.
type steering struct {
	spans   []span // in order; the last one is the present
	halted  bool
	stop    time.Duration // when it halts
	starts  bool          // it is starting until the last span begins
	never   bool          // it has never run
	unready bool          // the next start begins the full load
}

// newSteering is that of a task which the API has neither started nor stopped.
func newSteering() steering { return steering{spans: []span{{-never, -never}}} }

type span struct{ from, own time.Duration }

// keptSpans is how many spans a task remembers, for the instants it tells.
const keptSpans = 64

// at is the task's own time, and what it says when it does not do its work.
func (s *steering) at(since time.Duration) (own time.Duration, p phase, idle bool) {
	last := s.spans[len(s.spans)-1]
	switch {
	case s.halted && since >= s.stop:
		p = phase{state: aem.TaskStopped, reason: aem.StopNormal}
		if s.never {
			p.reason = aem.StopNone
		}
		return last.own + max(0, s.stop-last.from), p, true
	case since < last.from:
		return last.own, phase{state: aem.TaskStarting, reason: aem.StopNone}, s.starts
	}
	return last.own + since - last.from, phase{}, false
}

// wall is when a moment of the task's own time was, since the start.
func (s *steering) wall(own time.Duration) time.Duration {
	i := len(s.spans) - 1
	for i > 0 && own < s.spans[i].own {
		i--
	}
	return s.spans[i].from + own - s.spans[i].own
}

// own is the task's own time at an instant, and what it says when the API has
// stopped it.
func (t *task) own(now time.Time) (own time.Duration, p phase, idle bool) {
	return t.steer.at(now.Sub(t.start))
}

// instant turns a moment of the task's own time into one of the clock.
func (t *task) instant(own time.Duration) time.Time {
	return instant(t.start, t.steer.wall(own))
}

// halt stops the task, which takes a while.
func (t *task) halt(now time.Time, takes time.Duration) {
	since := now.Sub(t.start)
	s := &t.steer
	if last := s.spans[len(s.spans)-1]; s.starts && since < last.from {
		takes = 0 // it has not begun
	}
	s.halted, s.stop = true, since+takes
	t.imposeStatus()
}

// resume starts the task, which takes a while. It goes on where it was, but not
// in the trouble that it may have been in.
func (t *task) resume(now time.Time, takes time.Duration) {
	since := now.Sub(t.start)
	own, _, _ := t.own(now)
	if t.life.rest.state != "" {
		own, t.life.rest = 0, phase{}
	}
	stood := since - t.steer.wall(own)
	own = t.afterTrouble(own)
	s := &t.steer
	s.spans = last(append(s.spans, span{from: since + takes, own: own}), keptSpans)
	s.halted, s.starts, s.never = false, takes > 0, false
	t.life.restarted, t.life.missed = &own, max(0, stood)
	if s.unready {
		s.unready = false
		t.reload(own)
	}
	if t.custom {
		v := &t.static
		v.State, v.StopReason, v.Message = aem.TaskRunning, aem.StopNone, ""
		if t.product == aem.Replicate {
			t.forgetCounters()
		}
	}
	t.imposeStatus()
}

// afterTrouble is the own time at which a task works that is to be started.
func (t *task) afterTrouble(own time.Duration) time.Duration {
	if elapsed, open := t.life.outage.at(own); open {
		own += t.life.outage.lasts - elapsed
	}
	if t.product == aem.Compose && !t.custom {
		own = t.compose.nextRun(own)
	}
	return own
}

// reload begins a full load of everything at a moment of the task's own time.
func (t *task) reload(own time.Duration) {
	l := &t.life
	l.load.begin, l.broken = own, 0
	if l.plan != nil {
		l.errorsLess = l.dataErrors(l.worked(own), own) + l.errorsLess
	}
	t.touched = nil
	if t.chosen != nil && l.plan != nil {
		l.plan = t.chosen
		t.chosen = nil
	}
	if t.custom {
		t.reloadCustom(own)
	}
}

// never is a moment that does not come.
const never = time.Duration(math.MaxInt64 / 4)

// unload makes the task wait for its next start with its full load.
func (t *task) unload() {
	t.steer.unready = true
	t.life.load.begin = never
}

// restartBase is how many seconds the task had worked when it was started last:
// what its counters count from.
func (l *life) restartBase(own time.Duration) float64 {
	base, ok := l.outage.lastStart(own)
	if l.restarted != nil && (!ok || *l.restarted > base) {
		base, ok = *l.restarted, true
	}
	if !ok {
		return 0
	}
	return l.worked(base)
}

// idle makes the values those of a task that does not run.
func (v *Task) idle(p phase) {
	v.State, v.StopReason, v.Message = p.state, p.reason, p.message
	if v.Product == aem.Compose {
		v.StopReason = aem.StopNone
		return
	}
	if p.state != aem.TaskStarting {
		v.MemoryMB, v.CPU = aem.WholeOf(0), whole(min(v.CPU.Int(), 0))
	}
	v.Latency, v.FullLoad.Throughput = given(aem.Latency{}), given(aem.Throughput{})
	x := &v.Transactions
	for _, n := range []*aem.Number{
		&x.InProgressTransactions, &x.InProgressRecords, &x.AccumulatedInMemory, &x.AccumulatedOnDisk, &x.ApplyingInMemory,
		&x.ApplyingOnDisk,
	} {
		*n = aem.WholeOf(0)
	}
}
