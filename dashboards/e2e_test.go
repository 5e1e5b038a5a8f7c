//go:build e2e

package dashboards

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testproc"
)

// quiet are the queries, as "dashboard / panel / reference", for whose samples
// nothing happens in the simulated fleet, and why.
var quiet = map[string]string{
	"qem-server / Permissions / G": "The simulated permissions take no role away.",
}

// rig is a simulated fleet in fast time with its incidents, two exporters that poll
// it, and a Prometheus that scrapes both.
type rig struct {
	sim        *aemtest.Server
	prometheus *prometheus
}

func startRig(t *testing.T) *rig {
	t.Helper()
	account := aemtest.DefaultAccount()
	account.Role = aemtest.Admin // for what the optional collectors read
	sim := aemtest.NewServer(aemtest.Options{Users: []aemtest.User{account}, Seed: 1, Servers: 4, ComposeServers: 1, TasksPerServer: 12, Incidents: true, Speed: 10})
	t.Cleanup(sim.Close)
	sinceLastUpdate(t, sim)
	first := sim.State().Servers[0]
	sim.AddFault(aemtest.Fault{ // a task that cannot be read
		Operation: "GetTaskDetails", Server: first.Name, Task: first.Tasks[len(first.Tasks)-1].Name,
		Kind: aemtest.FaultStatus, Status: http.StatusInternalServerError,
	})
	config := testproc.File(t, "qem_exporter.yml", fmt.Sprintf(`
enterprise_managers:
  - name: demo
    url: %s
    poll_interval: 1s
    max_age: 30s
    auth: {type: active_directory, username: %s, domain: %s, password: %s}
    tables: {mode: all, limit: 300}
    objectives: [{latency: 30s}]
    collectors: {endpoints: true, endpoint_tests: {interval: 10s}, acls: {interval: 10s}, retention_barriers: {interval: 10s}}
`, sim.URL, aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword))
	binary := testproc.Build(t, "..")
	var targets []string
	for range 2 {
		targets = append(targets, startExporter(t, binary, config))
	}
	return &rig{sim: sim, prometheus: startPrometheus(t, targets)}
}

// sinceLastUpdate has the API tell when a table was last changed, which it seldom does.
func sinceLastUpdate(t *testing.T, sim *aemtest.Server) {
	t.Helper()
	state := sim.State()
	for _, s := range state.Servers {
		for _, task := range s.Tasks {
			err := sim.SetTask(s.Name, task.Name, func(task *aemtest.Task) {
				for i := range task.Tables {
					task.Tables[i].LastUpdate = state.Time
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
func values(more ...string) map[string]string {
	v := map[string]string{"__rate_interval": "20s", "__range": "3m"}
	for i := 0; i < len(more); i += 2 {
		v[more[i]] = more[i+1]
	}
	return v
}

// TestEveryQueryHasData asks a real Prometheus every query of every panel and
// variable.
func TestEveryQueryHasData(t *testing.T) {
	r := startRig(t)
	queries, err := Queries(values())
	if err != nil {
		t.Fatal(err)
	}
	pending := slices.DeleteFunc(slices.Clone(queries), func(q Query) bool { return quiet[name(q)] != "" })
	if len(queries)-len(pending) != len(quiet) {
		t.Errorf("not all of %v are queries", quiet)
	}
	for end := time.Now().Add(3 * time.Minute); len(pending) > 0 && time.Now().Before(end); pause() {
		// Something goes wrong all the time, so that there are errors and retries to show.
		r.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Times: 2, Kind: aemtest.FaultStatus})
		var silent []Query
		for _, q := range pending {
			series := r.prometheus.ask(t, q)
			if wide := q.Dashboard != "qem-task" && !q.Instant; wide && series > 24 {
				t.Errorf("%s draws %d series", name(q), series)
			}
			if series == 0 {
				silent = append(silent, q)
			}
		}
		pending = silent
	}
	for _, q := range pending {
		t.Errorf("%s has no data:\n%s", name(q), q.Expr)
	}
	r.sim.ClearFaults()
	t.Logf("of %d queries %d have no data, %d are not expected to", len(queries), len(pending), len(quiet))
	t.Run("variables", func(t *testing.T) { checkVariables(t, r) })
	t.Run("pairs", func(t *testing.T) { checkPairs(t, r) })
	t.Run("tags", func(t *testing.T) { checkTags(t, r) })
}

func name(q Query) string { return q.Dashboard + " / " + q.Panel + " / " + q.RefID }

// checkVariables: each offers something.
func checkVariables(t *testing.T, r *rig) {
	for _, m := range models(t) {
		for _, v := range m.Templating.List {
			series, found := strings.CutPrefix(v.Definition, "label_values(")
			if !found {
				continue
			}
			series = strings.TrimSuffix(series, ", "+v.Name+")")
			for _, other := range m.Templating.List {
				series = strings.ReplaceAll(series, "$"+other.Name, ".*")
			}
			var data []map[string]string
			r.prometheus.api(t, "/api/v1/series", url.Values{"match[]": {series}}, &data)
			named := 0
			for _, labels := range data {
				if labels[v.Name] != "" {
					named++
				}
			}
			if named == 0 {
				t.Errorf("%s: the variable %s offers nothing", m.UID, v.Name)
			}
		}
	}
}

// checkPairs: two exporters of one Enterprise Manager do not double the numbers.
func checkPairs(t *testing.T, r *rig) {
	tasks := 0
	for _, s := range r.sim.State().Servers {
		tasks += len(s.Tasks)
	}
	shown := r.prometheus.total(t, tasksByState(t))
	if shown > float64(tasks)+0.01 || shown < float64(tasks)/2 {
		t.Errorf("of %d tasks there are %v", tasks, shown)
	}
	if n := r.prometheus.total(t, `count(count by (instance) (qem_up))`); n != 2 {
		t.Errorf("there are %v exporters", n)
	}
}

// checkTags: a tag chooses its tasks; all of them choose the tasks without one too.
func checkTags(t *testing.T, r *rig) {
	compare := func(tag, want string) {
		t.Helper()
		var got, expected float64
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); pause() {
			got, expected = r.prometheus.total(t, tasksByState(t, "tag", tag)), r.prometheus.total(t, want)
			if math.Abs(got-expected) < 0.01 && got > 0 {
				return
			}
		}
		t.Errorf("with the tag %s there are %v tasks, not %v", tag, got, expected)
	}
	compare(".*", `count(count by (manager, server, task) (qem_task_up))`)
	compare("prod", `count(count by (manager, server, task) (qem_task_tag{tag="prod"}) and on (manager, server, task) qem_task_up)`)
}

// tasksByState is the query of the fleet's tasks by state.
func tasksByState(t *testing.T, more ...string) string {
	t.Helper()
	queries, err := Queries(values(more...))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range queries {
		if q.Dashboard == "qem-fleet" && q.Panel == "Tasks by state" {
			return q.Expr
		}
	}
	t.Fatal("the fleet has no tasks by state")
	return ""
}

// result is what Prometheus's API answers to a query.
type result struct {
	ResultType string
	Result     []struct {
		Value  [2]any
		Values [][2]any
	}
}

// ask is the number of series with a value that is a number.
func (p *prometheus) ask(t *testing.T, q Query) int {
	t.Helper()
	var data result
	if now := time.Now(); q.Instant {
		p.api(t, "/api/v1/query", url.Values{"query": {q.Expr}}, &data)
	} else {
		p.api(t, "/api/v1/query_range", url.Values{
			"query": {q.Expr}, "step": {"2"},
			"start": {strconv.FormatInt(now.Add(-time.Minute).Unix(), 10)}, "end": {strconv.FormatInt(now.Unix(), 10)},
		}, &data)
	}
	series := 0
	for _, s := range data.Result {
		numbers := 0
		for _, v := range append(s.Values, s.Value) {
			if !math.IsNaN(number(v)) {
				numbers++
			}
		}
		if numbers > 0 {
			series++
		}
	}
	return series
}

// number is the value of a sample.
func number(v [2]any) float64 {
	text, _ := v[1].(string)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n
	}
	return math.NaN()
}

// total is the sum of what a query gives now.
func (p *prometheus) total(t *testing.T, expr string) float64 {
	t.Helper()
	var data result
	p.api(t, "/api/v1/query", url.Values{"query": {"sum(" + expr + ")"}}, &data)
	if len(data.Result) != 1 {
		return 0
	}
	return number(data.Result[0].Value)
}
