package poll

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// everything switches on the optional collectors.
func everything() Options {
	return Options{
		Interval: time.Minute, Jitter: exactly, Endpoints: true, ACLs: time.Hour, RetentionBarriers: 10 * time.Minute,
		EndpointTests: EndpointTestOptions{Interval: 15 * time.Minute, Timeout: 30 * time.Second},
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
	held.StoreChanges, free.StoreChanges = true, true
	held.Barriers = []aemtest.Barrier{{Application: "Later", Point: time.Unix(2e9, 0)}, {Application: "Compose", Point: time.Unix(1e9, 0)}}
	held.ACL = &aemtest.ACL{Admin: aemtest.Principals{Users: []string{`D\a`, `D\b`}, Groups: []string{`D\g`}}, DisableInheritance: true}
	_ = sim.AddTask("beta", held)
	_ = sim.AddTask("beta", free)
	return sim
}

func aclsOf(s *fleet.Server) (list []string) {
	for _, a := range s.ACLs {
		text := strings.TrimSuffix(a.Scope+" "+a.Object, " ")
		if a.Explicit {
			text += fmt.Sprintf(" explicit %v %v/%v", a.InheritanceDisabled.Float(), a.Admin.Users, a.Admin.Groups)
		}
		list = append(list, text)
	}
	return list
}

// calls of optional methods only.
func optionalCalls(sim *aemtest.Simulator) map[string]int {
	calls := map[string]int{}
	for operation, n := range sim.RequestCounts() {
		if strings.HasSuffix(operation, "Acl") || operation == opBarrier || operation == opEndpointList || operation == opTest {
			calls[operation] = n
		}
	}
	return calls
}

func TestOptionalCollectorsAreOffByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, storingFleet(), Options{Interval: time.Minute, Jitter: exactly})
		_, last := run(t, r, 3*time.Hour)
		if calls := optionalCalls(r.sim); len(calls) != 0 {
			t.Errorf("calls: %v", calls)
		}
		beta := serverOf(last, "beta")
		if beta.Endpoints != nil || beta.EndpointTests != nil || beta.ACLs != nil || taskOf(last, "beta", "held").RetentionBarrier != nil {
			t.Errorf("got %+v", beta)
		}
	})
}

func TestOptionalCollectorsReadWhatTheyShould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, storingFleet(), everything())
		got := r.poll(t)
		if got.Result != fleet.Success {
			t.Fatalf("%+v", got.Problems)
		}
		beta := serverOf(got, "beta")
		endpoints := []fleet.Endpoint{
			{Name: "ORA", Role: fleet.EndpointSource, Type: "Oracle", Licensed: fleet.Yes},
			{Name: "SF", Role: fleet.EndpointTarget, Type: "Snowflake", Licensed: fleet.Yes},
		}
		if !slices.Equal(beta.Endpoints, endpoints) {
			t.Errorf("endpoints %+v", beta.Endpoints)
		}
		acls := []string{"server beta", "tasks", "endpoints", "endpoint ORA", "endpoint SF", "task b1", "task held explicit 1 2/1", "task free"}
		if !slices.Equal(aclsOf(beta), acls) {
			t.Errorf("acls %q", aclsOf(beta))
		}
		if b := taskOf(got, "beta", "held").RetentionBarrier; b == nil || *b != (fleet.RetentionBarrier{Application: "Compose", Time: 1e9}) {
			t.Errorf("barrier %+v, want the earliest", b)
		}
		for _, name := range []string{"b1", "free"} {
			if b := taskOf(got, "beta", name).RetentionBarrier; b != nil {
				t.Errorf("%s has the barrier %+v", name, b)
			}
		}
		// A Compose server has no endpoints; one that is not monitored tells nothing.
		compose := serverOf(got, "gamma")
		if want := []string{"server gamma", "tasks", "task load__DW"}; compose.Endpoints != nil || !slices.Equal(aclsOf(compose), want) {
			t.Errorf("endpoints %v, acls %q", compose.Endpoints, aclsOf(compose))
		}
		if delta := serverOf(got, "delta"); delta.Endpoints != nil || delta.ACLs != nil {
			t.Errorf("delta %+v", delta)
		}
		if n := r.sim.Requests(opBarrier); n != 2 {
			t.Errorf("%d tasks were asked for barriers, 2 store changes", n)
		}
	})
}

func TestOptionalResultsAreReadWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := everything()
		o.ACLs, o.RetentionBarriers, o.EndpointTests = 5*time.Minute, 3*time.Minute, EndpointTestOptions{}
		r := newRig(t, storingFleet(), o)
		first := r.poll(t)
		var lists, acls, barriers []int
		for range 7 {
			got := r.nextMinute(t)
			if d := diff(first, got); d != "" || got.Result != fleet.Success {
				t.Fatalf("%s: %s", got.Result, d)
			}
			lists = append(lists, r.sim.Requests(opEndpointList))
			acls = append(acls, r.sim.Requests(opTaskACL))
			barriers = append(barriers, r.sim.Requests(opBarrier))
		}
		if want := []int{4, 6, 8, 10, 12, 14, 16}; !slices.Equal(lists, want) {
			t.Errorf("endpoint lists %v, want %v", lists, want)
		}
		if want := []int{7, 7, 7, 7, 14, 14, 14}; !slices.Equal(acls, want) {
			t.Errorf("task ACLs %v, want %v", acls, want)
		}
		if want := []int{2, 2, 4, 4, 4, 6, 6}; !slices.Equal(barriers, want) {
			t.Errorf("barriers %v, want %v", barriers, want)
		}
	})
}

// What is gone takes its results with it, and what comes is read at once.
func TestOptionalResultsFollowTheFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, storingFleet(), everything())
		r.poll(t)
		_ = r.sim.RemoveTask("beta", "held")
		_ = r.sim.RemoveEndpoint("beta", "SF")
		_ = r.sim.AddEndpoint("beta", aemtest.EndpointState{Name: "NEW", Role: aemtest.Both})
		_ = r.sim.RemoveServer("alpha")
		got := r.nextMinute(t)
		beta := serverOf(got, "beta")
		if want := []string{"server beta", "tasks", "endpoints", "endpoint ORA", "endpoint NEW", "task b1", "task free"}; !slices.Equal(aclsOf(beta), want) {
			t.Errorf("acls %q", aclsOf(beta))
		}
		if len(beta.Endpoints) != 2 || beta.Endpoints[1].Role != fleet.EndpointBoth || got.Result != fleet.Success {
			t.Errorf("%s, endpoints %+v", got.Result, beta.Endpoints)
		}
		for key := range r.memory.findings {
			if key.server == "alpha" || key.object == "held" || key.object == "SF" {
				t.Errorf("%+v is kept", key)
			}
		}
		if n := r.sim.Requests(opEndpointACL); n != 5 {
			t.Errorf("%d calls for 4 endpoints and a new one", n)
		}
	})
}

func TestDueOptionalReadingThatFailsLeavesNothing(t *testing.T) {
	tests := []struct {
		fault   aemtest.Fault
		absent  func(m *fleet.Manager) bool
		problem string
	}{
		{aemtest.Fault{Operation: opEndpointList, Server: "beta"}, func(m *fleet.Manager) bool { return serverOf(m, "beta").Endpoints == nil }, "beta GetEndpointList decode"},
		{aemtest.Fault{Operation: opBarrier, Task: "held"}, func(m *fleet.Manager) bool { return taskOf(m, "beta", "held").RetentionBarrier == nil }, "beta/held GetChangeDataRetentionBarrier decode"},
		{aemtest.Fault{Operation: opTaskACL, Task: "held"}, func(m *fleet.Manager) bool { return !slices.ContainsFunc(aclsOf(serverOf(m, "beta")), isHeld) }, "beta/held GetTaskAcl decode"},
		{aemtest.Fault{Operation: opServerACL, Server: "beta"}, func(m *fleet.Manager) bool { return aclsOf(serverOf(m, "beta"))[0] == "tasks" }, "beta GetServerAcl decode"},
	}
	for _, tt := range tests {
		t.Run(tt.fault.Operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := everything()
				o.ACLs, o.RetentionBarriers = 2*time.Minute, 2*time.Minute
				r := newRig(t, storingFleet(), o)
				first := r.poll(t)
				r.nextMinute(t)
				r.log.take()
				tt.fault.Kind = aemtest.FaultHTML
				handle := r.sim.AddFault(tt.fault)
				for range 2 {
					got := r.nextMinute(t)
					if !tt.absent(got) || got.Result != fleet.Partial || !slices.Equal(problems(got), []string{tt.problem}) {
						t.Errorf("%s, problems %q, or it is still there", got.Result, problems(got))
					}
					for _, s := range got.Servers {
						if want := serverOf(first, s.Name); s.Up != want.Up || countUp(&s) != countUp(want) {
							t.Errorf("%s is up %v with %d tasks", s.Name, s.Up, countUp(&s))
						}
					}
				}
				handle.Remove()
				if d := diff(first, r.nextMinute(t)); d != "" {
					t.Errorf("after the fault: %s", d)
				}
				lines := r.log.take("server", "reason")
				want := []string{"WARN collector cannot read everything server=beta reason=decode", "INFO collector can read everything again server=beta"}
				if !slices.Equal(lines, want) {
					t.Errorf("logged %q", lines)
				}
			})
		})
	}
}

func isHeld(acl string) bool { return strings.HasPrefix(acl, "task held") }

// An optional method that hangs costs its collectors, not the server.
func TestHangingOptionalMethodGivesUpNoServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := bigFleet(3, 50)
		allow(sim, aemtest.Operator)
		r := newRig(t, sim, Options{Interval: time.Minute, ACLs: time.Minute, Endpoints: true, Concurrency: 4}, aem.WithRetries(0))
		healthy := r.poll(t)
		r.log.take()
		handle := sim.AddFault(aemtest.Fault{Operation: "*Acl", Server: "s1", Kind: aemtest.FaultHang})
		for range 2 {
			got := r.nextMinute(t)
			if got.Duration > healthy.Duration+31*time.Second {
				t.Errorf("took %v, healthy %v", got.Duration, healthy.Duration)
			}
			s1 := serverOf(got, "s1")
			if got.Result != fleet.Partial || s1.Up != fleet.Yes || countUp(s1) != 50 || s1.ACLs != nil ||
				!strings.Contains(got.Problems[len(got.Problems)-1].Message, "gave up on the optional collectors") {
				t.Errorf("%s: up %v, %d tasks, problems %+v", got.Result, s1.Up, countUp(s1), got.Problems)
			}
			if s2 := serverOf(got, "s2"); len(s2.ACLs) != 55 {
				t.Errorf("another server has %d ACLs", len(s2.ACLs))
			}
		}
		handle.Remove()
		if s1 := serverOf(r.nextMinute(t), "s1"); len(s1.ACLs) != 55 {
			t.Errorf("%d ACLs when it answers again", len(s1.ACLs))
		}
		want := []string{"WARN server does not answer the optional collectors, giving them up for this poll", "INFO server answers the optional collectors again"}
		lines := slices.DeleteFunc(r.log.take(), func(line string) bool { return strings.Contains(line, "read everything") })
		if !slices.Equal(lines, want) {
			t.Errorf("logged %q", lines)
		}
	})
}

// An Enterprise Manager that goes away while the optional calls are made ends the poll
// as it does at any other time.
func TestOptionalCallsNoticeAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := bigFleet(3, 100)
		allow(sim, aemtest.Operator)
		r := newRig(t, sim, Options{Interval: time.Minute, ACLs: time.Minute, Concurrency: 4})
		healthy := r.poll(t)
		gone := time.AfterFunc(time.Minute+healthy.Duration*3/4, func() { sim.AddFault(aemtest.Fault{Kind: aemtest.FaultReset}) })
		defer gone.Stop()
		got := r.nextMinute(t)
		if got.Result != fleet.Partial || got.Problems[0].Server != "" || got.Problems[0].Reason != "connection" {
			t.Errorf("%s %+v", got.Result, got.Problems)
		}
		for _, s := range got.Servers {
			if s.Up != fleet.Yes || countUp(&s) != 100 || len(s.ACLs) == 103 {
				t.Errorf("%s: up %v, %d tasks, %d ACLs", s.Name, s.Up, countUp(&s), len(s.ACLs))
			}
		}
		if got.Duration > healthy.Duration+10*time.Second {
			t.Errorf("took %v, healthy %v", got.Duration, healthy.Duration)
		}
	})
}

// The calls that a poll cannot do without go first, whoever they are of.
func TestOptionalCallsWaitForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		s := newSchedule(newPool(1), 0)
		a, b := s.queue(), s.queue()
		s.add(a, outline, j.call("first", time.Second))
		synctest.Wait()
		s.add(b, probes, j.call("b test", time.Second))
		s.add(b, optional, j.call("b acl", time.Second))
		s.add(a, statuses, j.call("a tables", time.Second))
		s.add(a, details, j.call("a task", time.Second))
		s.add(a, optional, j.call("a acl", time.Second))
		s.wait()
		want := []string{"first", "a task", "a tables", "b acl", "a acl", "b test"}
		if !slices.Equal(j.names, want) {
			t.Errorf("ran %q, want %q", j.names, want)
		}
	})
}

// The tasks that the filters leave out are not asked about.
func TestFiltersSpareOptionalCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := everything()
		o.Servers, o.Tasks = Filter{Include: anchored("beta")}, Filter{Exclude: anchored("held")}
		r := newRig(t, storingFleet(), o)
		got := r.poll(t)
		want := map[string]int{
			opEndpointList: 1, opServerACL: 1, opTasksACL: 1, opEndpointsACL: 1, opEndpointACL: 2, opTaskACL: 2, opBarrier: 1,
		}
		if calls := optionalCalls(r.sim); got.Result != fleet.Success || !maps.Equal(calls, want) {
			t.Errorf("%s, calls %v, want %v", got.Result, calls, want)
		}
	})
}

func TestPrincipalsOfAnACL(t *testing.T) {
	r := aem.Principals{Users: []string{"a", "b"}, Groups: []string{"c"}}
	got := convertACL(fleet.ScopeTask, "t", &aem.ACL{Admin: r, None: r})
	if got.Admin != (fleet.Principals{Users: 2, Groups: 1}) || got.None != got.Admin || got.Viewer != (fleet.Principals{}) {
		t.Errorf("got %+v", got)
	}
	if got.InheritanceDisabled != fleet.Unknown || !got.Explicit {
		t.Errorf("got %+v", got)
	}
	onlyAbsent(t, convertACL(fleet.ScopeTask, "t", &aem.ACL{}).None)
	onlyAbsent(t, convertACL(fleet.ScopeTask, "t", nil).Admin)
}

// The guide does not say how the API tells that there is no barrier.
func TestNoBarrierInWhateverWords(t *testing.T) {
	faults := map[string]aemtest.Fault{
		"null":    {Kind: aemtest.FaultNull},
		"empty":   {Kind: aemtest.FaultEmpty},
		"blank":   {Kind: aemtest.FaultBody, Body: `{"application":"","retention_point":""}`},
		"missing": {Kind: aemtest.FaultBody, Body: `{}`},
		"error":   {Kind: aemtest.FaultAPIError, Code: "AEM_GET_CHANGE_DATA_RETENTION_BARRIER_INNER_ERR"},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, storingFleet(), Options{RetentionBarriers: time.Minute})
				fault.Operation = opBarrier
				r.sim.AddFault(fault)
				got := r.poll(t)
				if b := taskOf(got, "beta", "held").RetentionBarrier; b != nil || got.Result != fleet.Success {
					t.Errorf("%s, barrier %+v, problems %+v", got.Result, b, got.Problems)
				}
			})
		})
	}
}

// What the API answers with an error is not asked for with every poll.
func TestFailingOptionalCallsAreNotRepeatedWithEveryPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := everything()
		o.EndpointTests = EndpointTestOptions{}
		r := newRig(t, storingFleet(), o)
		r.sim.AddFault(aemtest.Fault{Operation: opTaskACL, Task: "held", Kind: aemtest.FaultAPIError, Code: "AEM_GET_TASK_ACL_ERR"})
		hanging := aemtest.Fault{Operation: opTaskACL, Task: "free", Kind: aemtest.FaultReset}
		handle := r.sim.AddFault(hanging)
		r.poll(t)
		calls := r.sim.Requests(opTaskACL)
		got := r.nextMinute(t)
		// The one that had no answer is asked for again, with its repeats.
		if n := r.sim.Requests(opTaskACL) - calls; n != 3 {
			t.Errorf("%d calls, want 3", n)
		}
		if want := []string{"beta/held GetTaskAcl AEM_GET_TASK_ACL_ERR", "beta/free GetTaskAcl connection"}; got.Result != fleet.Partial || !slices.Equal(problems(got), want) {
			t.Errorf("%s %q", got.Result, problems(got))
		}
		handle.Remove()
		for range 9 {
			got = r.nextMinute(t)
		}
		if want := []string{"beta/held GetTaskAcl AEM_GET_TASK_ACL_ERR"}; !slices.Equal(problems(got), want) || r.sim.Requests(opTaskACL) != calls+3+2 {
			t.Errorf("%q, %d calls, want %d", problems(got), r.sim.Requests(opTaskACL), calls+5)
		}
	})
}
