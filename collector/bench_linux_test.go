package collector

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// large is a Manager with servers of about the size that the exporter is built for.
type large struct {
	*Collector
	m     *Manager
	tasks int // a server
	n     uint64
}

func newLarge(servers, tasks int) *large {
	l := &large{Collector: New(Options{Registerer: prometheus.NewRegistry()}), tasks: tasks}
	l.m = l.NewManager("prod", ManagerOptions{})
	for i := range servers {
		l.publish(i)
	}
	return l
}

// number is one as real ones are: a zero, a small or large whole number, a time or a fraction.
func (l *large) number() num {
	l.n++
	k := float64(l.n * 104_729 % 10_000_000)
	return fleet.Num([...]float64{0, float64(l.n % 100), k, 1_760_000_000 + k/100, k / 1000}[l.n%5])
}

// publish publishes a server whose numbers are all new.
func (l *large) publish(number int) {
	s := goldenServers(time.Unix(int64(l.n), 0))[0]
	s.Name, s.LastConnection, s.Tasks = fmt.Sprintf("replicate-server-%05d", number), l.number(), nil
	s.Endpoints, s.EndpointTests, s.ACLs = nil, nil, nil
	for t := range l.tasks {
		task := goldenTask()
		task.Name, task.Tags = fmt.Sprintf("ORACLE_TO_SNOWFLAKE_%03d", t), []string{"tier1"}
		task.Details = goldenDetails(l.number)
		task.Tables, task.TablesDropped, task.RetentionBarrier, task.TableStates = nil, 0, nil, nil
		s.Tasks = append(s.Tasks, task)
	}
	l.m.Server(s)
}

// scrape asks for everything.
func (l *large) scrape(b *testing.B, encoding string) {
	l.hurry.Store(true)
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := nobody{http.Header{}}
	own := prometheus.NewRegistry()
	exposition.NewHandler(exposition.HandlerOptions{
		Own: own, Snapshots: l.Current, Registerer: own, Logger: slog.New(slog.DiscardHandler),
	}).ServeHTTP(w, r)
	if got := w.Header().Get("Content-Encoding"); got != encoding {
		b.Fatalf("encoded with %q instead of %q", got, encoding)
	}
}

// nobody is a client that keeps nothing.
type nobody struct{ header http.Header }

func (n nobody) Header() http.Header         { return n.header }
func (n nobody) Write(p []byte) (int, error) { return len(p), nil }
func (n nobody) WriteHeader(int)             {}

// gzipAlone does to a text what is done to a snapshot's.
func gzipAlone(b *testing.B, text []byte) {
	w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPublication compares the CPU time of a scrape with gzip right after a publication, of a million
// samples, with that of compressing the same text alone. Garbage collection counts.
func BenchmarkPublication(b *testing.B) {
	const servers, tasks = 50, 350
	l := newLarge(servers, tasks)
	l.scrape(b, "gzip")
	var text bytes.Buffer
	_, kept := l.Current()
	if err := kept.WriteText(&text); err != nil {
		b.Fatal(err)
	}
	measures := []struct {
		name    string
		prepare func(round int)
		work    func()
		times   []time.Duration
	}{
		{"one", func(round int) { l.publish(round % servers) }, func() { l.scrape(b, "gzip") }, nil},
		{"all", func(int) {
			for i := range servers {
				l.publish(i)
			}
		}, func() { l.scrape(b, "gzip") }, nil},
		{"unchanged", func(int) {}, func() { l.scrape(b, "gzip") }, nil},
		{"alone", func(int) {}, func() { gzipAlone(b, text.Bytes()) }, nil},
	}
	for round := range b.N {
		for i := range measures {
			m := &measures[i]
			m.prepare(round)
			m.times = append(m.times, usage.OfCPU(m.work))
		}
	}
	alone := usage.Median(measures[3].times)
	b.ReportMetric(float64(kept.Samples()), "samples")
	b.ReportMetric(alone.Seconds(), "gzip-alone-CPU-s")
	for _, m := range measures[:3] {
		b.ReportMetric(float64(usage.Median(m.times))/float64(alone), m.name+"×gzip-alone")
	}
}

// BenchmarkScrape is what a scrape costs as the number of tasks grows: the first with gzip after everything
// was published anew, a later one with gzip, and one without compression.
func BenchmarkScrape(b *testing.B) {
	for _, tasks := range []int{100, 1000, 10_000} {
		l := newLarge(10, tasks/10)
		for _, bench := range []struct {
			name     string
			encoding string
			fresh    bool
		}{{"first", "gzip", true}, {"gzip", "gzip", false}, {"text", "", false}} {
			b.Run(fmt.Sprintf("%s/%d", bench.name, tasks), func(b *testing.B) {
				for b.Loop() {
					if bench.fresh {
						b.StopTimer()
						for i := range 10 {
							l.publish(i)
						}
						b.StartTimer()
					}
					l.scrape(b, bench.encoding)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tasks)/1e3, "µs/task")
			})
		}
	}
}

// BenchmarkManyServers is a merge after each of many small servers has published the same outline again, and
// the memory that their samples take.
func BenchmarkManyServers(b *testing.B) {
	for _, servers := range []int{5_000, 20_000} {
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			l := newLarge(servers, 3)
			l.scrape(b, "")
			for b.Loop() {
				b.StopTimer()
				for _, s := range l.m.list() {
					again := *s.published.Load()
					again.LastConnection = l.number()
					l.m.Server(&again)
				}
				l.hurry.Store(true)
				b.StartTimer()
				l.Current()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*servers)/1e3, "µs/server")
		})
	}
}
