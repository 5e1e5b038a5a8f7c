package aemtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// Incident is one row of the schedule that Options.Incidents switches on. Its
// times are of the simulated clock and count from the start.
type Incident struct {
	Name        string
	Description string
	Begins      time.Duration
	Lasts       time.Duration
	Every       time.Duration // it comes back

	strike func(*strikes, window)
}

// Incidents describes the schedule that Options.Incidents switches on: what
// begins when, on a task or server that is well otherwise, and one in a hundred
// tasks more in a large fleet. Every incident ends before the schedule repeats.
func Incidents() []Incident {
	row := func(begins, lasts time.Duration, name, description string, strike func(*strikes, window)) Incident {
		return Incident{name, description, begins, lasts, 20 * time.Minute, strike}
	}
	const s, m = time.Second, time.Minute
	return []Incident{
		row(10*s, 5*m, "latency climbs", "a task falls behind by four seconds a second, up to 14 minutes, then catches up",
			marks(func(l *life) *window { return &l.climb })),
		row(20*s, 4*m, "task error", "a task tries to recover for 45 seconds, then fails, and is started again",
			breaks(failure)),
		row(30*s, 3*m, "recovering", "a task keeps recovering; its latency grows as nothing is applied",
			breaks(only(aem.TaskRecovering, aem.StopRecoverableError, "Task '%s' encountered a recoverable error"))),
		row(40*s, 4*m, "spill to disk", "the changes of a long transaction do not fit in memory and wait on disk",
			marks(func(l *life) *window { return &l.spill })),
		row(50*s, 5*m, "data errors", "a task counts a data error every three seconds",
			marks(func(l *life) *window { return &l.errors })),
		row(60*s, 4*m, "table error", "one table of a task is in error",
			marks(func(l *life) *window { return &l.table })),
		row(70*s, 3*m, "low memory", "a task stops because its server is low on memory",
			breaks(only(aem.TaskStopped, aem.StopLowMemory, "The task was stopped because the server is low on memory"))),
		row(80*s, 3*m, "low disk", "a task stops because its server is low on disk space",
			breaks(only(aem.TaskStopped, aem.StopLowDiskSpace,
				"The task was stopped because the server is low on disk space"))),
		row(90*s, 4*m, "stalled full load", "a full load stays where it is", stalls),
		row(100*s, 6*m, "licence ends", "a licence has 6 days left, and after half of the time none", licenceEnds),
		row(120*s, 3*m, "server error", "Enterprise Manager cannot connect to a server", serverFails),
		row(140*s, 4*m, "server not monitored", "someone stops the monitoring of a server", serverUnwatched),
		row(150*s, 4*m, "endpoint fails", "the tests of one target endpoint fail, though its tasks go on", endpointFails),
		row(160*s, 3*m, "stopped by a user", "a task is stopped and started again",
			breaks(only(aem.TaskStopped, aem.StopNormal, ""))),
		row(180*s, 3*m, "Compose error", "a Compose task fails", func(x *strikes, w window) {
			x.out(x.composes, w, only(aem.TaskError, aem.StopNone, "ETL set failed\r\nSee the task log"))
		}),
	}
}

type strikes struct {
	tasks, composes []*task // that are well
	loads           []*task // that are repeated
	servers         []*server
	next            int
}

func scheduleIncidents(fleet []*server) {
	x := &strikes{}
	for _, s := range fleet {
		if s.static.State != aem.ServerMonitored {
			continue
		}
		if s.static.Product == aem.Replicate {
			x.servers = append(x.servers, s)
		}
		for _, t := range s.tasks {
			x.consider(t)
		}
	}
	for _, i := range Incidents() {
		i.strike(x, window{i.Begins, i.Lasts, i.Every})
	}
}

func (x *strikes) consider(t *task) {
	switch {
	case t.product == aem.Compose:
		if !t.compose.failing {
			x.composes = append(x.composes, t)
		}
	case t.life.rest.state != "" || t.life.outage.lasts > 0:
	case t.life.load.every > 0:
		x.loads = append(x.loads, t)
	case t.static.Options.ApplyChanges.True():
		x.tasks = append(x.tasks, t)
	}
}

// tasksFor takes the next tasks that no outage meets yet.
func (x *strikes) tasksFor(list []*task) []*task {
	var chosen []*task
	for range list {
		t := list[x.next%len(list)]
		x.next += 1 + len(list)/37 // through the servers
		if t.life.outage.lasts == 0 && len(chosen) <= len(list)/100 {
			chosen = append(chosen, t)
		}
		if len(chosen) > len(list)/100 {
			break
		}
	}
	return chosen
}

func (x *strikes) out(list []*task, w window, phases func(name string, lasts time.Duration) []phase) {
	for _, t := range x.tasksFor(list) {
		t.life.outage = newOutage(w, phases(t.name(), w.lasts))
	}
}

// breaks is an incident in which a task does not do its work.
func breaks(phases func(name string, lasts time.Duration) []phase) func(*strikes, window) {
	return func(x *strikes, w window) { x.out(x.tasks, w, phases) }
}

// only is an outage of one phase. A %s in the message is the name of the task.
func only(state aem.TaskState, reason aem.StopReason, message string) func(string, time.Duration) []phase {
	return func(name string, _ time.Duration) []phase {
		return []phase{{state: state, reason: reason, message: strings.Replace(message, "%s", name, 1)}}
	}
}

// marks is an incident in which a task works otherwise than it does.
func marks(of func(*life) *window) func(*strikes, window) {
	return func(x *strikes, w window) {
		for _, t := range x.tasksFor(x.tasks) {
			*of(&t.life) = w
		}
	}
}

// stalls meets loads a third of the way through, each time: they are repeated as
// often as the incident comes back.
func stalls(x *strikes, w window) {
	// Loads of servers that others meet are seen for a part of the time only.
	loads := slices.DeleteFunc(slices.Clone(x.loads), func(t *task) bool {
		return slices.ContainsFunc(x.servers, func(s *server) bool { return x.taken(s) && slices.Contains(s.tasks, t) })
	})
	if len(loads) == 0 {
		loads = x.loads
	}
	for _, t := range x.tasksFor(loads) {
		l := &t.life.load
		l.every = w.every
		l.begin = w.begin - l.lasts/3 - ages*l.every
		t.life.outage = newOutage(w, []phase{{state: aem.TaskRunning, reason: aem.StopNone}})
	}
}

// licenceEnds meets the first server, which no other incident takes away.
func licenceEnds(x *strikes, w window) {
	if len(x.servers) > 0 {
		x.servers[0].ending = w
	}
}

// taken reports whether serverFails or serverUnwatched meets a server.
func (x *strikes) taken(s *server) bool {
	n := slices.Index(x.servers, s)
	return n > 0 && n >= len(x.servers)-2
}

// serverFails leaves a fleet of one server alone.
func serverFails(x *strikes, w window) {
	if n := len(x.servers); n > 1 {
		s := x.servers[n-1]
		s.spells = append(s.spells, spell{w, aem.ServerError,
			fmt.Sprintf("Failed to connect to server '%s'.\r\nUnable to connect to the remote server", s.static.Name)})
	}
}

func serverUnwatched(x *strikes, w window) {
	if n := len(x.servers); n > 2 {
		s := x.servers[n-2]
		s.spells = append(s.spells, spell{w, aem.ServerNotMonitored, "The server is not monitored"})
	}
}

// endpointFails meets the first target endpoint of the first server.
func endpointFails(x *strikes, w window) {
	if len(x.servers) == 0 {
		return
	}
	for _, e := range x.servers[0].endpoints {
		if e.state.Role == aem.EndpointTarget {
			e.trouble = w
			return
		}
	}
}
