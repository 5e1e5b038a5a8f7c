package generate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/collector"
)

// families are those that a query may ask for, by name.
type families map[string]family

type family struct {
	labels []collector.Label
	polled bool // changes with a poll, not with a scrape
}

// known are the exporter's families, and those of every exporter and scrape that
// the dashboards show.
func known() families {
	known := families{}
	for _, d := range collector.Families() {
		f := family{labels: d.Labels}
		f.polled = f.label("manager") != nil
		known[d.Name] = f
		if d.Type == "histogram" {
			bucket := f
			bucket.labels = append(slices.Clone(f.labels), collector.Label{Name: "le"})
			known[d.Name+"_bucket"], known[d.Name+"_sum"], known[d.Name+"_count"] = bucket, f, f
		}
	}
	for _, name := range []string{
		"up", "scrape_duration_seconds", "scrape_samples_scraped", "go_goroutines", "go_memstats_heap_inuse_bytes",
		"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds",
		"promhttp_metric_handler_requests_total", "promhttp_metric_handler_errors_total",
	} {
		known[name] = family{labels: []collector.Label{{Name: "code"}, {Name: "cause"}}}
	}
	known[alerts] = family{labels: []collector.Label{
		{Name: "alertname"}, {Name: "alertstate"}, {Name: "severity"}, {Name: "manager"}, {Name: "server"}, {Name: "task"},
	}}
	return known
}

func (f family) label(name string) *collector.Label {
	for i := range f.labels {
		if f.labels[i].Name == name {
			return &f.labels[i]
		}
	}
	return nil
}

// A selector in a query as the descriptions write it: the name of a family, with
// matchers or without. tagged in place of a name stands for the samples that carry
// tags and those that every task has, untagged for the tasks without a chosen tag.
var (
	selector = regexp.MustCompile(
		`\b(?:(?:qem|go|process|promhttp|scrape)_[a-z0-9_]+|(?:up|ALERTS|tagged|untagged)\b)(\{[^}]*\})?`)
	matching = regexp.MustCompile(`^([a-z_]+)(=~|!~|!=|=)"([^"]*)"$`)
	plain    = regexp.MustCompile(`^[a-z0-9_|]*$`)
)

// expand gives every selector of a query the matchers of the page's variables, and
// reports whether it asks for something that changes with a poll. A family that
// the exporter does not have, or a label or value of it that does not exist, is
// an error.
func (k families) expand(query string, variables []variable) (expanded string, polled bool, err error) {
	if !slices.ContainsFunc(variables, func(v variable) bool { return v.Name == "tag" }) {
		query = strings.ReplaceAll(query, withoutUntagged, "")
	}
	expanded = selector.ReplaceAllStringFunc(query, func(text string) string {
		name, matchers, _ := strings.Cut(strings.TrimSuffix(text, "}"), "{")
		switch chosen := variableMatchers(name, k["qem_task_up"], variables); name {
		case "tagged":
			return fmt.Sprintf(`{__name__=~"qem_task_tag|qem_task_up",%s,tag=~"$tag"}`, chosen)
		case "untagged":
			return fmt.Sprintf(`(qem_task_up{%[1]s,tag!~"$tag"} unless on (%[2]s) qem_task_tag{%[1]s,tag=~"$tag"})`, chosen,
				taskLabels)
		}
		f, ok := k[name]
		if !ok {
			err = fmt.Errorf("there is no family %s", name)
			return text
		}
		polled = polled || f.polled
		all := variableMatchers(name, f, variables)
		if matchers != "" {
			if e := f.check(matchers); e != nil {
				err = fmt.Errorf("%s: %w", name, e)
			}
			all = strings.TrimPrefix(all+","+matchers, ",")
		}
		return name + "{" + all + "}"
	})
	return expanded, polled, err
}

// variableMatchers are the matchers of the variables that choose among the samples
// of a family. Job and instance are Prometheus's: every sample has them, but an alert,
// which may lack the others too.
func variableMatchers(name string, f family, variables []variable) string {
	var all []string
	for _, v := range variables {
		ofTarget := v.Name == "job" || v.Name == "instance"
		switch {
		case v.Name == "tag" || ofTarget && name == alerts || !ofTarget && f.label(v.Name) == nil:
		case v.Single:
			all = append(all, v.Name+`="$`+v.Name+`"`)
		case name == alerts:
			all = append(all, v.Name+`=~"$`+v.Name+`|"`)
		default:
			all = append(all, v.Name+`=~"$`+v.Name+`"`)
		}
	}
	return strings.Join(all, ",")
}

// check holds matchers against the labels of the family and their known values.
func (f family) check(matchers string) error {
	for m := range strings.SplitSeq(matchers, ",") {
		parts := matching.FindStringSubmatch(m)
		if parts == nil {
			return fmt.Errorf("cannot read the matcher %s", m)
		}
		label := f.label(parts[1])
		if label == nil {
			return fmt.Errorf("there is no label %s", parts[1])
		}
		if len(label.Values) == 0 || !plain.MatchString(parts[3]) {
			continue
		}
		for value := range strings.SplitSeq(parts[3], "|") {
			if !slices.Contains(label.Values, value) {
				return fmt.Errorf("the label %s has no value %s", parts[1], value)
			}
		}
	}
	return nil
}

// taskLabels are the labels by which samples of one task are the same, whichever exporter of a
// pair they are from.
const taskLabels = "manager, server, task"

// alerts is Prometheus's own family of the alerts that fire.
const alerts = "ALERTS"

// withoutUntagged leaves the tasks that bear a chosen tag; all of them, those without a tag too, while
// all tags are chosen: then untagged is empty, since no tag is all there is to be, and Prometheus does
// not even compare. On a page without tags it is nothing.
const withoutUntagged = "\nunless on (" + taskLabels + ") untagged"
