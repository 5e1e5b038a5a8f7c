//go:build e2e

package alerts_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// raised is what an incident of the simulated fleet leads to: who is told which alert.
type raised struct {
	incident string
	alerts   []string
	// A symptom that lasts about as long as its alert waits.
	perhaps []string
}

// expected is for the fleet of startManager.
var expected = []raised{
	{incident: "latency climbs", alerts: []string{
		`operations-chat QemTaskTargetLatencyHigh warning manager="demo" server="repl-prod-01" task="ORA2SNOW_SALES"`,
		`operations-chat QemTaskLatencyGrowing warning manager="demo" server="repl-prod-01" task="ORA2SNOW_SALES"`,
	}},
	{
		incident: "task error",
		alerts:   []string{`operations-pager QemTaskError critical manager="demo" server="repl-prod-01" task="SF2DBX_BILLING"`},
		perhaps: []string{
			`operations-chat QemTaskRecovering warning manager="demo" server="repl-prod-01" task="SF2DBX_BILLING"`,
			`operations-pager QemTaskRecovering critical manager="demo" server="repl-prod-01" task="SF2DBX_BILLING"`,
		},
	},
	{
		incident: "recovering",
		alerts:   []string{`operations-pager QemTaskRecovering critical manager="demo" server="repl-prod-01" task="MYSQL2SNOW_CLAIMS"`},
		perhaps:  []string{`operations-chat QemTaskRecovering warning manager="demo" server="repl-prod-01" task="MYSQL2SNOW_CLAIMS"`},
	},
	{incident: "spill to disk", alerts: []string{
		`operations-chat QemTaskSpillingToDisk warning manager="demo" server="repl-prod-01" task="ORA2DBX_SHIPPING"`,
	}},
	{incident: "data errors", alerts: []string{
		`operations-chat QemTaskDataErrorsRising warning manager="demo" server="repl-prod-01" task="DB22SNOW_SUPPLIERS"`,
	}},
	{incident: "table error", alerts: []string{
		`operations-chat QemTaskTablesInError warning manager="demo" server="repl-prod-02" task="SF2S3_SALES"`,
	}},
	{incident: "low memory", alerts: []string{ // the task has the tag team=crm
		`crm-pager QemTaskStoppedAbnormally critical manager="demo" server="repl-prod-02" task="ORA2SQL_INVENTORY" reason="stopped_low_memory" team="crm"`,
	}},
	{incident: "low disk", alerts: []string{
		`operations-pager QemTaskStoppedAbnormally critical manager="demo" server="repl-prod-02" task="HANA2DBX_LEDGER" reason="stopped_low_disk_space"`,
	}},
	{incident: "stalled full load", alerts: []string{ // its changes wait meanwhile
		`operations-chat QemTaskFullLoadStalled warning manager="demo" server="repl-prod-01" task="DB22S3_INVENTORY"`,
		`operations-chat QemTaskApplyStalled warning manager="demo" server="repl-prod-01" task="DB22S3_INVENTORY"`,
	}},
	{incident: "licence ends", alerts: []string{
		`operations-chat QemServerLicenseExpiring warning manager="demo" server="repl-prod-01"`,
		`operations-pager QemServerLicenseExpiring critical manager="demo" server="repl-prod-01"`,
		`operations-pager QemServerLicenseExpired critical manager="demo" server="repl-prod-01"`,
	}},
	{incident: "server error", alerts: []string{
		`operations-pager QemServerError critical manager="demo" server="repl-prod-04"`,
	}},
	{incident: "server not monitored", alerts: []string{
		`operations-chat QemServerNotMonitored warning manager="demo" server="Local Server"`,
	}},
	{incident: "endpoint fails", alerts: []string{
		`operations-chat QemEndpointTestFailing warning manager="demo" server="repl-prod-01" endpoint_name="tgt_SNOW"`,
	}},
	{incident: "stopped by a user"},
	{incident: "Compose error", alerts: []string{
		`operations-pager QemTaskError critical manager="demo" server="Compose Server DW" task="LAKE_STAGE__CustomerMart"`,
	}},
}

// ordinary matches what a fleet has without incidents: a busy task that was behind or
// stopped spills until it has caught up, and a task has a data error now and then.
var ordinary = regexp.MustCompile(`^[a-z]+-chat QemTask(SpillingToDisk|DataErrorsRising|LatencyGrowing) |^watchdog `)

// TestIncidentsAreTold: the beginning and the end of every incident is told to those who
// are to be told, with the labels of what it is about, and nothing else is.
func TestIncidentsAreTold(t *testing.T) {
	c := &clock{origin: time.Now()}
	m := startManager(t, c)
	s := startStack(t, m)
	c.start()
	t.Run("incidents", func(t *testing.T) { checkIncidents(t, c, s) })
	t.Run("dead manager", func(t *testing.T) { checkDeadManager(t, c, m, s) })
}

func checkIncidents(t *testing.T, c *clock, s *stack) {
	var must, may []string
	begins := make(map[string]time.Duration)
	var end time.Duration
	for _, i := range aemtest.Incidents() {
		n := slices.IndexFunc(expected, func(r raised) bool { return r.incident == i.Name })
		if n < 0 {
			t.Fatalf("nothing is said of the incident %q", i.Name)
		}
		must, may = append(must, expected[n].alerts...), append(may, expected[n].perhaps...)
		for _, a := range expected[n].alerts {
			begins[a] = i.Begins
		}
		end = max(end, i.Begins+i.Lasts)
	}
	missing := func(status string) []string {
		return slices.DeleteFunc(slices.Clone(must), func(a string) bool { return s.told.has(a, status) })
	}
	process.Eventually(t, "the incidents end", time.Minute+end/speed, func() bool { return c.since() > end })
	process.Within(90*time.Second, func() bool { return len(missing("resolved")) == 0 })
	for _, status := range []string{"firing", "resolved"} {
		if m := missing(status); len(m) > 0 {
			t.Errorf("not told as %s:\n%s", status, strings.Join(m, "\n"))
		}
	}
	fired := 0
	for _, x := range s.told.from(0) {
		switch a := x.receiver + " " + x.alert; {
		case !x.news || x.status != "firing":
		case slices.Contains(must, a):
			fired++
			if at := c.at(x.began); at < begins[a] {
				t.Errorf("%v before its incident: %s", begins[a]-at, a)
			}
		case !slices.Contains(may, a) && !ordinary.MatchString(a):
			t.Errorf("told without an incident: %s", a)
		}
	}
	t.Logf("%d incidents, %d alerts told of %d", len(expected), fired, len(must))
}

// began matches what had begun when the Enterprise Manager died and waited for its time: a hole of three
// intervals is no longer than that in fast time, and a licence ends whether it is read or not.
var began = regexp.MustCompile(`^Qem(TaskRecovering|ServerLicenseExpir)`)

const unreachable = `operations-pager QemManagerUnreachable critical manager="demo"`

// checkDeadManager kills the Enterprise Manager while there are incidents: that is one
// page, and none about its servers and tasks.
func checkDeadManager(t *testing.T, c *clock, m *enterpriseManager, s *stack) {
	before := len(s.told.from(0))
	c.putForward(aemtest.Incidents()[0].Every + 2*time.Minute)
	process.Eventually(t, "alerts about tasks and a server fire again", 30*time.Second, func() bool {
		fires := strings.Join(firing(s.Prometheus), "\n")
		return strings.Contains(fires, "QemServerError") && strings.Contains(fires, "QemTaskError") &&
			strings.Count(fires, "QemTaskStoppedAbnormally") == 2
	})
	m.kill()
	process.Eventually(t, "Prometheus knows that the Enterprise Manager is dead", 30*time.Second,
		func() bool { return s.Is("qem_up", 0) })
	dead := time.Now()
	process.Eventually(t, "it is told", 30*time.Second, func() bool { return s.told.has(unreachable, "firing") })
	// What fired stands as last known: neither its end is told nor anything new.
	process.Eventually(t, "a task in error stands", 30*time.Second, func() bool {
		fires := strings.Join(firing(s.Prometheus), "\n")
		return strings.Contains(fires, "QemTaskError") && strings.Contains(fires, "QemManagerUnreachable")
	})
	var told []string
	for _, x := range s.told.from(before) {
		if x.status == "firing" && x.began.After(dead) && strings.HasSuffix(x.receiver, "-pager") &&
			!began.MatchString(x.alert) {
			told = append(told, x.receiver+" "+x.alert)
		}
	}
	if !slices.Equal(told, []string{unreachable}) {
		t.Errorf("for a dead Enterprise Manager there were %d pages:\n%s", len(told), strings.Join(told, "\n"))
	}
	m.serve(t)
	process.Eventually(t, "it is told that the Enterprise Manager is back", 30*time.Second,
		func() bool { return s.told.has(unreachable, "resolved") })
}
