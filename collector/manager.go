package collector

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// ManagerOptions is what is known of an Enterprise Manager beside what is read of it.
type ManagerOptions struct {
	URL                         string // without credentials
	StateInterval, PollInterval time.Duration
	// NextLogin is when the next login is due while logins are refused or failing; CertificateExpiry
	// the end of the earliest-ending certificate that was presented. Both may be nil or return zero.
	NextLogin, CertificateExpiry func() time.Time
}

// Manager is one Enterprise Manager as its poller and client see it. It is safe for concurrent use.
type Manager struct {
	*counts
	c       *Collector
	options atomic.Pointer[ManagerOptions]
	created time.Time
	// before is whom this one took over from, while that one's samples are still served.
	before atomic.Pointer[Manager]
	roster atomic.Pointer[fleet.Roster]

	mu      sync.Mutex
	servers map[string]*server
	order   []*server // as they came; those that are gone until the next listing
	retired bool      // nothing is published any more
}

// server is one server of a Manager, and its samples.
type server struct {
	published atomic.Pointer[fleet.Server] // nil once it is gone

	// While Collector.merging is held:
	built  *fleet.Server // what the blocks are of
	blocks []*exposition.Block
}

// NewManager makes room for an Enterprise Manager, whose own metrics are there from then on. It panics
// if there is one of that name.
func (c *Collector) NewManager(name string, o ManagerOptions) *Manager {
	m := c.handle(newCounts(name, c.errors), o)
	m.register(c.options.Registerer)
	c.replace(func(managers []*Manager) []*Manager { return append(managers, m) })
	return m
}

func (c *Collector) handle(of *counts, o ManagerOptions) *Manager {
	m := &Manager{counts: of, c: c, created: time.Now(), servers: make(map[string]*server)}
	m.Configure(o)
	return m
}

// Succeed makes the handle for a new poller of the same Enterprise Manager. The old one publishes
// nothing from then on; what it has published is served until the new poller's first sweep is
// complete, for one poll interval at most.
func (m *Manager) Succeed(o ManagerOptions) *Manager {
	next := m.c.handle(m.counts, o)
	next.before.Store(m)
	m.retire()
	m.c.replace(func(managers []*Manager) []*Manager {
		return append(slices.DeleteFunc(managers, func(other *Manager) bool { return other == m }), next)
	})
	return next
}

// Configure changes what is known beside what is read.
func (m *Manager) Configure(o ManagerOptions) { m.options.Store(&o) }

// Close takes the Enterprise Manager away with all its series. What is still under way leaves no trace.
func (m *Manager) Close() {
	m.retire()
	m.c.replace(func(managers []*Manager) []*Manager {
		i := slices.Index(managers, m)
		if i < 0 { // another took over, or it is closed already
			return managers
		}
		m.unregister(m.c.options.Registerer)
		return slices.Delete(managers, i, i+1)
	})
}

func (m *Manager) retire() { m.publish(func() { m.retired = true }) }

// publish makes a change, unless nothing is published any more.
func (m *Manager) publish(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.retired {
		change()
		m.c.version.Add(1)
	}
}

// Roster publishes what the server list said.
func (m *Manager) Roster(r *fleet.Roster) {
	m.publish(func() {
		old := m.roster.Swap(r)
		if old == nil || !old.List.Last.Equal(r.List.Last) {
			m.duplicates.Add(uint64(r.Duplicates))
		}
		if r.Complete && (old == nil || !old.Complete) {
			m.c.hurry.Store(true)
		}
	})
}

// Server publishes a server, in place of the one that has its name.
func (m *Manager) Server(s *fleet.Server) {
	m.publish(func() {
		e := m.servers[s.Name]
		if e == nil {
			e = &server{}
			m.servers[s.Name] = e
			m.order = append(m.order, e)
		}
		if old := e.published.Swap(s); old == nil || !old.Outline.Last.Equal(s.Outline.Last) {
			m.duplicates.Add(uint64(s.Duplicates))
		}
	})
}

// Gone takes a server away.
func (m *Manager) Gone(name string) {
	m.publish(func() {
		if e := m.servers[name]; e != nil {
			e.published.Store(nil)
			delete(m.servers, name)
		}
	})
}

// lastRoster is the last that was published, nil when none was. That of a new poller counts once it
// has asked.
func (m *Manager) lastRoster() *fleet.Roster {
	r, b := m.roster.Load(), m.before.Load()
	if b != nil && (r == nil || r.List.Last.IsZero() && r.List.Problem == nil) {
		return b.lastRoster()
	}
	return r
}

// shown is the handle whose servers are served.
func (m *Manager) shown() *Manager {
	b := m.before.Load()
	if b == nil {
		return m
	}
	if r := m.roster.Load(); r != nil && r.Complete || time.Since(m.created) >= m.options.Load().PollInterval {
		m.before.Store(nil)
		return m
	}
	return b.shown()
}

// list is the servers.
func (m *Manager) list() []*server {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.order) != len(m.servers) {
		m.order = slices.DeleteFunc(slices.Clone(m.order), func(e *server) bool { return e.published.Load() == nil })
	}
	return m.order
}

// managerState is what is known of an Enterprise Manager at an instant.
type managerState struct {
	URL                                    string
	Up                                     bool
	StateInterval, PollInterval            time.Duration
	ListRead, NextLogin, CertificateExpiry time.Time
	Success, Partial, Failure, Duplicates  uint64
	Listed, Polled                         num
}

func (m *Manager) state() *managerState {
	o := m.options.Load()
	s := &managerState{
		URL: o.URL, StateInterval: o.StateInterval, PollInterval: o.PollInterval,
		Success: m.polls[fleet.Success].Load(), Partial: m.polls[fleet.Partial].Load(),
		Failure: m.polls[fleet.Failure].Load(), Duplicates: m.duplicates.Load(),
	}
	if o.NextLogin != nil {
		s.NextLogin = o.NextLogin()
	}
	if o.CertificateExpiry != nil {
		s.CertificateExpiry = o.CertificateExpiry()
	}
	if r := m.lastRoster(); r != nil {
		s.Up, s.ListRead, s.Listed, s.Polled = r.Up, r.List.Last, r.Listed, r.Polled
	}
	return s
}

// managerFamilies is the table of what is known of an Enterprise Manager.
func managerFamilies() []family[managerState] {
	const exporter = "the exporter"
	m := entity[managerState]{}
	return []family[managerState]{
		gauge("qem_up", m.field("Up"),
			"Whether the server list was read when it was last due: 1 if so, else 0, also before the first time and when "+
				"nothing has been read for max_age. Never absent.", serverList),
		gauge("qem_manager_info", m.describe("url=URL"),
			"Enterprise Manager that is polled, and where it is; always 1. Never absent.", "the configuration"),
		gauge("qem_state_interval_seconds", m.field("StateInterval"),
			"How often the server list and the task lists are read, in seconds. Never absent.", "the configuration"),
		gauge("qem_poll_interval_seconds", m.field("PollInterval"),
			"How often the details of servers and tasks are read, in seconds. Never absent.", "the configuration"),
		gauge("qem_poll_last_success_timestamp_seconds", m.field("ListRead"),
			"When the server list was last read, in Unix seconds. Absent until it was.", exporter),
		counter("qem_polls_total", m.by("result", "success=Success partial=Partial failure=Failure"),
			"Readings of the server list and sweeps of a server's details, by result. Partial: some task or table could not "+
				"be read. Failure: nor could the list, the server's details, or any task. Never absent.", exporter),
		gauge("qem_servers", m.by("state", "listed=Listed polled=Polled"),
			"Number of servers: listed by the Enterprise Manager, and polled, which filters and sharding leave to this "+
				"exporter. Absent when the server list could not be read for max_age.", serverList),
		gauge("qem_login_next_attempt_timestamp_seconds", m.field("NextLogin"),
			"When the next login is due while logins are refused or failing, in Unix seconds. Absent while they are not.",
			"the API client"),
		gauge("qem_certificate_expiry_timestamp_seconds", m.field("CertificateExpiry"),
			"End of the earliest-ending certificate that the Enterprise Manager presented, in Unix seconds. Absent without "+
				"TLS, and until it was seen.", "the API client"),
		counter("qem_exporter_duplicates_dropped_total", m.field("Duplicates"),
			"Servers, tasks, tables and samples that were dropped because the API named them twice. Never absent.", exporter),
	}
}
