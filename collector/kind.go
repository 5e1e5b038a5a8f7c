package collector

import (
	"slices"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// kind is the families about one kind of entity.
type kind[E any] struct {
	scope    string
	labels   []string // that name the entity
	families []family[E]
	table    *exposition.Table
	columns  int // of all families
	// list adds the entities of a server, same tells that two servers have the same: without it they
	// never have. Both are nil for what does not belong to a server.
	same func(s, old *fleet.Server) bool
	list func(s *fleet.Server, b *batch[E])
}

func newKind[E any](scope, labels string, same func(s, old *fleet.Server) bool,
	list func(s *fleet.Server, b *batch[E]), tables ...[]family[E]) *kind[E] {
	k := &kind[E]{scope: scope, labels: split(labels), families: slices.Concat(tables...), same: same, list: list}
	var families []exposition.Family
	for _, f := range k.families {
		families = append(families, f.Family)
		k.columns += len(f.Columns)
	}
	k.table = exposition.NewTable(k.labels, families)
	return k
}

func (k *kind[E]) renew(m *Manager, s, old *fleet.Server, block *exposition.Block) *exposition.Block {
	if k.same != nil && k.same(s, old) {
		return block
	}
	b := batch[E]{kind: k, old: block, names: []string{m.name, s.Name}}
	k.list(s, &b)
	block, dropped := b.block(m.limit)
	m.duplicates.Add(uint64(dropped))
	return block
}

// batch is entities of one kind that become a block.
type batch[E any] struct {
	kind     *kind[E]
	names    []string          // of the entity that they belong to
	old      *exposition.Block // of the same entities, before; what did not change is taken from it
	entities []*E
	labels   []exposition.LabelSet
}

func (b *batch[E]) add(e *E, names ...string) {
	all := append(b.names, names...)
	b.names = all[:len(b.names)]
	b.entities = append(b.entities, e)
	b.labels = append(b.labels, b.kind.table.Row(b.old.Rows().Labels(len(b.labels)), all...))
}

// block makes the samples of the entities, and counts those that it left out because their labels
// were there already. It is the old block when nothing has changed, nil when there are no entities.
func (b *batch[E]) block(limit *bounds) (*exposition.Block, int) {
	before := b.old.Rows()
	rows, dropped := exposition.NewRows(before, b.labels), 0
	if rows != before {
		if dropped = b.dropDuplicates(); dropped > 0 {
			rows = exposition.NewRows(before, b.labels)
		}
	}
	n := len(b.entities)
	if n == 0 {
		return nil, dropped
	}
	// One entity after the other, so that each is fetched from memory once.
	values := make([]float64, b.kind.columns*n)
	for i, e := range b.entities {
		at := i
		for f := range b.kind.families {
			family := &b.kind.families[f]
			has := family.only == nil || family.only(e)
			for _, read := range family.read {
				var value num
				if has {
					value = read(e)
				}
				values[at] = value.Float()
				at += n
			}
		}
	}
	block := b.kind.table.Block(rows, values, b.loose(limit))
	if block.Equal(b.old) {
		return b.old, dropped
	}
	return block, dropped
}

// dropDuplicates keeps the first of the entities that have the same labels.
func (b *batch[E]) dropDuplicates() int {
	seen := make(map[exposition.LabelSet]struct{}, len(b.labels))
	kept := 0
	for i, l := range b.labels {
		if _, again := seen[l]; again {
			continue
		}
		seen[l] = struct{}{}
		b.labels[kept], b.entities[kept] = l, b.entities[i]
		kept++
	}
	dropped := len(b.labels) - kept
	b.labels, b.entities = b.labels[:kept], b.entities[:kept]
	return dropped
}

// loose makes the samples whose labels are the entities' own.
func (b *batch[E]) loose(limit *bounds) []exposition.Loose {
	old := b.old.Loose()
	all := make([]exposition.Loose, 0, len(old))
	for f := range b.kind.families {
		family := &b.kind.families[f]
		if family.loose == nil {
			continue
		}
		row, first := 0, 0
		add := func(value num, labels ...string) {
			if !value.IsSet() {
				return
			}
			if family.bounded {
				labels[0] = limit.text(family.Name, family.known, labels[0])
			}
			l := exposition.Loose{Family: f, Row: row, Value: value.Float()}
			if len(all) < len(old) && old[len(all)].Family == f {
				l.Labels = old[len(all)].Labels
			}
			l.Labels = b.kind.table.Extra(f, l.Labels, labels...)
			for i := first; i < len(all); i++ {
				if all[i].Labels == l.Labels {
					if family.sum {
						all[i].Value += l.Value
					}
					return
				}
			}
			all = append(all, l)
		}
		for i, e := range b.entities {
			if row, first = i, len(all); family.only == nil || family.only(e) {
				family.loose(e, add)
			}
		}
	}
	return all
}
