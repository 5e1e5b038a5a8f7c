// Package collector turns what polls saw into samples. It is the one place that
// knows the name of a metric: a table of families stands in a file for each kind
// of entity (server.go, task*.go, compose.go, table.go, endpoint.go, acl.go), and
// manager.go has those of the exporter's own doings.
//
// A poll is published once and served until the next one, or until it is too old.
// The metrics reference, docs/metrics.md, is made of the same tables.
package collector

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Options are what a Collector works with.
type Options struct {
	Registerer prometheus.Registerer // gets the metrics of the exporter's own doings
	Logger     *slog.Logger
	Now        func() time.Time // nil: time.Now
}

// Collector holds the last poll of every Enterprise Manager, as samples. It is
// safe for concurrent use: nothing that builds samples holds up a scrape.
type Collector struct {
	registerer prometheus.Registerer
	logger     *slog.Logger
	now        func() time.Time
	tables     *tables
	exporter   *exporterMetrics

	changing sync.Mutex                 // held while managers changes
	managers atomic.Pointer[[]*manager] // by name; replaced, never changed
	merging  sync.Mutex                 // held while merged changes
	merged   atomic.Pointer[merged]
}

// manager is one Enterprise Manager.
type manager struct {
	name     string
	maxAge   atomic.Int64 // a time.Duration
	metrics  *managerMetrics
	building sync.Mutex // held while a poll becomes samples; guards labels
	labels   *node
	last     atomic.Pointer[published] // nil before the first poll
}

// published is a poll and its samples, nil after a failure.
type published struct {
	poll     *fleet.Manager
	snapshot *exposition.Snapshot
}

// merged is the samples of several managers in one.
type merged struct {
	parts    []*exposition.Snapshot
	snapshot *exposition.Snapshot
}

// New returns a Collector without managers and registers the exporter's own
// metrics. It panics if they are registered already.
func New(o Options) *Collector {
	c := &Collector{
		registerer: o.Registerer,
		logger:     o.Logger,
		now:        o.Now,
		tables:     newTables(),
		exporter:   newExporterMetrics(),
	}
	if c.now == nil {
		c.now = time.Now
	}
	for _, m := range c.exporter.collectors {
		c.registerer.MustRegister(m)
	}
	c.managers.Store(&[]*manager{})
	c.merged.Store(&merged{snapshot: exposition.Merge()})
	return c
}

// ConfigReloaded notes how loading the configuration ended, at the start and at
// every reload.
func (c *Collector) ConfigReloaded(ok bool, at time.Time) {
	c.exporter.reloadOK.WithLabelValues().Set(fleet.FlagOf(ok).Float())
	if ok {
		c.exporter.reloadTime.WithLabelValues().Set(unixSeconds(at))
	}
}

// AddManager makes room for an Enterprise Manager, whose metrics are there from
// then on. Its samples are served until they are older than maxAge. Adding one
// that is there already changes its maxAge and nothing else.
func (c *Collector) AddManager(name string, maxAge time.Duration) {
	c.changing.Lock()
	defer c.changing.Unlock()
	if m := c.manager(name); m != nil {
		m.maxAge.Store(int64(maxAge))
		return
	}
	m := &manager{
		name:    name,
		metrics: newManagerMetrics(),
		labels:  &node{labels: exposition.NewLabelSet("manager", name)},
	}
	m.maxAge.Store(int64(maxAge))
	m.metrics.register(name, c.registerer)
	managers := append(slices.Clone(*c.managers.Load()), m)
	slices.SortFunc(managers, func(a, b *manager) int { return strings.Compare(a.name, b.name) })
	c.managers.Store(&managers)
}

// RemoveManager takes an Enterprise Manager away with all its series. Polls and
// API calls of it that are still under way leave no trace.
func (c *Collector) RemoveManager(name string) {
	c.changing.Lock()
	defer c.changing.Unlock()
	m := c.manager(name)
	if m == nil {
		return
	}
	m.metrics.unregister(name, c.registerer)
	managers := slices.DeleteFunc(slices.Clone(*c.managers.Load()), func(other *manager) bool { return other == m })
	c.managers.Store(&managers)
}

// manager returns the manager of that name, nil if there is none.
func (c *Collector) manager(name string) *manager {
	for _, m := range *c.managers.Load() {
		if m.name == name {
			return m
		}
	}
	return nil
}

// Observer returns what counts the API calls of a manager. That of a manager which
// is not there, or no longer, counts them where nobody sees it.
func (c *Collector) Observer(manager string) *APIObserver {
	if m := c.manager(manager); m != nil {
		return m.metrics.api
	}
	return newManagerMetrics().api
}

// Fleet returns the last poll of a manager as it was published, nil before the
// first.
func (c *Collector) Fleet(name string) *fleet.Manager {
	m := c.manager(name)
	if m == nil {
		return nil
	}
	if last := m.last.Load(); last != nil {
		return last.poll
	}
	return nil
}

// Publish serves the samples of a poll from now on, in place of those of the poll
// before it; after a failure, none. A poll of a manager that is not there is
// dropped.
func (c *Collector) Publish(poll *fleet.Manager) {
	m := c.manager(poll.Name)
	if m == nil {
		return
	}
	m.building.Lock()
	defer m.building.Unlock()
	duplicates := poll.Duplicates
	p := &published{poll: poll}
	if poll.Result != fleet.Failure {
		var dropped int
		p.snapshot, dropped = c.tables.snapshot(m.labels, poll)
		duplicates += dropped
	}
	m.last.Store(p)
	m.metrics.polled(poll)
	m.metrics.duplicates.WithLabelValues().Add(float64(duplicates))
	c.logger.Debug("poll published", slog.String("manager", poll.Name), slog.String("result", string(poll.Result)),
		slog.Int("samples", p.snapshot.Samples()), slog.Int("duplicates", duplicates))
}

// Current returns the samples of all managers whose last poll did not fail and is
// not too old. It is the same Snapshot until one of them changes.
func (c *Collector) Current() *exposition.Snapshot {
	now := c.now()
	if m := c.merged.Load(); c.current(now, m.parts) {
		return m.snapshot
	}
	// One goroutine merges, so that concurrent scrapes share the result and what is
	// compressed of it.
	c.merging.Lock()
	defer c.merging.Unlock()
	if m := c.merged.Load(); c.current(now, m.parts) {
		return m.snapshot
	}
	var parts []*exposition.Snapshot
	for _, m := range *c.managers.Load() {
		if s := m.current(now); s != nil {
			parts = append(parts, s)
		}
	}
	m := &merged{parts: parts, snapshot: exposition.Merge(parts...)}
	c.merged.Store(m)
	return m.snapshot
}

// current tells whether parts are what is to be served.
func (c *Collector) current(now time.Time, parts []*exposition.Snapshot) bool {
	n := 0
	for _, m := range *c.managers.Load() {
		s := m.current(now)
		if s == nil {
			continue
		}
		if n == len(parts) || parts[n] != s {
			return false
		}
		n++
	}
	return n == len(parts)
}

// current returns the manager's samples, nil if there are none to serve.
func (m *manager) current(now time.Time) *exposition.Snapshot {
	last := m.last.Load()
	if last == nil || last.snapshot == nil || now.Sub(last.poll.Ended) > time.Duration(m.maxAge.Load()) {
		return nil
	}
	return last.snapshot
}
