package exposition_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

// behind serves a snapshot behind what a registry has, which gets the handler's own metrics, too.
func behind(registry *prometheus.Registry, s *exposition.Snapshot) http.Handler {
	o := exposition.OptionsOf(s)
	o.Own, o.Registerer = registry, registry
	return exposition.NewHandler(o)
}

// TestNegotiatesEncodingLikePromhttp tries every pair of common elements, in one line or in two.
func TestNegotiatesEncodingLikePromhttp(t *testing.T) {
	elements := []string{
		"", "gzip", "zstd", "identity", "*", "deflate", "br", "GZIP", "gzip;q=0", "gzip; q=0.5", "zstd;q=0.5", "zstd;q=0.25",
		"identity;q=0", "identity;q=0.7", "*;q=0", "*;q=0.1", "gzip;q=1.000", "gzip;q=abc", "gzip;level=9", "gzip;q=",
		"gzip ; q=0.9", "x y",
	}
	families := cases["help texts"]
	s := snapshotOf(families...)
	ours, theirs := exposition.HandlerOf(s),
		oracle(gathererOf(families...))
	for i, first := range elements {
		for j, second := range elements {
			accept := first + ", " + second
			if i < j { // two lines are as good as one
				accept = first + "\n" + second
			}
			got, want := get(ours, "/", "", accept), get(theirs, "/", "", accept)
			if g, w := got.Header.Get("Content-Encoding"), want.Header.Get("Content-Encoding"); g != w {
				t.Errorf("Accept-Encoding %q: got %q, want %q", accept, g, w)
			}
		}
	}
}

// TestReadableProtobuf checks the two forms that no decoder reads, byte by byte.
func TestReadableProtobuf(t *testing.T) {
	families := []plain{{[]string{"a"}, []exposition.Family{gauge("a", "A \"gauge\"."), counter("b_total", "A counter.")},
		[]plainBlock{{rows: [][]string{{"b"}}, columns: [][]float64{{0.5}, {3}}}}}}
	s := snapshotOf(families...)
	ours, theirs := exposition.HandlerOf(s),
		oracle(gathererOf(families...))
	for _, form := range []string{"text", "compact-text"} {
		accept := "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=" + form
		for _, encoding := range acceptEncodes {
			got, want := get(ours, "/", accept, encoding), get(theirs, "/", accept, encoding)
			if got.Header.Get("Content-Type") != want.Header.Get("Content-Type") {
				t.Errorf("content type %q", got.Header.Get("Content-Type"))
			}
			if diff := gocmp.Diff(string(decompress(t, want)), string(decompress(t, got))); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", form, encoding, diff)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	h := behind(prometheus.NewRegistry(), part("a", 1))
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405,
		"OPTIONS": 405} {
		r := httptest.NewRequest(method, "/metrics", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: status %d", method, w.Code)
		}
		switch {
		case want == 405 && w.Header().Get("Allow") != "GET, HEAD":
			t.Errorf("%s: Allow %q", method, w.Header().Get("Allow"))
		case method == "HEAD" && (w.Body.Len() != 0 || w.Header().Get("Content-Encoding") != "gzip" ||
			!strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain")):
			t.Errorf("HEAD: %d bytes, header %v", w.Body.Len(), w.Header())
		}
	}
}

func TestInstrumentation(t *testing.T) {
	registry := prometheus.NewRegistry()
	options := exposition.OptionsOf(part("a", 1))
	broken := errors.New("no disk")
	options.Own = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		families, err := registry.Gather()
		return families, errors.Join(err, broken)
	})
	options.Registerer = registry
	h := exposition.NewHandler(options)
	get(h, "/", "", "")
	broken = nil
	get(h, "/", "", "")
	body := decompress(t, get(h, "/", "", ""))
	for _, line := range []string{
		`promhttp_metric_handler_requests_total{code="200"} 2`,
		`promhttp_metric_handler_requests_total{code="500"} 0`,
		`promhttp_metric_handler_requests_total{code="503"} 0`,
		`promhttp_metric_handler_requests_in_flight 1`,
		`promhttp_metric_handler_errors_total{cause="gathering"} 1`,
		`promhttp_metric_handler_errors_total{cause="encoding"} 0`,
	} {
		if !strings.Contains(string(body), "\n"+line+"\n") {
			t.Errorf("no line %s in:\n%s", line, body)
		}
	}
}

// failures is what the handler counted, in the order gathering, encoding.
func failures(gathering, encoding int) string {
	const help = "Total number of internal errors encountered by the promhttp metric handler."
	return fmt.Sprintf(`# HELP promhttp_metric_handler_errors_total `+help+`
# TYPE promhttp_metric_handler_errors_total counter
promhttp_metric_handler_errors_total{cause="encoding"} %d
promhttp_metric_handler_errors_total{cause="gathering"} %d
`, encoding, gathering)
}

func TestGatherErrors(t *testing.T) {
	good := &dto.MetricFamily{Name: proto.String("good"), Type: dto.MetricType_GAUGE.Enum(),
		Metric: []*dto.Metric{{Gauge: &dto.Gauge{Value: proto.Float64(1)}}}}
	broken := &dto.MetricFamily{Name: proto.String("broken"), Type: dto.MetricType_GAUGE.Enum(),
		Metric: []*dto.Metric{{Gauge: &dto.Gauge{}}, {}}}
	const goodText, upText = "# TYPE good gauge\ngood 1\n", "# HELP up Up.\n# TYPE up gauge\nup{server=\"a\"} 1\n"
	s := snapshotOf(ups([]string{"a"}, 1))
	for name, c := range map[string]struct {
		own                 prometheus.GathererFunc
		snapshot            *exposition.Snapshot
		status              int
		body                string
		gathering, encoding int
		logged              string
	}{
		"some families": {
			own:      func() ([]*dto.MetricFamily, error) { return []*dto.MetricFamily{good}, errors.New("no disk") },
			snapshot: s, status: 200, body: goodText + upText, gathering: 1, logged: "no disk",
		},
		"only the snapshot": {
			own:      func() ([]*dto.MetricFamily, error) { return nil, errors.New("no disk") },
			snapshot: s, status: 200, body: upText, gathering: 1, logged: "no disk",
		},
		"nothing": {
			own:    func() ([]*dto.MetricFamily, error) { return nil, errors.New("no disk") },
			status: 500, body: "An error has occurred while serving metrics:\n\nno disk\n", gathering: 1, logged: "no disk",
		},
		"panic": {
			own:      func() ([]*dto.MetricFamily, error) { panic("out of luck") },
			snapshot: s, status: 200, body: upText, gathering: 1, logged: "out of luck",
		},
		"family that cannot be encoded": {
			own:      func() ([]*dto.MetricFamily, error) { return []*dto.MetricFamily{broken, good}, nil },
			snapshot: s, status: 200, body: goodText + upText, encoding: 1, logged: "broken",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			registry := prometheus.NewRegistry()
			o := exposition.OptionsOf(cmp.Or(c.snapshot, exposition.NewSnapshot(nil)))
			o.Own, o.Registerer, o.Logger = c.own, registry, slog.New(slog.NewTextHandler(&log, nil))
			response := get(exposition.NewHandler(o), "/", "", "")
			if body := decompress(t, response); response.StatusCode != c.status || string(body) != c.body {
				t.Errorf("status %d, body:\n%s", response.StatusCode, body)
			}
			if err := testutil.GatherAndCompare(registry, strings.NewReader(failures(c.gathering, c.encoding)),
				"promhttp_metric_handler_errors_total"); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), c.logged) || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("log:\n%s", &log)
			}
		})
	}
}

func TestNothingToServe(t *testing.T) {
	h := exposition.HandlerOf(exposition.NewSnapshot(nil))
	for _, accept := range acceptHeaders {
		for _, encoding := range acceptEncodes {
			response := get(h, "/", accept, encoding)
			body := decompress(t, response)
			isOpenMetrics := strings.HasPrefix(response.Header.Get("Content-Type"), "application/openmetrics-text")
			if want := map[bool]string{true: "# EOF\n"}[isOpenMetrics]; response.StatusCode != 200 || string(body) != want {
				t.Errorf("Accept %q: status %d, body %q", accept, response.StatusCode, body)
			}
			if encoding != "" && response.Header.Get("Content-Length") == "0" {
				t.Errorf("Accept %q: an empty body is not valid %s", accept, encoding)
			}
		}
	}
}

// TestOverTheWire checks what net/http makes of the answers.
func TestOverTheWire(t *testing.T) {
	s := wide(6, 2000)
	server := httptest.NewServer(behind(ownRegistry(), s))
	defer server.Close()
	client := server.Client()
	client.Transport.(*http.Transport).DisableCompression = true
	want := textOf(t, s)
	for _, encoding := range []string{"identity", "gzip", "gzip", "zstd"} {
		r, err := http.NewRequest(http.MethodGet, server.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", encoding)
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if encoding != "identity" && response.ContentLength <= 0 {
			t.Errorf("%s: no content length", encoding)
		}
		body := decompress(t, response)
		response.Body.Close()
		if !bytes.HasSuffix(body, []byte(want)) || !bytes.Contains(body, []byte("\nown_total 41\n")) {
			t.Errorf("%s: body of %d bytes lacks something", encoding, len(body))
		}
	}
}

// TestCompressedAnswers checks that an unchanged snapshot gives the same bytes at no
// cost, a filtered answer leaves no trace, and own metrics are fresh every time.
func TestCompressedAnswers(t *testing.T) {
	fresh := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "own_total", Help: "Own."})
	fresh.MustRegister(counter)
	h := behind(fresh, part("a", 1, 0))
	filtered := decompress(t, get(h, "/?name[]=only_a", "", "gzip"))
	const want = "# HELP only_a Own.\n# TYPE only_a gauge\nonly_a{manager=\"a\",server=\"x\"} 1\n"
	if string(filtered) != want {
		t.Errorf("filtered:\n%s", filtered)
	}
	for i := range 3 {
		response := get(h, "/", "", "gzip")
		length := response.Header.Get("Content-Length")
		raw, _ := io.ReadAll(response.Body)
		if length != strconv.Itoa(len(raw)) {
			t.Errorf("content length %s of %d bytes", length, len(raw))
		}
		response.Body = io.NopCloser(bytes.NewReader(raw))
		body := string(decompress(t, response))
		if !strings.Contains(body, fmt.Sprintf("\nown_total %d\n", i)) || strings.Count(body, "\nup{") != 2 {
			t.Errorf("answer %d:\n%s", i, body)
		}
		counter.Inc()
	}
}

// stuckWriter is a client that reads nothing until it is released.
type stuckWriter struct {
	*httptest.ResponseRecorder
	reached chan struct{}
	release chan struct{}
}

func (w *stuckWriter) Write(data []byte) (int, error) {
	select {
	case w.reached <- struct{}{}:
	default:
	}
	<-w.release
	return w.ResponseRecorder.Write(data)
}

func TestSlowClientKeepsNobodyWaiting(t *testing.T) {
	for _, encoding := range acceptEncodes {
		h := behind(ownRegistry(), wide(10, 1000))
		slow := &stuckWriter{httptest.NewRecorder(), make(chan struct{}, 1), make(chan struct{})}
		done := make(chan struct{})
		go func() {
			defer close(done)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept-Encoding", encoding)
			h.ServeHTTP(slow, r)
		}()
		<-slow.reached
		if body := decompress(t, get(h, "/", "", encoding)); len(body) < 1_000_000 {
			t.Errorf("%q: body of %d bytes", encoding, len(body))
		}
		close(slow.release)
		<-done
	}
}

func TestClientThatGoesAway(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := behind(registry, wide(10, 1000))
	for _, encoding := range acceptEncodes {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		r.Header.Set("Accept-Encoding", encoding)
		h.ServeHTTP(goneWriter{httptest.NewRecorder()}, r)
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(failures(0, len(acceptEncodes))),
		"promhttp_metric_handler_errors_total"); err != nil {
		t.Error(err)
	}
}

// goneWriter is a client whose connection is broken.
type goneWriter struct{ *httptest.ResponseRecorder }

func (goneWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
