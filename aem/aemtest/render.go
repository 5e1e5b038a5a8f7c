package aemtest

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// What the simulator says is what package aem reads, written by the same tables.
var (
	serverInfoTable    = wire.NewTable[aem.ServerInfo]()
	serverDetailsTable = wire.NewTable[aem.ServerDetails]()
	taskInfoTable      = wire.NewTable[aem.TaskInfo]()
	taskDetailsTable   = wire.NewTable[aem.TaskDetails]()
	taskResultTable    = wire.NewTable[aem.TaskResult]()
	tableInfoTable     = wire.NewTable[aem.TableInfo]()
	tableStatusTable   = wire.NewTable[aem.TableStatus]()
	endpointTable      = wire.NewTable[aem.Endpoint]()
	endpointTestTable  = wire.NewTable[aem.EndpointTest]()
	selectionTable     = wire.NewTable[TableSelection]()
	barrierTable       = wire.NewTable[barrierMessage]()
	serverMessageTable = wire.NewTable[serverMessage]()
	aclTable           = wire.NewTable[aem.ACL]()
	collectionTable    = wire.NewTable[collectionACL]()
)

func (s Shape) style() wire.Style { return wire.RealWorld + wire.Style(s) }

func (c *call) writer() *wire.Writer { return wire.NewWriter(c.buffer(), c.opts.Shape.style()) }

func (c *call) say(w *wire.Writer) error {
	c.out = w.B
	return nil
}

func said[T any](c *call, table *wire.Table[T], v *T) error {
	w := c.writer()
	table.Write(w, v)
	return c.say(w)
}

func list[T any](c *call, envelope string, table *wire.Table[T], each func(add func(T))) error {
	w := c.writer()
	w.Open()
	w.List(envelope)
	each(func(v T) { table.Write(w, &v) })
	w.EndList()
	w.Close()
	return c.say(w)
}

// decode reads the body of the call, which the API calls so.
func (c *call) decode(into any, kind string) error {
	if err := decodeJSON(c.body, into); err != nil {
		return c.undecoded(kind, err.Error())
	}
	return nil
}

// decodeJSON reads one value of JSON, which may follow a byte order mark; nothing
// may follow it.
func decodeJSON(b []byte, into any) error {
	return json.Unmarshal(bytes.TrimPrefix(b, []byte(wire.ByteOrderMark)), into)
}

// kind is the word that begins a server's $type.
func (v *ServerState) kind() string {
	if v.Product == Compose {
		return "Compose"
	}
	return "Replicate"
}

func serverRow(w *wire.Writer, v *ServerState) {
	w.Open()
	w.Str("$type", v.kind()+"ServerInfo")
	serverInfoTable.Members(w, &aem.ServerInfo{
		Name: v.Name, Description: v.Description, Host: v.Host, Port: v.Port, State: aem.ServerState(v.State),
		Message:  v.Message,
		Platform: aem.Platform(v.Platform), Version: v.Version, LastConnection: v.LastConnection,
	})
	serverType(w, v)
	w.Close()
}

// serverType writes the member type, which only present releases have.
func serverType(w *wire.Writer, v *ServerState) {
	if w.Style == wire.RealWorld {
		w.Str("type", strings.ToUpper(v.kind()))
	}
}

func serverInDetail(w *wire.Writer, v *ServerState) {
	n, l, x, u := aem.WholeOf, v.License, v.Summary, v.Utilization
	d := aem.ServerDetails{
		Name: v.Name, Description: v.Description, Host: v.Host, Platform: aem.Platform(v.Platform), Port: v.Port,
		Username: v.User,
		State:    aem.ServerState(v.State), Message: v.Message, Version: v.Version, LastConnection: v.LastConnection,
		License: aem.License{State: aem.LicenseState(l.State), Issued: l.Issued, Expires: l.Expires},
		TaskSummary: aem.TaskSummary{Total: n(x.Total), Running: n(x.Running), Stopped: n(x.Stopped),
			Recovering: n(x.Recovering), Error: n(x.Error)},
		Utilization: aem.Utilization{DiskMB: n(u.DiskMB), MemoryMB: n(u.MemoryMB), ReplicateCPU: n(u.ReplicateCPU),
			MachineCPU: n(u.MachineCPU)},
	}
	if !l.Expires.IsZero() {
		d.License.DaysToExpiration = n(l.Days)
	}
	w.Open()
	if w.Style == wire.Guide {
		w.Object("serverDetails")
	} else {
		w.Object("server_details")
	}
	w.Str("$type", v.kind()+"ServerDetails")
	serverDetailsTable.Members(w, &d)
	serverType(w, v)
	w.Close()
	w.Close()
}

func (v *Task) info() aem.TaskInfo {
	return aem.TaskInfo{
		Name: v.Name, State: aem.TaskState(v.State), StopReason: aem.StopReason(v.StopReason), Message: v.Message,
		Tags: v.Tags,
	}
}

// taskInDetail writes a task in detail, in the envelope that old releases have.
func taskInDetail(w *wire.Writer, v *Task) {
	d := v.details()
	w.Product = string(v.Product)
	w.Open()
	if w.Style == wire.Legacy {
		w.Object("task")
		defer w.Close()
	}
	switch {
	case w.Style == wire.Guide && v.Product == Replicate:
		w.Str("type", "ReplicateTaskInfoDetailed")
	case w.Style != wire.Legacy:
		w.Str("$type", v.Type)
	}
	taskDetailsTable.Members(w, &d)
	w.Close()
}

func (v *Task) details() aem.TaskDetails {
	n, b, x, f, l := aem.WholeOf, aem.BoolOf, v.Transactions, v.FullLoad, v.Loading
	return aem.TaskDetails{
		Project: v.Project, Name: v.Name, Description: v.Description, State: aem.TaskState(v.State),
		StopReason: aem.StopReason(v.StopReason),
		Message:    v.Message, Profile: v.Profile, Source: aem.TaskEndpoint(v.Source), Target: aem.TaskEndpoint(v.Target),
		LogStreamStaging: v.LogStreamStaging, Tags: v.Tags,
		Options: aem.TaskOptions{
			FullLoad: b(v.FullLoadEnabled), ApplyChanges: b(v.ApplyChanges), StoreChanges: b(v.StoreChanges),
			AuditChanges: b(v.AuditChanges),
		},
		CDCEvents: aem.CDCEvents{Inserts: n(v.CDC.Inserts), Updates: n(v.CDC.Updates), Deletes: n(v.CDC.Deletes),
			DDL: n(v.CDC.DDL)},
		CDCThroughput: v.CDCThroughput.rates(),
		Transactions: aem.Transactions{
			CommitChangeRecords:  n(x.CommitChangeRecords),
			RollbackTransactions: n(x.RollbackTransactions), RollbackChangeRecords: n(x.RollbackChangeRecords),
			RollbackChangeMB:       n(x.RollbackChangeMB),
			InProgressTransactions: n(x.AppliedTransactionsInProgress), InProgressRecords: n(x.AppliedRecordsInProgress),
			CommittedTransactions: n(x.AppliedTransactions), CommittedRecords: n(x.AppliedRecords), CommittedMB: n(x.AppliedMB),
			AccumulatedInMemory: n(x.AccumulatedChangesInMemory), AccumulatedOnDisk: n(x.AccumulatedChangesOnDisk),
			ApplyingInMemory: n(x.ApplyingChangesInMemory), ApplyingOnDisk: n(x.ApplyingChangesOnDisk),
		},
		Latency: aem.Latency{Source: aem.DurationOf(v.SourceLatency), Total: aem.DurationOf(v.TotalLatency)},
		FullLoad: aem.FullLoad{
			TablesCompleted: n(f.TablesCompleted), TablesLoading: n(f.TablesLoading), TablesQueued: n(f.TablesQueued),
			TablesWithError: n(f.TablesWithError), RecordsCompleted: n(f.RecordsCompleted),
			RecordsEstimated: n(f.RecordsEstimated),
			Completed:        b(f.Completed), Start: f.Start, End: f.End, Throughput: v.FullLoadThroughput.rates(),
		},
		MemoryMB: n(v.MemoryMB), CPU: n(v.CPU), DiskMB: n(v.DiskMB), DataErrors: n(v.DataErrors),
		Loading: aem.Loading{
			Completed: b(l.Completed), Start: l.Start, End: l.End, TablesTotal: n(l.TablesTotal),
			TablesCompleted: n(l.TablesCompleted),
			TablesLoading:   n(l.TablesLoading), TablesQueued: n(l.TablesQueued), TablesWithError: n(l.TablesWithError),
			CommandsTotal: n(l.CommandsTotal), CommandsCompleted: n(l.CommandsCompleted),
		},
	}
}

func (t Throughput) rates() aem.Throughput {
	n := aem.WholeOf
	return aem.Throughput{
		SourceRecords: n(t.SourceRecords), SourceVolume: n(t.SourceVolume), TargetRecords: n(t.TargetRecords),
		TargetVolume: n(t.TargetVolume),
	}
}

func (v *Table) info() aem.TableInfo {
	return aem.TableInfo{Schema: v.Schema, Name: v.Name, State: aem.TableState(v.State)}
}

func (v *Table) status() aem.TableStatus {
	n, c := aem.WholeOf, v.Changes
	return aem.TableStatus{
		Schema: v.Schema, Name: v.Name, TargetSchema: v.TargetSchema, TargetName: v.TargetName,
		State: aem.TableState(v.State), DataErrors: n(v.DataErrors),
		FullLoad: aem.TableFullLoad{
			Start: v.Start, End: v.End, EstimatedRows: n(v.EstimatedRows),
			TransferredRows: n(v.TransferredRows), TransferredBytes: n(v.TransferredBytes),
		},
		CDC: aem.TableCDC{
			Inserts: n(c.Inserts), Updates: n(c.Updates), Deletes: n(c.Deletes), DDL: n(c.DDL), LastUpdate: v.LastUpdate,
			CachedInserts: n(v.CachedInserts), CachedUpdates: n(v.CachedUpdates), CachedDeletes: n(v.CachedDeletes),
		},
	}
}

// collectionACL is the ACL of a collection, which does not say whether it inherits.
type collectionACL struct {
	Admin    Principals `api:"admin_role"`
	Designer Principals `api:"designer_role"`
	Operator Principals `api:"operator_role"`
	Viewer   Principals `api:"viewer_role"`
	None     Principals `api:"none"`
}

// barrierMessage is a retention barrier. What the API says when there is none, the guide
// leaves open: null, empty members, or no members.
type barrierMessage struct {
	Application string    `api:"application,null"`
	Point       time.Time `api:"retention_point,zulu"`
}

type serverMessage struct {
	Class                string `api:"$type"`
	aem.ServerDefinition `api:",inline"`
	Secret               string `api:"password"`
}
