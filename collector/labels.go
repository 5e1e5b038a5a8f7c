package collector

import "github.com/qem-exporter/qem_exporter/internal/exposition"

// node keeps the label texts of one entity as long as it lives: those of a manager
// have servers for children, those of a server its tasks, those of a task its
// tables. A node belongs to whoever builds the manager's snapshot.
type node struct {
	labels   exposition.LabelSet
	info     *infoLabels
	children map[key]*node
	groups   map[string]*node // kinds of children that are told apart from the others
	live     int              // children that the current poll has
	poll     uint64           // the last poll that had the entity
}

// key tells an entity from others under the same parent: its name, and the schema
// of a table before it.
type key [2]string

// infoLabels are the labels of an entity's info sample, and the values among them
// that may change.
type infoLabels struct {
	values []string
	labels exposition.LabelSet
}

// child returns the node of an entity of the current poll, with labels of the
// given names for the last parts of its key. It returns nil if the poll has had
// that entity before.
func (n *node) child(k key, names ...string) *node {
	c := n.children[k]
	if c == nil {
		c = &node{labels: n.labels.With(pairs(names, k[len(k)-len(names):])...)}
		if n.children == nil {
			n.children = make(map[key]*node)
		}
		n.children[k] = c
	}
	if c.poll == n.poll {
		return nil
	}
	c.poll, c.live = n.poll, 0
	n.live++
	return c
}

// group returns the node whose children are of another kind, in the current poll. It
// is nil, and they are forgotten, when the poll has none of them.
func (n *node) group(kind string, any bool) *node {
	if !any {
		delete(n.groups, kind)
		return nil
	}
	g := n.groups[kind]
	if g == nil {
		g = &node{labels: n.labels}
		if n.groups == nil {
			n.groups = make(map[string]*node)
		}
		n.groups[kind] = g
	}
	g.poll, g.live = n.poll, 0
	return g
}

// forget drops the children that the current poll does not have.
func (n *node) forget() {
	if n.live == len(n.children) {
		return
	}
	for k, c := range n.children {
		if c.poll != n.poll {
			delete(n.children, k)
		}
	}
}

// describe returns the node's labels and further ones, made again only when a
// value has changed.
func (n *node) describe(names []string, value func(i int) string) exposition.LabelSet {
	if n.info == nil {
		n.info = &infoLabels{}
	}
	if !n.info.hold(len(names), value) {
		n.info.values = make([]string, len(names))
		for i := range names {
			n.info.values[i] = value(i)
		}
		n.info.labels = n.labels.With(pairs(names, n.info.values)...)
	}
	return n.info.labels
}

// hold tells whether the values are those that the labels were made of.
func (l *infoLabels) hold(count int, value func(i int) string) bool {
	if len(l.values) != count {
		return false
	}
	for i, v := range l.values {
		if v != value(i) {
			return false
		}
	}
	return true
}

// pairs puts names before their values.
func pairs(names, values []string) []string {
	p := make([]string, 0, 2*len(names))
	for i, name := range names {
		p = append(p, name, values[i])
	}
	return p
}
