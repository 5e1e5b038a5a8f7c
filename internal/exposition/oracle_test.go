package exposition_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd" // the oracle offers it, too
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

// plain describes a table and its samples in the simplest terms, from which both a Snapshot and the
// families of the oracle are made.
type plain struct {
	labels   []string
	families []exposition.Family
	blocks   []plainBlock
}

type plainBlock struct {
	rows    [][]string
	columns [][]float64 // of all families
	loose   []plainLoose
}

type plainLoose struct {
	family, row int
	labels      []string
	value       float64
}

func snapshotOf(tables ...plain) *exposition.Snapshot {
	var blocks []*exposition.Block
	for _, p := range tables {
		t := exposition.NewTable(p.labels, p.families)
		for _, b := range p.blocks {
			var rows []exposition.LabelSet
			for _, row := range b.rows {
				rows = append(rows, t.Row(none, row...))
			}
			var loose []exposition.Loose
			for _, l := range b.loose {
				labels := t.Extra(l.family, none, l.labels...)
				loose = append(loose, exposition.Loose{Family: l.family, Row: l.row, Labels: labels, Value: l.value})
			}
			blocks = append(blocks, t.Block(exposition.NewRows(nil, rows), slices.Concat(b.columns...), loose))
		}
	}
	return exposition.NewSnapshot(blocks)
}

// gathererOf makes the same samples the common way, checked as a Registry would.
func gathererOf(tables ...plain) prometheus.Gatherer {
	var all []*dto.MetricFamily
	for _, p := range tables {
		for f := range p.families {
			if family := familyOf(&p, f); len(family.Metric) > 0 {
				all = append(all, family)
			}
		}
	}
	return prometheus.Gatherers{prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return all, nil })}
}

func familyOf(p *plain, index int) *dto.MetricFamily {
	f := &p.families[index]
	family := &dto.MetricFamily{Name: proto.String(f.Name), Help: proto.String(f.Help), Type: dto.MetricType_GAUGE.Enum()}
	if f.Type == exposition.Counter {
		family.Type = dto.MetricType_COUNTER.Enum()
	}
	add := func(row, extra []string, value float64) {
		if math.IsNaN(value) {
			return
		}
		metric := &dto.Metric{Label: pairsOf(slices.Concat(p.labels, f.Labels), slices.Concat(row, extra))}
		if f.Type == exposition.Counter {
			metric.Counter = &dto.Counter{Value: proto.Float64(value)}
		} else {
			metric.Gauge = &dto.Gauge{Value: proto.Float64(value)}
		}
		family.Metric = append(family.Metric, metric)
	}
	first := 0
	for _, before := range p.families[:index] {
		first += len(before.Columns)
	}
	for _, b := range p.blocks {
		for c, extra := range f.Columns {
			for i, row := range b.rows {
				add(row, extra, b.columns[first+c][i])
			}
		}
		for _, l := range b.loose {
			if l.family == index {
				add(b.rows[l.row], l.labels, l.value)
			}
		}
	}
	return family
}

func pairsOf(names, values []string) []*dto.LabelPair {
	var pairs []*dto.LabelPair
	for i, name := range names {
		value := strings.ToValidUTF8(values[i], "\uFFFD")
		pairs = append(pairs, &dto.LabelPair{Name: proto.String(name), Value: proto.String(value)})
	}
	sortPairs(pairs)
	return pairs
}

func sortPairs(pairs []*dto.LabelPair) {
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
}

// keyOf writes labels so that different ones never look the same.
func keyOf(pairs []*dto.LabelPair) string {
	var key strings.Builder
	for _, pair := range pairs {
		key.WriteString(pair.GetName() + "\xff" + pair.GetValue() + "\xff")
	}
	return key.String()
}

// The requests that the comparison goes through.
var (
	acceptHeaders = []string{
		"",
		"*/*",
		"text/plain;version=0.0.4",
		"application/openmetrics-text;version=1.0.0",
		"application/openmetrics-text;version=0.0.1",
		"application/openmetrics-text",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
		// Prometheus 3, without and with native histograms.
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
			"application/openmetrics-text;version=0.0.1;q=0.5," +
			"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," +
			"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		"application/openmetrics-text;version=2.0.0,text/html",
	}
	escapings = []string{"", ";escaping=allow-utf-8", ";escaping=underscores", ";escaping=dots", ";escaping=values",
		";escaping=nonsense"}
	acceptEncodes = []string{"", "gzip", "zstd"}
)

// get asks a handler; acceptEncoding may be several lines.
func get(h http.Handler, target, accept, acceptEncoding string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	if acceptEncoding != "" {
		r.Header["Accept-Encoding"] = strings.Split(acceptEncoding, "\n")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// decompress returns the plain body.
func decompress(t *testing.T, response *http.Response) []byte {
	t.Helper()
	var plain io.Reader = response.Body
	switch e := response.Header.Get("Content-Encoding"); e {
	case "":
	case "gzip":
		r, err := gzip.NewReader(response.Body)
		if err != nil {
			t.Fatalf("opening gzip body: %v", err)
		}
		plain = r
	case "zstd":
		r, err := zstd.NewReader(response.Body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatalf("opening zstd body: %v", err)
		}
		defer r.Close()
		plain = r
	default:
		t.Fatalf("unexpected content encoding %q", e)
	}
	body, err := io.ReadAll(plain)
	if err != nil {
		t.Fatalf("decompressing: %v", err)
	}
	return body
}

// parse reads a body strictly. Families and samples come sorted, since the text
// decoder knows no order; each family is a text, in which no two values look the same.
func parse(t *testing.T, format expfmt.Format, body []byte) []string {
	t.Helper()
	if format.FormatType() == expfmt.TypeOpenMetrics {
		if !bytes.HasSuffix(body, []byte("# EOF\n")) || bytes.Count(body, []byte("# EOF\n")) != 1 {
			t.Fatalf("not exactly one end mark at the end of:\n%s", body)
		}
	}
	var families []string
	decoder := expfmt.NewDecoder(bytes.NewReader(body), format)
	for {
		var f dto.MetricFamily
		err := decoder.Decode(&f)
		if errors.Is(err, io.EOF) {
			slices.Sort(families)
			return families
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, body)
		}
		for _, m := range f.Metric {
			sortPairs(m.Label)
		}
		slices.SortStableFunc(f.Metric, func(a, b *dto.Metric) int { return cmp.Compare(keyOf(a.Label), keyOf(b.Label)) })
		families = append(families, prototext.Format(&f))
	}
}

// oracle answers as promhttp does for the same samples.
func oracle(g prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(g, promhttp.HandlerOpts{
		EnableOpenMetrics: true, ErrorHandling: promhttp.ContinueOnError,
	})
}

// compare asks both handlers the same and reports any difference that a client
// could see.
func compare(t *testing.T, ours, theirs http.Handler, target, accept, acceptEncoding string, known parses) {
	t.Helper()
	got, want := get(ours, target, accept, acceptEncoding), get(theirs, target, accept, acceptEncoding)
	if got.StatusCode != want.StatusCode {
		t.Fatalf("Accept %q: status %d, want %d", accept, got.StatusCode, want.StatusCode)
	}
	for _, name := range []string{"Content-Type", "Content-Encoding", "Vary"} {
		if diff := gocmp.Diff(want.Header.Values(name), got.Header.Values(name)); diff != "" {
			t.Fatalf("Accept %q, Accept-Encoding %q: %s (-want +got):\n%s", accept, acceptEncoding, name, diff)
		}
	}
	format := expfmt.Format(got.Header.Get("Content-Type"))
	gotBody, wantBody := decompress(t, got), decompress(t, want)
	if diff := gocmp.Diff(known.parse(t, format, wantBody), known.parse(t, format, gotBody)); diff != "" {
		t.Fatalf("%s, %q (-want +got):\n%s\n%s", format, acceptEncoding, diff, gotBody)
	}
}

// parses remembers what bodies say: the OpenMetrics decoder is slow, and most bodies
// are the same in every encoding and escaping.
type parses map[string][]string

func (known parses) parse(t *testing.T, format expfmt.Format, body []byte) []string {
	t.Helper()
	key := fmt.Sprint(format.FormatType(), " ", string(body))
	families, ok := known[key]
	if !ok {
		families = parse(t, format, body)
		known[key] = families
	}
	return families
}

// compareAll compares every form, encoding and escaping.
func compareAll(t *testing.T, ours, theirs http.Handler, target string) {
	t.Helper()
	known := parses{}
	for _, accept := range acceptHeaders {
		for _, escaping := range escapings {
			if accept == "" && escaping != "" || strings.Contains(accept, ",") && escaping != "" {
				continue
			}
			for _, acceptEncoding := range acceptEncodes {
				compare(t, ours, theirs, target, accept+escaping, acceptEncoding, known)
			}
		}
	}
}
