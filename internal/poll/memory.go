package poll

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// memory is what a poller keeps from one poll to the next: table statuses that are
// not yet due again, and how things stood, so that the log tells of changes only.
type memory struct {
	manager  health
	servers  map[string]standing
	readings map[taskKey]*reading
	badTags  map[taskKey]string // what was wrong with a task's objective
	findings map[findingKey]*finding
	refused  map[optionalCollector]map[string]error // why, by server
}

type taskKey struct{ server, task string }

// health is how a poll of an Enterprise Manager went.
type health string

const (
	up         health = "up"
	down       health = "down"
	brokenDown health = "broken down" // the poll was given up on the way
)

// trouble is what is wrong with a server; "" is nothing.
type trouble string

const (
	troubleUnreadable trouble = "unreadable"
	troubleGivenUp    trouble = "given up"
	troubleError      trouble = "in error"
)

// standing is how a server stood at the end of a poll.
type standing struct {
	trouble  trouble
	details  map[string]bool // the tasks whose details could not be read
	statuses map[string]bool // the tasks whose table statuses could not be read
	noExtras bool            // it did not answer the optional collectors
	optional map[optionalCollector]bool
}

func newMemory() memory {
	return memory{
		servers:  map[string]standing{},
		readings: map[taskKey]*reading{},
		badTags:  map[taskKey]string{},
		findings: map[findingKey]*finding{},
		refused:  map[optionalCollector]map[string]error{},
	}
}

// update takes over what a poll saw and logs what has changed since the last one.
func (m *memory) update(r *round, snapshot *fleet.Manager, logger *slog.Logger) {
	m.updateManager(r, snapshot, logger)
	if !r.failed() {
		servers := make(map[string]standing, len(r.servers))
		for _, s := range r.servers {
			if s.end() != gone {
				servers[s.info.Name] = s.standing(m.servers[s.info.Name], logger)
			}
		}
		m.servers = servers
		m.updateTasks(r)
		m.updateOptional(r, logger)
	}
	logger.Debug("poll finished",
		slog.String("result", string(snapshot.Result)),
		slog.Duration("duration", snapshot.Duration),
		slog.Int64("requests", r.requests.Load()),
		slog.Int("servers", len(snapshot.Servers)),
		slog.Int("problems", snapshot.ProblemCount))
}

func (m *memory) updateManager(r *round, snapshot *fleet.Manager, logger *slog.Logger) {
	now := up
	switch {
	case r.failed():
		now = down
	case r.broken != nil:
		now = brokenDown
	}
	before := m.manager
	m.manager = now
	switch {
	case now == before:
	case now == down:
		logger.Error("enterprise manager is down", slog.String("reason", reason(r.listErr)), slog.Any("err", r.listErr))
	case now == brokenDown:
		logger.Error("enterprise manager failed during a poll, the rest of which was given up",
			slog.String("reason", reason(r.broken)), slog.Any("err", r.broken))
	default:
		logger.Info("enterprise manager is up", slog.Int("servers", len(snapshot.Servers)))
	}
}

// updateTasks keeps the readings of the tasks that are listed, or whose server's list
// could not be read, and forgets the rest.
func (m *memory) updateTasks(r *round) {
	readings := map[taskKey]*reading{}
	tags := map[taskKey]string{}
	unlisted := map[string]bool{}
	for _, s := range r.servers {
		unlisted[s.info.Name] = !s.listed && s.end() != gone
		for _, t := range s.tasks {
			if t.gone || s.end() == gone {
				continue
			}
			if t.reading != nil {
				readings[t.key()] = t.reading
			}
			if bad, ok := m.badTags[t.key()]; ok {
				tags[t.key()] = bad
			}
		}
	}
	for key, kept := range m.readings {
		if unlisted[key.server] {
			readings[key] = kept
		}
	}
	for key, bad := range m.badTags {
		if unlisted[key.server] {
			tags[key] = bad
		}
	}
	m.readings, m.badTags = readings, tags
}

// standing is how the server stands after this poll; it logs what differs from before.
func (s *server) standing(before standing, logger *slog.Logger) standing {
	logger = logger.With(slog.String("server", s.info.Name))
	return standing{
		trouble:  s.tellTrouble(before.trouble, logger),
		details:  s.tellTasks("task details", before.details, (*task).detailsOutcome, logger),
		statuses: s.tellTasks("table statuses", before.statuses, (*task).statusesOutcome, logger),
		noExtras: s.tellExtras(before.noExtras, logger),
		optional: s.tellOptional(before.optional, logger),
	}
}

func (s *server) tellTrouble(before trouble, logger *slog.Logger) trouble {
	now, err := s.trouble()
	if now == "" && s.round.broken != nil {
		return before // nobody asked to the end
	}
	if now == before {
		return now
	}
	switch now {
	case "":
		logger.Info("server is readable again")
	case troubleError:
		logger.Warn("server is in error", slog.String("message", s.info.Message))
	case troubleGivenUp:
		logger.Warn("server does not answer, giving it up for this poll")
	default:
		logger.Warn("server cannot be read", slog.String("reason", reason(err)), slog.Any("err", err))
	}
	return now
}

func (s *server) trouble() (trouble, error) {
	switch {
	case s.end() == givenUp:
		return troubleGivenUp, nil
	case failing(s.listErr):
		return troubleUnreadable, s.listErr
	case s.detailsErr != nil && (s.watched() || !serverState(s.detailsErr)):
		return troubleUnreadable, s.detailsErr
	case s.info.State == aem.ServerError:
		return troubleError, nil
	}
	return "", nil
}

// outcome is how one kind of call went for a task.
type outcome struct {
	read bool
	err  error // nil when it was read, or not asked for
}

func (t *task) detailsOutcome() outcome  { return outcome{t.details != nil, t.detailsErr} }
func (t *task) statusesOutcome() outcome { return outcome{t.reading != nil, t.tablesErr} }

// tellTasks returns the names of the tasks for which a kind of call fails, and logs
// one line for those that are new among them, and one for those that recovered.
func (s *server) tellTasks(what string, before map[string]bool, of func(*task) outcome, logger *slog.Logger) map[string]bool {
	now := map[string]bool{}
	var failed, cured []string
	var first error
	for _, t := range s.tasks {
		name, o := t.info.Name, of(t)
		switch {
		case t.gone:
		case failing(o.err):
			now[name] = true
			if !before[name] {
				failed = append(failed, name)
				first = firstOf(first, o.err)
			}
		case before[name] && o.read:
			cured = append(cured, name)
		case before[name]:
			now[name] = true // not asked to the end: nothing has changed
		}
	}
	if !s.listed {
		now = before
	}
	if len(failed) > 0 {
		logger.Warn(what+" cannot be read", slog.Int("tasks", len(now)), slog.Int("new", len(failed)),
			slog.String("names", some(failed)), slog.String("reason", reason(first)), slog.Any("err", first))
	}
	if len(cured) > 0 {
		logger.Info(what+" can be read again", slog.Int("tasks", len(cured)), slog.String("names", some(cured)),
			slog.Int("remaining", len(now)))
	}
	return now
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// some is a list of names that fits a log line.
func some(names []string) string {
	const few = 5
	if len(names) > few {
		names = append(append([]string{}, names[:few]...), "...")
	}
	return strings.Join(names, ", ")
}

// failing reports whether err is a failure of the call itself.
func failing(err error) bool { return err != nil && !errors.Is(err, aem.ErrPartial) }
