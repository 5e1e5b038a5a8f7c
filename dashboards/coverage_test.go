package dashboards

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/collector"
)

// unused are the families that no dashboard and no rule asks for, and why.
var unused = map[string]string{}

const rulesFile = "../alerts/qem.rules.yml"

// TestEveryFamilyIsUsed: what is worth a metric is worth a look.
func TestEveryFamilyIsUsed(t *testing.T) {
	asked := map[string]bool{}
	note := func(expr string) {
		for _, name := range regexp.MustCompile(`\bqem_[a-z0-9_]+`).FindAllString(expr, -1) {
			asked[name] = true
		}
	}
	for _, m := range models(t) {
		for _, p := range m.drawn() {
			for _, target := range p.Targets {
				note(target.Expr)
			}
		}
		for _, v := range m.Templating.List {
			note(v.Definition)
		}
	}
	for _, expr := range ruleQueries(t) {
		note(expr)
	}
	exist := map[string]bool{}
	for _, d := range collector.Families() {
		exist[d.Name] = true
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			asked[d.Name] = asked[d.Name] || d.Type == "histogram" && asked[d.Name+suffix]
		}
		switch reason, listed := unused[d.Name]; {
		case !asked[d.Name] && !listed:
			t.Errorf("%s is in no dashboard and no rule: show it, or list it in unused with the reason", d.Name)
		case asked[d.Name] && listed:
			t.Errorf("%s is used: take it out of unused", d.Name)
		case listed && !strings.HasSuffix(reason, "."):
			t.Errorf("%s is unused without a reason", d.Name)
		}
	}
	for name := range unused {
		if !exist[name] {
			t.Errorf("there is no family %s: take it out of unused", name)
		}
	}
}

// ruleQueries are the queries of the alerts and recording rules.
func ruleQueries(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Expr string }
		}
	}
	if err := yaml.Unmarshal(data, &rules); err != nil {
		t.Fatalf("%s: %v", rulesFile, err)
	}
	var queries []string
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			queries = append(queries, r.Expr)
		}
	}
	if len(queries) == 0 {
		t.Errorf("%s has no rules", rulesFile)
	}
	return queries
}
