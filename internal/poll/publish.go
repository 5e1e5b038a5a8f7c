package poll

import (
	"cmp"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
)

// publishEvery is how often a watch publishes what a sweep has read so far.
const publishEvery = 5 * time.Second

// soon publishes within a while what is new of the server.
func (w *watch) soon(within time.Duration) { w.publishing.Sooner(time.Now().Add(within)) }

// refresh drops what is too old, and publishes the rest.
func (w *watch) refresh() {
	for _, r := range w.order {
		if r.served() && !time.Now().Before(r.expires(w.sweep.length())) {
			r.end(nil, errTooOld)
		}
	}
	w.publish()
}

// publish publishes what is known of the server. What is unchanged keeps its pointer.
func (w *watch) publish() {
	if !w.on {
		return
	}
	before := cmp.Or(w.published.Load(), &fleet.Server{})
	s := w.fleet(before)
	w.tellServer(before, s)
	w.published.Store(s)
	w.options.Publisher.Server(s)
	w.publishing.Drop()
	for _, r := range w.order {
		if r.served() {
			w.publishing.Sooner(r.expires(w.sweep.length()))
		}
	}
}

func (w *watch) fleet(before *fleet.Server) *fleet.Server {
	details, _ := w.server.value.(*aem.ServerDetails)
	s := answer.Server(&w.info, details)
	s.Up = w.up()
	s.Unreadable = w.unreadable()
	s.Struggling = w.struggle.On
	s.Outline = w.outline.fleet()
	s.Sweep = fleet.Reading{Last: w.sweep.last, Took: w.sweep.took, Due: w.sweep.start.At, Problem: w.server.problem}
	s.Interval = w.options.PollInterval
	s.Duplicates = w.twice
	s.MemoryLimit, s.DiskLimit = choose.Limits(w.options.Limits, w.name)
	s.Details = w.details(before.Details, details)
	s.Past = w.past
	if w.outline.value != nil {
		s.TasksListed = fleet.Count(len(w.list))
		s.TasksPolled = fleet.Count(len(w.tasks))
		s.Tasks = w.taskValues(before.Tasks)
	}
	w.addExtras(before, s)
	w.addProblems(s)
	return s
}

// up is whether the server's details and task list were read when they were last due.
func (w *watch) up() fleet.Flag {
	switch {
	case w.info.State == aem.ServerError || w.struggle.On && w.readable():
		return fleet.No
	case !w.readable() || !w.outline.tried || !w.server.tried:
		return fleet.Unknown
	}
	return fleet.FlagOf(!w.outline.failed() && !w.server.failed())
}

// unreadable is why the server cannot be read.
func (w *watch) unreadable() string {
	switch {
	case w.struggle.On:
		return w.struggle.Reason
	case w.outline.failed():
		return answer.Reason(w.outline.err)
	case w.server.err == errSlow: // it is being asked again
		return w.struggle.Reason
	case w.server.failed() && (w.readable() || !answer.TellsState(w.server.err)):
		return answer.Reason(w.server.err)
	case w.readable() && w.stateError() != nil:
		return answer.Reason(w.stateError())
	}
	return ""
}

// stateError is one by which the API tells the state of the server instead of what it was asked.
func (w *watch) stateError() error {
	for _, r := range w.order {
		if (r.object == "" || r.kind == readTask) && r.kind.collector == "" && answer.TellsState(r.err) {
			return r.err
		}
	}
	return nil
}

// details are those of the server. An error that tells the state of its licence goes before
// what they say of it.
func (w *watch) details(before *fleet.ServerDetails, read *aem.ServerDetails) (d *fleet.ServerDetails) {
	if read != nil {
		d = answer.ServerDetails(read)
	}
	if state := answer.License(w.stateError()); state != "" {
		if d == nil {
			d = &fleet.ServerDetails{}
		}
		d.License.State = state
	}
	if before != nil && d != nil && *before == *d {
		return before
	}
	return d
}

// taskValues keeps the slice when all of its elements are what they were.
func (w *watch) taskValues(before []*fleet.Task) []*fleet.Task {
	values := make([]*fleet.Task, len(w.tasks))
	for i, t := range w.tasks {
		values[i] = w.taskValue(t)
	}
	if before != nil && slices.Equal(before, values) {
		return before
	}
	return values
}

// taskValue is what is published of a task: the last value, if nothing has changed.
func (w *watch) taskValue(t *task) *fleet.Task {
	if !t.stale && t.value != nil {
		return t.value
	}
	name := t.info.Name
	details, statuses := w.readings[key{readTask, name}], w.readings[key{readTables, name}]
	seen := cmp.Or(t.read, &fleet.Task{})
	v := &fleet.Task{
		Name:       t.info.Name,
		Product:    cmp.Or(seen.Product, string(t.product)),
		State:      cmp.Or(string(t.info.State), seen.State),
		StopReason: cmp.Or(string(t.info.StopReason), seen.StopReason),
		Message:    cmp.Or(t.info.Message, seen.Message),
		Tags:       t.info.Tags,
		StateSince: t.since, Expected: t.expected, LastChange: t.lastChange,
		Details: seen.Details, Compose: seen.Compose,
		Problem: details.problem,
	}
	if len(v.Tags) == 0 {
		v.Tags = seen.Tags
	}
	if details.tried {
		v.Up = fleet.FlagOf(t.read != nil)
	}
	if t.read != nil {
		v.Read = details.last
	}
	if statuses != nil {
		v.Problem = cmp.Or(v.Problem, statuses.problem)
		if tables, ok := statuses.value.(*answer.Tables); ok && v.Product != fleet.Compose {
			v.TableStates = &tables.States
			v.Tables, v.TablesDropped = w.tables.Of(tables)
		}
	}
	if barrier := w.readings[key{readBarrier, name}]; barrier != nil {
		v.RetentionBarrier, _ = barrier.value.(*fleet.RetentionBarrier)
	}
	t.value, t.stale = v, false
	return v
}

// addExtras puts what the optional collectors found into a server; what is unchanged stays the
// same slice.
func (w *watch) addExtras(before, s *fleet.Server) {
	if !w.stale {
		s.Endpoints, s.EndpointTests, s.ACLs = before.Endpoints, before.EndpointTests, before.ACLs
		return
	}
	w.stale = false
	for _, r := range w.order {
		switch v := r.value.(type) {
		case []fleet.Endpoint:
			if w.options.Endpoints {
				s.Endpoints = v
			}
		case *fleet.ACL:
			s.ACLs = append(s.ACLs, *v)
		case *fleet.EndpointTest:
			s.EndpointTests = append(s.EndpointTests, *v)
		}
	}
}

// addProblems tells what could not be read.
func (w *watch) addProblems(s *fleet.Server) {
	for _, r := range w.order {
		if tables, ok := r.value.(*answer.Tables); ok {
			s.Duplicates += tables.Duplicates
		}
		switch {
		case r.problem == nil:
		case r == w.server && !w.readable() && answer.TellsState(r.err):
		case r.kind.collector != "" && answer.FaultOf(r.err) == answer.Refused: // no trouble of the server
		default:
			if s.ProblemCount++; len(s.Problems) < fleet.MaxProblems {
				s.Problems = append(s.Problems, *r.problem)
			}
		}
	}
}

// tellServer tells what has changed of the server itself.
func (w *watch) tellServer(before, s *fleet.Server) {
	c := fleet.Event{Kind: fleet.ServerReadable, Server: w.name, From: w.told, To: s.Unreadable}
	wait := false
	for _, r := range []*reading{w.server, w.outline} {
		if r.failed() && s.Unreadable != "" {
			c.Message = r.problem.Message
			wait = w.rosterTells(r)
		}
	}
	if c.From != c.To && !wait {
		w.told = c.To
		w.Tell(c)
	}
	if before.Details == nil || s.Details == nil {
		return
	}
	was, is := before.Details.License.State, s.Details.License.State
	if was != "" && is != "" && was != is {
		w.Tell(fleet.Event{Kind: fleet.LicenseChanged, Server: w.name, From: was, To: is})
	}
}
