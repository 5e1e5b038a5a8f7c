package testkit_test

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/poll"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
	"github.com/qem-exporter/qem_exporter/internal/testkit"
)

// TestWholeWay compares what becomes of the API's answers on their whole way, through client, poller and
// collector, with the truth: in every spelling of the API, with all that can be read.
func TestWholeWay(t *testing.T) {
	for _, shape := range []aemtest.Shape{aemtest.RealWorld, aemtest.Guide, aemtest.Legacy} {
		t.Run(shape.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				sim := aemtest.New(aemtest.Options{
					Seed: 5, Servers: 12, ComposeServers: 2, TasksPerServer: 10, TablesPerTask: 4, OddNames: true, Shape: shape,
					Start: now.Add(-90 * time.Minute), Clock: func() time.Time { return now },
				})
				defer sim.Close()
				sim.SetUsers(aemtest.User{Name: `EXAMPLE\monitor`, APIToken: aemtest.DefaultAPIToken, Role: aemtest.Operator})
				served := serve(t, sim)
				oracle := &testkit.Oracle{
					Manager: "prod", Reference: "../../docs/metrics.md", Shape: shape, Mode: "all", Optional: true,
					Memory: 64 << 30, Disk: 500 << 30,
					Expect: []testkit.Expect{{Task: ".*ORA.*", Latency: 5 * time.Minute, Running: true}, {FullLoad: time.Hour}},
					From:   now, To: time.Now(),
				}
				if wrong := oracle.Compare(sim.State(), served); len(wrong) > 0 {
					t.Errorf("%d of %d samples differ:\n%s", len(wrong), len(served), strings.Join(wrong[:min(len(wrong), 30)], "\n"))
				}
				for _, family := range []string{"qem_acl_principals", "qem_endpoint_test", "qem_task_retention", "qem_table"} {
					if n := len(served.Only(func(key string) bool { return strings.HasPrefix(key, family) })); n < 2 {
						t.Errorf("only %d samples of %s to compare", n, family)
					}
				}
			})
		})
	}
}

// serve polls until everything was read, and returns what is served.
func serve(t *testing.T, sim *aemtest.Simulator) testkit.Samples {
	t.Helper()
	runs := true
	c, stop := collect(t, sim, poll.Options{
		PollInterval: 10 * time.Minute, StateInterval: 10 * time.Minute,
		Tables: choose.TableOptions{Mode: choose.All}, Endpoints: true, ACLs: time.Hour,
		RetentionBarriers: time.Hour, EndpointTests: choose.EndpointTestOptions{Interval: 10 * time.Minute},
		Objectives: []choose.Objective{
			{Task: regexp.MustCompile("^.*ORA.*$"), Latency: 5 * time.Minute, Running: &runs}, {FullLoad: time.Hour},
		},
		Limits: []choose.ServerLimit{{Memory: 64 << 30, Disk: 500 << 30}},
	})
	time.Sleep(11 * time.Minute) // endpoints are tested one after the other
	_, kept := c.Current()
	var text bytes.Buffer
	err := kept.WriteText(&text)
	stop()
	live, _ := c.Current()
	if err == nil {
		err = live.WriteText(&text)
	}
	samples, parseErr := testkit.ParseText(text.Bytes())
	if err != nil || parseErr != nil {
		t.Fatal(err, parseErr)
	}
	return samples
}

// collect polls and collects until stop is called.
func collect(t *testing.T, sim *aemtest.Simulator, o poll.Options) (c *collector.Collector, stop func()) {
	t.Helper()
	client, err := aem.New("https://qem.example.com", aem.APIToken(aemtest.DefaultAPIToken),
		aem.WithTransport(sim.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	c = collector.New(collector.Options{Registerer: prometheus.NewRegistry()})
	o.Manager, o.Publisher = "prod", c.NewManager("prod", collector.ManagerOptions{PollInterval: o.PollInterval})
	poller := poll.New(client, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		poller.Run(ctx)
	}()
	return c, func() {
		cancel()
		<-done
		if err := client.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
