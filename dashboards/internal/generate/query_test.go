package generate

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	variables := []variable{{Name: "job"}, {Name: "instance"}, {Name: "manager"}, {Name: "task"}, {Name: "tag"}}
	const chosen = `job=~"$job",instance=~"$instance",manager=~"$manager"`
	for _, c := range []struct {
		query, want string
		polled      bool
	}{
		{`up`, `up{job=~"$job",instance=~"$instance"}`, false},
		{`rate(go_goroutines[1m])`, `rate(go_goroutines{job=~"$job",instance=~"$instance"}[1m])`, false},
		{`ALERTS{alertstate="firing"}`, `ALERTS{manager=~"$manager|",task=~"$task|",alertstate="firing"}`, false},
		{`qem_up == 0`, `qem_up{` + chosen + `} == 0`, true},
		{`sum by (task) (qem_task_state{state="error"})`, `sum by (task) (qem_task_state{` + chosen +
			`,task=~"$task",state="error"})`, true},
		{`a and on (task) tagged`, `a and on (task) {__name__=~"qem_task_tag|qem_task_up",` + chosen +
			`,task=~"$task",tag=~"$tag"}`, false},
		{`a unless on (task) untagged`, `a unless on (task) (qem_task_up{` + chosen +
			`,task=~"$task",tag!~"$tag"} unless on (manager, server, task) qem_task_tag{` + chosen +
			`,task=~"$task",tag=~"$tag"})`, false},
		{`qem_api_request_duration_seconds_bucket`, `qem_api_request_duration_seconds_bucket{` + chosen + `}`, true},
	} {
		got, polled, err := known().expand(c.query, variables)
		if err != nil || got != c.want || polled != c.polled {
			t.Errorf("%s: got %s, polled: %v, error: %v\nwant %s", c.query, got, polled, err, c.want)
		}
	}
}

// TestExpandRefuses: what the exporter does not have cannot be asked for.
func TestExpandRefuses(t *testing.T) {
	for query, want := range map[string]string{
		`qem_task_latency_seconds`:            "no family qem_task_latency_seconds",
		`go_threads`:                          "no family go_threads",
		`qem_task_state{status="error"}`:      "no label status",
		`qem_task_state{state="failed"}`:      "no value failed",
		`qem_task_state{state=~"error|done"}`: "no value done",
		`qem_task_state{state}`:               "cannot read the matcher state",
	} {
		if got, _, err := known().expand(query, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s became %s, error: %v", query, got, err)
		}
	}
	s, err := read()
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*described){
		`panel "Wrong": query A: there is no family qem_task_nothing`: func(d *described) {
			d.Queries[0].expr = "qem_task_nothing"
		},
		"no panel other":            func(d *described) { d.Use = "other" },
		"lacks a type":              func(d *described) { d.Empty = "" },
		"no expression other":       func(d *described) { d.Queries[0].expr = "<<other>>" },
		"total takes other":         func(d *described) { d.Queries[0].expr = "total(up)" },
		"no states other":           func(d *described) { d.States = "other" },
		"refers to itself":          func(d *described) { s.Expressions["x"], d.Queries[0].expr = "<<x>>", "<<x>>" },
		"no page qem-other":         func(d *described) { d.Lists = "other" },
		`no trouble "other"`:        func(d *described) { d.Lists = "tasks?other" },
		"no width for the column a": func(d *described) { d.Type, d.Columns = "table", []column{{Label: "a"}} },
		"there is room for":         func(d *described) { d.Type, d.Columns = "table", []column{{Label: "a", Width: 1600}} },
		`there is no list "other"`:  func(d *described) { d.Words.Name = "other" },
	} {
		slip := described{Type: "stat", Title: "Wrong", Empty: "none", About: "Nothing.", Queries: queries{{"", "up"}}}
		change(&slip)
		if _, err := s.panel(new(dashboard), slip); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
