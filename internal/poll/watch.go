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
	"github.com/qem-exporter/qem_exporter/internal/poll/alarm"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
	"github.com/qem-exporter/qem_exporter/internal/poll/tell"
	"github.com/qem-exporter/qem_exporter/internal/poll/trust"
)

// watch reads one server, on its own: what it waits for, and what goes wrong with it, holds
// up nobody else.
type watch struct {
	*engine
	roster *roster
	name   string
	info   aem.ServerInfo // as the roster has it
	on     bool           // it is listed, and read
	phase  float64        // of its readings: they do not come with those of others in one burst
	queue  *gate.Queue

	readings        map[key]*reading
	order           []*reading // those wanted, in the order of kinds
	round           int        // how often they have been arranged
	outline, server *reading

	objects [3][]string // by subject: names as listed last; none while the server is in no state to be asked
	tasks   []*task     // likewise, in the API's order
	known   map[string]*task
	list    []aem.TaskInfo // as read last
	twice   int            // tasks that it names twice
	counted bool           // there has been one
	past    *fleet.Past

	sweep    sweep
	struggle trust.Struggle
	refusals map[*kind]*trust.Refusals
	lacks    map[string]bool // optional collectors of which it was told that they cannot read everything

	told       string // why it cannot be read, as told last
	publishing *alarm.Alarm
	stale      bool                         // what the optional collectors found is to be published anew
	published  atomic.Pointer[fleet.Server] // nil: nothing is
}

// key is what a reading of a server is known by.
type key struct {
	kind   *kind
	object string
}

func (r *roster) newWatch(info *aem.ServerInfo) *watch {
	w := &watch{
		engine: r.engine, roster: r, name: info.Name, info: *info,
		queue: r.gate.Queue(), readings: map[key]*reading{}, objects: [3][]string{ofServer: {""}},
		known: map[string]*task{}, refusals: map[*kind]*trust.Refusals{}, lacks: map[string]bool{},
	}
	w.outline, w.server = w.get(readOutline, ""), w.get(readServer, "")
	w.sweep = sweep{start: r.alarm(w.beginSweep), waits: map[*reading]bool{}}
	w.publishing = r.alarm(w.refresh)
	return w
}

// get returns a reading, made where there was none.
func (w *watch) get(k *kind, object string) *reading {
	r := w.readings[key{k, object}]
	if r == nil {
		r = w.reading(w, k, w.queue, w.name, object)
		w.readings[key{k, object}] = r
	}
	return r
}

func (w *watch) asks(r *reading) error {
	err := w.barred(r)
	if err == nil {
		w.sweep.asks(r)
	}
	return err
}

// barred says why a reading must not be asked for at the moment.
func (w *watch) barred(r *reading) error {
	dots := func(name string) bool { return name == "." || name == ".." }
	switch {
	case dots(r.server) || dots(r.object):
		return errDots
	case w.away != nil:
		return w.away
	case r == w.outline:
		return nil
	case w.struggle.On:
		return errSlow
	case r != w.server && w.outline.failed() && time.Since(w.outline.problem.Since) > w.options.PollInterval:
		return errNoOutline // what hangs on the list for so long is not worth a call
	}
	return w.refusals[r.kind].Settled()
}

func (w *watch) ended(r *reading, before any, how answer.Fault) {
	w.judge(r, how)
	w.take(r, before)
	switch r.kind {
	case readOutline:
		w.listed(before, how)
	case readServer:
		w.checkEmpty()
	case readTask:
		w.detailed(r)
	case readEndpoints:
		w.listEndpoints(r)
	}
	if r.kind.class >= gate.Statuses {
		w.again(r, how)
	}
	if r.kind.collector != "" {
		w.endExtra(r, how)
	}
	w.leaves(r)
	if r != w.outline { // which has been published
		w.soon(publishEvery)
	}
}

// take takes over the value of a reading.
func (w *watch) take(r *reading, before any) {
	t := w.known[r.object]
	if t != nil && r.kind.of == ofTask {
		t.stale = true
	}
	switch r.kind {
	case readTask:
		if d, _ := r.value.(*aem.TaskDetails); t != nil && t.take(d) {
			w.hurry(readTables, r.object, gate.Details)
		}
	case readTables:
		w.takeTables(r, before)
	case testEndpoint:
		w.tellTest(before, r.value)
	}
	w.stale = w.stale || r.kind.collector != ""
}

// takeTables takes over what was read of a task's tables.
func (w *watch) takeTables(r *reading, before any) {
	then, _ := before.(*answer.Tables)
	now, _ := r.value.(*answer.Tables)
	if w.tables.Replace(then, now) {
		w.roster.moving.Sooner(time.Now().Add(time.Second))
	}
	if then != nil && now != nil && now.States.Error > then.States.Error {
		w.Tell(fleet.Event{Kind: fleet.TablesInError, Server: w.name, Task: r.object, Count: now.States.Error})
	}
}

// detailed: a task's details were read, or not.
func (w *watch) detailed(r *reading) {
	for _, k := range []*kind{readTables, readBarrier} { // of which the details tell whether there are any
		if (w.reads(k) && w.about(k, r.object)) != (w.readings[key{k, r.object}] != nil) {
			w.arrange()
		}
	}
	if t := w.known[r.object]; t.hurried {
		t.hurried = r.again // what was under way may be older than the change
		w.soon(0)
	}
}

// listEndpoints: the endpoints were listed, or not, and then those known stay: nothing is tested
// anew for that.
func (w *watch) listEndpoints(r *reading) {
	list, ok := r.value.([]fleet.Endpoint)
	if !ok {
		return
	}
	var names []string
	for i := range list {
		names = append(names, list[i].Name)
	}
	w.objects[ofEndpoint] = names
	w.arrange()
}

// again says when a reading is due again that no sweep asks for.
func (w *watch) again(r *reading, how answer.Fault) {
	interval := r.kind.every(w.options)
	switch {
	case how == answer.Refused && r.kind.collector != "":
		interval = max(interval, trust.RefusalPause)
	case how == answer.Good:
	case r.kind == readTables:
		interval = min(interval, w.options.PollInterval)
	default:
		interval = max(min(interval, trust.RefusalPause), w.options.PollInterval)
	}
	phase := float64(choose.HashOf(r.String()).Sum()>>11) / (1 << 53)
	r.at(alarm.Phased(interval, phase, time.Now().Add(interval/2)))
}

// hurry asks for a reading at once, if there is one.
func (w *watch) hurry(k *kind, object string, c gate.Class) {
	if r := w.readings[key{k, object}]; r != nil {
		r.now(c)
	}
}

// readable reports whether the server's tasks can be read: it is monitored, or in a
// state that nobody knows yet.
func (w *watch) readable() bool {
	return w.info.State != aem.ServerNotMonitored && w.info.State != aem.ServerError
}

// reads reports whether one kind of reading is made of the server now.
func (w *watch) reads(k *kind) bool {
	return w.on && (w.readable() || k == readServer && w.info.State != aem.ServerNotMonitored) &&
		k.every(w.options) > 0 && !(k.replicate && w.info.Product == aem.Compose)
}

// about reports whether one kind of reading is to be made about an object.
func (w *watch) about(k *kind, object string) bool {
	switch k {
	case readTables:
		return !w.known[object].compose()
	case readBarrier:
		return w.known[object].storesChanges() // no other has one
	case testEndpoint:
		return w.once == nil && w.options.EndpointTests.Filter.Match(object)
	}
	return true
}

// arrange brings the readings in line with what there is to read: it begins and ends them.
func (w *watch) arrange() {
	if !w.on || !w.readable() {
		w.hideTasks()
		w.tasks, w.objects[ofTask], w.objects[ofEndpoint] = nil, nil, nil
	}
	before := w.order
	w.order = make([]*reading, 0, len(before))
	w.round++
	for _, k := range kinds {
		if !w.reads(k) {
			continue
		}
		for _, object := range w.objects[k.of] {
			if !w.about(k, object) {
				continue
			}
			if r := w.get(k, object); r.round != w.round { // an endpoint may have two roles
				r.round = w.round
				w.order = append(w.order, r)
			}
		}
	}
	for _, r := range before {
		if r.round != w.round {
			w.drop(r)
		}
	}
	for _, r := range w.order {
		if r == w.server || r.round != w.round || r.tried || r.flight != nil || r.due.Set {
			continue // the sweep asks for the server
		}
		if r.kind == readTask && !w.sweep.begun.IsZero() {
			w.joins(r)
		}
		r.now(r.kind.class)
	}
}

// rearrange looks anew at what is known, too.
func (w *watch) rearrange() {
	if w.outline.value != nil {
		w.takeList()
	} else {
		w.arrange()
	}
}

// drop ends a reading that is not wanted any more, and what it brought.
func (w *watch) drop(r *reading) {
	before := r.value
	r.halt()
	r.tried, r.value, r.err, r.problem = false, nil, nil, nil
	w.take(r, before)
	if w.leaves(r); r.object != "" {
		delete(w.readings, key{r.kind, r.object})
	}
}

// follow takes over a row of the roster, and begins or ends what the server's state asks for.
func (w *watch) follow(info *aem.ServerInfo) {
	before, on := w.info, w.on
	w.info, w.on = *info, true
	if before.State != info.State {
		w.Tell(fleet.Event{Kind: fleet.ServerStateChanged, Server: w.name, From: string(before.State),
			To: string(info.State), Message: info.Message})
	}
	if info.State == aem.ServerNotMonitored {
		w.halt()
	}
	if !on || before.State != info.State || before.Product != info.Product {
		w.rearrange()
	}
	if info.State != aem.ServerNotMonitored && w.sweep.begun.IsZero() && !w.sweep.start.Set {
		w.beginSweep()
	}
	if !on || before != *info {
		w.publish()
	}
}

// halt ends what goes on by itself. What is remembered of the tasks stays.
func (w *watch) halt() {
	w.sweep.halt()
	w.publishing.Drop()
	w.struggle = trust.Struggle{}
}

// leave ends a watch of which nothing is to be served any more.
func (w *watch) leave() {
	w.on = false
	w.halt()
	w.arrange()
	w.past = nil
	w.published.Store(nil)
	w.options.Publisher.Gone(w.name)
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

// listed: the task list was read, or not.
func (w *watch) listed(before any, how answer.Fault) {
	list := w.list
	if how == answer.Good {
		w.list, _ = w.outline.value.([]aem.TaskInfo)
		w.checkEmpty()
	}
	if w.outline.value != nil && (before == nil || !slices.EqualFunc(w.list, list, same)) {
		w.takeList()
	}
	w.resume(answer.Nothing)
	if w.outline.failed() {
		w.hideTasks()
	}
	now, interval := time.Now(), max(w.struggle.Pause, w.options.StateInterval)
	w.outline.at(now.Add(max(w.outline.took, alarm.Phased(interval, w.phase, now.Add(interval/2)).Sub(now))))
	w.publish()
}

// checkEmpty does not believe a list without tasks while the server's details tell of some.
func (w *watch) checkEmpty() {
	d, _ := w.server.value.(*aem.ServerDetails)
	if w.outline.value == nil || len(w.list) > 0 || d == nil || !(d.TaskSummary.Total.Float() > 0) {
		return
	}
	w.options.Publisher.Failed(w.outline.kind.operation, errEmptyList.Reason())
	w.outline.end(nil, errEmptyList)
	w.server.now(gate.Changed) // perhaps there are none any more
}

// takeList brings the tasks in line with the list.
func (w *watch) takeList() {
	w.twice = 0
	var changes []fleet.Event
	var changed []string
	tasks, names := make([]*task, 0, len(w.list)), make([]string, 0, len(w.list))
	listed := make(map[string]bool, len(w.list))
	for i := range w.list {
		info := &w.list[i]
		t := w.known[info.Name]
		switch {
		case !w.options.Task(info.Name, info.Tags):
			continue
		case listed[info.Name]:
			w.twice++
			continue
		case t == nil:
			t = &task{}
			w.known[info.Name] = t
			if w.counted {
				changes = append(changes, fleet.Event{Kind: fleet.TaskAppeared, Server: w.name, Task: info.Name,
					To: string(info.State), Message: info.Message})
			}
		}
		listed[info.Name] = true
		if change, ok := t.list(w.name, info, w.info.Product); ok {
			changes, changed = append(changes, change), append(changed, info.Name)
			t.hurried = true
		}
		w.expect(t)
		tasks, names = append(tasks, t), append(names, info.Name)
	}
	for name := range w.known {
		if !listed[name] {
			delete(w.known, name)
			changes = append(changes, fleet.Event{Kind: fleet.TaskVanished, Server: w.name, Task: name})
		}
	}
	w.tasks, w.objects[ofTask], w.past, w.counted = tasks, names, nil, true
	w.arrange()
	for _, name := range changed {
		w.hurry(readTask, name, gate.Changed)
		w.hurry(readTables, name, gate.Details)
	}
	w.Tell(changes...)
}

// expect works out what is expected of a task, and tells of tags that cannot be read.
func (w *watch) expect(t *task) {
	e, complaints := choose.Expected(w.options.Objectives, w.name, t.info.Name, t.info.Tags)
	if e != t.expected {
		t.expected, t.stale = e, true
	}
	if len(complaints) > 0 && !slices.Equal(complaints, t.complaints) {
		w.Logger.Warn("ignoring tags of a task", slog.String("server", w.name), slog.String("task", t.info.Name),
			slog.String("tags", tell.Words(strings.Join(complaints, "; "))))
	}
	t.complaints = complaints
}

// resume asks at once for what came due while it could not be asked for; at the end of a trouble
// also for what failed by it.
func (w *watch) resume(trouble answer.Fault) {
	if !w.on || w.away != nil || w.struggle.On {
		return
	}
	for _, r := range w.order {
		if r.ours() && r != w.outline || r.failed() && answer.FaultOf(r.err) == trouble {
			r.now(r.kind.class)
		}
	}
}

func (w *watch) apply(old *Options) {
	o, now := w.options, time.Now()
	w.rearrange()
	w.outline.due.Hasten(now.Add(o.StateInterval))
	if o.PollInterval != old.PollInterval && w.sweep.start.Set {
		w.sweep.start.When(alarm.Phased(o.PollInterval, w.phase, now))
	}
	if !reflect.DeepEqual(o.Tables, old.Tables) {
		for _, t := range w.tasks {
			w.hurry(readTables, t.info.Name, gate.Statuses)
		}
	}
	w.publish()
}
