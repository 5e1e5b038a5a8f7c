package exposition_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// BenchmarkServe compares the CPU time of serving a snapshot over a loopback socket
// with that of writing ready bytes and with promhttp on prebuilt families. In every
// iteration each of them is visited in turn, and a ratio is that of the medians.
// Only the serving goroutine's own time counts, system calls included; the first
// compression and the client's reading do not.
func BenchmarkServe(b *testing.B) {
	for _, size := range []struct {
		name     string
		entities int
	}{{"10k", 222}, {"100k", 2222}, {"1M", 22222}} {
		b.Run(size.name, func(b *testing.B) {
			s, prebuilt := wide(benchFamilies, size.entities), wideGatherer(benchFamilies, size.entities)
			ours := exposition.HandlerOf(s)
			for _, form := range []struct{ name, accept, encoding string }{
				{"text", acceptHeaders[2], ""},
				{"openmetrics", acceptHeaders[3] + escapings[1], ""},
				{"protobuf", acceptHeaders[6] + escapings[1], ""},
				{"text+gzip", acceptHeaders[2], "gzip"},
				{"protobuf+gzip", acceptHeaders[6], "gzip"},
				{"text+zstd", acceptHeaders[2], "zstd"},
			} {
				b.Run(form.name, func(b *testing.B) {
					visits := newVisits(b, form.accept, form.encoding)
					ready := visits.serve(readyBytes(get(ours, "/", form.accept, form.encoding)))
					rendered := visits.serve(ours)
					reference := visits.serve(oracle(prebuilt))
					b.ResetTimer()
					for range b.N {
						for range max(1, 10_000/size.entities) { // small ones more often
							visits.visit(b)
						}
					}
					limit := usage.Median(ready.times)
					b.ReportMetric(limit.Seconds()*1e3, "ready-ms")
					b.ReportMetric(usage.Median(rendered.times).Seconds()*1e3, "ours-ms")
					b.ReportMetric(float64(usage.Median(rendered.times))/float64(limit), "ours/ready")
					b.ReportMetric(float64(usage.Median(reference.times))/float64(limit), "promhttp/ready")
				})
			}
		})
	}
}

// readyBytes serves a recorded answer.
func readyBytes(recorded *http.Response) http.Handler {
	body, err := io.ReadAll(recorded.Body)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	})
}

// visits asks several servers the same, in turn.
type visits struct {
	accept, encoding string
	cleanup          func(func())
	targets          []*target
}

type target struct {
	client *http.Client
	url    string
	times  []time.Duration // CPU time of each visit
}

func newVisits(b *testing.B, accept, encoding string) *visits {
	return &visits{accept: accept, encoding: encoding, cleanup: b.Cleanup}
}

// serve starts a server that takes the CPU time of its handler.
func (v *visits) serve(h http.Handler) *target {
	t := &target{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		before := threadTime()
		h.ServeHTTP(w, r)
		t.times = append(t.times, threadTime()-before)
	}))
	v.cleanup(server.Close)
	t.client, t.url = server.Client(), server.URL
	t.client.Transport.(*http.Transport).DisableCompression = true
	v.targets = append(v.targets, t)
	return t
}

func (v *visits) visit(b *testing.B) {
	for _, t := range v.targets {
		r, err := http.NewRequest(http.MethodGet, t.url, nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Accept", v.accept)
		r.Header.Set("Accept-Encoding", v.encoding)
		response, err := t.client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			b.Fatal(err)
		}
		response.Body.Close()
	}
}

// threadTime is the CPU time that the calling thread has used, to the nanosecond,
// which getrusage would not tell.
func threadTime() time.Duration {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID
	var now syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&now)),
		0); errno != 0 {
		panic(fmt.Sprintf("clock_gettime: %v", errno))
	}
	return time.Duration(now.Nano())
}

// wideGatherer hands out the samples of wide, made once, with shared label pairs.
func wideGatherer(families, entities int) prometheus.Gatherer {
	labels := make([][]*dto.LabelPair, entities)
	for i := range labels {
		labels[i] = pairsOf(wideLabels, wideRow(i))
	}
	all := make([]*dto.MetricFamily, families)
	values := wideValues(families, entities)
	for i, f := range wideFamilies(families) {
		all[i] = &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: dto.MetricType_GAUGE.Enum()}
		for j, value := range values[i*entities : (i+1)*entities] {
			metric := &dto.Metric{Label: labels[j]}
			if f.Type == exposition.Counter {
				all[i].Type = dto.MetricType_COUNTER.Enum()
				metric.Counter = &dto.Counter{Value: proto.Float64(value)}
			} else {
				metric.Gauge = &dto.Gauge{Value: proto.Float64(value)}
			}
			all[i].Metric = append(all[i].Metric, metric)
		}
	}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return all, nil })
}
