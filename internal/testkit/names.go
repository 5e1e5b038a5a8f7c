package testkit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/collector"
)

var (
	// Not of what rules record, such as server:qem_server_up:max.
	metricName = regexp.MustCompile(`(?:^|[^a-z0-9_:])(qem_[a-z0-9_]+[*…]?)`)
	selector   = regexp.MustCompile(`(qem_[a-z0-9_]+)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	words      = regexp.MustCompile(`^[a-z_|]+$`) // and no other pattern, of which nobody knows what it is to match
)

// Strangers are the metrics in a text, a query or a page, that the exporter does not serve, and the labels and values
// that a metric does not have. What else begins as they do can be named.
func Strangers(text string, others ...string) (strange []string) {
	served := map[string]collector.Doc{}
	for _, d := range collector.Families() {
		served[d.Name] = d
		if d.Type == "histogram" {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				served[d.Name+part] = d
			}
		}
	}
	for _, match := range metricName.FindAllStringSubmatch(text, -1) {
		prefix := strings.TrimRight(match[1], "*…")
		_, ok := served[match[1]]
		for name := range served {
			ok = ok || prefix != match[1] && strings.HasPrefix(name, prefix)
		}
		if !ok && !slices.Contains(others, match[1]) {
			strange = append(strange, match[1])
		}
	}
	for _, s := range selector.FindAllStringSubmatch(text, -1) {
		for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
			labels := served[s[1]].Labels
			i := slices.IndexFunc(labels, func(l collector.Label) bool { return l.Name == m[1] })
			if i < 0 {
				strange = append(strange, fmt.Sprintf("%s{%s}", s[1], m[1]))
				continue
			}
			if strings.HasSuffix(m[2], "~") && !words.MatchString(m[3]) {
				continue
			}
			for value := range strings.SplitSeq(m[3], "|") {
				if known := labels[i].Values; known != nil && !slices.Contains(known, value) {
					strange = append(strange, fmt.Sprintf("%s{%s=%q}", s[1], m[1], value))
				}
			}
		}
	}
	return strange
}
