package app

import (
	"context"
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
func (a *App) tidyMemory() func(context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
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
	}()
	return func(ctx context.Context) error { return wait(ctx, done) }
}
