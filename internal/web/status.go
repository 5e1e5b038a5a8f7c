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

// Waiting lists the managers of which not everything has been read once.
func (s Status) Waiting(now time.Time) []string {
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
	Servers    int `json:"servers,omitzero"`    // of a manager
	ServersUp  int `json:"servers_up,omitzero"` // of a manager
	Total      int `json:"total"`
	Running    int `json:"running"`
	Stopped    int `json:"stopped"`
	Recovering int `json:"recovering"`
	Error      int `json:"error"`
	Other      int `json:"other"` // in other states
	// of servers that cannot be read, as they were at the last sight, so that the total does not shrink
	NotSeen     int `json:"not_seen"`
	Late        int `json:"late"`              // their total latency is above their objective
	NoObjective int `json:"without_objective"` // nobody can say whether they are late
	Unread      int `json:"unread"`            // their details could not be read
	Attention   int `json:"attention"`         // of the severity `warning` or `critical`

	Partial   bool `json:"-"` // some of the tasks have never been seen: Total is not all
	worstTask fleet.Severity
}

func (t *tally) add(r *row) {
	t.Total++
	if r.gone {
		t.NotSeen++
		return
	}
	switch r.task.State {
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
	t.Late += boolean(r.task.Late() == fleet.Yes)
	t.NoObjective += boolean(!r.task.Expected.Latency.IsSet() && r.task.Product != fleet.Compose)
	t.Unread += boolean(r.task.Up != fleet.Yes)
	t.Attention += boolean(needsAttention(r.Severity))
	t.worstTask = worst(t.worstTask, r.Severity)
}

// past counts what there was at the last sight of a manager.
func (t *tally) past(p *pastView) {
	if p != nil {
		t.NotSeen, t.Total, t.Servers = t.NotSeen+p.Tasks, t.Total+p.Tasks, t.Servers+p.Servers
	}
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

// survey is what was seen, or what of it bears the names that were asked for, and how it was judged.
type survey struct {
	managers                []managerView
	all                     tally
	badManagers, badServers int // that need attention
}

// survey judges everything that bears the names; "" is any.
func (s *Status) survey(now time.Time, manager, server, task string) *survey {
	v := &survey{}
	for i := range s.Managers {
		if m := &s.Managers[i]; is(manager, m.Name) {
			v.manager(m, now, server, task)
		}
	}
	return v
}

func is(asked, name string) bool { return asked == "" || asked == name }

func (v *survey) manager(m *Manager, now time.Time, server, task string) {
	mv := managerView{Name: m.Name, URL: m.URL, NextLogin: m.NextLogin, StateInterval: m.StateInterval.Seconds(),
		PollInterval: m.PollInterval.Seconds(), MaxAge: m.MaxAge.Seconds(), Problems: []fleet.Problem{}}
	var ofServers []fleet.Problem
	count := 0
	if m.View != nil {
		mv.List, mv.LastSight = reading(&m.View.List), past(m.View.Past)
		mv.Listed, mv.Polled, mv.Duplicates = m.View.Listed, m.View.Polled, m.View.Duplicates
		if p := m.View.List.Problem; p != nil {
			mv.Problems = append(mv.Problems, *p)
		}
		for _, s := range m.View.Servers {
			if is(server, s.Name) {
				mv.servers = append(mv.servers, v.server(m, s, &mv.Tasks, now, task))
				ofServers = append(ofServers, s.Problems...)
				count += s.ProblemCount
				mv.Duplicates += s.Duplicates
			}
		}
	}
	mv.ProblemCount = len(mv.Problems) + count
	mv.Problems = append(mv.Problems, ofServers[:min(len(ofServers), fleet.MaxProblems)]...)
	mv.State, mv.Severity, mv.Reasons = m.judge(count, now)
	v.badManagers += boolean(needsAttention(mv.Severity))
	v.managers = append(v.managers, mv)
}

// server judges a server and its tasks, and counts those of all its manager's, too.
func (v *survey) server(m *Manager, s *fleet.Server, ofManager *tally, now time.Time, task string) serverView {
	a := s.Attention(now)
	sv := serverView{Server: s, Severity: a.Severity, Reasons: append([]string{}, a.Reasons...), manager: m,
		ProblemCount: s.ProblemCount, Outline: reading(&s.Outline), Sweep: reading(&s.Sweep), PastView: past(s.Past)}
	if s.Details != nil {
		sv.LicenseEnds = s.Details.License.Ends(now)
	}
	v.badServers += boolean(needsAttention(a.Severity))
	for _, t := range []*tally{ofManager, &v.all} {
		t.Servers++
		t.ServersUp += boolean(s.Up == fleet.Yes)
	}
	counts := []*tally{&sv.Counts, ofManager, &v.all}
	add := func(t *fleet.Task, gone bool, a fleet.Attention) {
		r := &row{m, s, t, gone, a}
		sv.tasks = append(sv.tasks, r)
		for _, t := range counts {
			t.add(r)
		}
	}
	for _, t := range s.Tasks {
		if is(task, t.Name) {
			add(t, false, t.Attention(now))
		}
	}
	switch {
	case s.State == fleet.ServerNotMonitored || s.TasksListed.IsSet():
	case s.Past == nil:
		for _, t := range counts {
			t.Partial = true
		}
	default:
		for _, t := range s.Past.Tasks {
			if is(task, t.Name) {
				add(t, true, fleet.Attention{Severity: fleet.NotKnown, Reasons: []string{"not seen; so it was at the last sight"}})
			}
		}
	}
	return sv
}

// judge tells a manager's state, how much it needs attention, and why. Problems are those of its servers.
func (m *Manager) judge(problems int, now time.Time) (state string, severity fleet.Severity, reasons []string) {
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
	case problems > 0:
		state = statePartial
		say(fleet.Warning, "Not everything could be read: "+count(problems, "problem")+".")
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

// Troubles are what is wrong with the exporter itself.
func (s Status) Troubles() []string {
	var list []string
	if s.ReloadFailed != "" {
		list = append(list, "The last reload failed, the configuration before it stays in force: "+s.ReloadFailed)
	}
	for _, w := range s.Warnings {
		list = append(list, "Configuration: "+w)
	}
	return slices.Clip(list)
}
