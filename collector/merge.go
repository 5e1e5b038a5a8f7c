package collector

import (
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// serverKind is the families about what a server has of one kind.
type serverKind interface {
	docs() []Doc
	// renew makes the block of what was published of a server, nil of none, out of the block of what
	// was published before, as far as it is the same.
	renew(m *Manager, s, old *fleet.Server, block *exposition.Block) *exposition.Block
}

// instants is the place of the kind that changes though the server does not.
const instants = 0

// serverKinds lists the kinds of what servers have, the instants first.
func serverKinds() []serverKind {
	self := func(s *fleet.Server, b *batch[fleet.Server]) { b.add(s) }
	sameTasks := func(s, old *fleet.Server) bool { return same(s.Tasks, old.Tasks) }
	return []serverKind{
		newKind(scopeServer, "manager,server", nil, self, instantFamilies()),
		newKind(scopeServer, "manager,server", nil, self, serverFamilies(), detailFamilies()),
		newKind(scopeTask, "manager,server,task", sameTasks, func(s *fleet.Server, b *batch[fleet.Task]) {
			for _, t := range s.Tasks {
				b.add(t, t.Name)
			}
		}, taskFamilies(), latencyFamilies(), transactionFamilies(), fullLoadFamilies(), resourceFamilies(),
			replicateFamilies(), composeFamilies()),
		newKind(scopeTable, "manager,server,task,schema,table", sameTasks, func(s *fleet.Server, b *batch[fleet.Table]) {
			for _, t := range s.Tasks {
				for i := range t.Tables {
					b.add(&t.Tables[i], t.Name, t.Tables[i].Schema, t.Tables[i].Name)
				}
			}
		}, tableFamilies()),
		listKind(scopeEndpoint, "manager,server,endpoint_name,role",
			func(s *fleet.Server) []fleet.Endpoint { return s.Endpoints },
			func(e *fleet.Endpoint) []string { return []string{e.Name, e.Role} }, endpointFamilies()),
		listKind(scopeEndpoint, "manager,server,endpoint_name",
			func(s *fleet.Server) []fleet.EndpointTest { return s.EndpointTests },
			func(t *fleet.EndpointTest) []string { return []string{t.Endpoint} }, endpointTestFamilies()),
		listKind(scopeACL, "manager,server,scope,object",
			func(s *fleet.Server) []fleet.ACL { return s.ACLs },
			func(a *fleet.ACL) []string { return []string{a.Scope, a.Object} }, aclFamilies()),
	}
}

// listKind is a kind of which a server has a list.
func listKind[E any](scope, labels string, list func(*fleet.Server) []E, names func(*E) []string,
	families []family[E]) serverKind {
	return newKind(scope, labels,
		func(s, old *fleet.Server) bool { return same(list(s), list(old)) },
		func(s *fleet.Server, b *batch[E]) {
			for i := range list(s) {
				b.add(&list(s)[i], names(&list(s)[i])...)
			}
		}, families)
}

// same tells whether two slices are the same, and not only equal.
func same[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// merged is the samples of all servers, as of an instant.
type merged struct {
	version    uint64
	handover   bool // some manager still serves what another published
	began      time.Time
	took       time.Duration
	live, kept []*exposition.Block
	snapshot   *exposition.Snapshot // of kept
}

// maxLate is how long a snapshot is served at most though something has changed since.
const maxLate = time.Second

// due tells whether the samples are to be merged anew: once something has changed, but no more often
// than in ten times what the last merge cost, its compression with it.
func (c *Collector) due(m *merged) bool {
	if m.version == c.version.Load() && !m.handover {
		return false
	}
	return c.hurry.Load() || time.Since(m.began) >= min(10*(m.took+m.snapshot.Spent()), maxLate)
}

// Current returns the current samples: those of the exporter and the Enterprise Managers, and the
// instants, made for every scrape; and those of all servers, which are the same Snapshot until one of
// them changes.
func (c *Collector) Current() (live, kept *exposition.Snapshot) {
	m := c.merged.Load()
	if c.due(m) {
		m = c.merge()
	}
	own, managers := batch[exporterState]{kind: c.kind}, batch[managerState]{kind: c.managerKind}
	own.add(c.state())
	for _, m := range *c.managers.Load() {
		managers.add(m.state(), m.name)
	}
	ownBlock, _ := own.block(nil)
	managerBlock, _ := managers.block(nil)
	return exposition.NewSnapshot(append(slices.Clip(m.live), ownBlock, managerBlock)), m.snapshot
}

// merge makes the samples of what has changed since the last merge, and takes the others from it. One
// goroutine does, so that concurrent scrapes share the result and what is compressed of it.
func (c *Collector) merge() *merged {
	c.merging.Lock()
	defer c.merging.Unlock()
	last := c.merged.Load()
	if !c.due(last) {
		return last
	}
	c.hurry.Store(false)
	m := &merged{began: time.Now(), version: c.version.Load(), snapshot: last.snapshot}
	for _, manager := range *c.managers.Load() {
		shown := manager.shown()
		m.handover = m.handover || shown != manager
		for _, s := range shown.list() {
			if s.update(c, manager); s.built != nil {
				m.live, m.kept = append(m.live, s.blocks[instants]), append(m.kept, s.blocks[instants+1:]...)
			}
		}
	}
	if !slices.Equal(m.kept, last.kept) {
		m.snapshot = exposition.NewSnapshot(m.kept)
	}
	m.took = time.Since(m.began)
	c.merged.Store(m)
	return m
}

// update makes the blocks of what was published of a server.
func (e *server) update(c *Collector, m *Manager) {
	s, old := e.published.Load(), e.built
	if e.built = s; s == nil || s == old {
		return
	}
	if old == nil {
		old, e.blocks = &fleet.Server{}, make([]*exposition.Block, len(c.kinds))
	}
	for i, k := range c.kinds {
		e.blocks[i] = k.renew(m, s, old, e.blocks[i])
	}
}
