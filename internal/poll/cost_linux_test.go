package poll

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// once reads everything once with a new poller, and returns the wall and the CPU time of it.
func once(b *testing.B, client *aem.Client, o Options) (wall, cpu time.Duration) {
	b.Helper()
	o.Publisher = nobody{}
	p := New(client, o)
	began, used := time.Now(), usage.CPU()
	if err := p.Once(b.Context()); err != nil {
		b.Fatal(err)
	}
	wall, cpu = time.Since(began), usage.CPU()-used
	for _, s := range p.View().Servers {
		if s.ProblemCount > 0 {
			b.Fatalf("%+v", s.Problems[0])
		}
	}
	return wall, cpu
}

// BenchmarkFirstOverTLS reads 50 servers with 200 tasks, in another process, over TLS. It reports
// how far that is from requests × latency ÷ concurrency, the requests that a second of this
// process's CPU time is enough for, decoding included, and the connections of all together.
func BenchmarkFirstOverTLS(b *testing.B) {
	const concurrency = 64
	for _, tables := range []choose.TableMode{choose.Off, choose.Errors} {
		for _, latency := range []time.Duration{50 * time.Millisecond, 5 * time.Millisecond} {
			b.Run(fmt.Sprintf("%s/tables %s", latency, tables), func(b *testing.B) {
				em := startRecorded(b, latency)
				var counts requestCount
				var connections atomic.Int64
				client := em.client(b, concurrency, &counts, &connections)
				o := Options{Concurrency: concurrency, Tables: choose.TableOptions{Mode: tables}}
				once(b, client, o) // opens the connections, and lets the other side record
				var overIdeal, cpu []time.Duration
				for range b.N {
					counts.Store(0)
					wall, used := once(b, client, o)
					ideal := float64(counts.Load()) * latency.Seconds() / concurrency
					overIdeal = append(overIdeal, time.Duration(wall.Seconds()/ideal*1e9))
					cpu = append(cpu, used)
				}
				b.ReportMetric(float64(counts.Load()), "requests")
				b.ReportMetric(usage.Median(overIdeal).Seconds(), "×ideal")
				b.ReportMetric(float64(counts.Load())/usage.Median(cpu).Seconds(), "requests/CPU-s")
				b.ReportMetric(float64(connections.Load()), "connections")
			})
		}
	}
}

// BenchmarkServers reports what one server costs where there are many: the same, however many.
func BenchmarkServers(b *testing.B) {
	for _, servers := range []int{1250, 5000, 20_000} {
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			client, err := aem.New("https://qem.example.com", aem.APIToken("token"),
				aem.WithTransport(&canned{servers: servers, tasks: 1}))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = client.Close(context.Background()) }()
			var cpu []time.Duration
			for range b.N {
				_, used := once(b, client, Options{})
				cpu = append(cpu, used)
			}
			b.ReportMetric(usage.Median(cpu).Seconds(), "CPU-s")
			b.ReportMetric(float64(usage.Median(cpu).Microseconds())/float64(servers), "CPU-µs/server")
		})
	}
}

// BenchmarkMinute is a minute of 50 × 200 tasks at the default cadences over TLS after the first
// readings, against the same requests made bare, without a poller.
func BenchmarkMinute(b *testing.B) {
	em := startRecorded(b, 5*time.Millisecond)
	for range b.N {
		var counts requestCount
		var connections atomic.Int64
		client := em.client(b, 16, &counts, &connections)
		p := New(client, Options{Publisher: nobody{}})
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.Run(ctx)
		}()
		time.Sleep(90 * time.Second) // all sweeps have their phases
		requests := counts.Load()
		polled := usage.OfCPU(func() { time.Sleep(time.Minute) })
		requests = counts.Load() - requests
		cancel()
		<-done
		var refs []aem.TaskRef
		for _, server := range p.View().Servers {
			for _, task := range server.Tasks {
				refs = append(refs, aem.TaskRef{Server: server.Name, Task: task.Name})
			}
		}
		bare := usage.OfCPU(func() {
			for i := range int(requests) {
				if _, err := client.Tasks.Details(b.Context(), refs[i%len(refs)]); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.ReportMetric(float64(requests), "requests")
		b.ReportMetric(polled.Seconds(), "CPU-s")
		b.ReportMetric(polled.Seconds()/bare.Seconds(), "×bare")
	}
}
