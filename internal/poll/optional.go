package poll

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// An optionalCollector reads what needs more than the polls do. It is named as in the
// configuration.
type optionalCollector string

const (
	collectEndpoints optionalCollector = "endpoints"
	collectTests     optionalCollector = "endpoint_tests"
	collectACLs      optionalCollector = "acls"
	collectBarriers  optionalCollector = "retention_barriers"
)

// needs is the role that the account must have.
func (c optionalCollector) needs() string {
	switch c {
	case collectEndpoints:
		return "Viewer on all endpoints"
	case collectTests:
		return "Viewer on all endpoints, and Operator on those that are tested"
	case collectACLs:
		return "Operator on servers, tasks and endpoints"
	case collectBarriers:
		return "Operator on tasks"
	}
	return ""
}

// optionalPause is how long an account is not asked again for what it may not have, if
// the collector has no interval of its own, and after how long a call is made again at
// the latest that the API answered with an error.
const optionalPause = 10 * time.Minute

// finding is what an optional call came to. It is kept between polls and never changed.
type finding struct {
	polled  time.Time // when the poll started that asked
	refused error     // the account may not have it, or the server cannot give it
	failed  error     // what the API answered instead
	acl     *fleet.ACL
	barrier *fleet.RetentionBarrier // nil when there is none
}

// findingKey is what a finding is about. The object is the name of a task or an
// endpoint, "" for what there is once on a server.
type findingKey struct{ server, operation, object string }

// errand is a call of an optional collector in a poll.
type errand struct {
	collector         optionalCollector
	operation, object string
	interval          time.Duration // between two readings; 0: every poll
	ask               func(ctx context.Context, found *finding) error

	last   *finding // of an earlier poll; nil when there is none
	queued bool
	asked  bool     // and answered, or failed
	found  *finding // of this poll or carried along; nil when there is none
	err    error    // of this poll or carried along; with aem.ErrPartial there is more
}

// extras is a server's part in the optional collectors during a poll. Its calls have a
// breaker of their own, so that they can neither give up the server nor keep on
// asking one that does not answer them.
type extras struct {
	ctx     context.Context
	cancel  context.CancelFunc
	breaker breaker
	givenUp atomic.Bool

	mu       sync.Mutex
	refusals map[string]*refusals // by API method

	serverACLs         []*errand
	endpointList       *errand // nil when nobody wants it
	endpointsRead      bool
	endpoints          []fleet.Endpoint
	endpointACLs       []*errand
	endpointDuplicates int
}

func (x *extras) start(ctx context.Context, suspicious bool) {
	x.ctx, x.cancel = context.WithCancel(ctx)
	x.breaker = breaker{symptom: aem.ErrTimeout, patience: patience, suspicious: suspicious}
	x.refusals = map[string]*refusals{}
}

// refusalsOf tells how a method fares.
func (x *extras) refusalsOf(operation string) *refusals {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.refusals[operation] == nil {
		x.refusals[operation] = &refusals{}
	}
	return x.refusals[operation]
}

// refusals counts how often one method was refused on one server. Roles are given by
// object, so one refusal says little; some of them and no permission say enough.
type refusals struct {
	mu      sync.Mutex
	count   int
	granted bool
	last    error
}

func (r *refusals) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.granted = true
		return
	}
	r.count++
	r.last = err
}

// settled is why there is no point in asking on; nil when there may be.
func (r *refusals) settled() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.granted || r.count < patience {
		return nil
	}
	return r.last
}

// refusal reports whether err says that the call will fail until somebody changes what
// the account may do, or what the server can.
func refusal(err error) bool {
	return errors.Is(err, aem.ErrUnauthorized) || errors.Is(err, aem.ErrNotSupported)
}

// errand makes an errand that has not been sent.
func (s *server) errand(e errand) *errand {
	e.last = s.round.memory.findings[s.keyOf(&e)]
	return &e
}

func (s *server) keyOf(e *errand) findingKey {
	return findingKey{s.info.Name, e.operation, e.object}
}

// send queues an errand, unless what it found last still holds.
func (s *server) send(e *errand) {
	if last := e.last; last != nil && !s.round.due(last.polled, last.holds(e.interval)) {
		e.found, e.err = last, last.failed
		return
	}
	e.queued = true
	s.round.schedule.add(s.queue, optional, func() { s.run(e) })
}

// holds is how long a finding holds.
func (f *finding) holds(interval time.Duration) time.Duration {
	switch {
	case f.failed != nil:
		return min(interval, optionalPause)
	case f.refused != nil && interval <= 0:
		return optionalPause
	}
	return interval
}

func (s *server) run(e *errand) {
	found := &finding{polled: s.round.started}
	refusals := s.extras.refusalsOf(e.operation)
	if err := refusals.settled(); err != nil {
		found.refused = err
		e.asked, e.found = true, found
		return
	}
	complete := false
	err := s.callOptional(e, func(ctx context.Context) error {
		err := e.ask(ctx, found)
		complete = !failing(err)
		return err
	})
	switch {
	case refusal(err):
		refusals.note(err)
		found.refused = err
		e.asked, e.found = true, found
	case errors.Is(err, aem.ErrNotFound):
		e.asked = true // it has just gone; the next list will tell
	case failing(err):
		e.asked, e.err = true, err
		if answered(err) { // else it is worth another call soon
			found.failed = err
			e.found = found
		}
	case complete:
		refusals.note(nil)
		e.asked, e.found, e.err = true, found, err
	}
}

func (s *server) callOptional(e *errand, ask func(context.Context) error) error {
	subject := e.object
	if subject == "" {
		subject = e.operation
	}
	return s.callOn(line{s.extras.ctx, &s.extras.breaker, s.leaveOptional}, subject, ask)
}

// leaveOptional cancels the server's optional calls and drops those that wait.
func (s *server) leaveOptional() {
	if s.extras.givenUp.CompareAndSwap(false, true) {
		s.round.schedule.close(s.queue, optional)
		s.extras.cancel()
	}
}

// beginOptional queues the optional calls that hang on no other.
func (s *server) beginOptional() {
	o := &s.round.options
	if o.ACLs > 0 {
		s.readServerACLs()
	}
	if s.info.Product != aem.Compose && (o.Endpoints || o.EndpointTests.Interval > 0 || o.ACLs > 0) {
		s.extras.endpointList = s.errand(errand{
			collector: o.listsEndpoints(), operation: opEndpointList, ask: s.readEndpoints,
		})
		s.send(s.extras.endpointList)
	}
}

// errands goes through the server's errands.
func (s *server) errands(yield func(*errand) bool) {
	all := func(list ...*errand) bool {
		for _, e := range list {
			if e != nil && !yield(e) {
				return false
			}
		}
		return true
	}
	if !all(s.extras.serverACLs...) || !all(s.extras.endpointList) || !all(s.extras.endpointACLs...) {
		return
	}
	for _, t := range s.tasks {
		if !t.gone && !all(t.acl, t.barrier) {
			return
		}
	}
}

// addOptional adds what the optional collectors found to a server's snapshot, and
// tells m of what they did not. What the account may not have is no problem of the
// poll: the log tells it, and the API's errors are counted.
func (s *server) addOptional(out *fleet.Server, m *fleet.Manager) {
	if s.round.options.Endpoints {
		out.Endpoints = s.extras.endpoints
		m.Duplicates += s.extras.endpointDuplicates
	}
	for e := range s.errands {
		if e.found != nil && e.found.acl != nil {
			out.ACLs = append(out.ACLs, *e.found.acl)
		}
		if e.err != nil {
			task := ""
			if e.operation == opTaskACL || e.operation == opBarrier {
				task = e.object
			}
			tell(m, problem(s.info.Name, task, e.operation, e.err))
		}
	}
	if s.extras.givenUp.Load() && s.end() == none {
		tell(m, gaveUpOptional(s))
	}
	if s.extras.endpointsRead {
		out.EndpointTests = s.round.tests.results(s.info.Name)
		if p, bad := s.round.tests.problem(s.info.Name); bad {
			tell(m, p)
		}
	}
}
