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
	build := gauge("qem_exporter_build_info",
		entity[Collector]{}.loose("branch,goarch,goos,goversion,revision,tags,version", nil),
		"What the exporter was built from and for, as labels; always 1. Never absent.", "the build")
	calls := docs(scopeManager, []string{"manager"}, callFamilies()...)
	calls[len(calls)-1].Type = "histogram"
	all := slices.Concat(docs(scopeExporter, nil, build), exporterKind().docs(), managerKind().docs(), calls)
	for _, k := range serverKinds() {
		all = append(all, k.docs()...)
	}
	return all
}

func (k *kind[E]) docs() []Doc { return docs(k.scope, k.labels, k.families...) }

// docs describes families of entities that labels name.
func docs[E any](scope string, labels []string, families ...family[E]) (all []Doc) {
	for _, f := range families {
		d := Doc{scope, f.Name, f.Type.String(), f.Help, nil, origin{f.source, reflect.TypeFor[E](), f.fields}}
		for _, label := range labels {
			d.Labels = append(d.Labels, Label{Name: label})
		}
		for l, label := range f.Labels {
			d.Labels = append(d.Labels, Label{label, f.values(l)})
		}
		all = append(all, d)
	}
	return all
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
