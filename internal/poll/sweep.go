package poll

import (
	"log/slog"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/alarm"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
	"github.com/qem-exporter/qem_exporter/internal/poll/tell"
)

// sweep is the reading of a server's details and of those of all its tasks. The first one
// begins at once; later ones begin at the server's phase of the interval, and are spread over
// most of it.
type sweep struct {
	start *alarm.Alarm
	begun time.Time         // zero: none is under way
	waits map[*reading]bool // readings that have not ended; and whether they have been asked for

	open  int       // those asked for
	since time.Time // there has been one
	spent time.Duration

	ended  bool          // the first one has
	lasted time.Duration // the last one, with its pacing
	last   time.Time     // the end of the last one that read the server and tried every task
	took   time.Duration // that one, without its pacing
}

// spread is the part of the interval over which the details of tasks are spread.
const spread = 0.9

// length is how long a sweep lasts.
func (s *sweep) length() time.Duration {
	if s.begun.IsZero() {
		return s.lasted
	}
	return max(s.lasted, time.Since(s.begun))
}

// halt drops it: it does not end.
func (s *sweep) halt() {
	s.start.Drop()
	*s = sweep{start: s.start, waits: map[*reading]bool{}}
}

// asks: a reading is asked for.
func (s *sweep) asks(r *reading) {
	if asked, waits := s.waits[r]; !waits || asked {
		return
	}
	s.waits[r] = true
	if s.open++; s.open == 1 {
		s.since = time.Now()
	}
}

// beginSweep begins one.
func (w *watch) beginSweep() {
	s := &w.sweep
	s.begun, s.spent = time.Now(), 0
	w.joins(w.server)
	if !s.ended && w.readable() && !w.outline.tried {
		w.joins(w.outline) // it brings the tasks
	}
	step := spread * float64(w.options.PollInterval) / float64(len(w.tasks))
	for i, t := range w.tasks {
		details := w.get(readTask, t.info.Name)
		if w.joins(details); s.ended {
			details.at(s.begun.Add(time.Duration(step * float64(i))))
		}
	}
	w.server.now(gate.Details)
}

// joins lets the sweep wait for a reading.
func (w *watch) joins(r *reading) {
	s := &w.sweep
	if _, waits := s.waits[r]; waits {
		return
	}
	s.waits[r] = false
	if r.flight != nil {
		s.asks(r)
	}
}

// leaves: a reading has ended, or is not wanted any more.
func (w *watch) leaves(r *reading) {
	s := &w.sweep
	asked, waits := s.waits[r]
	if !waits {
		return
	}
	delete(s.waits, r)
	if asked {
		if s.open--; s.open == 0 {
			s.spent += time.Since(s.since)
		}
	}
	if len(s.waits) == 0 {
		w.endSweep()
	}
}

// endSweep tells how it went.
func (w *watch) endSweep() {
	s, now := &w.sweep, time.Now()
	result := w.result()
	if result != fleet.Failure || !w.server.failed() && !w.outline.failed() {
		s.last, s.took = now, s.spent
		w.struggle.Read()
	}
	due := alarm.Phased(w.options.PollInterval, w.phase, s.begun.Add(w.options.PollInterval/2))
	s.lasted, s.ended, s.begun = now.Sub(s.begun), true, time.Time{}
	if w.once == nil {
		s.start.When(due)
	}
	w.tellUnread()
	w.options.Publisher.Polled(result)
	w.publish()
	w.roster.swept()
}

// result is how the sweep went.
func (w *watch) result() fleet.Result {
	all, failed := map[*kind]int{}, map[*kind]int{}
	for _, r := range w.order {
		if all[r.kind]++; r.failed() {
			failed[r.kind]++
		}
	}
	tasks := failed[readTask]
	switch {
	case w.server.failed() || w.outline.failed() || tasks > 0 && tasks == all[readTask]:
		return fleet.Failure
	case tasks > 0 || failed[readTables] > 0:
		return fleet.Partial
	}
	return fleet.Success
}

// tellUnread tells once which tasks can no longer be read, and which can be again.
func (w *watch) tellUnread() {
	if w.outline.failed() { // which has been told of the server
		return
	}
	for _, k := range []*kind{readTask, readTables} {
		var failed, cured []string
		var err error
		for _, r := range w.order {
			if r.kind != k || !r.tried || r.ours() || r.failed() == r.told {
				continue
			}
			if r.told = r.failed(); r.told {
				failed, err = append(failed, r.object), r.err
			} else {
				cured = append(cured, r.object)
			}
		}
		logger := w.Logger.With(slog.String("operation", k.operation), slog.String("server", w.name))
		if len(failed) > 0 {
			logger.Warn("tasks cannot be read", slog.Int("tasks", len(failed)), slog.String("names", tell.Some(failed)),
				slog.String("reason", answer.Reason(err)), slog.Any("err", err))
		}
		if len(cured) > 0 {
			logger.Info("tasks can be read again", slog.Int("tasks", len(cured)), slog.String("names", tell.Some(cured)))
		}
	}
}
