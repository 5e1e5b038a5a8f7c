package aem

import "time"

// ServerInfo is one row of the server list (GetServerList).
type ServerInfo struct {
	Product        Product // of $type
	Name           string
	Description    string
	Host           string
	Port           string
	State          ServerState
	Message        string // "" when the API says NONE or nothing
	Platform       Platform
	Version        string
	LastConnection time.Time // UTC; zero when the API gave none
}

// ServerDetails is one server in detail (GetServerDetails).
type ServerDetails struct {
	Product        Product
	Name           string
	Description    string
	Host           string // configuration.host
	Port           string // configuration.port
	Platform       Platform
	Username       string // configuration.username: the account that Enterprise Manager uses
	State          ServerState
	Message        string
	Version        string
	LastConnection time.Time
	License        License
	TaskSummary    TaskSummary
	Utilization    Utilization
}

// License is a server's licence.
type License struct {
	State            LicenseState
	Issued           time.Time // a date, UTC
	Expires          time.Time // a date, UTC; zero for a licence without end
	DaysToExpiration Number    // may be negative
}

// TaskSummary counts a server's tasks.
type TaskSummary struct {
	Total, Running, Stopped, Recovering, Error Number
}

// Utilization is the load of a server. A value that the API marks as not
// available (-1) is absent.
type Utilization struct {
	DiskMB       Number // megabytes of 1 048 576 bytes
	MemoryMB     Number
	ReplicateCPU Number // percent: the server process and all its tasks
	MachineCPU   Number // percent
}

// TaskInfo is one row of a task list (GetTaskList).
type TaskInfo struct {
	Name       string // of a Compose task: task__project
	State      TaskState
	StopReason StopReason
	Message    string
	Tags       []string
}

// TaskDetails is one task in detail (GetTaskDetails). The blocks that belong to
// the other product are empty.
type TaskDetails struct {
	Product          Product
	Type             string // $type, as the API says it
	Name             string
	Description      string
	State            TaskState
	StopReason       StopReason
	Message          string
	Profile          string // lower-case with underscores
	Project          string // Compose
	Source, Target   TaskEndpoint
	LogStreamStaging string
	Tags             []string
	Options          TaskOptions
	CDCEvents        CDCEvents
	CDCThroughput    Throughput
	Transactions     Transactions
	Latency          Latency
	FullLoad         FullLoad
	MemoryMB         Number // megabytes of 1 048 576 bytes
	CPU              Number // percent
	DiskMB           Number
	DataErrors       Number
	Loading          Loading // Compose
}

// TaskEndpoint names an endpoint of a task.
type TaskEndpoint struct{ Name, Type string }

// TaskOptions says what a task replicates.
type TaskOptions struct {
	FullLoad, ApplyChanges, StoreChanges, AuditChanges Bool
}

// CDCEvents counts the changes that a task applied.
type CDCEvents struct{ Inserts, Updates, Deletes, DDL Number }

// Throughput is a task's current rate.
type Throughput struct {
	SourceRecords Number // records per second
	SourceVolume  Number // kilobytes of 1024 bytes per second
	TargetRecords Number
	TargetVolume  Number
}

// Transactions counts the transactions and changes that a task handles
// (cdc_transactions_counters).
type Transactions struct {
	CommitChangeRecords    Number
	RollbackTransactions   Number
	RollbackChangeRecords  Number
	RollbackChangeMB       Number
	InProgressTransactions Number
	InProgressRecords      Number
	CommittedTransactions  Number
	CommittedRecords       Number
	CommittedMB            Number
	AccumulatedInMemory    Number
	AccumulatedOnDisk      Number
	ApplyingInMemory       Number
	ApplyingOnDisk         Number
}

// Latency is how far a task is behind. The API shows 00:00:00 for a task that
// processes no changes.
type Latency struct{ Source, Total Duration }

// FullLoad is the progress of a full load.
type FullLoad struct {
	TablesCompleted, TablesLoading, TablesQueued, TablesWithError Number
	RecordsCompleted                                              Number
	RecordsEstimated                                              Number // an estimated total
	Completed                                                     Bool
	Start, End                                                    time.Time
	Throughput                                                    Throughput
}

// Loading is the progress of a Compose task.
type Loading struct {
	Completed                                                                  Bool
	Start, End                                                                 time.Time
	TablesTotal, TablesCompleted, TablesLoading, TablesQueued, TablesWithError Number
	CommandsTotal, CommandsCompleted                                           Number
}

// TableStatus is one table of a task (GetTableStatuses).
type TableStatus struct {
	Schema, Name             string // on the source
	TargetSchema, TargetName string
	State                    TableState
	DataErrors               Number
	FullLoad                 TableFullLoad
	CDC                      TableCDC
}

// TableFullLoad is the full load of one table.
type TableFullLoad struct {
	Start, End       time.Time
	EstimatedRows    Number
	EstimatedEnd     time.Time // the API leaves it empty; see EstimateEnd
	TransferredRows  Number
	TransferredBytes Number // transferred_volume_mb, which is in bytes
}

// TableCDC counts the changes applied to one table, and those cached during its
// full load.
type TableCDC struct {
	Inserts, Updates, Deletes, DDL              Number
	LastUpdate                                  time.Time
	CachedInserts, CachedUpdates, CachedDeletes Number
}

// TableFilter chooses tables. The zero filter chooses all.
type TableFilter struct {
	// Schema and Table are names on the source, exact or with % as the wildcard,
	// case-sensitive.
	Schema, Table string
	// The states to include; none set means all states.
	Queued, Loading, Completed, ChangeProcessing, Error bool
}
