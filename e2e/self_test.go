//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// checkSelf looks at what the exporter says of itself and its one poll.
func (p *polling) checkSelf(t *testing.T, all map[string]float64) {
	begun, polled := float64(p.exporter.begun.UnixNano())/1e9, float64(p.exporter.polled.UnixNano())/1e9
	manager := fmt.Sprintf("manager=%q", p.name)
	want := map[string]between{
		"qem_up{" + manager + "}":                                     {1, 1},
		"qem_poll_last_success_timestamp_seconds{" + manager + "}":    {begun, polled},
		"qem_poll_last_duration_seconds{" + manager + "}":             {1e-6, polled - begun},
		"qem_polls_total{" + manager + `,result="success"}`:           {1, 1},
		"qem_polls_total{" + manager + `,result="partial"}`:           {0, 0},
		"qem_polls_total{" + manager + `,result="failure"}`:           {0, 0},
		"qem_api_logins_total{" + manager + `,result="success"}`:      {1, 1},
		"qem_api_logins_total{" + manager + `,result="failure"}`:      {0, 0},
		"qem_exporter_duplicates_dropped_total{" + manager + "}":      {0, 0}, // beyond the contract
		"qem_exporter_config_last_reload_successful{}":                {1, 1},
		"qem_exporter_config_last_reload_success_timestamp_seconds{}": {begun, polled},
	}
	for operation, n := range p.sim.RequestCounts() {
		about := fmt.Sprintf("%s,operation=%q}", manager, operation)
		requests := between{float64(n), float64(n)}
		want[fmt.Sprintf("qem_api_requests_total{code=\"200\",%s", about)] = requests
		want["qem_api_request_duration_seconds_count{"+about] = requests
		want["qem_api_request_duration_seconds_sum{"+about] = between{1e-9, (polled - begun) * float64(n)}
	}
	bucket := regexp.MustCompile(`^qem_api_request_duration_seconds_bucket\{le="([0-9.]+|\+Inf)",` + regexp.QuoteMeta(manager) + `,operation="\w+"\}$`)
	build := regexp.MustCompile(`^qem_exporter_build_info\{(branch="[^"]*",)?goarch="\w+",goos="\w+",goversion="go[^"]+",(revision="[^"]*",)?(tags="[^"]*",)?version="[^"]+"\}$`)
	builds := 0
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value := all[key]
		expected, ok := want[key]
		switch {
		case about(key), bucket.MatchString(key):
		case build.MatchString(key) && value == 1:
			builds++
		case !ok:
			t.Errorf("unexpected: %s %v", key, value)
		case value < expected.low || value > expected.high:
			t.Errorf("wrong: %s %v, want %v", key, value, expected)
		}
		delete(want, key)
	}
	for key, expected := range want {
		t.Errorf("missing: %s %v", key, expected)
	}
	if builds != 1 {
		t.Errorf("%d build infos", builds)
	}
}

// checkTrouble looks at a poll in which a request had to be repeated, a task's
// details could not be read, and most tables were beyond the limit.
func (p *polling) checkTrouble(t *testing.T, all map[string]float64) {
	e := p.expectation()
	e.expect(p.sim.State())
	rows, dropped := 0.0, 0.0
	for key, value := range all {
		switch seriesName(key) {
		case "qem_table_state":
			rows++
		case "qem_task_tables_dropped":
			dropped += value
			if value <= 0 {
				t.Errorf("%s %v: only what was dropped is to be told", key, value)
			}
		}
		if strings.Contains(key, `task="broken"`) && !slices.Contains([]string{
			"qem_task_up", "qem_task_state", "qem_task_stop_reason", "qem_task_tables",
		}, seriesName(key)) {
			t.Errorf("nothing can be known of %s %v", key, value)
		}
	}
	if rows != float64(p.limit) || rows+dropped != float64(e.tables) {
		t.Errorf("%v tables have series and %v were dropped; the limit is %d and there are %d", rows, dropped, p.limit, e.tables)
	}
	manager := fmt.Sprintf("manager=%q", p.name)
	for key, want := range map[string]float64{
		"qem_up{" + manager + "}":                                                                             1,
		"qem_polls_total{" + manager + `,result="partial"}`:                                                   1,
		`qem_api_errors_total{error="http_503",` + manager + `,operation="GetTaskDetails"}`:                   1,
		`qem_api_errors_total{error="AEM_TASK_DETAILS_INNER_ERR",` + manager + `,operation="GetTaskDetails"}`: 1,
		`qem_api_retries_total{` + manager + `,operation="GetTaskDetails"}`:                                   1,
		`qem_api_requests_total{code="503",` + manager + `,operation="GetTaskDetails"}`:                       1,
		`qem_api_requests_total{code="500",` + manager + `,operation="GetTaskDetails"}`:                       1,
		`qem_task_up{` + manager + `,server="peculiar",task="broken"}`:                                        0,
		`qem_server_up{` + manager + `,server="peculiar"}`:                                                    1,
	} {
		if value, ok := all[key]; !ok || value != want {
			t.Errorf("%s = %v (%v), want %v", key, value, ok, want)
		}
	}
}
