package poll

import (
	"container/heap"
	"time"
)

// agenda is what is to be done when. Its owner's lock guards it, and its alarms ring
// under that lock, one after the other.
type agenda struct {
	alarms alarms
	wake   chan struct{} // the first alarm may have changed
}

// alarm rings once at its time.
type alarm struct {
	ring  func()
	at    time.Time
	index int // in the heap plus 1; 0: not set
}

func newAgenda() agenda { return agenda{wake: make(chan struct{}, 1)} }

// set lets an alarm ring at a time, and at no other.
func (a *agenda) set(x *alarm, at time.Time) {
	x.at = at
	if x.index == 0 {
		heap.Push(&a.alarms, x)
	} else {
		heap.Fix(&a.alarms, x.index-1)
	}
	if x.index == 1 {
		a.stir()
	}
}

// stir wakes whoever rings the alarms.
func (a *agenda) stir() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// sooner lets an alarm ring at a time, unless it rings before.
func (a *agenda) sooner(x *alarm, at time.Time) {
	if x.index == 0 || at.Before(x.at) {
		a.set(x, at)
	}
}

// hasten lets an alarm that is set ring at a time, unless it rings before.
func (a *agenda) hasten(x *alarm, at time.Time) {
	if x.index > 0 {
		a.sooner(x, at)
	}
}

// drop lets an alarm not ring.
func (a *agenda) drop(x *alarm) {
	if x.index > 0 {
		heap.Remove(&a.alarms, x.index-1)
	}
}

// ring rings what is due, and returns how long nothing is.
func (a *agenda) ring(now time.Time) time.Duration {
	for len(a.alarms) > 0 {
		first := a.alarms[0]
		if wait := first.at.Sub(now); wait > 0 {
			return wait
		}
		heap.Pop(&a.alarms)
		first.ring()
	}
	return time.Hour
}

// phased is the first instant, not before another one, that is a fraction of the interval
// past a multiple of it: readings with different phases never come in one burst.
func phased(interval time.Duration, phase float64, notBefore time.Time) time.Time {
	past := notBefore.Add(-time.Duration(phase * float64(interval)))
	missing := past.Truncate(interval).Add(interval).Sub(past.Round(0))
	return notBefore.Add(missing % interval) // which keeps the monotonic clock
}

// alarms is a heap.
type alarms []*alarm

func (h alarms) Len() int           { return len(h) }
func (h alarms) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h alarms) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h *alarms) Push(x any) {
	*h = append(*h, x.(*alarm))
	x.(*alarm).index = len(*h)
}

func (h *alarms) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h, last.index = (*h)[:len(*h)-1], 0
	return last
}
