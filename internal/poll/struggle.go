package poll

import (
	"errors"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
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
func (w *watch) judge(r *reading, how answer.Fault) {
	s := &w.struggle
	if r.ours() && r.err != errStuck || r.kind.class > gate.Statuses || w.away != nil {
		return
	}
	switch how {
	case answer.Late:
		w.strike(r)
	case answer.Vanished:
		if r.object != "" {
			w.outline.now(gate.Outlines)
		}
	case answer.Away:
	default:
		s.strikes, s.several = 0, false
	}
	if how == answer.Away || w.rosterTells(r) {
		w.roster.failed(how, r.err)
	}
	if r != w.outline || !s.on {
		return
	}
	switch now := time.Now(); {
	case how == answer.Late:
		s.pause = min(max(2*s.pause, w.options.StateInterval), w.options.PollInterval)
	case now.Before(s.until):
		s.pause = 0
	default:
		s.on, s.pause = false, 0
		w.resume(answer.Late)
	}
}

// rosterTells reports whether the server list is about to tell what a reading has just met: that
// the server has gone, or has another state.
func (w *watch) rosterTells(r *reading) bool {
	return r.failed() && r.object == "" && time.Since(r.problem.Since) < w.options.StateInterval/3 &&
		(answer.FaultOf(r.err) == answer.Vanished || errors.Is(r.err, aem.ErrServerNotMonitored) ||
			errors.Is(r.err, aem.ErrServerNotConnected))
}

// strike counts a call that failed for the server, and pauses one whose calls fail one after the
// other.
func (w *watch) strike(r *reading) {
	s := &w.struggle
	if s.strikes == 0 {
		s.subject = r.object
	}
	s.several = s.several || r.object != s.subject
	s.strikes++
	s.reason = answer.Reason(r.err)
	if s.on || s.strikes < patience || !s.several {
		return
	}
	s.on = true
	s.until = time.Now().Add(s.hold) // one that answers but in part is not asked for all again and again
	s.hold = min(max(2*s.hold, w.options.StateInterval), w.options.PollInterval)
	for _, other := range w.order {
		if other.kind.class == gate.Details || other.kind.class == gate.Statuses {
			other.miss(errSlow)
		}
	}
}
