package aem

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// TasksService reads, runs and manages the tasks of a server.
type TasksService struct{ core *core }

// A TaskRef names a task: a Compose task by task__project.
type TaskRef struct {
	Server string `json:"server"`
	Task   string `json:"task"`
}

func (r TaskRef) path(below ...string) []string {
	return append([]string{"servers", r.Server, "tasks", r.Task}, below...)
}

// TaskState is what a task does.
type TaskState string

// The states of a task. Starting and Stopping are not in the guide; servers send
// them in passing.
const (
	TaskStopped    TaskState = "stopped"
	TaskRunning    TaskState = "running"
	TaskError      TaskState = "error"
	TaskRecovering TaskState = "recovering"
	TaskStarting   TaskState = "starting"
	TaskStopping   TaskState = "stopping"
)

// Spellings lists the states.
func (TaskState) Spellings() []TaskState {
	return []TaskState{
		TaskStopped, TaskRunning, TaskError, TaskRecovering + "|RECOVERY|RECOVERING",
		TaskStarting + "|-", TaskStopping + "|-",
	}
}

// StopReason is why a task stopped.
type StopReason string

// The stop reasons of a task.
const (
	StopNone                 StopReason = "none"
	StopNormal               StopReason = "normal"
	StopRecoverableError     StopReason = "recoverable_error"
	StopFatalError           StopReason = "fatal_error"
	StopFullLoadOnlyFinished StopReason = "full_load_only_finished"
	StopAfterFullLoad        StopReason = "stopped_after_full_load"
	StopAfterCachedEvents    StopReason = "stopped_after_cached_events"
	StopExpressLicenseLimits StopReason = "express_license_limits_reached"
	StopAfterDDLApply        StopReason = "stopped_after_ddl_apply"
	StopLowMemory            StopReason = "stopped_low_memory"
	StopLowDiskSpace         StopReason = "stopped_low_disk_space"
)

// Spellings lists the reasons.
func (StopReason) Spellings() []StopReason {
	return []StopReason{
		StopNone, StopNormal, StopRecoverableError, StopFatalError, StopFullLoadOnlyFinished, StopAfterFullLoad,
		StopAfterCachedEvents, StopExpressLicenseLimits, StopAfterDDLApply, StopLowMemory,
		StopLowDiskSpace + "|STOPPED_LOW_DISK_SPACE|STOPPED_LOW_DISK",
	}
}

// TaskInfo is one row of a task list (GetTaskList).
type TaskInfo struct {
	Name       string     `api:"name,required"` // of a Compose task: task__project
	State      TaskState  `api:"state"`
	StopReason StopReason `api:"stop_reason|task_stop_reason"`
	Message    string     `api:"message,message,none"`
	Tags       []string   `api:"assigned_tags"`
}

var taskInfoTable = wire.NewTable[TaskInfo]()

// TaskDetails is one task in detail (GetTaskDetails). The blocks that belong to
// the other product are empty.
type TaskDetails struct {
	Product          Product      `api:"product,own"`
	Type             string       `api:"$type|type,own"` // as the API says it
	Project          string       `api:"project,compose"`
	Name             string       `api:"name"`
	Description      string       `api:"description"`
	State            TaskState    `api:"state"`
	StopReason       StopReason   `api:"task_stop_reason|stop_reason,replicate"`
	Message          string       `api:"message,message,none"`
	Profile          string       `api:"profile,profile"` // lower-case with underscores
	Source           TaskEndpoint `api:"source_endpoint,null"`
	Target           TaskEndpoint `api:"target_endpoint,null"`
	LogStreamStaging string       `api:"log_stream_staging,replicate"`
	Tags             []string     `api:"assigned_tags"`
	Options          TaskOptions  `api:"options"`
	CDCEvents        CDCEvents    `api:"cdc_event_counters,replicate"`
	CDCThroughput    Throughput   `api:"cdc_throughput,replicate,current"`
	Transactions     Transactions `api:"cdc_transactions_counters|legacy:cdc_transaction_counters,replicate"`
	Latency          Latency      `api:"cdc_latency,replicate"`
	FullLoad         FullLoad     `api:",inline"`
	MemoryMB         Number       `api:"memory_mb,bare,replicate"` // megabytes of 1 048 576 bytes
	CPU              Number       `api:"cpu_percentage,replicate"` // percent
	DiskMB           Number       `api:"disk_usage_mb,replicate"`
	DataErrors       Number       `api:"data_error_count|data_errors_count,replicate"`
	Loading          Loading      `api:",inline"` // Compose
}

// TaskEndpoint names an endpoint of a task.
type TaskEndpoint struct {
	Name string `api:"name"`
	Type string `api:"type"`
}

// TaskOptions says what a task replicates.
type TaskOptions struct {
	FullLoad     Bool `api:"full_load_enabled"`
	ApplyChanges Bool `api:"apply_changes_enabled"`
	StoreChanges Bool `api:"store_changes_enabled|store_changes_enabled_value,replicate"`
	AuditChanges Bool `api:"audit_changes_enabled,replicate"`
}

// CDCEvents counts the changes that a task applied.
type CDCEvents struct {
	Inserts Number `api:"applied_insert_count"`
	Updates Number `api:"applied_update_count"`
	Deletes Number `api:"applied_delete_count"`
	DDL     Number `api:"applied_ddl_count"`
}

// Throughput is a task's current rate.
type Throughput struct {
	SourceRecords Number `api:"source_throughput_records_count"` // records per second
	SourceVolume  Number `api:"source_throughput_volume"`        // kilobytes of 1024 bytes per second
	TargetRecords Number `api:"target_throughput_records_count"`
	TargetVolume  Number `api:"target_throughput_volume"`
}

// Transactions counts the transactions and changes that a task handles
// (cdc_transactions_counters).
type Transactions struct {
	CommitChangeRecords    Number `api:"commit_change_records_count"`
	RollbackTransactions   Number `api:"rollback_transaction_count"`
	RollbackChangeRecords  Number `api:"rollback_change_records_count"`
	RollbackChangeMB       Number `api:"rollback_change_volume_mb"`
	InProgressTransactions Number `api:"applied_transactions_in_progress_count"`
	InProgressRecords      Number `api:"applied_records_in_progress_count"`
	CommittedTransactions  Number `api:"applied_comitted_transaction_count|guide:applied_comitted_transacion_count|legacy:applied_committed_transaction_count"`
	CommittedRecords       Number `api:"applied_records_comitted_count|legacy:applied_records_committed_count"`
	CommittedMB            Number `api:"applied_volume_comitted_mb|legacy:applied_volume_committed_mb"`
	AccumulatedInMemory    Number `api:"incoming_accumulated_changes_in_memory_count"`
	AccumulatedOnDisk      Number `api:"incoming_accumulated_changes_on_disk_count"`
	ApplyingInMemory       Number `api:"incoming_applying_changes_in_memory_count"`
	ApplyingOnDisk         Number `api:"incoming_applying_changes_on_disk_count"`
}

// Latency is how far a task is behind. The API shows 00:00:00 for a task that
// processes no changes.
type Latency struct {
	Source Duration `api:"source_latency"`
	Total  Duration `api:"total_latency"`
}

// FullLoad is the progress of a full load.
type FullLoad struct {
	TablesCompleted  Number `api:"full_load_counters.tables_completed_count,replicate"`
	TablesLoading    Number `api:"full_load_counters.tables_loading_count,replicate"`
	TablesQueued     Number `api:"full_load_counters.tables_queued_count,replicate"`
	TablesWithError  Number `api:"full_load_counters.tables_with_error_count,replicate"`
	RecordsCompleted Number `api:"full_load_counters.records_completed_count,replicate"`
	// RecordsEstimated is an estimated total.
	RecordsEstimated Number     `api:"full_load_counters.estimated_records_for_all_tables_count,replicate"`
	Completed        Bool       `api:"full_load_completed|guide:full_load_counters.full_load_completed,replicate"`
	Start            time.Time  `api:"full_load_start|guide:full_load_counters.full_load_start,replicate"`
	End              time.Time  `api:"full_load_end|guide:full_load_counters.full_load_end,replicate"`
	Throughput       Throughput `api:"full_load_throughput,replicate,oldcurrent"`
}

// Loading is the progress of a Compose task.
type Loading struct {
	Completed         Bool      `api:"loading_completed,compose"`
	Start             time.Time `api:"loading_start,compose"`
	End               time.Time `api:"loading_end,compose"`
	TablesTotal       Number    `api:"loading_counters.tables_total_count,compose"`
	TablesCompleted   Number    `api:"loading_counters.tables_completed_count,compose"`
	TablesLoading     Number    `api:"loading_counters.tables_loading_count,compose"`
	TablesQueued      Number    `api:"loading_counters.tables_queued_count,compose"`
	TablesWithError   Number    `api:"loading_counters.tables_with_error_count,compose"`
	CommandsTotal     Number    `api:"loading_counters.commands_total_count,compose"`
	CommandsCompleted Number    `api:"loading_counters.commands_completed_count,compose"`
}

var taskDetailsTable = wire.NewTable[TaskDetails]()

func readTaskDetails(s *wire.Scanner, t *TaskDetails) error {
	taskDetailsTable.Details(s, "task", true, t)
	_ = t.Product.UnmarshalText([]byte(t.Type))
	if t.Product == "" && (t.Project != "" || t.Loading != Loading{}) {
		t.Product = Compose
	}
	t.Product = cmp.Or(t.Product, Replicate)
	return s.Result()
}

// names are what may be asked for to get these details: of a Compose task, with its
// project or without.
func (t *TaskDetails) names() []string {
	if t.Project == "" {
		return []string{t.Name}
	}
	project := "__" + t.Project
	return []string{t.Name, t.Name + project, strings.TrimSuffix(t.Name, project)}
}

// List returns the tasks of a server that the account may see, or those of them
// that made sense together with an ErrPartial. It needs the role Viewer on all
// tasks.
//
// API: GetTaskList, GET /servers/{server}/tasks.
func (s TasksService) List(ctx context.Context, server string, opts ...CallOption) ([]TaskInfo, error) {
	return fetch(ctx, s.core, opts, get("GetTaskList", "servers", server, "tasks"), listOf(taskInfoTable, "taskList"))
}

// Details returns one task in detail, under the name that List gives it;
// ErrNotFound when there is none of that name. It needs the role Viewer on the
// task.
//
// API: GetTaskDetails, GET /servers/{server}/tasks/{task}.
func (s TasksService) Details(ctx context.Context, ref TaskRef, opts ...CallOption) (*TaskDetails, error) {
	c := get("GetTaskDetails", ref.path()...)
	return fetchOne(ctx, s.core, opts, c, named(ref.Task, readTaskDetails, (*TaskDetails).names))
}

// ServerTask is a task and the server that it is on.
type ServerTask struct {
	Server ServerInfo
	TaskInfo
}

// Ref names the task.
func (t ServerTask) Ref() TaskRef { return TaskRef{t.Server.Name, t.Name} }

// jsonServerTask is a ServerTask without the methods of its TaskInfo.
type jsonServerTask struct {
	Server ServerInfo `json:"server"`
	Task   TaskInfo   `json:"task"`
}

// MarshalJSON writes both.
func (t ServerTask) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonServerTask{t.Server, t.TaskInfo})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *ServerTask) UnmarshalJSON(data []byte) error {
	var both jsonServerTask
	err := json.Unmarshal(data, &both)
	*t = ServerTask{both.Server, both.Task}
	return err
}

// All goes through the tasks of all servers that Enterprise Manager monitors. What
// went wrong with one server comes with that server and an empty TaskInfo, then the
// next server follows; a server that the list says is not monitored is passed over.
// When the servers cannot be listed, the Server is empty too.
//
// Calls: GetServerList, GetTaskList.
func (s TasksService) All(ctx context.Context, opts ...CallOption) iter.Seq2[ServerTask, error] {
	return func(yield func(ServerTask, error) bool) {
		for server, err := range (ServersService(s)).All(ctx, opts...) {
			if err != nil {
				yield(ServerTask{}, err)
				return
			}
			if server.State == ServerNotMonitored {
				continue
			}
			tasks, err := s.List(ctx, server.Name, opts...)
			for _, task := range tasks {
				if !yield(ServerTask{server, task}, nil) {
					return
				}
			}
			if err != nil && !yield(ServerTask{Server: server}, err) {
				return
			}
		}
	}
}

// DeleteTaskOptions are what else to delete.
type DeleteTaskOptions struct {
	Logs bool // the task's log files too
}

// Delete deletes a Replicate task, which must be stopped (else ErrNotStopped). It
// needs the role Designer on the task.
//
// API: DeleteTask, POST /servers/{server}/tasks/{task}?action=delete&deletetasklogs={bool}.
func (s TasksService) Delete(ctx context.Context, ref TaskRef, o DeleteTaskOptions, opts ...CallOption) error {
	c := send(http.MethodPost, "DeleteTask", "delete", ref.path()...)
	return s.core.do(ctx, opts, c.with("deletetasklogs", boolText(o.Logs)))
}

// ExportTaskOptions are what else to export.
type ExportTaskOptions struct {
	Endpoints bool // the definitions of the task's endpoints too
}

// Export returns the definition of a Replicate task as a stream that the caller
// reads and closes; see JSON. It needs the role Operator on the task and on all
// endpoints.
//
// API: ExportTask, GET /servers/{server}/tasks/{task}?action=export&withendpoints={bool}.
func (s TasksService) Export(ctx context.Context, ref TaskRef, o ExportTaskOptions,
	opts ...CallOption) (io.ReadCloser, error) {
	c := send(http.MethodGet, "ExportTask", "export", ref.path()...)
	return s.core.export(ctx, opts, c.with("withendpoints", boolText(o.Endpoints)))
}

// Import adds the task of an export, or replaces it; nothing else is removed. The
// task must be stopped (else ErrNotStopped). It needs the role Designer on all tasks, and on all endpoints
// when the document has endpoints.
//
// API: ImportTask, POST /servers/{server}/tasks/{task}?action=import.
func (s TasksService) Import(ctx context.Context, ref TaskRef, document io.Reader, opts ...CallOption) error {
	c := send(http.MethodPost, "ImportTask", "import", ref.path()...)
	c.wait = importWait
	c.upload(document)
	return s.core.do(ctx, opts, c)
}

// CloneTaskOptions say what a clone has of its own. What is empty is as in the
// original.
type CloneTaskOptions struct {
	Permissions   bool   // the clone has the original's explicit ACL
	Source        string `api:"new_source_endpoint,omitempty"` // of the same type as the original's, by name
	Target        string `api:"new_target_endpoint,omitempty"`
	ControlSchema string `api:"new_control_schema,omitempty"`
	TargetSchema  string `api:"new_target_schema,omitempty"`
	// Tablespaces of the control tables and their indexes, of an Oracle target.
	ControlTableTablespace string `api:"new_control_table_tablespace,omitempty"`
	ControlIndexTablespace string `api:"new_control_index_tablespace,omitempty"`
}

// A cloneMessage is what is sent to clone a task.
type cloneMessage struct {
	Name             string `api:"new_task_name"`
	Permissions      Bool   `api:"clone_permissions"`
	CloneTaskOptions `api:",inline"`
}

var cloneMessageTable = wire.NewTable[cloneMessage]()

// Clone makes a task of another name like one that has a source and a target
// endpoint. A task cannot be replaced. It needs the role Operator on Enterprise
// Manager.
//
// API: CloneTask, POST /servers/{server}/tasks/{task}?action=clone.
func (s TasksService) Clone(ctx context.Context, ref TaskRef, name string, o CloneTaskOptions,
	opts ...CallOption) error {
	c := send(http.MethodPost, "CloneTask", "clone", ref.path()...).needs("name of the clone", name)
	if name == ref.Task {
		c.refuse("a clone cannot have the name of its original")
	}
	return s.core.do(ctx, opts, value(c, cloneMessageTable, &cloneMessage{name, BoolOf(o.Permissions), o}))
}
