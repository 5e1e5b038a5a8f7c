package aem

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// BenchmarkDecodeAgainstStandard decodes the tables of a task with this package and
// with encoding/json, which is spared the tolerance, in turn. It reports the ratio of
// the medians of their CPU times, garbage collection included.
func BenchmarkDecodeAgainstStandard(b *testing.B) {
	for _, tables := range []int{10_000, 50_000} {
		b.Run(fmt.Sprint(tables), func(b *testing.B) {
			body := tableStatusesBody(tables)
			var ours, standard []time.Duration
			for range b.N {
				ours = append(ours, usage.OfCPU(func() {
					if n, err := countTables(strings.NewReader(body)); err != nil || n != tables {
						b.Fatal(n, err)
					}
				}))
				standard = append(standard, usage.OfCPU(func() {
					var all plainStatuses
					if err := json.NewDecoder(strings.NewReader(body)).Decode(&all); err != nil || len(all.Tables) != tables {
						b.Fatal(len(all.Tables), err)
					}
				}))
			}
			throughput := func(t time.Duration) float64 { return float64(len(body)) / 1e6 / t.Seconds() }
			b.ReportMetric(throughput(usage.Median(ours)), "ours-MB/s")
			b.ReportMetric(throughput(usage.Median(standard)), "json-MB/s")
			b.ReportMetric(float64(usage.Median(standard))/float64(usage.Median(ours)), "×json")
		})
	}
}

// BenchmarkDecodePeak reports how much resident memory the decoding of a body needs
// that is itself never in memory as a whole.
func BenchmarkDecodePeak(b *testing.B) {
	for _, tables := range []int{10_000, 200_000} {
		b.Run(fmt.Sprint(tables), func(b *testing.B) {
			var most int64
			for range b.N {
				peak, err := usage.PeakOf(func() {
					if n, err := countTables(streamTables(tables)); err != nil || n != tables {
						b.Fatal(n, err)
					}
				})
				if err != nil {
					b.Fatal(err)
				}
				most = max(most, peak)
			}
			b.ReportMetric(float64(most)/1e6, "peak-MB")
		})
	}
}

func countTables(body io.Reader) (int, error) {
	n := 0
	err := decodeTableStatuses(body, func(*TableStatus) error { n++; return nil })
	return n, err
}
