package collector

import (
	"fmt"
	"strings"
	"testing"
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
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n",
			d.Name, d.Type, strings.Join(labels, ", "), markdown(d.Help), markdown(d.Source))
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
