// Package poll turns an Enterprise Manager into fleet snapshots: on time, in
// parallel, and whatever fails.
package poll

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Options say what is polled, and how.
type Options struct {
	Manager     string        // the configured name of the Enterprise Manager
	Interval    time.Duration // from the start of one poll to the start of the next; default 60 s
	Concurrency int           // calls in flight at a time; default 16

	Servers, Tasks Filter
	Tags           []string // when given, only tasks that bear one of them
	Tables         TableOptions
	Objectives     []Objective // latency objectives; the first that matches

	// The optional collectors. None of them reads anything by default.
	Endpoints         bool
	EndpointTests     EndpointTestOptions // only while Run runs
	ACLs              time.Duration       // between two readings; 0: none
	RetentionBarriers time.Duration       // between two readings; 0: none

	// This is instance Shard (from 0) of TotalShards; 0 and 1 mean all servers.
	Shard, TotalShards int

	Logger  *slog.Logger         // gets the manager's name with every line; default: none
	Publish func(*fleet.Manager) // gets every finished poll of Run
	// Jitter varies the interval, so that many instances do not poll at one instant;
	// default: up to 5 % more or less.
	Jitter func(time.Duration) time.Duration
}

// Poller polls one Enterprise Manager.
type Poller struct {
	client  *aem.Client
	options Options
	logger  *slog.Logger
	pool    *pool
	tests   *tester

	mu     sync.Mutex // held during a poll: never two at a time
	memory memory
}

// New makes a poller. It calls nothing yet.
func New(client *aem.Client, o Options) *Poller {
	if o.Interval <= 0 {
		o.Interval = time.Minute
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 16
	}
	if o.Tables.Mode == "" {
		o.Tables.Mode = Off
	}
	if o.Publish == nil {
		o.Publish = func(*fleet.Manager) {}
	}
	if o.Jitter == nil {
		o.Jitter = jitter
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	calls := newPool(o.Concurrency)
	return &Poller{
		client:  client,
		options: o,
		logger:  o.Logger.With(slog.String("manager", o.Manager)),
		pool:    calls,
		tests:   newTester(client, &o, calls),
		memory:  newMemory(),
	}
}

// jitter is an interval up to 5 % shorter or longer.
func jitter(interval time.Duration) time.Duration {
	return interval + time.Duration((rand.Float64()-0.5)*0.1*float64(interval))
}

// Run polls at once and then on the interval, start to start, until ctx ends. A poll
// that takes longer than the interval is followed by the next one at once; those that
// were missed are not made up for. A poll that ctx cuts short is not published.
// Endpoints are tested beside the polls, and Run returns when the last test has ended.
func (p *Poller) Run(ctx context.Context) {
	defer p.tests.start(ctx)()
	for ctx.Err() == nil {
		started := time.Now()
		snapshot := p.Poll(ctx)
		if ctx.Err() != nil {
			return
		}
		p.options.Publish(snapshot)
		pause(ctx, p.options.Jitter(p.options.Interval)-time.Since(started))
	}
}

// pause waits until d has passed or ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Poll polls once. When ctx ends before the poll does, the snapshot holds what was
// read until then and its result is not Success.
func (p *Poller) Poll(ctx context.Context) *fleet.Manager {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := newRound(ctx, p)
	defer r.cancel()
	r.read()
	snapshot := r.snapshot()
	if ctx.Err() == nil { // what was cut short tells nothing about the other side
		p.memory.update(r, snapshot, p.logger)
	}
	return snapshot
}
