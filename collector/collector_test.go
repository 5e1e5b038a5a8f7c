package collector

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// pass lets time go by in a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

func of(manager string, result fleet.Result, servers ...fleet.Server) *fleet.Manager {
	p := aPoll(servers...)
	p.Name, p.Result, p.Duration = manager, result, 2*time.Second
	return p
}

func TestManagerMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, registry := newTestCollector(t)
		c.AddManager("m", time.Minute)
		want := map[string]string{
			`qem_up{manager="m"}`:                                "0",
			`qem_polls_total{manager="m",result="success"}`:      "0",
			`qem_polls_total{manager="m",result="partial"}`:      "0",
			`qem_polls_total{manager="m",result="failure"}`:      "0",
			`qem_api_logins_total{manager="m",result="success"}`: "0",
			`qem_api_logins_total{manager="m",result="failure"}`: "0",
			`qem_exporter_duplicates_dropped_total{manager="m"}`: "0",
		}
		check := func(step string, changes map[string]string) {
			t.Helper()
			maps.Copy(want, changes)
			if diff := cmp.Diff(want, gathered(t, registry)); diff != "" {
				t.Errorf("%s; -want +got:\n%s", step, diff)
			}
		}
		check("before the first poll", nil)
		c.Publish(of("m", fleet.Failure))
		check("after a failure", map[string]string{
			`qem_polls_total{manager="m",result="failure"}`: "1", `qem_poll_last_duration_seconds{manager="m"}`: "2"})
		pass(90 * time.Second) // the bubble's clock starts at 946684800
		c.Publish(of("m", fleet.Success))
		success := map[string]string{
			`qem_up{manager="m"}`: "1", `qem_polls_total{manager="m",result="success"}`: "1",
			`qem_poll_last_success_timestamp_seconds{manager="m"}`: "9.4668489e+08"}
		check("after a success", success)
		pass(10 * time.Second)
		c.Publish(of("m", fleet.Partial))
		check("after a partial poll", map[string]string{
			`qem_polls_total{manager="m",result="partial"}`:        "1",
			`qem_poll_last_success_timestamp_seconds{manager="m"}`: "9.466849e+08"})
		pass(10 * time.Second)
		c.Publish(of("m", fleet.Failure))
		check("after another failure", map[string]string{
			`qem_up{manager="m"}`: "0", `qem_polls_total{manager="m",result="failure"}`: "2"})
	})
}

func TestAPIMetrics(t *testing.T) {
	c, registry := newTestCollector(t)
	c.AddManager("m", time.Minute)
	o := c.Observer("m")
	o.Login(false)
	o.Request("GetServerList", 200, time.Second)
	o.Request("GetServerList", 500, time.Second)
	o.Request("GetServerList", 0, time.Second)
	o.Failed("GetServerList", "AEM_TASK_NOT_FOUND")
	o.Retry("GetServerList")
	got := gathered(t, registry)
	for name, want := range map[string]string{
		`qem_api_requests_total{code="200",manager="m",operation="GetServerList"}`:                "1",
		`qem_api_requests_total{code="500",manager="m",operation="GetServerList"}`:                "1",
		`qem_api_requests_total{code="error",manager="m",operation="GetServerList"}`:              "1",
		`qem_api_request_duration_seconds_count{manager="m",operation="GetServerList"}`:           "3",
		`qem_api_request_duration_seconds_bucket{manager="m",operation="GetServerList",le="0.5"}`: "0",
		`qem_api_request_duration_seconds_bucket{manager="m",operation="GetServerList",le="1"}`:   "3",
		`qem_api_errors_total{error="AEM_TASK_NOT_FOUND",manager="m",operation="GetServerList"}`:  "1",
		`qem_api_retries_total{manager="m",operation="GetServerList"}`:                            "1",
		`qem_api_logins_total{manager="m",result="success"}`:                                      "0",
		`qem_api_logins_total{manager="m",result="failure"}`:                                      "1",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %s", name, got[name], want)
		}
	}
}

func TestRequestDurationIsANativeHistogram(t *testing.T) {
	c, registry := newTestCollector(t)
	c.AddManager("m", time.Minute)
	c.Observer("m").Request("GetServerList", 200, time.Second)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == "qem_api_request_duration_seconds" })
	if h := families[i].GetMetric()[0].GetHistogram(); len(h.GetPositiveSpan()) == 0 || len(h.GetBucket()) == 0 {
		t.Errorf("native and classic buckets are wanted, got %v", h)
	}
}

func TestConfigReloaded(t *testing.T) {
	const ok, at = "qem_exporter_config_last_reload_successful", "qem_exporter_config_last_reload_success_timestamp_seconds"
	c, registry := newTestCollector(t)
	if got := gathered(t, registry); len(got) != 0 {
		t.Errorf("nothing was loaded yet, but there is %v", got)
	}
	c.ConfigReloaded(true, time.Unix(1000, 0))
	if diff := cmp.Diff(map[string]string{ok: "1", at: "1000"}, gathered(t, registry)); diff != "" {
		t.Errorf("after a success; -want +got:\n%s", diff)
	}
	c.ConfigReloaded(false, time.Unix(2000, 0))
	if diff := cmp.Diff(map[string]string{ok: "0", at: "1000"}, gathered(t, registry)); diff != "" {
		t.Errorf("after a failure; -want +got:\n%s", diff)
	}
}

// managers are the managers of which samples are served.
func managers(t *testing.T, c *Collector) string {
	t.Helper()
	var names []string
	for sample := range byName(textOf(t, c.Current())) {
		_, rest, _ := strings.Cut(sample, `manager="`)
		name, _, _ := strings.Cut(rest, `"`)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestSamplesVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestCollector(t)
		c.AddManager("a", time.Minute)
		c.AddManager("b", time.Hour)
		check := func(step, want string) {
			t.Helper()
			if got := managers(t, c); got != want {
				t.Errorf("%s: samples of %q are served, want %q", step, got, want)
			}
		}
		check("before the first poll", "")
		c.Publish(of("a", fleet.Success, aServer("s")))
		check("after the first poll of one", "a")
		c.Publish(of("b", fleet.Partial, aServer("s")))
		c.Publish(of("unknown", fleet.Success, aServer("s")))
		check("after the first poll of each", "a b")
		pass(time.Minute)
		check("as old as may be", "a b")
		pass(1)
		check("too old", "b")
		c.Publish(of("a", fleet.Success, aServer("s")))
		check("polled again", "a b")
		c.Publish(of("a", fleet.Failure))
		check("failed", "b")
		c.Publish(of("a", fleet.Success, aServer("s")))
		c.AddManager("a", time.Second)
		pass(2 * time.Second)
		check("with a lower age limit", "b")
		c.AddManager("a", time.Hour)
		check("with a higher age limit", "a b")
		c.RemoveManager("b")
		check("removed", "a")
		c.AddManager("b", time.Hour)
		check("added again", "a")
	})
}

func TestRemoveManagerLeavesNothing(t *testing.T) {
	c, registry := newTestCollector(t)
	c.AddManager("stays", time.Minute)
	before := gathered(t, registry)
	c.AddManager("goes", time.Minute)
	inFlight := c.Observer("goes")
	inFlight.Request("GetServerList", 200, time.Second)
	c.Publish(of("goes", fleet.Success, aServer("s")))
	c.RemoveManager("goes")
	c.RemoveManager("was never there")

	// What was under way ends after the manager was removed.
	inFlight.Request("GetServerList", 200, time.Second)
	inFlight.Failed("GetServerList", "timeout")
	inFlight.Retry("GetServerList")
	inFlight.Login(true)
	c.Observer("goes").Login(true)
	c.Publish(of("goes", fleet.Success, aServer("s")))
	if diff := cmp.Diff(before, gathered(t, registry)); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	if got := managers(t, c); got != "" {
		t.Errorf("samples of %s are served", got)
	}
	if c.Fleet("goes") != nil {
		t.Error("the last poll is still there")
	}

	c.AddManager("goes", time.Minute)
	inFlight.Login(true)
	if got := gathered(t, registry)[`qem_api_logins_total{manager="goes",result="success"}`]; got != "0" {
		t.Errorf("a new manager starts with %s logins of the old one", got)
	}
}

func TestFleet(t *testing.T) {
	c, _ := newTestCollector(t)
	c.AddManager("m", time.Minute)
	if c.Fleet("m") != nil || c.Fleet("unknown") != nil {
		t.Error("there is a poll before the first")
	}
	for _, p := range []*fleet.Manager{of("m", fleet.Success, aServer("s")), of("m", fleet.Failure)} {
		c.Publish(p)
		if c.Fleet("m") != p {
			t.Errorf("the last poll is %v, want %v", c.Fleet("m"), p)
		}
	}
}

// What is compressed of a Snapshot is made once, so it must stay the same one as
// long as nothing changes.
func TestCurrentStaysTheSame(t *testing.T) {
	c, _ := newTestCollector(t)
	for _, name := range []string{"a", "b"} {
		c.AddManager(name, time.Hour)
		c.Publish(of(name, fleet.Success, aServer("s")))
	}
	before := c.Current()
	var scrapes sync.WaitGroup
	for range 4 {
		scrapes.Go(func() {
			if c.Current() != before {
				t.Error("another Snapshot although nothing changed")
			}
		})
	}
	scrapes.Wait()
	c.Publish(of("a", fleet.Success, aServer("s")))
	if c.Current() == before {
		t.Error("the same Snapshot after another poll")
	}
}

func TestConcurrentUse(t *testing.T) {
	c, registry := newTestCollector(t)
	var users sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprint("m", i)
		c.AddManager(name, time.Hour)
		users.Go(func() {
			for n := range 30 {
				c.Publish(of(name, fleet.Success, aServer("s", aTask(fmt.Sprint("t", n)))))
				c.Observer(name).Request("GetTaskList", 200, time.Second)
			}
		})
		users.Go(func() {
			for range 30 {
				c.AddManager("comes and goes", time.Hour)
				c.Publish(of("comes and goes", fleet.Success, aServer("s")))
				c.RemoveManager("comes and goes")
			}
		})
		users.Go(func() {
			for range 30 {
				textOf(t, c.Current())
				gathered(t, prometheus.Gatherer(registry))
				c.Fleet(name)
			}
		})
	}
	users.Wait()
	if got := managers(t, c); got != "m0 m1 m2 m3" {
		t.Errorf("samples of %q are served in the end", got)
	}
	if got := having(byName(textOf(t, c.Current())), `qem_task_up`); len(got) != 4 || len(having(got, `task="t29"`)) != 4 {
		t.Errorf("not the last polls are served: %v", got)
	}
}
