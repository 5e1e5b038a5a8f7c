package alerts_test

import (
	"regexp"
	"testing"

	"github.com/qem-exporter/qem_exporter/collector"
)

// The Prometheus Operator puts labels of its own on the target. No metric has one of that name, which honorLabels would let
// win, and no rule asks for one, nor does a query of a dashboard (TestQueries there): they count the same with them. The
// stories are played with them.
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
}
