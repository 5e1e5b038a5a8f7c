package poll

import (
	"sync"
	"time"
)

// alarm rings once at its time, under its owner's lock, which guards it.
type alarm struct {
	lock  sync.Locker
	ring  func()
	at    time.Time // of the last one that was set
	set   bool
	timer *time.Timer
}

// when lets it ring at a time, and at no other.
func (a *alarm) when(at time.Time) {
	a.at, a.set = at, true
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Until(at), a.expired)
	} else {
		a.timer.Reset(time.Until(at))
	}
}

func (a *alarm) expired() {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.set && !time.Now().Before(a.at) { // else it was set anew meanwhile
		a.set = false
		a.ring()
	}
}

// sooner lets it ring at a time, unless it rings before.
func (a *alarm) sooner(at time.Time) {
	if !a.set || at.Before(a.at) {
		a.when(at)
	}
}

// hasten lets it ring at a time if it is set, unless it rings before.
func (a *alarm) hasten(at time.Time) {
	if a.set {
		a.sooner(at)
	}
}

// drop lets it not ring.
func (a *alarm) drop() {
	if a.set {
		a.set = false
		a.timer.Stop()
	}
}

// phased is the first instant, not before another one, that is a fraction of the interval
// past a multiple of it: readings with different phases never come in one burst.
func phased(interval time.Duration, phase float64, notBefore time.Time) time.Time {
	past := notBefore.Add(-time.Duration(phase * float64(interval)))
	missing := past.Truncate(interval).Add(interval).Sub(past.Round(0))
	return notBefore.Add(missing % interval) // which keeps the monotonic clock
}
