package poll

import (
	"cmp"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Base units of what the API counts in larger ones.
const (
	megabyte = 1 << 20
	kilobyte = 1 << 10
	percent  = 0.01
)

// unix is an instant in Unix seconds, with its fraction; absent for the zero time.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return fleet.Absent()
	}
	return float64(t.Unix()) + float64(t.Nanosecond())/float64(time.Second)
}

// in converts a number to base units. A negative size, percentage or count is the
// API's way of saying that there is none.
func in(unit float64, n aem.Number) float64 {
	value, ok := n.Get()
	if !ok || value < 0 {
		return fleet.Absent()
	}
	if unit == percent {
		return value / 100 // dividing is exact where multiplying by 0.01 is not
	}
	return value * unit
}

func count(n aem.Number) float64 { return in(1, n) }

func seconds(d aem.Duration) float64 {
	if s := d.Seconds(); s >= 0 {
		return s
	}
	return fleet.Absent()
}

func flag(b aem.Bool) fleet.Flag {
	value, ok := b.Get()
	if !ok {
		return fleet.Unknown
	}
	return fleet.FlagOf(value)
}

// instant is the first that is known.
func instant(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// serverProduct and taskProduct trust whoever says Compose: an answer that does not
// say is taken for Replicate's.
func serverProduct(info *aem.ServerInfo, d *aem.ServerDetails) aem.Product {
	if d != nil && d.Product == aem.Compose {
		return aem.Compose
	}
	return info.Product
}

func taskProduct(d *aem.TaskDetails, server aem.Product) aem.Product {
	if d == nil || d.Type == "" && d.Product != aem.Compose {
		return server
	}
	return cmp.Or(d.Product, server)
}

// convertServer joins a row of the server list with the server's details, which may
// be nil. It sets neither Up nor Tasks.
func convertServer(info *aem.ServerInfo, details *aem.ServerDetails) fleet.Server {
	d := details
	if d == nil {
		d = &aem.ServerDetails{}
	}
	return fleet.Server{
		Name:           info.Name,
		Product:        string(serverProduct(info, details)),
		Host:           cmp.Or(info.Host, d.Host),
		Port:           cmp.Or(info.Port, d.Port),
		Platform:       string(cmp.Or(info.Platform, d.Platform)),
		Version:        cmp.Or(info.Version, d.Version),
		State:          string(cmp.Or(info.State, d.State)),
		Message:        cmp.Or(info.Message, d.Message),
		LastConnection: unix(instant(info.LastConnection, d.LastConnection)),
		License: fleet.License{
			State:            string(d.License.State),
			Issued:           unix(d.License.Issued),
			Expires:          unix(d.License.Expires),
			DaysToExpiration: d.License.DaysToExpiration.Float(),
		},
		TaskSummary: fleet.TaskSummary{
			Running:    count(d.TaskSummary.Running),
			Stopped:    count(d.TaskSummary.Stopped),
			Recovering: count(d.TaskSummary.Recovering),
			Error:      count(d.TaskSummary.Error),
		},
		DiskBytes:    in(megabyte, d.Utilization.DiskMB),
		MemoryBytes:  in(megabyte, d.Utilization.MemoryMB),
		ReplicateCPU: in(percent, d.Utilization.ReplicateCPU),
		MachineCPU:   in(percent, d.Utilization.MachineCPU),
	}
}

// convertTask joins a row of a task list with the task's details, which may be nil.
// product is the server's. It sets neither the latency objective nor the tables.
func convertTask(info *aem.TaskInfo, d *aem.TaskDetails, product aem.Product) fleet.Task {
	task := fleet.Task{
		Name:             info.Name,
		Product:          string(product),
		State:            string(info.State),
		StopReason:       string(info.StopReason),
		Message:          info.Message,
		Tags:             info.Tags,
		LatencyObjective: fleet.Absent(),
	}
	if d == nil {
		return task
	}
	task.Up = true
	task.Product = string(taskProduct(d, product))
	task.State = cmp.Or(task.State, string(d.State))
	task.StopReason = cmp.Or(task.StopReason, string(d.StopReason))
	task.Message = cmp.Or(task.Message, d.Message)
	if len(task.Tags) == 0 {
		task.Tags = d.Tags
	}
	if task.Product == fleet.Compose {
		task.Details, task.Compose = describe(d), composeLoading(&d.Loading)
	} else {
		task.Details = replicateDetails(d, cmp.Or(d.State, info.State))
	}
	return task
}

// describe converts what the details of both products say; every number is absent.
func describe(d *aem.TaskDetails) *fleet.TaskDetails {
	out := noDetails()
	out.Type = d.Type
	out.Profile = d.Profile
	out.Project = d.Project
	out.Source, out.SourceType = d.Source.Name, d.Source.Type
	out.Target, out.TargetType = d.Target.Name, d.Target.Type
	out.LogStreamStaging = d.LogStreamStaging
	out.FullLoadEnabled = flag(d.Options.FullLoad)
	out.ApplyChangesEnabled = flag(d.Options.ApplyChanges)
	return &out
}

// noDetails are details in which every number is absent.
func noDetails() fleet.TaskDetails {
	none := fleet.Absent()
	return fleet.TaskDetails{
		SourceLatency: none, TotalLatency: none,
		AppliedInserts: none, AppliedUpdates: none, AppliedDeletes: none, AppliedDDL: none,
		CDCThroughput: noThroughput(),
		CommitRecords: none, RolledBackTransactions: none, RolledBackRecords: none, RolledBackBytes: none,
		AppliedTransactions: none, AppliedRecords: none, AppliedBytes: none,
		ApplyingTransactions: none, ApplyingRecords: none,
		AccumulatedInMemory: none, AccumulatedOnDisk: none, ApplyingInMemory: none, ApplyingOnDisk: none,
		FullLoad: fleet.FullLoad{
			TablesCompleted: none, TablesLoading: none, TablesQueued: none, TablesError: none,
			RecordsCompleted: none, RecordsEstimated: none,
			Start: none, End: none,
			Throughput: noThroughput(),
		},
		MemoryBytes: none, CPU: none, DiskBytes: none, DataErrors: none,
	}
}

func noThroughput() fleet.Throughput {
	none := fleet.Absent()
	return fleet.Throughput{SourceRecords: none, SourceBytes: none, TargetRecords: none, TargetBytes: none}
}

func composeLoading(l *aem.Loading) *fleet.ComposeDetails {
	return &fleet.ComposeDetails{
		LoadingCompleted:  flag(l.Completed),
		LoadingStart:      unix(l.Start),
		LoadingEnd:        unix(l.End),
		TablesExpected:    count(l.TablesTotal),
		TablesCompleted:   count(l.TablesCompleted),
		TablesLoading:     count(l.TablesLoading),
		TablesQueued:      count(l.TablesQueued),
		TablesError:       count(l.TablesWithError),
		Commands:          count(l.CommandsTotal),
		CommandsCompleted: count(l.CommandsCompleted),
	}
}

// replicateDetails are a Replicate task's. The API keeps the last run's rates, and
// shows 00:00:00 for a latency that there is not; state tells whether they mean
// anything.
func replicateDetails(d *aem.TaskDetails, state aem.TaskState) *fleet.TaskDetails {
	active := state == aem.TaskRunning || state == aem.TaskRecovering
	out := describe(d)
	out.StoreChangesEnabled = flag(d.Options.StoreChanges)
	out.AuditChangesEnabled = flag(d.Options.AuditChanges)
	if active && (d.Options.ApplyChanges.True() || d.Options.StoreChanges.True()) {
		out.SourceLatency = seconds(d.Latency.Source)
		out.TotalLatency = seconds(d.Latency.Total)
	}
	out.AppliedInserts = count(d.CDCEvents.Inserts)
	out.AppliedUpdates = count(d.CDCEvents.Updates)
	out.AppliedDeletes = count(d.CDCEvents.Deletes)
	out.AppliedDDL = count(d.CDCEvents.DDL)
	setTransactions(out, &d.Transactions)
	out.FullLoad = fullLoad(&d.FullLoad)
	if active {
		out.CDCThroughput = throughput(&d.CDCThroughput)
		out.FullLoad.Throughput = throughput(&d.FullLoad.Throughput)
	}
	out.MemoryBytes = in(megabyte, d.MemoryMB)
	out.CPU = in(percent, d.CPU)
	out.DiskBytes = in(megabyte, d.DiskMB)
	out.DataErrors = count(d.DataErrors)
	return out
}

func setTransactions(out *fleet.TaskDetails, t *aem.Transactions) {
	out.CommitRecords = count(t.CommitChangeRecords)
	out.RolledBackTransactions = count(t.RollbackTransactions)
	out.RolledBackRecords = count(t.RollbackChangeRecords)
	out.RolledBackBytes = in(megabyte, t.RollbackChangeMB)
	out.AppliedTransactions = count(t.CommittedTransactions)
	out.AppliedRecords = count(t.CommittedRecords)
	out.AppliedBytes = in(megabyte, t.CommittedMB)
	out.ApplyingTransactions = count(t.InProgressTransactions)
	out.ApplyingRecords = count(t.InProgressRecords)
	out.AccumulatedInMemory = count(t.AccumulatedInMemory)
	out.AccumulatedOnDisk = count(t.AccumulatedOnDisk)
	out.ApplyingInMemory = count(t.ApplyingInMemory)
	out.ApplyingOnDisk = count(t.ApplyingOnDisk)
}

// fullLoad leaves the throughput absent.
func fullLoad(l *aem.FullLoad) fleet.FullLoad {
	return fleet.FullLoad{
		TablesCompleted:  count(l.TablesCompleted),
		TablesLoading:    count(l.TablesLoading),
		TablesQueued:     count(l.TablesQueued),
		TablesError:      count(l.TablesWithError),
		RecordsCompleted: count(l.RecordsCompleted),
		RecordsEstimated: count(l.RecordsEstimated),
		Completed:        flag(l.Completed),
		Start:            unix(l.Start),
		End:              unix(l.End),
		Throughput:       noThroughput(),
	}
}

func throughput(t *aem.Throughput) fleet.Throughput {
	return fleet.Throughput{
		SourceRecords: count(t.SourceRecords),
		SourceBytes:   in(kilobyte, t.SourceVolume),
		TargetRecords: count(t.TargetRecords),
		TargetBytes:   in(kilobyte, t.TargetVolume),
	}
}

// convertTable copies a table that is kept. now is for the end of a running load,
// which the API leaves out.
func convertTable(t *aem.TableStatus, now time.Time) fleet.Table {
	estimatedEnd, _ := t.EstimateEnd(now)
	return fleet.Table{
		Schema:        t.Schema,
		Name:          t.Name,
		State:         string(t.State),
		DataErrors:    count(t.DataErrors),
		Inserts:       count(t.CDC.Inserts),
		Updates:       count(t.CDC.Updates),
		Deletes:       count(t.CDC.Deletes),
		DDL:           count(t.CDC.DDL),
		LastUpdate:    unix(t.CDC.LastUpdate),
		LoadedRows:    count(t.FullLoad.TransferredRows),
		EstimatedRows: count(t.FullLoad.EstimatedRows),
		LoadedBytes:   count(t.FullLoad.TransferredBytes),
		LoadStart:     unix(t.FullLoad.Start),
		LoadEnd:       unix(t.FullLoad.End),
		EstimatedEnd:  unix(estimatedEnd),
		CachedInserts: count(t.CDC.CachedInserts),
		CachedUpdates: count(t.CDC.CachedUpdates),
		CachedDeletes: count(t.CDC.CachedDeletes),
	}
}
