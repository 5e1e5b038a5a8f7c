package collector

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// TestDocs holds the metrics reference to the tables.
func TestDocs(t *testing.T) {
	b := &strings.Builder{}
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
			labels[i] = l.markdown()
		}
		source := d.origin.text()
		if source == "" {
			t.Errorf("%s has no source: give its row one, or its field a tag", d.Name)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n",
			d.Name, d.Type, strings.Join(labels, ", "), markdown(d.Help), markdown(source))
	}
	golden(t, "../docs/metrics.md", b.String())
}

// markdown is the label with its known values.
func (l Label) markdown() string {
	if len(l.Values) == 0 {
		return "`" + l.Name + "`"
	}
	return "`" + l.Name + "` (`" + strings.Join(l.Values, "`, `") + "`)"
}

// markdown keeps a text from being taken for a tag or the end of a table's cell.
func markdown(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(text)
}

// text is where a family comes from: in words, or as the API's method and the members of its answer.
func (o origin) text() string {
	if o.words != "" {
		return o.words
	}
	var method string
	var members []string
	for _, path := range o.fields {
		if m, member := memberOf(o.entity, path); member != "" && !slices.Contains(members, member) {
			method, members = m, append(members, member)
		}
	}
	if members == nil {
		return ""
	}
	return method + " `" + braces(members) + "`"
}

// memberOf finds the member of an answer that a field of fleet comes from, by its tag and that of aem's field.
func memberOf(typ reflect.Type, path string) (method, member string) {
	answers := map[reflect.Type]struct {
		method string
		typ    reflect.Type
	}{
		reflect.TypeFor[fleet.Server]():         {serverList, reflect.TypeFor[aem.ServerInfo]()},
		reflect.TypeFor[fleet.ServerDetails]():  {serverDetails, reflect.TypeFor[aem.ServerDetails]()},
		reflect.TypeFor[fleet.TaskDetails]():    {taskDetails, reflect.TypeFor[aem.TaskDetails]()},
		reflect.TypeFor[fleet.ComposeDetails](): {taskDetails, reflect.TypeFor[aem.TaskDetails]()},
		reflect.TypeFor[fleet.Table]():          {tableStatuses, reflect.TypeFor[aem.TableStatus]()},
		reflect.TypeFor[fleet.Endpoint]():       {endpointList, reflect.TypeFor[aem.Endpoint]()},
	}
	answer, rate := answers[typ], ""
	for name := range strings.SplitSeq(path, ".") {
		field, _ := typ.FieldByName(name)
		if typ = field.Type; typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		from, _, _ := strings.Cut(field.Tag.Get("from"), ",")
		if from == "" {
			answer, member = answers[typ], ""
			continue
		}
		for name := range strings.SplitSeq(from, ".") {
			f, _ := answer.typ.FieldByName(name)
			keys, options, _ := strings.Cut(f.Tag.Get("api"), ",")
			key, _, _ := strings.Cut(keys, "|")
			if options != "inline" {
				member = strings.TrimPrefix(member+"."+key, ".")
			}
			if strings.Contains(options, ",current") {
				rate = ".current"
			}
			answer.typ = f.Type
		}
	}
	return answer.method, member + rate
}

// braces sets apart what words have not in common, up to a dot or underscore: a_{b,c}_d.
func braces(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	head, tail := words[0], words[0]
	for _, w := range words {
		for !strings.HasPrefix(w, head) {
			head = head[:len(head)-1]
		}
	}
	head = head[:1+strings.LastIndexAny(head, "._")]
	for _, w := range words {
		for !strings.HasSuffix(w[len(head):], tail) {
			tail = tail[1:]
		}
	}
	_, tail, _ = strings.Cut(tail, "_")
	if tail != "" {
		tail = "_" + tail
	}
	var parts []string
	for _, w := range words {
		parts = append(parts, strings.TrimSuffix(w[len(head):], tail))
	}
	return head + "{" + strings.Join(parts, ",") + "}" + tail
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
