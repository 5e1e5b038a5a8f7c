package app

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll"
)

const (
	soakInterval  = 4 * time.Minute
	soakMaxAge    = 3 * soakInterval
	soakObjective = 7 * time.Minute
)

// week is an exporter without sockets that lives through a week in which everything
// goes wrong: faults, restarts of the Enterprise Manager, sessions that end, changes of
// the fleet and of the configuration. The simulated values move between polls only.
type week struct {
	t       *testing.T
	chance  *rand.Rand
	sim     *aemtest.Simulator
	coll    *collector.Collector
	handler http.Handler
	names   int

	mu       sync.Mutex
	earlier  []*aemtest.State // what was true during the poll under way, before the fleet changed
	accepted []*aemtest.State // what may be served of the last poll
	last     *fleet.Manager

	polls, partial, failed, compared, excused, wrong int
}

// TestSoak compares every sample of every scrape with what is true.
func TestSoak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeek(t)
		end := time.Now().Add(7 * 24 * time.Hour)
		var first, heap uint64
		most := 0
		for day := 1; time.Now().Before(end) && w.wrong < 5; day++ {
			w.live(min(24*time.Hour, time.Until(end)))
			w.quiet()
			most = max(most, runtime.NumGoroutine())
			if heap = heapInUse(); day == 1 {
				first = heap
			}
			if n := w.sim.ActiveSessions(); n > 3 {
				t.Errorf("day %d: %d sessions", day, n)
			}
		}
		w.settle()
		t.Logf("%d polls, %d partial, %d failed; %d samples compared, %d absent with a reason; %d logins; heap %d KiB after a day, %d KiB after a week",
			w.polls, w.partial, w.failed, w.compared, w.excused, w.sim.Logins(), first>>10, heap>>10)
		if w.polls < 2400 || w.partial < 100 || w.failed < 50 || w.excused > w.compared {
			t.Error("that was not the week it should have been")
		}
		if most > 60 {
			t.Errorf("up to %d goroutines between polls", most)
		}
		if heap > first+first/2+8<<20 {
			t.Errorf("the heap grew from %d KiB to %d KiB", first>>10, heap>>10)
		}
	})
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func newWeek(t *testing.T) *week {
	w := &week{t: t, chance: rand.New(rand.NewPCG(5, 2026))}
	w.sim = aemtest.New(aemtest.Options{
		Seed: 5, Servers: 3, TasksPerServer: 3, TablesPerTask: 2, Incidents: true,
		Clock: func() time.Time { return time.Now().Truncate(soakInterval) },
	})
	t.Cleanup(w.sim.Close)
	own := prometheus.NewRegistry()
	w.coll = collector.New(collector.Options{Registerer: own, Logger: slog.New(slog.DiscardHandler)})
	w.coll.AddManager("prod", soakMaxAge)
	w.handler = exposition.NewHandler(exposition.HandlerOptions{Own: own, Snapshot: w.coll.Current, Registerer: own})
	time.Sleep(time.Until(time.Now().Truncate(soakInterval).Add(soakInterval + time.Second))) // fake time
	return w
}

// live is a part of the week with one configuration after the other.
func (w *week) live(span time.Duration) {
	end := time.Now().Add(span)
	for time.Now().Before(end) && w.wrong < 5 {
		ctx, cancel := context.WithTimeout(w.t.Context(), min(time.Duration(1+w.chance.IntN(12))*time.Hour, time.Until(end)))
		client := w.client()
		poller := poll.New(client, poll.Options{
			Manager: "prod", Interval: soakInterval, Concurrency: 1 + w.chance.IntN(8),
			Tables:     poll.TableOptions{Mode: poll.All},
			Objectives: []poll.Objective{{Objective: soakObjective}},
			Publish:    w.publish,
			Jitter:     func(d time.Duration) time.Duration { return d },
		})
		var busy sync.WaitGroup
		busy.Go(func() { poller.Run(ctx) })
		seed := w.chance.Uint64()
		busy.Go(func() { w.disturb(ctx, rand.New(rand.NewPCG(seed, 1))) })
		busy.Go(func() { w.scrapeAll(ctx, rand.New(rand.NewPCG(seed, 2))) })
		busy.Wait()
		cancel()
		w.sim.ClearFaults()
		before := w.sim.ActiveSessions() // its own, unless that has ended
		if err := client.Close(w.t.Context()); err != nil {
			w.t.Errorf("logout: %v", err)
		}
		if after := w.sim.ActiveSessions(); after >= max(1, before) {
			w.t.Errorf("%d sessions before a logout, %d after it", before, after)
		}
		// The next configuration begins with the next interval.
		time.Sleep(time.Until(time.Now().Truncate(soakInterval).Add(soakInterval + time.Second))) // fake time
	}
}

func (w *week) client() *aem.Client {
	client, err := aem.New("https://qem.example.com", aem.APIToken(aemtest.DefaultAPIToken),
		aem.WithTransport(w.sim.Transport()), aem.WithObserver(w.coll.Observer("prod")),
		aem.WithTimeout(5*time.Second), aem.WithRetries(w.chance.IntN(3)), aem.WithMaxResponseBytes(64<<10))
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// publish notes what is true at the instant of the poll.
func (w *week) publish(m *fleet.Manager) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.Ended.Sub(m.Started) > soakInterval-2*time.Second {
		w.t.Errorf("a poll took %s", m.Duration)
	}
	w.accepted = append(w.earlier, w.sim.State())
	w.earlier, w.last = nil, m
	w.polls++
	switch m.Result {
	case fleet.Partial:
		w.partial++
	case fleet.Failure:
		w.failed++
	}
	w.coll.Publish(m)
}

// change changes the fleet.
func (w *week) change(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil || w.last.Started.Before(time.Now().Truncate(soakInterval)) { // a poll is under way
		w.earlier = append(w.earlier, w.sim.State())
	}
	change()
}

// disturb lets something happen every few minutes.
func (w *week) disturb(ctx context.Context, r *rand.Rand) {
	for sleep(ctx, time.Duration(r.Int64N(int64(12*time.Minute)))) {
		if r.IntN(2) == 0 { // while a poll is under way
			sleep(ctx, time.Until(time.Now().Truncate(soakInterval).Add(soakInterval+time.Second)))
			w.sim.SetLatency(time.Duration(r.IntN(40)) * time.Millisecond)
			sleep(ctx, time.Duration(r.IntN(2000))*time.Millisecond)
		}
		switch r.IntN(8) {
		case 0:
			w.sim.ExpireSessions()
		case 1: // the Enterprise Manager is restarted
			w.sim.ExpireSessions()
			down := w.sim.AddFault(aemtest.Fault{Kind: aemtest.FaultReset})
			sleep(ctx, time.Duration(r.IntN(20))*time.Minute)
			down.Remove()
		case 2:
			w.change(func() { w.changeFleet(r) })
		default:
			w.breakSomething(ctx, r)
		}
	}
}

func (w *week) breakSomething(ctx context.Context, r *rand.Rand) {
	kinds := []aemtest.Fault{
		{Kind: aemtest.FaultHang}, {Kind: aemtest.FaultReset}, {Kind: aemtest.FaultTruncate}, {Kind: aemtest.FaultBrokenJSON},
		{Kind: aemtest.FaultHTML}, {Kind: aemtest.FaultEmpty}, {Kind: aemtest.FaultNull}, {Kind: aemtest.FaultWrongType},
		{Kind: aemtest.FaultStatus, Status: 404}, {Kind: aemtest.FaultStatus, Status: 500}, {Kind: aemtest.FaultStatus, RetryAfter: 2 * time.Second},
		{Kind: aemtest.FaultAPIError}, {Kind: aemtest.FaultAPIError, Status: 200}, {Kind: aemtest.FaultLatency, Latency: time.Second},
		{Kind: aemtest.FaultOversized, Bytes: 100 << 10}, {Kind: aemtest.FaultExpiredSession}, {Kind: aemtest.FaultSlow},
	}
	f := kinds[r.IntN(len(kinds))]
	f.Operation = operations[r.IntN(len(operations))]
	state := w.sim.State()
	if server := state.Servers[r.IntN(len(state.Servers))]; r.IntN(3) > 0 && strings.HasPrefix(f.Operation, "GetT") {
		f.Server = server.Name
		if n := len(server.Tasks); n > 0 && f.Operation != "GetTaskList" {
			f.Task = server.Tasks[r.IntN(n)].Name
		}
	}
	if f.Operation == "Login" {
		w.sim.ExpireSessions()
		if f.Kind == aemtest.FaultExpiredSession {
			return // which would be a refusal
		}
	}
	if f.Times = r.IntN(4); f.Times == 0 || r.IntN(2) == 0 {
		handle := w.sim.AddFault(f)
		sleep(ctx, time.Duration(r.IntN(15))*time.Minute)
		handle.Remove()
		return
	}
	w.sim.AddFault(f)
}

// changeFleet adds, removes or renames something; there are never many of anything.
func (w *week) changeFleet(r *rand.Rand) {
	w.names++
	name := fmt.Sprintf("new %q \\%d/ü", "n", w.names)
	servers := w.sim.State().Servers
	server := servers[r.IntN(len(servers))]
	task := ""
	if len(server.Tasks) > 0 {
		task = server.Tasks[r.IntN(len(server.Tasks))].Name
	}
	var err error
	switch r.IntN(5) {
	case 0:
		if len(servers) < 7 {
			w.sim.AddServer(aemtest.ServerState{Name: name, Tasks: []aemtest.Task{{Name: "only", ApplyChanges: true, TotalLatency: time.Minute}}})
		}
	case 1:
		if len(servers) > 3 {
			err = w.sim.RemoveServer(server.Name)
		}
	case 2:
		if len(server.Tasks) < 6 {
			err = w.sim.AddTask(server.Name, aemtest.Task{Name: name, Product: server.Product, Tags: []string{"latency_objective=90s", name}})
		}
	case 3:
		if len(server.Tasks) > 1 {
			err = w.sim.RemoveTask(server.Name, task)
		}
	default:
		if task != "" {
			err = w.sim.RenameTask(server.Name, task, name)
		}
	}
	if err != nil {
		w.t.Error(err)
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

func (w *week) scrapeAll(ctx context.Context, r *rand.Rand) {
	for sleep(ctx, soakInterval/2+time.Duration(r.Int64N(int64(3*soakInterval)))) {
		w.mu.Lock()
		w.check(w.get(r.IntN(4) == 0))
		w.mu.Unlock()
	}
}

// get scrapes.
func (w *week) get(compressed bool) samples {
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	if compressed {
		request.Header.Set("Accept-Encoding", "gzip")
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		w.t.Errorf("a scrape has status %d", answer.Code)
	}
	var body io.Reader = answer.Body
	if compressed {
		plain, err := gzip.NewReader(body)
		if err != nil {
			w.t.Fatal(err)
		}
		body = plain
	}
	text, err := io.ReadAll(body)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := parse(string(text))
	if err != nil {
		w.t.Error(err)
	}
	return all
}

// check compares a scrape with what was true at the instant of the last poll.
func (w *week) check(scrape samples) {
	have := scrape.entities()
	if w.last == nil || w.last.Result == fleet.Failure || time.Since(w.last.Ended) > soakMaxAge {
		if len(have) > 0 {
			w.t.Errorf("%d samples of a poll that failed or is too old", len(have))
		}
		return
	}
	w.compared += len(have)
	var accepted []samples
	for _, state := range w.accepted {
		accepted = append(accepted, expected(state, soakObjective))
	}
	var wrong []string
	for key, value := range have {
		isTrue := func(s samples) bool {
			v, ok := s[key]
			return ok && (v == value || value == 0 && strings.Contains(key, "_up{"))
		}
		if !slices.ContainsFunc(accepted, isTrue) {
			wrong = append(wrong, fmt.Sprintf("%s %v", key, value))
		}
		if value == 0 && strings.Contains(key, "_up{") && accepted[0][key] != 0 && !w.excuse(key) {
			wrong = append(wrong, key+" without a reason")
		}
	}
	for key, value := range accepted[0] {
		if _, ok := have[key]; ok {
			continue
		}
		w.excused++
		always := func(s samples) bool { _, ok := s[key]; return ok }
		if !w.excuse(key) && !slices.ContainsFunc(accepted, func(s samples) bool { return !always(s) }) {
			wrong = append(wrong, fmt.Sprintf("%s %v is missing", key, value))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		w.wrong++
		w.t.Errorf("poll %d, %s, problems %+v: %d samples are wrong:\n%s", w.polls, w.last.Result, w.last.Problems, len(wrong), strings.Join(wrong[:min(9, len(wrong))], "\n"))
	}
}

// excuse reports whether the poll tells why a sample may be absent.
func (w *week) excuse(key string) bool {
	isTask := strings.Contains(key, `,task="`)
	for _, p := range w.last.Problems {
		server, task := strings.Contains(key, `,server="`+escape(p.Server)+`"`), strings.Contains(key, `,task="`+escape(p.Task)+`"`)
		if strings.HasPrefix(key, "qem_server_info{") {
			server = false // it comes from the list
		}
		switch {
		case p.Server == "":
			return true // the rest of the poll was given up
		case !server:
		case strings.HasPrefix(p.Message, "gave up"):
			return true
		case p.Operation == "GetServerDetails" && !isTask, p.Operation == "GetTaskList":
			return true
		case task && p.Operation == "GetTaskDetails" && !strings.HasPrefix(key, "qem_table"),
			task && p.Operation == "GetTableStatuses" && (strings.HasPrefix(key, "qem_table_") || strings.HasPrefix(key, "qem_task_tables")):
			return true
		}
	}
	return false
}

// quiet waits until nothing is under way.
func (w *week) quiet() {
	w.sim.ClearFaults()
	synctest.Wait()
}

// settle proves that all is well again when nothing goes wrong any more.
func (w *week) settle() {
	w.sim.SetLatency(0)
	client := w.client()
	m := poll.New(client, poll.Options{
		Manager: "prod", Tables: poll.TableOptions{Mode: poll.All}, Objectives: []poll.Objective{{Objective: soakObjective}},
	}).Poll(w.t.Context())
	w.publish(m)
	compare(w.t, "in the end", expected(w.accepted[0], soakObjective).entities(), w.get(false).entities())
	if err := client.Close(w.t.Context()); err != nil {
		w.t.Error(err)
	}
	time.Sleep(6 * time.Minute) // fake time: sessions that faults left behind end
	if n := w.sim.ActiveSessions(); n != 0 {
		w.t.Errorf("%d sessions in the end", n)
	}
}
