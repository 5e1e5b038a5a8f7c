package exposition_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

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
