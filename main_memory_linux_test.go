package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/usage"
)

// BenchmarkMemory lets the daemon poll 60 000 tables, which are about a million
// series, and scrapes it between the polls with gzip. It reports the resident bytes a
// series when all is quiet, and at the worst moment of a poll and a scrape.
func BenchmarkMemory(b *testing.B) {
	sim := aemtest.NewServer(aemtest.Options{Servers: 10, ComposeServers: -1, TasksPerServer: 200, TablesPerTask: 34, Healthy: true})
	defer sim.Close()
	d := startMeasured(b, sim)
	d.awaitPoll(b, 1)
	series := d.scrape(b)
	poll := d.polls(b)
	for range b.N {
		// The first snapshots have grown to their size by now.
		if err := usage.ResetPeak(d.pid); err != nil {
			b.Fatal(err)
		}
		poll++
		d.awaitPoll(b, poll)
		d.scrape(b)
		worst := d.memory(b).Peak
		time.Sleep(3 * time.Second) // the Go runtime gives unused memory back little by little
		quiet := d.memory(b).Resident
		b.ReportMetric(float64(series), "series")
		b.ReportMetric(float64(quiet)/float64(series), "quiet-B/series")
		b.ReportMetric(float64(worst)/float64(series), "worst-B/series")
	}
}

// measured is a daemon whose memory is measured.
type measured struct{ pid, url string }

func startMeasured(b *testing.B, sim *aemtest.Server) *measured {
	b.Helper()
	dir := b.TempDir()
	config, addressFile := filepath.Join(dir, "qem.yml"), filepath.Join(dir, "log")
	text := fmt.Sprintf(`
enterprise_managers:
  - name: prod
    url: %s
    poll_interval: 15s
    auth: {type: api_token, token: %s}
    tables: {mode: all, limit: 100000}
`, sim.URL, aemtest.DefaultAPIToken)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	log, err := os.Create(addressFile)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { log.Close() })
	cmd := exec.Command(binary, "--config.file="+config, "--web.listen-address=127.0.0.1:0")
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	started := regexp.MustCompile(`qem_exporter started.*?(127\.0\.0\.1:\d+)`)
	for range time.Tick(50 * time.Millisecond) {
		written, err := os.ReadFile(addressFile)
		if err != nil {
			b.Fatal(err)
		}
		if found := started.FindSubmatch(written); found != nil {
			return &measured{strconv.Itoa(cmd.Process.Pid), "http://" + string(found[1]) + "/metrics"}
		}
	}
	return nil
}

// get asks for some families, or for all; the body comes as the daemon sends it.
func (d *measured) get(b *testing.B, query string) []byte {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, d.url+query, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
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

func (d *measured) scrape(b *testing.B) (series int) { return len(sampleLines(b, d.get(b, ""))) }

// polls is how many polls have ended.
func (d *measured) polls(b *testing.B) (n int) {
	for _, line := range sampleLines(b, d.get(b, "?name[]=qem_polls_total")) {
		count, err := strconv.ParseFloat(string(line[bytes.LastIndexByte(line, ' ')+1:]), 64)
		if err != nil {
			b.Fatal(err)
		}
		n += int(count)
	}
	return n
}

func (d *measured) awaitPoll(b *testing.B, number int) {
	for range time.Tick(100 * time.Millisecond) {
		if d.polls(b) >= number {
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
