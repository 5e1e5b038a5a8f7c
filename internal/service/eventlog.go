package service

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// maxEvent is the length of the longest message that the event log takes, in bytes
// of UTF-8, which are never fewer than the UTF-16 units that Windows counts.
const maxEvent = 31_000

// NewLogHandler writes every record to the event log, with its severity. The text
// is that of the handler that newHandler makes.
func NewLogHandler(events Events, newHandler func(io.Writer) slog.Handler) slog.Handler {
	text := &textBuffer{}
	return &logHandler{Handler: newHandler(text), text: text, events: events}
}

// textBuffer holds what the inner handler makes of one record.
type textBuffer struct {
	mu sync.Mutex // held from a record's formatting to its event
	bytes.Buffer
}

type logHandler struct {
	slog.Handler
	text   *textBuffer
	events Events
}

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	h.text.mu.Lock()
	defer h.text.mu.Unlock()
	h.text.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	message := h.text.String()
	if len(message) > maxEvent {
		message = strings.ToValidUTF8(message[:maxEvent], "") + "…"
	}
	return h.events(r.Level, message)
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{Handler: h.Handler.WithAttrs(attrs), text: h.text, events: h.events}
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{Handler: h.Handler.WithGroup(name), text: h.text, events: h.events}
}
