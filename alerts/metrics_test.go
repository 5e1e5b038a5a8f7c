package alerts_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/collector"
)

var (
	quoted     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	identifier = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	selector   = regexp.MustCompile(`(qem_[a-z0-9_]+)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	asks       = regexp.MustCompile(`printf "([^"]*)"`)
	literals   = regexp.MustCompile(`^[a-z_|]+$`)
)

// families are those that the exporter serves, by name.
func families() map[string]collector.Doc {
	byName := map[string]collector.Doc{}
	for _, d := range collector.Families() {
		byName[d.Name] = d
		if d.Type == "histogram" {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				byName[d.Name+part] = d
			}
		}
	}
	return byName
}

// A metric that the exporter does not serve can raise no alert.
func TestMetricsExist(t *testing.T) { checkNames(t, rules(t)) }

func checkNames(t *testing.T, list []rule) {
	t.Helper()
	known := families()
	recorded := map[string]bool{}
	for _, r := range rules(t) {
		recorded[r.Record] = true
	}
	for _, r := range list {
		// Descriptions ask for other metrics, within their templates.
		asked := r.Expr
		for _, q := range asks.FindAllStringSubmatch(r.Annotations["description"], -1) {
			asked += " " + q[1]
		}
		names := identifier.FindAllString(quoted.ReplaceAllString(asked, `""`), -1)
		for _, name := range names {
			_, served := known[name]
			switch {
			case strings.Contains(name, ":") && !recorded[name]:
				t.Errorf("%s: nothing records %s", r, name)
			case strings.HasPrefix(name, "qem_") && !served && name != "qem_exporter":
				t.Errorf("%s: the exporter has no %s", r, name)
			}
		}
	}
}

// A selector with a label or a value that does not exist selects nothing.
func TestSelectorsSelect(t *testing.T) {
	if n := checkSelectors(t, rules(t)); n < 20 {
		t.Errorf("only %d matchers were found", n)
	}
}

// checkSelectors returns how many matchers there were.
func checkSelectors(t *testing.T, list []rule) int {
	t.Helper()
	known := families()
	n := 0
	for _, r := range list {
		for _, s := range selector.FindAllStringSubmatch(r.Expr, -1) {
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				n++
				checkMatcher(t, r, known[s[1]], m[1], m[2], m[3])
			}
		}
	}
	return n
}

func checkMatcher(t *testing.T, r rule, family collector.Doc, label, operator, value string) {
	t.Helper()
	i := slices.IndexFunc(family.Labels, func(l collector.Label) bool { return l.Name == label })
	if i < 0 {
		t.Errorf("%s: %s has no label %s", r, family.Name, label)
		return
	}
	values := []string{value}
	if strings.HasSuffix(operator, "~") {
		if !literals.MatchString(value) {
			return // a pattern, for values that are any text
		}
		values = strings.Split(value, "|")
	}
	for _, v := range values {
		if known := family.Labels[i].Values; known != nil && !slices.Contains(known, v) {
			t.Errorf("%s: %s has no %s %q, only %v", r, family.Name, label, v, known)
		}
	}
}
