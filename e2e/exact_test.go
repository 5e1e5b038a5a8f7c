//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// polling is one exporter that has polled one Enterprise Manager, once.
type polling struct {
	name   string
	shape  aemtest.Shape
	tls    bool
	auth   string
	mode   string
	limit  int
	expect []testkit.Expect

	sim      *aemtest.Server
	exporter *exporter
}

func pollings() []*polling {
	some := []testkit.Expect{
		{Server: "repl-prod-.*", Task: ".*_(SALES|ORDERS|HR)", Latency: 450 * time.Second, Running: true},
		{Server: "odd/.*", Latency: 20 * time.Second, Priority: "none"},
		{Tag: "prod.*", FullLoad: 4 * time.Hour, Priority: "ticket"},
	}
	all := append(slices.Clone(some), testkit.Expect{Latency: time.Hour, FullLoad: 12 * time.Hour, Priority: "page"})
	return []*polling{
		{name: "realworld-http", shape: aemtest.RealWorld, mode: "all", auth: byPassword, expect: all},
		{name: "realworld-tls", shape: aemtest.RealWorld, tls: true, mode: "all", auth: byToken, expect: some},
		{name: "guide-http", shape: aemtest.Guide, mode: "all", auth: byJWT, expect: all},
		{name: "guide-tls", shape: aemtest.Guide, tls: true, mode: "all", auth: byPassword, expect: some},
		{name: "legacy-http", shape: aemtest.Legacy, mode: "all", auth: byToken, expect: all},
		{name: "legacy-tls", shape: aemtest.Legacy, tls: true, mode: "all", auth: byJWT},
		{name: "errors", mode: "errors", auth: byPassword},
		{name: "summary", mode: "summary", auth: byPassword},
		{name: "off", mode: "off", auth: byPassword},
		{name: "optional", mode: "off", auth: byPassword},
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
	prometheus := process.StartPrometheus(t, targets, "")
	eventually(t, "Prometheus has scraped every exporter", func() bool {
		return prometheus.Is("count(up == 1)", float64(len(list)))
	})
	seen := map[string]bool{}
	for _, p := range list {
		t.Run(p.name, func(t *testing.T) {
			served := func() testkit.Samples {
				return prometheus.Query(fmt.Sprintf(`{__name__=~"qem_.+", instance=%q}`, p.exporter.address))
			}
			got := served()
			switch p.name {
			case "troubled":
				p.checkTrouble(t, got)
			case "optional": // its endpoints are tested one after the other
				process.Within(process.Patience, func() bool {
					got = served()
					return len(p.oracle().Compare(p.sim.State(), got)) == 0
				})
				p.checkEntities(t, got)
			default:
				p.checkEntities(t, got)
				p.checkSelf(t, got)
			}
			for key := range got {
				seen[familyOf(testkit.NameOf(key))] = true
			}
		})
	}
	t.Run("families", func(t *testing.T) { checkFamilies(t, seen, prometheus) })
	t.Run("conventions", func(t *testing.T) {
		check := process.Command(nil, process.Find(t, "promtool"), "check", "metrics")
		_, body := list[0].exporter.get("/metrics", nil)
		check.Stdin = bytes.NewReader(body)
		if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("promtool says\n%s%v", out, err)
		}
	})
}

func (p *polling) start(t *testing.T, seed uint64, now time.Time) {
	t.Helper()
	user := account()
	user.Role = map[bool]aemtest.Role{false: aemtest.Viewer, true: aemtest.Operator}[p.name == "optional"]
	p.sim = simulate(t, aemtest.Options{
		Users: []aemtest.User{user},
		Seed:  seed, Servers: 8, ComposeServers: 2, TasksPerServer: 6, TablesPerTask: 4, OddNames: true,
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
	lines = append(lines, "server_limits: [{memory: 64GiB, disk: 500GiB}]")
	if len(p.expect) > 0 {
		lines = append(lines, "objectives:")
	}
	for _, x := range p.expect {
		lines = append(lines, "  - "+objective(x))
	}
	if p.name == "optional" {
		lines = append(lines, "collectors: {endpoints: true, acls: {interval: 1h}, retention_barriers: {interval: 1h}, "+
			"endpoint_tests: {interval: 10s}}")
	}
	if p.name == "troubled" {
		p.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Task: "on hold", Kind: aemtest.FaultStatus, Times: 1})
		p.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Task: "broken", Kind: aemtest.FaultAPIError,
			Code: "AEM_TASK_DETAILS_INNER_ERR", Message: "no luck"})
	}
	p.exporter = startExporter(t, write(t, "qem.yml", config(p.name, p.sim.URL, lines...)))
}

// addPeculiar adds a server for each state of a licence, and tasks and tables in
// states that nobody knows or with values that a generated fleet does not have.
func addPeculiar(sim *aemtest.Server, now time.Time) {
	n, applies := aem.WholeOf, aem.TaskOptions{ApplyChanges: aem.BoolOf(true)}
	add := func(v aem.ServerDetails, tasks ...aemtest.Task) {
		sim.AddServer(aemtest.ServerState{ServerDetails: v, Tasks: tasks})
	}
	task := func(v aem.TaskDetails, tables ...aem.TableStatus) aemtest.Task {
		return aemtest.Task{TaskDetails: v, Tables: tables}
	}
	for _, state := range append(aem.LicenseState("").Spellings()[1:], "LICENSE_ON_LOAN") {
		name, _, _ := strings.Cut(string(state), "|")
		day := now.UTC().Truncate(24 * time.Hour)
		add(aem.ServerDetails{
			Name: "licence " + name,
			License: aem.License{
				State: aem.LicenseState(name), Issued: day.AddDate(-1, 0, 0), Expires: day.AddDate(0, 0, -1), // -1 days
			},
		})
	}
	add(aem.ServerDetails{Name: "in maintenance", State: aem.ServerNotMonitored}, task(aem.TaskDetails{Name: "unseen"}))
	day := now.UTC().Truncate(time.Second)
	ago := day.Add(-10 * time.Minute)
	add(aem.ServerDetails{Name: "peculiar"},
		task(aem.TaskDetails{Name: "broken"}),
		task(aem.TaskDetails{Name: "unknown state", State: "HIBERNATING", StopReason: "OUT_OF_COFFEE", Options: applies}),
		task(aem.TaskDetails{
			Name: "recovering", State: aem.TaskRecovering, StopReason: aem.StopRecoverableError,
			Options: aem.TaskOptions{StoreChanges: aem.BoolOf(true)},
			Latency: aem.Latency{
				Source: aem.DurationOf(49*time.Hour + 3*time.Second), Total: aem.DurationOf(50*time.Hour + 59*time.Second),
			},
		}),
		task(aem.TaskDetails{
			Name: "on hold", State: aem.TaskStopped, StopReason: aem.StopLowDiskSpace, Options: applies,
			Latency:       aem.Latency{Source: aem.DurationOf(time.Minute)},
			CDCThroughput: aem.Throughput{SourceRecords: n(5), SourceVolume: n(5), TargetRecords: n(5), TargetVolume: n(5)},
		}),
		task(aem.TaskDetails{Name: "tables", Options: aem.TaskOptions{FullLoad: aem.BoolOf(true)}},
			aem.TableStatus{
				Schema: "S", Name: "updated", State: aem.TableChangeProcessing,
				CDC: aem.TableCDC{LastUpdate: day.Add(-time.Hour), Inserts: n(1 << 53)},
			},
			aem.TableStatus{
				Schema: "S", Name: "loading", State: aem.TableLoading,
				FullLoad: aem.TableFullLoad{Start: ago, EstimatedRows: n(3000), TransferredRows: n(1000)},
				CDC:      aem.TableCDC{CachedInserts: n(1), CachedUpdates: n(2), CachedDeletes: n(3)},
			},
			aem.TableStatus{
				Schema: "S", Name: "overdue", State: aem.TableLoading,
				FullLoad: aem.TableFullLoad{Start: ago, EstimatedRows: n(10), TransferredRows: n(1000)},
			},
			aem.TableStatus{
				Schema: "S", Name: "just begun", State: aem.TableLoading,
				FullLoad: aem.TableFullLoad{Start: day, EstimatedRows: n(3000)},
			},
			aem.TableStatus{Schema: "S", Name: "failed", State: aem.TableError, DataErrors: n(4)},
			aem.TableStatus{Schema: "S", Name: "faulty", State: aem.TableCompleted, DataErrors: n(1)},
			aem.TableStatus{Schema: "S", Name: "new", State: "TABLE_SUSPENDED"},
		))
}

// objective is an expectation as an entry of the configuration.
func objective(x testkit.Expect) string {
	keys := []string{}
	for key, pattern := range map[string]string{"server": x.Server, "task": x.Task, "tag": x.Tag, "priority": x.Priority} {
		if pattern != "" {
			keys = append(keys, key+": "+strconv.Quote(pattern))
		}
	}
	for key, d := range map[string]time.Duration{"latency": x.Latency, "full_load": x.FullLoad} {
		if d > 0 {
			keys = append(keys, fmt.Sprint(key, ": ", d))
		}
	}
	if x.Running {
		keys = append(keys, "running: true")
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

func (p *polling) oracle() *testkit.Oracle {
	return &testkit.Oracle{
		Reference: "../docs/metrics.md",
		Manager:   p.name, Shape: p.shape, Mode: p.mode, Expect: p.expect, Memory: 64 << 30, Disk: 500 << 30,
		From: p.exporter.begun, To: p.exporter.polled, Optional: p.name == "optional",
	}
}

// checkEntities compares all that is about servers, tasks and tables.
func (p *polling) checkEntities(t *testing.T, all testkit.Samples) {
	if wrong := p.oracle().Compare(p.sim.State(), all); len(wrong) > 0 {
		t.Errorf("%d of %d samples differ:\n%s", len(wrong), len(all), strings.Join(wrong[:min(len(wrong), 30)], "\n"))
	}
}

// contract are the types of the families, as others rely on them.
func contract(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../collector/testdata/contract.txt")
	if err != nil {
		t.Fatal(err)
	}
	families := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); words[0] != "#" {
			families[words[1]] = words[0]
		}
	}
	return families
}

// familyOf is the family that the samples of a name belong to.
func familyOf(name string) string {
	if strings.HasPrefix(name, "qem_api_request_duration_seconds") {
		return "qem_api_request_duration_seconds"
	}
	return name
}

// neverSeen matches the families of an exporter that was refused, or that has seen something change.
var neverSeen = regexp.MustCompile(`^qem_(login_next_|server_unreadable|task_state_since_|task_last_change_)`)

// checkFamilies looks at the contract's list: each family must have been seen, and
// have its type and a help text.
func checkFamilies(t *testing.T, seen map[string]bool, prometheus *process.Prometheus) {
	var metadata map[string][]struct{ Type, Help string }
	prometheus.API("/api/v1/metadata", url.Values{}, &metadata)
	for name, kind := range contract(t) {
		if neverSeen.MatchString(name) {
			continue
		}
		meta, ok := metadata[name]
		if !ok { // OpenMetrics takes the suffix as no part of a counter's name
			meta = metadata[strings.TrimSuffix(name, "_total")]
		}
		if !seen[name] || len(meta) != 1 || meta[0].Type != kind || len(meta[0].Help) < 20 {
			t.Errorf("%s is %+v to Prometheus, want one description as a %s; some exporter gave it: %v", name, meta, kind,
				seen[name])
		}
	}
}
