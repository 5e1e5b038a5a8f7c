package collector

import (
	"slices"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// tables are the families of all that an Enterprise Manager has. They are only
// read once they are made.
type tables struct {
	servers   *table[fleet.Server]
	tasks     *table[fleet.Task]
	tables    *table[fleet.Table]
	endpoints *table[fleet.Endpoint]
	tests     *table[fleet.EndpointTest]
	acls      *table[fleet.ACL]
}

func newTables() *tables {
	return &tables{
		servers: newTable(serverFamilies(), serverLicenseFamilies(), serverResourceFamilies()),
		tasks: newTable(taskFamilies(), taskLatencyFamilies(), taskTransactionFamilies(), taskPendingFamilies(),
			taskFullLoadFamilies(), taskResourceFamilies(), taskTableFamilies(), composeFamilies()),
		tables:    newTable(tableFamilies(), tableFullLoadFamilies()),
		endpoints: newTable(endpointFamilies()),
		tests:     newTable(endpointTestFamilies()),
		acls:      newTable(aclFamilies()),
	}
}

// table is the families about one kind of entity, and their columns in one row.
type table[E any] struct {
	families []family[E]
	columns  []fixedColumn[E]
}

// fixedColumn is a column with the label texts that its values make.
type fixedColumn[E any] struct {
	family *exposition.Family
	extra  exposition.LabelSet
	read   func(e *E) float64
}

func newTable[E any](parts ...[]family[E]) *table[E] {
	t := &table[E]{families: slices.Concat(parts...)}
	for i := range t.families {
		f := &t.families[i]
		for _, c := range f.columns {
			extra := exposition.NewLabelSet(pairs(f.labels, c.values)...)
			t.columns = append(t.columns, fixedColumn[E]{&f.Family, extra, c.read})
		}
	}
	return t
}

// entities are the entities of one kind in a poll, each with its node.
type entities[E any] struct {
	values []*E
	nodes  []*node
}

func (s *entities[E]) add(e *E, n *node) {
	s.values = append(s.values, e)
	s.nodes = append(s.nodes, n)
}

// labels returns the label texts of the entities.
func (s *entities[E]) labels() []exposition.LabelSet {
	labels := make([]exposition.LabelSet, len(s.nodes))
	for i, n := range s.nodes {
		labels[i] = n.labels
	}
	return labels
}

// inventory is what one poll saw, by kind.
type inventory struct {
	servers    entities[fleet.Server]
	tasks      entities[fleet.Task]
	tables     entities[fleet.Table]
	endpoints  entities[fleet.Endpoint]
	tests      entities[fleet.EndpointTest]
	acls       entities[fleet.ACL]
	duplicates int // entities that were left out because they were there already
}

// take walks through a poll, and leaves in root the nodes of what it has.
func (v *inventory) take(root *node, m *fleet.Manager) {
	root.poll++
	root.live = 0
	for i := range m.Servers {
		s := &m.Servers[i]
		n := root.child(key{1: s.Name}, "server")
		if n == nil {
			v.duplicates++
			continue
		}
		v.servers.add(s, n)
		v.takeTasks(n, s.Tasks)
		v.takeOptional(n, s)
	}
	root.forget()
}

func (v *inventory) takeTasks(server *node, tasks []fleet.Task) {
	for i := range tasks {
		t := &tasks[i]
		n := server.child(key{1: t.Name}, "task")
		if n == nil {
			v.duplicates++
			continue
		}
		v.tasks.add(t, n)
		v.takeTables(n, t.Tables)
	}
	server.forget()
}

// takeOptional takes what the optional collectors read of a server.
func (v *inventory) takeOptional(server *node, s *fleet.Server) {
	takeGroup(v, &v.endpoints, server, "endpoints", s.Endpoints, func(e *fleet.Endpoint) key { return key{e.Name, e.Role} }, "endpoint", "role")
	takeGroup(v, &v.tests, server, "tests", s.EndpointTests, func(t *fleet.EndpointTest) key { return key{1: t.Endpoint} }, "endpoint")
	takeGroup(v, &v.acls, server, "acls", s.ACLs, func(a *fleet.ACL) key { return key{a.Scope, a.Object} }, "scope", "object")
}

// takeGroup takes entities that stand beside a server's tasks.
func takeGroup[E any](v *inventory, to *entities[E], server *node, group string, list []E, keyOf func(e *E) key, labels ...string) {
	n := server.group(group, len(list) > 0)
	if n == nil {
		return
	}
	for i := range list {
		e := &list[i]
		child := n.child(keyOf(e), labels...)
		if child == nil {
			v.duplicates++
			continue
		}
		to.add(e, child)
	}
	n.forget()
}

func (v *inventory) takeTables(task *node, tables []fleet.Table) {
	for i := range tables {
		t := &tables[i]
		n := task.child(key{t.Schema, t.Name}, "schema", "table")
		if n == nil {
			v.duplicates++
			continue
		}
		v.tables.add(t, n)
	}
	task.forget()
}

// snapshot makes the samples of a poll, and counts the entities and samples that
// it left out as duplicates. The nodes under root are kept up to date.
func (t *tables) snapshot(root *node, m *fleet.Manager) (s *exposition.Snapshot, duplicates int) {
	var v inventory
	v.take(root, m)
	b := exposition.NewBuilder()
	t.servers.addTo(b, &v.servers)
	t.tasks.addTo(b, &v.tasks)
	t.tables.addTo(b, &v.tables)
	t.endpoints.addTo(b, &v.endpoints)
	t.tests.addTo(b, &v.tests)
	t.acls.addTo(b, &v.acls)
	s, report := b.Build()
	return s, v.duplicates + report.Duplicates
}

// addTo adds the samples of the entities.
func (t *table[E]) addTo(b *exposition.Builder, s *entities[E]) {
	n := len(s.values)
	labels := s.labels()
	// One entity after the other, so that each is fetched from memory once.
	values := make([]float64, len(t.columns)*n)
	for i, e := range s.values {
		at := i
		for c := range t.columns {
			values[at] = t.columns[c].read(e)
			at += n
		}
	}
	for c, column := range t.columns {
		b.Add(column.family, labels, column.extra, values[c*n:(c+1)*n:(c+1)*n])
	}
	for i := range t.families {
		f := &t.families[i]
		if f.loose != nil {
			f.addLoose(b, s)
		}
		if f.info != nil {
			f.addInfo(b, s)
		}
	}
}

// addLoose adds a column for each value of the family's label that an entity has.
func (f *family[E]) addLoose(b *exposition.Builder, s *entities[E]) {
	type group struct {
		labels []exposition.LabelSet
		values []float64
	}
	groups := make(map[string]*group)
	var inOrder []string
	var entity exposition.LabelSet
	add := func(value string, sample float64) {
		g := groups[value]
		if g == nil {
			g = &group{}
			groups[value] = g
			inOrder = append(inOrder, value)
		}
		g.labels = append(g.labels, entity)
		g.values = append(g.values, sample)
	}
	for i, e := range s.values {
		entity = s.nodes[i].labels
		f.loose(e, add)
	}
	for _, value := range inOrder {
		g := groups[value]
		b.Add(&f.Family, g.labels, exposition.NewLabelSet(f.labels[0], value), g.values)
	}
}

// addInfo adds one column of ones, whose labels describe the entities.
func (f *family[E]) addInfo(b *exposition.Builder, s *entities[E]) {
	var labels []exposition.LabelSet
	var values []float64
	for i, e := range s.values {
		if !f.info.known(e) {
			continue
		}
		labels = append(labels, s.nodes[i].describe(f.labels, func(i int) string { return f.info.values[i](e) }))
		values = append(values, 1)
	}
	b.Add(&f.Family, labels, exposition.LabelSet{}, values)
}
