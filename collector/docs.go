package collector

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Doc describes one family.
type Doc struct {
	Scope  string // what a sample is about, such as a server
	Name   string
	Type   string // gauge, counter or histogram
	Help   string
	Labels []Label
	Source string // an API method and the field of its answer in Markdown, or in words
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
	docs := []Doc{{
		scopeExporter, "qem_exporter_build_info", "gauge",
		"What the exporter was built from and for, as labels; always 1. Never absent.", nil, "the build",
	}}
	for _, label := range []string{"branch", "goarch", "goos", "goversion", "revision", "tags", "version"} {
		docs[0].Labels = append(docs[0].Labels, Label{Name: label})
	}
	docs = slices.Concat(docs, exporterKind().docs(), managerKind().docs(), apiDocs())
	for _, k := range serverKinds() {
		docs = append(docs, k.docs()...)
	}
	return docs
}

// docs describes the families of a kind.
func (k *kind[E]) docs() []Doc {
	var docs []Doc
	for _, f := range k.families {
		d := Doc{Scope: k.scope, Name: f.name, Type: f.kind.String(), Help: f.help, Source: f.source}
		for _, label := range k.labels {
			d.Labels = append(d.Labels, Label{Name: label})
		}
		for l, label := range f.labels {
			d.Labels = append(d.Labels, Label{Name: label, Values: f.values(l)})
		}
		docs = append(docs, d)
	}
	return docs
}

// values returns the known values of a label, in their order.
func (s *samples[E]) values(label int) []string {
	if len(s.columns) == 0 {
		return s.known
	}
	var values []string
	for _, c := range s.columns {
		if v := c.values[label]; !slices.Contains(values, v) {
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

// WriteDocs writes the metrics reference as Markdown.
func WriteDocs(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, strings.ReplaceAll(docsHead, "~", "`"))
	scope := ""
	for _, d := range Families() {
		if d.Scope != scope {
			scope = d.Scope
			fmt.Fprintf(b, "\n## %s\n\n| family | type | labels | meaning | source |\n", scope)
			fmt.Fprint(b, "|---|---|---|---|---|\n")
		}
		labels := make([]string, len(d.Labels))
		for i, l := range d.Labels {
			labels[i] = l.String()
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n",
			d.Name, d.Type, strings.Join(labels, ", "), markdown(d.Help), markdown(d.Source))
	}
	return b.Flush()
}

// String is the label in Markdown, with its known values.
func (l Label) String() string {
	if len(l.Values) == 0 {
		return "`" + l.Name + "`"
	}
	return "`" + l.Name + "` (`" + strings.Join(l.Values, "`, `") + "`)"
}

// markdown keeps a text from being taken for a tag or the end of a table's cell.
func markdown(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(text)
}

const docsHead = `# Metrics

<!-- Made from the tables in collector by "make generate"; do not edit. -->

Every family that the exporter serves, beside the usual ~go_~, ~process_~ and ~promhttp_~ ones.

- Units are seconds, bytes, ratios (1 is 100 %; a CPU ratio may pass 1) and Unix timestamps in seconds.
- Zero is a measurement. What the API does not give, or what could not be read when it was last due, has no sample;
  nor has what was last read longer than ~max_age~ ago. What the server list said stays for its ~max_age~.
- Each server is read on its own: lists and states every ~state_interval~, details every ~poll_interval~. A sample
  is as old as its own reading.
- A state family has one sample for each known state, 1 for the current one and 0 for the others. A state that is not
  known yet has a sample of its own while it lasts.
- Of states, reasons and error codes that the API's documents do not know, a family has 20 different texts per
  Enterprise Manager at most; what comes after is ~other~.
- A counter starts again at 0 when Enterprise Manager's does, as when a task is restarted or reloaded.
- Label values are the API's own text; states and other fixed values are in lower case with underscores. ~manager~ is
  the name of the Enterprise Manager in the configuration.
`
