package app

import (
	"runtime/debug"
	"sync"
	"time"
)

// A poll of many samples leaves about as much garbage as the process needs, and the
// Go runtime would keep it until the next poll. Below manySamples it is not worth
// a collection, and more often than every tidyInterval neither: several Enterprise
// Managers may be polled in a short time.
const (
	manySamples  = 100_000
	tidyInterval = 10 * time.Second
)

// memory gives back to the system what polls have left.
type memory struct {
	mu   sync.Mutex
	last time.Time
}

// tidy is called after a poll, with the number of samples that are served.
func (m *memory) tidy(samples int) {
	if samples < manySamples || !m.mu.TryLock() {
		return
	}
	defer m.mu.Unlock()
	if now := time.Now(); m.last.IsZero() || now.Sub(m.last) >= tidyInterval {
		m.last = now
		debug.FreeOSMemory()
	}
}
