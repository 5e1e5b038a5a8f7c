package app

import (
	"log/slog"
	"sync"

	"github.com/qem-exporter/qem_exporter/aem"
)

// maxTold bounds what told remembers; what comes beyond is counted alone.
const maxTold = 1000

// told remembers which fields of which servers could not be read, so that the log tells each once.
type told struct {
	mu     sync.Mutex
	fields map[[3]string]struct{}
}

// first tells whether a field was never told of before.
func (t *told) first(operation, server, field string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := [3]string{operation, server, field}
	if _, known := t.fields[key]; known || len(t.fields) >= maxTold {
		return false
	}
	if t.fields == nil {
		t.fields = map[[3]string]struct{}{}
	}
	t.fields[key] = struct{}{}
	return true
}

// Unreadable counts a number or date that makes no sense, whose sample is then absent.
func (u *unit) Unreadable(v aem.Unreadable) {
	u.samples.Failed(v.Operation, "value")
	if u.told.first(v.Operation, v.Server, v.Field) {
		u.logger.Warn("a value cannot be read and is left out; further ones of the same field are only counted",
			slog.String("operation", v.Operation), slog.String("server", v.Server), slog.String("task", v.Task),
			slog.String("object", v.Object), slog.String("field", v.Field), slog.String("text", v.Text))
	}
}
