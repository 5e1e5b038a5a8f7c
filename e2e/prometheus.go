//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testproc"
)

// prometheus is a Prometheus, running.
type prometheus struct {
	*process
	url string
}

// startPrometheus starts a Prometheus that scrapes the targets every second.
func startPrometheus(t *testing.T, targets []string, args ...string) *prometheus {
	t.Helper()
	quoted := make([]string, len(targets))
	for i, target := range targets {
		quoted[i] = strconv.Quote(target)
	}
	config := write(t, "prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: qem
    static_configs: [{targets: [%s]}]
`, strings.Join(quoted, ", ")))
	address := testproc.FreeAddress(t)
	p := &prometheus{url: "http://" + address}
	p.process = launch(t, testproc.Find(t, "prometheus"), append(args, "--config.file="+config, "--web.listen-address="+address,
		"--storage.tsdb.path="+t.TempDir(), "--log.level=error")...)
	eventually(t, "Prometheus is ready", func() bool {
		if !p.running() {
			t.Fatal("Prometheus has ended")
		}
		response, err := client.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return p
}

// api calls a method of the HTTP API.
func (p *prometheus) api(path string, query url.Values, data any) {
	p.t.Helper()
	status, _, body := fetch(p.t, p.url+path+"?"+query.Encode(), nil)
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	err := json.Unmarshal(body, &answer)
	if err != nil || status != http.StatusOK || answer.Status != "success" {
		p.t.Fatalf("%s: status %d, %s, %v", path, status, answer.Error, err)
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
}

// query evaluates an expression that gives a vector; what Prometheus has added to
// the labels is taken off.
func (p *prometheus) query(expression string) map[string]float64 {
	p.t.Helper()
	var data struct {
		ResultType string
		Result     []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	p.api("/api/v1/query", url.Values{"query": {expression}}, &data)
	samples := make(map[string]float64, len(data.Result))
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
		key := seriesKey(r.Metric)
		if _, twice := samples[key]; twice {
			p.t.Errorf("Prometheus has %s twice", key)
		}
		samples[key] = value
	}
	return samples
}

// scalar is the value of an expression that gives one sample, and whether it does.
func (p *prometheus) scalar(expression string) (float64, bool) {
	p.t.Helper()
	for _, value := range p.query(expression) {
		return value, true
	}
	return 0, false
}

// is reports whether an expression gives one sample of that value.
func (p *prometheus) is(expression string, want float64) bool {
	p.t.Helper()
	value, ok := p.scalar(expression)
	return ok && value == want
}

// metadata are types and help texts by family, as of all targets.
func (p *prometheus) metadata() map[string][]familyMeta {
	p.t.Helper()
	var data map[string][]familyMeta
	p.api("/api/v1/metadata", url.Values{}, &data)
	return data
}

type familyMeta struct{ Type, Help string }
