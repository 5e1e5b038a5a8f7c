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

// raised is what an incident leads to: who is told which alert.
type raised struct {
	Incident        string
	Alerts, Perhaps []string
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
	var expected []raised
	read(t, "tests/incidents.yml", &expected)
	var must, may []string
	begins := make(map[string]time.Duration)
	var end time.Duration
	for _, i := range aemtest.Incidents() {
		n := slices.IndexFunc(expected, func(r raised) bool { return r.Incident == i.Name })
		if n < 0 {
			t.Fatalf("nothing is said of the incident %q", i.Name)
		}
		must, may = append(must, expected[n].Alerts...), append(may, expected[n].Perhaps...)
		for _, a := range expected[n].Alerts {
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
func checkDeadManager(t *testing.T, c *clock, m *aemtest.Server, s *stack) {
	before := len(s.told.from(0))
	c.putForward(aemtest.Incidents()[0].Every + 2*time.Minute)
	process.Eventually(t, "alerts about tasks and a server fire again", 30*time.Second, func() bool {
		fires := strings.Join(firing(s.Prometheus), "\n")
		return strings.Contains(fires, "QemServerError") && strings.Contains(fires, "QemTaskError") &&
			strings.Count(fires, "QemTaskStoppedAbnormally") == 2
	})
	m.Stop()
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
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	process.Eventually(t, "it is told that the Enterprise Manager is back", 30*time.Second,
		func() bool { return s.told.has(unreachable, "resolved") })
}
