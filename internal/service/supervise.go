package service

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

// state is where a service is in its life, request what Windows wants of it; both are numbered as
// Windows does.
type (
	state   uint32
	request uint32
)

const (
	stopped state = 1 + iota
	startPending
	stopPending
	running
)

const (
	stop        request = 1
	interrogate request = 4
	shutdown    request = 5
	paramChange request = 6
)

func (s state) String() string {
	names := map[state]string{
		stopped: "stopped", startPending: "starting", stopPending: "stopping", running: "running",
	}
	return cmp.Or(names[s], "in an unknown state")
}

// supervisor runs a daemon as Windows wants it.
type supervisor[R any] struct {
	requests <-chan R
	kind     func(R) request
	report   func(state) // tells Windows
	events   Events
	// stopTimeout is how long the daemon may take to end. It bounds itself; this is
	// for one that hangs.
	stopTimeout time.Duration
}

// run returns when the daemon has ended, with its error, or when it would not end.
func (s *supervisor[R]) run(daemon Daemon) error {
	s.report(startPending)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready := make(chan struct{})
	reloads := make(chan os.Signal, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- daemon(ctx, Session{
			Ready:   sync.OnceFunc(func() { close(ready) }),
			Reloads: reloads,
			Events:  s.events,
		})
	}()
	err := s.supervise(cancel, ready, reloads, ended)
	if err != nil {
		_ = s.events(slog.LevelError, fmt.Sprintf("%s failed: %s", Name, err))
		return err
	}
	_ = s.events(slog.LevelInfo, Name+" has stopped")
	return nil
}

// supervise answers the requests of Windows until the daemon has ended.
func (s *supervisor[R]) supervise(cancel func(), ready <-chan struct{}, reloads chan<- os.Signal,
	ended <-chan error) error {
	now := startPending
	var late <-chan time.Time
	for {
		select {
		case <-ready:
			ready = nil
			if now == startPending {
				now = running
				s.report(now)
				_ = s.events(slog.LevelInfo, Name+" is running")
			}
		case r := <-s.requests:
			switch s.kind(r) {
			case interrogate:
				s.report(now)
			case stop, shutdown:
				if now == stopPending {
					continue
				}
				now = stopPending
				s.report(now)
				late = time.After(s.stopTimeout)
				cancel()
			case paramChange:
				select {
				case reloads <- syscall.SIGHUP:
				default: // one is waiting, and reads what this one would
				}
			}
		case err := <-ended:
			return err
		case <-late:
			return fmt.Errorf("it did not end within %s", s.stopTimeout)
		}
	}
}

// pollState is how often Windows is asked how far a service is.
const pollState = 200 * time.Millisecond

// await waits until a service has come to a state. A service that stops instead is
// an error, and so is the end of the context.
func await(ctx context.Context, want state, query func() (state, error)) error {
	tick := time.NewTicker(pollState)
	defer tick.Stop()
	for {
		now, err := query()
		switch {
		case err != nil:
			return err
		case now == want:
			return nil
		case now == stopped:
			return fmt.Errorf("the service has stopped: the event log (source %s) says why", Name)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the service is still %s: %w", now, context.Cause(ctx))
		}
	}
}
