package aemtest

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

const (
	runQuery  = "?action=run&timeout=60&option="
	stopQuery = "?action=stop&timeout=60"
)

// generated is a world with a generated server, and the name of its first task
// that runs, loads and applies changes.
func generated(t *testing.T, opts Options) (*Simulator, *testClock, *caller, string, string) {
	t.Helper()
	opts.Servers, opts.ComposeServers = 1, 1
	s, clock := world(t, opts)
	srv := s.State().Servers[0]
	for _, v := range srv.Tasks {
		if v.State == aem.TaskRunning && v.Options.FullLoad.True() && v.Options.ApplyChanges.True() &&
			v.FullLoad.Completed.True() {
			return s, clock, as(t, s, Operator), srv.Name, v.Name
		}
	}
	t.Fatal("no task runs")
	return nil, nil, nil, "", ""
}

func TestStopAndResume(t *testing.T) {
	s, clock, c, server, name := generated(t, Options{Healthy: true})
	path := taskPath(server, name)
	clock.set(5 * time.Minute)
	before := *s.State().Task(server, name)
	c.must("POST", path+stopQuery, "")
	clock.set(25 * time.Minute)
	stopped := s.State().Task(server, name)
	if stopped.State != aem.TaskStopped || stopped.StopReason != aem.StopNormal || stopped.MemoryMB.Int() != 0 ||
		stopped.CPU.Int() != 0 ||
		lag(stopped.Latency.Total) != 0 || lag(stopped.Latency.Source) != 0 {
		t.Errorf("a stopped task: %+v", stopped)
	}
	if stopped.CDCEvents != before.CDCEvents || stopped.CDCThroughput != before.CDCThroughput ||
		stopped.FullLoad != before.FullLoad {
		t.Errorf("a stopped task went on: %+v, was %+v", stopped, before)
	}
	if sum := s.State().Servers[0].TaskSummary; sum.Stopped.Int() != 1 {
		t.Errorf("the summary of the server: %+v", sum)
	}
	c.refuses("AEM_TASK_ALREADY_STOPPED", "POST", path+stopQuery, "")

	c.must("POST", path+runQuery+resumeProcessing, "")
	c.refuses("AEM_TASK_ALREADY_RUNNING", "POST", path+runQuery+"RESUME_PROCESSING", "")
	resumed := s.State().Task(server, name)
	if resumed.State != aem.TaskRunning || resumed.CDCEvents.Inserts.Int() != 0 ||
		resumed.Transactions.CommittedRecords.Int() != 0 ||
		lag(resumed.Latency.Total) < 15*time.Minute {
		t.Errorf("a resumed task: %+v", resumed)
	}
	if resumed.FullLoad != before.FullLoad || resumed.DataErrors.Int() != before.DataErrors.Int() {
		t.Errorf("a resumed task has forgotten its full load: %+v, was %+v", resumed.FullLoad, before.FullLoad)
	}
	clock.set(35 * time.Minute)
	later := s.State().Task(server, name)
	if later.CDCEvents.Inserts.Int() == 0 || later.CDCEvents.Inserts.Int() >= before.CDCEvents.Inserts.Int()+1e9 ||
		lag(later.Latency.Total) > 5*time.Minute ||
		later.MemoryMB.Int() == 0 {
		t.Errorf("ten minutes after it was resumed: %+v", later)
	}
}

// TestReloadTarget begins a full load, stops it in the middle, and resumes it.
func TestReloadTarget(t *testing.T) {
	s, clock, c, server, name := generated(t, Options{Healthy: true})
	path := taskPath(server, name)
	c.must("POST", path+stopQuery, "")
	clock.set(time.Minute)
	c.must("POST", path+runQuery+"reload_target", "")
	v := s.State().Task(server, name)
	if v.FullLoad.Completed.True() || v.FullLoad.RecordsCompleted.Int() != 0 ||
		!v.FullLoad.Start.Equal(testStart.Add(time.Minute)) ||
		v.FullLoad.RecordsEstimated.Int() == 0 {
		t.Errorf("just after RELOAD_TARGET: %+v", v.FullLoad)
	}
	clock.set(2 * time.Minute)
	progress := func() aem.FullLoad {
		f := s.State().Task(server, name).FullLoad
		f.Throughput = aem.Throughput{}
		return f
	}
	half := progress()
	if half.RecordsCompleted.Int() == 0 || half.TablesLoading.Int() == 0 || half.Completed.True() {
		t.Errorf("a minute after RELOAD_TARGET: %+v", half)
	}
	c.must("POST", path+stopQuery, "")
	clock.set(3 * time.Hour)
	if got := progress(); got != half {
		t.Errorf("the load of a stopped task: %+v, was %+v", got, half)
	}
	c.must("POST", path+runQuery+"RESUME_PROCESSING", "")
	if got := progress(); got != half {
		t.Errorf("the load of the resumed task: %+v, was %+v", got, half)
	}
	clock.set(3*time.Hour + 20*time.Minute)
	v = s.State().Task(server, name)
	if !v.FullLoad.Completed.True() || v.FullLoad.End.Before(testStart.Add(3*time.Hour)) ||
		v.FullLoad.End.After(s.Now()) ||
		v.FullLoad.RecordsCompleted.Int() != v.FullLoad.RecordsEstimated.Int() {
		t.Errorf("the end of the load: %+v", v.FullLoad)
	}
	for _, x := range v.Tables {
		if f := x.FullLoad; f.Start.After(f.End) || f.End.After(v.FullLoad.End) || f.Start.Before(v.FullLoad.Start) {
			t.Errorf("a table of the load: %+v", x)
		}
	}
}

// TestFromTimestamp starts a task an hour back.
func TestFromTimestamp(t *testing.T) {
	s, _, c, server, name := generated(t, Options{Healthy: true})
	c.must("POST", taskPath(server, name)+stopQuery, "")
	c.must("POST", taskPath(server, name)+runQuery+fromTimestamp, `{"cdcposition":"2025-10-01T08:00:00Z"}`)
	if v := s.State().Task(server, name); lag(v.Latency.Total) < 55*time.Minute || lag(v.Latency.Total) > 2*time.Hour {
		t.Errorf("an hour back the latency is %v", v.Latency.Total)
	}
}

// TestMetadataOnly stops by itself; after all tables were created anew the next
// start loads them.
func TestMetadataOnly(t *testing.T) {
	s, clock, c, server, name := generated(t, Options{Healthy: true})
	path := taskPath(server, name)
	c.must("POST", path+stopQuery, "")
	clock.set(time.Minute)
	c.must("POST", path+runQuery+createTables, "")
	clock.set(2 * time.Minute)
	if v := s.State().Task(server, name); v.State != aem.TaskStopped || !v.FullLoad.Completed.True() {
		t.Errorf("after creating missing tables: %s %+v", v.State, v.FullLoad)
	}
	c.must("POST", path+runQuery+recreateTables, "")
	clock.set(3 * time.Minute)
	v := s.State().Task(server, name)
	if v.State != aem.TaskStopped || v.FullLoad.Completed.True() || v.Tables[0].State != aem.TableQueued {
		t.Errorf("after creating all tables: %s %+v %+v", v.State, v.FullLoad, v.Tables[0])
	}
	c.must("POST", path+runQuery+resumeProcessing, "")
	clock.set(4 * time.Minute)
	if v := s.State().Task(server, name); v.State != aem.TaskRunning || v.FullLoad.RecordsCompleted.Int() == 0 ||
		v.FullLoad.Completed.True() {
		t.Errorf("the load after that: %s %+v", v.State, v.FullLoad)
	}
}

// TestRunFailed starts a task that has failed and says nothing of what it replicates.
func TestRunFailed(t *testing.T) {
	s, _ := world(t, Options{})
	ok(t, s.AddTask("S", Task{TaskDetails: aem.TaskDetails{Name: "bare", State: aem.TaskError,
		StopReason: aem.StopFatalError, Message: "broken"}}))
	as(t, s, Operator).must("POST", "servers/S/tasks/bare"+runQuery+resumeProcessing, "")
	if v := s.State().Task("S", "bare"); v.State != aem.TaskRunning || v.StopReason != aem.StopNone || v.Message != "" {
		t.Errorf("a failed task was started: %+v", v)
	}
}

// TestTaskDelay lets starting and stopping take time, and callers lose patience.
func TestTaskDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Servers: -1, ComposeServers: -1, Users: []User{user(Operator)}, TaskDelay: 20 * time.Second})
		s.AddServer(ServerState{ServerDetails: aem.ServerDetails{Name: "S"}, Tasks: []Task{customTask("T", aem.TaskRunning)}})
		c := as(t, s, Operator)
		path := "servers/S/tasks/T"
		began := time.Now()
		c.must("POST", path+stopQuery, "")
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("stopping takes %v", took)
		}
		c.refuses("AEM_RUN_TASK_TIMEOUT", "POST", path+"?action=run&timeout=5&option="+resumeProcessing, "")
		if v := s.State().Task("S", "T"); v.State != aem.TaskStarting {
			t.Errorf("after the timeout the task is %s", v.State)
		}
		c.refuses("AEM_TASK_ALREADY_RUNNING", "POST", path+runQuery+resumeProcessing, "")
		time.Sleep(15 * time.Second)
		if v := s.State().Task("S", "T"); v.State != aem.TaskRunning {
			t.Errorf("the task that was slow to start is %s", v.State)
		}
		c.refuses("AEM_STOP_TASK_TIMEOUT", "POST", path+"?action=stop&timeout=0", "")
		if v := s.State().Task("S", "T"); v.State != aem.TaskRunning {
			t.Errorf("after the timeout the task is %s", v.State)
		}
		time.Sleep(20 * time.Second)
		if v := s.State().Task("S", "T"); v.State != aem.TaskStopped {
			t.Errorf("the task that was slow to stop is %s", v.State)
		}
	})
}

// TestTroubledTasks starts tasks that are stopped or have failed by themselves.
func TestTroubledTasks(t *testing.T) {
	clock := newClock()
	s := New(Options{Servers: 3, TasksPerServer: 17, Incidents: true, Start: testStart, Clock: clock.now,
		Users: []User{user(Operator)}})
	c := as(t, s, Operator)
	started := 0
	for since := time.Duration(0); since < 10*time.Minute; since += 30 * time.Second {
		clock.set(since)
		for srv, v := range tasks(s.State()) {
			if srv.State != aem.ServerMonitored || v.State != aem.TaskStopped && v.State != aem.TaskError {
				continue
			}
			c.must("POST", taskPath(srv.Name, v.Name)+runQuery+resumeProcessing, "")
			now := s.State().Task(srv.Name, v.Name)
			if now.State != aem.TaskRunning || now.Product == aem.Replicate && now.Message != "" {
				t.Fatalf("at %v %s was %s and is %s %q", since, v.Name, v.State, now.State, now.Message)
			}
			started++
		}
	}
	if started < 5 {
		t.Errorf("%d tasks were started", started)
	}
}

func TestComposeTasks(t *testing.T) {
	clock := newClock()
	s := New(Options{Servers: -1, Start: testStart, Clock: clock.now, Users: []User{user(Admin)}})
	c := as(t, s, Admin)
	srv := s.State().Servers[0]
	for _, v := range srv.Tasks {
		path := taskPath(srv.Name, v.Name)
		if v.State != aem.TaskRunning {
			c.must("POST", path+"?action=run&timeout=60", "")
		}
		if now := s.State().Task(srv.Name, v.Name); now.State != aem.TaskRunning || now.StopReason != aem.StopNone {
			t.Errorf("%s is %s %s", v.Name, now.State, now.StopReason)
		}
		c.must("POST", path+stopQuery, "")
		if now := s.State().Task(srv.Name, v.Name); now.State != aem.TaskStopped || now.StopReason != aem.StopNone ||
			now.Loading.TablesLoading.Int() != 0 {
			t.Errorf("%s is stopped: %+v", v.Name, now)
		}
		c.must("POST", path+runQuery+resumeProcessing, "")
	}
}

// TestEditsAndCallsAgree mixes SetTask with calls of the API: the last one counts.
func TestEditsAndCallsAgree(t *testing.T) {
	s, _, c, server, name := generated(t, Options{Healthy: true})
	path := taskPath(server, name)
	edit := func(state aem.TaskState) {
		t.Helper()
		set := func(v *Task) { v.State, v.DiskMB, v.Tables[0].State = state, aem.WholeOf(4711), aem.TableError }
		ok(t, s.SetTask(server, name, set))
	}
	state := func() aem.TaskState { return s.State().Task(server, name).State }
	edit(aem.TaskError)
	c.must("POST", path+runQuery+resumeProcessing, "")
	if v := s.State().Task(server, name); v.State != aem.TaskRunning || v.DiskMB.Int() != 4711 ||
		v.Tables[0].State != aem.TableError {
		t.Errorf("started after an edit: %s %s %s", v.State, v.DiskMB, v.Tables[0].State)
	}
	x := s.State().Task(server, name).Tables[0]
	c.must("POST", path+"/tables?action=reload&schema="+url.QueryEscape(x.Schema)+"&table="+url.QueryEscape(x.Name), "")
	if v := s.State().Task(server, name); v.Tables[0].State != aem.TableQueued {
		t.Errorf("reloaded after an edit: %s", v.Tables[0].State)
	}
	c.must("POST", path+stopQuery, "")
	if state() != aem.TaskStopped {
		t.Errorf("stopped after an edit: %s", state())
	}
	edit(aem.TaskRecovering)
	if state() != aem.TaskRecovering {
		t.Errorf("edited after a stop: %s", state())
	}
	if err := s.SetTask(server, name, nil); err != nil || state() != aem.TaskStopped {
		t.Errorf("reset: %v %s", err, state())
	}
}
