//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// polling is one exporter that has polled one Enterprise Manager, once.
type polling struct {
	name     string
	shape    aemtest.Shape
	tls      bool
	auth     string
	mode     string
	limit    int
	byServer []objective

	sim      *aemtest.Server
	exporter *exporter
}

func pollings() []*polling {
	objectives := []objective{
		{server: "repl-prod-.*", task: ".*_(SALES|ORDERS|HR)", text: "7m30s", seconds: 450},
		{server: "odd/.*", text: "20s", seconds: 20},
	}
	withDefault := append(slices.Clone(objectives), objective{text: "1h", seconds: 3600})
	return []*polling{
		{name: "realworld-http", shape: aemtest.RealWorld, mode: "all", auth: byPassword, byServer: withDefault},
		{name: "realworld-tls", shape: aemtest.RealWorld, tls: true, mode: "all", auth: byToken, byServer: objectives},
		{name: "guide-http", shape: aemtest.Guide, mode: "all", auth: byJWT, byServer: withDefault},
		{name: "guide-tls", shape: aemtest.Guide, tls: true, mode: "all", auth: byPassword, byServer: objectives},
		{name: "legacy-http", shape: aemtest.Legacy, mode: "all", auth: byToken, byServer: withDefault},
		{name: "legacy-tls", shape: aemtest.Legacy, tls: true, mode: "all", auth: byJWT},
		{name: "errors", mode: "errors", auth: byPassword},
		{name: "summary", mode: "summary", auth: byPassword},
		{name: "off", mode: "off", auth: byPassword},
		{name: "troubled", mode: "all", limit: 7, auth: byPassword},
	}
}

// TestExactness compares what Prometheus has, for every spelling of the API and over
// HTTP and TLS, with what the contract says of the simulated Enterprise Manager.
func TestExactness(t *testing.T) {
	list := pollings()
	now := time.Now().Truncate(time.Second)
	targets := make([]string, len(list))
	for i, p := range list {
		p.start(t, uint64(i+1), now)
	}
	for i, p := range list {
		p.exporter.awaitReady()
		targets[i] = p.exporter.address
	}
	prometheus := startPrometheus(t, targets)
	eventually(t, "Prometheus has scraped every exporter", func() bool {
		return prometheus.is("count(up == 1)", float64(len(list)))
	})
	seen := map[string]bool{}
	for _, p := range list {
		t.Run(p.name, func(t *testing.T) {
			got := prometheus.query(fmt.Sprintf(`{__name__=~"qem_.+", instance=%q}`, p.exporter.address))
			for key := range got {
				seen[familyOf(seriesName(key))] = true
			}
			if p.name == "troubled" {
				p.checkTrouble(t, got)
				return
			}
			p.checkEntities(t, got)
			p.checkSelf(t, got)
		})
	}
	t.Run("families", func(t *testing.T) { checkFamilies(t, seen, prometheus.metadata()) })
}

func (p *polling) start(t *testing.T, seed uint64, now time.Time) {
	t.Helper()
	p.sim = simulate(t, aemtest.Options{
		Seed: seed, Servers: 8, ComposeServers: 2, TasksPerServer: 6, TablesPerTask: 4, OddNames: true,
		Shape: p.shape, Start: now.Add(-130 * time.Second), Clock: frozen(now),
	}, p.tls)
	addPeculiar(p.sim, now)
	lines := []string{polledOnce, p.auth}
	if p.limit > 0 {
		lines = append(lines, fmt.Sprintf("tables: {mode: %q, limit: %d}", p.mode, p.limit))
	} else {
		lines = append(lines, fmt.Sprintf("tables: {mode: %q}", p.mode))
	}
	if p.tls {
		lines = append(lines, "tls_config: {ca_file: "+write(t, "ca.pem", string(p.sim.CertPEM()))+"}")
	}
	if len(p.byServer) > 0 {
		lines = append(lines, "objectives:")
	}
	for _, o := range p.byServer {
		line := "  - {latency: " + o.text
		if o.server != "" {
			line += ", server: " + strconv.Quote(o.server)
		}
		if o.task != "" {
			line += ", task: " + strconv.Quote(o.task)
		}
		lines = append(lines, line+"}")
	}
	if p.name == "troubled" {
		p.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Kind: aemtest.FaultStatus, Times: 1})
		p.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Task: "broken", Kind: aemtest.FaultAPIError, Code: "AEM_TASK_DETAILS_INNER_ERR", Message: "no luck"})
	}
	p.exporter = startExporter(t, write(t, "qem.yml", config(p.name, p.sim.URL, lines...)))
}

// addPeculiar adds a server for each state of a licence, and tasks and tables in
// states that nobody knows or with values that a generated fleet does not have.
func addPeculiar(sim *aemtest.Server, now time.Time) {
	for _, state := range []string{
		"INVALID_LICENSE_CHECKSUM", "EXPIRED_LICENSE", "NO_LICENSE", "MACHINE_NOT_LICENSED", "INVALID_LICENSE", "LICENSE_ON_LOAN",
	} {
		day := now.UTC().Truncate(24 * time.Hour)
		sim.AddServer(aemtest.ServerState{
			Name:    "licence " + state,
			License: aemtest.License{State: state, Issued: day.AddDate(-1, 0, 0), Expires: day.AddDate(0, 0, -1)}, // -1 days
		})
	}
	sim.AddServer(aemtest.ServerState{Name: "in maintenance", State: aemtest.NotMonitored, Tasks: []aemtest.Task{{Name: "unseen"}}})
	day := now.UTC().Truncate(time.Second)
	sim.AddServer(aemtest.ServerState{Name: "peculiar", Tasks: []aemtest.Task{
		{Name: "broken"},
		{Name: "unknown state", State: "HIBERNATING", StopReason: "OUT_OF_COFFEE", ApplyChanges: true},
		{Name: "recovering", State: aemtest.Recovery, StopReason: "RECOVERABLE_ERROR", StoreChanges: true,
			SourceLatency: 49*time.Hour + 3*time.Second, TotalLatency: 50*time.Hour + 59*time.Second},
		{Name: "on hold", State: aemtest.Stopped, StopReason: "STOPPED_LOW_DISK_SPACE", ApplyChanges: true,
			SourceLatency: time.Minute, CDCThroughput: aemtest.Throughput{SourceRecords: 5, SourceVolume: 5, TargetRecords: 5, TargetVolume: 5}},
		{Name: "tables", State: aemtest.Running, FullLoadEnabled: true, Tables: []aemtest.Table{
			{Schema: "S", Name: "updated", State: aemtest.TableChangeProcessing, LastUpdate: day.Add(-time.Hour), Changes: aemtest.CDC{Inserts: 1 << 53}},
			{Schema: "S", Name: "loading", State: aemtest.TableLoading, Start: day.Add(-10 * time.Minute), EstimatedRows: 3000, TransferredRows: 1000, CachedInserts: 1, CachedUpdates: 2, CachedDeletes: 3},
			{Schema: "S", Name: "overdue", State: aemtest.TableLoading, Start: day.Add(-10 * time.Minute), EstimatedRows: 10, TransferredRows: 1000},
			{Schema: "S", Name: "just begun", State: aemtest.TableLoading, Start: day, EstimatedRows: 3000},
			{Schema: "S", Name: "failed", State: aemtest.TableError, DataErrors: 4},
			{Schema: "S", Name: "faulty", State: aemtest.TableCompleted, DataErrors: 1},
			{Schema: "S", Name: "new", State: "TABLE_SUSPENDED"},
		}},
	}})
}

func (p *polling) expectation() *expectation {
	return &expectation{
		manager: p.name, shape: p.shape, mode: p.mode, objectives: p.byServer,
		polled: [2]time.Time{p.exporter.begun, p.exporter.polled},
	}
}

// checkEntities compares all that is about servers, tasks and tables.
func (p *polling) checkEntities(t *testing.T, all map[string]float64) {
	want := p.expectation().expect(p.sim.State())
	var wrong []string
	for key, value := range all {
		if !about(key) {
			continue
		}
		expected, ok := want[key]
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("unexpected: %s %v", key, value))
		case value < expected.low-1e-5 || value > expected.high+1e-5, expected.low == expected.high && value != expected.low:
			wrong = append(wrong, fmt.Sprintf("wrong: %s %v, want %v", key, value, expected))
		}
	}
	for key, expected := range want {
		if _, ok := all[key]; !ok {
			wrong = append(wrong, fmt.Sprintf("missing: %s %v", key, expected))
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		t.Errorf("%d of %d samples differ:\n%s", len(wrong), len(want), strings.Join(wrong[:min(len(wrong), 30)], "\n"))
	}
	t.Logf("%d samples compared", len(want))
}

// checkFamilies looks at the contract's list: each family must have been seen, and
// have its type and a help text.
func checkFamilies(t *testing.T, seen map[string]bool, metadata map[string][]familyMeta) {
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if !seen[name] {
			t.Errorf("no exporter gave %s", name)
		}
		meta, ok := metadata[name]
		if !ok { // OpenMetrics takes the suffix as no part of a counter's name
			meta = metadata[strings.TrimSuffix(name, "_total")]
		}
		if len(meta) != 1 || meta[0].Type != families[name] || len(meta[0].Help) < 20 {
			t.Errorf("%s is %+v to Prometheus, want one description as a %s", name, meta, families[name])
		}
	}
}
