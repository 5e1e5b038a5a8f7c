package process

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit"
)

// Prometheus is a Prometheus, running.
type Prometheus struct {
	*Process
	URL string
}

// StartPrometheus starts a Prometheus that scrapes the targets every second; more is further
// configuration.
func StartPrometheus(t testing.TB, targets []string, more string, args ...string) *Prometheus {
	t.Helper()
	config := File(t, "prometheus.yml", fmt.Sprintf(`%s
scrape_configs:
  - job_name: qem
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{targets: ["%s"]}]
`, more, strings.Join(targets, `", "`)))
	p := &Prometheus{Process: Launch(t, Find(t, "prometheus"), append(args, "--config.file="+config,
		"--web.listen-address=127.0.0.1:0", "--storage.tsdb.path="+t.TempDir())...)}
	p.URL = "http://" + p.Says(regexp.MustCompile(`Listening on" address=(127\.0\.0\.1:[1-9]\d*)`))[1]
	Eventually(t, "Prometheus is ready", Patience, func() bool {
		code, _ := p.Do(http.MethodGet, p.URL+"/-/ready")
		return code == http.StatusOK
	})
	return p
}

// API calls a method of the HTTP API.
func (p *Prometheus) API(path string, query url.Values, data any) {
	p.t.Helper()
	code, body := p.Do(http.MethodGet, p.URL+path+"?"+query.Encode())
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	err := json.Unmarshal([]byte(body), &answer)
	if err != nil || code != http.StatusOK || answer.Status != "success" {
		p.t.Fatalf("%s: status %d, %s, %v", path, code, answer.Error, err)
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
}

// Query evaluates an expression that gives a vector, by testkit.SeriesKey; what Prometheus has added to
// the labels is taken off.
func (p *Prometheus) Query(expression string) testkit.Samples {
	p.t.Helper()
	var data struct {
		ResultType string
		Result     []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	p.API("/api/v1/query", url.Values{"query": {expression}}, &data)
	samples := make(testkit.Samples, len(data.Result))
	for _, r := range data.Result {
		delete(r.Metric, "instance")
		delete(r.Metric, "job")
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			if len(r.Metric) > 0 && r.Value[1] == nil {
				continue // a native histogram has no value
			}
			p.t.Fatalf("%v has the value %q", r.Metric, text)
		}
		key := testkit.SeriesKey(r.Metric)
		if _, twice := samples[key]; twice {
			p.t.Errorf("Prometheus has %s twice", key)
		}
		samples[key] = value
	}
	return samples
}

// Is tells whether an expression gives one sample of that value.
func (p *Prometheus) Is(expression string, want float64) bool {
	p.t.Helper()
	samples := p.Query(expression)
	for _, value := range samples {
		return len(samples) == 1 && value == want
	}
	return false
}
