//go:build e2e

package dashboards

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/testproc"
)

// pause lets a second pass, in which there is a scrape.
func pause() { <-time.After(time.Second) }

// startExporter starts an exporter on a port of its choice and returns its address.
func startExporter(t *testing.T, binary, config string) string {
	t.Helper()
	written := launch(t, binary, "--config.file="+config, "--web.listen-address=127.0.0.1:0")
	var found []string
	testproc.Eventually(t, "the exporter has started", time.Minute, func() bool {
		found = regexp.MustCompile(testproc.Started).FindStringSubmatch(written.String())
		return found != nil
	})
	return found[1]
}

// launch starts a program, which ends with the test.
func launch(t *testing.T, program string, args ...string) *testproc.Output {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	cmd.Dir = t.TempDir()
	return testproc.Start(t, cmd)
}

// prometheus is a Prometheus, running.
type prometheus struct{ url string }

// startPrometheus starts a Prometheus that scrapes the targets every second.
func startPrometheus(t *testing.T, targets []string) *prometheus {
	t.Helper()
	quoted := make([]string, len(targets))
	for i, target := range targets {
		quoted[i] = strconv.Quote(target)
	}
	config := testproc.File(t, "prometheus.yml", `
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: qem
    static_configs: [{targets: [`+strings.Join(quoted, ", ")+`]}]
`)
	address := testproc.FreeAddress(t)
	launch(t, testproc.Find(t, "prometheus"), "--config.file="+config, "--web.listen-address="+address, "--storage.tsdb.path="+t.TempDir(), "--log.level=error")
	p := &prometheus{url: "http://" + address}
	testproc.Eventually(t, "Prometheus is ready", time.Minute, func() bool {
		response, err := client.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return p
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
