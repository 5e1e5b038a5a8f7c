package aemtest

import (
	"maps"
	"sync"
	"sync/atomic"
)

// counters count requests.
type counters struct {
	inFlight    atomic.Int64
	maxInFlight atomic.Int64
	connections atomic.Int64

	mu    sync.Mutex
	perOp map[string]int
	total int
}

// begin counts a request; the returned function marks its end.
func (c *counters) begin(operation string) func() {
	n := c.inFlight.Add(1)
	for seen := c.maxInFlight.Load(); n > seen; seen = c.maxInFlight.Load() {
		if c.maxInFlight.CompareAndSwap(seen, n) {
			break
		}
	}
	c.mu.Lock()
	if c.perOp == nil {
		c.perOp = make(map[string]int)
	}
	c.perOp[operation]++
	c.total++
	c.mu.Unlock()
	return func() { c.inFlight.Add(-1) }
}

func (c *counters) requests(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if operation == "" {
		return c.total
	}
	return c.perOp[operation]
}

func (c *counters) perOperation() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.perOp)
}

func (c *counters) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.perOp, c.total = nil, 0
	c.maxInFlight.Store(c.inFlight.Load())
	c.connections.Store(0)
}
