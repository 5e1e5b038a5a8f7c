package poll

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

func TestPollSeesTheWholeFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{Tables: TableOptions{Mode: All}})
		got := r.poll(t)
		if got.Name != "prod" || got.Result != fleet.Success || got.ProblemCount != 0 || got.Duplicates != 0 {
			t.Errorf("got %q %s, problems %v, %d duplicates", got.Name, got.Result, got.Problems, got.Duplicates)
		}
		want := []string{"alpha/a1", "alpha/a2", "alpha/a3", "beta/b1", "gamma/load__DW"}
		if !slices.Equal(taskNames(got), want) {
			t.Errorf("tasks %q", taskNames(got))
		}
		type row struct {
			State, Product string
			Up             fleet.Flag
		}
		rows := map[string]row{}
		for _, s := range got.Servers {
			rows[s.Name] = row{s.State, s.Product, s.Up}
		}
		wantRows := map[string]row{
			"alpha":   {"monitored", "replicate", fleet.Yes},
			"beta":    {"monitored", "replicate", fleet.Yes},
			"gamma":   {"monitored", "compose", fleet.Yes},
			"delta":   {"not_monitored", "replicate", fleet.Unknown},
			"epsilon": {"error", "replicate", fleet.No},
		}
		if diff := cmp.Diff(wantRows, rows); diff != "" {
			t.Error(diff)
		}
		task := taskOf(got, "alpha", "a1")
		if !task.Up || task.Details.AppliedDDL != 40 || task.Details.TotalLatency != 5 || task.Details.MemoryBytes != 100<<20 ||
			task.Details.CPU != 0.12 || !slices.Equal(task.Tags, []string{"gold"}) {
			t.Errorf("got %+v %+v", task, task.Details)
		}
		if diff := cmp.Diff(&fleet.TableStates{ChangeProcessing: 1, Error: 1}, task.TableStates); diff != "" {
			t.Error(diff)
		}
		if !slices.Equal(names(task.Tables), []string{"S.one", "S.two"}) {
			t.Errorf("tables %q", names(task.Tables))
		}
		compose := taskOf(got, "gamma", "load__DW")
		if compose.Compose == nil || compose.Compose.TablesExpected != 7 || compose.Details.Project != "DW" || compose.TableStates != nil {
			t.Errorf("got %+v", compose)
		}
		if serverOf(got, "alpha").License.State != "valid" || serverOf(got, "alpha").TaskSummary.Running != 3 {
			t.Errorf("got %+v", serverOf(got, "alpha"))
		}
		for op, n := range map[string]int{
			"GetServerList": 1, "GetServerDetails": 5, "GetTaskList": 3, "GetTaskDetails": 5, "GetTableStatuses": 4,
		} {
			if r.sim.Requests(op) != n {
				t.Errorf("%d calls of %s, want %d", r.sim.Requests(op), op, n)
			}
		}
	})
}

// All spellings of the API end as one snapshot.
func TestPollOfEveryShape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var want *fleet.Manager
		for _, shape := range []aemtest.Shape{aemtest.RealWorld, aemtest.Guide, aemtest.Legacy} {
			sim := aemtest.New(aemtest.Options{
				Seed: 7, Servers: 3, TasksPerServer: 12, OddNames: true, Shape: shape,
				Start: start, Clock: func() time.Time { return start.Add(time.Hour) },
			})
			got := newRig(t, sim, Options{Tables: TableOptions{Mode: All}}).poll(t)
			if got.Result != fleet.Success {
				t.Errorf("%v: %s %+v", shape, got.Result, got.Problems)
			}
			if want == nil {
				want = got
				continue
			}
			ignore := cmpopts.IgnoreFields(fleet.TaskDetails{}, "Type")
			if diff := cmp.Diff(want.Servers, got.Servers, cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), ignore); diff != "" {
				t.Errorf("%v: %s", shape, diff)
			}
		}
	})
}

func TestFiltersSpareCalls(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		tasks   []string
		servers int
		details int // calls of GetTaskDetails
	}{
		{"servers", Options{Servers: Filter{Include: anchored("alpha", "beta"), Exclude: anchored("alpha")}}, []string{"beta/b1"}, 1, 1},
		{"tasks", Options{Tasks: Filter{Exclude: anchored("a[12]", "load.*")}}, []string{"alpha/a3", "beta/b1"}, 5, 2},
		{"tags", Options{Tags: []string{"silver", "gold"}}, []string{"alpha/a1"}, 5, 1},
		{"tags and tasks", Options{Tags: []string{"gold"}, Tasks: Filter{Include: anchored("b.*")}}, nil, 5, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, smallFleet(), tt.options)
				got := r.poll(t)
				if !slices.Equal(taskNames(got), tt.tasks) || len(got.Servers) != tt.servers || got.Result != fleet.Success {
					t.Errorf("%s, %d servers, tasks %q", got.Result, len(got.Servers), taskNames(got))
				}
				if n := r.sim.Requests("GetTaskDetails"); n != tt.details {
					t.Errorf("%d calls of GetTaskDetails", n)
				}
				if n := r.sim.Requests("GetTableStatuses"); n != 0 {
					t.Errorf("%d calls of GetTableStatuses though tables are off", n)
				}
			})
		})
	}
}

func TestShardsTogetherSeeTheWholeFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := aemtest.New(aemtest.Options{Servers: 60, ComposeServers: 4, TasksPerServer: 1})
		whole := serverNames(newRig(t, sim, Options{}).poll(t))
		slices.Sort(whole)
		for _, total := range []int{1, 2, 3, 16} {
			var union []string // with what overlaps twice
			for shard := range total {
				part := serverNames(newRig(t, sim, Options{Shard: shard, TotalShards: total}).poll(t))
				if len(part) == 0 || total > 1 && len(part) == len(whole) {
					t.Errorf("shard %d of %d has %d of %d servers", shard, total, len(part), len(whole))
				}
				union = append(union, part...)
			}
			slices.Sort(union)
			if !slices.Equal(whole, union) {
				t.Errorf("%d shards see %q, not %q", total, union, whole)
			}
		}
	})
}

func serverNames(m *fleet.Manager) (names []string) {
	for _, s := range m.Servers {
		names = append(names, s.Name)
	}
	return names
}

func TestDuplicateNamesAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		sim.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultBody, Body: `{"serverList":[
			{"$type":"ReplicateServerInfo","name":"alpha","state":"MONITORED","host":"first"},
			{"$type":"ReplicateServerInfo","name":"Alpha","state":"NOT_MONITORED"},
			{"$type":"ReplicateServerInfo","name":"alpha","state":"MONITORED","host":"second"}]}`})
		sim.AddFault(aemtest.Fault{Operation: "GetTaskList", Server: "alpha", Kind: aemtest.FaultBody, Body: `{"taskList":[
			{"name":"a1","state":"RUNNING"},{"name":"a2","state":"RUNNING"},{"name":"a1","state":"STOPPED"}]}`})
		sim.AddFault(aemtest.Fault{Operation: "GetTableStatuses", Task: "a1", Kind: aemtest.FaultBody, Body: `{"table_details":[
			{"schema_on_source":"S","table_on_source":"T","state":"TABLE_ERROR"},
			{"schema_on_source":"S","table_on_source":"T","state":"TABLE_QUEUED"}]}`})
		sim.AddFault(aemtest.Fault{Operation: "GetServerDetails", Server: "Alpha", Kind: aemtest.FaultAPIError, Code: "AEM_SERVER_NOT_MONITORED"})
		got := newRig(t, sim, Options{Tables: TableOptions{Mode: All}}).poll(t)
		if got.Duplicates != 3 || len(got.Servers) != 2 || serverOf(got, "alpha").Host != "first" || serverOf(got, "Alpha") == nil {
			t.Errorf("%d duplicates, servers %+v", got.Duplicates, got.Servers)
		}
		if task := taskOf(got, "alpha", "a1"); task.State != "running" || task.TableStates.Error != 1 || len(task.Tables) != 1 {
			t.Errorf("got %+v", task)
		}
		if got.Result != fleet.Success {
			t.Errorf("%s %+v", got.Result, got.Problems)
		}
	})
}

func TestLatencyObjectiveOfTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		_ = sim.SetTask("alpha", "a2", func(task *aemtest.Task) { task.Tags = []string{"latency_objective=90s"} })
		_ = sim.SetTask("alpha", "a3", func(task *aemtest.Task) { task.Tags = []string{"latency_objective=soon"} })
		r := newRig(t, sim, Options{Objectives: []Objective{
			{Server: anchored("alpha")[0], Objective: 5 * time.Minute}, {Server: anchored("gamma")[0], Objective: time.Minute},
		}})
		got := r.poll(t)
		for name, want := range map[string]float64{"alpha/a1": 300, "alpha/a2": 90, "alpha/a3": 300} {
			if task := taskOf(got, "alpha", name[6:]); task.LatencyObjective != want {
				t.Errorf("%s has %v, want %v", name, task.LatencyObjective, want)
			}
		}
		onlyAbsent(t, struct{ F float64 }{taskOf(got, "beta", "b1").LatencyObjective})
		onlyAbsent(t, struct{ F float64 }{taskOf(got, "gamma", "load__DW").LatencyObjective})

		want := []string{"INFO enterprise manager is up", "WARN server is in error", "WARN ignoring a latency objective task=a3"}
		slices.Sort(want)
		lines := r.log.take("task")
		slices.Sort(lines)
		if !slices.Equal(lines, want) {
			t.Errorf("logged %q", lines)
		}
		r.poll(t)
		if lines := r.log.take("task"); lines != nil {
			t.Errorf("told again: %q", lines)
		}
	})
}

// The bound is on the whole poll: login and lists, which cannot be made in parallel
// with what depends on them, included.
func TestPollTakesLittleLongerThanItMust(t *testing.T) {
	const latency, concurrency = 50 * time.Millisecond, 64
	for _, mode := range []TableMode{Off, Summary} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := aemtest.New(aemtest.Options{
					Servers: 50, ComposeServers: -1, TasksPerServer: 100, TablesPerTask: 1, Healthy: true, Latency: latency,
				})
				r := newRig(t, sim, Options{Concurrency: concurrency, Tables: TableOptions{Mode: mode}})
				got := r.poll(t)
				if got.Result != fleet.Success || len(taskNames(got)) != 5000 {
					t.Fatalf("%s, %d tasks, %v", got.Result, len(taskNames(got)), got.Problems)
				}
				requests := sim.Requests("")
				ideal := time.Duration(requests) * latency / concurrency
				ratio := float64(got.Duration) / float64(ideal)
				t.Logf("%d requests took %v, %.3f of the ideal", requests, got.Duration, ratio)
				if ratio > 1.15 {
					t.Errorf("%d requests took %v, ideal is %v", requests, got.Duration, ideal)
				}
				if sim.MaxInFlight() != concurrency {
					t.Errorf("%d in flight, want %d", sim.MaxInFlight(), concurrency)
				}
			})
		})
	}
}

func TestPollThatIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		sim.SetLatency(time.Second)
		r := newRig(t, sim, Options{Concurrency: 2}, aem.WithRetries(0))
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		got := r.Poll(ctx)
		if got.Result != fleet.Partial || got.Duration != 4500*time.Millisecond {
			t.Errorf("%s after %v: %+v", got.Result, got.Duration, got.Problems)
		}
		if lines := r.log.take(); lines != nil {
			t.Errorf("logged %q about the other side", lines)
		}
	})
}
