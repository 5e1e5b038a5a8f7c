package poll

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// endpointFleet has servers s0, s1, ... with endpoints e0, e1, ... each and no tasks.
func endpointFleet(servers, endpoints int, test aemtest.EndpointTest) *aemtest.Simulator {
	sim := aemtest.New(aemtest.Options{Servers: -1, ComposeServers: -1})
	allow(sim, aemtest.Operator)
	for i := range servers {
		name := fmt.Sprint("s", i)
		sim.AddServer(simServer(name))
		for j := range endpoints {
			endpoint := fmt.Sprint("e", j)
			_ = sim.AddEndpoint(name, aemtest.EndpointState{Name: endpoint})
			_ = sim.SetEndpointTest(name, endpoint, test)
		}
	}
	return sim
}

// testingRig tests endpoints, every ten minutes unless told otherwise.
func testingRig(t *testing.T, sim *aemtest.Simulator, o Options, clientOptions ...aem.Option) *rig {
	o.Interval, o.Jitter = time.Minute, exactly
	if o.EndpointTests.Interval == 0 {
		o.EndpointTests.Interval = 10 * time.Minute
	}
	return newRig(t, sim, o, clientOptions...)
}

// polled is what was published at each minute of a run.
func polled(t *testing.T, r *rig, d time.Duration) (list []*fleet.Manager) {
	t.Helper()
	r.options.Publish = func(m *fleet.Manager) { list = append(list, m) }
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	began := time.Now()
	r.Run(ctx)
	synctest.Wait()
	if took := time.Since(began); took != d {
		t.Errorf("Run ended after %v, its context after %v", took, d)
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

func TestEndpointTestsTellWhatTheyFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(1, 5, aemtest.EndpointTest{Takes: 2 * time.Second})
		_ = sim.SetEndpointTest("s0", "e1", aemtest.EndpointTest{Message: "ORA-12541", Detail: "no listener", Takes: 3 * time.Second})
		_ = sim.SetEndpointTest("s0", "e2", aemtest.EndpointTest{Takes: 5 * time.Minute})
		sim.AddFault(aemtest.Fault{Operation: opEndpointList, Kind: aemtest.FaultBody, Body: `{"endpointList":[
			{"name":"e0","role":"SOURCE","type":"Oracle"},{"name":"e0","role":"TARGET","type":"Oracle"},{"name":"e1","role":"SOURCE"},
			{"name":"e2","role":"SOURCE"},{"name":"e3","role":"SOURCE"},{"name":"e4","role":"SOURCE"}]}`})
		sim.AddFault(aemtest.Fault{Operation: opTest, Endpoint: "e3", Kind: aemtest.FaultBody, Body: `{"status":"UNKNOWN"}`})
		r := testingRig(t, sim, Options{EndpointTests: EndpointTestOptions{
			Timeout: 20 * time.Second, Filter: Filter{Include: anchored("e.*"), Exclude: []*regexp.Regexp{regexp.MustCompile("^e4$")}},
		}})
		began := time.Now()
		last := polled(t, r, 90*time.Second)[1]
		s := serverOf(last, "s0")
		if want := []string{"e0=1", "e1=0", "e2=0", "e3=NaN"}; last.Result != fleet.Success || !slices.Equal(verdicts(s), want) {
			t.Fatalf("%s %q, want %q", last.Result, verdicts(s), want)
		}
		for i, want := range []float64{2, 3, 20} {
			if got := s.EndpointTests[i].Duration; got != want {
				t.Errorf("test %d took %v, want %v", i, got, want)
			}
		}
		if ended := s.EndpointTests[1].Ended; ended != float64(began.Unix()+3) {
			t.Errorf("e1 was tested at %v, want %v", ended, began.Unix()+3)
		}
		if n := sim.Requests(opTest); n != 4 {
			t.Errorf("%d tests of 4 endpoints", n)
		}
		if s.Endpoints != nil {
			t.Error("the endpoints are in the snapshot, though that collector is off")
		}
	})
}

func TestEndpointTestsKeepTheirInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(2, 2, aemtest.EndpointTest{Takes: 10 * time.Second})
		r := testingRig(t, sim, Options{})
		list := polled(t, r, 21*time.Minute+30*time.Second)
		if n := sim.Requests(opTest); n != 12 {
			t.Errorf("%d tests in 21 minutes of 4 endpoints every ten minutes", n)
		}
		for i, m := range list[1:] {
			for _, s := range m.Servers {
				if want := []string{"e0=1", "e1=1"}; !slices.Equal(verdicts(&s), want) {
					t.Errorf("minute %d, %s: %q", i+1, s.Name, verdicts(&s))
				}
			}
		}
	})
}

// A test that outlasts its interval, and many polls, is the only one of its endpoint,
// though the endpoint should vanish and come back meanwhile.
func TestEndpointIsNeverTestedTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := aemtest.EndpointTest{Takes: 24*time.Minute + 30*time.Second}
		sim := endpointFleet(1, 1, long)
		r := testingRig(t, sim, Options{EndpointTests: EndpointTestOptions{Timeout: 30 * time.Minute}})
		time.AfterFunc(12*time.Minute+time.Second, func() { _ = sim.RemoveEndpoint("s0", "e0") })
		time.AfterFunc(14*time.Minute+time.Second, func() {
			_ = sim.AddEndpoint("s0", aemtest.EndpointState{Name: "e0"})
			_ = sim.SetEndpointTest("s0", "e0", long)
		})
		var begun []int
		go func() {
			began := time.Now()
			for _, minute := range []int{1, 11, 24, 26, 49, 51} {
				time.Sleep(time.Duration(minute)*time.Minute + time.Second - time.Since(began)) // fake time
				begun = append(begun, sim.Requests(opTest))
			}
		}()
		list := polled(t, r, 55*time.Minute+time.Second)
		if want := []int{1, 1, 1, 2, 2, 3}; !slices.Equal(begun, want) {
			t.Errorf("tests begun at some minutes: %v, want %v", begun, want)
		}
		for minute, want := range map[int][]string{24: nil, 25: {"e0=1"}, 54: {"e0=1"}} {
			if got := verdicts(serverOf(list[minute], "s0")); !slices.Equal(got, want) {
				t.Errorf("minute %d: %q, want %q", minute, got, want)
			}
		}
	})
}

func TestEndpointTestsAreBoundedAndDelayNoPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(5, 10, aemtest.EndpointTest{Takes: 30 * time.Second})
		for i := range 20 {
			_ = sim.AddTask("s0", simTask(fmt.Sprint("t", i)))
		}
		sim.SetLatency(time.Second)
		r := testingRig(t, sim, Options{Concurrency: 4})
		var done []int
		began := time.Now()
		for i, m := range polled(t, r, 10*time.Minute+30*time.Second) {
			if late := m.Started.Sub(began) - time.Duration(i)*time.Minute; late != 0 {
				t.Errorf("poll %d was %v late", i, late)
			}
			// 27 calls of a second by four, or by the two that the tests leave.
			if m.Result != fleet.Success || m.Duration > 35*time.Second {
				t.Errorf("poll %d: %s after %v", i, m.Result, m.Duration)
			}
			n := 0
			for _, s := range m.Servers {
				n += len(s.EndpointTests)
			}
			done = append(done, n)
		}
		if most := sim.MaxInFlight(); most > 4 {
			t.Errorf("%d calls in flight", most)
		}
		// Two at a time take half a minute each, when no poll goes first.
		if done[1] == 0 || done[1] > 4 || done[10] < 20 || done[10] > 42 {
			t.Errorf("results after each minute: %v", done)
		}
	})
}

// Whoever allows one call at a time gets one at a time.
func TestEndpointTestsShareTheConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(2, 3, aemtest.EndpointTest{Takes: 10 * time.Second})
		r := testingRig(t, sim, Options{Concurrency: 1})
		list := polled(t, r, 5*time.Minute-time.Second)
		if n := sim.MaxInFlight(); n != 1 {
			t.Errorf("%d calls in flight", n)
		}
		last := list[len(list)-1]
		if last.Result != fleet.Success || len(list) != 5 || len(last.Servers[1].EndpointTests) != 3 {
			t.Errorf("%d polls, the last a %s with %d results", len(list), last.Result, len(last.Servers[1].EndpointTests))
		}
	})
}

func TestEndpointTestThatCannotBeMadeHasNoResult(t *testing.T) {
	faults := map[string]aemtest.Fault{
		"connection": {Kind: aemtest.FaultReset},
		"timeout":    {Kind: aemtest.FaultHang},
		"AEM_X":      {Kind: aemtest.FaultAPIError, Code: "AEM_X"},
		"decode":     {Kind: aemtest.FaultHTML},
	}
	for reason, fault := range faults {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := endpointFleet(1, 2, aemtest.EndpointTest{})
				r := testingRig(t, sim, Options{EndpointTests: EndpointTestOptions{Interval: 3 * time.Minute, Timeout: 5 * time.Second}})
				fault.Operation, fault.Endpoint = opTest, "e1"
				time.AfterFunc(2*time.Minute+30*time.Second, func() { sim.AddFault(fault) })
				time.AfterFunc(6*time.Minute+30*time.Second, sim.ClearFaults)
				list := polled(t, r, 11*time.Minute)
				for minute, want := range map[int][]string{2: {"e0=1", "e1=1"}, 4: {"e0=1"}, 6: {"e0=1"}, 10: {"e0=1", "e1=1"}} {
					m := list[minute]
					bad := m.Result == fleet.Partial && slices.Equal(problems(m), []string{"s0 TestEndpoint " + reason})
					if got := verdicts(serverOf(m, "s0")); !slices.Equal(got, want) || bad != (len(want) == 1) {
						t.Errorf("minute %d: %s, %q, problems %q", minute, m.Result, got, problems(m))
					}
				}
				want := []string{"INFO enterprise manager is up", "WARN collector cannot read everything reason=" + reason, "INFO collector can read everything again"}
				if lines := r.log.take("reason"); !slices.Equal(lines, want) {
					t.Errorf("logged %q", lines)
				}
			})
		})
	}
}

// A server that leaves tests unanswered is not asked for all of them.
func TestHangingEndpointTestsAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(2, 30, aemtest.EndpointTest{})
		sim.AddFault(aemtest.Fault{Operation: opTest, Server: "s0", Kind: aemtest.FaultHang})
		r := testingRig(t, sim, Options{EndpointTests: EndpointTestOptions{Timeout: 5 * time.Second}}, aem.WithTimeout(5*time.Second))
		list := polled(t, r, 2*time.Minute+30*time.Second)
		last := list[2]
		if n := len(serverOf(last, "s1").EndpointTests); n != 30 {
			t.Errorf("%d results of the healthy server", n)
		}
		if s0 := serverOf(last, "s0"); s0.EndpointTests != nil || s0.Up != fleet.Yes || !strings.HasPrefix(last.Problems[0].Message, "30 endpoints could not be tested; ") {
			t.Errorf("up %v, %q, problems %+v", s0.Up, verdicts(s0), last.Problems)
		}
		if n := sim.Requests(opTest); n > 30+12 {
			t.Errorf("%d tests, 30 of them of the healthy server", n)
		}
	})
}

// polled checks that Run ends with its context to the instant; this one ends while
// tests run and others wait.
func TestRunEndsItsEndpointTests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(2, 5, aemtest.EndpointTest{Takes: time.Hour})
		r := testingRig(t, sim, Options{EndpointTests: EndpointTestOptions{Timeout: 2 * time.Hour}})
		polled(t, r, 90*time.Second)
		synctest.Wait()
		if n := sim.InFlight(); n != 0 {
			t.Errorf("%d calls are still in flight", n)
		}
		if n := sim.Requests(opTest); n != 2 {
			t.Errorf("%d tests were begun, want 2", n)
		}
		if list := polled(t, r, 30*time.Second); len(list) != 1 { // it can run again
			t.Errorf("%d polls", len(list))
		}
	})
}

func TestSinglePollTestsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(1, 2, aemtest.EndpointTest{})
		got := testingRig(t, sim, Options{}).poll(t)
		synctest.Wait()
		if n := sim.Requests(opTest); n != 0 || got.Result != fleet.Success {
			t.Errorf("%s, %d tests", got.Result, n)
		}
	})
}

// A result whose successor is overdue vanishes.
func TestOldResultsVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(1, 3, aemtest.EndpointTest{})
		r := testingRig(t, sim, Options{Concurrency: 2, EndpointTests: EndpointTestOptions{Timeout: 2 * time.Hour}})
		time.AfterFunc(5*time.Minute, func() { // from now on one test takes up the place of all
			_ = sim.SetEndpointTest("s0", "e0", aemtest.EndpointTest{Takes: 119 * time.Minute})
			_ = sim.SetEndpointTest("s0", "e1", aemtest.EndpointTest{Takes: 119 * time.Minute})
		})
		list := polled(t, r, 150*time.Minute)
		for minute, want := range map[int][]string{20: {"e0=1", "e1=1", "e2=1"}, 140: {"e0=1", "e1=1", "e2=1"}, 142: {"e0=1"}, 148: {"e0=1"}} {
			if got := verdicts(serverOf(list[minute], "s0")); !slices.Equal(got, want) {
				t.Errorf("minute %d: %q, want %q", minute, got, want)
			}
		}
	})
}

func TestRemovedEndpointsAndServersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := endpointFleet(3, 2, aemtest.EndpointTest{})
		time.AfterFunc(90*time.Second, func() {
			_ = sim.RemoveServer("s0")
			_ = sim.SetServerState("s1", aemtest.NotMonitored, "")
			_ = sim.RemoveEndpoint("s2", "e0")
		})
		r := testingRig(t, sim, Options{})
		var kept []string
		time.AfterFunc(150*time.Second, func() {
			r.tests.mu.Lock()
			defer r.tests.mu.Unlock()
			for name, s := range r.tests.servers {
				kept = append(kept, fmt.Sprint(name, " ", len(s.tests)))
			}
		})
		last := polled(t, r, 160*time.Second)[2]
		if len(last.Servers) != 2 || last.Servers[0].EndpointTests != nil || !slices.Equal(verdicts(&last.Servers[1]), []string{"e1=1"}) {
			t.Errorf("got %+v", last.Servers)
		}
		if !slices.Equal(kept, []string{"s2 1"}) {
			t.Errorf("kept %q", kept)
		}
	})
}
