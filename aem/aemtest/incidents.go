package aemtest

import (
	"fmt"
	"slices"
	"time"
)

// Incident is one row of the schedule that Options.Incidents switches on. Its
// times are of the simulated clock and count from the start.
type Incident struct {
	Name        string
	Description string
	Begins      time.Duration
	Lasts       time.Duration
	Every       time.Duration // it comes back
}

// incident is an Incident with what it does.
type incident struct {
	Incident
	strike func(*strikes, window)
}

// incidentsEvery is how often the schedule repeats.
const incidentsEvery = 20 * time.Minute

// Incidents describes the schedule that Options.Incidents switches on: what
// begins when, on a task or server that is well otherwise, and one in a hundred
// tasks more in a large fleet. Every incident ends before the schedule repeats.
func Incidents() []Incident {
	var list []Incident
	for _, i := range incidents() {
		list = append(list, i.Incident)
	}
	return list
}

func incidents() []incident {
	row := func(begins, lasts time.Duration, name, description string, strike func(*strikes, window)) incident {
		return incident{Incident{name, description, begins, lasts, incidentsEvery}, strike}
	}
	const s, m = time.Second, time.Minute
	return []incident{
		row(10*s, 5*m, "latency climbs", "a task falls behind by four seconds a second, up to 14 minutes, then catches up",
			climbs),
		row(20*s, 4*m, "task error", "a task tries to recover for 45 seconds, then fails, and is started again", fails),
		row(30*s, 3*m, "recovering", "a task keeps recovering; its latency grows as nothing is applied", recovers),
		row(40*s, 4*m, "spill to disk", "the changes of a long transaction do not fit in memory and wait on disk", spills),
		row(50*s, 5*m, "data errors", "a task counts a data error every three seconds", dataErrs),
		row(60*s, 4*m, "table error", "one table of a task is in error", tableErrs),
		row(70*s, 3*m, "low memory", "a task stops because its server is low on memory", lowMemory),
		row(80*s, 3*m, "low disk", "a task stops because its server is low on disk space", lowDisk),
		row(90*s, 4*m, "stalled full load", "a full load stays where it is", stalls),
		row(100*s, 6*m, "licence ends", "a licence has 6 days left, and after half of the time none", licenceEnds),
		row(120*s, 3*m, "server error", "Enterprise Manager cannot connect to a server", serverFails),
		row(140*s, 4*m, "server not monitored", "someone stops the monitoring of a server", serverUnwatched),
		row(150*s, 4*m, "endpoint fails", "the tests of one target endpoint fail, though its tasks go on", endpointFails),
		row(160*s, 3*m, "stopped by a user", "a task is stopped and started again", userStops),
		row(180*s, 3*m, "Compose error", "a Compose task fails", composeFails),
	}
}

// strikes chooses what the incidents meet.
type strikes struct {
	tasks, composes []*task // that are well
	loads           []*task // that are repeated
	servers         []*server
	next            int
}

// scheduleIncidents gives the incidents to tasks and servers.
func scheduleIncidents(fleet []*server) {
	x := &strikes{}
	for _, s := range fleet {
		if s.static.State != Monitored {
			continue
		}
		if s.static.Product == Replicate {
			x.servers = append(x.servers, s)
		}
		for _, t := range s.tasks {
			x.consider(t)
		}
	}
	for _, i := range incidents() {
		i.strike(x, window{i.Begins, i.Lasts, i.Every})
	}
}

// consider sorts a task in when it is fit for an incident.
func (x *strikes) consider(t *task) {
	switch {
	case t.product == Compose:
		if !t.compose.failing {
			x.composes = append(x.composes, t)
		}
	case t.life.rest.state != "" || t.life.outage != nil:
	case t.life.load.every > 0:
		x.loads = append(x.loads, t)
	case t.static.ApplyChanges:
		x.tasks = append(x.tasks, t)
	}
}

// tasksFor takes the next tasks that no outage meets yet.
func (x *strikes) tasksFor(list []*task) []*task {
	var chosen []*task
	for range list {
		t := list[x.next%len(list)]
		x.next += 1 + len(list)/37 // through the servers
		if t.life.outage == nil && t.compose.outage == nil && len(chosen) <= len(list)/100 {
			chosen = append(chosen, t)
		}
		if len(chosen) > len(list)/100 {
			break
		}
	}
	return chosen
}

// out gives tasks an outage.
func (x *strikes) out(list []*task, w window, phases func(t *task) []phase) {
	for _, t := range x.tasksFor(list) {
		o := newOutage(w, phases(t))
		if t.product == Compose {
			t.compose.outage = o
		} else {
			t.life.outage = o
		}
	}
}

// only is an outage of one phase.
func only(state, reason, message string) func(*task) []phase {
	return func(*task) []phase { return []phase{{state: state, reason: reason, message: message}} }
}

func climbs(x *strikes, w window) {
	for _, t := range x.tasksFor(x.tasks) {
		t.life.climb = &w
	}
}

func spills(x *strikes, w window) {
	for _, t := range x.tasksFor(x.tasks) {
		t.life.spill = &w
	}
}

func dataErrs(x *strikes, w window) {
	for _, t := range x.tasksFor(x.tasks) {
		t.life.errors = &w
	}
}

func tableErrs(x *strikes, w window) {
	for _, t := range x.tasksFor(x.tasks) {
		t.life.table = &w
	}
}

func fails(x *strikes, w window) {
	x.out(x.tasks, w, func(t *task) []phase { return failure(t.static.Name, w.lasts) })
}

func recovers(x *strikes, w window) {
	x.out(x.tasks, w, func(t *task) []phase {
		return []phase{{state: Recovery, reason: "RECOVERABLE_ERROR",
			message: fmt.Sprintf("Task '%s' encountered a recoverable error", t.static.Name)}}
	})
}

func lowMemory(x *strikes, w window) {
	x.out(x.tasks, w, only(Stopped, "STOPPED_LOW_MEMORY", "The task was stopped because the server is low on memory"))
}

func lowDisk(x *strikes, w window) {
	x.out(x.tasks, w, only(Stopped, "STOPPED_LOW_DISK_SPACE",
		"The task was stopped because the server is low on disk space"))
}

func userStops(x *strikes, w window) { x.out(x.tasks, w, only(Stopped, "NORMAL", "")) }

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
	x.out(loads, w, func(t *task) []phase {
		l := &t.life.load
		l.every = w.every
		l.begin = w.begin - l.lasts/3 - ages*l.every
		return []phase{{state: Running, reason: "NONE"}}
	})
}

func composeFails(x *strikes, w window) {
	x.out(x.composes, w, only(Failed, "NONE", "ETL set failed\r\nSee the task log"))
}

// licenceEnds meets the first server, which no other incident takes away.
func licenceEnds(x *strikes, w window) {
	if len(x.servers) > 0 {
		x.servers[0].license = &licenseSpell{w}
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
		s.spells = append(s.spells, spell{w, ServerError,
			fmt.Sprintf("Failed to connect to server '%s'.\r\nUnable to connect to the remote server", s.static.Name)})
	}
}

func serverUnwatched(x *strikes, w window) {
	if n := len(x.servers); n > 2 {
		s := x.servers[n-2]
		s.spells = append(s.spells, spell{w, NotMonitored, "The server is not monitored"})
	}
}

// endpointFails meets the first target endpoint of the first server.
func endpointFails(x *strikes, w window) {
	if len(x.servers) == 0 {
		return
	}
	for _, e := range x.servers[0].endpoints {
		if e.state.Role == Target {
			e.trouble = &w
			return
		}
	}
}
