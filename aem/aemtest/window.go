package aemtest

import (
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// window is a stretch of time that comes back. Its times count from the start of
// the simulated time; lasts is shorter than every. The zero window never opens.
type window struct {
	begin, lasts time.Duration
	every        time.Duration // 0: it comes once
}

// at says how long the window has been open at an instant.
func (w window) at(t time.Duration) (elapsed time.Duration, open bool) {
	elapsed, _ = w.last(t)
	return elapsed, elapsed >= 0 && elapsed < w.lasts
}

// last says how long ago the window opened last, and how often it had opened
// before that. A negative time means that it never has.
func (w window) last(t time.Duration) (ago time.Duration, before int64) {
	t -= w.begin
	if t < 0 || w.every == 0 {
		return t, 0
	}
	return t % w.every, int64(t / w.every)
}

// spent says how long the window has been open in all, until an instant.
func (w window) spent(t time.Duration) time.Duration {
	ago, before := w.last(t)
	if ago < 0 {
		return 0
	}
	return time.Duration(before)*w.lasts + min(ago, w.lasts)
}

// stretch says how long something takes that begins at from, needs work, and rests
// while the window is open.
func (w window) stretch(from, work time.Duration) time.Duration {
	if work <= 0 {
		return 0
	}
	var n time.Duration
	if w.every > 0 && from > w.begin {
		n = (from - w.begin) / w.every
	}
	for ; ; n++ {
		begin := w.begin + n*w.every
		end := begin + w.lasts
		if begin >= from+work {
			return work
		}
		if end > from {
			work += end - max(begin, from)
		}
		if w.every == 0 {
			return work
		}
	}
}

// outage is a window in which a task does not do its work.
type outage struct {
	window
	phases []phase // in order; the last one lasts until the end
	down   bool    // the task is stopped in one of them, and started after them
}

// phase is what a task says while it does not do its work.
type phase struct {
	lasts   time.Duration
	state   aem.TaskState
	reason  aem.StopReason
	message string
}

func newOutage(w window, phases []phase) outage {
	down := slices.ContainsFunc(phases,
		func(p phase) bool { return p.state == aem.TaskStopped || p.state == aem.TaskError })
	return outage{w, phases, down}
}

func (o *outage) phaseAt(t time.Duration) (p phase, open bool) {
	rest, open := o.at(t)
	if !open {
		return phase{}, false
	}
	for _, p = range o.phases {
		if rest < p.lasts {
			break
		}
		rest -= p.lasts
	}
	return p, true
}

// lastStart is when an outage in which the task was down has ended last.
func (o *outage) lastStart(t time.Duration) (time.Duration, bool) {
	if !o.down {
		return 0, false
	}
	ago, before := o.last(t)
	switch {
	case ago >= o.lasts:
		return t - ago + o.lasts, true
	case ago >= 0 && before > 0:
		return t - ago - o.every + o.lasts, true
	}
	return 0, false
}
