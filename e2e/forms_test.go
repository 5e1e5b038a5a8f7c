//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// polledExporter is one that has polled once and will not do so again.
func polledExporter(t *testing.T) *exporter {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	sim := simulate(t, aemtest.Options{
		Seed: 3, Servers: 3, ComposeServers: 1, TasksPerServer: 10, OddNames: true,
		Start: now.Add(-130 * time.Second), Clock: frozen(now),
	}, false)
	e := startExporter(t, write(t, "qem.yml", config("prod", sim.URL, byPassword, polledOnce,
		"tables: {mode: all}")))
	e.awaitReady()
	tasks := 0
	for _, s := range sim.State().Servers {
		if s.Product == aem.Replicate && s.State == aem.ServerMonitored {
			tasks += len(s.Tasks)
		}
	}
	// They are read after the details, and published in parts.
	eventually(t, "the tables of all tasks are served", func() bool {
		counted := e.samples().Only(func(key string) bool {
			return strings.HasPrefix(key, "qem_task_tables{") && strings.Contains(key, `state="error"`)
		})
		return tasks > 0 && len(counted) == tasks
	})
	return e
}

// TestPromtool holds the metrics to the conventions, without an exception.
func TestPromtool(t *testing.T) {
	e := polledExporter(t)
	_, body := e.get("/metrics", nil)
	check := process.Command(nil, process.Find(t, "promtool"), "check", "metrics")
	check.Stdin = bytes.NewReader(body)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool says\n%s%v", out, err)
	}
}

// The forms that a scraper may ask for.
const (
	asText        = "text/plain;version=0.0.4"
	asOpenMetrics = "application/openmetrics-text;version=1.0.0"
	asProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// TestForms asks for the same samples in every form and compression: for all of them,
// and for two families by name.
func TestForms(t *testing.T) {
	e := polledExporter(t)
	_, plain := e.get("/metrics", nil)
	all := polled(parseText(t, plain))
	some := all.Only(func(key string) bool {
		return strings.HasPrefix(key, "qem_up{") || strings.HasPrefix(key, "qem_task_state{")
	})
	if len(all) < 5000 || len(some) < 50 {
		t.Fatalf("only %d samples, %d by name", len(all), len(some))
	}
	for _, form := range []string{asText, asOpenMetrics, asProtobuf} {
		for _, compression := range []string{"identity", "gzip", "zstd"} {
			t.Run(strings.Split(form, ";")[0]+" "+compression, func(t *testing.T) {
				body := e.scrape(t, "/metrics", form, compression)
				if diff := cmp.Diff(all, polled(parse(t, form, body))); diff != "" {
					t.Errorf("other samples than in plain text (-plain +this):\n%.2000s", diff)
				}
				body = e.scrape(t, "/metrics?name[]=qem_task_state&name[]=qem_up&name[]=none", form, compression)
				if diff := cmp.Diff(some, parse(t, form, body)); diff != "" {
					t.Errorf("not the families that were asked for (-want +got):\n%.2000s", diff)
				}
			})
		}
	}
}

// scrape asks for a form and a compression, must get both, and returns what was
// compressed.
func (e *exporter) scrape(t *testing.T, path, form, compression string) []byte {
	t.Helper()
	status, header, body := process.Fetch(t, e.Client, http.MethodGet, "http://"+e.address+path,
		http.Header{"Accept": {form}, "Accept-Encoding": {compression}})
	if status != http.StatusOK {
		t.Fatalf("status %d: %.300s", status, body)
	}
	mediaType, _, _ := strings.Cut(form, ";")
	if got := header.Get("Content-Type"); !strings.HasPrefix(got, mediaType) {
		t.Fatalf("asked for %s, got %s", mediaType, got)
	}
	got := header.Get("Content-Encoding")
	if got != compression && (compression != "identity" || got != "") {
		t.Fatalf("asked for %s, got %s", compression, got)
	}
	return decompress(t, compression, body)
}

func decompress(t *testing.T, compression string, body []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	var err error
	switch compression {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(r); err == nil {
			defer d.Close()
			r = d
		}
	}
	if err == nil {
		body, err = io.ReadAll(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// parse reads the samples; OpenMetrics must end with its one mark of the end.
func parse(t *testing.T, form string, body []byte) testkit.Samples {
	t.Helper()
	ends := bytes.Count(body, []byte("# EOF"))
	switch form {
	case asProtobuf:
		body = textOf(t, body)
	case asOpenMetrics:
		if ends != 1 || !bytes.HasSuffix(body, []byte("\n# EOF\n")) {
			t.Errorf("%d marks of the end; the body ends in %q", ends, body[max(0, len(body)-20):])
		}
	default:
		if ends != 0 {
			t.Error("the text format has no mark of the end")
		}
	}
	return parseText(t, body)
}

// textOf is delimited protobuf as text.
func textOf(t *testing.T, body []byte) []byte {
	t.Helper()
	decoder := expfmt.NewDecoder(bytes.NewReader(body), expfmt.NewFormat(expfmt.TypeProtoDelim))
	var text bytes.Buffer
	for {
		var family dto.MetricFamily
		err := decoder.Decode(&family)
		if errors.Is(err, io.EOF) {
			return text.Bytes()
		}
		if err == nil {
			_, err = expfmt.MetricFamilyToText(&text, &family)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// polled are the samples that stay the same from one scrape to the next. Buckets are
// left out: the formats write their bounds differently.
func polled(samples testkit.Samples) testkit.Samples {
	return samples.Only(func(key string) bool {
		return strings.HasPrefix(key, "qem_") && !strings.HasSuffix(testkit.NameOf(key), "_bucket")
	})
}
