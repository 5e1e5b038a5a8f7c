package poll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// engine is what all readings of one poller share. Its lock guards everything below the
// poller: one thing happens after the other, and only calls are made beside it.
type engine struct {
	mu      sync.Mutex
	client  *aem.Client
	options *Options // replaced whole, never changed
	logger  *slog.Logger
	gate    *gate
	agenda  agenda
	tables  *selection
	owner   owner
	away    error // why nobody is asked but for the roster; nil: everybody is

	life    context.Context // of the calls; nil while nothing runs
	once    bool            // everything is read once, and never again
	calls   sync.WaitGroup
	flights map[*flight]struct{}
	landed  time.Time      // the last of them
	lacking map[string]int // servers of which an optional collector cannot read everything
	busy    int            // readings that wait at the gate or are under way
}

// owner is the poller, to those below it.
type owner interface {
	failed(how fault, err error) // a failure that may concern more than one server
	swept()                      // a sweep has ended
	moved()                      // other tables are chosen now
}

// call is one method of the API, as a reading uses it.
type call struct {
	operation  string
	class      class
	ask        func(ctx context.Context, f *flight) (any, error)
	ofEndpoint bool // its object is an endpoint, else a task
}

// reading is one thing that is read again and again: one call about one object. It knows
// when it is due, how it ended and when. Its owner decides what becomes of what was read.
type reading struct {
	*engine
	call   *call
	queue  *queue
	server string
	object string // a task or an endpoint, or ""

	barred func() error               // why it must not be asked now; nil: it may
	begins func()                     // it is asked for now
	keeps  func() time.Duration       // how long what was read may be served
	settle func(value any, how fault) // it has ended

	due    alarm
	expiry alarm
	turn   *turn   // waits at the gate; nil: it does not
	flight *flight // under way; nil: it is not
	again  bool    // asked for anew since it is under way
	lasts  bool    // what was read outlives a failure, until it is too old
	swept  bool    // the sweep of its server waits for it
	open   bool    // and it has been asked for

	tried   bool          // it has ended, well or badly
	last    time.Time     // when that was asked which is served; zero: nothing is
	took    time.Duration // the last request
	err     error         // how it ended; nil: it was read, or has not ended
	problem *fleet.Problem
}

// flight is one call under way.
type flight struct {
	*reading
	options   *Options
	selection *selection
	cancel    context.CancelFunc
	ticket    ticket
}

func (e *engine) reading(c *call, q *queue, server, object string) *reading {
	r := &reading{engine: e, call: c, queue: q, server: server, object: object}
	r.due.ring = func() { r.now(c.class) }
	r.expiry.ring = r.expire
	return r
}

// at lets it be asked for at a time.
func (r *reading) at(due time.Time) {
	if r.life != nil && !r.once {
		r.agenda.set(&r.due, due)
	}
}

// now lets it be asked for at once. What is under way may have begun too early to tell of
// the change for which it is hurried: it is asked for anew.
func (r *reading) now(c class) {
	if r.life == nil {
		return
	}
	if c != changed { // else it comes out of turn, and in its turn
		r.agenda.drop(&r.due)
	}
	if r.turn != nil {
		if c >= r.turn.class || !r.gate.remove(r.turn) {
			return
		}
		r.turn, r.busy = nil, r.busy-1
	}
	if r.flight != nil {
		r.again = r.again || c == changed
		return
	}
	if r.barred != nil {
		if err := r.barred(); err != nil {
			r.end(nil, err)
			return
		}
	}
	if r.begins != nil {
		r.begins()
	}
	t := &turn{queue: r.queue, class: c, what: r.String()}
	t.granted = func() {
		r.calls.Add(1)
		go r.fly(t)
	}
	r.turn, r.busy = t, r.busy+1
	r.gate.add(t)
}

// String tells what is read, for a log.
func (r *reading) String() string {
	what := r.call.operation
	for _, name := range []string{r.server, r.object} {
		if name != "" {
			what += " " + name
		}
	}
	return what
}

// fly makes the call.
func (r *reading) fly(t *turn) {
	defer r.calls.Done()
	defer r.gate.release(t) // which may not have been used
	f := &flight{reading: r, ticket: ticket{turn: t}}
	ctx := f.depart(t)
	if ctx == nil {
		return
	}
	value, err := r.call.ask(aem.WithAttemptTrace(aem.WithGate(ctx, &f.ticket), f.ticket.traced), f)
	f.land(value, err)
}

// depart returns the context of the call; nil when nobody wants it any more.
func (f *flight) depart(t *turn) context.Context {
	r := f.reading
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.turn != t || r.life == nil {
		return nil
	}
	r.turn, r.flight, f.options, f.selection = nil, f, r.options, r.tables
	r.flights[f] = struct{}{}
	ctx, cancel := context.WithCancel(r.life)
	f.cancel = cancel
	return ctx
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
	r.landed = time.Now()
	asked := f.ticket.asked
	if asked.IsZero() {
		asked = time.Now()
	}
	r.took = time.Since(asked)
	if faultOf(err) == good {
		r.last = asked
	}
	r.busy++ // it is not over before it has been dealt with
	r.end(value, err)
	r.busy--
	if r.again {
		r.again = false
		r.now(changed)
	}
	if r.busy == 0 && r.once {
		r.agenda.stir()
	}
}

// leave ends the flight.
func (r *reading) leave() {
	delete(r.flights, r.flight)
	r.flight = nil
	r.busy--
}

// end takes note of how it ended; with an error of ours, without a call.
func (r *reading) end(value any, err error) {
	how := faultOf(err)
	if how == nothing { // we have given it up, or else it must not be forgotten
		if r.life == nil || r.life.Err() != nil {
			return
		}
		how = bad
	}
	r.tried, r.err = true, err
	if how == good && r.keeps != nil {
		r.agenda.set(&r.expiry, r.expires())
	} else if !r.lasts {
		r.agenda.drop(&r.expiry)
	}
	if err == nil {
		r.problem = nil
	} else if p := problemOf(r, err); r.problem == nil || r.problem.Reason != p.Reason {
		p.Since = time.Now()
		r.problem = p
	}
	r.settle(value, how)
}

// refuse makes a failure of what was read, after all.
func (r *reading) refuse(err error) {
	r.err, r.problem = err, problemOf(r, err)
	r.problem.Since = time.Now()
}

// miss ends it without a call, if it waits for one.
func (r *reading) miss(err error) {
	if r.turn != nil && r.gate.remove(r.turn) {
		r.turn, r.busy = nil, r.busy-1
		r.end(nil, err)
	}
}

// expires is a little before what was read is too old, as it takes a moment until it is no
// longer served.
func (r *reading) expires() time.Time {
	keeps := r.keeps()
	return r.last.Add(keeps - min(time.Second, keeps/10))
}

// expire drops what is too old.
func (r *reading) expire() {
	if at := r.expires(); at.After(time.Now()) { // there is more time than there was
		r.agenda.set(&r.expiry, at)
		return
	}
	r.end(nil, errTooOld)
}

// stop ends it for good; what is under way is given up.
func (r *reading) stop() {
	r.agenda.drop(&r.due)
	r.agenda.drop(&r.expiry)
	r.again = false
	if r.turn != nil {
		r.gate.remove(r.turn)
		r.turn, r.busy = nil, r.busy-1
	}
	if r.flight != nil {
		r.flight.cancel()
		r.leave()
	}
}

// start asks for it, unless it has begun.
func (r *reading) start(c class) {
	if !r.tried && !r.pending() && r.due.index == 0 {
		r.now(c)
	}
}

// reset makes it one that has not begun.
func (r *reading) reset() {
	r.stop()
	r.tried, r.err, r.problem = false, nil, nil
}

// pending reports whether it has begun and not ended.
func (r *reading) pending() bool { return r.turn != nil || r.flight != nil }

// failed reports whether it could not be read when it was last due.
func (r *reading) failed() bool { return r != nil && r.err != nil && faultOf(r.err) != good }

// fleet tells how it is read.
func (r *reading) fleet() fleet.Reading {
	return fleet.Reading{Last: r.last, Took: r.took, Due: r.due.at, Problem: r.problem}
}

// problemOf is what could not be read. A login that failed is told as such.
func problemOf(r *reading, err error) *fleet.Problem {
	p := &fleet.Problem{Server: r.server, Operation: r.call.operation, Reason: reasonOf(err), Message: err.Error()}
	if e, ok := errors.AsType[*aem.Error](err); ok && errors.Is(err, aem.ErrLogin) {
		p.Operation = e.Operation
	}
	switch {
	case r.object == "":
	case r.call.ofEndpoint:
		p.Message = fmt.Sprintf("endpoint %q: %s", r.object, p.Message)
	default:
		p.Task = r.object
	}
	return p
}
