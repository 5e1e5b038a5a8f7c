package poll

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/poll/choose"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

func TestOnceReadsEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{Tables: choose.TableOptions{Mode: choose.Errors}})
		if err := r.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"alpha/a1", "alpha/a2", "alpha/a3", "beta/b1", "gamma/load__DW"}
		if got := r.up(); !slices.Equal(got, want) {
			t.Errorf("read %v", got)
		}
		calls := map[string]int{"GetServerDetails": 4, "GetServerList": 1, "GetTableStatuses": 4, "GetTaskDetails": 5,
			"GetTaskList": 3}
		for operation, n := range calls {
			if got := r.sim.Requests(operation); got != n {
				t.Errorf("%d × %s, want %d", got, operation, n)
			}
		}
		if one := r.task("alpha", "a1"); one.TableStates == nil || one.TableStates.Error != 1 || len(one.Tables) != 1 {
			t.Errorf("tables of a1: %+v", one)
		}
		if !r.View().Complete || !r.View().Up {
			t.Errorf("roster %+v", r.View().Roster)
		}
	})
}

func TestCadences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{Tables: choose.TableOptions{Mode: choose.Errors}})
		r.start()
		r.pass(10 * time.Minute) // settles
		before, results := r.sim.RequestCounts(), r.polled(fleet.Success)
		r.pass(10 * time.Minute)
		after := r.sim.RequestCounts()
		if n := r.polled(fleet.Success) - results; n < 78 || n > 82 { // 40 lists, 10 sweeps of 4 servers each
			t.Errorf("%d successes in ten minutes", n)
		}
		for operation, n := range map[string]int{
			"GetServerList": 40, "GetTaskList": 120, "GetServerDetails": 40, "GetTaskDetails": 50, "GetTableStatuses": 8, "Login": 0,
		} {
			if got := after[operation] - before[operation]; got < n-n/20 || got > n+n/20 {
				t.Errorf("%d × %s in ten minutes, want %d", got, operation, n)
			}
		}
	})
}

func TestChangeIsSeenByTheOutlineAndReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{})
		r.start()
		r.pass(3 * time.Minute)
		changed := time.Now()
		var seen, detailed time.Duration
		r.onServer(func(s *fleet.Server) {
			for _, x := range s.Tasks {
				if x.Name == "a2" && x.State == fleet.TaskError {
					if seen == 0 {
						seen = time.Since(changed)
					}
					if x.Details != nil && x.Read.After(changed.Add(seen-1)) && detailed == 0 {
						detailed = time.Since(changed)
					}
				}
			}
		})
		if err := r.sim.SetTask("alpha", "a2", func(x *aemtest.Task) {
			x.State, x.Message = aem.TaskError, "ORA-1\nbroken"
		}); err != nil {
			t.Fatal(err)
		}
		r.pass(30 * time.Second)
		if seen == 0 || seen > 15*time.Second || detailed-seen > 2*time.Second || detailed == 0 {
			t.Errorf("seen after %s, details after %s", seen, detailed)
		}
		events := r.journal.Events(func(e *fleet.Event) bool { return e.Task == "a2" })
		if len(events) != 1 || events[0].From != "running" || events[0].To != "error" || events[0].Message != "ORA-1 broken" {
			t.Errorf("events %+v", events)
		}
		if since := r.task("alpha", "a2").StateSince.Time(); since.Sub(changed) != seen {
			t.Errorf("since %s", since)
		}
	})
}
