package alerts_test

import (
	"regexp"
	"testing"

	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/dashboards"
)

// The Prometheus Operator puts labels of its own on the target. No metric has one of that name, which honorLabels would let
// win, and no rule and no query of a dashboard asks for one: they count the same with them. The stories are played with them.
func TestOperatorLabels(t *testing.T) {
	theirs := regexp.MustCompile(`\b(endpoint|service|namespace|pod|container)\b`)
	for _, f := range collector.Families() {
		for _, l := range f.Labels {
			if theirs.MatchString(l.Name) {
				t.Errorf("%s has the label %s", f.Name, l.Name)
			}
		}
	}
	for _, r := range rules(t) {
		if m := theirs.FindString(r.Expr); m != "" {
			t.Errorf("%s asks for %s: %s", r, m, r.Expr)
		}
	}
	queries, err := dashboards.Queries(nil)
	if err != nil || len(queries) < 50 {
		t.Fatalf("%d queries: %v", len(queries), err)
	}
	for _, q := range queries {
		if m := theirs.FindString(q.Expr); m != "" {
			t.Errorf("%s, %s asks for %s: %s", q.Dashboard, q.Panel, m, q.Expr)
		}
	}
}
