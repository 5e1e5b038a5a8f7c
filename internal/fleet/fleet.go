// Package fleet holds what was seen of an Enterprise Manager, as plain values:
// Manager → Server → Task → Table, and judges what a value means.
//
// Nothing here does I/O or knows Prometheus. A *Server is built by its poller, then
// published and never changed again, so any number of readers may share it without a lock.
//
// Numbers are in base units (seconds, bytes, ratios, Unix seconds). A number that
// Enterprise Manager did not give, or that could not be read when it was last due, is absent:
// zero is a measurement. Enum values are lower-case snake_case; "" is absent.
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
	// From the server list.
	Name           string `json:"name"`
	Product        string `json:"product"` // Replicate or Compose
	Host           string `json:"host,omitzero"`
	Port           string `json:"port,omitzero"`
	Platform       string `json:"platform,omitzero"`
	Version        string `json:"version,omitzero"`
	State          string `json:"state"`                                      // a constant above, or what the API says
	Message        string `json:"message,omitzero"`                           // why it is in error, by the API; no label
	LastConnection Number `json:"last_connection_timestamp_seconds,omitzero"` // Unix seconds

	// Up is Yes when details and task list were read when they were last due, No when it is monitored
	// and they were not, when it is in error, or paused as struggling; Unknown until both have ended
	// once, and when it is not monitored.
	Up Flag `json:"up"`
	// Unreadable is why it cannot be read: the error's code or kind; "" when it can.
	Unreadable string        `json:"unreadable,omitzero"`
	Struggling bool          `json:"struggling,omitzero"` // it is asked less, because it does not answer well
	Outline    Reading       `json:"-"`                   // of its task list
	Sweep      Reading       `json:"-"`                   // of its details and those of every task
	Interval   time.Duration `json:"-"`                   // at which sweeps are due

	MemoryLimit Number `json:"memory_limit_bytes,omitzero"`
	DiskLimit   Number `json:"disk_limit_bytes,omitzero"` // bytes, from the configuration

	Details     *ServerDetails `json:"details,omitzero"`      // nil when they could not be read, or are too old
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
	License      License     `json:"license,omitzero"`
	TaskSummary  TaskSummary `json:"task_summary,omitzero"`
	DiskBytes    Number      `json:"disk_bytes,omitzero"`
	MemoryBytes  Number      `json:"memory_bytes,omitzero"`
	ReplicateCPU Number      `json:"replicate_cpu_ratio,omitzero"` // ratio
	MachineCPU   Number      `json:"machine_cpu_ratio,omitzero"`   // ratio
}

// License is a server's licence.
type License struct {
	State     string `json:"state,omitzero"`                     // LicenseValid, ..., or what the API says
	Issued    Number `json:"issued_timestamp_seconds,omitzero"`  // Unix seconds
	Expires   Number `json:"expires_timestamp_seconds,omitzero"` // Unix seconds; absent for one without end
	Remaining Number `json:"remaining_seconds,omitzero"`         // seconds, as the API counts them; may be negative
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
	Running    Number `json:"running,omitzero"`
	Stopped    Number `json:"stopped,omitzero"`
	Recovering Number `json:"recovering,omitzero"`
	Error      Number `json:"error,omitzero"`
	Total      Number `json:"total,omitzero"`
}

// MaxProblems bounds Server.Problems.
const MaxProblems = 100

// Problem is one thing that could not be read.
type Problem struct {
	Server    string    `json:"server,omitzero"`    // "" for the Enterprise Manager itself
	Task      string    `json:"task,omitzero"`      // "" for a server
	Operation string    `json:"operation,omitzero"` // the API method, such as GetTaskDetails
	Reason    string    `json:"reason"`             // the API's error code, or timeout, connection, ...
	Message   string    `json:"message"`            // the error in words, without secrets
	Since     time.Time `json:"since,omitzero"`     // of the first of its kind in a row
}
