package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
	"github.com/qem-exporter/qem_exporter/internal/web"
)

// unit polls one Enterprise Manager as one configuration of it says. It is what counts its
// client's calls, too.
type unit struct {
	manager config.Manager
	factory *factory
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

// factory makes units, for the daemon and for a single scrape.
type factory struct {
	options   Options
	logger    *slog.Logger
	registry  *prometheus.Registry
	collector *collector.Collector
	guard     *aem.LoginGuard  // of the accounts of the process
	large     *aem.LargeBodies // of the process
	transport func(config.Manager) (http.RoundTripper, error)
}

func newFactory(o Options) *factory {
	registry := prometheus.NewRegistry()
	return &factory{
		options: o, logger: o.Logger, registry: registry,
		collector: collector.New(collector.Options{
			Registerer: registry, ErrorCodes: aem.ErrorCodes(), Shard: o.Shard, TotalShards: o.TotalShards,
			LogLinesDropped: o.LogLinesDropped,
		}),
		guard: aem.NewLoginGuard(), large: aem.NewLargeBodies(), transport: newTransport,
	}
}

// load reads the configuration and makes its generation, out of the units that stay and
// new ones. Nothing is started, and nothing of the current one is touched.
func (f *factory) load(current *generation) (*generation, error) {
	cfg, err := f.options.Load()
	if err != nil {
		return nil, err
	}
	next := &generation{config: cfg}
	for _, m := range cfg.Managers() {
		u := current.unit(m.Name)
		if u == nil || !u.manager.Equal(m) {
			if u, err = f.newUnit(m, u); err != nil {
				return nil, err
			}
		}
		next.units = append(next.units, u)
	}
	return next, nil
}

// newUnit makes a unit that does nothing yet. The journal is handed on from the unit before it.
func (f *factory) newUnit(m config.Manager, before *unit) (*unit, error) {
	u := &unit{
		manager: m, factory: f, journal: &fleet.Journal{}, logger: f.logger.With(slog.String("manager", m.Name)),
		polling: &polling{},
	}
	if before != nil {
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

func (u *unit) samplesOptions() collector.ManagerOptions {
	return collector.ManagerOptions{
		URL: u.manager.URL, StateInterval: u.manager.StateInterval, PollInterval: u.manager.PollInterval,
		NextLogin:         u.nextLogin,
		CertificateExpiry: func() time.Time { return u.client.Status().CertificateExpiry },
	}
}

// nextLogin is when the next login is due while they are refused or fail, else zero.
func (u *unit) nextLogin() time.Time { return u.client.Status().NextLogin }

func (u *unit) newSamples() *collector.Manager {
	return u.factory.collector.NewManager(u.manager.Name, u.samplesOptions())
}

// attach gives the unit its poller, which hands what it sees to samples.
func (u *unit) attach(samples *collector.Manager) {
	u.samples, u.begun = samples, time.Now()
	u.poller = poll.New(u.client, u.pollOptions())
}

// begin polls until the context or stop ends it.
func (u *unit) begin(ctx context.Context, samples *collector.Manager) {
	u.attach(samples)
	p := u.polling
	ctx, p.cancel = context.WithCancel(ctx)
	p.done = make(chan struct{})
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

func (u *unit) pollOptions() poll.Options {
	m, f := &u.manager, u.factory
	tests := m.Collectors.EndpointTests
	o := poll.Options{
		Choice: choose.Choice{
			Manager: m.Name, Servers: choose.Filter(m.Servers), Tasks: choose.Filter(m.Tasks.Filter), Tags: m.Tasks.Tags,
			Shard: f.options.Shard, TotalShards: f.options.TotalShards,
		},
		StateInterval:     m.StateInterval,
		PollInterval:      m.PollInterval,
		RequestTimeout:    m.RequestTimeout,
		MaxAge:            m.MaxAge,
		Concurrency:       m.MaxConcurrentRequests,
		RequestsPerSecond: m.MaxRequestsPerSecond,
		Tables: choose.TableOptions{
			Mode:     choose.TableMode(m.Tables.Mode),
			Filter:   choose.Filter(m.Tables.Filter),
			Interval: m.Tables.Interval,
			Limit:    m.Tables.Limit,
		},
		Endpoints: m.Collectors.Endpoints,
		EndpointTests: choose.EndpointTestOptions{
			Interval: tests.Interval, Filter: choose.Filter(tests.Filter), Timeout: tests.Timeout,
		},
		ACLs:              m.Collectors.ACLs.Interval,
		RetentionBarriers: m.Collectors.RetentionBarriers.Interval,
		Logger:            f.logger, Journal: u.journal, Publisher: u.samples,
	}
	for _, e := range m.Objectives {
		o.Objectives = append(o.Objectives, choose.Objective(e))
	}
	for _, l := range m.ServerLimits {
		o.Limits = append(o.Limits, choose.ServerLimit{Server: l.Server, Memory: int64(l.Memory), Disk: int64(l.Disk)})
	}
	return o
}
