package fleet

import "time"

// Task is one Replicate or Compose task.
type Task struct {
	Name    string `json:"name"`
	Product string `json:"product"` // its server's product

	// From the outline.
	State      string   `json:"state"` // TaskRunning, ..., or what the API says
	StopReason string   `json:"stop_reason,omitzero"`
	Message    string   `json:"message,omitzero"` // the API's error text; never a label
	Tags       []string `json:"tags,omitzero"`
	// StateSince is when the exporter saw the state change; absent while it is the first one seen.
	StateSince Number      `json:"state_since_timestamp_seconds,omitzero"` // Unix seconds
	Expected   Expectation `json:"expected,omitzero"`

	// Up is Yes when its details were read when they were last due, No when they were not, and
	// Unknown until they were first due.
	Up      Flag      `json:"up"`
	Problem *Problem  `json:"problem,omitzero"` // why the details or the table statuses could not be read
	Read    time.Time `json:"read,omitzero"`    // when Details was read; zero while there is none
	// Details is nil when they could not be read, or are too old.
	Details *TaskDetails `json:"details,omitzero"`
	// Compose is set for a Compose task with details; else nil.
	Compose *ComposeDetails `json:"compose,omitzero"`
	// LastChange is when the exporter last saw a counter of applied changes grow.
	LastChange Number `json:"last_change_timestamp_seconds,omitzero"` // Unix seconds

	// TableStates counts all tables of the task; nil when they were not asked for
	// or could not be read.
	TableStates *TableStates `json:"tables,omitzero"`
	// Tables are those with series of their own.
	Tables []Table `json:"-"`
	// TablesDropped is how many the limit left out.
	TablesDropped int `json:"tables_dropped,omitzero"`

	// RetentionBarrier is the earliest one; nil when there is none, or it was not
	// asked for or could not be read.
	RetentionBarrier *RetentionBarrier `json:"retention_barrier,omitzero"`
}

// MaxTags is how many tags of a task have series.
const MaxTags = 64

// Expectation is what the configuration and the task's tags expect of it.
type Expectation struct {
	Latency  Number `json:"latency_seconds,omitzero"`   // total latency at most, in seconds
	FullLoad Number `json:"full_load_seconds,omitzero"` // a full load's length at most, in seconds
	Running  bool   `json:"running,omitzero"`           // it runs always
	Priority string `json:"priority,omitzero"`          // who is told: PriorityPage, ...; "" is PriorityPage
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
	Type                   string     `json:"type,omitzero"`
	Profile                string     `json:"profile,omitzero"`
	Project                string     `json:"project,omitzero"`
	Source                 string     `json:"source,omitzero"`
	SourceType             string     `json:"source_type,omitzero"` // endpoint name and type
	Target                 string     `json:"target,omitzero"`
	TargetType             string     `json:"target_type,omitzero"`
	LogStreamStaging       string     `json:"log_stream_staging,omitzero"`
	FullLoadEnabled        Flag       `json:"full_load_enabled,omitzero"`
	ApplyChangesEnabled    Flag       `json:"apply_changes_enabled,omitzero"`
	StoreChangesEnabled    Flag       `json:"store_changes_enabled,omitzero"`
	AuditChangesEnabled    Flag       `json:"audit_changes_enabled,omitzero"`
	SourceLatency          Number     `json:"source_latency_seconds,omitzero"` // seconds; only while changes are processed
	TotalLatency           Number     `json:"total_latency_seconds,omitzero"`  // seconds; only while changes are processed
	AppliedInserts         Number     `json:"applied_inserts,omitzero"`
	AppliedUpdates         Number     `json:"applied_updates,omitzero"`
	AppliedDeletes         Number     `json:"applied_deletes,omitzero"`
	AppliedDDL             Number     `json:"applied_ddl,omitzero"`
	CDCThroughput          Throughput `json:"cdc_throughput,omitzero"` // only while running or recovering
	CommitRecords          Number     `json:"commit_records,omitzero"`
	RolledBackTransactions Number     `json:"rolled_back_transactions,omitzero"`
	RolledBackRecords      Number     `json:"rolled_back_records,omitzero"`
	RolledBackBytes        Number     `json:"rolled_back_bytes,omitzero"`
	AppliedTransactions    Number     `json:"applied_transactions,omitzero"`
	AppliedRecords         Number     `json:"applied_records,omitzero"`
	AppliedBytes           Number     `json:"applied_bytes,omitzero"`
	ApplyingTransactions   Number     `json:"applying_transactions,omitzero"`
	ApplyingRecords        Number     `json:"applying_records,omitzero"`
	AccumulatedInMemory    Number     `json:"accumulated_memory_changes,omitzero"` // waiting for the source's commit
	AccumulatedOnDisk      Number     `json:"accumulated_disk_changes,omitzero"`
	ApplyingInMemory       Number     `json:"applying_memory_changes,omitzero"` // changes waiting for the target's commit
	ApplyingOnDisk         Number     `json:"applying_disk_changes,omitzero"`
	FullLoad               FullLoad   `json:"full_load,omitzero"`
	MemoryBytes            Number     `json:"memory_bytes,omitzero"`
	CPU                    Number     `json:"cpu_ratio,omitzero"` // ratio
	DiskBytes              Number     `json:"disk_bytes,omitzero"`
	DataErrors             Number     `json:"data_errors,omitzero"`
}

// Throughput is the current rate of a task at its two endpoints.
type Throughput struct {
	SourceRecords Number `json:"source_records_per_second,omitzero"` // records per second
	SourceBytes   Number `json:"source_bytes_per_second,omitzero"`   // bytes per second
	TargetRecords Number `json:"target_records_per_second,omitzero"`
	TargetBytes   Number `json:"target_bytes_per_second,omitzero"`
}

// FullLoad is the progress of a task's full load.
type FullLoad struct {
	TablesCompleted  Number     `json:"tables_completed,omitzero"`
	TablesLoading    Number     `json:"tables_loading,omitzero"`
	TablesQueued     Number     `json:"tables_queued,omitzero"`
	TablesError      Number     `json:"tables_error,omitzero"`
	RecordsCompleted Number     `json:"records_completed,omitzero"`
	RecordsEstimated Number     `json:"records_estimated,omitzero"` // an estimated total
	Completed        Flag       `json:"completed,omitzero"`
	Start            Number     `json:"start_timestamp_seconds,omitzero"`
	End              Number     `json:"end_timestamp_seconds,omitzero"` // Unix seconds
	Throughput       Throughput `json:"throughput,omitzero"`            // only while running or recovering
}

// ComposeDetails is what only a Compose task has.
type ComposeDetails struct {
	LoadingCompleted  Flag   `json:"loading_completed,omitzero"`
	LoadingStart      Number `json:"loading_start_timestamp_seconds,omitzero"` // Unix seconds
	LoadingEnd        Number `json:"loading_end_timestamp_seconds,omitzero"`
	TablesExpected    Number `json:"tables_expected,omitzero"`
	TablesCompleted   Number `json:"tables_completed,omitzero"`
	TablesLoading     Number `json:"tables_loading,omitzero"`
	TablesQueued      Number `json:"tables_queued,omitzero"`
	TablesError       Number `json:"tables_error,omitzero"`
	Commands          Number `json:"commands,omitzero"`
	CommandsCompleted Number `json:"commands_completed,omitzero"`
}

// TableStates counts the tables of a task by state.
type TableStates struct {
	Queued           int `json:"queued"`
	Loading          int `json:"loading"`
	Completed        int `json:"completed"`
	ChangeProcessing int `json:"change_processing"`
	Error            int `json:"error"`
	// Other counts states that nobody knows yet, by name; usually nil.
	Other map[string]int `json:"other,omitzero"`
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
