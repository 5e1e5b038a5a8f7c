package collector

import (
	"reflect"
	"slices"
)

// Doc describes one family.
type Doc struct {
	Scope  string // what a sample is about, such as a server
	Name   string
	Type   string // gauge, counter or histogram
	Help   string
	Labels []Label
	origin
}

// origin is where a family comes from: in words, or else the fields of an entity, whose tags say it.
type origin struct {
	words  string
	entity reflect.Type
	fields []string
}

// Label is a label of a family.
type Label struct {
	Name   string
	Values []string // those that are known; nil if any text can be
}

// What samples are about.
const (
	scopeExporter = "Exporter"
	scopeManager  = "Enterprise Manager"
	scopeServer   = "Server"
	scopeTask     = "Task"
	scopeTable    = "Table"
	scopeEndpoint = "Endpoint (optional collectors endpoints and endpoint_tests)"
	scopeACL      = "Permissions (optional collector acls)"
)

// Families describes every family of the exporter: those that it makes of what it reads and those
// about its own doings, apart from the go_, process_ and promhttp_ ones that every exporter has.
func Families() []Doc {
	docs := slices.Concat([]Doc{doc(scopeExporter, "qem_exporter_build_info", "gauge",
		"What the exporter was built from and for, as labels; always 1. Never absent.", "the build",
		"branch", "goarch", "goos", "goversion", "revision", "tags", "version")},
		exporterKind().docs(), managerKind().docs(), apiDocs())
	for _, k := range serverKinds() {
		docs = append(docs, k.docs()...)
	}
	return docs
}

func doc(scope, name, kind, help, source string, labels ...string) Doc {
	d := Doc{Scope: scope, Name: name, Type: kind, Help: help, origin: origin{words: source}}
	for _, label := range labels {
		d.Labels = append(d.Labels, Label{Name: label})
	}
	return d
}

// docs describes the families of a kind.
func (k *kind[E]) docs() []Doc {
	var docs []Doc
	for _, f := range k.families {
		d := doc(k.scope, f.Name, f.Type.String(), f.Help, f.source, slices.Concat(k.labels, f.Labels)...)
		d.entity, d.fields = reflect.TypeFor[E](), f.fields
		for l := range f.Labels {
			d.Labels[len(k.labels)+l].Values = f.values(l)
		}
		docs = append(docs, d)
	}
	return docs
}

// values returns the known values of a label, in their order.
func (f *family[E]) values(label int) []string {
	if len(f.Columns) == 0 {
		return f.known
	}
	var values []string
	for _, c := range f.Columns {
		if v := c[label]; !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

func (d *Doc) labelNames() []string {
	var names []string
	for _, l := range d.Labels {
		names = append(names, l.Name)
	}
	return names
}
