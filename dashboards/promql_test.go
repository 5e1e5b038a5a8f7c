package dashboards

import (
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// selecting matches a selector: the function of which it is the argument, the name, the matchers
// and the range. In a dashboard every selector has matchers.
var (
	selecting = regexp.MustCompile(`(?:\b([a-z_]+)\()?([a-zA-Z_:][a-zA-Z0-9_:]*)?\{([^}]*)\}(?:\[([^\]]*)\])?`)
	named     = regexp.MustCompile(`__name__=~"([^"]*)"`)
	operator  = regexp.MustCompile(`\b(endpoint|service|namespace|pod|container)\b`)
)

// labelValues is the query of a variable: a selector and a label.
var labelValues = regexp.MustCompile(`^label_values\((.+), ([a-z]+)\)$`)

// selector is a metric in a query, or several.
type selector struct{ function, names, span string }

// selectors are the metrics in a query.
func selectors(expr string) []selector {
	var found []selector
	for _, m := range selecting.FindAllStringSubmatch(expr, -1) {
		s := selector{m[1], m[2], m[4]}
		if names := named.FindStringSubmatch(m[3]); names != nil {
			s.names = names[1]
		}
		found = append(found, s)
	}
	return found
}

// TestQueries: a counter is only ever looked at as a rate or an increase; rates are over the rate interval; labels
// of the Prometheus Operator change nothing. That a selector is of what the page lets choose the generator sees to.
func TestQueries(t *testing.T) {
	excluded, needed := exclusions(t), map[[3]string]bool{}
	types := kinds(collector.Families())
	each(t, func(t *testing.T, m *model) {
		for _, p := range m.drawn() {
			for _, target := range p.Targets {
				of := fmt.Sprintf("%q %s", p.Title, target.RefID)
				if label := operator.FindString(target.Expr); label != "" {
					t.Errorf("%s asks for %s, which the Prometheus Operator puts on every sample", of, label)
				}
				found := selectors(target.Expr)
				if len(found) == 0 {
					t.Errorf("%s asks for nothing", of)
				}
				for _, s := range found {
					rate := s.function == "rate" || s.function == "increase"
					if types[s.names] == "counter" && !rate {
						t.Errorf("%s: the counter %s is in %q", of, s.names, s.function)
					}
					if key := [3]string{"target-rate-interval-rule", m.Title, p.Title}; rate && s.span != "$__rate_interval" {
						needed[key] = true
						if !excluded[key] || s.span != "$__range" {
							t.Errorf("%s: %s over %s", of, s.function, s.span)
						}
					}
				}
			}
		}
	})
	for _, x := range slices.Collect(maps.Keys(excluded)) {
		if !needed[x] && x[2] != "Alerts that fire" {
			t.Errorf(".lint allows %q what it does not need", x)
		}
	}
}

// kinds are the types of the families by name; of others, the name tells.
func kinds(families []collector.Doc) map[string]string {
	all := map[string]string{
		"process_cpu_seconds_total": "counter", "promhttp_metric_handler_requests_total": "counter",
		"promhttp_metric_handler_errors_total": "counter",
	}
	for _, d := range families {
		all[d.Name] = d.Type
		if d.Type == "histogram" {
			for _, part := range []string{"", "_bucket", "_sum", "_count"} {
				all[d.Name+part] = "counter"
			}
		}
	}
	return all
}

// TestQueriesParse has promtool read the queries of all panels and variables.
func TestQueriesParse(t *testing.T) {
	promtool := process.Find(t, "promtool")
	all := queries(t, nil)
	if len(all) < 100 {
		t.Fatalf("there are %d queries", len(all))
	}
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	add := func(record, expr string) {
		record = regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(record), "_")
		rules = append(rules, rule{"d:" + record, expr})
		if regexp.MustCompile(`\$[a-z_]`).MatchString(expr) {
			t.Errorf("%s has a variable that its dashboard has not: %s", record, expr)
		}
	}
	for _, q := range all {
		add(q.dashboard+" "+q.panel+" "+q.ref, q.expr)
	}
	for _, m := range models(t) {
		for _, v := range m.Templating.List {
			definition := labelValues.FindStringSubmatch(v.Definition)
			if definition != nil && (definition[2] == v.Name || v.Name == "console") {
				add(m.UID+" variable "+v.Name, regexp.MustCompile(`\$[a-z]+`).ReplaceAllString(definition[1], ".+"))
			} else if v.Type == "query" {
				t.Errorf("%s: the variable %s asks for %s", m.UID, v.Name, v.Definition)
			}
		}
		for _, mark := range m.Annotations.List {
			add(m.UID+" annotation", regexp.MustCompile(`\$[a-z]+`).ReplaceAllString(mark.Expr, ".+"))
		}
	}
	data, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboards", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	path := process.File(t, "rules.yml", string(data))
	if out, err := exec.Command(promtool, "check", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
