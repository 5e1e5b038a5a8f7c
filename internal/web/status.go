package web

import (
	"math"
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
}

// Manager is one configured Enterprise Manager and its last poll.
type Manager struct {
	Name         string
	URL          string // the configuration allows no user, password or query in it
	PollInterval time.Duration
	MaxAge       time.Duration
	Last         *fleet.Manager // nil until its first poll has ended
	LastSuccess  time.Time      // end of the last poll that read the server list; zero when none has
}

// waiting lists the managers whose first poll has not ended.
func (s Status) waiting() []string {
	var names []string
	for _, m := range s.Managers {
		if m.Last == nil {
			names = append(names, m.Name)
		}
	}
	return names
}

// States of a manager on the page and in the JSON.
const (
	stateWaiting = "waiting" // its first poll has not ended
	stateUp      = "up"      // everything was read
	statePartial = "partial" // something was not
	stateDown    = "down"    // login or server list failed
	stateExpired = "expired" // older than max_age: no longer served
)

// number is a number that is left out of the JSON when it is absent.
type number float64

// IsZero tells that there is no number; a zero is one.
func (n number) IsZero() bool { return math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) }

// statusView is the JSON of /api/v1/status. Its field names are public interface.
type statusView struct {
	Version   string          `json:"version"`
	Started   time.Time       `json:"started"`
	Now       time.Time       `json:"now"`
	Ready     bool            `json:"ready"`
	Shard     *shardView      `json:"shard,omitempty"`
	Attention attentionCounts `json:"attention"`
	Managers  []managerView   `json:"managers"`
}

type shardView struct {
	Index int `json:"index"`
	Total int `json:"total"`
}

// attentionCounts counts what needs attention.
type attentionCounts struct {
	Managers int `json:"managers"`
	Servers  int `json:"servers"`
	Tasks    int `json:"tasks"`
}

type managerView struct {
	Name                string    `json:"name"`
	URL                 string    `json:"url"`
	State               string    `json:"state"`
	Severity            severity  `json:"severity"`
	Summary             string    `json:"summary"`
	PollIntervalSeconds float64   `json:"poll_interval_seconds"`
	MaxAgeSeconds       float64   `json:"max_age_seconds"`
	LastPoll            *pollView `json:"last_poll"` // null while waiting
	// LastSuccess is absent when no poll of this run has read the server list.
	LastSuccess  time.Time     `json:"last_success,omitzero"`
	Tasks        taskCounts    `json:"tasks"`
	Servers      []serverView  `json:"servers"`
	Problems     []problemView `json:"problems"`
	ProblemCount int           `json:"problem_count"`
	Duplicates   int           `json:"duplicates,omitempty"`
}

type pollView struct {
	Result          fleet.Result `json:"result"`
	Started         time.Time    `json:"started"`
	Ended           time.Time    `json:"ended"`
	DurationSeconds float64      `json:"duration_seconds"`
	AgeSeconds      float64      `json:"age_seconds"`
}

type serverView struct {
	Name           string       `json:"name"`
	Product        string       `json:"product"`
	Version        string       `json:"version,omitempty"`
	Host           string       `json:"host,omitempty"`
	Port           string       `json:"port,omitempty"`
	Platform       string       `json:"platform,omitempty"`
	State          string       `json:"state"`
	Up             *bool        `json:"up"` // null when it is not monitored
	Severity       severity     `json:"severity"`
	Reasons        []string     `json:"reasons"`
	Message        string       `json:"message,omitempty"`
	LastConnection number       `json:"last_connection_timestamp_seconds,omitzero"`
	License        *licenseView `json:"license,omitempty"`
	DiskBytes      number       `json:"disk_bytes,omitzero"`
	MemoryBytes    number       `json:"memory_bytes,omitzero"`
	ReplicateCPU   number       `json:"replicate_cpu_ratio,omitzero"`
	MachineCPU     number       `json:"machine_cpu_ratio,omitzero"`
	TaskCounts     taskCounts   `json:"task_counts"`
	Tasks          []taskView   `json:"tasks"`
}

type licenseView struct {
	State            string `json:"state"`
	Issued           number `json:"issued_timestamp_seconds,omitzero"`
	Expires          number `json:"expires_timestamp_seconds,omitzero"`
	DaysToExpiration number `json:"days_to_expiration,omitzero"`
}

// taskCounts counts the tasks that the filters leave, by state, and among them
// those that are late or otherwise need attention.
type taskCounts struct {
	Total      int `json:"total"`
	Running    int `json:"running"`
	Stopped    int `json:"stopped"`
	Recovering int `json:"recovering"`
	Error      int `json:"error"`
	Other      int `json:"other"`
	Late       int `json:"late"`
	Unread     int `json:"unread"`
	Attention  int `json:"attention"`
}

type problemView struct {
	Server    string `json:"server,omitempty"`
	Task      string `json:"task,omitempty"`
	Operation string `json:"operation,omitempty"`
	Reason    string `json:"reason"`
	Message   string `json:"message"`
}

// selection is the part of the status that was asked for; "" is everything.
type selection struct {
	manager, server, task string
	details               bool // give the tasks' details
	counts                bool // give no tasks, but their counts
}

func (s selection) takes(wanted, name string) bool { return wanted == "" || wanted == name }

// view makes the JSON. Counts are of what the selection leaves.
func view(s Status, now time.Time, sel selection) statusView {
	v := statusView{
		Version:  s.Version,
		Started:  s.Started,
		Now:      now,
		Ready:    len(s.waiting()) == 0,
		Managers: make([]managerView, 0, len(s.Managers)),
	}
	if s.TotalShards > 1 {
		v.Shard = &shardView{Index: s.Shard, Total: s.TotalShards}
	}
	for _, m := range s.Managers {
		if !sel.takes(sel.manager, m.Name) {
			continue
		}
		mv := viewManager(m, now, sel)
		v.Attention.Managers += mv.Severity.count()
		for i := range mv.Servers {
			v.Attention.Servers += mv.Servers[i].Severity.count()
		}
		v.Attention.Tasks += mv.Tasks.Attention
		v.Managers = append(v.Managers, mv)
	}
	return v
}

func viewManager(m Manager, now time.Time, sel selection) managerView {
	v := managerView{
		Name:                m.Name,
		URL:                 m.URL,
		PollIntervalSeconds: m.PollInterval.Seconds(),
		MaxAgeSeconds:       m.MaxAge.Seconds(),
		LastSuccess:         m.LastSuccess,
		Servers:             []serverView{},
		Problems:            []problemView{},
	}
	v.State = m.state(now)
	v.Severity, v.Summary = managerSeverity(v.State), m.summary(v.State)
	if m.Last == nil {
		return v
	}
	v.LastPoll = &pollView{
		Result:          m.Last.Result,
		Started:         m.Last.Started,
		Ended:           m.Last.Ended,
		DurationSeconds: m.Last.Duration.Seconds(),
		AgeSeconds:      m.age(now).Seconds(),
	}
	for i := range m.Last.Servers {
		if server := &m.Last.Servers[i]; sel.takes(sel.server, server.Name) {
			s := viewServer(server, sel)
			v.Servers = append(v.Servers, s)
			v.Tasks.add(s.TaskCounts)
		}
	}
	for _, p := range m.Last.Problems {
		if sel.takes(sel.server, p.Server) && sel.takes(sel.task, p.Task) {
			v.Problems = append(v.Problems, problemView(p))
		}
	}
	v.ProblemCount = m.Last.ProblemCount
	v.Duplicates = m.Last.Duplicates
	return v
}

// age is how long ago the last poll ended.
func (m Manager) age(now time.Time) time.Duration { return max(0, now.Sub(m.Last.Ended)) }

func (m Manager) state(now time.Time) string {
	switch {
	case m.Last == nil:
		return stateWaiting
	case m.Last.Result == fleet.Failure:
		return stateDown
	case m.MaxAge > 0 && m.age(now) > m.MaxAge:
		return stateExpired
	case m.Last.Result == fleet.Partial:
		return statePartial
	}
	return stateUp
}

func viewServer(s *fleet.Server, sel selection) serverView {
	v := serverView{
		Name: s.Name, Product: s.Product, Version: s.Version, Host: s.Host, Port: s.Port, Platform: s.Platform,
		State: s.State, Message: s.Message,
		LastConnection: number(s.LastConnection), DiskBytes: number(s.DiskBytes), MemoryBytes: number(s.MemoryBytes),
		ReplicateCPU: number(s.ReplicateCPU), MachineCPU: number(s.MachineCPU),
		Tasks: []taskView{},
	}
	v.Severity, v.Reasons = attendServer(s)
	if s.Up != fleet.Unknown {
		up := s.Up == fleet.Yes
		v.Up = &up
	}
	if l := s.License; l.State != "" {
		v.License = &licenseView{State: l.State, Issued: number(l.Issued), Expires: number(l.Expires), DaysToExpiration: number(l.DaysToExpiration)}
	}
	for i := range s.Tasks {
		if task := &s.Tasks[i]; sel.takes(sel.task, task.Name) {
			a := attendTask(task)
			v.TaskCounts.count(task, a)
			if !sel.counts {
				v.Tasks = append(v.Tasks, viewTask(task, a, sel.details))
			}
		}
	}
	return v
}

func (c *taskCounts) count(t *fleet.Task, a attention) {
	c.Total++
	switch t.State {
	case fleet.TaskRunning:
		c.Running++
	case fleet.TaskStopped:
		c.Stopped++
	case fleet.TaskRecovering:
		c.Recovering++
	case fleet.TaskError:
		c.Error++
	default:
		c.Other++
	}
	if a.late {
		c.Late++
	}
	if !t.Up {
		c.Unread++
	}
	c.Attention += a.severity.count()
}

func (c *taskCounts) add(o taskCounts) {
	c.Total += o.Total
	c.Running += o.Running
	c.Stopped += o.Stopped
	c.Recovering += o.Recovering
	c.Error += o.Error
	c.Other += o.Other
	c.Late += o.Late
	c.Unread += o.Unread
	c.Attention += o.Attention
}
