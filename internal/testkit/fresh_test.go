package testkit_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/poll"
)

// TestFailureReachesMetrics lets tasks fail one after the other, and looks at what a scrape gives in every
// tenth of a second: though three of 20 servers hang, a failure stands there within the interval and what it
// takes to read.
func TestFailureReachesMetrics(t *testing.T) {
	const hanging = 3
	synctest.Test(t, func(t *testing.T) {
		sim := aemtest.New(aemtest.Options{
			Servers: 20, ComposeServers: -1, TasksPerServer: 12, Healthy: true, Latency: 50 * time.Millisecond,
		})
		defer sim.Close()
		c, stop := collect(t, sim, poll.Options{PollInterval: 10 * time.Second, StateInterval: 10 * time.Second})
		defer stop()
		time.Sleep(40 * time.Second)
		servers := sim.State().Servers
		for _, s := range servers[:hanging] {
			sim.AddFault(aemtest.Fault{Kind: aemtest.FaultHang, Server: s.Name})
		}
		worst, random := time.Duration(0), rand.New(rand.NewPCG(3, 4))
		for i := range 12 {
			s := servers[hanging+random.IntN(len(servers)-hanging)]
			task := s.Tasks[i].Name
			fail := func(x *aemtest.Task) { x.State = aem.TaskError }
			if err := sim.SetTask(s.Name, task, fail); err != nil {
				t.Fatal(err)
			}
			worst = max(worst, served(t, c, fmt.Sprintf(
				`qem_task_state{manager="prod",server=%q,task=%q,state="error"} 1`, s.Name, task)))
			time.Sleep(time.Duration(random.IntN(2000)) * time.Millisecond)
		}
		t.Logf("%s at worst", worst)
		if worst > 12*time.Second {
			t.Errorf("a failure stands on /metrics after %s", worst)
		}
		sim.ClearFaults()
	})
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

// served waits until a scrape gives a line, and returns for how long.
func served(t *testing.T, c *collector.Collector, line string) time.Duration {
	t.Helper()
	var last *exposition.Snapshot
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(100 * time.Millisecond) {
		_, kept := c.Current()
		if kept == last {
			continue
		}
		last = kept
		var text bytes.Buffer
		if err := kept.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text.Bytes(), []byte(line)) {
			return time.Since(began)
		}
	}
	t.Fatalf("%s is not served in a minute", line)
	return 0
}
