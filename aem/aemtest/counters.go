package aemtest

import (
	"maps"
	"sync"
)

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
