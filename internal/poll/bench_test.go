package poll

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// BenchmarkPoll polls without sockets and without latency: what a poll costs in
// itself, the simulator's answers included.
func BenchmarkPoll(b *testing.B) {
	for _, tasks := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(tasks), func(b *testing.B) {
			sim := aemtest.New(aemtest.Options{
				Servers: 10, ComposeServers: -1, TasksPerServer: tasks / 10, TablesPerTask: 20, Healthy: true,
			})
			r := newRig(b, sim, Options{Concurrency: 16, Tables: TableOptions{Mode: Errors}})
			b.ReportAllocs()
			for b.Loop() {
				if got := r.Poll(b.Context()); got.Result != fleet.Success {
					b.Fatalf("%s %+v", got.Result, got.Problems)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*tasks), "µs/task")
		})
	}
}

// BenchmarkPollOverSockets reports how far a poll is from requests × latency ÷
// concurrency, and how many connections it opens.
func BenchmarkPollOverSockets(b *testing.B) {
	const latency, concurrency = 50 * time.Millisecond, 64
	server := aemtest.NewServer(aemtest.Options{
		Servers: 50, ComposeServers: -1, TasksPerServer: 100, Healthy: true, Latency: latency,
	})
	defer server.Close()
	transport := aem.NewTransport(aem.TransportOptions{MaxConnections: concurrency})
	client, err := aem.New(server.URL, aem.APIToken(aemtest.DefaultAPIToken), aem.WithTransport(transport))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Close(context.Background()) }()
	p := New(client, Options{Manager: "prod", Concurrency: concurrency, Logger: slog.New(slog.DiscardHandler)})
	b.ReportAllocs()
	for b.Loop() {
		if got := p.Poll(b.Context()); got.Result != fleet.Success {
			b.Fatalf("%s %+v", got.Result, got.Problems)
		}
	}
	ideal := time.Duration(server.Requests("")) * latency / concurrency
	b.ReportMetric(float64(b.Elapsed())/float64(ideal), "×ideal")
	b.ReportMetric(float64(server.Connections()), "connections")
}
