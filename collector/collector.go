// Package collector turns what pollers see into samples. It is the one place that knows the name of
// a metric: a table of families stands in a file for each kind of entity (manager.go, server.go,
// task*.go, table.go, endpoint.go), and a family is one row of it. The metrics reference,
// docs/metrics.md, and the contract, testdata/contract.txt, are made of the same tables.
//
// A Manager is the handle of one Enterprise Manager. What is published through it becomes samples
// when a scrape comes: of each server that has changed, and of no other.
package collector

//go:generate go test . -run ^Test(Contract|Docs|Golden)$ -update

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Options are what a Collector works with.
type Options struct {
	Registerer prometheus.Registerer // gets the metrics of the API's calls and of the build
	// ErrorCodes are those that the API's documents know; of others there are only so many series.
	ErrorCodes         []string
	Shard, TotalShards int
	LogLinesDropped    func() uint64 // nil: none ever
}

// Collector holds the samples of every Enterprise Manager. It is safe for concurrent use: whoever
// publishes never waits for a scrape, and a scrape that changes nothing takes no lock.
type Collector struct {
	options     Options
	errors      []string // kinds and codes that are known
	kind        *kind[exporterState]
	managerKind *kind[managerState]
	kinds       []serverKind
	reload      atomic.Pointer[reload]

	changing sync.Mutex                 // held while managers changes
	managers atomic.Pointer[[]*Manager] // by name; replaced, never changed

	version atomic.Uint64 // counts what was published
	hurry   atomic.Bool   // something was published that must not wait
	merging sync.Mutex    // held while merged changes
	merged  atomic.Pointer[merged]
}

// reload is how loading the configuration ended.
type reload struct {
	OK   fleet.Flag
	Last time.Time // when it was last successful
}

// New returns a Collector without managers and registers its metrics. It panics if they are
// registered already.
func New(o Options) *Collector {
	c := &Collector{options: o, kind: exporterKind(), managerKind: managerKind(), kinds: serverKinds(), errors: append(
		[]string{"timeout", "connection", "tls", "decode", "too_large", "value", "wrong_object"}, o.ErrorCodes...)}
	o.Registerer.MustRegister(versioncollector.NewCollector("qem_exporter"))
	c.reload.Store(&reload{})
	c.managers.Store(&[]*Manager{})
	c.merged.Store(&merged{snapshot: exposition.NewSnapshot(nil)})
	return c
}

// ConfigReloaded notes how loading the configuration ended, at the start and at
// every reload.
func (c *Collector) ConfigReloaded(ok bool, at time.Time) {
	r := *c.reload.Load()
	if r.OK = fleet.FlagOf(ok); ok {
		r.Last = at
	}
	c.reload.Store(&r)
}

// replace changes the list of managers.
func (c *Collector) replace(change func([]*Manager) []*Manager) {
	c.changing.Lock()
	defer c.changing.Unlock()
	managers := change(slices.Clone(*c.managers.Load()))
	slices.SortFunc(managers, func(a, b *Manager) int { return strings.Compare(a.name, b.name) })
	c.managers.Store(&managers)
	c.hurry.Store(true)
	c.version.Add(1)
}

func exporterKind() *kind[exporterState] {
	return newKind(scopeExporter, "", nil, nil, exporterFamilies())
}

func managerKind() *kind[managerState] {
	return newKind(scopeManager, "manager", nil, nil, managerFamilies())
}

// exporterState is what is known of the exporter itself at an instant.
type exporterState struct {
	Shard, TotalShards string
	LinesDropped       uint64
	Reload             reload
}

func (c *Collector) state() *exporterState {
	s := &exporterState{strconv.Itoa(c.options.Shard), strconv.Itoa(c.options.TotalShards), 0, *c.reload.Load()}
	if c.options.LogLinesDropped != nil {
		s.LinesDropped = c.options.LogLinesDropped()
	}
	return s
}

func exporterFamilies() []family[exporterState] {
	c := entity[exporterState]{}
	return []family[exporterState]{
		gauge("qem_exporter_shard_info", c.describe("shard=Shard total_shards=TotalShards"),
			"Which shard of how many this exporter is, as labels; always 1. Never absent.", "the command line"),
		counter("qem_exporter_log_lines_dropped_total", c.field("LinesDropped"),
			"Lines of the log that were dropped because whoever reads it did not keep up. Never absent.", "the exporter"),
		gauge("qem_exporter_config_last_reload_successful", c.field("Reload.OK"),
			"Whether the configuration could be loaded the last time: 1 if so, else 0. Absent until it was loaded.",
			"the configuration"),
		gauge("qem_exporter_config_last_reload_success_timestamp_seconds", c.field("Reload.Last"),
			"When the configuration was last loaded successfully, in Unix seconds. Absent until it was.",
			"the configuration"),
	}
}
