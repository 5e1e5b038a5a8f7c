package dashboards

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/collector"
)

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
	for _, r := range rules(t) {
		note(r.Expr)
	}
	for _, d := range collector.Families() {
		used := asked[d.Name]
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			used = used || d.Type == "histogram" && asked[d.Name+part]
		}
		if !used {
			t.Errorf("%s is in no dashboard and no rule", d.Name)
		}
	}
}

// rule is an alert or a recording rule.
type rule struct {
	Alert, Expr string
	Annotations map[string]string
}

// rules are those of the project.
func rules(t *testing.T) []rule {
	t.Helper()
	data, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatalf("%s: %v", rulesFile, err)
	}
	var all []rule
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Errorf("%s has no rules", rulesFile)
	}
	return all
}

// TestAlertsLead: the page to which an alert leads exists and has the choices that the
// link makes; one about a single thing is told which. The data source is the default one.
func TestAlertsLead(t *testing.T) {
	for _, r := range rules(t) {
		link := r.Annotations["dashboard_url"]
		if r.Alert == "" {
			continue
		}
		path, query, _ := strings.Cut(strings.TrimPrefix(link, "/d/"), "?")
		m := modelOf(t, strings.Split(path, "/")[0])
		made := map[string]bool{}
		for parameter := range strings.SplitSeq(query, "&") {
			if name, _, found := strings.Cut(strings.TrimPrefix(parameter, "var-"), "="); found {
				made[name] = true
				if m.variable(name) == nil {
					t.Errorf("%s chooses %s, which %s does not have", r.Alert, name, m.UID)
				}
			}
		}
		for _, v := range m.Templating.List {
			if v.Type == "query" && v.Hide == 0 && !v.Multi && !made[v.Name] {
				t.Errorf("%s leads to %s without a %s", r.Alert, m.UID, v.Name)
			}
		}
	}
}
