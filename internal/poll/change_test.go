package poll

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/poll/choose"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// kinds are the events since the last call, the oldest first, as "kind server task from>to".
func (r *rig) kinds() (list []string) {
	events := r.journal.Events(func(e *fleet.Event) bool { return e.Number > r.heard })
	slices.Reverse(events)
	for _, e := range events {
		r.heard = e.Number
		list = append(list, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s%s %s>%s", e.Kind, e.Server, e.Task,
			e.Endpoint, e.From, e.To)), " "))
	}
	return list
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestChangesAreToldOnce(t *testing.T) {
	set := func(r *rig, task string, change func(*aemtest.Task)) { r.must(r.sim.SetTask("alpha", task, change)) }
	tests := []struct {
		name   string
		change func(r *rig)
		want   []string
		check  func(t *testing.T, r *rig)
	}{
		{"state", func(r *rig) { set(r, "a1", func(x *aemtest.Task) { x.State = aem.TaskRecovering }) },
			[]string{"task_state alpha a1 running>recovering"}, nil},
		{"stop reason", func(r *rig) { set(r, "a1", func(x *aemtest.Task) { x.StopReason = aem.StopFatalError }) },
			[]string{"task_stop_reason alpha a1 none>fatal_error"}, func(t *testing.T, r *rig) {
				if r.task("alpha", "a1").StateSince.IsSet() {
					t.Error("the state has not changed")
				}
			}},
		{"a task more", func(r *rig) { r.must(r.sim.AddTask("beta", simTask("new"))) }, []string{"task_appeared beta new >running"}, func(t *testing.T, r *rig) {
			if x := r.task("beta", "new"); x == nil || x.Details == nil {
				t.Errorf("%+v", x)
			}
		}},
		{"a task less", func(r *rig) { r.must(r.sim.RemoveTask("alpha", "a2")) }, []string{"task_vanished alpha a2 >"}, func(t *testing.T, r *rig) {
			if s := r.server("alpha"); len(s.Tasks) != 2 || s.TasksListed != fleet.Num(2) || s.Up != fleet.Yes {
				t.Errorf("%+v", s)
			}
		}},
		{"a server more", func(r *rig) { r.sim.AddServer(simServer("zeta", simTask("z"))) }, []string{"server_appeared zeta >monitored"}, func(t *testing.T, r *rig) {
			if x := r.task("zeta", "z"); x == nil || x.Details == nil {
				t.Errorf("%+v", x)
			}
		}},
		{"a server less", func(r *rig) { r.must(r.sim.RemoveServer("alpha")) }, []string{"server_vanished alpha >"}, func(t *testing.T, r *rig) {
			if r.servers["alpha"] != nil || r.server("alpha") != nil {
				t.Error("it is still there")
			}
		}},
		{"not monitored", func(r *rig) { r.must(r.sim.SetServerState("alpha", aem.ServerNotMonitored, "")) },
			[]string{"server_state alpha monitored>not_monitored"}, func(t *testing.T, r *rig) {
				if s := r.server("alpha"); s.Up != fleet.Unknown || s.Details != nil || len(s.Tasks) > 0 {
					t.Errorf("%+v", s)
				}
			}},
		{"in error, and back", func(r *rig) {
			r.must(r.sim.SetServerState("alpha", aem.ServerError, "cannot connect"))
			r.pass(time.Minute)
			if s := r.server("alpha"); s.Up != fleet.No || len(s.Tasks) > 0 || s.Message != "cannot connect" || s.Past == nil {
				r.t.Errorf("%+v", s)
			}
			r.must(r.sim.SetServerState("alpha", aem.ServerMonitored, ""))
		}, []string{"server_state alpha monitored>error", "server_state alpha error>monitored"}, func(t *testing.T, r *rig) {
			r.expectUp("back", everything...)
		}},
		{"licence", func(r *rig) {
			r.must(r.sim.SetServer("alpha", func(s *aemtest.ServerState) { s.License.State = aem.LicenseExpired }))
		}, []string{"license_state alpha valid>expired"}, nil},
		{"tables in error", func(r *rig) {
			set(r, "a1", func(x *aemtest.Task) { x.Tables[0].State, x.DataErrors = aem.TableError, aem.WholeOf(9) })
		},
			[]string{"tables_error alpha a1 >"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := running(t, Options{Tables: choose.TableOptions{Mode: choose.Summary}})
				r.kinds()
				tt.change(r)
				r.pass(75 * time.Second)
				if got := r.kinds(); !slices.Equal(got, tt.want) {
					t.Errorf("events %q, want %q", got, tt.want)
				}
				if lines := r.log.take(); len(lines) != len(tt.want) {
					t.Errorf("logged %q", lines)
				}
				if tt.check != nil {
					tt.check(t, r)
				}
			})
		})
	}
}

func TestWhatIsUnchangedKeepsItsPointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, Options{PollInterval: time.Hour})
		before := r.server("alpha")
		r.pass(time.Minute)
		after := r.server("alpha")
		if before == after || !after.Outline.Last.After(before.Outline.Last) {
			t.Error("the outline was not published")
		}
		if &before.Tasks[0] != &after.Tasks[0] || before.Details != after.Details {
			t.Error("what was read again and is the same is another")
		}
		r.must(r.sim.SetTask("alpha", "a2", func(x *aemtest.Task) {
			x.CDCEvents.Inserts, x.State = aem.WholeOf(x.CDCEvents.Inserts.Int()+1), aem.TaskRecovering
		}))
		r.pass(time.Minute)
		last := r.server("alpha")
		if last.Tasks[0] != after.Tasks[0] || last.Tasks[2] != after.Tasks[2] || last.Tasks[1] == after.Tasks[1] {
			t.Error("just the second task has changed")
		}
		if x := last.Tasks[1]; !x.LastChange.IsSet() || after.Tasks[1].LastChange.IsSet() {
			t.Errorf("its counter has grown: %v %v", after.Tasks[1].LastChange, x.LastChange)
		}
	})
}

func TestUpdateKeepsWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, Options{})
		r.must(r.sim.SetTask("alpha", "a1", func(x *aemtest.Task) { x.State = aem.TaskRecovering }))
		r.pass(time.Minute)
		since := r.task("alpha", "a1").StateSince
		calls, logins := r.sim.Requests("GetTaskDetails"), r.sim.Logins()
		r.Update(Options{
			MaxAge: time.Hour,
			Choice: choose.Choice{
				Servers: choose.Filter{Exclude: anchored("beta")}, Tasks: choose.Filter{Exclude: anchored("a2")},
			},
			Objectives: []choose.Objective{{Latency: time.Minute}}, Limits: []choose.ServerLimit{{Memory: 5}},
		})
		r.expectUp("at once", "alpha/a1", "alpha/a3", "gamma/load__DW")
		x, s := r.task("alpha", "a1"), r.server("alpha")
		if x.StateSince != since || !since.IsSet() || x.Expected.Latency != fleet.Num(60) ||
			s.MemoryLimit != fleet.Num(5) || s.TasksPolled != fleet.Num(2) {
			t.Errorf("%+v %+v", x, s)
		}
		if r.View().Polled != fleet.Num(4) || r.View().Listed != fleet.Num(5) {
			t.Errorf("%+v", r.View().Roster)
		}
		r.Update(Options{Tables: choose.TableOptions{Mode: choose.All}})
		r.pass(20 * time.Second)
		r.expectUp("and back", everything...)
		if x := r.task("alpha", "a1"); len(x.Tables) != 2 || x.StateSince != since {
			t.Errorf("%+v", x)
		}
		if n := r.sim.Requests("GetTaskDetails") - calls; n > 4 || r.sim.Logins() != logins {
			t.Errorf("%d details were read again, %d logins", n, r.sim.Logins()-logins)
		}
		r.Update(Options{Tables: choose.TableOptions{Mode: choose.All, Limit: 3}})
		r.pass(20 * time.Second)
		tables, dropped := 0, 0
		for _, s := range r.View().Servers {
			for _, x := range s.Tasks {
				tables, dropped = tables+len(x.Tables), dropped+x.TablesDropped
			}
		}
		if tables != 3 || dropped != 5 {
			t.Errorf("%d tables, %d left out", tables, dropped)
		}
		r.Update(Options{StateInterval: time.Second, PollInterval: 2 * time.Second})
		r.pass(4 * time.Second)
		calls = r.sim.Requests("GetTaskDetails")
		r.pass(20 * time.Second)
		if n := r.sim.Requests("GetTaskDetails") - calls; n < 40 {
			t.Errorf("%d details in 20 s", n)
		}
	})
}

// What is switched off is not asked for again, even where no list can be read that would say so.
func TestUpdateWhileNoListCanBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := allExtras()
		options.Tables = choose.TableOptions{Mode: choose.Summary, Interval: time.Minute}
		r := newRig(t, storingFleet(), options)
		r.start()
		r.pass(time.Minute)
		r.sim.AddFault(aemtest.Fault{Operation: "GetTaskList", Kind: aemtest.FaultBrokenJSON})
		r.sim.AddFault(aemtest.Fault{Operation: "GetTableStatuses", Kind: aemtest.FaultLatency, Latency: 5 * time.Second})
		r.pass(time.Minute)
		r.Update(Options{})
		calls := optionalCalls(r.sim)
		r.pass(20 * time.Minute)
		if again := optionalCalls(r.sim); !maps.Equal(again, calls) {
			t.Errorf("calls %v, and then %v", calls, again)
		}
	})
}

func TestLikelySlipsAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{Choice: choose.Choice{
			Servers: choose.Filter{Include: anchored("al.*", "omega")}, Tasks: choose.Filter{Include: anchored("a2", "x")},
			Tags: []string{"gold"},
		}})
		r.start()
		r.pass(5 * time.Minute)
		want := []string{"no server matches the include filter omega", "no task matches the include filter x"}
		if got := r.View().Warnings; !slices.Equal(got, want) {
			t.Errorf("warnings %q, want %q", got, want)
		}
		lines := slices.DeleteFunc(r.log.take("warning"), func(s string) bool { return !strings.Contains(s, "slip") })
		if len(lines) != len(want) {
			t.Errorf("logged %q", lines)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, emptySim(), Options{})
		if err := r.Once(t.Context()); err != nil || len(r.View().Warnings) != 1 ||
			!strings.Contains(r.View().Warnings[0], "empty") {
			t.Errorf("%v, %q", err, r.View().Warnings)
		}
	})
}

// Whoever writes a message may know our token: it reaches neither page nor journal nor log.
func TestMessagesHoldNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{})
		echo := "for " + aemtest.DefaultAPIToken
		r.must(r.sim.SetServerState("beta", aem.ServerError, echo))
		r.must(r.sim.SetTask("alpha", "a1", func(x *aemtest.Task) { x.State, x.Message = aem.TaskError, echo }))
		r.start()
		r.pass(time.Minute)
		r.must(r.sim.SetTask("alpha", "a2", func(x *aemtest.Task) { x.State, x.Message = aem.TaskError, echo }))
		r.pass(time.Minute)
		const want = "for <secret>"
		if s, a1, a2 := r.server("beta"), r.task("alpha", "a1"), r.task("alpha", "a2"); s.Message != want ||
			a1.Message != want || a2.Message != want {
			t.Errorf("messages %q, %q, %q", s.Message, a1.Message, a2.Message)
		}
		told := fmt.Sprint(r.journal.Events(func(*fleet.Event) bool { return true }), r.log.take("message"))
		if strings.Contains(told, aemtest.DefaultAPIToken) || !strings.Contains(told, want) {
			t.Errorf("told:\n%s", told)
		}
	})
}
