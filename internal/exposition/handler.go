package exposition

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// HandlerOptions says what a handler serves.
type HandlerOptions struct {
	// Own is gathered at every request and goes out first. It should be small, and
	// must have no family that a Snapshot has.
	Own prometheus.Gatherer
	// Snapshots returns the current samples, at every request: those that are rendered and
	// compressed for each, which should be few, and those whose compressed bodies are kept. As
	// long as nothing has changed they should be the same Snapshots.
	Snapshots func() (live, kept *Snapshot)
	// Registerer gets the promhttp_metric_handler_* families.
	Registerer prometheus.Registerer
	// Logger is told of errors in gathering, encoding and sending.
	Logger *slog.Logger
}

type handler struct {
	HandlerOptions
	failures *prometheus.CounterVec
}

// The causes of failures.
const (
	causeGathering = "gathering"
	causeEncoding  = "encoding"
)

// NewHandler returns a handler that serves metrics as promhttp does: it negotiates
// the format by Accept (text, OpenMetrics 1.0.0 and 0.0.1, protobuf) and the
// compression by Accept-Encoding (gzip, zstd), honours name[] parameters, and keeps
// the same metrics about itself. An error in gathering leaves out what could not be
// gathered; only if nothing at all is left it becomes a status 500.
func NewHandler(o HandlerOptions) http.Handler {
	h := &handler{o, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "promhttp_metric_handler_errors_total",
		Help: "Total number of internal errors encountered by the promhttp metric handler.",
	}, []string{"cause"})}
	h.failures.WithLabelValues(causeGathering)
	h.failures.WithLabelValues(causeEncoding)
	o.Registerer.MustRegister(h.failures)
	return promhttp.InstrumentMetricHandler(o.Registerer, h)
}

// request is what one client asked for.
type request struct {
	*http.Request
	format   expfmt.Format
	form     form // of that format
	encoding encoding
	names    map[string]bool // nil: all families
}

func newRequest(r *http.Request) *request {
	q := &request{
		Request:  r,
		format:   expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...),
		encoding: negotiateEncoding(r.Header),
	}
	q.form = q.format.FormatType()
	if names := r.URL.Query()["name[]"]; len(names) > 0 {
		q.names = make(map[string]bool, len(names))
		for _, name := range names {
			q.names[name] = true
		}
	}
	return q
}

func (q *request) wants(name string) bool { return q.names == nil || q.names[name] }

// ServeHTTP answers GET and HEAD.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	live, kept := h.Snapshots()
	families, err := gather(h.Own)
	if err != nil {
		h.failed(r, causeGathering, "gathering metrics failed", err)
		if len(families) == 0 && live.samples+kept.samples == 0 {
			http.Error(w, "An error has occurred while serving metrics:\n\n"+err.Error(), http.StatusInternalServerError)
			return
		}
	}
	q := newRequest(r)
	if err := h.send(w, q, h.front(q, families, live), kept); err != nil {
		h.failed(r, causeEncoding, "sending metrics failed", err)
	}
}

// send writes the answer: front before the kept samples, each compressed as a gzip member or zstd frame
// of its own. Nothing is locked while it writes, so a slow client keeps nobody waiting.
func (h *handler) send(w http.ResponseWriter, q *request, front []byte, s *Snapshot) error {
	var ready *body
	if q.encoding != identity && q.names == nil && q.Method != http.MethodHead {
		var err error
		if ready, err = s.compressed(q.Context(), variant{q.form, q.encoding}); err != nil {
			http.Error(w, "The metrics could not be compressed in time", http.StatusServiceUnavailable)
			return err
		}
	}
	header := w.Header()
	header.Add("Vary", "Accept")
	header.Add("Vary", "Accept-Encoding")
	header.Set("Content-Type", string(q.format))
	if q.encoding != identity {
		header.Set("Content-Encoding", q.encoding.String())
	}
	if q.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	var before bytes.Buffer
	if len(front) > 0 {
		err := encode(&before, q.encoding, func(w io.Writer) error {
			_, err := w.Write(front)
			return err
		})
		if err != nil {
			return fmt.Errorf("compressing own metrics: %w", err)
		}
	}
	if ready != nil {
		header.Set("Content-Length", strconv.Itoa(before.Len()+ready.size))
	}
	if _, err := before.WriteTo(w); err != nil {
		return err
	}
	if ready != nil {
		_, err := ready.WriteTo(w)
		return err
	}
	return encode(w, q.encoding, func(w io.Writer) error { return s.only(q.wants).writeWhole(w, q.form) })
}

// gather gathers; a gatherer that panics has gathered nothing.
func gather(g prometheus.Gatherer) (families []*dto.MetricFamily, err error) {
	defer func() {
		if p := recover(); p != nil {
			families, err = nil, fmt.Errorf("gatherer panicked: %v", p)
		}
	}()
	return g.Gather()
}

// front encodes the gathered families that the client wants, and the live samples behind them. A
// family that cannot be encoded is left out. There is no end mark: the kept samples follow.
func (h *handler) front(q *request, families []*dto.MetricFamily, live *Snapshot) []byte {
	var front bytes.Buffer
	encoder := expfmt.NewEncoder(&front, q.format)
	for _, family := range families {
		if !q.wants(family.GetName()) {
			continue
		}
		before := front.Len()
		if err := encoder.Encode(family); err != nil {
			front.Truncate(before)
			h.failed(q.Request, causeEncoding, "encoding metric family failed", err)
		}
	}
	_ = live.only(q.wants).write(&front, q.form) // a buffer takes everything
	return front.Bytes()
}

// failed counts and logs an error.
func (h *handler) failed(r *http.Request, cause, message string, err error) {
	h.failures.WithLabelValues(cause).Inc()
	h.Logger.LogAttrs(r.Context(), slog.LevelError, message, slog.Any("err", err))
}
