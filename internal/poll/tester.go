package poll

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const (
	opTest = "TestEndpoint"
	// testsAtOnce is how many endpoints of an Enterprise Manager are tested at a time,
	// and less where a poll would be left with less than half of its calls.
	testsAtOnce        = 2
	defaultTestTimeout = time.Minute
)

// EndpointTestOptions say which endpoints are tested, and how.
type EndpointTestOptions struct {
	Interval time.Duration // between two tests of one endpoint; 0: none is tested
	Filter   Filter        // on endpoint names
	Timeout  time.Duration // of one test; default 60 s
}

// tester tests endpoints beside the polls, as a test may well take longer than a poll.
// The polls tell it what endpoints there are, and publish the latest results. It works
// only while the poller runs.
type tester struct {
	client   *aem.Client
	options  EndpointTestOptions
	interval time.Duration // of the polls
	pool     *pool
	limit    int

	mu       sync.Mutex
	ctx      context.Context // of the tests; nil when it does not work
	schedule *schedule
	servers  map[string]*testedServer
}

// testedServer is a server whose endpoints are tested. The tester's lock guards it.
type testedServer struct {
	name     string
	queue    *queue
	breaker  breaker
	refusals *refusals
	tests    map[string]*endpointTest
	order    []string // names as last listed
}

// endpointTest is the test of one endpoint, which is always the same as long as it
// waits or runs: no endpoint is tested twice at a time.
type endpointTest struct {
	name   string
	state  testState
	listed bool      // in the last list of endpoints
	tried  time.Time // when the last test began
	ended  time.Time
	result *fleet.EndpointTest // of the last test; nil when it has none
	err    error               // why it has none: a refusal, or what is tried again with the next poll
}

type testState int

const (
	idle testState = iota
	waiting
	running
)

func newTester(client *aem.Client, o *Options, p *pool) *tester {
	t := &tester{
		client: client, options: o.EndpointTests, interval: o.Interval, pool: p,
		limit: max(1, min(testsAtOnce, o.Concurrency/2)),
	}
	if t.options.Timeout <= 0 {
		t.options.Timeout = defaultTestTimeout
	}
	return t
}

// start lets it work until the returned function is called, which cancels the tests
// under way and waits for their end.
func (t *tester) start(ctx context.Context) (stop func()) {
	if t.options.Interval <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx, t.schedule, t.servers = ctx, newSchedule(t.pool, t.limit), map[string]*testedServer{}
	return func() {
		cancel()
		t.mu.Lock()
		schedule := t.schedule
		t.ctx, t.schedule, t.servers = nil, nil, nil
		t.mu.Unlock()
		schedule.closeAll()
		schedule.wait()
		schedule.end()
	}
}

// plan takes over what endpoints a server has and queues the tests that are due.
func (t *tester) plan(server string, names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx == nil {
		return
	}
	s := t.servers[server]
	if s == nil {
		s = &testedServer{name: server, queue: t.schedule.queue(), tests: map[string]*endpointTest{}}
		s.breaker = breaker{symptom: aem.ErrTimeout, patience: patience}
		t.servers[server] = s
	}
	if !s.busy() {
		s.refusals = &refusals{}
	}
	s.list(names, t.options.Filter)
	now := time.Now()
	for _, name := range s.order {
		test := s.tests[name]
		if test.state == idle && t.due(test, now) {
			test.state = waiting
			t.schedule.add(s.queue, probes, func() { t.run(s, test) })
		}
	}
}

// list brings the tests in line with the endpoints that there are.
func (s *testedServer) list(names []string, filter Filter) {
	for _, test := range s.tests {
		test.listed = false
	}
	s.order = nil
	for _, name := range names {
		if !filter.match(name) {
			continue
		}
		if s.tests[name] == nil {
			s.tests[name] = &endpointTest{name: name}
		}
		s.tests[name].listed = true
		s.order = append(s.order, name)
	}
	for name, test := range s.tests {
		if !test.listed && test.state != running {
			delete(s.tests, name)
		}
	}
}

func (s *testedServer) busy() bool {
	for _, test := range s.tests {
		if test.state != idle {
			return true
		}
	}
	return false
}

// due reports whether an endpoint is to be tested. A test that had no answer is made
// again with the next poll.
func (t *tester) due(test *endpointTest, now time.Time) bool {
	interval := t.options.Interval
	switch {
	case test.tried.IsZero():
		return true
	case test.err == nil || refusal(test.err):
	case answered(test.err):
		interval = min(interval, optionalPause)
	default:
		return true
	}
	return now.Sub(test.tried)+t.interval/10 >= interval
}

// forget drops the servers that are not among those to keep. A test under way ends in
// its own time, and until then its server is kept.
func (t *tester) forget(keep func(server string) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, s := range t.servers {
		if keep(name) {
			continue
		}
		s.list(nil, Filter{})
		if len(s.tests) == 0 {
			t.schedule.remove(s.queue)
			delete(t.servers, name)
		}
	}
}

// run tests one endpoint, if it is still to be tested.
func (t *tester) run(s *testedServer, test *endpointTest) {
	ctx := t.begin(s, test)
	if ctx == nil {
		return
	}
	result, gaveUp, err := t.ask(ctx, s, test.name)

	t.mu.Lock()
	defer t.mu.Unlock()
	test.state, test.ended = idle, time.Now()
	if ctx.Err() != nil {
		return
	}
	test.result, test.err = result, err
	switch {
	case refusal(err):
		s.refusals.note(err)
	case err == nil:
		s.refusals.note(nil)
	}
	if gaveUp {
		s.giveUp(err)
	}
}

// begin returns the context of a test, nil when there is nothing to test.
func (t *tester) begin(s *testedServer, test *endpointTest) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx == nil || t.ctx.Err() != nil || test.state != waiting || !test.listed {
		return nil
	}
	test.tried = time.Now()
	if err := s.refusals.settled(); err != nil {
		test.state, test.result, test.err = idle, nil, err
		return nil
	}
	test.state = running
	return t.ctx
}

// giveUp leaves the server's waiting tests to the next poll.
func (s *testedServer) giveUp(err error) {
	for _, test := range s.tests {
		if test.state == waiting {
			test.state, test.result, test.err = idle, nil, err
		}
	}
	s.breaker.suspect()
}

// ask makes the call. It also reports whether the server has failed to answer too often.
func (t *tester) ask(ctx context.Context, s *testedServer, name string) (result *fleet.EndpointTest, gaveUp bool, err error) {
	var took time.Duration
	answer, err := t.client.Endpoints.Test(aem.WithAttemptTrace(ctx, func(_ string, started time.Time, err error) {
		took = time.Since(started)
		gaveUp = s.breaker.note(name, started, err) || gaveUp
	}), s.name, name, t.options.Timeout)
	result = &fleet.EndpointTest{Endpoint: name, Duration: took.Seconds(), Ended: unix(time.Now())}
	switch {
	case errors.Is(err, aem.ErrTestTimeout):
		result.Success = fleet.No
		return result, gaveUp, nil
	case err != nil:
		return nil, gaveUp, err
	case answer.State == aem.EndpointConnected:
		result.Success = fleet.Yes
	case answer.State == aem.EndpointFailed:
		result.Success = fleet.No
	}
	return result, gaveUp, nil
}

// results are the latest of a server's endpoints as they were listed. One that is too
// old tells nothing any more: its successor should have been there long ago.
func (t *tester) results(server string) []fleet.EndpointTest {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.servers[server]
	if s == nil {
		return nil
	}
	tooOld := 2*t.options.Interval + t.options.Timeout + t.interval
	var list []fleet.EndpointTest
	for _, name := range s.order {
		if test := s.tests[name]; test.result != nil && time.Since(test.ended) <= tooOld {
			list = append(list, *test.result)
		}
	}
	return list
}

// outcome is how the last tests of a server went: how many could not be made, why, and
// whether any was.
func (t *tester) outcome(server string) (failed int, err error, made bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.servers[server]
	if s == nil {
		return 0, nil, false
	}
	for _, name := range s.order {
		switch test := s.tests[name]; {
		case test.err == nil:
			made = made || test.result != nil
		case refusal(test.err):
		default:
			failed++
			err = firstOf(err, fmt.Errorf("endpoint %q: %w", name, test.err))
		}
	}
	return failed, err, made
}

// refused is why an endpoint of a server may not be tested.
func (t *tester) refused(server string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.servers[server]; s != nil {
		for _, name := range s.order {
			if err := s.tests[name].err; err != nil && refusal(err) {
				return err
			}
		}
	}
	return nil
}

// problem is that of the endpoints that could not be tested.
func (t *tester) problem(server string) (fleet.Problem, bool) {
	failed, err, _ := t.outcome(server)
	if failed == 0 {
		return fleet.Problem{}, false
	}
	p := problem(server, "", opTest, err)
	p.Message = fmt.Sprintf("%d endpoints could not be tested; %s", failed, p.Message)
	return p, true
}
