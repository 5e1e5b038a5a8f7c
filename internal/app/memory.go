package app

import (
	"runtime/debug"
	"time"
)

// Sweeps of a large fleet leave about as much garbage as the process needs, and the Go runtime
// would keep it for long. Below manySamples it is not worth a collection.
const (
	manySamples  = 100_000
	tidyInterval = time.Minute
)

// tidyMemory gives back to the system what the pollers have left, until the life ends.
func (a *App) tidyMemory() {
	ticker := time.NewTicker(tidyInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if _, kept := a.collector.Current(); kept.Samples() >= manySamples {
				debug.FreeOSMemory()
			}
		case <-a.life.Done():
			return
		}
	}
}
