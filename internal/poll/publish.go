package poll

import (
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// publishEvery is how often a watch publishes what a sweep has read so far.
const publishEvery = 5 * time.Second

// soon publishes within a while what is new of the server.
func (w *watch) soon(within time.Duration) {
	if w.on {
		w.agenda.sooner(&w.publishing, time.Now().Add(within))
	}
}

// publish publishes what is known of the server. What is unchanged keeps its pointer.
func (w *watch) publish() {
	if !w.on {
		return
	}
	w.agenda.drop(&w.publishing)
	s := w.fleet()
	w.tellServer(s)
	w.value = s
	w.published.Store(s)
	w.options.Publisher.Server(s)
}

func (w *watch) fleet() *fleet.Server {
	out := convertServer(&w.info, w.read)
	s := &out
	s.Up = w.up()
	s.Unreadable = w.unreadable()
	s.Struggling = w.struggle.on
	s.Outline = w.outline.fleet()
	s.Sweep = fleet.Reading{Last: w.sweep.last, Took: w.sweep.took, Due: w.sweep.start.at, Problem: w.server.problem}
	s.Interval = w.options.PollInterval
	s.Duplicates = w.twice
	s.MemoryLimit, s.DiskLimit = limits(w.options.Limits, w.name)
	s.Details = w.serverDetails()
	s.Past = w.past
	if w.outline.tried && !w.outline.failed() {
		s.TasksListed = fleet.Count(len(w.list))
		s.TasksPolled = fleet.Count(len(w.tasks))
		s.Tasks = w.taskValues()
	}
	w.addExtras(s)
	w.addProblems(s)
	return s
}

// up is whether the server's details and task list were read when they were last due.
func (w *watch) up() fleet.Flag {
	switch {
	case !w.readable():
		if w.info.State == aem.ServerError {
			return fleet.No
		}
		return fleet.Unknown
	case w.struggle.on:
		return fleet.No
	case !w.outline.tried || !w.server.tried:
		return fleet.Unknown
	}
	return fleet.FlagOf(!w.outline.failed() && !w.server.failed())
}

// unreadable is why the server cannot be read.
func (w *watch) unreadable() string {
	switch {
	case w.struggle.on:
		return w.struggle.reason
	case w.outline.failed():
		return reasonOf(w.outline.err)
	case w.server.err == errSlow: // it is being asked again
		return w.struggle.reason
	case w.server.failed() && (w.readable() || !stateOf(w.server.err)):
		return reasonOf(w.server.err)
	case w.readable() && w.stateError() != nil:
		return reasonOf(w.stateError())
	}
	return ""
}

// stateError is one by which the API tells the state of the server instead of what it was asked.
func (w *watch) stateError() error {
	for _, r := range []*reading{w.outline, w.server} {
		if stateOf(r.err) {
			return r.err
		}
	}
	for _, t := range w.tasks {
		if stateOf(t.details.err) {
			return t.details.err
		}
	}
	return nil
}

// serverDetails are those of the server. An error that tells the state of its licence goes before
// what the details say of it.
func (w *watch) serverDetails() *fleet.ServerDetails {
	var d *fleet.ServerDetails
	if w.read != nil {
		d = serverDetails(w.read)
	}
	if state := licenseOf(w.stateError()); state != "" {
		if d == nil {
			d = &fleet.ServerDetails{}
		}
		d.License.State = state
	}
	if w.value != nil && w.value.Details != nil && d != nil && *w.value.Details == *d {
		return w.value.Details
	}
	return d
}

// taskValues keeps the slice when all of its elements are what they were.
func (w *watch) taskValues() []*fleet.Task {
	bound := w.tables.bound.Load()
	values := make([]*fleet.Task, len(w.tasks))
	for i, t := range w.tasks {
		values[i] = t.fleet(bound)
	}
	if w.value != nil && w.value.Tasks != nil && slices.Equal(w.value.Tasks, values) {
		return w.value.Tasks
	}
	return values
}

// addProblems tells what could not be read.
func (w *watch) addProblems(s *fleet.Server) {
	add := func(p *fleet.Problem) {
		if p == nil {
			return
		}
		if s.ProblemCount++; len(s.Problems) < fleet.MaxProblems {
			s.Problems = append(s.Problems, *p)
		}
	}
	if w.readable() || !stateOf(w.server.err) {
		add(w.server.problem)
	}
	add(w.outline.problem)
	for _, one := range w.extras.order {
		if faultOf(one.err) != refused { // what the account may not have is no trouble of the server
			add(one.problem)
		}
	}
	for _, t := range w.tasks {
		for r := range t.readings {
			add(r.problem)
		}
		if t.tables != nil {
			s.Duplicates += t.tables.duplicates
		}
	}
}

// tellServer tells what has changed of the server itself.
func (w *watch) tellServer(s *fleet.Server) {
	var changes []fleet.Event
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
		changes = append(changes, c)
	}
	var before *fleet.ServerDetails
	if w.value != nil {
		before = w.value.Details
	}
	if was, is := license(before), license(s.Details); was != "" && is != "" && was != is {
		changes = append(changes, fleet.Event{Kind: fleet.LicenseChanged, Server: w.name, From: was, To: is})
	}
	w.tell(changes...)
}

func license(d *fleet.ServerDetails) string {
	if d == nil {
		return ""
	}
	return d.License.State
}
