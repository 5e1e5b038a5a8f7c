package aemtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// State is everything that the API would say at one instant, in the units of the
// API. It is a copy: changing it changes nothing.
//
// Enums are upper-case in the spelling of the RealWorld shape. Times are UTC and
// whole seconds; the zero time is one that the API does not give.
type State struct {
	Time    time.Time
	Servers []ServerState
}

// Server finds a server by name; nil when there is none.
func (s *State) Server(name string) *ServerState {
	return first(s.Servers, func(v *ServerState) bool { return v.Name == name })
}

// Task finds a task by name; nil when there is none.
func (s *State) Task(server, name string) *Task {
	srv := s.Server(server)
	if srv == nil {
		return nil
	}
	return first(srv.Tasks, func(v *Task) bool { return v.Name == name })
}

// first is the first element of a list that is so; nil when none is.
func first[T any](list []T, is func(*T) bool) *T {
	for i := range list {
		if is(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// Product is the product of a server or task.
type Product string

// The products.
const (
	Replicate Product = "replicate"
	Compose   Product = "compose"
)

// States of a server.
const (
	Monitored    = "MONITORED"
	NotMonitored = "NOT_MONITORED"
	ServerError  = "ERROR"
)

// States of a licence.
const (
	LicenseValid   = "VALID_LICENSE"
	LicenseExpired = "EXPIRED_LICENSE"
)

// States of a task.
const (
	Running  = "RUNNING"
	Stopped  = "STOPPED"
	Failed   = "ERROR"
	Recovery = "RECOVERY"
	Starting = "STARTING"
)

// States of a table.
const (
	TableQueued           = "TABLE_QUEUED"
	TableLoading          = "TABLE_LOADING"
	TableCompleted        = "TABLE_COMPLETED"
	TableChangeProcessing = "TABLE_CHANGE_PROCESSING"
	TableError            = "TABLE_ERROR"
)

// ServerState is one server (GetServerList, GetServerDetails) with its tasks. The API
// gives the tasks of a monitored server only; they stand here whatever its state.
type ServerState struct {
	Product        Product
	Name           string
	Description    string
	Host           string
	Port           string
	Platform       string // WINDOWS, LINUX or UNKNOWN
	Version        string // "" for a server that was never reached
	User           string // the account that Enterprise Manager uses
	State          string
	Message        string
	LastConnection time.Time
	License        License
	Summary        TaskSummary
	Utilization    Utilization
	Tasks          []Task

	// What other methods than the two give or take.
	VerifyCertificate           bool            // GetServer
	Endpoints                   []EndpointState // GetEndpointList; of a Replicate server
	ACL, TasksACL, EndpointsACL *ACL            // the explicit ones; nil for none
}

// License is the licence of a server.
type License struct {
	State   string
	Issued  time.Time // a date
	Expires time.Time // a date; zero for a licence without end
	Days    int64     // days to expiration; negative when it is over, meaningless without end
}

// TaskSummary counts the tasks of a server; those that are starting are in Total
// only.
type TaskSummary struct{ Total, Running, Stopped, Recovering, Error int64 }

// Utilization is the load of a server; -1 is what the API says for not available.
type Utilization struct {
	DiskMB, MemoryMB         int64
	ReplicateCPU, MachineCPU int64 // percent
}

// Task is one task (GetTaskList, GetTaskDetails) with its tables. A task has the
// fields of its product; those of the other are zero.
type Task struct {
	Product          Product
	Type             string // $type
	Name             string // of a Compose task: task__project
	Description      string
	State            string
	StopReason       string
	Message          string
	Profile          string
	Source, Target   Endpoint
	Tags             []string
	FullLoadEnabled  bool
	ApplyChanges     bool
	StoreChanges     bool
	AuditChanges     bool
	LogStreamStaging string

	// Replicate.
	CDC                CDC
	CDCThroughput      Throughput
	Transactions       Transactions
	SourceLatency      time.Duration
	TotalLatency       time.Duration
	FullLoad           FullLoad
	FullLoadThroughput Throughput
	MemoryMB           int64
	CPU                int64 // percent; -1 when not available
	DiskMB             int64
	DataErrors         int64
	Tables             []Table // GetTableStatuses

	// Compose.
	Project string
	Loading Loading

	// What other methods than these give or take.
	ACL       *ACL // the explicit one; nil for none
	Barriers  []Barrier
	Deletions []Deletion
	Selection *TableSelection // as it was put; nil for just the tables
	Targets   *Targets        // nil for the defaults
}

// Endpoint is one end of a task.
type Endpoint struct{ Name, Type string }

// CDC counts the applied changes.
type CDC struct{ Inserts, Updates, Deletes, DDL int64 }

// Throughput is a current rate: records a second and kilobytes a second.
type Throughput struct{ SourceRecords, SourceVolume, TargetRecords, TargetVolume int64 }

// Transactions are the fields of cdc_transactions_counters, in the API's order.
type Transactions struct {
	CommitChangeRecords           int64
	RollbackTransactions          int64
	RollbackChangeRecords         int64
	RollbackChangeMB              int64
	AppliedTransactionsInProgress int64
	AppliedRecordsInProgress      int64
	AppliedTransactions           int64
	AppliedRecords                int64
	AppliedMB                     int64
	AccumulatedChangesInMemory    int64
	AccumulatedChangesOnDisk      int64
	ApplyingChangesInMemory       int64
	ApplyingChangesOnDisk         int64
}

// FullLoad is the progress of a full load.
type FullLoad struct {
	TablesCompleted, TablesLoading, TablesQueued, TablesWithError int64
	RecordsCompleted                                              int64
	RecordsEstimated                                              int64
	Completed                                                     bool
	Start, End                                                    time.Time
}

// Loading is the progress of a Compose task.
type Loading struct {
	Completed                                                                  bool
	Start, End                                                                 time.Time
	TablesTotal, TablesCompleted, TablesLoading, TablesQueued, TablesWithError int64
	CommandsTotal, CommandsCompleted                                           int64
}

// Table is one table of a task.
type Table struct {
	Schema, Name             string // on the source
	TargetSchema, TargetName string
	State                    string
	DataErrors               int64
	Start, End               time.Time // of its full load
	EstimatedRows            int64
	TransferredRows          int64
	TransferredBytes         int64 // transferred_volume_mb, which is in bytes
	Changes                  CDC
	LastUpdate               time.Time // the API leaves it null; custom tables may have one
	CachedInserts            int64
	CachedUpdates            int64
	CachedDeletes            int64
}

func cloned[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// clone copies a task with everything below it.
func (t *Task) clone() Task {
	c := *t
	c.Tags = slices.Clone(t.Tags)
	c.Tables = slices.Clone(t.Tables)
	c.ACL, c.Selection, c.Targets = t.ACL.clone(), cloneSelection(t.Selection), cloned(t.Targets)
	c.Barriers, c.Deletions = slices.Clone(t.Barriers), slices.Clone(t.Deletions)
	return c
}

func (t *Table) key() tableKey { return tableKey{t.Schema, t.Name} }

// ACL is an explicit access control list of a server, a task, an endpoint, or of
// all tasks or endpoints of a server.
type ACL struct {
	Admin, Designer, Operator, Viewer, None Principals
	DisableInheritance                      bool
}

// Principals are users and groups as `DOMAIN\name`.
type Principals = aem.Principals

func (a *ACL) clone() *ACL {
	c := cloned(a)
	if c != nil {
		for _, p := range []*Principals{&c.Admin, &c.Designer, &c.Operator, &c.Viewer, &c.None} {
			p.Users, p.Groups = slices.Clone(p.Users), slices.Clone(p.Groups)
		}
	}
	return c
}

// Barrier is the retention barrier of one application.
type Barrier struct {
	Application string
	Point       time.Time
}

// Deletion is one request to delete old change data (DeleteOldChangeData).
type Deletion struct {
	Requested time.Time
	Before    string // a timestamp or an ISO 8601 duration, as it came
}

// TableSelection is which tables a task replicates.
type TableSelection = aem.TableSelection

func cloneSelection(s *TableSelection) *TableSelection {
	c := cloned(s)
	if c != nil {
		c.Included, c.Excluded, c.Explicit = slices.Clone(c.Included), slices.Clone(c.Excluded), slices.Clone(c.Explicit)
	}
	return c
}

// Targets is where a cloned or imported task puts its tables; "" is the default.
type Targets struct {
	Schema, ControlSchema, ControlTableSpace, ControlIndexSpace string
}

// EndpointState is one endpoint of a server (GetEndpointList, TestEndpoint).
type EndpointState struct {
	Name        string
	Description string
	Role        string // SOURCE, TARGET or BOTH
	Type        string
	Licensed    bool
	// Settings are its db_settings: what encoding/json makes of JSON.
	Settings map[string]any
	// Configuration is what ReconfigureEndpointNoWait has chosen last.
	Configuration string
	// Problem is what a test of the endpoint says now; "" when it can connect.
	Problem string
	ACL     *ACL
}

// tell fills in what no answer about a server alone tells.
func (s *server) tell(v *ServerState, now time.Time) {
	v.ACL, v.TasksACL, v.EndpointsACL = v.ACL.clone(), v.TasksACL.clone(), v.EndpointsACL.clone()
	v.VerifyCertificate = !s.unverified
	for _, e := range s.endpoints {
		x := e.state
		x.Settings, x.ACL = copyJSON(x.Settings), x.ACL.clone()
		x.Problem, _, _ = e.problem(now.Sub(s.start))
		v.Endpoints = append(v.Endpoints, x)
	}
	v.Tasks = make([]Task, len(s.tasks))
	for i, t := range s.tasks {
		v.Tasks[i] = t.withTables(now)
	}
}

// copyJSON copies an object of JSON with everything below it; its values are those that
// encoding/json reads.
func copyJSON(m map[string]any) (c map[string]any) {
	b, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		panic(fmt.Sprintf("aemtest: the settings of an endpoint are not JSON: %v", err))
	}
	return c
}
