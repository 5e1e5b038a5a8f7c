package poll

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// The snapshot is compared with what the simulator holds to be true, field by field.
func TestPollTellsTheTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Add(90 * time.Minute)
		sim := aemtest.New(aemtest.Options{
			Seed: 3, Servers: 4, ComposeServers: 2, TasksPerServer: 30, OddNames: true, Clock: func() time.Time { return now },
		})
		got := newRig(t, sim, Options{Tables: TableOptions{Mode: All}}).poll(t)
		if got.Result != fleet.Success {
			t.Fatalf("%s %+v", got.Result, got.Problems)
		}
		truth := sim.State()
		if len(got.Servers) != len(truth.Servers) {
			t.Fatalf("%d servers of %d", len(got.Servers), len(truth.Servers))
		}
		for i, want := range truth.Servers {
			s := got.Servers[i]
			if s.Name != want.Name || s.Product != string(want.Product) || s.DiskBytes != amount(want.Utilization.DiskMB, 1<<20) && want.State == aemtest.Monitored && want.Product == aemtest.Replicate {
				t.Errorf("server %q: %+v", want.Name, s)
			}
			if want.State != aemtest.Monitored {
				continue
			}
			if len(s.Tasks) != len(want.Tasks) {
				t.Fatalf("%s: %d tasks of %d", s.Name, len(s.Tasks), len(want.Tasks))
			}
			for j := range want.Tasks {
				compareTask(t, &want.Tasks[j], &s.Tasks[j])
			}
		}
	})
}

// amount is a number in base units; a negative one means that there is none.
func amount(n int64, unit float64) float64 {
	if n < 0 {
		return math.NaN()
	}
	return float64(n) * unit
}

func instantOf(t time.Time) float64 {
	if t.IsZero() {
		return math.NaN()
	}
	return float64(t.Unix())
}

func compareTask(t *testing.T, want *aemtest.Task, got *fleet.Task) {
	t.Helper()
	if got.Name != want.Name || !got.Up || got.Product != string(want.Product) {
		t.Errorf("task %q: %+v", want.Name, got)
		return
	}
	if want.Product == aemtest.Compose {
		loading := &fleet.ComposeDetails{
			LoadingCompleted: fleet.FlagOf(want.Loading.Completed),
			LoadingStart:     instantOf(want.Loading.Start), LoadingEnd: instantOf(want.Loading.End),
			TablesExpected: float64(want.Loading.TablesTotal), TablesCompleted: float64(want.Loading.TablesCompleted),
			TablesLoading: float64(want.Loading.TablesLoading), TablesQueued: float64(want.Loading.TablesQueued),
			TablesError: float64(want.Loading.TablesWithError),
			Commands:    float64(want.Loading.CommandsTotal), CommandsCompleted: float64(want.Loading.CommandsCompleted),
		}
		if diff := cmp.Diff(loading, got.Compose, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: %s", want.Name, diff)
		}
		return
	}
	if diff := cmp.Diff(trueDetails(want), got.Details, cmpopts.EquateNaNs(),
		cmpopts.IgnoreFields(fleet.TaskDetails{}, "Type", "Profile")); diff != "" {
		t.Errorf("%s: %s", want.Name, diff)
	}
	if len(got.Tables) != len(want.Tables) {
		t.Errorf("%s: %d tables of %d", want.Name, len(got.Tables), len(want.Tables))
		return
	}
	for i := range want.Tables {
		compareTable(t, &want.Tables[i], &got.Tables[i])
	}
}

func trueDetails(w *aemtest.Task) *fleet.TaskDetails {
	active := w.State == aemtest.Running || w.State == aemtest.Recovery
	while := func(on bool, v float64) float64 {
		if !on {
			return math.NaN()
		}
		return v
	}
	rates := func(r aemtest.Throughput) fleet.Throughput {
		return fleet.Throughput{
			SourceRecords: while(active, float64(r.SourceRecords)), SourceBytes: while(active, float64(r.SourceVolume)*1024),
			TargetRecords: while(active, float64(r.TargetRecords)), TargetBytes: while(active, float64(r.TargetVolume)*1024),
		}
	}
	changes := active && (w.ApplyChanges || w.StoreChanges)
	return &fleet.TaskDetails{
		Project: w.Project, Source: w.Source.Name, SourceType: w.Source.Type, Target: w.Target.Name, TargetType: w.Target.Type,
		LogStreamStaging: w.LogStreamStaging,
		FullLoadEnabled:  fleet.FlagOf(w.FullLoadEnabled), ApplyChangesEnabled: fleet.FlagOf(w.ApplyChanges),
		StoreChangesEnabled: fleet.FlagOf(w.StoreChanges), AuditChangesEnabled: fleet.FlagOf(w.AuditChanges),
		SourceLatency: while(changes, w.SourceLatency.Seconds()), TotalLatency: while(changes, w.TotalLatency.Seconds()),
		AppliedInserts: float64(w.CDC.Inserts), AppliedUpdates: float64(w.CDC.Updates),
		AppliedDeletes: float64(w.CDC.Deletes), AppliedDDL: float64(w.CDC.DDL),
		CDCThroughput: rates(w.CDCThroughput),
		CommitRecords: float64(w.Transactions.CommitChangeRecords), RolledBackTransactions: float64(w.Transactions.RollbackTransactions),
		RolledBackRecords: float64(w.Transactions.RollbackChangeRecords), RolledBackBytes: float64(w.Transactions.RollbackChangeMB << 20),
		AppliedTransactions: float64(w.Transactions.AppliedTransactions), AppliedRecords: float64(w.Transactions.AppliedRecords),
		AppliedBytes:         float64(w.Transactions.AppliedMB << 20),
		ApplyingTransactions: float64(w.Transactions.AppliedTransactionsInProgress), ApplyingRecords: float64(w.Transactions.AppliedRecordsInProgress),
		AccumulatedInMemory: float64(w.Transactions.AccumulatedChangesInMemory), AccumulatedOnDisk: float64(w.Transactions.AccumulatedChangesOnDisk),
		ApplyingInMemory: float64(w.Transactions.ApplyingChangesInMemory), ApplyingOnDisk: float64(w.Transactions.ApplyingChangesOnDisk),
		FullLoad: fleet.FullLoad{
			TablesCompleted: float64(w.FullLoad.TablesCompleted), TablesLoading: float64(w.FullLoad.TablesLoading),
			TablesQueued: float64(w.FullLoad.TablesQueued), TablesError: float64(w.FullLoad.TablesWithError),
			RecordsCompleted: float64(w.FullLoad.RecordsCompleted), RecordsEstimated: float64(w.FullLoad.RecordsEstimated),
			Completed: fleet.FlagOf(w.FullLoad.Completed), Start: instantOf(w.FullLoad.Start), End: instantOf(w.FullLoad.End),
			Throughput: rates(w.FullLoadThroughput),
		},
		MemoryBytes: amount(w.MemoryMB, 1<<20), CPU: amount(w.CPU, 1) / 100, DiskBytes: amount(w.DiskMB, 1<<20),
		DataErrors: float64(w.DataErrors),
	}
}

func compareTable(t *testing.T, w *aemtest.Table, got *fleet.Table) {
	t.Helper()
	want := &fleet.Table{
		Schema: w.Schema, Name: w.Name, DataErrors: float64(w.DataErrors),
		Inserts: float64(w.Changes.Inserts), Updates: float64(w.Changes.Updates), Deletes: float64(w.Changes.Deletes), DDL: float64(w.Changes.DDL),
		LastUpdate: instantOf(w.LastUpdate), LoadedRows: float64(w.TransferredRows), EstimatedRows: float64(w.EstimatedRows),
		LoadedBytes: float64(w.TransferredBytes), LoadStart: instantOf(w.Start), LoadEnd: instantOf(w.End),
		CachedInserts: float64(w.CachedInserts), CachedUpdates: float64(w.CachedUpdates), CachedDeletes: float64(w.CachedDeletes),
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.IgnoreFields(fleet.Table{}, "State", "EstimatedEnd")); diff != "" {
		t.Errorf("table %s.%s: %s", w.Schema, w.Name, diff)
	}
}
