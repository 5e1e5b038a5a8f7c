package poll

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// rig is a simulated Enterprise Manager with a poller in front of it.
type rig struct {
	*Poller
	sim *aemtest.Simulator
	log *logBook
}

// newRig joins a poller to a simulator without a socket, so that it works in fake time.
func newRig(t testing.TB, sim *aemtest.Simulator, o Options, clientOptions ...aem.Option) *rig {
	t.Helper()
	client, err := aem.New("https://qem.example.com", aem.APIToken(aemtest.DefaultAPIToken),
		append([]aem.Option{aem.WithTransport(sim.Transport())}, clientOptions...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sim.ClearFaults()
		if err := client.Close(context.Background()); err != nil {
			t.Error(err)
		}
		sim.Close()
	})
	book := &logBook{}
	o.Manager, o.Logger = "prod", slog.New(slog.NewJSONHandler(book, nil))
	return &rig{New(client, o), sim, book}
}

// poll polls once.
func (r *rig) poll(t testing.TB) *fleet.Manager {
	t.Helper()
	return r.Poll(t.Context())
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
	return aemtest.Task{
		Product: aemtest.Replicate, Type: "AemTaskInfoDetailed", Name: name, State: aemtest.Running, StopReason: "NONE",
		Source: aemtest.Endpoint{Name: "ORA", Type: "Oracle"}, Target: aemtest.Endpoint{Name: "SF", Type: "Snowflake"},
		Tags: tags, ApplyChanges: true, FullLoadEnabled: true, Profile: "UNIDIRECTIONAL",
		CDC: aemtest.CDC{Inserts: 10, Updates: 20, Deletes: 30, DDL: 40}, TotalLatency: 5 * time.Second, MemoryMB: 100, CPU: 12,
		Tables: []aemtest.Table{
			{Schema: "S", Name: "one", State: aemtest.TableChangeProcessing, Changes: aemtest.CDC{Inserts: 1}},
			{Schema: "S", Name: "two", State: aemtest.TableError, DataErrors: 3},
		},
	}
}

func simServer(name string, tasks ...aemtest.Task) aemtest.ServerState {
	return aemtest.ServerState{
		Product: aemtest.Replicate, Name: name, Host: name + ".example.net", Port: "443", Platform: "LINUX", Version: "2025.5",
		State: aemtest.Monitored, Tasks: tasks,
		License:     aemtest.License{State: aemtest.LicenseValid, Issued: time.Unix(1e9, 0), Expires: time.Unix(2e9, 0), Days: 30},
		Summary:     aemtest.TaskSummary{Total: int64(len(tasks)), Running: int64(len(tasks))},
		Utilization: aemtest.Utilization{DiskMB: 1, MemoryMB: 2, ReplicateCPU: 3, MachineCPU: 4},
	}
}

// smallFleet has two healthy servers, a Compose server, one that is not monitored and
// one in error.
func smallFleet() *aemtest.Simulator {
	now := time.Now()
	sim := aemtest.New(aemtest.Options{Servers: -1, ComposeServers: -1, Clock: func() time.Time { return now }})
	sim.AddServer(simServer("alpha", simTask("a1", "gold"), simTask("a2"), simTask("a3")))
	sim.AddServer(simServer("beta", simTask("b1")))
	compose := simServer("gamma", aemtest.Task{
		Product: aemtest.Compose, Type: "AemComposeDWTaskInfoDetailed", Name: "load__DW", Project: "DW",
		State: aemtest.Running, StopReason: "NONE", Loading: aemtest.Loading{TablesTotal: 7, CommandsTotal: 9},
	})
	compose.Product = aemtest.Compose
	sim.AddServer(compose)
	idle := simServer("delta", simTask("d1"))
	idle.State = aemtest.NotMonitored
	sim.AddServer(idle)
	broken := simServer("epsilon", simTask("e1"))
	broken.State, broken.Message = aemtest.ServerError, "REPSRVNFND, not found"
	sim.AddServer(broken)
	return sim
}

// diff compares snapshots without when they were made and how they fared.
func diff(want, got *fleet.Manager) string {
	return cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(fleet.Manager{}, "Started", "Ended", "Duration", "Result", "Problems", "ProblemCount"))
}

// clone copies a snapshot so deep that a test may take parts away.
func clone(m *fleet.Manager) *fleet.Manager {
	c := *m
	c.Servers = slices.Clone(m.Servers)
	for i := range c.Servers {
		c.Servers[i].Tasks = slices.Clone(c.Servers[i].Tasks)
	}
	return &c
}

func serverOf(m *fleet.Manager, name string) *fleet.Server {
	for i := range m.Servers {
		if m.Servers[i].Name == name {
			return &m.Servers[i]
		}
	}
	return nil
}

func taskOf(m *fleet.Manager, serverName, name string) *fleet.Task {
	if s := serverOf(m, serverName); s != nil {
		for i := range s.Tasks {
			if s.Tasks[i].Name == name {
				return &s.Tasks[i]
			}
		}
	}
	return nil
}

// loseDetails takes from a server what only its details tell.
func loseDetails(s *fleet.Server) {
	nan := math.NaN()
	s.Up = fleet.No
	s.License = fleet.License{Issued: nan, Expires: nan, DaysToExpiration: nan}
	s.TaskSummary = fleet.TaskSummary{Running: nan, Stopped: nan, Recovering: nan, Error: nan}
	s.DiskBytes, s.MemoryBytes, s.ReplicateCPU, s.MachineCPU = nan, nan, nan, nan
}

func taskNames(m *fleet.Manager) (names []string) {
	for _, s := range m.Servers {
		for _, t := range s.Tasks {
			names = append(names, s.Name+"/"+t.Name)
		}
	}
	return names
}

func problems(m *fleet.Manager) (list []string) {
	for _, p := range m.Problems {
		list = append(list, strings.TrimRight(p.Server+"/"+p.Task, "/")+" "+p.Operation+" "+p.Reason)
	}
	return list
}
