// Package alarm rings at a time.
package alarm

import (
	"sync"
	"time"
)

// Alarm rings once at its time, under its owner's lock, which guards it.
type Alarm struct {
	At    time.Time // for which it was set last
	Set   bool      // it has not rung
	lock  sync.Locker
	ring  func()
	timer *time.Timer
}

// New makes one that is not set.
func New(lock sync.Locker, ring func()) *Alarm { return &Alarm{lock: lock, ring: ring} }

// When lets it ring at a time, and at no other.
func (a *Alarm) When(at time.Time) {
	a.At, a.Set = at, true
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Until(at), a.expired)
	} else {
		a.timer.Reset(time.Until(at))
	}
}

func (a *Alarm) expired() {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.Set && !time.Now().Before(a.At) { // else it was set anew meanwhile
		a.Set = false
		a.ring()
	}
}

// Sooner lets it ring at a time, unless it rings before.
func (a *Alarm) Sooner(at time.Time) {
	if !a.Set || at.Before(a.At) {
		a.When(at)
	}
}

// Hasten lets it ring at a time if it is set, unless it rings before.
func (a *Alarm) Hasten(at time.Time) {
	if a.Set {
		a.Sooner(at)
	}
}

// Drop lets it not ring.
func (a *Alarm) Drop() {
	if a.Set {
		a.Set = false
		a.timer.Stop()
	}
}

// Phased is the first instant, not before another one, that is a fraction of the interval
// past a multiple of it: readings with different phases never come in one burst.
func Phased(interval time.Duration, phase float64, notBefore time.Time) time.Time {
	past := notBefore.Add(-time.Duration(phase * float64(interval)))
	missing := past.Truncate(interval).Add(interval).Sub(past.Round(0))
	return notBefore.Add(missing % interval) // which keeps the monotonic clock
}
