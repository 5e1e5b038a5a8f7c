package poll

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/poll/choose"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// allExtras switches on the optional collectors.
func allExtras() Options {
	return Options{
		Endpoints: true, ACLs: time.Hour, RetentionBarriers: 10 * time.Minute,
		EndpointTests: choose.EndpointTestOptions{Interval: 15 * time.Minute, Timeout: 30 * time.Second},
	}
}

// allow gives the exporter's account a role.
func allow(sim *aemtest.Simulator, role aemtest.Role) {
	sim.SetUsers(aemtest.User{Name: `EXAMPLE\monitor`, APIToken: aemtest.DefaultAPIToken, Role: role})
}

// storingFleet is the small fleet with two tasks that store changes, of which one has
// a retention barrier, and an account that may read everything.
func storingFleet() *aemtest.Simulator {
	sim := smallFleet()
	allow(sim, aemtest.Operator)
	held, free := simTask("held"), simTask("free")
	held.Options.StoreChanges, free.Options.StoreChanges = aem.BoolOf(true), aem.BoolOf(true)
	held.Barriers = []aem.RetentionBarrier{{Application: "Later", Point: time.Unix(2e9, 0)}, {Application: "Compose",
		Point: time.Unix(1e9, 0)}}
	held.ACL = &aem.ACL{
		Admin:              aem.Principals{Users: []string{`D\a`, `D\b`}, Groups: []string{`D\g`}},
		DisableInheritance: aem.BoolOf(true),
	}
	_ = sim.AddTask("beta", held)
	_ = sim.AddTask("beta", free)
	return sim
}

func aclsOf(s *fleet.Server) (list []string) {
	for _, a := range s.ACLs {
		text := strings.TrimSuffix(a.Scope+" "+a.Object, " ")
		if a.Explicit {
			text += fmt.Sprintf(" explicit %v %v/%v", a.InheritanceDisabled.Float(), a.Admin.Users.Float(),
				a.Admin.Groups.Float())
		}
		list = append(list, text)
	}
	return list
}

// verdicts are a server's results as "name=success".
func verdicts(s *fleet.Server) (list []string) {
	for _, test := range s.EndpointTests {
		list = append(list, fmt.Sprintf("%s=%v", test.Endpoint, test.Success.Float()))
	}
	return list
}

// optionalCalls counts the calls of optional methods only.
func optionalCalls(sim *aemtest.Simulator) map[string]int {
	calls := map[string]int{}
	for operation, n := range sim.RequestCounts() {
		if strings.HasSuffix(operation, "Acl") || operation == readBarrier.operation ||
			operation == readEndpoints.operation || operation == testEndpoint.operation {
			calls[operation] = n
		}
	}
	return calls
}

func TestExtras(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		off := newRig(t, storingFleet(), Options{})
		off.start()
		r := newRig(t, storingFleet(), allExtras())
		r.start()
		r.pass(59 * time.Minute)
		if calls := optionalCalls(off.sim); len(calls) > 0 {
			t.Errorf("calls though all is off: %v", calls)
		}
		beta := r.server("beta")
		endpoints := []fleet.Endpoint{
			{Name: "ORA", Role: "source", Type: "Oracle", Licensed: fleet.Yes},
			{Name: "SF", Role: "target", Type: "Snowflake", Licensed: fleet.Yes},
		}
		if !slices.Equal(beta.Endpoints, endpoints) {
			t.Errorf("endpoints %+v", beta.Endpoints)
		}
		acls := []string{"server beta", "tasks", "endpoints", "endpoint ORA", "endpoint SF", "task b1",
			"task held explicit 1 2/1", "task free"}
		if !slices.Equal(aclsOf(beta), acls) {
			t.Errorf("acls %q", aclsOf(beta))
		}
		if got := verdicts(beta); !slices.Equal(got, []string{"ORA=1", "SF=1"}) {
			t.Errorf("tests %q", got)
		}
		if b := r.task("beta", "held").RetentionBarrier; b == nil ||
			*b != (fleet.RetentionBarrier{Application: "Compose", Time: fleet.Num(1e9)}) {
			t.Errorf("barrier %+v, want the earliest", b)
		}
		for _, name := range []string{"b1", "free"} {
			if b := r.task("beta", name).RetentionBarrier; b != nil {
				t.Errorf("%s has the barrier %+v", name, b)
			}
		}
		if gamma := r.server("gamma"); gamma.Endpoints != nil || !slices.Equal(aclsOf(gamma), []string{"server gamma",
			"tasks", "task load__DW"}) {
			t.Errorf("a Compose server: endpoints %v, acls %q", gamma.Endpoints, aclsOf(gamma))
		}
		if delta := r.server("delta"); delta.Endpoints != nil || delta.ACLs != nil {
			t.Errorf("one that is not monitored: %+v", delta)
		}
		// Two servers with two endpoints each, and two tasks that store changes.
		calls := optionalCalls(r.sim)
		for operation, most := range map[string]int{"TestEndpoint": 4 * 5, "GetChangeDataRetentionBarrier": 2 * 7,
			"GetServerAcl": 3 * 2, "GetTaskAcl": 7 * 2, "GetEndpointList": 2 * 61} {
			if n := calls[operation]; n == 0 || n > most {
				t.Errorf("%d × %s in an hour, want at most %d", n, operation, most)
			}
		}
		r.Update(Options{})
		r.pass(time.Minute)
		if beta := r.server("beta"); beta.Endpoints != nil || beta.ACLs != nil || beta.EndpointTests != nil ||
			r.task("beta", "held").RetentionBarrier != nil {
			t.Errorf("switched off, and still there: %+v", beta)
		}
	})
}

func TestEndpointTests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := emptySim()
		allow(sim, aemtest.Operator)
		sim.AddServer(simServer("s", simTask("a")))
		for i := range 5 {
			name := fmt.Sprint("e", i)
			_ = sim.AddEndpoint("s", aemtest.EndpointState{Endpoint: aem.Endpoint{Name: name}})
			_ = sim.SetEndpointTest("s", name, aemtest.EndpointTest{Takes: 2 * time.Second})
		}
		_ = sim.SetEndpointTest("s", "e1", aemtest.EndpointTest{Message: "ORA-12541", Detail: "no listener",
			Takes: 3 * time.Second})
		_ = sim.SetEndpointTest("s", "e2", aemtest.EndpointTest{Takes: 5 * time.Minute})
		sim.AddFault(aemtest.Fault{Operation: "TestEndpoint", Endpoint: "e3", Kind: aemtest.FaultAPIError,
			Code: "AEM_TEST_ENDPOINT_INNER_ERR"})
		r := newRig(t, sim, Options{EndpointTests: choose.EndpointTestOptions{
			Interval: 10 * time.Minute, Timeout: 20 * time.Second, Filter: choose.Filter{Include: anchored("e.*"),
				Exclude: anchored("e4")},
		}})
		r.start()
		r.pass(5 * time.Minute)
		s := r.server("s")
		if want := []string{"e0=1", "e1=0", "e2=0", "e3=0"}; !slices.Equal(verdicts(s), want) {
			t.Fatalf("%q, want %q", verdicts(s), want)
		}
		for i, want := range []float64{2, 3, 20} {
			if got := s.EndpointTests[i].Duration.Float(); got != want {
				t.Errorf("test %d took %v, want %v", i, got, want)
			}
		}
		if reasons := s.EndpointTests[1].Reason + s.EndpointTests[3].Reason; !strings.Contains(reasons, "ORA-12541") ||
			!strings.Contains(reasons, "INNER_ERR") {
			t.Errorf("reasons %q", reasons)
		}
		_ = sim.SetEndpointTest("s", "e0", aemtest.EndpointTest{Message: "listener lost"})
		r.pass(15 * time.Minute)
		events := r.journal.Events(func(e *fleet.Event) bool { return e.Kind == fleet.EndpointTestChanged })
		if len(events) != 1 || events[0].Endpoint != "e0" || events[0].To != "failure" ||
			events[0].Message != "listener lost" {
			t.Errorf("events %+v", events)
		}
	})
}

// An account that is only a Viewer has all that it may read, is told once what it lacks, and
// does not ask for it again and again.
func TestViewerIsToldOnceWhatItLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := storingFleet()
		allow(sim, aemtest.Viewer)
		r := newRig(t, sim, allExtras())
		r.start()
		r.pass(9 * time.Minute)
		for _, s := range r.View().Servers {
			if s.ProblemCount > 0 || s.ACLs != nil || s.Unreadable != "" {
				t.Errorf("%s: %+v", s.Name, s)
			}
		}
		var lacks []string
		for _, line := range r.log.take("collector") {
			if strings.HasPrefix(line, "WARN collector cannot read everything") {
				lacks = append(lacks, line[strings.Index(line, "collector="):])
			}
		}
		slices.Sort(lacks)
		if diff := cmp.Diff([]string{"collector=acls", "collector=endpoint_tests", "collector=retention_barriers"},
			lacks); diff != "" {
			t.Error(diff)
		}
		for operation, n := range optionalCalls(sim) { // twice each, as a 401 may mean that the session has ended
			if operation != "GetEndpointList" && n > 12 {
				t.Errorf("%d × %s in nine minutes", n, operation)
			}
		}
		allow(sim, aemtest.Operator)
		r.pass(95 * time.Minute)
		if b := r.server("beta"); len(b.ACLs) != 8 || len(b.EndpointTests) != 2 {
			t.Errorf("after the role was granted: %+v", b)
		}
	})
}

// A server that does not answer the optional collectors loses nothing else.
func TestHangingExtrasCostNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, storingFleet(), allExtras())
		r.start()
		r.pass(2 * time.Minute)
		for _, operation := range []string{"Get*Acl", "GetEndpointList", "TestEndpoint", "GetChange*"} {
			r.sim.AddFault(aemtest.Fault{Operation: operation, Kind: aemtest.FaultHang})
		}
		for range 40 {
			r.pass(2 * time.Minute)
			if up := r.up(); len(up) != 7 {
				t.Errorf("read %v", up)
			}
		}
		if s := r.server("beta"); s.Struggling || s.Endpoints != nil || s.Up != fleet.Yes {
			t.Errorf("%+v", s)
		}
	})
}
