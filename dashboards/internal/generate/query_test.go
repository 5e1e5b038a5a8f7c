package generate

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	variables := []variable{job, instance, manager, task, tag}
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
	d := dashboard{uid: "x", rows: []row{{panels: []panel{stat("Wrong", "", "", query("qem_task_nothing", ""))}}}}
	if _, err := d.model(known()); err == nil || !strings.Contains(err.Error(), `panel "Wrong": query A`) {
		t.Errorf("a panel of nothing is drawn: %v", err)
	}
}
