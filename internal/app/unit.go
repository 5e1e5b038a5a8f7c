package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll"
	"github.com/qem-exporter/qem_exporter/internal/web"
)

// unit polls one Enterprise Manager as one configuration of it says. It is what counts its
// client's calls, too.
type unit struct {
	manager config.Manager
	client  *aem.Client
	journal *fleet.Journal
	logger  *slog.Logger
	*polling
}

// polling is what begins when a unit is put in force. A unit that a reload made of another one by
// new settings alone shares it.
type polling struct {
	poller  *poll.Poller
	samples *collector.Manager
	begun   time.Time
	told    told
	cancel  context.CancelFunc
	done    chan struct{} // closed when the poller has ended
}

// factory makes units.
type factory struct {
	guard              *aem.LoginGuard  // of the accounts of the process
	large              *aem.LargeBodies // of the process
	transport          func(config.Manager) (http.RoundTripper, error)
	shard, totalShards int
	version            string // of the exporter
	logger             *slog.Logger
}

// newUnit makes a unit that does nothing yet. The journal is handed on from the unit before it.
func (f *factory) newUnit(m config.Manager, before *unit) (*unit, error) {
	u := &unit{manager: m, logger: f.logger.With(slog.String("manager", m.Name)), polling: &polling{}}
	if before == nil {
		u.journal = &fleet.Journal{}
	} else {
		u.journal = before.journal
		if access(before.manager).Equal(access(m)) {
			u.client, u.polling = before.client, before.polling
			return u, nil
		}
	}
	var err error
	if u.client, err = f.newClient(u); err != nil {
		return nil, fmt.Errorf("enterprise manager %q: %w", m.Name, err)
	}
	return u, nil
}

// samplesOptions is what the metrics tell of the configuration.
func (u *unit) samplesOptions() collector.ManagerOptions {
	return collector.ManagerOptions{
		URL: u.manager.URL, StateInterval: u.manager.StateInterval, PollInterval: u.manager.PollInterval,
		NextLogin:         u.nextLogin,
		CertificateExpiry: func() time.Time { return u.client.Status().CertificateExpiry },
	}
}

// nextLogin is when the next login is due while they are refused or fail, else zero.
func (u *unit) nextLogin() time.Time { return u.client.Status().NextLogin }

// begin polls until the context or stop ends it, and hands what it sees to samples.
func (u *unit) begin(ctx context.Context, f *factory, samples *collector.Manager) {
	p := u.polling
	ctx, p.cancel = context.WithCancel(ctx)
	p.samples, p.begun, p.done = samples, time.Now(), make(chan struct{})
	p.poller = poll.New(u.client, u.pollOptions(f))
	go func() {
		defer close(p.done)
		p.poller.Run(ctx)
	}()
}

// stop ends the poller and its session.
func (u *unit) stop(ctx context.Context) error {
	u.cancel()
	if err := wait(ctx, u.done); err != nil {
		return fmt.Errorf("polling has not ended: %w", err)
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

// status is what the status page shows of it.
func (u *unit) status() web.Manager {
	return web.Manager{
		Name: u.manager.Name, URL: u.manager.URL,
		StateInterval: u.manager.StateInterval, PollInterval: u.manager.PollInterval, MaxAge: u.manager.MaxAge,
		Started: u.begun, View: u.poller.View(), Journal: u.journal, NextLogin: u.nextLogin(), Wedged: u.poller.Wedged(),
	}
}

// Request, Failed, Retry and Login make the unit its client's observer: it has nothing to count
// with before it begins, and its client calls nothing before that.
func (u *unit) Request(operation string, status int, elapsed time.Duration) {
	u.samples.Request(operation, status, elapsed)
}
func (u *unit) Failed(operation, reason string) { u.samples.Failed(operation, reason) }
func (u *unit) Retry(operation string)          { u.samples.Retry(operation) }
func (u *unit) Login(ok bool)                   { u.samples.Login(ok) }

// pollOptions is what a manager's configuration says about its polls.
func (u *unit) pollOptions(f *factory) poll.Options {
	m := &u.manager
	o := poll.Options{
		Manager:           m.Name,
		StateInterval:     m.StateInterval,
		PollInterval:      m.PollInterval,
		RequestTimeout:    m.RequestTimeout,
		MaxAge:            m.MaxAge,
		Concurrency:       m.MaxConcurrentRequests,
		RequestsPerSecond: m.MaxRequestsPerSecond,
		Servers:           poll.Filter(m.Servers),
		Tasks:             poll.Filter(m.Tasks.Filter),
		Tags:              m.Tasks.Tags,
		Tables: poll.TableOptions{
			Mode:     poll.TableMode(m.Tables.Mode),
			Filter:   poll.Filter(m.Tables.Filter),
			Interval: m.Tables.Interval,
			Limit:    m.Tables.Limit,
		},
		Endpoints: m.Collectors.Endpoints,
		Shard:     f.shard, TotalShards: f.totalShards,
		Logger: f.logger, Journal: u.journal, Publisher: u.samples,
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
		o.Objectives = append(o.Objectives, poll.Objective{
			Server: e.Server, Task: e.Task, Tag: e.Tag,
			Latency: e.Latency, FullLoad: e.FullLoad, Running: e.Running, Priority: string(e.Priority),
		})
	}
	for _, l := range m.ServerLimits {
		o.Limits = append(o.Limits, poll.ServerLimit{Server: l.Server, Memory: int64(l.Memory), Disk: int64(l.Disk)})
	}
	return o
}
