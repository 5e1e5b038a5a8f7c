package poll

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/poll/choose"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const (
	soakState = 4 * time.Minute
	soakPoll  = 12 * time.Minute
	soakAge   = 3 * soakPoll
	soakTick  = time.Minute // the simulated values move that often
)

// ordeal is a poller that lives through days in which everything goes wrong: faults, restarts of
// the Enterprise Manager, sessions that end, changes of the fleet and of the configuration.
type ordeal struct {
	*testing.T
	chance  *rand.Rand
	sim     *aemtest.Simulator
	names   int
	removed map[string]time.Time // servers, and server/task

	looks, compared, absent int
	wrong                   int
}

func TestSoak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &ordeal{T: t, chance: rand.New(rand.NewPCG(5, 2026)), removed: map[string]time.Time{}}
		w.sim = aemtest.New(aemtest.Options{
			Seed: 5, Servers: 2, TasksPerServer: 2, TablesPerTask: 2, Incidents: true,
			Clock: func() time.Time { return time.Now().Truncate(soakTick) },
		})
		var first, heap uint64
		most := 0
		for day := 1; day <= 4 && w.wrong < 5; day++ {
			for end := time.Now().Add(24 * time.Hour); time.Now().Before(end) && w.wrong < 5; {
				w.live(min(time.Duration(1+w.chance.IntN(12))*time.Hour, time.Until(end)))
			}
			w.sim.ClearFaults()
			synctest.Wait()
			most = max(most, runtime.NumGoroutine())
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if heap = m.HeapAlloc; day == 1 {
				first = heap
			}
		}
		t.Logf("%d looks, %d details compared, %d absent; %d requests; heap %d KiB after a day, %d KiB at the end",
			w.looks, w.compared, w.absent, w.sim.Requests(""), first>>10, heap>>10)
		if w.looks < 5000 || w.compared < 7000 || w.absent < 150 || w.absent > w.compared {
			t.Error("those were not the days they should have been")
		}
		if most > 30 || heap > first+first/2+8<<20 || w.sim.ActiveSessions() > 3 {
			t.Errorf("%d goroutines, %d KiB of heap after %d KiB, %d sessions", most, heap>>10, first>>10,
				w.sim.ActiveSessions())
		}
	})
}

func (w *ordeal) options() Options {
	return Options{
		StateInterval: soakState, PollInterval: soakPoll, MaxAge: soakAge, RequestTimeout: 5 * time.Second,
		Concurrency: 1 + w.chance.IntN(8), Tables: choose.TableOptions{Mode: choose.All, Limit: 1 + w.chance.IntN(20)},
	}
}

// live is a part of them with one poller, which is reconfigured on the way.
func (w *ordeal) live(span time.Duration) {
	r := makeRig(w, w.sim, w.options())
	ctx, cancel := context.WithTimeout(w.Context(), span)
	defer cancel()
	var busy sync.WaitGroup
	busy.Go(func() { r.Run(ctx) })
	random := rand.New(rand.NewPCG(w.chance.Uint64(), 1))
	busy.Go(func() {
		for sleep(ctx, time.Duration(random.Int64N(int64(20*time.Minute)))) {
			switch random.IntN(9) {
			case 0:
				w.sim.ExpireSessions()
			case 1:
				w.sim.SetLatency(time.Duration(random.IntN(40)) * time.Millisecond)
			case 2:
				r.Update(w.options())
			case 3, 4:
				w.changeFleet(r, random)
			default:
				w.breakSomething(ctx, random)
			}
		}
	})
	for i := 0; sleep(ctx, soakTick); i++ {
		w.look(r, i%5 == 0)
	}
	busy.Wait()
	w.sim.ClearFaults()
	if err := r.engine.client.Close(context.Background()); err != nil {
		w.Error(err)
	}
}

// sleep waits in fake time, and reports whether there is more to come.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (w *ordeal) breakSomething(ctx context.Context, r *rand.Rand) {
	kinds := []aemtest.Fault{
		{Kind: aemtest.FaultHang}, {Kind: aemtest.FaultHang}, {Kind: aemtest.FaultReset}, {Kind: aemtest.FaultTruncate}, {Kind: aemtest.FaultBrokenJSON},
		{Kind: aemtest.FaultHTML}, {Kind: aemtest.FaultEmpty}, {Kind: aemtest.FaultNull}, {Kind: aemtest.FaultWrongType},
		{Kind: aemtest.FaultStatus, Status: 404}, {Kind: aemtest.FaultStatus, Status: 500}, {Kind: aemtest.FaultStatus, RetryAfter: 2 * time.Second},
		{Kind: aemtest.FaultAPIError}, {Kind: aemtest.FaultLatency, Latency: time.Second}, {Kind: aemtest.FaultExpiredSession}, {Kind: aemtest.FaultSlow},
	}
	f := kinds[r.IntN(len(kinds))]
	f.Operation = []string{"", "GetServerList", "GetTaskList", "GetServerDetails", "GetTaskDetails",
		"GetTableStatuses"}[r.IntN(6)]
	if servers := w.sim.State().Servers; r.IntN(3) > 0 && f.Operation != "GetServerList" {
		f.Server = servers[r.IntN(len(servers))].Name
	}
	handle := w.sim.AddFault(f)
	sleep(ctx, time.Duration(r.IntN(30))*time.Minute)
	handle.Remove()
}

// changeFleet adds or removes something; there are never many of anything.
func (w *ordeal) changeFleet(rig *rig, r *rand.Rand) {
	rig.engine.mu.Lock() // no look and no publication is under way
	defer rig.engine.mu.Unlock()
	w.names++
	name := fmt.Sprintf("new %q \\%d/ü", "n", w.names)
	servers := w.sim.State().Servers
	server := &servers[r.IntN(len(servers))]
	var err error
	switch r.IntN(4) {
	case 0:
		if len(servers) < 5 {
			w.sim.AddServer(aemtest.ServerState{ServerDetails: aem.ServerDetails{Name: name}, Tasks: []aemtest.Task{{
				TaskDetails: aem.TaskDetails{
					Name: "only", Options: aem.TaskOptions{ApplyChanges: aem.BoolOf(true)},
					Latency: aem.Latency{Total: aem.DurationOf(time.Minute)},
				},
			}}})
		}
	case 1:
		if len(servers) > 2 {
			err, w.removed[server.Name] = w.sim.RemoveServer(server.Name), time.Now()
		}
	case 2:
		if len(server.Tasks) < 4 {
			err = w.sim.AddTask(server.Name, aemtest.Task{
				TaskDetails: aem.TaskDetails{Name: name, Product: server.Product},
			})
		}
	default:
		if len(server.Tasks) > 1 {
			task := server.Tasks[r.IntN(len(server.Tasks))].Name
			err, w.removed[server.Name+"/"+task] = w.sim.RemoveTask(server.Name, task), time.Now()
		}
	}
	if err != nil {
		w.Error(err)
	}
}

// look compares all that is known with what was true when it was read.
func (w *ordeal) look(r *rig, closely bool) {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	w.looks++
	young := func(one *reading, sweep time.Duration) {
		if one.served() && time.Since(one.expires(sweep)) > time.Second {
			w.Errorf("%s is %s old, and still served", one, time.Since(one.last))
			w.wrong++
		}
	}
	young(r.Poller.roster.reading, 0)
	for _, watch := range r.Poller.roster.order {
		for _, one := range watch.order {
			young(one, watch.sweep.length())
		}
	}
	if !closely {
		return
	}
	now := w.sim.State()
	for _, s := range r.View().Servers {
		if now.Server(s.Name) == nil {
			w.gone(s.Name, "")
			continue
		}
		for _, x := range s.Tasks {
			w.compare(now, s, x)
		}
	}
}

// truth is what a server was from an instant on, as long as an answer may have taken.
func (w *ordeal) truth(at time.Time, server, task string) (list []*aemtest.State) {
	for ; !at.After(time.Now()); at = at.Truncate(soakTick).Add(soakTick) {
		state := w.sim.StateAt(at.Truncate(soakTick))
		if state.Server(server) != nil && (task == "" || state.Task(server, task) != nil) {
			list = append(list, state)
		}
		if len(list) == 2 {
			break
		}
	}
	return list
}

// gone: what is no longer there may be served until the next list that can be read.
func (w *ordeal) gone(server, task string) {
	at, ok := w.removed[server+task]
	if !ok || time.Since(at) > soakAge {
		w.Errorf("%s%s is served, and was never there, or %s ago", server, task, time.Since(at))
		w.wrong++
	}
}

func (w *ordeal) compare(now *aemtest.State, s *fleet.Server, x *fleet.Task) {
	if now.Task(s.Name, x.Name) == nil {
		if w.removed[s.Name].IsZero() {
			w.gone(s.Name, "/"+x.Name)
		}
		return
	}
	states := w.truth(s.Outline.Last, s.Name, x.Name)
	if !slices.ContainsFunc(states, func(st *aemtest.State) bool {
		return string(st.Task(s.Name, x.Name).State) == x.State
	}) {
		w.Errorf("%s/%s is %s, read %s ago", s.Name, x.Name, x.State, time.Since(s.Outline.Last))
		w.wrong++
	}
	if x.Details == nil {
		w.absent++
		return
	}
	w.compared++
	details := w.truth(x.Read, s.Name, x.Name)
	if x.Product == fleet.Compose {
		return
	}
	if !slices.ContainsFunc(details, func(st *aemtest.State) bool {
		want, d := st.Task(s.Name, x.Name), x.Details
		return d.Source == want.Source.Name && d.Target == want.Target.Name && d.DataErrors == count(want.DataErrors) &&
			d.AppliedInserts == count(want.CDCEvents.Inserts) && d.AppliedUpdates == count(want.CDCEvents.Updates) &&
			d.FullLoad.RecordsCompleted == count(want.FullLoad.RecordsCompleted)
	}) {
		w.Errorf("%s/%s: %+v, read %s ago", s.Name, x.Name, *x.Details, time.Since(x.Read))
		w.wrong++
	}
}

func count(n aem.Number) fleet.Number { return fleet.Num(n.Float()) }
