package poll

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

func TestBreaker(t *testing.T) {
	timeout, refused, apiError := &aem.Error{Kind: aem.KindTimeout}, &aem.Error{Kind: aem.KindConnection}, &aem.Error{Kind: aem.KindAPI, Code: "X"}
	type effort struct {
		subject string
		started time.Duration // ago
		err     error
	}
	tests := []struct {
		name       string
		suspicious bool
		efforts    []effort
		want       int // the effort at which it trips, from 1; 0 never
	}{
		{"three about two", false, []effort{{"a", 0, timeout}, {"b", 0, timeout}, {"a", 0, timeout}}, 3},
		{"all about one", false, []effort{{"a", 0, timeout}, {"a", 0, timeout}, {"a", 0, timeout}, {"a", 0, timeout}}, 0},
		{"an answer between", false, []effort{{"a", 0, timeout}, {"b", 0, timeout}, {"c", 0, nil}, {"a", 0, timeout}, {"b", 0, timeout}}, 0},
		{"an error of the API is an answer", false, []effort{{"a", 0, timeout}, {"b", 0, timeout}, {"c", 0, apiError}, {"a", 0, timeout}}, 0},
		{"started before the last answer", false, []effort{{"c", 0, nil}, {"a", time.Second, timeout}, {"b", time.Second, timeout}, {"d", time.Second, timeout}}, 0},
		{"other faults", false, []effort{{"a", 0, refused}, {"b", 0, refused}, {"c", 0, refused}, {"d", 0, refused}}, 0},
		{"suspicious", true, []effort{{"a", 0, timeout}}, 1},
		{"suspicious, then an answer", true, []effort{{"a", 0, nil}, {"a", 0, timeout}, {"b", 0, timeout}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaker{symptom: aem.ErrTimeout, patience: 3, suspicious: tt.suspicious}
				tripped := 0
				for i, e := range tt.efforts {
					if b.note(e.subject, time.Now().Add(-e.started), e.err) && tripped == 0 {
						tripped = i + 1
					}
				}
				if tripped != tt.want {
					t.Errorf("tripped at effort %d, want %d", tripped, tt.want)
				}
			})
		})
	}
}

// bigFleet has servers s0, s1, ... with tasks t0, t1, ... each.
func bigFleet(servers, tasks int) *aemtest.Simulator {
	sim := aemtest.New(aemtest.Options{Servers: -1, ComposeServers: -1, Latency: 50 * time.Millisecond})
	for i := range servers {
		var list []aemtest.Task
		for j := range tasks {
			list = append(list, simTask(fmt.Sprint("t", j)))
		}
		sim.AddServer(simServer(fmt.Sprint("s", i), list...))
	}
	return sim
}

// countUp counts the tasks of a server that were read.
func countUp(s *fleet.Server) (up int) {
	for _, task := range s.Tasks {
		if task.Up {
			up++
		}
	}
	return up
}

func TestHangingServerIsGivenUp(t *testing.T) {
	for _, concurrency := range []int{4, 16, 64} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := bigFleet(10, 50)
				r := newRig(t, sim, Options{Concurrency: concurrency})
				healthy := r.poll(t)
				r.log.take()
				sim.ResetCounters()
				sim.AddFault(aemtest.Fault{Server: "s3", Kind: aemtest.FaultHang})

				got := r.poll(t)
				checkGivenUp(t, r, got, "no answer to 3 attempts in a row; its task list was not read")
				if limit := healthy.Duration + 21*time.Second; got.Duration > limit {
					t.Errorf("took %v, healthy %v", got.Duration, healthy.Duration)
				}
				if want := []string{"WARN server does not answer, giving it up for this poll server=s3"}; !slices.Equal(r.log.take("server"), want) {
					t.Error("the log does not tell that s3 was given up")
				}

				again := r.poll(t)
				checkGivenUp(t, r, again, "no answer to the first attempt")
				if limit := healthy.Duration + 11*time.Second; again.Duration > limit {
					t.Errorf("the second poll took %v", again.Duration)
				}
				if lines := r.log.take(); lines != nil {
					t.Errorf("told again: %q", lines)
				}

				sim.ClearFaults()
				cured := r.poll(t)
				if cured.Result != fleet.Success || countUp(serverOf(cured, "s3")) != 50 {
					t.Errorf("%s %+v", cured.Result, cured.Problems)
				}
				if want := []string{"INFO server is readable again server=s3"}; !slices.Equal(r.log.take("server"), want) {
					t.Error("the log does not tell that s3 is back")
				}
			})
		})
	}
}

func checkGivenUp(t *testing.T, r *rig, got *fleet.Manager, why string) {
	t.Helper()
	if got.Result != fleet.Partial || got.ProblemCount != 1 || got.Problems[0].Server != "s3" || !strings.Contains(got.Problems[0].Message, why) {
		t.Errorf("%s %+v", got.Result, got.Problems)
	}
	for _, s := range got.Servers {
		switch {
		case s.Name == "s3" && (s.Up != fleet.No || s.Tasks != nil):
			t.Errorf("s3: up %v, %d tasks", s.Up, len(s.Tasks))
		case s.Name != "s3" && (s.Up != fleet.Yes || countUp(&s) != 50):
			t.Errorf("%s: up %v, %d tasks read", s.Name, s.Up, countUp(&s))
		}
	}
}

func TestServerWhoseTasksHangIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := bigFleet(10, 50)
		r := newRig(t, sim, Options{Concurrency: 16})
		healthy := r.poll(t)
		sim.ResetCounters()
		sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Server: "s3", Kind: aemtest.FaultHang})
		got := r.poll(t)
		s := serverOf(got, "s3")
		if s.Up != fleet.Yes || len(s.Tasks) != 50 || countUp(s) != 0 {
			t.Errorf("up %v, %d tasks, %d read", s.Up, len(s.Tasks), countUp(s))
		}
		if got.Result != fleet.Partial || got.ProblemCount != 1 || !strings.Contains(got.Problems[0].Message, "50 tasks were not read") {
			t.Errorf("%s %+v", got.Result, got.Problems)
		}
		if limit := healthy.Duration + 21*time.Second; got.Duration > limit {
			t.Errorf("took %v", got.Duration)
		}
		for _, other := range got.Servers {
			if other.Name != "s3" && countUp(&other) != 50 {
				t.Errorf("%s: %d tasks read", other.Name, countUp(&other))
			}
		}
	})
}

// Even where calls follow one after another, so that nothing else can be answered
// while a task hangs, only that task is lost, poll after poll.
func TestHangingTaskCostsOnlyItself(t *testing.T) {
	for _, concurrency := range []int{1, 2, 64} {
		for _, operation := range []string{"GetTaskDetails", "GetTableStatuses", ""} {
			t.Run(fmt.Sprint(concurrency, operation), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sim := bigFleet(2, 20)
					sim.AddFault(aemtest.Fault{Operation: operation, Server: "s1", Task: "t7", Kind: aemtest.FaultHang})
					r := newRig(t, sim, Options{Concurrency: concurrency, Tables: TableOptions{Mode: Summary}})
					for range 3 {
						got := r.poll(t)
						for _, name := range taskNames(got) {
							server, task, _ := strings.Cut(name, "/")
							seen := taskOf(got, server, task)
							hit := name == "s1/t7"
							if up := !hit || operation == "GetTableStatuses"; seen.Up != up {
								t.Errorf("%s: up %v", name, seen.Up)
							}
							if tables := !hit || operation == "GetTaskDetails"; (seen.TableStates != nil) != tables {
								t.Errorf("%s: tables %v", name, seen.TableStates)
							}
						}
						if len(taskNames(got)) != 40 || got.Result != fleet.Partial {
							t.Errorf("%s, %d tasks", got.Result, len(taskNames(got)))
						}
					}
				})
			})
		}
	}
}

func TestLoginThatFailsOnTheWayEndsThePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := bigFleet(5, 20)
		r := newRig(t, sim, Options{Concurrency: 4})
		healthy := r.poll(t)
		r.log.take()
		sim.ResetCounters()
		changed := time.AfterFunc(healthy.Duration/2, func() {
			sim.SetUsers(aemtest.User{Name: "other", Password: "x", Role: aemtest.Viewer})
		})
		defer changed.Stop()
		got := r.poll(t)
		if got.Result != fleet.Partial || got.ProblemCount != 1 || got.Problems[0].Server != "" ||
			!strings.HasPrefix(got.Problems[0].Message, "gave up the rest of this poll: Login: ") {
			t.Errorf("%s %+v", got.Result, got.Problems)
		}
		if len(got.Servers) != 5 {
			t.Errorf("%d servers", len(got.Servers))
		}
		read := 0
		for _, s := range got.Servers {
			read += countUp(&s)
		}
		if read == 0 || read == 100 {
			t.Errorf("%d of 100 tasks were read", read)
		}
		if sim.RefusedLogins() != 1 {
			t.Errorf("%d logins were tried", sim.RefusedLogins())
		}
		if got.Duration > healthy.Duration {
			t.Errorf("took %v, healthy %v", got.Duration, healthy.Duration)
		}
		want := []string{"ERROR enterprise manager failed during a poll, the rest of which was given up"}
		if lines := r.log.take(); !slices.Equal(lines, want) {
			t.Errorf("logged %q", lines)
		}
		down := r.poll(t)
		if lines := r.log.take(); down.Result != fleet.Failure || !slices.Equal(lines, []string{"ERROR enterprise manager is down"}) {
			t.Errorf("%s, logged %q", down.Result, lines)
		}
	})
}

// Thousands of calls that each fail to connect, with their repeats, would hold up the
// next poll for long.
func TestManagerThatGoesAwayEndsThePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := bigFleet(5, 200)
		r := newRig(t, sim, Options{Concurrency: 4})
		healthy := r.poll(t)
		gone := time.AfterFunc(healthy.Duration/2, func() { sim.AddFault(aemtest.Fault{Kind: aemtest.FaultReset}) })
		defer gone.Stop()
		got := r.poll(t)
		if got.Result != fleet.Partial || got.Problems[0].Server != "" || got.Problems[0].Reason != "connection" {
			t.Errorf("%s %+v", got.Result, got.Problems)
		}
		if got.Duration > healthy.Duration/2+10*time.Second {
			t.Errorf("took %v", got.Duration)
		}
	})
}

// The same faults on one server only are that server's.
func TestConnectionFaultsOfOneServerEndNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := bigFleet(3, 100)
		sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Server: "s1", Kind: aemtest.FaultReset})
		got := newRig(t, sim, Options{Concurrency: 4, Tables: TableOptions{Mode: Summary}}).poll(t)
		if got.ProblemCount != 100 {
			t.Errorf("%d problems, first %+v", got.ProblemCount, got.Problems[0])
		}
		for _, name := range taskNames(got) {
			server, task, _ := strings.Cut(name, "/")
			if seen := taskOf(got, server, task); seen.TableStates == nil || seen.Up != (server != "s1") {
				t.Errorf("%s: up %v, tables %v", name, seen.Up, seen.TableStates)
			}
		}
	})
}
