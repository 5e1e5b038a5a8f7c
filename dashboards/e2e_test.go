//go:build e2e

package dashboards

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// quiet are the queries, as "dashboard / panel / reference", for whose samples
// nothing happens in the simulated fleet, and why.
var quiet = map[string]string{
	"qem-server / Permissions / G":      "The simulated permissions take no role away.",
	"qem-full-load / Loads stalled / A": "Nobody can know before there is a history of twenty minutes.",
}

// rig is a simulated fleet in fast time with its incidents, two exporters that poll
// it, and a Prometheus that scrapes both.
type rig struct {
	sim        *aemtest.Server
	prometheus *process.Prometheus
}

func startRig(t *testing.T) *rig {
	t.Helper()
	account := aemtest.DefaultAccount()
	account.Role = aemtest.Admin // for what the optional collectors read
	sim := aemtest.NewTLSServer(aemtest.Options{Users: []aemtest.User{account}, Seed: 1, Servers: 4, ComposeServers: 1,
		TasksPerServer: 12, Incidents: true, Speed: 10})
	t.Cleanup(sim.Close)
	sinceLastUpdate(t, sim)
	servers := sim.State().Servers
	first, last := servers[0], servers[3]
	for _, fault := range []aemtest.Fault{
		{Operation: "GetTaskDetails", Server: first.Name, Task: first.Tasks[len(first.Tasks)-1].Name},
		// a task that cannot be read
		{Operation: "GetServerDetails", Server: last.Name},
		// a server that cannot be read
	} {
		fault.Kind, fault.Status = aemtest.FaultStatus, http.StatusInternalServerError
		sim.AddFault(fault)
	}
	config := process.File(t, "qem_exporter.yml", fmt.Sprintf(`
enterprise_managers:
  - &demo
    name: demo
    url: %[1]s
    poll_interval: 1s
    max_age: 30s
    tls_config: {insecure_skip_verify: true}
    auth: &account {type: active_directory, username: %[2]s, domain: %[3]s, password: %[4]s}
    tables: {mode: all, limit: 300}
    objectives: [{latency: 30s, full_load: 1m, running: true, priority: ticket}]
    server_limits: [{memory: 64GiB, disk: 500GiB}]
    collectors:
      endpoints: true
      endpoint_tests: {interval: 10s}
      acls: {interval: 10s}
      retention_barriers: {interval: 10s}
  - name: refused
    url: %[1]s/
    poll_interval: 1s
    tls_config: {insecure_skip_verify: true}
    auth: {type: active_directory, username: nobody, domain: %[3]s, password: wrong}
`, sim.URL, aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword))
	binary := process.Build(t, "..")
	var targets []string
	for range 2 {
		exporter := process.Launch(t, binary, "--config.file="+config, "--web.listen-address=127.0.0.1:0")
		targets = append(targets, exporter.Address())
	}
	targets = append(targets, process.FreeAddress(t)) // one that is down
	// The project's own alerts wait for minutes; these are as theirs, at once.
	rules := process.File(t, "rules.yml", `
groups: [{name: now, interval: 1s, rules: [
  {alert: QemTaskError, labels: {severity: critical},
    expr: 'max by (manager, server, task) (qem_task_state{state=~"error|recovering"}) == 1'},
  {alert: QemServerNotRead, expr: 'max by (manager, server) (qem_server_up) == 0', labels: {severity: warning}}]}]
`)
	return &rig{sim: sim, prometheus: process.StartPrometheus(t, targets, "rule_files: ["+rules+"]")}
}

// sinceLastUpdate has the API tell when a table was last changed, which it seldom does.
func sinceLastUpdate(t *testing.T, sim *aemtest.Server) {
	t.Helper()
	state := sim.State()
	for _, s := range state.Servers {
		for _, task := range s.Tasks {
			err := sim.SetTask(s.Name, task.Name, func(task *aemtest.Task) {
				for i := range task.Tables {
					task.Tables[i].CDC.LastUpdate = state.Time
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// values fill the variables as a user would leave them; the ranges suit scrapes at
// every second.
func values(more ...string) map[string]string { return pairs("3m", "20s", more...) }

// TestEveryQueryHasData asks a real Prometheus every query of every panel and
// variable.
func TestEveryQueryHasData(t *testing.T) {
	r := startRig(t)
	all := slices.DeleteFunc(queries(t, values()), func(q asked) bool { return aboutOne[q.dashboard] != nil })
	all = append(all, aboutEach(t)...)
	pending := slices.DeleteFunc(slices.Clone(all), func(q asked) bool { return quiet[name(q)] != "" })
	if len(all)-len(pending) != len(quiet) {
		t.Errorf("not all of %v are queries", quiet)
	}
	for end := time.Now().Add(5 * time.Minute); len(pending) > 0 && time.Now().Before(end); pause() {
		// Something goes wrong all the time, so that there are errors and retries to show.
		r.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Times: 2, Kind: aemtest.FaultStatus})
		var silent []asked
		for _, q := range pending {
			series := ask(r.prometheus, q)
			if wide := aboutOne[q.dashboard] == nil; wide && !q.instant && series > 24 {
				t.Errorf("%s draws %d series", name(q), series)
			}
			if series == 0 {
				silent = append(silent, q)
			}
		}
		pending = silent
	}
	for _, q := range pending {
		t.Errorf("%s has no data:\n%s", name(q), q.expr)
	}
	r.sim.ClearFaults()
	t.Logf("of %d queries %d have no data, %d are not expected to", len(all), len(pending), len(quiet))
	t.Run("variables", func(t *testing.T) { checkVariables(t, r) })
}

func name(q asked) string { return q.dashboard + " / " + q.panel + " / " + q.ref }

// aboutEach are the queries of the pages about one thing, each for every server and task
// at once: what is a name on the page is a pattern here.
func aboutEach(t *testing.T) []asked {
	t.Helper()
	patterns := strings.NewReplacer(`="EACH"`, `=~".+"`, "EACH", ".+")
	var all []asked
	for _, q := range queries(t, values("manager", "EACH", "server", "EACH", "task", "EACH")) {
		if aboutOne[q.dashboard] != nil {
			q.expr = patterns.Replace(q.expr)
			all = append(all, q)
		}
	}
	return all
}

// checkVariables: each offers something.
func checkVariables(t *testing.T, r *rig) {
	for _, m := range models(t) {
		for _, v := range m.Templating.List {
			definition := labelValues.FindStringSubmatch(v.Definition)
			if definition == nil {
				continue
			}
			series := regexp.MustCompile(`=~?"\$[a-z]+"`).ReplaceAllString(definition[1], `=~".*"`)
			var data []map[string]string
			r.prometheus.API("/api/v1/series", url.Values{"match[]": {series}}, &data)
			named := 0
			for _, labels := range data {
				if labels[definition[2]] != "" {
					named++
				}
			}
			if named == 0 {
				t.Errorf("%s: the variable %s offers nothing", m.UID, v.Name)
			}
		}
	}
}

// ask is the number of series with a value that is a number.
func ask(p *process.Prometheus, q asked) int {
	var data struct {
		Result []struct {
			Value  [2]any
			Values [][2]any
		}
	}
	if now := time.Now(); q.instant {
		p.API("/api/v1/query", url.Values{"query": {q.expr}}, &data)
	} else {
		p.API("/api/v1/query_range", url.Values{
			"query": {q.expr}, "step": {"2"},
			"start": {strconv.FormatInt(now.Add(-time.Minute).Unix(), 10)}, "end": {strconv.FormatInt(now.Unix(), 10)},
		}, &data)
	}
	series := 0
	for _, s := range data.Result {
		if slices.ContainsFunc(append(s.Values, s.Value), func(v [2]any) bool { return v[1] != nil && v[1] != "NaN" }) {
			series++
		}
	}
	return series
}

// pause lets a second pass, in which there is a scrape.
func pause() { <-time.After(time.Second) }
