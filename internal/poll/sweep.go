package poll

import (
	"log/slog"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// sweep is the reading of a server's details and of those of all its tasks. The first one
// begins at once; later ones begin at the server's phase of the interval, and are spread over
// most of it.
type sweep struct {
	start alarm
	begun time.Time // zero: none is under way
	left  int       // readings that it waits for

	open  int       // readings that are waited for, not for their time but for their answer
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

// beginSweep begins one.
func (w *watch) beginSweep() {
	s := &w.sweep
	first := !s.ended
	s.begun, s.left, s.spent = time.Now(), 0, 0
	w.join(w.server)
	if first && w.readable() && !w.outline.tried {
		w.join(w.outline) // it brings the tasks
	}
	for _, t := range w.tasks {
		w.join(t.details)
	}
	step := spread * float64(w.options.PollInterval) / float64(len(w.tasks))
	for i, t := range w.tasks {
		if !first {
			t.details.at(s.begun.Add(time.Duration(step * float64(i))))
		}
	}
	w.server.now(details)
}

// join lets the sweep wait for a reading.
func (w *watch) join(r *reading) {
	if r.swept {
		return
	}
	r.swept = true
	w.sweep.left++
	if r.pending() {
		w.sweep.begins(r)
	}
}

// begins: a reading is asked for.
func (s *sweep) begins(r *reading) {
	if !r.swept || r.open {
		return
	}
	r.open = true
	if s.open++; s.open == 1 {
		s.since = time.Now()
	}
}

// endOf: a reading has ended, or is not wanted any more.
func (w *watch) endOf(r *reading) {
	s := &w.sweep
	if r.open {
		r.open = false
		if s.open--; s.open == 0 {
			s.spent += time.Since(s.since)
		}
	}
	if r.swept {
		r.swept = false
		if s.left--; s.left == 0 {
			w.endSweep()
		}
	}
}

// endSweep tells how it went.
func (w *watch) endSweep() {
	s := &w.sweep
	now := time.Now()
	result := w.result()
	if result != fleet.Failure || !w.server.failed() && !w.outline.failed() {
		s.last, s.took = now, s.spent
		w.struggle.calm()
	}
	due := phased(w.options.PollInterval, w.phase, s.begun.Add(w.options.PollInterval/2))
	s.lasted, s.ended, s.begun = now.Sub(s.begun), true, time.Time{}
	if !w.once {
		w.agenda.set(&s.start, latest(due, now))
	}
	w.tellUnread()
	w.options.Publisher.Polled(result)
	w.publish()
	w.owner.swept()
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// result is how the sweep went.
func (w *watch) result() fleet.Result {
	read, unread := 0, 0
	tables := false
	for _, t := range w.tasks {
		if t.details.failed() {
			unread++
		} else {
			read++
		}
		tables = tables || t.statuses != nil && t.statuses.failed()
	}
	switch {
	case w.server.failed() || w.outline.failed() || unread > 0 && read == 0:
		return fleet.Failure
	case unread > 0 || tables:
		return fleet.Partial
	}
	return fleet.Success
}

// newTask begins to know a task.
func (w *watch) newTask(name string) *task {
	t := &task{told: map[string]bool{}}
	w.known[name] = t
	t.details = w.reading(readTask, name, func(value any, _ fault) {
		d, _ := value.(*aem.TaskDetails)
		if t.take(d) && t.statuses != nil {
			t.statuses.now(details)
		}
		if t.read != nil && w.hasBarrier(t) != (w.extras.known[extraKey{readBarrier, name}] != nil) {
			w.wantExtras()
		}
		if t.hurried {
			t.hurried = t.details.again // what was under way may be older than the change
			w.soon(0)
		}
	})
	return t
}

// begin begins what is read of a task, or asks at once what a change calls for.
func (w *watch) begin(t *task, altered bool) {
	if !t.details.tried && !t.details.pending() && t.details.due.index == 0 {
		if !w.sweep.begun.IsZero() {
			w.join(t.details)
		}
	}
	t.details.start(details)
	wanted := w.options.Tables.Mode != Off && !t.compose()
	switch {
	case wanted && t.statuses == nil:
		w.readTables(t)
	case !wanted && t.statuses != nil:
		t.statuses.reset()
		w.takeTables(t, nil)
		t.statuses = nil
	}
	if t.statuses != nil {
		t.statuses.start(statuses)
	}
	if altered {
		t.hurried = true
		t.details.now(changed)
		if t.statuses != nil {
			t.statuses.now(details)
		}
	}
}

// readTables begins to read the tables of a task.
func (w *watch) readTables(t *task) {
	phase := w.phase + w.share*float64(len(w.known))/float64(max(len(w.list), 1)) // of all tasks of all servers evenly
	t.statuses = w.reading(readTables, t.info.Name, func(value any, _ fault) {
		r, _ := value.(*tableReading)
		w.takeTables(t, r)
		due := w.options.Tables.Interval
		if t.statuses.failed() {
			due = min(due, w.options.PollInterval)
		}
		t.statuses.at(phased(due, phase, time.Now().Add(due/2)))
	})
}

// takeTables takes over what was read of a task's tables, nil for nothing.
func (w *watch) takeTables(t *task, r *tableReading) {
	moved := w.tables.replace(t.tables, r)
	w.tell(t.takeTables(w.name, r)...)
	if moved {
		w.owner.moved()
	}
}

// tellUnread tells once which tasks can no longer be read, and which can be again.
func (w *watch) tellUnread() {
	if w.outline.failed() { // which has been told of the server
		return
	}
	for _, c := range []*call{readTask, readTables} {
		var failed, cured []string
		var err error
		for _, t := range w.tasks {
			for r := range t.readings {
				_, ours := r.err.(*unread)
				if r.call != c || !r.tried || ours || r.failed() == t.told[c.operation] {
					continue
				}
				if t.told[c.operation] = r.failed(); r.failed() {
					failed, err = append(failed, t.info.Name), r.err
				} else {
					cured = append(cured, t.info.Name)
				}
			}
		}
		if len(failed) > 0 {
			w.logger.Warn("tasks cannot be read", slog.String("operation", c.operation), slog.String("server", w.name),
				slog.Int("tasks", len(failed)), slog.String("names", some(failed)), slog.String("reason", reasonOf(err)),
				slog.Any("err", err))
		}
		if len(cured) > 0 {
			w.logger.Info("tasks can be read again", slog.String("operation", c.operation), slog.String("server", w.name),
				slog.Int("tasks", len(cured)), slog.String("names", some(cured)))
		}
	}
}
