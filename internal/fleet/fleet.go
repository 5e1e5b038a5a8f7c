// Package fleet holds what was seen of an Enterprise Manager, as plain values:
// Manager → Server → Task → Table, and judges what a value means.
//
// Nothing here does I/O or knows Prometheus. A *Server is built by its poller, then
// published and never changed again, so any number of readers may share it without a lock.
//
// Numbers are in base units (seconds, bytes, ratios, Unix seconds). A number that
// Enterprise Manager did not give, or that could not be read when it was last due, is absent:
// zero is a measurement. Enum values are lower-case snake_case; "" is absent.
//
// Tags say which field of the API's types a field comes from (from), in which unit, and the fact without
// which it means nothing (when): internal/poll/answer copies by them. The comment of a field with a name
// in JSON is what docs/status-api.md says of it.
package fleet

import "time"

// Result says how a reading of the server list, or a sweep, ended.
type Result string

// The results.
const (
	// Success: everything that was asked for was read.
	Success Result = "success"
	// Partial: some task or table could not be read.
	Partial Result = "partial"
	// Failure: the server list, a server's details, or all of its tasks could not be read.
	Failure Result = "failure"
)

// Products of a server.
const (
	Replicate = "replicate"
	Compose   = "compose"
)

// States of a server.
const (
	ServerMonitored    = "monitored"
	ServerNotMonitored = "not_monitored"
	ServerError        = "error"
)

// States of a task.
const (
	TaskRunning    = "running"
	TaskStopped    = "stopped"
	TaskError      = "error"
	TaskRecovering = "recovering"
)

// States of a table.
const (
	TableQueued           = "queued"
	TableLoading          = "loading"
	TableCompleted        = "completed"
	TableChangeProcessing = "change_processing"
	TableError            = "error"
)

// Reading tells how one thing is read that is asked for again and again.
type Reading struct {
	Last time.Time     // when it was last read; zero until then
	Took time.Duration // how long that took, without its pacing; 0 until then
	Due  time.Time     // when it is next asked for
	// Problem says why it could not be read when it was last due; nil when it could, and before.
	Problem *Problem
}

// Manager is what is known of one Enterprise Manager at an instant.
type Manager struct {
	*Roster
	Servers []*Server // those the filters and the shard leave, in the API's order
}

// Roster is what the server list says, without the servers.
type Roster struct {
	Name string // the configured name
	// Up tells whether the server list was read when it was last due, and is not too old.
	Up   bool
	List Reading
	// Complete tells that the first sweep of every listed server has ended, well or badly.
	Complete bool
	Listed   Number // servers of the whole list; absent when there is none to serve
	Polled   Number // servers that filters and sharding leave
	// Warnings are what is legal and yet a likely slip, such as a filter that matches nothing.
	Warnings   []string
	Duplicates int // servers that the list names twice
	Past       *Past
}

// Past is what was there when it could last be read, for people, never for metrics.
type Past struct {
	Seen      time.Time
	Servers   int     // of a manager
	TaskCount int     // of a manager
	Tasks     []*Task // of a server
}

// Count is the number of tasks.
func (p *Past) Count() int { return max(p.TaskCount, len(p.Tasks)) }

// Server is one Replicate or Compose server. What did not change keeps its pointer from one
// Server to the next: Details, the elements of Tasks, and the Tasks slice itself.
type Server struct {
	Name     string `json:"name" from:"Name"`
	Product  string `json:"product" from:"Product"` // `replicate` or `compose`
	Host     string `json:"host,omitzero" from:"Host"`
	Port     string `json:"port,omitzero" from:"Port"`
	Platform string `json:"platform,omitzero" from:"Platform"`
	Version  string `json:"version,omitzero" from:"Version"`
	// `monitored`, `not_monitored`, `error`, or what Enterprise Manager says
	State          string `json:"state" from:"State"`
	Message        string `json:"message,omitzero" from:"Message"` // why it is in error
	LastConnection Number `json:"last_connection_timestamp_seconds,omitzero" from:"LastConnection"`

	// details and task list were read when they were last due; false also when it is in error, or is asked
	// less because it struggles; null until both have ended once, and when it is not monitored
	Up Flag `json:"up"`
	// why it cannot be read: the error's code or kind, as in `qem_server_unreadable`
	Unreadable string        `json:"unreadable,omitzero"`
	Struggling bool          `json:"struggling,omitzero"` // it does not answer well and is asked less
	Outline    Reading       `json:"-"`                   // of its task list
	Sweep      Reading       `json:"-"`                   // of its details and those of every task
	Interval   time.Duration `json:"-"`                   // at which sweeps are due

	MemoryLimit Number `json:"memory_limit_bytes,omitzero"` // configured
	DiskLimit   Number `json:"disk_limit_bytes,omitzero"`   // configured

	Details     *ServerDetails `json:"details,omitzero"`      // absent when they could not be read, or are too old
	TasksListed Number         `json:"tasks_listed,omitzero"` // tasks of the whole list; absent when it could not be read
	TasksPolled Number         `json:"tasks_polled,omitzero"` // those that the filters leave
	Tasks       []*Task        `json:"-"`                     // those the filters leave, in the API's order
	Past        *Past          `json:"-"`                     // while the tasks cannot be read: those of the last sight

	// From the optional collectors; nil when they are off, or nothing could be read.
	Endpoints     []Endpoint     `json:"-"`
	EndpointTests []EndpointTest `json:"-"`
	ACLs          []ACL          `json:"-"`

	// Problems says what of it could not be read, in words fit for an operator, the first of them
	// at most (MaxProblems); ProblemCount counts them all.
	Problems     []Problem `json:"-"`
	ProblemCount int       `json:"-"`
	Duplicates   int       `json:"duplicates,omitzero"` // tasks and tables dropped because the API named them twice
}

// ServerDetails is what the details of a server say.
type ServerDetails struct {
	License      License     `json:"license,omitzero" from:"License"`
	TaskSummary  TaskSummary `json:"task_summary,omitzero" from:"TaskSummary"` // its tasks, as it counts them itself
	DiskBytes    Number      `json:"disk_bytes,omitzero" from:"Utilization.DiskMB,MiB"`
	MemoryBytes  Number      `json:"memory_bytes,omitzero" from:"Utilization.MemoryMB,MiB"`
	ReplicateCPU Number      `json:"replicate_cpu_ratio,omitzero" from:"Utilization.ReplicateCPU,percent"`
	MachineCPU   Number      `json:"machine_cpu_ratio,omitzero" from:"Utilization.MachineCPU,percent"`
}

// License is a server's licence.
type License struct {
	// `valid`, `invalid_checksum`, `expired`, `no_license`, `machine_not_licensed`, `invalid`, or what
	// Enterprise Manager says
	State   string `json:"state,omitzero" from:"State"`
	Issued  Number `json:"issued_timestamp_seconds,omitzero" from:"Issued"`
	Expires Number `json:"expires_timestamp_seconds,omitzero" from:"Expires"` // absent for one without end
	// as Enterprise Manager counts it, in days; may be negative
	Remaining Number `json:"remaining_seconds,omitzero" from:"DaysToExpiration,days"`
}

// States of a licence.
const (
	LicenseValid              = "valid"
	LicenseInvalidChecksum    = "invalid_checksum"
	LicenseExpired            = "expired"
	LicenseNone               = "no_license"
	LicenseMachineNotLicensed = "machine_not_licensed"
	LicenseInvalid            = "invalid"
)

// TaskSummary counts a server's tasks as its details do.
type TaskSummary struct {
	Running    Number `json:"running,omitzero" from:"Running"`
	Stopped    Number `json:"stopped,omitzero" from:"Stopped"`
	Recovering Number `json:"recovering,omitzero" from:"Recovering"`
	Error      Number `json:"error,omitzero" from:"Error"`
	Total      Number `json:"total,omitzero" from:"Total"`
}

// MaxProblems bounds Server.Problems.
const MaxProblems = 100

// Problem is one thing that could not be read.
type Problem struct {
	Server    string `json:"server,omitzero"`    // absent when it is about the Enterprise Manager itself
	Task      string `json:"task,omitzero"`      // absent when it is about more than a task
	Operation string `json:"operation,omitzero"` // the API method, such as `GetTaskDetails`
	// the API's error code, or `timeout`, `connection`, `tls`, `decode`, `too_large`, `http_<status>`,
	// `wrong_object`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`        // the error in words, without secrets
	Since   time.Time `json:"since,omitzero"` // of the first of its kind in a row
}
