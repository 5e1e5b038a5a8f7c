package collector

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// BenchmarkFreshSnapshot makes a snapshot of a poll of the same entities with other
// values than before, up to the ready gzip body, and compares its CPU time with that
// of compressing the same text alone. Garbage collection counts.
func BenchmarkFreshSnapshot(b *testing.B) {
	const servers, tasks, tables = 50, 200, 4 // about a million samples
	polls := [...]*fleet.Manager{largeFleet(servers, tasks, tables), largeFleet(servers, tasks, tables)}
	for i, poll := range polls {
		vary(poll, i)
	}
	t, root := newTables(), &node{}
	t.snapshot(root, polls[1])

	var whole, alone []time.Duration
	samples, text := 0, new(bytes.Buffer)
	for i := range b.N {
		whole = append(whole, usage.OfCPU(func() {
			s, _ := t.snapshot(root, polls[i%2])
			scrape(b, s, "gzip")
			samples = s.Samples()
		}))
		if text.Len() == 0 {
			s, _ := t.snapshot(root, polls[i%2])
			if err := s.WriteText(text); err != nil {
				b.Fatal(err)
			}
		}
		alone = append(alone, usage.OfCPU(func() { compress(b, text.Bytes()) }))
	}
	perMillion := func(t time.Duration) float64 { return t.Seconds() / float64(samples) * 1e6 }
	b.ReportMetric(float64(samples), "samples")
	b.ReportMetric(perMillion(usage.Median(whole)), "CPU-s/1M")
	b.ReportMetric(perMillion(usage.Median(alone)), "gzip-alone-CPU-s/1M")
	b.ReportMetric(float64(usage.Median(whole))/float64(usage.Median(alone)), "×gzip-alone")
}

// BenchmarkScrape is what a scrape costs as the number of tasks grows: the first of a
// poll with gzip, which makes the snapshot and its body, a later one with gzip, and
// one without compression.
func BenchmarkScrape(b *testing.B) {
	for _, tasks := range []int{100, 1000, 10_000} {
		poll := largeFleet(10, tasks/10, 0)
		vary(poll, 0)
		t, root := newTables(), &node{}
		ready, _ := t.snapshot(root, poll)
		scrape(b, ready, "gzip")
		for _, bench := range []struct {
			name string
			work func()
		}{
			{"first", func() {
				s, _ := t.snapshot(root, poll)
				scrape(b, s, "gzip")
			}},
			{"gzip", func() { scrape(b, ready, "gzip") }},
			{"text", func() { scrape(b, ready, "") }},
		} {
			b.Run(fmt.Sprintf("%s/%d", bench.name, tasks), func(b *testing.B) {
				for b.Loop() {
					bench.work()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tasks)/1e3, "µs/task")
			})
		}
	}
}

// scrape serves the snapshot to nobody.
func scrape(b *testing.B, s *exposition.Snapshot, encoding string) {
	handler := exposition.NewHandler(exposition.HandlerOptions{Snapshot: func() *exposition.Snapshot { return s }})
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := nobody{http.Header{}}
	handler.ServeHTTP(w, r)
	if got := w.Header().Get("Content-Encoding"); got != encoding {
		b.Fatalf("encoded with %q instead of %q", got, encoding)
	}
}

// nobody is a client that keeps nothing.
type nobody struct{ header http.Header }

func (n nobody) Header() http.Header         { return n.header }
func (n nobody) Write(p []byte) (int, error) { return len(p), nil }
func (n nobody) WriteHeader(int)             {}

// compress does to a text what is done to a snapshot's.
func compress(b *testing.B, text []byte) {
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

// vary gives every number of a poll a value as real ones are: zeros, small and large
// whole numbers, times and fractions, other ones in every round.
func vary(m *fleet.Manager, round int) {
	n := round
	var visit func(v reflect.Value)
	visit = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Float64:
			n++
			k := float64(n * 104_729 % 10_000_000)
			v.SetFloat([...]float64{0, float64(n % 100), k, 1_760_000_000 + k/100, k / 1000}[n%5])
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Field(i).CanSet() {
					visit(v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				visit(v.Index(i))
			}
		case reflect.Pointer:
			visit(v.Elem())
		}
	}
	visit(reflect.ValueOf(&m.Servers))
}
