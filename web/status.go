package web

import (
	"time"

	"github.com/qem-exporter/qem_exporter/fleet"
)

// Status is what the status page is made of.
type Status struct {
	Version  string
	Started  time.Time
	Managers []Manager // in the configuration's order
}

// Manager is one configured Enterprise Manager and its last poll.
type Manager struct {
	Name         string
	URL          string // the configuration allows no user, password or query in it
	PollInterval time.Duration
	MaxAge       time.Duration
	Last         *fleet.Manager // nil until its first poll has ended
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

// statusView is the JSON of /api/v1/status, and what the page's template gets.
// Its field names are public interface.
type statusView struct {
	Version  string        `json:"version"`
	Started  time.Time     `json:"started"`
	Now      time.Time     `json:"now"`
	Ready    bool          `json:"ready"`
	Managers []managerView `json:"managers"`
}

type managerView struct {
	Name                string        `json:"name"`
	URL                 string        `json:"url"`
	State               string        `json:"state"`
	PollIntervalSeconds float64       `json:"poll_interval_seconds"`
	MaxAgeSeconds       float64       `json:"max_age_seconds"`
	LastPoll            *pollView     `json:"last_poll"` // null while waiting
	Tasks               taskCounts    `json:"tasks"`
	Servers             []serverView  `json:"servers"`
	Problems            []problemView `json:"problems"`
	ProblemCount        int           `json:"problem_count"`
}

type pollView struct {
	Result          fleet.Result `json:"result"`
	Started         time.Time    `json:"started"`
	Ended           time.Time    `json:"ended"`
	DurationSeconds float64      `json:"duration_seconds"`
	AgeSeconds      float64      `json:"age_seconds"`
}

type serverView struct {
	Name    string     `json:"name"`
	Product string     `json:"product"`
	Version string     `json:"version,omitempty"`
	State   string     `json:"state"`
	Up      *bool      `json:"up"` // null when it is not monitored
	Message string     `json:"message,omitempty"`
	Tasks   taskCounts `json:"tasks"`
}

// taskCounts counts the tasks that the filters leave, by state.
type taskCounts struct {
	Total      int `json:"total"`
	Running    int `json:"running"`
	Stopped    int `json:"stopped"`
	Recovering int `json:"recovering"`
	Error      int `json:"error"`
	Other      int `json:"other"`
}

type problemView struct {
	Server    string `json:"server,omitempty"`
	Task      string `json:"task,omitempty"`
	Operation string `json:"operation"`
	Reason    string `json:"reason"`
	Message   string `json:"message"`
}

func view(s Status, now time.Time) statusView {
	v := statusView{
		Version:  s.Version,
		Started:  s.Started,
		Now:      now,
		Ready:    len(s.waiting()) == 0,
		Managers: make([]managerView, 0, len(s.Managers)),
	}
	for _, m := range s.Managers {
		v.Managers = append(v.Managers, viewManager(m, now))
	}
	return v
}

func viewManager(m Manager, now time.Time) managerView {
	v := managerView{
		Name:                m.Name,
		URL:                 m.URL,
		State:               stateWaiting,
		PollIntervalSeconds: m.PollInterval.Seconds(),
		MaxAgeSeconds:       m.MaxAge.Seconds(),
		Servers:             []serverView{},
		Problems:            []problemView{},
	}
	if m.Last == nil {
		return v
	}
	age := max(0, now.Sub(m.Last.Ended))
	v.LastPoll = &pollView{
		Result:          m.Last.Result,
		Started:         m.Last.Started,
		Ended:           m.Last.Ended,
		DurationSeconds: m.Last.Duration.Seconds(),
		AgeSeconds:      age.Seconds(),
	}
	v.State = managerState(m.Last.Result, age, m.MaxAge)
	for i := range m.Last.Servers {
		s := viewServer(&m.Last.Servers[i])
		v.Servers = append(v.Servers, s)
		v.Tasks.add(s.Tasks)
	}
	for _, p := range m.Last.Problems {
		v.Problems = append(v.Problems, problemView(p))
	}
	v.ProblemCount = m.Last.ProblemCount
	return v
}

func managerState(r fleet.Result, age, maxAge time.Duration) string {
	switch {
	case r == fleet.Failure:
		return stateDown
	case maxAge > 0 && age > maxAge:
		return stateExpired
	case r == fleet.Partial:
		return statePartial
	}
	return stateUp
}

func viewServer(s *fleet.Server) serverView {
	v := serverView{Name: s.Name, Product: s.Product, Version: s.Version, State: s.State, Message: s.Message}
	if s.Up != fleet.Unknown {
		up := s.Up == fleet.Yes
		v.Up = &up
	}
	for i := range s.Tasks {
		v.Tasks.count(s.Tasks[i].State)
	}
	return v
}

func (c *taskCounts) count(state string) {
	c.Total++
	switch state {
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
}

func (c *taskCounts) add(o taskCounts) {
	c.Total += o.Total
	c.Running += o.Running
	c.Stopped += o.Stopped
	c.Recovering += o.Recovering
	c.Error += o.Error
	c.Other += o.Other
}
