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
			"GetServerList": 40, "GetTaskList": 120, "GetServerDetails": 40, "GetTaskDetails": 50,
			"GetTableStatuses": 8, "Login": 0,
		} {
			if got := after[operation] - before[operation]; got < n-n/20 || got > n+n/20 {
				t.Errorf("%d × %s in ten minutes, want %d", got, operation, n)
			}
		}
	})
}

func TestChangeIsSeenByTheOutlineAndReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, Options{})
		changed := time.Now()
		r.must(r.sim.SetTask("alpha", "a2", func(x *aemtest.Task) {
			x.State, x.Message = aem.TaskError, "ORA-1\nbroken"
		}))
		for r.task("alpha", "a2").State != fleet.TaskError && time.Since(changed) < time.Minute {
			r.pass(time.Millisecond)
		}
		seen := time.Now()
		r.pass(2 * time.Second)
		x := r.task("alpha", "a2")
		if seen.Sub(changed) > 15*time.Second || x.Details == nil || seen.Sub(x.Read) > time.Millisecond {
			t.Errorf("seen after %s, details are of %s later", seen.Sub(changed), x.Read.Sub(seen))
		}
		if since := x.StateSince.Time(); seen.Sub(since) > time.Millisecond {
			t.Errorf("since %s, seen %s", since, seen)
		}
		events := r.journal.Events(func(e *fleet.Event) bool { return e.Task == "a2" })
		if len(events) != 1 || events[0].From != "running" || events[0].To != "error" || events[0].Message != "ORA-1 broken" {
			t.Errorf("events %+v", events)
		}
	})
}
