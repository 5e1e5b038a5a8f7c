package poll

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// An account that is only a Viewer has all that the polls read, is told once what it
// lacks, and does not ask for it again and again.
func TestViewerIsToldOnceWhatItLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := storingFleet()
		allow(sim, aemtest.Viewer)
		r := newRig(t, sim, everything())
		plain := newRig(t, sim, Options{}).poll(t)
		_, last := run(t, r, 9*time.Minute+30*time.Second)
		if last.Result != fleet.Success || last.ProblemCount != 0 {
			t.Errorf("%s %+v", last.Result, last.Problems)
		}
		for i := range last.Servers {
			s := &last.Servers[i]
			if (s.Endpoints == nil) != (s.Name != "alpha" && s.Name != "beta") || s.ACLs != nil || s.EndpointTests != nil {
				t.Errorf("%s: %+v", s.Name, s)
			}
			s.Endpoints = nil
		}
		if d := diff(plain, last); d != "" {
			t.Errorf("the rest is disturbed: %s", d)
		}
		want := []string{
			"INFO enterprise manager is up",
			"WARN account may not read what a collector needs collector=acls names=alpha, beta, gamma reason=UNAUTHORIZED_REQUEST",
			"WARN account may not read what a collector needs collector=endpoint_tests names=alpha, beta reason=UNAUTHORIZED_REQUEST",
			"WARN account may not read what a collector needs collector=retention_barriers names=beta reason=UNAUTHORIZED_REQUEST",
			"WARN server is in error",
		}
		lines := r.log.take("collector", "names", "reason")
		slices.Sort(lines)
		if !slices.Equal(lines, want) {
			t.Errorf("logged\n%s", strings.Join(lines, "\n"))
		}
		asked := optionalCalls(sim)
		// Twice each, as one 401 makes the client log in again to see if that is all.
		for operation, most := range map[string]int{opServerACL: 4, opTasksACL: 4, opTaskACL: 9, opEndpointACL: 6, opEndpointsACL: 4, opBarrier: 4, opTest: 6} {
			if n := asked[operation]; n == 0 || n > most {
				t.Errorf("%d calls of %s in nine minutes, at most %d are of use", n, operation, most)
			}
		}
	})
}

func TestRoleThatIsGrantedLaterIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := storingFleet()
		o := everything()
		o.EndpointTests = EndpointTestOptions{}
		o.ACLs = 5 * time.Minute
		sim.AddFault(aemtest.Fault{Operation: opEndpointList, Kind: aemtest.FaultAPIError, Status: 401, Code: "UNAUTHORIZED_REQUEST"})
		allow(sim, aemtest.Viewer)
		r := newRig(t, sim, o)
		r.poll(t)
		if lines := strings.Join(r.log.take("collector"), "\n"); strings.Count(lines, "may not read") != 3 {
			t.Errorf("logged %s", lines)
		}
		for range 4 {
			r.nextMinute(t)
		}
		sim.ClearFaults()
		allow(sim, aemtest.Operator)
		sim.ResetCounters()
		got := r.nextMinute(t)
		if n := sim.Requests(opEndpointList); n != 0 {
			t.Errorf("endpoints were listed %d times, five minutes after a refusal", n)
		}
		if len(serverOf(got, "beta").ACLs) != 6 {
			t.Errorf("acls %q, want those of the server and its tasks", aclsOf(serverOf(got, "beta")))
		}
		for range 5 {
			got = r.nextMinute(t)
		}
		if s := serverOf(got, "beta"); len(s.Endpoints) != 2 || len(s.ACLs) != 8 || taskOf(got, "beta", "held").RetentionBarrier == nil {
			t.Errorf("%d endpoints, acls %q", len(s.Endpoints), aclsOf(s))
		}
		want := []string{"INFO account may read what a collector needs collector=acls",
			"INFO account may read what a collector needs collector=endpoints", "INFO account may read what a collector needs collector=retention_barriers"}
		if lines := r.log.take("collector"); !slices.Equal(lines, want) {
			t.Errorf("logged %q", lines)
		}
	})
}

// Roles are given by object: what may be read is read.
func TestRefusalOfOneTaskIsThatTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, storingFleet(), everything())
		r.sim.AddFault(aemtest.Fault{Operation: opTaskACL, Task: "a2", Kind: aemtest.FaultAPIError, Status: 401, Code: "UNAUTHORIZED_REQUEST"})
		got := r.poll(t)
		want := []string{"server alpha", "tasks", "endpoints", "endpoint ORA", "endpoint SF", "task a1", "task a3"}
		if acls := aclsOf(serverOf(got, "alpha")); got.Result != fleet.Success || !slices.Equal(acls, want) {
			t.Errorf("%s, acls %q", got.Result, acls)
		}
	})
}

func TestRefusedMethodIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := bigFleet(2, 200)
		allow(sim, aemtest.Viewer)
		r := newRig(t, sim, Options{ACLs: time.Hour, Concurrency: 4})
		r.poll(t)
		if n := sim.Requests(opTaskACL); n < 6 || n > 20 {
			t.Errorf("%d calls for 400 tasks whose ACLs the account may not read", n)
		}
	})
}
