package exposition_test

import (
	"runtime"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

const benchFamilies = 45

// BenchmarkBlock makes a snapshot of a million samples from values that are there already.
func BenchmarkBlock(b *testing.B) {
	const entities = 1_000_000 / benchFamilies
	t, rows := wideTable(benchFamilies, entities)
	values := wideValues(benchFamilies, entities)
	b.ReportAllocs()
	for b.Loop() {
		exposition.NewSnapshot([]*exposition.Block{t.Block(rows, values, nil)})
	}
}

// BenchmarkRender renders a million samples into nothing.
func BenchmarkRender(b *testing.B) {
	s := wide(benchFamilies, 1_000_000/benchFamilies)
	for _, form := range []struct {
		name  string
		write func() error
	}{
		{"text", func() error { return s.WriteText(discard{}) }},
		{"openmetrics", func() error { return s.WriteOpenMetrics(discard{}) }},
		{"protobuf", func() error { return s.WriteProtobuf(discard{}) }},
	} {
		b.Run(form.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := form.write(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMemory reports what a million samples and their compressed text hold, label
// texts included.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		s := wide(benchFamilies, 1_000_000/benchFamilies)
		built := heap()
		h := exposition.HandlerOf(s)
		get(h, "/", "", "gzip").Body.Close()
		compressed := heap()
		b.ReportMetric(float64(built-before)/float64(s.Samples()), "snapshot-B/series")
		b.ReportMetric(float64(compressed-before)/float64(s.Samples()), "with-gzip-B/series")
		runtime.KeepAlive(h)
	}
}

// heap returns the bytes in use after two collections, which empty the pools.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
