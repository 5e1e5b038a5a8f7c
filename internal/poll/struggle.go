package poll

import (
	"errors"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// patience is how many calls in a row a server may leave without an answer of its own.
const patience = 3

// struggle is what is known of a server that does not answer as it should. One that is slow,
// and yet in time, needs no more than the gate does: it is asked one thing at a time.
type struggle struct {
	on      bool
	strikes int       // calls in a row that failed for it
	subject string    // of the first of them
	several bool      // another one was about another subject: a single task that hangs costs no more than itself
	reason  string    // of the last one
	until   time.Time // it is not trusted again before
	hold    time.Duration
	pause   time.Duration // between two outlines, while they fail
}

// judge looks at the end of a reading for what it means for more than itself.
func (w *watch) judge(r *reading, how fault) {
	s := &w.struggle
	if _, ours := r.err.(*unread); ours && r.err != errStuck || r.call.class > statuses || w.away != nil {
		return
	}
	switch how {
	case away:
		w.owner.failed(how, r.err)
	case late:
		s.strike(r.object, reasonOf(r.err))
		w.mistrust()
	case vanished:
		if r.object != "" {
			w.outline.now(outlines)
		}
	default:
		s.strikes, s.several = 0, false
	}
	if w.rosterTells(r) {
		w.owner.failed(how, r.err)
	}
	if r != w.outline || !s.on {
		return
	}
	switch now := time.Now(); {
	case how == late:
		s.pause = min(max(2*s.pause, w.options.StateInterval), w.options.PollInterval)
	case now.Before(s.until):
		s.pause = 0
	default:
		s.on, s.pause = false, 0
		w.resume(late)
	}
}

// rosterTells reports whether the server list is about to tell what a reading has just met: that
// the server has gone, or has another state.
func (w *watch) rosterTells(r *reading) bool {
	return r.failed() && r.object == "" && time.Since(r.problem.Since) < w.options.StateInterval/3 &&
		(faultOf(r.err) == vanished || errors.Is(r.err, aem.ErrServerNotMonitored) ||
			errors.Is(r.err, aem.ErrServerNotConnected))
}

func (s *struggle) strike(subject, reason string) {
	if s.strikes == 0 {
		s.subject = subject
	}
	s.several = s.several || subject != s.subject
	s.strikes++
	s.reason = reason
}

// mistrust pauses a server whose calls fail one after the other.
func (w *watch) mistrust() {
	s := &w.struggle
	if s.on || s.strikes < patience || !s.several {
		return
	}
	s.on = true
	s.until = time.Now().Add(s.hold) // one that answers but in part is not asked for all again and again
	s.hold = min(max(2*s.hold, w.options.StateInterval), w.options.PollInterval)
	w.server.miss(errSlow)
	for _, t := range w.tasks {
		for r := range t.readings {
			r.miss(errSlow)
		}
	}
}

// calm: a sweep has read the server.
func (s *struggle) calm() { s.hold = 0 }
