package exposition

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// What only tests write to other places than an answer.

func (s *Snapshot) WriteOpenMetrics(w io.Writer) error { return s.write(w, expfmt.TypeOpenMetrics) }

func (s *Snapshot) WriteProtobuf(w io.Writer) error { return s.write(w, expfmt.TypeProtoDelim) }

// OptionsOf are those of a handler that serves a Snapshot and nothing else.
func OptionsOf(kept *Snapshot) HandlerOptions {
	none := NewSnapshot(nil)
	return HandlerOptions{
		Own:        prometheus.Gatherers{},
		Snapshots:  func() (live, _ *Snapshot) { return none, kept },
		Registerer: prometheus.NewRegistry(),
		Logger:     slog.New(slog.DiscardHandler),
	}
}

func HandlerOf(kept *Snapshot) http.Handler { return NewHandler(OptionsOf(kept)) }
