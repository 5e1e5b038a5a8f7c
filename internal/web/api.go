package web

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// maxStreams is how many statuses are written at a time: each is streamed, yet its compression
// takes memory. Whoever comes beyond waits for streamPatience, and is then told to come again.
const (
	maxStreams     = 4
	streamPatience = 5 * time.Second
)

// What was seen and how it was judged, one level of lists a type: the JSON of /api/v1/status, and what the page
// shows. Field names are public interface. A field that is not there is not known.
type (
	statusView struct {
		Version string    `json:"version"` // of the exporter
		Started time.Time `json:"started"` // when the exporter was started
		Now     time.Time `json:"now"`     // when this answer was made
		// as `/-/ready` says: every manager's server list and the first sweep of every server have ended, well or badly
		Ready bool       `json:"ready"`
		Shard *shardView `json:"shard,omitempty"` // only of a sharded exporter: its part of the servers
		// what is wrong with the exporter itself, in words: a failed reload, warnings of the configuration
		Troubles     []string  `json:"troubles,omitempty"`
		ReloadFailed time.Time `json:"reload_failed,omitzero"` // when the last reload failed; absent when it did not
		// how many there are of the severity `warning` or `critical`
		Attention struct {
			Managers int `json:"managers"`
			Servers  int `json:"servers"`
			Tasks    int `json:"tasks"`
		} `json:"attention"`
	}
	shardView struct {
		Index int `json:"index"` // from 0
		Total int `json:"total"`
	}
	managerView struct {
		Name string `json:"name"` // the configured name, as in the label `manager`
		URL  string `json:"url"`
		// `up`: everything was read when it was last due; `partial`: something was not; `down`: the server list could
		// not be read, or is too old; `wedged`: nothing has ended for long; `waiting`: it has not been read yet
		State         string         `json:"state"`
		Severity      fleet.Severity `json:"severity"`
		Reasons       []string       `json:"reasons"`
		StateInterval float64        `json:"state_interval_seconds"`  // configured
		PollInterval  float64        `json:"poll_interval_seconds"`   // configured
		MaxAge        float64        `json:"max_age_seconds"`         // configured
		List          *readingView   `json:"server_list,omitempty"`   // absent before the first
		Listed        fleet.Number   `json:"servers_listed,omitzero"` // servers of the whole list
		Polled        fleet.Number   `json:"servers_polled,omitzero"` // servers that filters and sharding leave
		LastSight     *pastView      `json:"last_sight,omitempty"`    // while the servers are not served: what there was
		// when the next login is due, while they are refused or fail
		NextLogin    time.Time       `json:"next_login,omitzero"`
		Tasks        tally           `json:"tasks"`
		Problems     []fleet.Problem `json:"problems"`      // what could not be read, the first 100
		ProblemCount int             `json:"problem_count"` // of all problems
		// servers, tasks and tables that were dropped because the API named them twice
		Duplicates int `json:"duplicates,omitempty"`

		servers []serverView
	}
	readingView struct {
		Last     time.Time `json:"last,omitzero"`              // when it last succeeded
		Duration float64   `json:"duration_seconds,omitempty"` // how long that took
		Due      time.Time `json:"due,omitzero"`               // when the next is due
		// why it failed when it was last due; absent when it did not
		Problem *fleet.Problem `json:"problem,omitempty"`
	}
	pastView struct {
		Seen    time.Time `json:"seen"` // when they were there
		Servers int       `json:"servers,omitempty"`
		Tasks   int       `json:"tasks"`
	}
	serverView struct {
		*fleet.Server
		Severity fleet.Severity `json:"severity"`
		Reasons  []string       `json:"reasons"`
		// absent for a licence without end, and when nothing is known
		LicenseEnds  time.Time    `json:"license_ends,omitzero"`
		Outline      *readingView `json:"task_list,omitempty"`  // of the states of its tasks
		Sweep        *readingView `json:"sweep,omitempty"`      // of its details and those of every task
		PastView     *pastView    `json:"last_sight,omitempty"` // while the tasks cannot be read: what there was
		Counts       tally        `json:"task_counts"`
		ProblemCount int          `json:"problem_count"`

		manager *Manager
		tasks   []*row
	}
	taskView struct {
		*fleet.Task
		Severity fleet.Severity `json:"severity"`
		Reasons  []string       `json:"reasons,omitempty"`
		NotSeen  bool           `json:"not_seen,omitempty"` // it was so at the last sight, and cannot be seen now
		// its total latency is above its objective; null without either
		Late          fleet.Flag   `json:"late"`
		SourceLatency fleet.Number `json:"source_latency_seconds,omitzero"`
		TotalLatency  fleet.Number `json:"total_latency_seconds,omitzero"`
		DataErrors    fleet.Number `json:"data_errors,omitzero"`
		// what reaches the target: changes, or rows of a full load
		RecordsPerSecond fleet.Number `json:"records_per_second,omitzero"`
		FullLoadRatio    fleet.Number `json:"full_load_ratio,omitzero"` // how much of a full load under way is done
	}
)

// api is the content of the page as JSON; docs/status-api.md describes it.
func (h *handler) api(w http.ResponseWriter, r *http.Request) {
	patience := time.NewTimer(streamPatience)
	defer patience.Stop()
	select {
	case h.streams <- struct{}{}:
		defer func() { <-h.streams }()
	case <-r.Context().Done():
		return
	case <-patience.C:
		w.Header().Set("Retry-After", "5")
		plain(w, http.StatusServiceUnavailable, "too many ask for the status at once; ask again in 5 seconds\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	asked := r.URL.Query()
	s := stream{out: bufio.NewWriterSize(w, 32<<10), task: asked.Get("task")}
	s.details = s.task != "" || asked.Get("details") == "true"
	s.status(h.Status(), h.Now(), asked.Get("manager"), asked.Get("server"))
	if s.err == nil {
		s.err = s.out.Flush()
	}
	if s.err != nil && r.Context().Err() == nil {
		h.Logger.Debug("the status was not written to its end", slog.Any("err", s.err))
	}
}

// stream writes the status as it goes, so that it never stands in memory as a whole.
type stream struct {
	out     *bufio.Writer
	task    string // the one that was asked for; "" is all
	details bool
	err     error
}

// raw writes text, unless something failed before.
func (s *stream) raw(text string) {
	if s.err == nil {
		_, s.err = s.out.WriteString(text)
	}
}

// value writes a value, and begins a list as its last member when there is a name for it.
func (s *stream) value(first bool, v any, list string) {
	if !first {
		s.raw(",\n")
	}
	text, err := json.Marshal(v) // escapes markup, so that a browser takes nothing in it for such
	if s.err == nil {
		s.err = err
	}
	if list == "" || err != nil {
		s.raw(string(text))
		return
	}
	s.raw(string(text[:len(text)-1]) + `,"` + list + `":[`)
}

func (s *stream) status(status Status, now time.Time, manager, server string) {
	seen := status.survey(now, manager, server, s.task)
	v := statusView{Version: status.Version, Started: status.Started, Now: now, Ready: len(status.Waiting(now)) == 0,
		Troubles: status.Troubles(), ReloadFailed: status.ReloadFailedAt}
	if status.TotalShards > 1 {
		v.Shard = &shardView{Index: status.Shard, Total: status.TotalShards}
	}
	v.Attention.Managers, v.Attention.Servers, v.Attention.Tasks = seen.badManagers, seen.badServers, seen.all.Attention
	s.value(true, v, "managers")
	for i, m := range seen.managers {
		s.value(i == 0, m, "servers")
		for j, server := range m.servers {
			s.value(j == 0, server, "tasks")
			for k := range server.tasks {
				s.value(k == 0, server.tasks[k].view(s.details), "")
			}
			s.raw("]}")
		}
		s.raw("]}")
	}
	s.raw("]}\n")
}

func reading(r *fleet.Reading) *readingView {
	if r.Last.IsZero() && r.Problem == nil {
		return nil
	}
	return &readingView{Last: r.Last, Duration: r.Took.Seconds(), Due: r.Due, Problem: r.Problem}
}

func past(p *fleet.Past) *pastView {
	if p == nil {
		return nil
	}
	return &pastView{Seen: p.Seen, Servers: p.Servers, Tasks: p.Count()}
}

func (r *row) view(details bool) taskView {
	t := *r.task
	v := taskView{Task: &t, Severity: r.Severity, Reasons: r.Reasons, NotSeen: r.gone, Late: t.Late(),
		TotalLatency: t.Latency(), RecordsPerSecond: recordsPerSecond(&t), FullLoadRatio: fullLoadRatio(&t)}
	if d := t.Details; d != nil {
		v.SourceLatency, v.DataErrors = d.SourceLatency, d.DataErrors
	}
	if !details {
		t.Details, t.Compose = nil, nil
	}
	return v
}

// maxEvents is how many events one answer has at most.
const maxEvents = 5000

// events is what changed, the newest first.
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	since, err := parseSince(asked.Get("since"), h.Now())
	if err != nil {
		plain(w, http.StatusBadRequest,
			"since: give an instant (2026-11-25T20:00:00Z), Unix seconds, or how long ago (12h)\n")
		return
	}
	status := h.Status()
	list := status.events(asked.Get("manager"), asked.Get("server"), asked.Get("task"), since)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(true)
	_ = encoder.Encode(struct {
		Now    time.Time `json:"now"`
		Events []event   `json:"events"`
	}{h.Now(), list[:min(len(list), maxEvents)]}) // a failed write means that the client has gone
}

// parseSince reads an instant, Unix seconds, or a span before now; "" is the beginning of time.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return fleet.Num(n).Time(), nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	return time.Parse(time.RFC3339, text)
}
