package fleet

import "time"

// Task is one Replicate or Compose task.
type Task struct {
	Name    string
	Product string // its server's product

	// From the outline.
	State      string // TaskRunning, ..., or what the API says
	StopReason string
	Message    string // the API's error text; never a label
	Tags       []string
	// StateSince is when the exporter saw the state change; absent while it is the first one seen.
	StateSince Number // Unix seconds
	Expected   Expectation

	// Up is Yes when its details were read when they were last due, No when they were not, and
	// Unknown until they were first due.
	Up      Flag
	Problem *Problem  // why the details or the table statuses could not be read
	Read    time.Time // when Details was read; zero while there is none
	// Details is nil when they could not be read, or are too old.
	Details *TaskDetails
	// Compose is set for a Compose task with details; else nil.
	Compose *ComposeDetails
	// LastChange is when the exporter last saw a counter of applied changes grow.
	LastChange Number // Unix seconds

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

// Expectation is what the configuration and the task's tags expect of it.
type Expectation struct {
	Latency  Number // total latency at most, in seconds
	FullLoad Number // a full load's length at most, in seconds
	Running  bool   // it runs always
	Priority string // who is told: PriorityPage, ...; "" is PriorityPage
}

// The priorities of a task.
const (
	PriorityPage   = "page"
	PriorityTicket = "ticket"
	PriorityNone   = "none"
)

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
	SourceLatency          Number // seconds; only while changes are processed
	TotalLatency           Number // seconds; only while changes are processed
	AppliedInserts         Number
	AppliedUpdates         Number
	AppliedDeletes         Number
	AppliedDDL             Number
	CDCThroughput          Throughput // only while running or recovering
	CommitRecords          Number
	RolledBackTransactions Number
	RolledBackRecords      Number
	RolledBackBytes        Number
	AppliedTransactions    Number
	AppliedRecords         Number
	AppliedBytes           Number
	ApplyingTransactions   Number
	ApplyingRecords        Number
	AccumulatedInMemory    Number // changes waiting for the source's commit
	AccumulatedOnDisk      Number
	ApplyingInMemory       Number // changes waiting for the target's commit
	ApplyingOnDisk         Number
	FullLoad               FullLoad
	MemoryBytes            Number
	CPU                    Number // ratio
	DiskBytes              Number
	DataErrors             Number
}

// Throughput is the current rate of a task at its two endpoints.
type Throughput struct {
	SourceRecords Number // records per second
	SourceBytes   Number // bytes per second
	TargetRecords Number
	TargetBytes   Number
}

// FullLoad is the progress of a task's full load.
type FullLoad struct {
	TablesCompleted  Number
	TablesLoading    Number
	TablesQueued     Number
	TablesError      Number
	RecordsCompleted Number
	RecordsEstimated Number // an estimated total
	Completed        Flag
	Start, End       Number     // Unix seconds
	Throughput       Throughput // only while running or recovering
}

// ComposeDetails is what only a Compose task has.
type ComposeDetails struct {
	LoadingCompleted  Flag
	LoadingStart      Number // Unix seconds
	LoadingEnd        Number
	TablesExpected    Number
	TablesCompleted   Number
	TablesLoading     Number
	TablesQueued      Number
	TablesError       Number
	Commands          Number
	CommandsCompleted Number
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
	DataErrors    Number
	Inserts       Number
	Updates       Number
	Deletes       Number
	DDL           Number
	LastUpdate    Number // Unix seconds
	LoadedRows    Number
	EstimatedRows Number
	LoadedBytes   Number
	LoadStart     Number // Unix seconds
	LoadEnd       Number
	EstimatedEnd  Number // Unix seconds, while it loads
	CachedInserts Number
	CachedUpdates Number
	CachedDeletes Number
}
