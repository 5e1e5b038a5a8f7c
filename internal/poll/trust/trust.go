// Package trust says whom there is a point in asking: not a server that does not answer as it
// should, nor an account that is refused.
package trust

import "time"

// patience is how many calls in a row may fail.
const patience = 3

// Struggle is what is known of a server that does not answer as it should. One that is slow,
// and yet in time, needs no more than the gate does: it is asked one thing at a time.
type Struggle struct {
	On     bool          // it is asked for its task list alone
	Reason string        // of the last call that failed for it
	Pause  time.Duration // between two lists, while they fail

	strikes int       // calls in a row that failed for it
	subject string    // of the first of them
	several bool      // another one was about another subject: a single task that hangs costs no more than itself
	until   time.Time // it is not trusted again before
	hold    time.Duration
}

// Strike counts a call about a subject that failed for the server, and reports whether it struggles
// from now on: for a time between least and most, which grows.
func (s *Struggle) Strike(subject, reason string, least, most time.Duration) (begun bool) {
	if s.strikes == 0 {
		s.subject = subject
	}
	s.several = s.several || subject != s.subject
	s.strikes++
	s.Reason = reason
	if s.On || s.strikes < patience || !s.several {
		return false
	}
	s.On = true
	s.until = time.Now().Add(s.hold) // one that answers but in part is not asked for all again and again
	s.hold = min(max(2*s.hold, least), most)
	return true
}

// Answered takes note of a call that got an answer of the server's own.
func (s *Struggle) Answered() { s.strikes, s.several = 0, false }

// Read takes note that everything could be read.
func (s *Struggle) Read() { s.hold = 0 }

// Listed takes note that its list was read, or failed for it, while it struggles, and reports
// whether that is over.
func (s *Struggle) Listed(failed bool, least, most time.Duration) (over bool) {
	if failed {
		s.Pause = min(max(2*s.Pause, least), most)
		return false
	}
	s.Pause, s.On = 0, time.Now().Before(s.until)
	return !s.On
}

// RefusalPause is how long an account is not asked again for what it may not have.
const RefusalPause = 10 * time.Minute

// Refusals counts how often one method was refused on one server. Roles are given by
// object, so one refusal says little; some of them and no permission say enough.
type Refusals struct {
	count   int
	granted bool
	last    error
	until   time.Time
}

// Settled is why there is no point in asking on; nil when there may be.
func (r *Refusals) Settled() error {
	if r == nil || r.granted || r.count < patience || time.Now().After(r.until) {
		return nil
	}
	return r.last
}

// Granted takes note of a call that was not refused.
func (r *Refusals) Granted() { *r = Refusals{granted: true} }

// Refused takes note of one that was; or of which that was told from memory, which does not count.
func (r *Refusals) Refused(err error) {
	if err == r.last {
		return
	}
	if time.Now().After(r.until) {
		*r = Refusals{granted: r.granted, until: time.Now().Add(RefusalPause)}
	}
	r.count++
	r.last = err
}
