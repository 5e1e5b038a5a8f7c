package cli

import (
	"io"
	"log"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/promslog"

	"github.com/qem-exporter/qem_exporter/internal/service"
)

// flushTimeout is how long the end of the process waits for whoever reads its log.
const flushTimeout = time.Second

// newLogger logs to stderr through a queue: nobody ever waits for its reader.
func (f *flags) newLogger() (*slog.Logger, *service.Queue) {
	queue := service.NewQueue(os.Stderr)
	if service.ToJournal() {
		return f.logTo(service.Journal(queue)), queue
	}
	f.log.Writer = queue
	logger := promslog.New(&f.log)
	takeStandardLog(logger)
	return logger, queue
}

// logTo logs to an event log, each record with its severity.
func (f *flags) logTo(events service.Events) *slog.Logger {
	logger := slog.New(service.NewLogHandler(events, func(w io.Writer) slog.Handler {
		f.log.Writer = w
		return promslog.New(&f.log).Handler()
	}))
	takeStandardLog(logger)
	return logger
}

// takeStandardLog makes what libraries write to the standard logger lines of ours.
func takeStandardLog(logger *slog.Logger) {
	log.SetFlags(0)
	log.SetOutput(&standardLog{logger: logger, told: map[string]time.Time{}})
}

// sameLine is how long a line of the standard logger is not told again: a server that
// sends something unasked does so with every answer.
const sameLine = time.Minute

// standardLog takes the lines of the standard logger. net/http quotes there what a
// server sends unasked, which may hold our own credentials: a quotation is left out.
type standardLog struct {
	logger *slog.Logger

	mu   sync.Mutex
	told map[string]time.Time
	kept int // lines that were not told
}

// maxTold is more than the lines that libraries have.
const maxTold = 100

func (s *standardLog) Write(line []byte) (int, error) {
	text, _, _ := strings.Cut(string(line), `"`)
	text = strings.TrimSpace(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.told[text]; known && time.Since(at) < sameLine {
		s.kept++
		return len(line), nil
	}
	if len(s.told) >= maxTold {
		clear(s.told)
	}
	s.told[text] = time.Now()
	s.logger.Warn("a library complains", slog.String("text", text), slog.Int("not_told", s.kept))
	s.kept = 0
	return len(line), nil
}
