package poll

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// intervalRig polls every minute and asks for tables every five.
func intervalRig(t *testing.T, sim *aemtest.Simulator) *rig {
	return newRig(t, sim, Options{Interval: time.Minute, Tables: TableOptions{Mode: All, Interval: 5 * time.Minute}})
}

// nextMinute waits for the next minute and polls.
func (r *rig) nextMinute(t *testing.T) *fleet.Manager {
	time.Sleep(time.Minute) // fake time
	return r.poll(t)
}

func TestTableStatusesAreAskedForWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := intervalRig(t, smallFleet())
		r.sim.AddFault(aemtest.Fault{Operation: "GetTableStatuses", Task: "a1", Kind: aemtest.FaultBody, Body: `{"table_details":[
			{"schema_on_source":"S","table_on_source":"T","state":"TABLE_ERROR"},
			{"schema_on_source":"S","table_on_source":"T","state":"TABLE_QUEUED"}]}`})
		first := r.poll(t)
		var calls []int
		for range 10 {
			got := r.nextMinute(t)
			if d := diff(first, got); d != "" || got.Result != fleet.Success {
				t.Fatalf("%s: %s", got.Result, d)
			}
			calls = append(calls, r.sim.Requests("GetTableStatuses"))
		}
		if want := []int{4, 4, 4, 4, 8, 8, 8, 8, 8, 12}; !slices.Equal(calls, want) {
			t.Errorf("calls of GetTableStatuses after each minute: %v, want %v", calls, want)
		}
	})
}

func TestNewTaskHasItsTablesReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := intervalRig(t, smallFleet())
		r.poll(t)
		if err := r.sim.AddTask("beta", simTask("b2")); err != nil {
			t.Fatal(err)
		}
		got := r.nextMinute(t)
		if task := taskOf(got, "beta", "b2"); task == nil || task.TableStates == nil {
			t.Errorf("got %+v", task)
		}
		if n := r.sim.Requests("GetTableStatuses"); n != 5 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestDueReadingThatFailsLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := intervalRig(t, smallFleet())
		r.poll(t)
		for range 4 {
			r.nextMinute(t)
		}
		fault := r.sim.AddFault(aemtest.Fault{Operation: "GetTableStatuses", Task: "a1", Kind: aemtest.FaultHTML})
		for range 2 {
			got := r.nextMinute(t)
			if task := taskOf(got, "alpha", "a1"); task.TableStates != nil || task.Tables != nil || !task.Up || got.Result != fleet.Partial {
				t.Errorf("%s %+v", got.Result, task)
			}
			if task := taskOf(got, "alpha", "a2"); task.TableStates == nil {
				t.Error("another task lost its tables too")
			}
		}
		fault.Remove()
		got := r.nextMinute(t)
		if task := taskOf(got, "alpha", "a1"); task.TableStates == nil || got.Result != fleet.Success {
			t.Errorf("%s %+v", got.Result, task)
		}
	})
}

func TestTaskThatIsNotListedLosesItsTables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := intervalRig(t, smallFleet())
		r.poll(t)
		fault := r.sim.AddFault(aemtest.Fault{Operation: "GetTaskList", Server: "alpha", Kind: aemtest.FaultBody, Body: `{"taskList":[]}`})
		r.nextMinute(t)
		fault.Remove()
		before := r.sim.Requests("GetTableStatuses")
		r.nextMinute(t)
		if n := r.sim.Requests("GetTableStatuses") - before; n != 3 {
			t.Errorf("%d calls for 3 tasks that came back", n)
		}
	})
}

// Whether a task is still there is not known while the list cannot be read; asking
// for all tables again would only add to the trouble.
func TestTablesOutlastAListThatFails(t *testing.T) {
	for _, operation := range []string{"GetTaskList", "GetServerList"} {
		synctest.Test(t, func(t *testing.T) {
			r := intervalRig(t, smallFleet())
			first := r.poll(t)
			fault := r.sim.AddFault(aemtest.Fault{Operation: operation, Kind: aemtest.FaultHTML})
			r.nextMinute(t)
			fault.Remove()
			if d := diff(first, r.nextMinute(t)); d != "" {
				t.Errorf("%s: %s", operation, d)
			}
			if n := r.sim.Requests("GetTableStatuses"); n != 4 {
				t.Errorf("%s: %d calls", operation, n)
			}
		})
	}
}

func TestLimitHoldsOverAllTasksAndPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{
			Interval: time.Minute, Tables: TableOptions{Mode: All, Interval: 2 * time.Minute, Limit: 5},
		})
		first := r.poll(t)
		kept, dropped := 0, 0
		for _, s := range first.Servers {
			for _, task := range s.Tasks {
				kept, dropped = kept+len(task.Tables), dropped+task.TablesDropped
				if len(task.Tables)+task.TablesDropped != 2 && task.Product == fleet.Replicate {
					t.Errorf("%s: %d kept, %d dropped", task.Name, len(task.Tables), task.TablesDropped)
				}
			}
		}
		if kept != 5 || dropped != 3 {
			t.Errorf("%d kept, %d dropped, want 5 and 3", kept, dropped)
		}
		for range 4 {
			if d := diff(first, r.nextMinute(t)); d != "" {
				t.Error(d)
			}
		}
	})
}

func TestLogTellsOfChangesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, bigFleet(2, 8), Options{Concurrency: 4})
		var handles []*aemtest.FaultHandle
		fail := func(server, task string) {
			handles = append(handles, r.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Server: server, Task: task, Kind: aemtest.FaultHTML}))
		}
		steps := []struct {
			name string
			do   func()
			want []string
		}{
			{"up", func() {}, []string{"INFO enterprise manager is up"}},
			{"nothing new", func() {}, nil},
			{"seven tasks fail", func() { fail("s0", "t[0-6]") }, []string{
				"WARN task details cannot be read server=s0 tasks=7 new=7 names=t0, t1, t2, t3, t4, ... reason=decode"}},
			{"still", func() {}, nil},
			{"one more", func() { fail("s0", "t7") }, []string{
				"WARN task details cannot be read server=s0 tasks=8 new=1 names=t7 reason=decode"}},
			{"seven recover", func() { handles[0].Remove() }, []string{
				"INFO task details can be read again server=s0 tasks=7 names=t0, t1, t2, t3, t4, ... remaining=1"}},
			{"the last is removed", func() { _ = r.sim.RemoveTask("s0", "t7") }, nil},
			{"server in error", func() { _ = r.sim.SetServerState("s1", aemtest.ServerError, "no way") }, []string{
				"WARN server is in error server=s1 message=no way"}},
			{"server is fine", func() { _ = r.sim.SetServerState("s1", aemtest.Monitored, "") }, []string{
				"INFO server is readable again server=s1"}},
			{"list fails", func() {
				handles = append(handles, r.sim.AddFault(aemtest.Fault{Operation: "GetTaskList", Server: "s1", Kind: aemtest.FaultHTML}))
			}, []string{"WARN server cannot be read server=s1 reason=decode"}},
			{"list is fine", func() { r.sim.ClearFaults() }, []string{"INFO server is readable again server=s1"}},
			{"a task fails", func() { fail("s1", "t7") }, []string{
				"WARN task details cannot be read server=s1 tasks=1 new=1 names=t7 reason=decode"}},
			{"server hangs", func() {
				handles = append(handles, r.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Server: "s1", Kind: aemtest.FaultHang}))
			}, []string{"WARN server does not answer, giving it up for this poll server=s1"}},
			{"server answers, the task still fails", func() { handles[len(handles)-1].Remove() }, []string{"INFO server is readable again server=s1"}},
			{"the task recovers", func() { r.sim.ClearFaults() }, []string{
				"INFO task details can be read again server=s1 tasks=1 names=t7 remaining=0"}},
		}
		for _, step := range steps {
			step.do()
			r.poll(t)
			if lines := r.log.take("server", "tasks", "new", "names", "reason", "message", "remaining"); !slices.Equal(lines, step.want) {
				t.Errorf("%s: logged %q, want %q", step.name, lines, step.want)
			}
		}
	})
}

func TestPublishedSnapshotsDoNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, bigFleet(2, 3), Options{Interval: time.Minute, Tables: TableOptions{Mode: All, Interval: time.Hour, Limit: 4}})
		first := r.poll(t)
		was := clone(first)
		for i := range 4 {
			_ = r.sim.AddTask("s0", simTask(fmt.Sprint("more", i)))
			kept := 0
			for _, s := range r.nextMinute(t).Servers {
				for _, task := range s.Tasks {
					kept += len(task.Tables)
				}
			}
			if kept != 4 {
				t.Errorf("%d tables for a limit of 4, those of the last reading included", kept)
			}
		}
		if d := diff(was, first); d != "" {
			t.Error(d)
		}
	})
}
