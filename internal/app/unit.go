package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll"
)

// unit polls one Enterprise Manager as one configuration of it says.
type unit struct {
	manager   config.Manager
	client    *aem.Client
	poller    *poll.Poller
	collector *collector.Collector
	memory    *memory
	logger    *slog.Logger

	cancel context.CancelFunc
	done   chan struct{} // closed when the poller has ended

	lastSuccess atomic.Pointer[time.Time] // end of the last poll that read the server list

	mu      sync.Mutex // held while publishing
	retired bool
}

// factory makes units that publish to one collector.
type factory struct {
	collector          *collector.Collector
	memory             *memory // of the process
	shard, totalShards int
	version            string // of the exporter
	logger             *slog.Logger
}

// newUnit makes a unit that does nothing yet.
func (f *factory) newUnit(m config.Manager) (*unit, error) {
	u := &unit{
		manager:   m,
		collector: f.collector,
		memory:    f.memory,
		logger:    f.logger.With(slog.String("manager", m.Name)),
		done:      make(chan struct{}),
	}
	var err error
	u.client, err = newClient(m, newObserver(f.collector, m.Name), f.version, u.logger)
	if err != nil {
		return nil, fmt.Errorf("enterprise manager %q: %w", m.Name, err)
	}
	o := pollOptions(m)
	o.Shard, o.TotalShards = f.shard, f.totalShards
	o.Logger = f.logger
	o.Publish = u.publish
	u.poller = poll.New(u.client, o)
	return u, nil
}

// publish passes a finished poll on, unless the unit is retired.
func (u *unit) publish(m *fleet.Manager) {
	if u.pass(m) {
		u.memory.tidy(u.collector.Current().Samples())
	}
}

func (u *unit) pass(m *fleet.Manager) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.retired {
		return false
	}
	if m.Result != fleet.Failure {
		u.lastSuccess.Store(&m.Ended)
	}
	u.collector.Publish(m)
	return true
}

// succeeded is when the last poll ended that read the server list; zero when none has.
func (u *unit) succeeded() time.Time {
	if at := u.lastSuccess.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// retire makes sure that nothing is published any more; when it returns, no
// publication is under way.
func (u *unit) retire() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.retired = true
}

// start polls until the context or stop ends it.
func (u *unit) start(ctx context.Context) {
	ctx, u.cancel = context.WithCancel(ctx)
	go func() {
		defer close(u.done)
		u.poller.Run(ctx)
	}()
}

// stop ends the poller and its session.
func (u *unit) stop(ctx context.Context) error {
	u.cancel()
	if err := wait(ctx, u.done); err != nil {
		return fmt.Errorf("poll has not ended: %w", err)
	}
	return u.close(ctx)
}

// close ends the session of a unit that does not poll.
func (u *unit) close(ctx context.Context) error {
	if err := u.client.Close(ctx); err != nil {
		return fmt.Errorf("log out: %w", err)
	}
	return nil
}

// tableSweeps is the configuration's default of tables.interval, in poll intervals.
const tableSweeps = 5

// pollOptions is what a manager's configuration says about its polls.
func pollOptions(m config.Manager) poll.Options {
	o := poll.Options{
		Manager:     m.Name,
		Interval:    m.PollInterval,
		Concurrency: m.MaxConcurrentRequests,
		Servers:     poll.Filter(m.Servers),
		Tasks:       poll.Filter(m.Tasks.Filter),
		Tags:        m.Tasks.Tags,
		Tables: poll.TableOptions{
			Mode:     poll.TableMode(m.Tables.Mode),
			Filter:   poll.Filter(m.Tables.Filter),
			Interval: m.Tables.Interval,
			Limit:    m.Tables.Limit,
		},
		Endpoints: m.Collectors.Endpoints,
	}
	if m.Tables.Interval == tableSweeps*m.PollInterval {
		o.Tables.Interval = 0 // the poller reads no changed task out of turn
	}
	if tests := m.Collectors.EndpointTests; tests.Enabled {
		o.EndpointTests = poll.EndpointTestOptions{
			Interval: tests.Interval, Filter: poll.Filter(tests.Filter), Timeout: tests.Timeout,
		}
	}
	if acls := m.Collectors.ACLs; acls.Enabled {
		o.ACLs = acls.Interval
	}
	if barriers := m.Collectors.RetentionBarriers; barriers.Enabled {
		o.RetentionBarriers = barriers.Interval
	}
	for _, e := range m.Objectives {
		if e.Latency > 0 && e.Tag == nil {
			o.Objectives = append(o.Objectives, poll.Objective{Server: e.Server, Task: e.Task, Objective: e.Latency})
		}
	}
	return o
}
