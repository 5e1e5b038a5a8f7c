//go:build e2e

package dashboards

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// pause lets a second pass, in which there is a scrape.
func pause() { <-time.After(time.Second) }

// build builds the exporter.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "qem_exporter")
	cmd := exec.Command("go", "build", "-o", binary, "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// output is what a program has written, for a test to read while it runs.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// startExporter starts an exporter on a port of its choice and returns its address.
func startExporter(t *testing.T, binary, config string) string {
	t.Helper()
	written := launch(t, binary, "--config.file="+config, "--web.listen-address=127.0.0.1:0")
	started := regexp.MustCompile(`qem_exporter started.*?(127\.0\.0\.1:\d+)`)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); pause() {
		if found := started.FindStringSubmatch(written.String()); found != nil {
			return found[1]
		}
	}
	t.Fatal("the exporter does not start")
	return ""
}

// launch starts a program, which ends with the test.
func launch(t *testing.T, program string, args ...string) *output {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	cmd.Dir = t.TempDir()
	written := new(output)
	cmd.Stdout, cmd.Stderr = written, written
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if text := written.String(); t.Failed() {
			t.Logf("%s wrote at the end:\n%s", filepath.Base(program), text[max(0, len(text)-2000):])
		}
	})
	return written
}

// prometheus is a Prometheus, running.
type prometheus struct{ url string }

// startPrometheus starts a Prometheus that scrapes the targets every second.
func startPrometheus(t *testing.T, targets []string) *prometheus {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatal("prometheus is not installed: run make test, which installs it")
	}
	quoted := make([]string, len(targets))
	for i, target := range targets {
		quoted[i] = strconv.Quote(target)
	}
	config := write(t, "prometheus.yml", `
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: qem
    static_configs: [{targets: [`+strings.Join(quoted, ", ")+`]}]
`)
	address := freeAddress(t)
	launch(t, path, "--config.file="+config, "--web.listen-address="+address, "--storage.tsdb.path="+t.TempDir(), "--log.level=error")
	p := &prometheus{url: "http://" + address}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); pause() {
		response, err := client.Get(p.url + "/-/ready")
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return p
		}
	}
	t.Fatal("Prometheus does not get ready")
	return nil
}

// client keeps no connection, so that none outlives a test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}

// api calls a method of the HTTP API.
func (p *prometheus) api(t *testing.T, path string, query url.Values, data any) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url+path, strings.NewReader(query.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Status != "success" {
		t.Fatalf("%v: status %d, %s, %v", query, response.StatusCode, answer.Error, err)
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		t.Fatalf("%v: %v", query, err)
	}
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// write makes a file in a new directory.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
