package poll

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/poll/choose"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// What is published is compared with what the simulator holds to be true, field by field, in
// every spelling of the API.
func TestPollTellsTheTruth(t *testing.T) {
	for _, shape := range []aemtest.Shape{aemtest.RealWorld, aemtest.Guide, aemtest.Legacy} {
		t.Run(shape.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now().Add(90 * time.Minute)
				sim := aemtest.New(aemtest.Options{
					Seed: 3, Servers: 4, ComposeServers: 2, TasksPerServer: 30, OddNames: true, Shape: shape,
					Clock: func() time.Time { return now },
				})
				r := newRig(t, sim, Options{Tables: choose.TableOptions{Mode: choose.All}})
				if err := r.Once(t.Context()); err != nil {
					t.Fatal(err)
				}
				truth, got := sim.State(), r.View()
				if len(got.Servers) != len(truth.Servers) {
					t.Fatalf("%d servers of %d", len(got.Servers), len(truth.Servers))
				}
				for i := range truth.Servers {
					compareServer(t, &truth.Servers[i], got.Servers[i])
				}
			})
		})
	}
}

func compareServer(t *testing.T, want *aemtest.ServerState, s *fleet.Server) {
	t.Helper()
	if s.Name != want.Name || s.Product != string(want.Product) {
		t.Errorf("server %q: %+v", want.Name, s)
	}
	if want.State != aemtest.Monitored {
		return
	}
	if s.Details == nil || s.Details.DiskBytes != amount(want.Utilization.DiskMB, 1<<20) &&
		want.Product == aemtest.Replicate {
		t.Errorf("server %q: %+v", want.Name, s.Details)
	}
	if len(s.Tasks) != len(want.Tasks) {
		t.Fatalf("%s: %d tasks of %d: %+v", s.Name, len(s.Tasks), len(want.Tasks), s.Problems)
	}
	for j := range want.Tasks {
		compareTask(t, &want.Tasks[j], s.Tasks[j])
	}
}

// amount is a number in base units; a negative one means that there is none.
func amount(n int64, unit float64) fleet.Number {
	if n < 0 {
		return fleet.Number{}
	}
	return fleet.Num(float64(n) * unit)
}

func n(v int64) fleet.Number { return fleet.Num(float64(v)) }

func compareTask(t *testing.T, want *aemtest.Task, got *fleet.Task) {
	t.Helper()
	if got.Name != want.Name || got.Up != fleet.Yes || got.Product != string(want.Product) {
		t.Errorf("task %q: %+v", want.Name, got)
		return
	}
	if want.Product == aemtest.Compose {
		loading := &fleet.ComposeDetails{
			LoadingCompleted: fleet.FlagOf(want.Loading.Completed),
			LoadingStart:     fleet.Unix(want.Loading.Start), LoadingEnd: fleet.Unix(want.Loading.End),
			TablesExpected: n(want.Loading.TablesTotal), TablesCompleted: n(want.Loading.TablesCompleted),
			TablesLoading: n(want.Loading.TablesLoading), TablesQueued: n(want.Loading.TablesQueued),
			TablesError: n(want.Loading.TablesWithError),
			Commands:    n(want.Loading.CommandsTotal), CommandsCompleted: n(want.Loading.CommandsCompleted),
		}
		if diff := cmp.Diff(loading, got.Compose, cmp.AllowUnexported(fleet.Number{})); diff != "" {
			t.Errorf("%s: %s", want.Name, diff)
		}
		return
	}
	if diff := cmp.Diff(trueDetails(want), got.Details, cmp.AllowUnexported(fleet.Number{}),
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
	while := func(on bool, v float64) fleet.Number {
		if !on {
			return fleet.Number{}
		}
		return fleet.Num(v)
	}
	rates := func(r aemtest.Throughput) fleet.Throughput {
		return fleet.Throughput{
			SourceRecords: while(active, float64(r.SourceRecords)), SourceBytes: while(active, float64(r.SourceVolume)*1024),
			TargetRecords: while(active, float64(r.TargetRecords)), TargetBytes: while(active, float64(r.TargetVolume)*1024),
		}
	}
	changes := active && (w.ApplyChanges || w.StoreChanges)
	return &fleet.TaskDetails{
		Project: w.Project, Source: w.Source.Name, SourceType: w.Source.Type, Target: w.Target.Name,
		TargetType:       w.Target.Type,
		LogStreamStaging: w.LogStreamStaging,
		FullLoadEnabled:  fleet.FlagOf(w.FullLoadEnabled), ApplyChangesEnabled: fleet.FlagOf(w.ApplyChanges),
		StoreChangesEnabled: fleet.FlagOf(w.StoreChanges), AuditChangesEnabled: fleet.FlagOf(w.AuditChanges),
		SourceLatency: while(changes, w.SourceLatency.Seconds()), TotalLatency: while(changes, w.TotalLatency.Seconds()),
		AppliedInserts: n(w.CDC.Inserts), AppliedUpdates: n(w.CDC.Updates),
		AppliedDeletes: n(w.CDC.Deletes), AppliedDDL: n(w.CDC.DDL),
		CDCThroughput: rates(w.CDCThroughput),
		CommitRecords: n(w.Transactions.CommitChangeRecords), RolledBackTransactions: n(w.Transactions.RollbackTransactions),
		RolledBackRecords: n(w.Transactions.RollbackChangeRecords), RolledBackBytes: n(w.Transactions.RollbackChangeMB << 20),
		AppliedTransactions: n(w.Transactions.AppliedTransactions), AppliedRecords: n(w.Transactions.AppliedRecords),
		AppliedBytes:         n(w.Transactions.AppliedMB << 20),
		ApplyingTransactions: n(w.Transactions.AppliedTransactionsInProgress),
		ApplyingRecords:      n(w.Transactions.AppliedRecordsInProgress),
		AccumulatedInMemory:  n(w.Transactions.AccumulatedChangesInMemory),
		AccumulatedOnDisk:    n(w.Transactions.AccumulatedChangesOnDisk),
		ApplyingInMemory:     n(w.Transactions.ApplyingChangesInMemory),
		ApplyingOnDisk:       n(w.Transactions.ApplyingChangesOnDisk),
		FullLoad: fleet.FullLoad{
			TablesCompleted: n(w.FullLoad.TablesCompleted), TablesLoading: n(w.FullLoad.TablesLoading),
			TablesQueued: n(w.FullLoad.TablesQueued), TablesError: n(w.FullLoad.TablesWithError),
			RecordsCompleted: n(w.FullLoad.RecordsCompleted), RecordsEstimated: n(w.FullLoad.RecordsEstimated),
			Completed: fleet.FlagOf(w.FullLoad.Completed), Start: fleet.Unix(w.FullLoad.Start), End: fleet.Unix(w.FullLoad.End),
			Throughput: rates(w.FullLoadThroughput),
		},
		MemoryBytes: amount(w.MemoryMB, 1<<20), CPU: amount(w.CPU, 0.01), DiskBytes: amount(w.DiskMB, 1<<20),
		DataErrors: n(w.DataErrors),
	}
}

func compareTable(t *testing.T, w *aemtest.Table, got *fleet.Table) {
	t.Helper()
	want := &fleet.Table{
		Schema: w.Schema, Name: w.Name, DataErrors: n(w.DataErrors),
		Inserts: n(w.Changes.Inserts), Updates: n(w.Changes.Updates), Deletes: n(w.Changes.Deletes), DDL: n(w.Changes.DDL),
		LastUpdate: fleet.Unix(w.LastUpdate), LoadedRows: n(w.TransferredRows), EstimatedRows: n(w.EstimatedRows),
		LoadedBytes: n(w.TransferredBytes), LoadStart: fleet.Unix(w.Start), LoadEnd: fleet.Unix(w.End),
		CachedInserts: n(w.CachedInserts), CachedUpdates: n(w.CachedUpdates), CachedDeletes: n(w.CachedDeletes),
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(fleet.Number{}), cmpopts.IgnoreFields(fleet.Table{}, "State",
		"EstimatedEnd")); diff != "" {
		t.Errorf("table %s.%s: %s", w.Schema, w.Name, diff)
	}
}
