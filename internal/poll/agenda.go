package poll

import (
	"container/heap"
	"time"
)

// agenda is what is to be done when. Its owner's lock guards it, and its alarms ring
// under that lock, one after the other.
type agenda struct {
	alarms ordered[*alarm]
	wake   chan struct{} // the first alarm may have changed
}

// alarm rings once at its time.
type alarm struct {
	ring  func()
	at    time.Time
	index int // in the heap plus 1; 0: not set
}

func newAgenda() agenda {
	return agenda{wake: make(chan struct{}, 1), alarms: ordered[*alarm]{
		less:  func(a, b *alarm) bool { return a.at.Before(b.at) },
		place: func(x *alarm) *int { return &x.index },
	}}
}

// set lets an alarm ring at a time, and at no other.
func (a *agenda) set(x *alarm, at time.Time) {
	x.at = at
	if a.alarms.put(x); x.index == 1 {
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
func (a *agenda) drop(x *alarm) { a.alarms.drop(x) }

// ring rings what is due, and returns how long nothing is.
func (a *agenda) ring(now time.Time) time.Duration {
	for len(a.alarms.items) > 0 {
		first := a.alarms.items[0]
		if wait := first.at.Sub(now); wait > 0 {
			return wait
		}
		a.drop(first)
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

// ordered is a heap whose elements know their places: counted from 1, and 0 for none.
type ordered[T any] struct {
	items []T
	less  func(a, b T) bool
	place func(T) *int
}

func (h *ordered[T]) Len() int           { return len(h.items) }
func (h *ordered[T]) Less(i, j int) bool { return h.less(h.items[i], h.items[j]) }

func (h *ordered[T]) Swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	*h.place(h.items[i]), *h.place(h.items[j]) = i+1, j+1
}

func (h *ordered[T]) Push(x any) {
	h.items = append(h.items, x.(T))
	*h.place(x.(T)) = len(h.items)
}

func (h *ordered[T]) Pop() any {
	n := len(h.items) - 1
	last := h.items[n]
	clear(h.items[n:])
	h.items, *h.place(last) = h.items[:n], 0
	return last
}

// put brings an element to where it belongs now.
func (h *ordered[T]) put(x T) {
	if at := *h.place(x); at > 0 {
		heap.Fix(h, at-1)
	} else {
		heap.Push(h, x)
	}
}

// drop takes an element out, if it is in.
func (h *ordered[T]) drop(x T) {
	if at := *h.place(x); at > 0 {
		heap.Remove(h, at-1)
	}
}
