package poll

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/poll/choose"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// everything is what smallFleet has to read.
var everything = []string{"alpha/a1", "alpha/a2", "alpha/a3", "beta/b1", "gamma/load__DW"}

// running is a rig on the small fleet that has read everything.
func running(t *testing.T, o Options, clientOptions ...aem.Option) *rig {
	r := newRig(t, smallFleet(), o, clientOptions...)
	r.start()
	r.pass(2 * time.Minute)
	if got := r.up(); !slices.Equal(got, everything) {
		t.Fatalf("read %v", got)
	}
	r.log.take()
	return r
}

func (r *rig) expectUp(when string, want ...string) {
	r.t.Helper()
	if got := r.up(); !slices.Equal(got, want) {
		r.t.Errorf("%s: read %v, want %v", when, got, want)
	}
}

// What cannot be read is absent, its server says why, and nobody else lacks anything.
func TestWhatCannotBeRead(t *testing.T) {
	without := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(everything), func(s string) bool { return slices.Contains(names, s) })
	}
	license := func(state string) func(*testing.T, *fleet.Server) {
		return func(t *testing.T, s *fleet.Server) {
			if s.Details == nil || s.Details.License.State != state {
				t.Errorf("details %+v, want a licence that is %s", s.Details, state)
			}
		}
	}
	tests := []struct {
		name       string
		fault      aemtest.Fault
		up         []string
		serverUp   fleet.Flag
		unreadable string
		check      func(*testing.T, *fleet.Server)
	}{
		{"task list", aemtest.Fault{Operation: "GetTaskList", Server: "alpha", Kind: aemtest.FaultBrokenJSON},
			without("alpha/a1", "alpha/a2", "alpha/a3"), fleet.No, "decode", func(t *testing.T, s *fleet.Server) {
				if s.TasksListed.IsSet() || s.Past == nil || len(s.Past.Tasks) != 3 || s.Details == nil ||
					s.Outline.Problem == nil {
					t.Errorf("%+v", s)
				}
			}},
		{"server", aemtest.Fault{Operation: "GetServerDetails", Server: "alpha", Kind: aemtest.FaultAPIError, Code: "AEM_BUSY"},
			everything, fleet.No, "AEM_BUSY", func(t *testing.T, s *fleet.Server) {
				if s.Details != nil || len(s.Tasks) != 3 || s.ProblemCount != 1 {
					t.Errorf("%+v", s)
				}
			}},
		{"task", aemtest.Fault{Operation: "GetTaskDetails", Task: "a2", Kind: aemtest.FaultHTML},
			without("alpha/a2"), fleet.Yes, "", func(t *testing.T, s *fleet.Server) {
				if x := s.Tasks[1]; x.Up != fleet.No || x.State != "running" || x.Problem == nil || x.Details != nil {
					t.Errorf("%+v", x)
				}
			}},
		{"tables", aemtest.Fault{Operation: "GetTableStatuses", Task: "a2", Kind: aemtest.FaultNull},
			everything, fleet.Yes, "", func(t *testing.T, s *fleet.Server) {
				if x := s.Tasks[1]; x.Up != fleet.Yes || x.TableStates != nil || x.Problem == nil || s.Tasks[0].TableStates == nil {
					t.Errorf("%+v", x)
				}
			}},
		{"empty list", aemtest.Fault{Operation: "GetTaskList", Server: "alpha", Kind: aemtest.FaultBody, Body: `{"taskList":[]}`},
			without("alpha/a1", "alpha/a2", "alpha/a3"), fleet.No, "decode", nil},
		{"licence", aemtest.Fault{Server: "alpha", Kind: aemtest.FaultAPIError, Code: "AEM_SERVER_LICENSE_EXPIRED"},
			without("alpha/a1", "alpha/a2", "alpha/a3"), fleet.No, "AEM_SERVER_LICENSE_EXPIRED", license(fleet.LicenseExpired)},
		{"licence of the tasks", aemtest.Fault{Server: "alpha", Operation: "GetTaskDetails", Kind: aemtest.FaultAPIError, Code: "AEM_SERVER_INVALID_LICENSE"},
			without("alpha/a1", "alpha/a2", "alpha/a3"), fleet.Yes, "AEM_SERVER_INVALID_LICENSE", license(fleet.LicenseInvalid)},
		{"not connected", aemtest.Fault{Server: "alpha", Kind: aemtest.FaultAPIError, Code: "AEM_SERVER_NOT_CONNECTED"},
			without("alpha/a1", "alpha/a2", "alpha/a3"), fleet.No, "AEM_SERVER_NOT_CONNECTED", nil},
		{"another's answer", aemtest.Fault{Operation: "GetTaskDetails", Task: "a2", Kind: aemtest.FaultBody, Body: `{"name":"a1","state":"RUNNING"}`},
			without("alpha/a2"), fleet.Yes, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := running(t, Options{Tables: choose.TableOptions{Mode: choose.Summary, Interval: time.Minute}})
				if r.polled(fleet.Success) == 0 || r.polled(fleet.Partial)+r.polled(fleet.Failure) > 0 {
					t.Error("something could not be read before")
				}
				fault := r.sim.AddFault(tt.fault)
				r.pass(3 * time.Minute)
				r.expectUp("during", tt.up...)
				s := r.server("alpha")
				if s.Up != tt.serverUp || s.Unreadable != tt.unreadable {
					t.Errorf("up %d, unreadable %q", s.Up, s.Unreadable)
				}
				if tt.check != nil {
					tt.check(t, s)
				}
				bad, other := fleet.Failure, fleet.Partial
				if s.Up == fleet.Yes && len(tt.up) > 2 { // not all of its tasks
					bad, other = other, bad
				}
				if r.polled(bad) < 2 || r.polled(other) > 0 {
					t.Errorf("%d × %s, %d × %s", r.polled(bad), bad, r.polled(other), other)
				}
				told := r.log.take()
				r.pass(10 * time.Minute)
				if again := r.log.take(); len(told) == 0 || len(told) > 3 || len(again) > 0 {
					t.Errorf("told %v, and then %v", told, again)
				}
				fault.Remove()
				r.pass(130 * time.Second)
				r.expectUp("afterwards", everything...)
				if s := r.server("alpha"); s.Up != fleet.Yes || s.Unreadable != "" || s.ProblemCount > 0 || s.Past != nil {
					t.Errorf("afterwards %+v", s)
				}
				if told := r.log.take(); len(told) == 0 || !strings.Contains(fmt.Sprint(told), "again") &&
					!strings.Contains(fmt.Sprint(told), "can be read") {
					t.Errorf("afterwards told %v", told)
				}
			})
		})
	}
}

func TestServerListUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, Options{})
		fault := r.sim.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultAPIError, Code: "AEM_BUSY"})
		r.pass(20 * time.Second)
		if r.View().Up || r.View().List.Problem == nil || r.View().List.Problem.Reason != "AEM_BUSY" {
			t.Errorf("%+v", r.View().Roster)
		}
		r.expectUp("known last", everything...)
		r.pass(130 * time.Second) // 150 s after the last one
		r.expectUp("known last, still", everything...)
		r.pass(40 * time.Second)
		if v := r.View(); len(v.Servers) > 0 || len(r.servers) > 0 || v.Listed.IsSet() || v.Past == nil ||
			v.Past.Servers != 5 {
			t.Errorf("after max_age: %+v", v.Roster)
		}
		if err := r.sim.SetTask("alpha", "a1", func(x *aemtest.Task) { x.State = aem.TaskStopped }); err != nil {
			t.Fatal(err)
		}
		fault.Remove()
		r.pass(20 * time.Second)
		r.expectUp("afterwards", everything...)
		if x := r.task("alpha", "a1"); !x.StateSince.IsSet() {
			t.Error("what was remembered of the tasks is lost")
		}
		want := []string{"ERROR enterprise manager cannot be read to=AEM_BUSY", "INFO task state changed to=stopped",
			"INFO enterprise manager can be read"}
		slices.Sort(want)
		told := r.log.take("to")
		slices.Sort(told)
		if !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
	})
}

// One call tells that Enterprise Manager has gone, not one a task.
func TestEnterpriseManagerGone(t *testing.T) {
	for _, what := range []string{"connection", "login"} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := running(t, Options{})
				if what == "connection" {
					r.sim.AddFault(aemtest.Fault{Kind: aemtest.FaultReset})
				} else {
					r.sim.SetUsers(aemtest.User{Name: "x", Password: "y"})
					r.sim.ExpireSessions()
				}
				r.pass(30 * time.Second)
				before := r.sim.RequestCounts()
				r.pass(60 * time.Second)
				for operation, n := range r.sim.RequestCounts() {
					if n -= before[operation]; n > 0 && operation != "GetServerList" && operation != "Login" || n > 20 {
						t.Errorf("%d × %s", n, operation)
					}
				}
				r.expectUp("during")
				if s := r.server("alpha"); s == nil || s.Up != fleet.No || r.View().Up {
					t.Errorf("%+v", s)
				}
				r.sim.ClearFaults()
				r.sim.SetUsers(aemtest.DefaultAccount())
				back := 0
				for ; len(r.up()) < len(everything) && back < 1200; back++ {
					r.pass(time.Second)
				}
				if what == "connection" && back > 16 || back == 1200 {
					t.Errorf("whole again after %d s", back)
				}
				if told := r.log.take(); len(told) > 14 {
					t.Errorf("told %q", told)
				}
			})
		})
	}
}

func TestStrugglingServerIsAskedLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := emptySim()
		var tasks []aemtest.Task
		for i := range 50 {
			tasks = append(tasks, simTask(fmt.Sprint("t", i)))
		}
		sim.AddServer(simServer("big", tasks...))
		sim.AddServer(simServer("other", simTask("o")))
		r := newRig(t, sim, Options{})
		r.start()
		r.pass(3 * time.Minute)
		r.log.take()
		fault := sim.AddFault(aemtest.Fault{Server: "big", Kind: aemtest.FaultStatus, Status: 503})
		r.pass(2 * time.Minute)
		if s := r.server("big"); !s.Struggling || s.Up != fleet.No || s.Unreadable != "http_503" {
			t.Errorf("%+v", s)
		}
		hits := fault.Hits()
		r.pass(10 * time.Minute)
		if n := fault.Hits() - hits; n > 3*11 {
			t.Errorf("%d requests in ten minutes", n)
		}
		fault.Remove()
		r.pass(75 * time.Second)
		if n := len(r.up()); n != 51 {
			t.Errorf("%d tasks are read afterwards", n)
		}
		if told := r.log.take("server", "to"); len(told) > 4 {
			t.Errorf("told %q", told)
		}
	})
}

func TestAHangingTaskCostsNoMoreThanItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, Options{})
		r.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Task: "a2", Kind: aemtest.FaultHang})
		for range 20 {
			r.pass(20 * time.Second)
			if up := r.up(); len(up) < len(everything)-1 || r.server("alpha").Struggling {
				t.Errorf("read %v", up)
			}
		}
	})
}

func TestNothingIsServedPastItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, Options{
			MaxAge: 3 * time.Minute, RequestTimeout: time.Hour, Tables: choose.TableOptions{Mode: choose.Summary},
		})
		r.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Task: "a2", Kind: aemtest.FaultHang})
		r.sim.AddFault(aemtest.Fault{Operation: "GetTableStatuses", Task: "b1", Kind: aemtest.FaultHang})
		gone := false
		for range 900 {
			r.pass(time.Second)
			x := r.task("alpha", "a2")
			if x.Details != nil && time.Since(x.Read) >= 3*time.Minute {
				t.Fatalf("details that are %s old", time.Since(x.Read))
			}
			gone = gone || x.Details == nil && x.Up == fleet.No
		}
		if b := r.task("beta", "b1"); !gone || b.TableStates != nil || b.Details == nil {
			t.Errorf("%v %+v", gone, b)
		}
	})
}

// deaf is a transport whose calls on one path never end, not even when they are given up.
type deaf struct {
	http.RoundTripper
	path atomic.Value
	hear chan struct{}
}

func (d *deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, d.path.Load().(string)) {
		<-d.hear
		return nil, context.Canceled
	}
	return d.RoundTripper.RoundTrip(r)
}

func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		transport := &deaf{RoundTripper: sim.Transport(), hear: make(chan struct{})}
		transport.path.Store("/nowhere")
		r := newRig(t, sim, Options{Concurrency: 1}, aem.WithTransport(transport), aem.WithRetries(0))
		r.start()
		t.Cleanup(func() { close(transport.hear) })
		r.pass(2 * time.Minute)
		transport.path.Store("/tasks/a2")
		r.pass(4 * time.Minute)
		if why := r.Wedged(); !strings.Contains(why, "GetTaskDetails alpha a2") {
			t.Errorf("wedged: %q", why)
		}
		transport.path.Store("/nowhere")
		r.pass(5 * time.Minute)
		if why := r.Wedged(); why != "" {
			t.Errorf("still wedged: %q", why)
		}
		if told := strings.Join(r.log.take(), "\n"); !strings.Contains(told, "ERROR polling stands still") {
			t.Errorf("told %s", told)
		}
		r.expectUp("afterwards", everything...)
		late := time.Now().Add(-time.Second)
		if r.looks.Store(&late); r.Wedged() == "" {
			t.Error("nobody sees that the watchdog itself cannot look, as when what is published is not taken")
		}
		if r.pass(2 * time.Minute); r.Wedged() != "" {
			t.Errorf("it looks again, and %s", r.Wedged())
		}
	})
}
