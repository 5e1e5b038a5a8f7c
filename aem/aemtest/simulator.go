package aemtest

import (
	"maps"
	"net/http"
	"sync"
	"time"
)

// Simulator is a simulated Enterprise Manager. It is an http.Handler, and safe for
// concurrent use.
type Simulator struct {
	opts    Options
	routes  map[routeKey]*operation
	buffers sync.Pool
	faults  faultSet
	counts  counters
	auth    *accounts

	mu      sync.RWMutex // guards what follows
	servers []*server
	builder *builder // of tasks and servers that are added
	audit   []AuditRecord
	latency time.Duration

	closed    chan struct{} // ends what hangs
	closeOnce sync.Once
}

// New makes a simulated Enterprise Manager without a socket.
func New(opts Options) *Simulator {
	opts = opts.withDefaults()
	s := &Simulator{
		opts:    opts,
		latency: opts.Latency,
		builder: newBuilder(opts),
		closed:  make(chan struct{}),
		routes:  newRoutes(),
		auth:    newAccounts(opts),
		counts:  counters{perOp: map[string]int{}},
	}
	s.servers = s.builder.fleet()
	return s
}

// Close ends the calls that hang or wait for a latency to pass. A closed simulator
// still answers calls that do neither.
func (s *Simulator) Close() { s.closeOnce.Do(func() { close(s.closed) }) }

// Now is the current instant of the simulated time.
func (s *Simulator) Now() time.Time { return s.opts.Clock().UTC() }

// State returns everything that the API would say now.
func (s *Simulator) State() *State { return s.StateAt(s.Now()) }

// StateAt returns everything that the API would say at an instant of the
// simulated time.
func (s *Simulator) StateAt(now time.Time) *State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	state := &State{Time: now, Servers: make([]ServerState, len(s.servers))}
	for i, srv := range s.servers {
		state.Servers[i] = srv.at(now)
		srv.tell(&state.Servers[i], now)
	}
	return state
}

// SetLatency sets how long every call takes at least.
func (s *Simulator) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// ServeHTTP answers one request.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.route(r)
	done := s.counts.begin(c.operation())
	defer done()
	c.serve(w)
}

type counters struct {
	mu       sync.Mutex
	perOp    map[string]int
	inFlight int
}

// begin counts a request; the returned function marks its end.
func (c *counters) begin(operation string) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.perOp[operation]++
	c.inFlight++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.inFlight--
	}
}

// Requests says how many requests an operation got, those that went wrong
// included; of all operations when it is "". A request that is none of the API's
// methods counts as "unknown".
func (s *Simulator) Requests(operation string) (n int) {
	for name, count := range s.RequestCounts() {
		if operation == "" || name == operation {
			n += count
		}
	}
	return n
}

// RequestCounts says how many requests each operation got.
func (s *Simulator) RequestCounts() map[string]int {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	return maps.Clone(s.counts.perOp)
}

// InFlight says how many requests are being answered.
func (s *Simulator) InFlight() int {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	return s.counts.inFlight
}
