package exposition_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// BenchmarkScrapers reports how much resident memory one scraper and ten scrapers at
// once need of a million samples that nobody has scraped before.
func BenchmarkScrapers(b *testing.B) {
	for _, form := range []struct{ name, encoding string }{{"text", ""}, {"gzip", "gzip"}} {
		b.Run(form.name, func(b *testing.B) {
			for range b.N {
				for _, scrapers := range []int{1, 10} {
					s := wide(benchFamilies, 1_000_000/benchFamilies)
					h := exposition.HandlerOf(s)
					peak, err := usage.PeakOf(func() { scrapeAtOnce(h, scrapers, form.encoding) })
					if err != nil {
						b.Fatal(err)
					}
					unit := map[int]string{1: "one-MB", 10: "ten-MB"}[scrapers]
					b.ReportMetric(float64(peak)/1e6, unit)
				}
			}
		})
	}
}

func scrapeAtOnce(h http.Handler, scrapers int, encoding string) {
	var all sync.WaitGroup
	for range scrapers {
		all.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set("Accept-Encoding", encoding)
			h.ServeHTTP(nobody{http.Header{}}, r)
		})
	}
	all.Wait()
}

// nobody is a client that keeps nothing.
type nobody struct {
	header http.Header
}

func (n nobody) Header() http.Header         { return n.header }
func (n nobody) Write(p []byte) (int, error) { return len(p), nil }
func (n nobody) WriteHeader(int)             {}

// BenchmarkFreshBody makes a snapshot of a million values and its gzip body, and
// compares the CPU time with that of compressing the same text alone.
func BenchmarkFreshBody(b *testing.B) {
	const entities = 1_000_000 / benchFamilies
	t, rows := wideTable(benchFamilies, entities)
	values := wideValues(benchFamilies, entities)
	var text bytes.Buffer
	if err := wide(benchFamilies, entities).WriteText(&text); err != nil {
		b.Fatal(err)
	}
	var whole, alone []time.Duration
	for range b.N {
		whole = append(whole, usage.OfCPU(func() {
			s := exposition.NewSnapshot([]*exposition.Block{t.Block(rows, slices.Clone(values), nil)})
			scrapeAtOnce(exposition.HandlerOf(s), 1, "gzip")
		}))
		alone = append(alone, usage.OfCPU(func() {
			w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
			if err == nil {
				_, err = w.Write(text.Bytes())
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				b.Fatal(err)
			}
		}))
	}
	b.ReportMetric(usage.Median(whole).Seconds(), "CPU-s")
	b.ReportMetric(usage.Median(alone).Seconds(), "gzip-alone-CPU-s")
	b.ReportMetric(float64(usage.Median(whole))/float64(usage.Median(alone)), "×gzip-alone")
}
