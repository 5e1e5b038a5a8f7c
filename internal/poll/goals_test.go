package poll

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/poll/choose"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// merging is how late the collector may be with what was published.
const merging = time.Second

// failures lets tasks fail one after the other, on the servers that do not hang, and returns after
// what time each was served, the collector's part included, in order.
func (r *rig) failures(em *canned, count int) (delays []time.Duration) {
	type key struct{ server, task string }
	failed := map[key]time.Time{}
	r.onServer(func(s *fleet.Server) {
		for _, x := range s.Tasks {
			if at, ok := failed[key{s.Name, x.Name}]; ok && x.State == fleet.TaskError {
				delays = append(delays, time.Since(at)+merging)
				delete(failed, key{s.Name, x.Name})
			}
		}
	})
	random, hanging := rand.New(rand.NewPCG(1, 2)), int(em.hanging.Load())
	for range count {
		k := key{fmt.Sprint("s", hanging+random.IntN(em.servers-hanging)), fmt.Sprint("t", random.IntN(em.tasks))}
		if r.task(k.server, k.task).State == fleet.TaskError {
			continue
		}
		r.engine.mu.Lock() // which no publication is under way without
		failed[k] = time.Now()
		em.fail(k.server, k.task)
		r.engine.mu.Unlock()
		r.pass(time.Duration(random.IntN(200)) * time.Millisecond)
	}
	r.pass(20 * time.Second)
	if len(failed) > 0 {
		r.t.Errorf("%d failures were never served", len(failed))
	}
	slices.Sort(delays)
	return delays
}

// startWhole returns when everything was read once.
func (r *rig) startWhole() {
	for r.start(); !r.View().Complete; {
		r.pass(time.Second)
	}
}

func TestFailureIsServedWithinSeconds(t *testing.T) {
	for _, c := range []struct {
		servers, tasks int
		hanging        int64
		interval       time.Duration // of both; 0: as by default
		median, worst  time.Duration
	}{
		{20, 100, 0, 10 * time.Second, 6500 * time.Millisecond, 12 * time.Second},
		{20, 100, 1, 10 * time.Second, 7500 * time.Millisecond, 13 * time.Second},
		{20, 100, 3, 10 * time.Second, 7500 * time.Millisecond, 13 * time.Second},
		{20, 100, 6, 10 * time.Second, 7500 * time.Millisecond, 13 * time.Second},
		{50, 200, 0, 0, 17 * time.Second, 17 * time.Second},
	} {
		t.Run(fmt.Sprintf("%dx%d,%d hang", c.servers, c.tasks, c.hanging), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				em := &canned{servers: c.servers, tasks: c.tasks / fewer, latency: 50 * time.Millisecond}
				r := newRig(t, emptySim(), Options{StateInterval: c.interval, PollInterval: c.interval}, aem.WithTransport(em))
				r.startWhole()
				r.pass(10 * time.Second)
				em.hanging.Store(c.hanging)
				delays := r.failures(em, 250)
				median, worst := delays[len(delays)/2], delays[len(delays)-1]
				t.Logf("median %s, worst %s", median, worst)
				if median > c.median || worst > c.worst {
					t.Errorf("a failure is served after %s in the median, %s at worst", median, worst)
				}
			})
		})
	}
}

func TestHealthyServersStayWhole(t *testing.T) {
	for name, fault := range map[string]aemtest.Fault{
		"503 with Retry-After": {Kind: aemtest.FaultStatus, Status: 503, RetryAfter: time.Second},
		"slow, yet in time":    {Kind: aemtest.FaultLatency, Latency: 9 * time.Second},
		"hangs":                {Kind: aemtest.FaultHang},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := aemtest.New(aemtest.Options{
					Servers: 10, ComposeServers: -1, TasksPerServer: 30, TablesPerTask: 1, Healthy: true,
					Latency: 20 * time.Millisecond,
				})
				r := newRig(t, sim, Options{})
				r.start()
				r.pass(2 * time.Minute)
				fault.Server = sim.State().Servers[3].Name
				handle := sim.AddFault(fault)
				lacking := 0
				for range 50 {
					r.pass(13 * time.Second)
					ofFault := func(task string) bool { return task[:len(fault.Server)] == fault.Server }
					if up := slices.DeleteFunc(r.up(), ofFault); len(up) != 9*30 {
						lacking++
					}
				}
				if lacking > 0 {
					t.Errorf("something of the healthy servers is absent in %d of 50 looks", lacking)
				}
				handle.Remove()
				r.pass(70 * time.Second)
				if up := r.up(); len(up) != 300 {
					t.Errorf("%d tasks a minute after the trouble", len(up))
				}
				t.Log(r.log.take("server", "from", "to", "reason", "names", "tasks"))
			})
		})
	}
}

func TestLoadIsLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		em := &canned{servers: 50, tasks: 200, latency: 50 * time.Millisecond}
		r := newRig(t, emptySim(), Options{Tables: choose.TableOptions{Mode: choose.Summary}, Concurrency: 64},
			aem.WithTransport(em))
		r.startWhole()
		first := time.Now()
		r.pass(10 * time.Second) // the tables of the first sweep
		var windows []int64
		for range 24 {
			before := em.requests.Load()
			r.pass(5 * time.Second)
			windows = append(windows, em.requests.Load()-before)
		}
		sum := int64(0)
		for _, n := range windows {
			sum += n
		}
		mean, most := float64(sum)/float64(len(windows)), float64(slices.Max(windows))
		t.Logf("after %s: %v requests in 5 s: mean %.0f, most %.0f", time.Since(first), windows, mean, most)
		if most > 1.5*mean {
			t.Errorf("up to %.0f requests in 5 s, %.0f in the mean", most, mean)
		}
	})
}

func TestFirstReadingsAreAsQuickAsMayBe(t *testing.T) {
	for _, tables := range []choose.TableMode{choose.Off, choose.Errors} {
		t.Run("tables "+string(tables), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const latency, concurrency = 50 * time.Millisecond, 64
				em := &canned{servers: 50, tasks: 200, latency: latency}
				r := newRig(t, emptySim(), Options{Concurrency: concurrency, Tables: choose.TableOptions{Mode: tables}},
					aem.WithTransport(em))
				began := time.Now()
				r.must(r.Once(t.Context()))
				ideal, took := time.Duration(em.requests.Load())*latency/concurrency, time.Since(began)
				t.Logf("%s, ideal %s: %.3f", took, ideal, float64(took)/float64(ideal))
				if took > ideal*110/100 {
					t.Errorf("complete after %s; %d requests at best take %s", took, em.requests.Load(), ideal)
				}
				if len(r.up()) != 50*200 {
					t.Errorf("%d tasks", len(r.up()))
				}
			})
		})
	}
}
