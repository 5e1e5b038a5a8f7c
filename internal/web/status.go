package web

import (
	"cmp"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Status is what the status page is made of.
type Status struct {
	Version  string
	Started  time.Time
	Managers []Manager // in the configuration's order
	// Shard of TotalShards is the part of the servers that this process polls;
	// TotalShards 0 or 1 is all of them.
	Shard, TotalShards int
	// Warnings are what is legal in the configuration and yet a likely slip.
	Warnings []string
	// ReloadFailed says why the last reload failed; "" when it did not.
	ReloadFailed   string
	ReloadFailedAt time.Time
	Links          Links
}

// Links are the addresses of what stands beside the exporter; "" is none.
type Links struct {
	Grafana  string // its base, such as https://grafana.example.com
	Runbooks string // the folder of the runbooks
}

// Manager is one configured Enterprise Manager and what is known of it.
type Manager struct {
	Name          string
	URL           string // the configuration allows no user, password or query in it
	StateInterval time.Duration
	PollInterval  time.Duration
	MaxAge        time.Duration
	Started       time.Time      // when its polling began
	View          *fleet.Manager // nil until its server list has been asked for once
	Journal       *fleet.Journal // nil when there is none
	// NextLogin is when the next login is due, while they are refused or fail; else zero.
	NextLogin time.Time
	Wedged    string // why nothing is read any more; "" while it is
}

// ready tells whether what there is to see of the manager has been seen once. One server
// that hangs holds it up for one interval at most.
func (m *Manager) ready(now time.Time) bool {
	return m.View != nil && m.View.Complete || now.Sub(m.Started) >= m.PollInterval
}

// waiting lists the managers of which not everything has been read once.
func (s Status) waiting(now time.Time) []string {
	var names []string
	for i := range s.Managers {
		if !s.Managers[i].ready(now) {
			names = append(names, s.Managers[i].Name)
		}
	}
	return names
}

// States of a manager on the page and in the JSON.
const (
	stateWaiting = "waiting" // its server list has not been read yet
	stateUp      = "up"      // everything was read when it was last due
	statePartial = "partial" // something was not
	stateDown    = "down"    // login or server list failed, or is too old
	stateWedged  = "wedged"  // nothing has ended for long
)

// tally counts the servers and tasks of a manager, or the tasks of a server, that the filters
// leave. What cannot be read now and was there at the last sight is in NotSeen, so that totals
// do not shrink when a server is lost.
type tally struct {
	Servers     int `json:"servers,omitzero"`
	ServersUp   int `json:"servers_up,omitzero"`
	Total       int `json:"total"`
	Running     int `json:"running"`
	Stopped     int `json:"stopped"`
	Recovering  int `json:"recovering"`
	Error       int `json:"error"`
	Other       int `json:"other"`
	NotSeen     int `json:"not_seen"`
	Late        int `json:"late"`
	NoObjective int `json:"without_objective"`
	Unread      int `json:"unread"`
	Attention   int `json:"attention"`

	unread    bool // some of the tasks have never been seen: Total is not all
	worst     fleet.Severity
	worstTask fleet.Severity
	problems  int
}

func (t *tally) task(task *fleet.Task, a fleet.Attention) {
	t.Total++
	switch task.State {
	case fleet.TaskRunning:
		t.Running++
	case fleet.TaskStopped:
		t.Stopped++
	case fleet.TaskRecovering:
		t.Recovering++
	case fleet.TaskError:
		t.Error++
	default:
		t.Other++
	}
	t.Late += boolean(task.Late() == fleet.Yes)
	t.NoObjective += boolean(!task.Expected.Latency.IsSet() && task.Product != fleet.Compose)
	t.Unread += boolean(task.Up != fleet.Yes)
	t.Attention += boolean(needsAttention(a.Severity))
	t.worstTask = worst(t.worstTask, a.Severity)
}

func (t *tally) add(o *tally) {
	for _, n := range [...]struct{ to, from *int }{
		{&t.Servers, &o.Servers}, {&t.ServersUp, &o.ServersUp}, {&t.Total, &o.Total}, {&t.Running, &o.Running},
		{&t.Stopped, &o.Stopped}, {&t.Recovering, &o.Recovering}, {&t.Error, &o.Error}, {&t.Other, &o.Other},
		{&t.NotSeen, &o.NotSeen}, {&t.Late, &o.Late}, {&t.NoObjective, &o.NoObjective}, {&t.Unread, &o.Unread},
		{&t.Attention, &o.Attention}, {&t.problems, &o.problems},
	} {
		*n.to += *n.from
	}
	t.unread = t.unread || o.unread
	t.worst, t.worstTask = worst(t.worst, o.worst), worst(t.worstTask, o.worstTask)
}

// needsAttention tells what is counted as such: what is not known yet is grey, no trouble.
func needsAttention(s fleet.Severity) bool { return s.Level() >= fleet.Warning.Level() }

// worst is the higher of two.
func worst(a, b fleet.Severity) fleet.Severity {
	if b.Level() > a.Level() {
		return b
	}
	return cmp.Or(a, fleet.Fine)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// seen is a server with what was judged of it, or of the rest of it that filters leave.
type seen struct {
	*fleet.Server
	fleet.Attention
	tasks []row
	tally
}

// look judges a server and the tasks that take wants.
func look(m *Manager, s *fleet.Server, now time.Time, takes func(task string) bool) seen {
	v := seen{Server: s, Attention: s.Attention(now)}
	v.Servers, v.ServersUp = 1, boolean(s.Up == fleet.Yes)
	v.worst, v.problems = v.Severity, s.ProblemCount
	for _, t := range s.Tasks {
		if takes(t.Name) {
			r := row{manager: m, server: s, task: t, Attention: t.Attention(now)}
			v.task(t, r.Attention)
			v.tasks = append(v.tasks, r)
		}
	}
	if s.State == fleet.ServerNotMonitored || s.TasksListed.IsSet() {
		return v
	}
	if s.Past == nil {
		v.unread = true
		return v
	}
	for _, t := range s.Past.Tasks {
		if takes(t.Name) {
			v.Total++
			v.NotSeen++
			v.tasks = append(v.tasks, row{manager: m, server: s, task: t, gone: true, Attention: fleet.Attention{
				Severity: fleet.NotKnown, Reasons: []string{"not seen; so it was at the last sight"}}})
		}
	}
	return v
}

// looks judges all servers of a manager.
func (m *Manager) looks(now time.Time, takesServer, takesTask func(string) bool) []seen {
	if m.View == nil {
		return nil
	}
	list := make([]seen, 0, len(m.View.Servers))
	for _, s := range m.View.Servers {
		if takesServer(s.Name) {
			list = append(list, look(m, s, now, takesTask))
		}
	}
	return list
}

// summary is a manager as a whole.
type summary struct {
	tally
	State    string
	Severity fleet.Severity
	Reasons  []string
	Problems []fleet.Problem // of its servers, the first of them
	Dropped  int             // duplicates
}

// sum adds up the servers of a manager, and judges it.
func (m *Manager) sum(servers []seen, now time.Time) summary {
	s := summary{Problems: []fleet.Problem{}}
	for i := range servers {
		s.add(&servers[i].tally)
		s.Problems = append(s.Problems, servers[i].Problems...)
		s.Dropped += servers[i].Duplicates
	}
	if m.View != nil {
		s.Dropped += m.View.Duplicates
	}
	s.Problems = s.Problems[:min(len(s.Problems), fleet.MaxProblems)]
	s.State, s.Severity, s.Reasons = m.judge(&s.tally, now)
	return s
}

// judge tells a manager's state, how much it needs attention, and why.
func (m *Manager) judge(t *tally, now time.Time) (state string, severity fleet.Severity, reasons []string) {
	state, severity = stateUp, fleet.Fine
	say := func(s fleet.Severity, words string) {
		severity, reasons = worst(severity, s), append(reasons, words)
	}
	switch {
	case m.Wedged != "":
		state = stateWedged
		say(fleet.Critical, "Nothing is read any more: "+m.Wedged)
	case m.View == nil || m.View.List.Last.IsZero() && m.View.List.Problem == nil:
		state = stateWaiting
		say(fleet.NotKnown, "Its server list has not been read yet.")
	case !m.View.Up:
		state = stateDown
		say(fleet.Critical, m.whyDown())
	case t.problems > 0:
		state = statePartial
		say(fleet.Warning, "Not everything could be read: "+count(t.problems, "problem")+".")
	}
	if !m.NextLogin.IsZero() {
		say(fleet.Critical, "Logins are refused or fail.")
	}
	if m.View != nil {
		for _, w := range m.View.Warnings {
			say(fleet.Warning, w)
		}
		if last := m.View.List.Last; state == stateUp && !last.IsZero() && now.Sub(last) > 2*m.StateInterval+time.Minute {
			say(fleet.Warning, "The server list is older than its interval.")
		}
	}
	return state, severity, reasons
}

func (m *Manager) whyDown() string {
	if p := m.View.List.Problem; p != nil {
		return "Its server list could not be read: " + p.Message
	}
	return "Its server list is too old to be served."
}

// only takes one name, or all when it is "".
func only(name string) func(string) bool {
	return func(other string) bool { return name == "" || name == other }
}

// troubles are what is wrong with the exporter itself.
func (s Status) troubles() []string {
	var list []string
	if s.ReloadFailed != "" {
		list = append(list, "The last reload failed, the configuration before it stays in force: "+s.ReloadFailed)
	}
	for _, w := range s.Warnings {
		list = append(list, "Configuration: "+w)
	}
	return slices.Clip(list)
}
