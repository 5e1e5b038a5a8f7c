package poll

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// ending says why a server's calls ended early.
type ending int32

const (
	none    ending = iota
	gone           // the API no longer knows the server
	givenUp        // it did not answer
)

// server is one server during a poll. Each call writes fields of its own, which are
// read when all calls have ended.
type server struct {
	round   *round
	info    aem.ServerInfo
	ctx     context.Context
	cancel  context.CancelFunc
	queue   *queue
	breaker breaker
	early   atomic.Int32 // an ending

	details    *aem.ServerDetails
	detailsErr error
	listed     bool  // the task list was read
	listErr    error // with aem.ErrPartial there is a list
	duplicates int
	tasks      []*task
	extras     extras
}

func newServer(r *round, info aem.ServerInfo) *server {
	s := &server{round: r, info: info, queue: r.schedule.queue()}
	s.breaker = breaker{symptom: aem.ErrTimeout, patience: patience}
	s.breaker.suspicious = r.memory.servers[info.Name].trouble == troubleGivenUp
	s.ctx, s.cancel = context.WithCancel(r.ctx)
	s.extras.start(s.ctx, r.memory.servers[info.Name].noExtras)
	return s
}

// begin queues the first calls. Enterprise Manager has no tasks to tell of a server
// that it does not watch or cannot reach.
func (s *server) begin() {
	if s.watched() {
		s.round.schedule.add(s.queue, outline, s.readTasks)
	}
	s.round.schedule.add(s.queue, outline, s.readDetails)
	if s.watched() {
		s.beginOptional()
	}
}

// watched reports whether the server's tasks can be read: it is monitored, or in a
// state that nobody knows yet.
func (s *server) watched() bool {
	return s.info.State != aem.ServerNotMonitored && s.info.State != aem.ServerError
}

func (s *server) end() ending { return ending(s.early.Load()) }

// leave cancels the server's calls and drops those that wait.
func (s *server) leave(why ending) {
	if s.early.CompareAndSwap(int32(none), int32(why)) {
		s.round.schedule.close(s.queue, 0)
		s.cancel()
	}
}

// line is what the calls of a server have in common that are given up together.
type line struct {
	ctx     context.Context
	breaker *breaker
	giveUp  func()
}

// call makes one call that a poll cannot do without; see callOn.
func (s *server) call(subject string, ask func(context.Context) error) error {
	return s.callOn(line{s.ctx, &s.breaker, func() { s.leave(givenUp) }}, subject, ask)
}

// callOn makes one call; subject is the task that it is about, or the API method when
// it is about the server. It returns the call's error, or nil when the call was cut
// short by what ended the line's calls or the whole poll: that is told once, not for
// each call.
func (s *server) callOn(l line, subject string, ask func(context.Context) error) error {
	begun := time.Now()
	err := ask(aem.WithAttemptTrace(l.ctx, func(_ string, started time.Time, err error) {
		s.round.requests.Add(1)
		if l.breaker.note(subject, started, err) {
			l.giveUp()
		}
	}))
	if err != nil && l.ctx.Err() != nil {
		return nil
	}
	s.round.judge(s.info.Name+"/"+subject, begun, err)
	if code(err) == codeServerNotFound {
		s.leave(gone)
	}
	if l.ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *server) readDetails() {
	s.detailsErr = s.call("GetServerDetails", func(ctx context.Context) (err error) {
		s.details, err = s.round.client.Servers.Details(ctx, s.info.Name)
		return err
	})
}

func (s *server) readTasks() {
	var list []aem.TaskInfo
	s.listErr = s.call("GetTaskList", func(ctx context.Context) (err error) {
		list, err = s.round.client.Tasks.List(ctx, s.info.Name)
		s.listed = err == nil || errors.Is(err, aem.ErrPartial)
		return err
	})
	if !s.listed {
		return
	}
	options := &s.round.options
	seen := make(map[string]bool, len(list))
	for _, info := range list {
		if seen[info.Name] {
			s.duplicates++
			continue
		}
		seen[info.Name] = true
		if options.Tasks.match(info.Name) && bearsOneOf(info.Tags, options.Tags) {
			s.tasks = append(s.tasks, &task{server: s, info: info})
		}
	}
	for _, t := range s.tasks {
		t.begin()
	}
}

// snapshot converts what was read of the server and tells m of what was not.
func (s *server) snapshot(m *fleet.Manager) fleet.Server {
	out := convertServer(&s.info, s.details)
	switch s.info.State {
	case aem.ServerNotMonitored:
	case aem.ServerError:
		out.Up = fleet.No
	default:
		out.Up = fleet.FlagOf(s.details != nil && s.listed)
	}
	m.Duplicates += s.duplicates
	if s.detailsErr != nil && (s.watched() || !serverState(s.detailsErr)) {
		tell(m, problem(s.info.Name, "", "GetServerDetails", s.detailsErr))
	}
	if s.listErr != nil {
		tell(m, problem(s.info.Name, "", "GetTaskList", s.listErr))
	}
	unread := 0
	for _, t := range s.tasks {
		if t.gone {
			continue
		}
		out.Tasks = append(out.Tasks, t.snapshot(m))
		if t.details == nil && t.detailsErr == nil {
			unread++
		}
	}
	if s.end() == givenUp {
		tell(m, gaveUp(s, unread))
	}
	s.addOptional(&out, m)
	return out
}
