//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/testkit"
)

// checkSelf looks at what the exporter says of itself and its one poll.
func (p *polling) checkSelf(t *testing.T, all testkit.Samples) {
	begun, polled := float64(p.exporter.begun.UnixNano())/1e9, float64(p.exporter.polled.UnixNano())/1e9
	manager := fmt.Sprintf("manager=%q", p.name)
	state := p.sim.State()
	exactly := func(v float64) testkit.Range { return testkit.Range{Low: v, High: v} }
	while := testkit.Range{Low: begun, High: polled}
	want := map[string]testkit.Range{
		"qem_up{" + manager + "}": exactly(1),
		"qem_manager_info{" + manager + fmt.Sprintf(",url=%q}", p.sim.URL): exactly(1),
		"qem_state_interval_seconds{" + manager + "}":                      exactly(3600),
		"qem_poll_interval_seconds{" + manager + "}":                       exactly(3600),
		"qem_servers{" + manager + `,state="listed"}`:                      exactly(float64(len(state.Servers))),
		"qem_servers{" + manager + `,state="polled"}`:                      exactly(float64(len(state.Servers))),
		"qem_poll_last_success_timestamp_seconds{" + manager + "}":         while,
		"qem_polls_total{" + manager + `,result="partial"}`:                exactly(0),
		"qem_polls_total{" + manager + `,result="failure"}`:                exactly(0),
		"qem_api_logins_total{" + manager + `,result="success"}`:           exactly(1),
		"qem_api_logins_total{" + manager + `,result="failure"}`:           exactly(0),
		"qem_exporter_duplicates_dropped_total{" + manager + "}":           exactly(0),
		"qem_exporter_log_lines_dropped_total{}":                           exactly(0),
		`qem_exporter_shard_info{shard="0",total_shards="1"}`:              exactly(1),
		"qem_exporter_config_last_reload_successful{}":                     exactly(1),
		"qem_exporter_config_last_reload_success_timestamp_seconds{}":      while,
	}
	if p.tls {
		want["qem_certificate_expiry_timestamp_seconds{"+manager+"}"] = testkit.Range{Low: polled, High: math.Inf(1)}
	}
	sweeps := 0.0
	for _, s := range state.Servers {
		if s.State == aem.ServerNotMonitored {
			continue
		}
		sweeps++
		server := fmt.Sprintf("{%s,server=%q}", manager, s.Name)
		want["qem_server_poll_last_success_timestamp_seconds"+server] = while
		want["qem_server_poll_duration_seconds"+server] = testkit.Range{Low: 1e-6, High: polled - begun}
	}
	want["qem_polls_total{"+manager+`,result="success"}`] = exactly(1 + sweeps)
	for operation, n := range p.sim.RequestCounts() {
		about := fmt.Sprintf("%s,operation=%q}", manager, operation)
		requests := exactly(float64(n))
		want[fmt.Sprintf("qem_api_requests_total{code=\"200\",%s", about)] = requests
		want["qem_api_request_duration_seconds_count{"+about] = requests
		want["qem_api_request_duration_seconds_sum{"+about] = testkit.Range{Low: 1e-9, High: (polled - begun) * float64(n)}
	}
	bucket := regexp.MustCompile(`^qem_api_request_duration_seconds_bucket\{le="([0-9.]+|\+Inf)",` +
		regexp.QuoteMeta(manager) + `,operation="\w+"\}$`)
	build := regexp.MustCompile(`^qem_exporter_build_info\{(branch="[^"]*",)?goarch="\w+",goos="\w+",` +
		`goversion="go[^"]+",(revision="[^"]*",)?(tags="[^"]*",)?version="[^"]+"\}$`)
	builds := 0
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value := all[key]
		expected, ok := want[key]
		switch {
		case !ok && testkit.Entity(key), bucket.MatchString(key):
		case build.MatchString(key) && value == 1:
			builds++
		case !ok:
			t.Errorf("unexpected: %s %v", key, value)
		case value < expected.Low || value > expected.High:
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
func (p *polling) checkTrouble(t *testing.T, all testkit.Samples) {
	tables := 0
	for key := range p.oracle().Truth(p.sim.State()) {
		if testkit.NameOf(key) == "qem_table_state" {
			tables++
		}
	}
	rows, dropped := 0.0, 0.0
	for key, value := range all {
		switch testkit.NameOf(key) {
		case "qem_table_state":
			rows++
		case "qem_task_tables_dropped":
			dropped += value
			if value <= 0 {
				t.Errorf("%s %v: only what was dropped is to be told", key, value)
			}
		}
		if strings.Contains(key, `task="broken"`) && !slices.Contains([]string{
			"qem_task_up", "qem_task_state", "qem_task_stop_reason", "qem_task_tables", "qem_task_priority",
		}, testkit.NameOf(key)) {
			t.Errorf("nothing can be known of %s %v", key, value)
		}
	}
	if rows != float64(p.limit) || rows+dropped != float64(tables) {
		t.Errorf("%v tables have series and %v were dropped; the limit is %d and there are %d", rows, dropped, p.limit,
			tables)
	}
	manager := fmt.Sprintf("manager=%q", p.name)
	// One answer was a 503, and what ends in an inner error is asked for twice more.
	for key, want := range map[string]float64{
		"qem_up{" + manager + "}":                                                                             1,
		"qem_polls_total{" + manager + `,result="partial"}`:                                                   1,
		`qem_api_errors_total{error="http_503",` + manager + `,operation="GetTaskDetails"}`:                   1,
		`qem_api_errors_total{error="AEM_TASK_DETAILS_INNER_ERR",` + manager + `,operation="GetTaskDetails"}`: 3,
		`qem_api_retries_total{` + manager + `,operation="GetTaskDetails"}`:                                   3,
		`qem_api_requests_total{code="503",` + manager + `,operation="GetTaskDetails"}`:                       1,
		`qem_api_requests_total{code="500",` + manager + `,operation="GetTaskDetails"}`:                       3,
		`qem_task_up{` + manager + `,server="peculiar",task="broken"}`:                                        0,
		`qem_server_up{` + manager + `,server="peculiar"}`:                                                    1,
	} {
		if value, ok := all[key]; !ok || value != want {
			t.Errorf("%s = %v (%v), want %v", key, value, ok, want)
		}
	}
}
