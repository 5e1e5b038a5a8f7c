package exposition

import (
	"bytes"
	"errors"
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

// HandlerOptions says what a handler serves. Every field may be nil.
type HandlerOptions struct {
	// Own is gathered at every request and goes out first. It should be small, and
	// must have no family that Snapshot has.
	Own prometheus.Gatherer
	// Snapshot returns the current samples. It is called at every request; as long
	// as nothing has changed it should return the same Snapshot.
	Snapshot func() *Snapshot
	// Registerer gets the promhttp_metric_handler_* families. Several handlers may
	// share it.
	Registerer prometheus.Registerer
	// Logger is told of errors in gathering, encoding and sending.
	Logger *slog.Logger
}

type handler struct {
	own      prometheus.Gatherer
	snapshot func() *Snapshot
	empty    *Snapshot // stands in for none
	failures *prometheus.CounterVec
	log      *slog.Logger
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
	h := &handler{own: o.Own, snapshot: o.Snapshot, empty: &Snapshot{}, log: o.Logger}
	if h.own == nil {
		h.own = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, nil })
	}
	if h.snapshot == nil {
		h.snapshot = func() *Snapshot { return nil }
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.failures = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "promhttp_metric_handler_errors_total",
		Help: "Total number of internal errors encountered by the promhttp metric handler.",
	}, []string{"cause"})
	h.failures.WithLabelValues(causeGathering)
	h.failures.WithLabelValues(causeEncoding)
	if o.Registerer == nil {
		return h
	}
	if err := o.Registerer.Register(h.failures); err != nil {
		var registered prometheus.AlreadyRegisteredError
		if !errors.As(err, &registered) {
			panic(err) // as promhttp does: two programs' parts want one name
		}
		h.failures = registered.ExistingCollector.(*prometheus.CounterVec)
	}
	return promhttp.InstrumentMetricHandler(o.Registerer, h)
}

// request is what one client asked for.
type request struct {
	*http.Request
	format   expfmt.Format
	encoding encoding
	names    map[string]bool // nil: all families
}

func newRequest(r *http.Request) *request {
	q := &request{
		Request:  r,
		format:   expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...),
		encoding: negotiateEncoding(r.Header),
	}
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
	snapshot := h.snapshot()
	if snapshot == nil {
		snapshot = h.empty
	}
	families, err := gather(h.own)
	if err != nil {
		h.failed(r, causeGathering, "gathering metrics failed", err)
		if len(families) == 0 && snapshot.samples == 0 {
			http.Error(w, "An error has occurred while serving metrics:\n\n"+err.Error(), http.StatusInternalServerError)
			return
		}
	}
	q := newRequest(r)
	own := h.encodeOwn(q, families)
	if err := h.send(w, q, own, snapshot); err != nil {
		h.failed(r, causeEncoding, "sending metrics failed", err)
	}
}

// send writes the answer: own in front of the snapshot's samples. Nothing is locked
// while it writes, so a slow client keeps nobody waiting.
func (h *handler) send(w http.ResponseWriter, q *request, own []byte, s *Snapshot) error {
	whole := q.names == nil
	var ready *body
	if q.encoding != identity && whole && q.Method != http.MethodHead {
		var err error
		if ready, err = s.compressed(q.Context(), formOf(q.format), q.encoding); err != nil {
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
	switch {
	case q.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
		return nil
	case ready != nil:
		return sendReady(w, q.encoding, own, ready)
	case !whole:
		s = s.only(q.wants)
	}
	return encode(w, q.encoding, func(w io.Writer) error {
		if _, err := w.Write(own); err != nil {
			return err
		}
		return s.write(w, formOf(q.format))
	})
}

// sendReady sends a body that was compressed before, behind own as a gzip member or
// zstd frame of its own.
func sendReady(w http.ResponseWriter, e encoding, own []byte, ready *body) error {
	var front bytes.Buffer
	if len(own) > 0 {
		err := encode(&front, e, func(w io.Writer) error {
			_, err := w.Write(own)
			return err
		})
		if err != nil {
			return fmt.Errorf("compressing own metrics: %w", err)
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(front.Len()+ready.size))
	if _, err := front.WriteTo(w); err != nil {
		return err
	}
	_, err := ready.WriteTo(w)
	return err
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

// encodeOwn encodes the gathered families that the client wants. One that cannot be
// encoded is left out. There is no end mark: the snapshot's samples follow.
func (h *handler) encodeOwn(q *request, families []*dto.MetricFamily) []byte {
	var own bytes.Buffer
	encoder := expfmt.NewEncoder(&own, q.format)
	for _, family := range families {
		if !q.wants(family.GetName()) {
			continue
		}
		before := own.Len()
		if err := encoder.Encode(family); err != nil {
			own.Truncate(before)
			h.failed(q.Request, causeEncoding, "encoding metric family failed", err)
		}
	}
	return own.Bytes()
}

// failed counts and logs an error.
func (h *handler) failed(r *http.Request, cause, message string, err error) {
	h.failures.WithLabelValues(cause).Inc()
	h.log.LogAttrs(r.Context(), slog.LevelError, message, slog.Any("err", err))
}
