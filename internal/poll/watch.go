package poll

import (
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// watch reads one server, on its own: what it waits for, and what goes wrong with it, holds
// up nobody else.
type watch struct {
	*engine
	name  string
	info  aem.ServerInfo // as the roster has it
	on    bool           // it is listed, and read
	phase float64        // of its readings: they do not come with those of others in one burst
	share float64        // of the phases, up to the next server's
	queue *queue

	outline *reading
	server  *reading
	tasks   []*task          // in the API's order; nil while the list cannot be read
	known   map[string]*task // by name; what is remembered of them outlives their list
	list    []aem.TaskInfo   // as read last
	counted bool             // there has been one
	twice   int              // tasks that it names twice
	read    *aem.ServerDetails
	past    *fleet.Past

	sweep    sweep
	struggle struggle
	extras   extras

	told       string // why it cannot be read, as told last
	publishing alarm
	value      *fleet.Server // as published last; nil: nothing is
	published  atomic.Pointer[fleet.Server]
}

// newWatch makes a watch that does nothing yet.
func (e *engine) newWatch(info *aem.ServerInfo) *watch {
	w := &watch{engine: e, name: info.Name, info: *info, queue: e.gate.queue(), known: map[string]*task{}}
	w.extras = extras{known: map[extraKey]*extra{}, refusals: map[*call]*refusals{}, told: map[string]bool{}}
	w.outline = w.reading(readOutline, "", w.listed)
	w.server = w.reading(readServer, "", func(value any, _ fault) {
		w.read, _ = value.(*aem.ServerDetails)
		w.checkEmpty()
	})
	w.sweep.start.ring = func() { w.beginSweep() }
	w.publishing.ring = w.publish
	return w
}

// reading makes one of the watch's. take gets what was read, or nil when nothing was.
func (w *watch) reading(c *call, object string, take func(value any, how fault)) *reading {
	r := w.engine.reading(c, w.queue, w.name, object)
	r.barred = func() error { return w.barred(r) }
	r.begins = func() { w.sweep.begins(r) }
	r.keeps = func() time.Duration { return w.options.maxAge(w.options.interval(c), w.sweep.length()) }
	r.settle = func(value any, how fault) {
		w.judge(r, how)
		take(value, how)
		w.endOf(r)
		if r != w.outline { // which has been published
			w.soon(publishEvery)
		}
	}
	return r
}

// barred says why a reading must not be asked for now.
func (w *watch) barred(r *reading) error {
	dots := func(name string) bool { return name == "." || name == ".." }
	switch {
	case dots(r.server) || dots(r.object):
		return errDots
	case w.away != nil:
		return w.away
	case r == w.outline:
		return nil
	case w.struggle.on:
		return errSlow
	case r != w.server && w.outline.failed() && time.Since(w.outline.problem.Since) > w.options.PollInterval:
		return errNoOutline // what hangs on the list for so long is not worth a call
	}
	return nil
}

// readable reports whether the server's tasks can be read: it is monitored, or in a
// state that nobody knows yet.
func (w *watch) readable() bool {
	return w.info.State != aem.ServerNotMonitored && w.info.State != aem.ServerError
}

// follow takes over a row of the roster, and begins or ends what the server's state asks for.
func (w *watch) follow(info *aem.ServerInfo) {
	before, on := w.info, w.on
	w.info, w.on = *info, true
	if before.State != info.State {
		w.tell(fleet.Event{Kind: fleet.ServerStateChanged, Server: w.name, From: string(before.State),
			To: string(info.State), Message: info.Message})
	}
	switch {
	case info.State == aem.ServerNotMonitored:
		w.halt()
	case !w.readable():
		w.dropTasks()
		w.reset(w.outline)
	default:
		w.outline.start(outlines)
	}
	if info.State != aem.ServerNotMonitored && w.sweep.begun.IsZero() && w.sweep.start.index == 0 {
		w.beginSweep()
	}
	if !on || before != *info {
		w.publish()
	}
}

// halt ends all readings. What is remembered of the tasks stays.
func (w *watch) halt() {
	w.sweep.left += 2 // it does not end: it is dropped
	w.dropTasks()
	w.reset(w.outline)
	w.reset(w.server)
	w.read = nil
	w.agenda.drop(&w.sweep.start)
	w.agenda.drop(&w.publishing)
	w.sweep = sweep{start: w.sweep.start}
	w.struggle = struggle{}
}

// leave ends a watch of which nothing is to be served any more.
func (w *watch) leave() {
	w.halt()
	w.on, w.value, w.past = false, nil, nil
	w.published.Store(nil)
	w.options.Publisher.Gone(w.name)
}

// dropTasks ends all readings that hang on the list of the tasks.
func (w *watch) dropTasks() {
	for _, one := range w.extras.known {
		one.wanted = false
	}
	w.extras.endpoints, w.extras.listed = nil, nil
	w.dropExtras()
	w.hideTasks()
	w.tasks = nil
	for _, t := range w.known {
		w.end(t)
	}
}

// hideTasks remembers the tasks that are not served while their list cannot be read.
func (w *watch) hideTasks() {
	if len(w.tasks) == 0 || w.past != nil {
		return
	}
	w.past = &fleet.Past{Seen: w.outline.last}
	for _, t := range w.tasks {
		if t.value != nil {
			w.past.Tasks = append(w.past.Tasks, t.value)
		}
	}
}

// end ends the readings of a task, and drops what they brought.
func (w *watch) end(t *task) {
	for r := range t.readings {
		w.reset(r)
	}
	t.take(nil)
	w.takeTables(t, nil)
}

// reset ends a reading until it is begun again.
func (w *watch) reset(r *reading) {
	r.reset()
	w.endOf(r)
}

// listed: the task list was read, or not.
func (w *watch) listed(value any, how fault) {
	if how == good {
		w.list, _ = value.([]aem.TaskInfo)
		w.checkEmpty()
	}
	if how == good && !w.outline.failed() {
		w.takeList()
	}
	w.resume(nothing)
	if w.outline.failed() {
		w.hideTasks()
	}
	now, interval := time.Now(), max(w.struggle.pause, w.options.StateInterval)
	w.outline.at(now.Add(max(w.outline.took, phased(interval, w.phase, now.Add(interval/2)).Sub(now))))
	w.publish()
}

// checkEmpty does not believe a list without tasks while the server's details tell of some.
func (w *watch) checkEmpty() {
	if !w.outline.tried || w.outline.failed() || len(w.list) > 0 || w.read == nil ||
		!(w.read.TaskSummary.Total.Float() > 0) {
		return
	}
	w.options.Publisher.Failed(w.outline.call.operation, errEmptyList.reason)
	w.outline.refuse(errEmptyList)
	w.server.now(changed) // perhaps there are none any more
}

// takeList brings the tasks in line with the list.
func (w *watch) takeList() {
	for _, t := range w.known {
		t.listed = false
	}
	w.twice = 0
	tasks := make([]*task, 0, len(w.list))
	var changes []fleet.Event
	for i := range w.list {
		info := &w.list[i]
		if !w.options.Tasks.match(info.Name) || !bearsOneOf(info.Tags, w.options.Tags) {
			continue
		}
		t := w.known[info.Name]
		switch {
		case t == nil:
			t = w.newTask(info.Name)
			if w.counted {
				changes = append(changes, fleet.Event{Kind: fleet.TaskAppeared, Server: w.name, Task: info.Name,
					To: string(info.State), Message: info.Message})
			}
		case t.listed:
			w.twice++
			continue
		}
		change := t.list(w.name, info, w.info.Product)
		changes = append(changes, change...)
		w.expect(t)
		w.begin(t, len(change) > 0)
		tasks = append(tasks, t)
	}
	for name, t := range w.known {
		if !t.listed {
			w.end(t)
			delete(w.known, name)
			changes = append(changes, fleet.Event{Kind: fleet.TaskVanished, Server: w.name, Task: name})
		}
	}
	if w.past = nil; !slices.Equal(w.tasks, tasks) || w.tasks == nil {
		w.tasks = tasks
	}
	w.wantExtras()
	w.counted = true
	w.tell(changes...)
}

func (w *watch) expect(t *task) {
	if complaints := t.expect(w.options.Objectives, w.name); len(complaints) > 0 {
		w.logger.Warn("ignoring tags of a task", slog.String("server", w.name),
			slog.String("task", t.info.Name), slog.String("tags", words(strings.Join(complaints, "; "))))
	}
}

// resume asks at once for what came due while it could not be asked for; at the end of a trouble
// also for what failed by it.
func (w *watch) resume(trouble fault) {
	if !w.on || w.away != nil || w.struggle.on {
		return
	}
	for r := range w.readings {
		_, ours := r.err.(*unread)
		if ours && r != w.outline || r.failed() && faultOf(r.err) == trouble {
			r.now(r.call.class)
		}
	}
}

// apply puts other options in force.
func (w *watch) apply(old *Options) {
	o, now := w.options, time.Now()
	if w.outline.tried && !w.outline.failed() {
		w.takeList()
	}
	w.agenda.hasten(&w.outline.due, now.Add(o.StateInterval))
	if o.PollInterval != old.PollInterval && w.sweep.start.index > 0 {
		w.agenda.set(&w.sweep.start, phased(o.PollInterval, w.phase, now))
	}
	tablesDiffer := !reflect.DeepEqual(o.Tables, old.Tables)
	for _, t := range w.known {
		if o.Tables.Limit != old.Tables.Limit {
			w.tables.replace(nil, t.tables)
		}
		if t.statuses != nil && tablesDiffer {
			t.statuses.now(statuses)
		}
	}
	w.publish()
}

// readings goes through all of the server's.
func (w *watch) readings(yield func(*reading) bool) {
	if !yield(w.outline) || !yield(w.server) {
		return
	}
	for _, t := range w.known {
		for r := range t.readings {
			if !yield(r) {
				return
			}
		}
	}
	for _, one := range w.extras.known {
		if !yield(one.reading) {
			return
		}
	}
}
