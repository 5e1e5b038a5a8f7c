// Package answer asks the API, and says what its answers mean: those that can be used, as values of
// fleet, and errors, as faults.
package answer

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
	day      = 86_400
)

// in converts a number to base units. A negative size, percentage or count is the
// API's way of saying that there is none.
func in(unit float64, n aem.Number) fleet.Number {
	value, ok := n.Get()
	if !ok || value < 0 {
		return fleet.Number{}
	}
	if unit == percent {
		return fleet.Num(value / 100) // dividing is exact where multiplying by 0.01 is not
	}
	return fleet.Num(value * unit)
}

func count(n aem.Number) fleet.Number { return in(1, n) }

func span(d aem.Duration) fleet.Number {
	if s := d.Seconds(); s >= 0 { // not so for one that is absent
		return fleet.Num(s)
	}
	return fleet.Number{}
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

// Server joins a row of the server list with the server's details, which may be nil. It sets what
// the list says.
func Server(info *aem.ServerInfo, d *aem.ServerDetails) *fleet.Server {
	product := info.Product
	switch {
	case d == nil:
		d = &aem.ServerDetails{}
	case d.Product == aem.Compose: // an answer that does not say is taken for Replicate's
		product = d.Product
	}
	return &fleet.Server{
		Name:           info.Name,
		Product:        string(product),
		Host:           cmp.Or(info.Host, d.Host),
		Port:           cmp.Or(info.Port, d.Port),
		Platform:       string(cmp.Or(info.Platform, d.Platform)),
		Version:        cmp.Or(info.Version, d.Version),
		State:          string(cmp.Or(info.State, d.State)),
		Message:        cmp.Or(info.Message, d.Message),
		LastConnection: fleet.Unix(instant(info.LastConnection, d.LastConnection)),
	}
}

// ServerDetails are what the details of a server say.
func ServerDetails(d *aem.ServerDetails) *fleet.ServerDetails {
	out := &fleet.ServerDetails{
		License: fleet.License{
			State:   string(d.License.State),
			Issued:  fleet.Unix(d.License.Issued),
			Expires: fleet.Unix(d.License.Expires),
		},
		TaskSummary: fleet.TaskSummary{
			Running:    count(d.TaskSummary.Running),
			Stopped:    count(d.TaskSummary.Stopped),
			Recovering: count(d.TaskSummary.Recovering),
			Error:      count(d.TaskSummary.Error),
			Total:      count(d.TaskSummary.Total),
		},
		DiskBytes:    in(megabyte, d.Utilization.DiskMB),
		MemoryBytes:  in(megabyte, d.Utilization.MemoryMB),
		ReplicateCPU: in(percent, d.Utilization.ReplicateCPU),
		MachineCPU:   in(percent, d.Utilization.MachineCPU),
	}
	if days, ok := d.License.DaysToExpiration.Get(); ok { // below 0, too, is a value
		out.License.Remaining = fleet.Num(days * day)
	}
	return out
}

// Task is what a task's details alone say; info is its row of the task list, and product
// the server's.
func Task(info *aem.TaskInfo, d *aem.TaskDetails, product aem.Product) *fleet.Task {
	if d.Type != "" || d.Product == aem.Compose { // else they do not say
		product = cmp.Or(d.Product, product)
	}
	t := &fleet.Task{
		Product: string(product),
		State:   string(d.State), StopReason: string(d.StopReason), Message: d.Message, Tags: d.Tags,
	}
	if t.Product == fleet.Compose {
		t.Details, t.Compose = describe(d), composeLoading(&d.Loading)
	} else {
		t.Details = replicateDetails(d, cmp.Or(d.State, info.State))
	}
	return t
}

// describe converts what the details of both products say; every number is absent.
func describe(d *aem.TaskDetails) *fleet.TaskDetails {
	return &fleet.TaskDetails{
		Type: d.Type, Profile: d.Profile, Project: d.Project,
		Source: d.Source.Name, SourceType: d.Source.Type,
		Target: d.Target.Name, TargetType: d.Target.Type,
		LogStreamStaging:    d.LogStreamStaging,
		FullLoadEnabled:     flag(d.Options.FullLoad),
		ApplyChangesEnabled: flag(d.Options.ApplyChanges),
	}
}

func composeLoading(l *aem.Loading) *fleet.ComposeDetails {
	return &fleet.ComposeDetails{
		LoadingCompleted:  flag(l.Completed),
		LoadingStart:      fleet.Unix(l.Start),
		LoadingEnd:        fleet.Unix(l.End),
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
		out.SourceLatency = span(d.Latency.Source)
		out.TotalLatency = span(d.Latency.Total)
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
		Start:            fleet.Unix(l.Start),
		End:              fleet.Unix(l.End),
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

// convertTable copies a table that is kept. now is for the end of a running load, which the API leaves
// out.
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
		LastUpdate:    fleet.Unix(t.CDC.LastUpdate),
		LoadedRows:    count(t.FullLoad.TransferredRows),
		EstimatedRows: count(t.FullLoad.EstimatedRows),
		LoadedBytes:   count(t.FullLoad.TransferredBytes),
		LoadStart:     fleet.Unix(t.FullLoad.Start),
		LoadEnd:       fleet.Unix(t.FullLoad.End),
		EstimatedEnd:  fleet.Unix(estimatedEnd),
		CachedInserts: count(t.CDC.CachedInserts),
		CachedUpdates: count(t.CDC.CachedUpdates),
		CachedDeletes: count(t.CDC.CachedDeletes),
	}
}

// convertACL counts who has a role; acl is nil when there is no explicit one.
func convertACL(scope, object string, acl *aem.ACL) *fleet.ACL {
	out := &fleet.ACL{Scope: scope, Object: object}
	if acl == nil {
		return out
	}
	out.Explicit = true
	out.InheritanceDisabled = flag(acl.DisableInheritance)
	out.Admin, out.Designer = countPrincipals(acl.Admin), countPrincipals(acl.Designer)
	out.Operator, out.Viewer = countPrincipals(acl.Operator), countPrincipals(acl.Viewer)
	// The API leaves this role out of most answers, which then do not speak of it.
	if acl.None.Users != nil || acl.None.Groups != nil {
		out.None = countPrincipals(acl.None)
	}
	return out
}

func countPrincipals(p aem.Principals) fleet.Principals {
	return fleet.Principals{Users: fleet.Count(len(p.Users)), Groups: fleet.Count(len(p.Groups))}
}
