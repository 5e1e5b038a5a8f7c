package poll

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/alarm"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
	"github.com/qem-exporter/qem_exporter/internal/poll/tell"
)

// engine is what all readings of one poller share. Its lock guards everything in this package:
// one thing happens after the other, and only calls are made beside it.
type engine struct {
	mu      sync.Mutex
	client  *aem.Client
	options *Options // replaced whole, never changed
	gate    *gate.Gate
	tables  *answer.Selection
	away    error // why nobody is asked but for the roster; nil: everybody is

	life    context.Context // of the calls; nil while nothing runs
	once    func()          // ends a life in which everything is read once; nil in any other
	pilots  sync.WaitGroup
	idle    chan *flight           // to a pilot without one
	flights map[*flight]struct{}   // those that wait at the gate, and those under way
	wedged  atomic.Pointer[string] // why it stands still; nil: it moves
	lacking map[string]int         // servers of which an optional collector cannot read everything
	tell.Teller
}

// reading is one thing that is read again and again: one kind of call about one object. It knows
// when it is due, how it ended and when, and what was read.
type reading struct {
	*engine
	owner  owner
	kind   *kind
	queue  *gate.Queue
	server string
	object string // a task or an endpoint, or ""

	due    *alarm.Alarm
	flight *flight // asked for; nil: it is not
	again  bool    // asked for anew since it is under way
	round  int     // the last arrangement of its watch that wants it

	tried   bool          // it has ended, well or badly
	value   any           // what was read; nil: nothing, or too long ago
	last    time.Time     // when that was asked; zero: never
	took    time.Duration // the last request
	err     error         // how it ended; nil: it was read, or has not ended
	problem *fleet.Problem
	told    bool // that it fails
}

// owner is whose a reading is.
type owner interface {
	// asks: it is to be asked for; an error says why it must not be.
	asks(r *reading) error
	// ended: it has, and there is another value, or none, than before.
	ended(r *reading, before any, how answer.Fault)
}

// flight is a reading that is asked for: it waits at the gate, and then makes the call.
type flight struct {
	*reading
	life     context.Context // that it belongs to
	turn     gate.Turn
	cancel   func() // nil: it waits
	question answer.Question
}

func (e *engine) reading(o owner, k *kind, q *gate.Queue, server, object string) *reading {
	r := &reading{engine: e, owner: o, kind: k, queue: q, server: server, object: object}
	r.due = e.alarm(func() { r.now(k.class) })
	return r
}

func (e *engine) alarm(ring func()) *alarm.Alarm { return alarm.New(&e.mu, ring) }

// String tells what is read, for a log.
func (r *reading) String() string {
	return strings.TrimRight(r.kind.operation+" "+r.server+" "+r.object, " ")
}

// beat is what times are rounded up to, so that what is due at about the same time comes together:
// waking for each call alone costs several times what the call does.
const beat = 250 * time.Millisecond

// at lets it be asked for at a time.
func (r *reading) at(due time.Time) {
	if r.life != nil && r.once == nil {
		r.due.When(alarm.Phased(beat, 0, due))
	}
}

// now lets it be asked for at once. What is under way may have begun too early to tell of
// the change for which it is hurried: it is asked for anew.
func (r *reading) now(c gate.Class) {
	if r.life == nil {
		return
	}
	if c != gate.Changed { // else it comes out of turn, and in its turn
		r.due.Drop()
	}
	if f := r.flight; f != nil {
		switch {
		case f.cancel != nil:
			r.again = r.again || c == gate.Changed
			return
		case c >= f.turn.Class || !f.turn.Leave():
			return
		}
		r.leave()
	}
	if err := r.owner.asks(r); err != nil {
		r.end(nil, err)
		return
	}
	f := &flight{reading: r, life: r.life}
	f.turn = gate.Turn{Queue: r.queue, Class: c, What: r.String(), Granted: func() {
		select {
		case r.idle <- f:
		default:
			r.pilots.Go(f.pilot)
		}
	}}
	r.flight, r.flights[f] = f, struct{}{}
	f.turn.Wait()
}

// pilot makes the call, and others after it: its stack has grown by then.
func (f *flight) pilot() {
	for life := f.life; ; {
		f.fly()
		select {
		case f = <-f.idle:
		case <-life.Done():
			return
		}
	}
}

// fly makes the call.
func (f *flight) fly() {
	defer f.turn.Release() // which may not have been used
	if ctx := f.depart(); ctx != nil {
		f.land(f.kind.ask(aem.WithAttemptTrace(aem.WithGate(ctx, &f.turn), f.traced), &f.question))
	}
}

// depart returns the context of the call; nil when nobody wants it any more.
func (f *flight) depart() context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reading.flight != f {
		return nil
	}
	f.question = answer.Question{
		Client: f.client, Server: f.server, Object: f.object, Timeout: f.options.EndpointTests.Timeout,
		Asked: func() time.Time { return f.turn.Asked }, Tables: &f.options.Tables, Selection: f.tables,
	}
	ctx, cancel := context.WithCancel(f.life)
	f.cancel = cancel
	return ctx
}

// traced tells the gate how a request ended.
func (f *flight) traced(_ string, started time.Time, err error) {
	f.queue.Note(answer.Answered(err), errors.Is(err, aem.ErrTimeout), time.Since(started))
}

func (f *flight) land(value any, err error) {
	f.cancel()
	r := f.reading
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != f { // it was given up
		return
	}
	r.leave()
	r.wedged.Store(nil)
	now, asked := time.Now(), f.turn.Asked
	if asked.IsZero() {
		asked = now
	}
	r.took = now.Sub(asked)
	if answer.FaultOf(err) == answer.Good {
		r.last = asked
	}
	r.end(value, err)
	if r.again {
		r.again = false
		r.now(gate.Changed)
	}
	r.rest()
}

// leave ends its flight.
func (r *reading) leave() {
	delete(r.flights, r.flight)
	r.flight = nil
}

// rest ends a life in which everything has been read that was to be read once.
func (e *engine) rest() {
	if e.once != nil && len(e.flights) == 0 {
		e.once()
	}
}

// end takes note of how it ended; with an error of ours, without a call.
func (r *reading) end(value any, err error) {
	how := answer.FaultOf(err)
	if how == answer.Nothing { // we have given it up, or else it must not be forgotten
		if r.life == nil || r.life.Err() != nil {
			return
		}
		how = answer.Bad
	}
	if how != answer.Good && r.kind.class != gate.Probes { // a test that failed is a result
		value = nil
	}
	before := r.value
	r.tried, r.value, r.err = true, value, err
	if err == nil {
		r.problem = nil
	} else if p := problemOf(r, err); r.problem == nil || r.problem.Reason != p.Reason {
		p.Since = time.Now()
		r.problem = p
	}
	r.owner.ended(r, before, how)
}

// miss ends it without a call, if it waits for one.
func (r *reading) miss(err error) {
	if f := r.flight; f != nil && f.cancel == nil && f.turn.Leave() {
		r.leave()
		r.end(nil, err)
	}
}

// halt lets it not be asked for any more; what is under way is given up.
func (r *reading) halt() {
	r.due.Drop()
	r.again = false
	if f := r.flight; f != nil {
		if f.cancel != nil {
			f.cancel()
		} else {
			f.turn.Leave()
		}
		r.leave()
	}
}

// failed reports whether it could not be read when it was last due.
func (r *reading) failed() bool { return answer.FaultOf(r.err) != answer.Good }

// served reports whether there is a value that can grow too old.
func (r *reading) served() bool { return r.value != nil && !r.failed() }

// ours reports whether it was not asked for when it was last due.
func (r *reading) ours() bool {
	_, ours := r.err.(*answer.Unread)
	return ours
}

// expires is when what was read may be served no longer, when a sweep lasts so long: a little before
// it is too old, as it takes a moment until it is gone.
func (r *reading) expires(sweep time.Duration) time.Time {
	keeps := r.options.maxAge(r.kind.every(r.options), sweep)
	return r.last.Add(keeps - min(time.Second, keeps/10))
}

// fleet tells how it is read.
func (r *reading) fleet() fleet.Reading {
	return fleet.Reading{Last: r.last, Took: r.took, Due: r.due.At, Problem: r.problem}
}

// Why a reading that was due was not asked for, or why an answer does not count.
var (
	errSlow      = answer.NewUnread("struggling", "paused: the server does not answer as it should")
	errNoOutline = answer.NewUnread("no_task_list", "not asked for: the task list cannot be read")
	errDots      = answer.NewUnread("request",
		"a name of dots cannot be asked for: it would be taken for a step in the path")
	errTooOld    = answer.NewUnread("timeout", "not read again in time")
	errStuck     = answer.NewUnread("timeout", "given up: no call of this Enterprise Manager has ended for too long")
	errEmptyList = answer.NewUnread("decode", "the task list is empty, although the server says that it has tasks")
)

// problemOf is what could not be read. A login that failed is told as such.
func problemOf(r *reading, err error) *fleet.Problem {
	p := &fleet.Problem{Server: r.server, Operation: r.kind.operation, Reason: answer.Reason(err), Message: err.Error()}
	if e, ok := errors.AsType[*aem.Error](err); ok && errors.Is(err, aem.ErrLogin) {
		p.Operation = e.Operation
	}
	switch r.kind.of {
	case ofTask:
		p.Task = r.object
	case ofEndpoint:
		p.Message = fmt.Sprintf("endpoint %q: %s", r.object, p.Message)
	}
	return p
}
