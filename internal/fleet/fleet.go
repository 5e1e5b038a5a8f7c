// Package fleet holds what one poll of an Enterprise Manager saw, as plain
// values: Manager → Server → Task → Table.
//
// Nothing here does I/O or knows Prometheus. A *Manager is built by one poll,
// then published and never changed again, so any number of readers may share it
// without a lock.
//
// Numbers are in base units (seconds, bytes, ratios, Unix seconds). A number that
// Enterprise Manager did not give, or that could not be read in this poll, is NaN:
// zero is a measurement. Enum values are lower-case snake_case; "" is absent.
package fleet

import (
	"math"
	"time"
)

// Absent is the number that was not given.
func Absent() float64 { return math.NaN() }

// Result says how a poll ended.
type Result string

// The results of a poll.
const (
	// Success: everything that was asked for was read.
	Success Result = "success"
	// Partial: the server list was read, but some server, task or table was not.
	Partial Result = "partial"
	// Failure: login failed or the server list could not be read.
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

// Manager is one poll of one Enterprise Manager.
type Manager struct {
	Name     string        // the configured name
	Result   Result        // how the poll ended
	Started  time.Time     // with a monotonic reading, as Ended has
	Ended    time.Time     //
	Duration time.Duration // Ended - Started
	Servers  []Server      // those the filters and the shard leave, in the API's order; nil after Failure
	// Problems says what could not be read, in words fit for an operator, the
	// first of them at most (MaxProblems); ProblemCount counts them all.
	Problems     []Problem
	ProblemCount int
	// Duplicates counts servers, tasks and tables that were dropped because the
	// API named them twice.
	Duplicates int
}

// MaxProblems bounds Manager.Problems.
const MaxProblems = 100

// Problem is one thing that a poll could not read.
type Problem struct {
	Server    string // "" for the Enterprise Manager itself
	Task      string // "" for a server
	Operation string // the API method, such as GetTaskDetails
	Reason    string // the API's error code, or timeout, connection, ...
	Message   string // the error in words, without secrets
}

// Flag is a yes, a no, or nothing known.
type Flag int8

// The values of a Flag.
const (
	Unknown Flag = iota
	No
	Yes
)

// FlagOf makes a Flag of a known truth.
func FlagOf(b bool) Flag {
	if b {
		return Yes
	}
	return No
}

// Float is 1 for Yes, 0 for No, and absent for Unknown.
func (f Flag) Float() float64 {
	switch f {
	case Yes:
		return 1
	case No:
		return 0
	}
	return Absent()
}

// Server is one Replicate or Compose server.
type Server struct {
	Name     string
	Product  string // Replicate or Compose
	Host     string
	Port     string
	Platform string
	Version  string
	State    string // ServerMonitored, ServerNotMonitored, ServerError, or what the API says
	Message  string // why it is in error, in the API's words; never a label
	// Up is Yes when details and task list were read, No when it is monitored and
	// they were not, or when it is in error, Unknown when it is not monitored.
	Up             Flag
	LastConnection float64 // Unix seconds

	// From its details; absent when they could not be read.
	License      License
	TaskSummary  TaskSummary
	DiskBytes    float64
	MemoryBytes  float64
	ReplicateCPU float64 // ratio
	MachineCPU   float64 // ratio

	Tasks []Task // those the filters leave, in the API's order

	// From the optional collectors; nil when they are off, or nothing could be read.
	Endpoints     []Endpoint
	EndpointTests []EndpointTest
	ACLs          []ACL
}

// License is a server's licence.
type License struct {
	State            string  // valid, invalid_checksum, expired, no_license, machine_not_licensed, invalid
	Issued           float64 // Unix seconds
	Expires          float64 // Unix seconds
	DaysToExpiration float64 // as the API counts it; may be negative
}

// TaskSummary counts a server's tasks as its details do.
type TaskSummary struct {
	Running, Stopped, Recovering, Error float64
}

// Task is one Replicate or Compose task.
type Task struct {
	Name       string
	Product    string // its server's product
	State      string // TaskRunning, ..., or what the API says
	StopReason string
	Message    string // the API's error text; never a label
	Tags       []string
	Up         bool // its details were read

	// From its details; nil when they could not be read.
	Details *TaskDetails
	// Of a Compose task with details; else nil.
	Compose *ComposeDetails

	// LatencyObjective is the threshold that applies to this task, in seconds.
	LatencyObjective float64

	// TableStates counts all tables of the task; nil when they were not asked for
	// or could not be read.
	TableStates *TableStates
	// Tables are those with series of their own.
	Tables []Table
	// TablesDropped is how many the limit left out.
	TablesDropped int

	// RetentionBarrier is the earliest one; nil when there is none, or it was not
	// asked for or could not be read.
	RetentionBarrier *RetentionBarrier
}

// TaskDetails is what the details of a task say. A Compose task has only the
// descriptions and the first two options; everything else is absent.
type TaskDetails struct {
	Type                   string
	Profile                string
	Project                string
	Source, SourceType     string // endpoint name and type
	Target, TargetType     string
	LogStreamStaging       string
	FullLoadEnabled        Flag
	ApplyChangesEnabled    Flag
	StoreChangesEnabled    Flag
	AuditChangesEnabled    Flag
	SourceLatency          float64 // seconds; only while changes are processed
	TotalLatency           float64 // seconds; only while changes are processed
	AppliedInserts         float64
	AppliedUpdates         float64
	AppliedDeletes         float64
	AppliedDDL             float64
	CDCThroughput          Throughput // only while running or recovering
	CommitRecords          float64
	RolledBackTransactions float64
	RolledBackRecords      float64
	RolledBackBytes        float64
	AppliedTransactions    float64
	AppliedRecords         float64
	AppliedBytes           float64
	ApplyingTransactions   float64
	ApplyingRecords        float64
	AccumulatedInMemory    float64 // changes waiting for the source's commit
	AccumulatedOnDisk      float64
	ApplyingInMemory       float64 // changes waiting for the target's commit
	ApplyingOnDisk         float64
	FullLoad               FullLoad
	MemoryBytes            float64
	CPU                    float64 // ratio
	DiskBytes              float64
	DataErrors             float64
}

// Throughput is the current rate of a task at its two endpoints.
type Throughput struct {
	SourceRecords float64 // records per second
	SourceBytes   float64 // bytes per second
	TargetRecords float64
	TargetBytes   float64
}

// FullLoad is the progress of a task's full load.
type FullLoad struct {
	TablesCompleted  float64
	TablesLoading    float64
	TablesQueued     float64
	TablesError      float64
	RecordsCompleted float64
	RecordsEstimated float64 // an estimated total
	Completed        Flag
	Start, End       float64    // Unix seconds
	Throughput       Throughput // only while running or recovering
}

// ComposeDetails is what only a Compose task has.
type ComposeDetails struct {
	LoadingCompleted  Flag
	LoadingStart      float64 // Unix seconds
	LoadingEnd        float64
	TablesExpected    float64
	TablesCompleted   float64
	TablesLoading     float64
	TablesQueued      float64
	TablesError       float64
	Commands          float64
	CommandsCompleted float64
}

// TableStates counts the tables of a task by state.
type TableStates struct {
	Queued, Loading, Completed, ChangeProcessing, Error int
	// Other counts states that nobody knows yet, by name; usually nil.
	Other map[string]int
}

// Table is one table of a Replicate task, under its names on the source.
type Table struct {
	Schema, Name  string
	State         string
	DataErrors    float64
	Inserts       float64
	Updates       float64
	Deletes       float64
	DDL           float64
	LastUpdate    float64 // Unix seconds
	LoadedRows    float64
	EstimatedRows float64
	LoadedBytes   float64
	LoadStart     float64 // Unix seconds
	LoadEnd       float64
	EstimatedEnd  float64 // Unix seconds, while it loads
	CachedInserts float64
	CachedUpdates float64
	CachedDeletes float64
}
