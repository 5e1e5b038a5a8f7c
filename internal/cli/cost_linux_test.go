package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// BenchmarkMemory lets the daemon read 68 000 tables, which are about a million series, and scrapes it
// with gzip meanwhile. It reports the resident bytes a series after an interval, and at the worst moment
// of it.
func BenchmarkMemory(b *testing.B) {
	const servers, tables = 10, 68_000
	sim := aemtest.NewServer(aemtest.Options{Servers: servers, ComposeServers: -1, TasksPerServer: 200,
		TablesPerTask: tables / servers / 200, Healthy: true})
	defer sim.Close()
	d := startMeasured(b, sim, "tables: {mode: all, limit: 100000, interval: 15s}")
	d.await(func() bool { return len(sampleLines(b, d.get(b, "?name[]=qem_table_state", "gzip"))) == tables })
	series := d.scrape(b)
	for range b.N {
		// The first snapshots have grown to their size by now.
		if err := usage.ResetPeak(d.pid); err != nil {
			b.Fatal(err)
		}
		polls := d.sum(b, "qem_polls_total")
		d.await(func() bool {
			d.scrape(b)
			return d.sum(b, "qem_polls_total") > polls+servers
		})
		worst := d.memory(b).Peak
		time.Sleep(3 * time.Second) // the Go runtime gives unused memory back little by little
		quiet := d.memory(b).Resident
		b.ReportMetric(float64(series), "series")
		b.ReportMetric(float64(quiet)/float64(series), "quiet-B/series")
		b.ReportMetric(float64(worst)/float64(series), "worst-B/series")
	}
}

// BenchmarkScrapeTime is the time of a scrape and of the first reading of everything, by the size of the
// fleet and the latency of the API.
func BenchmarkScrapeTime(b *testing.B) {
	for _, size := range []struct{ servers, tasks int }{{1, 10}, {10, 100}, {50, 200}} {
		for _, latency := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond} {
			b.Run(fmt.Sprintf("%dx%d/%v", size.servers, size.tasks, latency), func(b *testing.B) {
				sim := aemtest.NewServer(aemtest.Options{
					Servers: size.servers, ComposeServers: -1, TasksPerServer: size.tasks, TablesPerTask: -1, Healthy: true,
					Latency: latency,
				})
				defer sim.Close()
				d := startMeasured(b, sim, `tables: {mode: "off"}`)
				series := d.scrape(b)
				for _, encoding := range []string{"identity", "gzip"} {
					var times []time.Duration
					for range 20 * b.N {
						begun := time.Now()
						d.get(b, "", encoding)
						times = append(times, time.Since(begun))
					}
					b.ReportMetric(usage.Median(times).Seconds()*1e3, encoding+"-ms")
				}
				b.ReportMetric(float64(series), "series")
				b.ReportMetric(d.read.Seconds(), "poll-s")
				b.ReportMetric(d.sum(b, "process_cpu_seconds_total"), "CPU-s")
				b.ReportMetric(float64(d.memory(b).Resident)/1e6, "resident-MB")
			})
		}
	}
}

// measured is a daemon that is measured.
type measured struct {
	pid  int
	url  string
	read time.Duration // until it had read everything
}

func startMeasured(b *testing.B, sim *aemtest.Server, tables string) *measured {
	b.Helper()
	config := process.File(b, "qem.yml", fmt.Sprintf(`
enterprise_managers:
  - name: prod
    url: %s
    poll_interval: 15s
    auth: {type: api_token, token: %s}
    max_concurrent_requests: 64
    %s
`, sim.URL, aemtest.DefaultAPIToken, tables))
	begun := time.Now()
	p := process.Launch(b, binary, "--config.file="+config, "--web.listen-address=127.0.0.1:0")
	address := "http://" + p.Address()
	p.AwaitReady(address)
	return &measured{p.PID(), address + "/metrics", time.Since(begun)}
}

// get asks for some families, or for all; the body comes as the daemon sends it.
func (d *measured) get(b *testing.B, query, encoding string) []byte {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, d.url+query, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", encoding)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

func (d *measured) scrape(b *testing.B) (series int) {
	return len(sampleLines(b, d.get(b, "", "gzip")))
}

// sum adds up the samples of a family.
func (d *measured) sum(b *testing.B, family string) (sum float64) {
	b.Helper()
	for _, line := range sampleLines(b, d.get(b, "?name[]="+family, "gzip")) {
		value, err := strconv.ParseFloat(string(line[bytes.LastIndexByte(line, ' ')+1:]), 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += value
	}
	return sum
}

func (d *measured) await(holds func() bool) {
	for range time.Tick(200 * time.Millisecond) {
		if holds() {
			return
		}
	}
}

func (d *measured) memory(b *testing.B) usage.Memory {
	b.Helper()
	m, err := usage.MemoryOf(d.pid)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func sampleLines(b *testing.B, body []byte) (lines [][]byte) {
	b.Helper()
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}
