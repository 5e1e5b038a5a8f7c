package poll

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// nobody is a Publisher for those who ask View alone.
type nobody struct{}

func (nobody) Roster(*fleet.Roster)            {}
func (nobody) Server(*fleet.Server)            {}
func (nobody) Gone(string)                     {}
func (nobody) Polled(fleet.Result)             {}
func (nobody) Failed(operation, reason string) {}

// rig is a simulated Enterprise Manager with a poller in front of it, in fake time.
type rig struct {
	*Poller
	nobody
	t       testing.TB
	sim     *aemtest.Simulator
	log     *logBook
	journal *fleet.Journal

	mu      sync.Mutex
	servers map[string]*fleet.Server
	results map[fleet.Result]int
	heard   uint64              // number of the last event that was looked at
	changed func(*fleet.Server) // is told of every publication; may be nil
}

func (r *rig) Gone(server string)         { r.locked(func() { delete(r.servers, server) }) }
func (r *rig) Polled(result fleet.Result) { r.locked(func() { r.results[result]++ }) }

func (r *rig) Server(s *fleet.Server) {
	var changed func(*fleet.Server)
	r.locked(func() { r.servers[s.Name], changed = s, r.changed })
	if changed != nil {
		changed(s)
	}
}

func (r *rig) locked(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

// onServer lets every publication from now on be told.
func (r *rig) onServer(told func(*fleet.Server)) { r.locked(func() { r.changed = told }) }

// newRig is a rig that ends with the test.
func newRig(t testing.TB, sim *aemtest.Simulator, o Options, clientOptions ...aem.Option) *rig {
	t.Helper()
	r := makeRig(t, sim, o, clientOptions...)
	t.Cleanup(func() {
		sim.ClearFaults()
		if err := r.engine.client.Close(context.Background()); err != nil {
			t.Error(err)
		}
		sim.Close()
	})
	return r
}

// makeRig joins a poller to a simulator without a socket.
func makeRig(t testing.TB, sim *aemtest.Simulator, o Options, clientOptions ...aem.Option) *rig {
	t.Helper()
	r := &rig{t: t, sim: sim, log: &logBook{}, journal: &fleet.Journal{}, servers: map[string]*fleet.Server{},
		results: map[fleet.Result]int{}}
	if o.RequestTimeout > 0 {
		clientOptions = append(clientOptions, aem.WithTimeout(o.RequestTimeout))
	}
	client, err := aem.New("https://qem.example.com", aem.APIToken(aemtest.DefaultAPIToken),
		append([]aem.Option{aem.WithTransport(sim.Transport()), aem.WithPartialLists()}, clientOptions...)...)
	if err != nil {
		t.Fatal(err)
	}
	o.Manager, o.Logger, o.Publisher, o.Journal = "prod", slog.New(slog.NewJSONHandler(r.log, nil)), r, r.journal
	r.Poller = New(client, o)
	return r
}

// polled is how many readings of the list, and sweeps, have ended so.
func (r *rig) polled(result fleet.Result) (n int) {
	r.locked(func() { n = r.results[result] })
	return n
}

// start runs the poller until the test ends.
func (r *rig) start() {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	r.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// pass lets time pass.
func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (r *rig) server(name string) *fleet.Server {
	for _, s := range r.View().Servers {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (r *rig) task(server, name string) *fleet.Task {
	if s := r.server(server); s != nil {
		for _, t := range s.Tasks {
			if t.Name == name {
				return t
			}
		}
	}
	return nil
}

// up returns the tasks whose details there are.
func (r *rig) up() (names []string) {
	for _, s := range r.View().Servers {
		for _, t := range s.Tasks {
			if t.Up == fleet.Yes && t.Details != nil {
				names = append(names, s.Name+"/"+t.Name)
			}
		}
	}
	return names
}

// logBook keeps what was logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// take returns the lines since the last call, each as "LEVEL message key=value ...".
func (b *logBook) take(keys ...string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []string
	for line := range strings.Lines(b.text.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			return []string{"not a log line: " + line}
		}
		short := fmt.Sprint(fields["level"], " ", fields["msg"])
		for _, key := range keys {
			if value, ok := fields[key]; ok {
				short += fmt.Sprintf(" %s=%v", key, value)
			}
		}
		lines = append(lines, short)
	}
	b.text.Reset()
	return lines
}

func simTask(name string, tags ...string) aemtest.Task {
	n, yes := aem.WholeOf, aem.BoolOf(true)
	return aemtest.Task{
		TaskDetails: aem.TaskDetails{
			Product: aem.Replicate, Type: "AemTaskInfoDetailed", Name: name, Tags: tags, Profile: "UNIDIRECTIONAL",
			Source: aem.TaskEndpoint{Name: "ORA", Type: "Oracle"}, Target: aem.TaskEndpoint{Name: "SF", Type: "Snowflake"},
			Options:   aem.TaskOptions{FullLoad: yes, ApplyChanges: yes},
			CDCEvents: aem.CDCEvents{Inserts: n(10), Updates: n(20), Deletes: n(30), DDL: n(40)},
			Latency:   aem.Latency{Total: aem.DurationOf(5 * time.Second)}, MemoryMB: n(100), CPU: n(12),
		},
		Tables: []aem.TableStatus{
			{Schema: "S", Name: "one", State: aem.TableChangeProcessing, CDC: aem.TableCDC{Inserts: n(1)}},
			{Schema: "S", Name: "two", State: aem.TableError, DataErrors: n(3)},
		},
	}
}

func simServer(name string, tasks ...aemtest.Task) aemtest.ServerState {
	n, count := aem.WholeOf, aem.WholeOf(int64(len(tasks)))
	return aemtest.ServerState{Tasks: tasks, ServerDetails: aem.ServerDetails{
		Name: name, Host: name + ".example.net", Port: "443", Platform: aem.PlatformLinux, Version: "2025.5",
		License:     aem.License{State: aem.LicenseValid, Issued: time.Unix(1e9, 0), Expires: time.Unix(2e9, 0)},
		TaskSummary: aem.TaskSummary{Total: count, Running: count},
		Utilization: aem.Utilization{DiskMB: n(1), MemoryMB: n(2), ReplicateCPU: n(3), MachineCPU: n(4)},
	}}
}

// emptySim has no server yet; its values stand still.
func emptySim() *aemtest.Simulator {
	now := time.Now()
	return aemtest.New(aemtest.Options{Servers: -1, ComposeServers: -1, Clock: func() time.Time { return now }})
}

// smallFleet has two healthy servers, a Compose server, one that is not monitored and
// one in error.
func smallFleet() *aemtest.Simulator {
	sim := emptySim()
	sim.AddServer(simServer("alpha", simTask("a1", "gold"), simTask("a2"), simTask("a3")))
	sim.AddServer(simServer("beta", simTask("b1")))
	compose := simServer("gamma", aemtest.Task{TaskDetails: aem.TaskDetails{
		Product: aem.Compose, Type: "AemComposeDWTaskInfoDetailed", Name: "load__DW", Project: "DW",
		Loading: aem.Loading{TablesTotal: aem.WholeOf(7), CommandsTotal: aem.WholeOf(9)},
	}})
	compose.Product = aem.Compose
	sim.AddServer(compose)
	idle := simServer("delta", simTask("d1"))
	idle.State = aem.ServerNotMonitored
	sim.AddServer(idle)
	broken := simServer("epsilon", simTask("e1"))
	broken.State, broken.Message = aem.ServerError, "REPSRVNFND, not found"
	sim.AddServer(broken)
	return sim
}

func anchored(expressions ...string) []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, e := range expressions {
		list = append(list, regexp.MustCompile("^(?:"+e+")$"))
	}
	return list
}
