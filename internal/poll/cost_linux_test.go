package poll

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// BenchmarkPollOverTLS polls 50 servers with 200 tasks of 20 tables each, in another
// process, over TLS. It reports how far a poll is from requests × latency ÷
// concurrency, the requests that a second of this process's CPU time is enough for,
// decoding included, and the connections of all polls together.
func BenchmarkPollOverTLS(b *testing.B) {
	const concurrency = 64
	for _, latency := range []time.Duration{50 * time.Millisecond, 5 * time.Millisecond} {
		b.Run(latency.String(), func(b *testing.B) {
			em := startRecorded(b, aemtest.Options{
				Servers: 50, ComposeServers: -1, TasksPerServer: 200, TablesPerTask: 20, Healthy: true,
			}, latency)
			var counts requestCount
			var connections atomic.Int64
			p := New(em.client(b, concurrency, &counts, &connections),
				Options{Manager: "prod", Concurrency: concurrency, Tables: TableOptions{Mode: Errors}, Logger: slog.New(slog.DiscardHandler)})
			var overIdeal, cpu []time.Duration
			var requests int64
			for i := range b.N + 1 {
				counts.Store(0)
				wall, used := time.Now(), usage.CPU()
				if got := p.Poll(b.Context()); got.Result != fleet.Success {
					b.Fatalf("%s %+v", got.Result, got.Problems)
				}
				if i == 0 {
					continue // opens the connections, and lets the other side record
				}
				requests = counts.Load()
				ideal := float64(requests) * latency.Seconds() / concurrency
				overIdeal = append(overIdeal, time.Duration(time.Since(wall).Seconds()/ideal*1e9))
				cpu = append(cpu, usage.CPU()-used)
			}
			b.ReportMetric(float64(requests), "requests")
			b.ReportMetric(usage.Median(overIdeal).Seconds(), "×ideal")
			b.ReportMetric(float64(requests)/usage.Median(cpu).Seconds(), "requests/CPU-s")
			b.ReportMetric(float64(connections.Load()), "connections")
		})
	}
}

// BenchmarkConnections polls a small fleet again and again, as in an hour of minutes,
// and reports how many connections were opened beyond the concurrency.
func BenchmarkConnections(b *testing.B) {
	const concurrency, polls = 16, 60
	em := startRecorded(b, aemtest.Options{Servers: 5, ComposeServers: -1, TasksPerServer: 20, Healthy: true}, 0)
	for range b.N {
		var counts requestCount
		var connections atomic.Int64
		p := New(em.client(b, concurrency, &counts, &connections),
			Options{Manager: "prod", Concurrency: concurrency, Tables: TableOptions{Mode: All}, Logger: slog.New(slog.DiscardHandler)})
		for range polls {
			if got := p.Poll(b.Context()); got.Result != fleet.Success {
				b.Fatalf("%s %+v", got.Result, got.Problems)
			}
		}
		b.ReportMetric(float64(counts.Load()), "requests")
		b.ReportMetric(float64(connections.Load()-concurrency), "more-connections")
	}
}
