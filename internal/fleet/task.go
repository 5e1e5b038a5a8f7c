package fleet

import "time"

// Task is one Replicate or Compose task.
type Task struct {
	Name       string   `json:"name"`
	Product    string   `json:"product"` // as its server's
	State      string   `json:"state"`   // `running`, `stopped`, `error`, `recovering`, or what Enterprise Manager says
	StopReason string   `json:"stop_reason,omitzero"`
	Message    string   `json:"message,omitzero"` // in Enterprise Manager's words
	Tags       []string `json:"tags,omitzero"`
	// when the exporter saw the state change; absent while it is the first that it has seen
	StateSince Number      `json:"state_since_timestamp_seconds,omitzero"`
	Expected   Expectation `json:"expected,omitzero"` // by the configuration and the task's tags

	Up      Flag      `json:"up"`               // the details were read when they were last due; null before
	Problem *Problem  `json:"problem,omitzero"` // why the details or the table statuses could not be read
	Read    time.Time `json:"read,omitzero"`    // when the details were read
	// absent when they could not be read, or are too old, and unless `details=true` or `task=` asks for them
	Details *TaskDetails    `json:"details,omitzero"`
	Compose *ComposeDetails `json:"compose,omitzero"` // as `details`, of a Compose task only
	// when the exporter last saw a counter of applied changes grow
	LastChange Number `json:"last_change_timestamp_seconds,omitzero"`

	// how many tables there are; absent when they were not asked for or could not be read
	TableStates   *TableStates `json:"tables,omitzero"`
	Tables        []Table      `json:"-"`                       // those with series of their own
	TablesDropped int          `json:"tables_dropped,omitzero"` // tables without series of their own because of the limit

	// the earliest one; absent when there is none, or it was not asked for or could not be read
	RetentionBarrier *RetentionBarrier `json:"retention_barrier,omitzero"`
}

// MaxTags is how many tags of a task have series.
const MaxTags = 64

// Expectation is what the configuration and the task's tags expect of it.
type Expectation struct {
	Latency  Number `json:"latency_seconds,omitzero"`   // total latency at most
	FullLoad Number `json:"full_load_seconds,omitzero"` // length of a full load at most
	Running  bool   `json:"running,omitzero"`           // it runs always
	Priority string `json:"priority,omitzero"`          // who is told: `page`, also when it is absent, `ticket`, `none`
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
	Type                string `json:"type,omitzero" from:"Type"`
	Profile             string `json:"profile,omitzero" from:"Profile"`
	Project             string `json:"project,omitzero" from:"Project"`
	Source              string `json:"source,omitzero" from:"Source.Name"`
	SourceType          string `json:"source_type,omitzero" from:"Source.Type"`
	Target              string `json:"target,omitzero" from:"Target.Name"`
	TargetType          string `json:"target_type,omitzero" from:"Target.Type"`
	LogStreamStaging    string `json:"log_stream_staging,omitzero" from:"LogStreamStaging"`
	FullLoadEnabled     Flag   `json:"full_load_enabled,omitzero" from:"Options.FullLoad"`
	ApplyChangesEnabled Flag   `json:"apply_changes_enabled,omitzero" from:"Options.ApplyChanges"`
	StoreChangesEnabled Flag   `json:"store_changes_enabled,omitzero" from:"Options.StoreChanges"`
	AuditChangesEnabled Flag   `json:"audit_changes_enabled,omitzero" from:"Options.AuditChanges"`
	// absent unless changes are processed
	SourceLatency Number `json:"source_latency_seconds,omitzero" from:"Latency.Source" when:"processing"`
	// absent unless changes are processed
	TotalLatency   Number `json:"total_latency_seconds,omitzero" from:"Latency.Total" when:"processing"`
	AppliedInserts Number `json:"applied_inserts,omitzero" from:"CDCEvents.Inserts"`
	AppliedUpdates Number `json:"applied_updates,omitzero" from:"CDCEvents.Updates"`
	AppliedDeletes Number `json:"applied_deletes,omitzero" from:"CDCEvents.Deletes"`
	AppliedDDL     Number `json:"applied_ddl,omitzero" from:"CDCEvents.DDL"`
	// absent unless the task is running or recovering
	CDCThroughput          Throughput `json:"cdc_throughput,omitzero" from:"CDCThroughput" when:"active"`
	CommitRecords          Number     `json:"commit_records,omitzero" from:"Transactions.CommitChangeRecords"`
	RolledBackTransactions Number     `json:"rolled_back_transactions,omitzero" from:"Transactions.RollbackTransactions"`
	RolledBackRecords      Number     `json:"rolled_back_records,omitzero" from:"Transactions.RollbackChangeRecords"`
	RolledBackBytes        Number     `json:"rolled_back_bytes,omitzero" from:"Transactions.RollbackChangeMB,MiB"`
	AppliedTransactions    Number     `json:"applied_transactions,omitzero" from:"Transactions.CommittedTransactions"`
	AppliedRecords         Number     `json:"applied_records,omitzero" from:"Transactions.CommittedRecords"`
	AppliedBytes           Number     `json:"applied_bytes,omitzero" from:"Transactions.CommittedMB,MiB"`
	ApplyingTransactions   Number     `json:"applying_transactions,omitzero" from:"Transactions.InProgressTransactions"`
	ApplyingRecords        Number     `json:"applying_records,omitzero" from:"Transactions.InProgressRecords"`
	// changes that wait for the source's commit, in memory
	AccumulatedInMemory Number `json:"accumulated_memory_changes,omitzero" from:"Transactions.AccumulatedInMemory"`
	// the same on disk
	AccumulatedOnDisk Number `json:"accumulated_disk_changes,omitzero" from:"Transactions.AccumulatedOnDisk"`
	// changes that wait for the target's commit, in memory
	ApplyingInMemory Number `json:"applying_memory_changes,omitzero" from:"Transactions.ApplyingInMemory"`
	// the same on disk
	ApplyingOnDisk Number   `json:"applying_disk_changes,omitzero" from:"Transactions.ApplyingOnDisk"`
	FullLoad       FullLoad `json:"full_load,omitzero" from:"FullLoad"`
	MemoryBytes    Number   `json:"memory_bytes,omitzero" from:"MemoryMB,MiB"`
	CPU            Number   `json:"cpu_ratio,omitzero" from:"CPU,percent"`
	DiskBytes      Number   `json:"disk_bytes,omitzero" from:"DiskMB,MiB"`
	DataErrors     Number   `json:"data_errors,omitzero" from:"DataErrors"`
}

// Throughput is the current rate of a task at its two endpoints.
type Throughput struct {
	SourceRecords Number `json:"source_records_per_second,omitzero" from:"SourceRecords"`
	SourceBytes   Number `json:"source_bytes_per_second,omitzero" from:"SourceVolume,KiB"`
	TargetRecords Number `json:"target_records_per_second,omitzero" from:"TargetRecords"`
	TargetBytes   Number `json:"target_bytes_per_second,omitzero" from:"TargetVolume,KiB"`
}

// FullLoad is the progress of a task's full load.
type FullLoad struct {
	TablesCompleted  Number `json:"tables_completed,omitzero" from:"TablesCompleted"`
	TablesLoading    Number `json:"tables_loading,omitzero" from:"TablesLoading"`
	TablesQueued     Number `json:"tables_queued,omitzero" from:"TablesQueued"`
	TablesError      Number `json:"tables_error,omitzero" from:"TablesWithError"`
	RecordsCompleted Number `json:"records_completed,omitzero" from:"RecordsCompleted"`
	RecordsEstimated Number `json:"records_estimated,omitzero" from:"RecordsEstimated"` // an estimated total
	Completed        Flag   `json:"completed,omitzero" from:"Completed"`
	Start            Number `json:"start_timestamp_seconds,omitzero" from:"Start"`
	End              Number `json:"end_timestamp_seconds,omitzero" from:"End"`
	// absent unless the task is running or recovering
	Throughput Throughput `json:"throughput,omitzero" from:"Throughput" when:"active"`
}

// ComposeDetails is what only a Compose task has.
type ComposeDetails struct {
	LoadingCompleted  Flag   `json:"loading_completed,omitzero" from:"Loading.Completed"`
	LoadingStart      Number `json:"loading_start_timestamp_seconds,omitzero" from:"Loading.Start"`
	LoadingEnd        Number `json:"loading_end_timestamp_seconds,omitzero" from:"Loading.End"`
	TablesExpected    Number `json:"tables_expected,omitzero" from:"Loading.TablesTotal"`
	TablesCompleted   Number `json:"tables_completed,omitzero" from:"Loading.TablesCompleted"`
	TablesLoading     Number `json:"tables_loading,omitzero" from:"Loading.TablesLoading"`
	TablesQueued      Number `json:"tables_queued,omitzero" from:"Loading.TablesQueued"`
	TablesError       Number `json:"tables_error,omitzero" from:"Loading.TablesWithError"`
	Commands          Number `json:"commands,omitzero" from:"Loading.CommandsTotal"`
	CommandsCompleted Number `json:"commands_completed,omitzero" from:"Loading.CommandsCompleted"`
}

// TableStates counts the tables of a task by state.
type TableStates struct {
	Queued           int            `json:"queued"`
	Loading          int            `json:"loading"`
	Completed        int            `json:"completed"`
	ChangeProcessing int            `json:"change_processing"`
	Error            int            `json:"error"`
	Other            map[string]int `json:"other,omitzero"` // in states that nobody knows yet, by name
}

// Table is one table of a Replicate task, under its names on the source.
type Table struct {
	Schema        string `from:"Schema"`
	Name          string `from:"Name"`
	State         string `from:"State"`
	DataErrors    Number `from:"DataErrors"`
	Inserts       Number `from:"CDC.Inserts"`
	Updates       Number `from:"CDC.Updates"`
	Deletes       Number `from:"CDC.Deletes"`
	DDL           Number `from:"CDC.DDL"`
	LastUpdate    Number `from:"CDC.LastUpdate"`
	LoadedRows    Number `from:"FullLoad.TransferredRows"`
	EstimatedRows Number `from:"FullLoad.EstimatedRows"`
	LoadedBytes   Number `from:"FullLoad.TransferredBytes"`
	LoadStart     Number `from:"FullLoad.Start"`
	LoadEnd       Number `from:"FullLoad.End"`
	EstimatedEnd  Number // Unix seconds, while it loads
	CachedInserts Number `from:"CDC.CachedInserts"`
	CachedUpdates Number `from:"CDC.CachedUpdates"`
	CachedDeletes Number `from:"CDC.CachedDeletes"`
}
