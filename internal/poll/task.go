package poll

import (
	"context"
	"log/slog"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// task is one task during a poll. Each call writes fields of its own, which are read
// when all calls have ended.
type task struct {
	server *server
	info   aem.TaskInfo

	details    *aem.TaskDetails
	detailsErr error
	gone       bool // the API no longer knows it

	reading   *reading // of this poll or carried along; nil when there is none
	tablesErr error    // with aem.ErrPartial there is a reading

	acl, barrier *errand // nil when nobody asks for them
}

// begin queues the task's calls. Table statuses that are not yet due again are taken
// along instead.
func (t *task) begin() {
	r := t.server.round
	if r.options.RetentionBarriers > 0 {
		t.prepareBarrier()
	}
	r.schedule.add(t.server.queue, details, t.readDetails)
	if r.options.ACLs > 0 {
		t.readACL()
	}
	if r.options.Tables.Mode == Off || t.server.info.Product == aem.Compose {
		return
	}
	if last := r.memory.readings[t.key()]; last != nil && !r.due(last.polled, r.options.Tables.Interval) {
		t.reading = last
		r.selection.offer(last)
		return
	}
	r.schedule.add(t.server.queue, statuses, t.readStatuses)
}

func (t *task) key() taskKey { return taskKey{t.server.info.Name, t.info.Name} }

func (t *task) readDetails() {
	s := t.server
	t.detailsErr = s.call(t.info.Name, func(ctx context.Context) (err error) {
		t.details, err = s.round.client.Tasks.Details(ctx, s.info.Name, t.info.Name)
		return err
	})
	if code(t.detailsErr) == codeTaskNotFound {
		t.gone, t.detailsErr = true, nil
	}
	t.readBarrier()
}

func (t *task) readStatuses() {
	t.tablesErr = t.server.call(t.info.Name, func(ctx context.Context) (err error) {
		t.reading, err = t.readTables(ctx)
		return err
	})
	if t.reading != nil {
		t.server.round.selection.offer(t.reading)
	}
	if code(t.tablesErr) == codeTaskNotFound {
		t.tablesErr = nil // it has just gone; the next list will tell
	}
}

// snapshot converts what was read of the task and tells m of what was not.
func (t *task) snapshot(m *fleet.Manager) fleet.Task {
	s, r := t.server, t.server.round
	out := convertTask(&t.info, t.details, serverProduct(&s.info, s.details))
	if t.detailsErr != nil {
		tell(m, problem(s.info.Name, t.info.Name, "GetTaskDetails", t.detailsErr))
	}
	if out.Product == fleet.Compose {
		// Only an answer that does not say what it is can have had the tables asked for.
		t.reading, t.tablesErr = nil, nil
	} else {
		objective, ok, err := latencyObjective(r.options.Objectives, s.info.Name, t.info.Name, out.Tags)
		if ok {
			out.LatencyObjective = objective.Seconds()
		}
		t.warn(err)
	}
	if t.tablesErr != nil {
		tell(m, problem(s.info.Name, t.info.Name, "GetTableStatuses", t.tablesErr))
	}
	if t.reading != nil {
		states := t.reading.states
		out.TableStates = &states
		out.Tables = t.reading.tables
		out.TablesDropped = t.reading.dropped
		m.Duplicates += t.reading.duplicates
	}
	if t.barrier != nil && t.barrier.found != nil {
		out.RetentionBarrier = t.barrier.found.barrier
	}
	return out
}

// warn tells once of a tag that does not say what it should.
func (t *task) warn(bad error) {
	memory := &t.server.round.memory
	if bad == nil {
		delete(memory.badTags, t.key())
		return
	}
	if memory.badTags[t.key()] == bad.Error() {
		return
	}
	memory.badTags[t.key()] = bad.Error()
	t.server.round.logger.Warn("ignoring a latency objective", slog.String("server", t.server.info.Name),
		slog.String("task", t.info.Name), slog.Any("err", bad))
}
