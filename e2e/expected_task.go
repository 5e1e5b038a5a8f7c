//go:build e2e

package e2e

import "github.com/qem-exporter/qem_exporter/aem/aemtest"

func (e *expectation) task(server scope, parent *aemtest.ServerState, v *aemtest.Task) {
	s := server.with("task", v.Name)
	s.add("qem_task_info", 1, "product", string(v.Product), "type", e.typeOf(v), "profile", word(v.Profile), "project", v.Project,
		"source", v.Source.Name, "source_type", v.Source.Type, "target", v.Target.Name, "target_type", v.Target.Type,
		"log_stream_staging", v.LogStreamStaging)
	s.flag("qem_task_option_enabled", v.FullLoadEnabled, "option", "full_load")
	s.flag("qem_task_option_enabled", v.ApplyChanges, "option", "apply_changes")
	for _, tag := range v.Tags {
		s.add("qem_task_tag", 1, "tag", tag)
	}
	s.stateSet("qem_task_state", taskWord(v.State), "running", "stopped", "error", "recovering")
	s.add("qem_task_stop_reason", 1, "reason", word(v.StopReason))
	s.add("qem_task_up", 1)
	if v.Product == aemtest.Compose {
		composeTask(s, v)
		return
	}
	s.flag("qem_task_option_enabled", v.StoreChanges, "option", "store_changes")
	s.flag("qem_task_option_enabled", v.AuditChanges, "option", "audit_changes")
	replicateChanges(s, v)
	replicateFullLoad(s, v)
	s.number("qem_task_memory_bytes", megabyte, v.MemoryMB)
	s.percent("qem_task_cpu_ratio", v.CPU)
	s.number("qem_task_disk_usage_bytes", megabyte, v.DiskMB)
	s.count("qem_task_data_errors_total", v.DataErrors)
	if seconds, ok := e.objectiveOf(parent.Name, v); ok {
		s.add("qem_task_latency_objective_seconds", seconds)
	}
	e.tableStates(s, v)
}

// typeOf is the type of a task as the API says it: the guide prints another key and
// text than servers send, and old releases send none.
func (e *expectation) typeOf(v *aemtest.Task) string {
	switch {
	case e.shape == aemtest.Legacy:
		return ""
	case e.shape == aemtest.Guide && v.Product == aemtest.Replicate:
		return "ReplicateTaskInfoDetailed"
	}
	return v.Type
}

// works reports whether the task's rates and latencies mean anything.
func works(v *aemtest.Task) bool { return v.State == aemtest.Running || v.State == aemtest.Recovery }

func replicateChanges(s scope, v *aemtest.Task) {
	if works(v) && (v.ApplyChanges || v.StoreChanges) {
		s.add("qem_task_source_latency_seconds", v.SourceLatency.Seconds())
		s.add("qem_task_total_latency_seconds", v.TotalLatency.Seconds())
	}
	s.count("qem_task_cdc_applied_changes_total", v.CDC.Inserts, "operation", "insert")
	s.count("qem_task_cdc_applied_changes_total", v.CDC.Updates, "operation", "update")
	s.count("qem_task_cdc_applied_changes_total", v.CDC.Deletes, "operation", "delete")
	s.count("qem_task_cdc_applied_changes_total", v.CDC.DDL, "operation", "ddl")
	throughput(s, "qem_task_cdc", v, v.CDCThroughput)

	x := &v.Transactions
	s.count("qem_task_cdc_commit_records_total", x.CommitChangeRecords)
	s.count("qem_task_cdc_rolled_back_transactions_total", x.RollbackTransactions)
	s.count("qem_task_cdc_rolled_back_records_total", x.RollbackChangeRecords)
	s.number("qem_task_cdc_rolled_back_bytes_total", megabyte, x.RollbackChangeMB)
	s.count("qem_task_cdc_applied_transactions_total", x.AppliedTransactions)
	s.count("qem_task_cdc_applied_records_total", x.AppliedRecords)
	s.number("qem_task_cdc_applied_bytes_total", megabyte, x.AppliedMB)
	s.count("qem_task_cdc_applying_transactions", x.AppliedTransactionsInProgress)
	s.count("qem_task_cdc_applying_records", x.AppliedRecordsInProgress)
	s.count("qem_task_cdc_pending_changes", x.AccumulatedChangesInMemory, "stage", "accumulated", "storage", "memory")
	s.count("qem_task_cdc_pending_changes", x.AccumulatedChangesOnDisk, "stage", "accumulated", "storage", "disk")
	s.count("qem_task_cdc_pending_changes", x.ApplyingChangesInMemory, "stage", "applying", "storage", "memory")
	s.count("qem_task_cdc_pending_changes", x.ApplyingChangesOnDisk, "stage", "applying", "storage", "disk")
}

func throughput(s scope, prefix string, v *aemtest.Task, rate aemtest.Throughput) {
	if !works(v) {
		return
	}
	s.count(prefix+"_records_per_second", rate.SourceRecords, "endpoint", "source")
	s.count(prefix+"_records_per_second", rate.TargetRecords, "endpoint", "target")
	s.number(prefix+"_bytes_per_second", kilobyte, rate.SourceVolume, "endpoint", "source")
	s.number(prefix+"_bytes_per_second", kilobyte, rate.TargetVolume, "endpoint", "target")
}

func replicateFullLoad(s scope, v *aemtest.Task) {
	l := &v.FullLoad
	s.count("qem_task_full_load_tables", l.TablesCompleted, "state", "completed")
	s.count("qem_task_full_load_tables", l.TablesLoading, "state", "loading")
	s.count("qem_task_full_load_tables", l.TablesQueued, "state", "queued")
	s.count("qem_task_full_load_tables", l.TablesWithError, "state", "error")
	s.count("qem_task_full_load_completed_records", l.RecordsCompleted)
	s.count("qem_task_full_load_estimated_records", l.RecordsEstimated)
	s.flag("qem_task_full_load_completed", l.Completed)
	s.instant("qem_task_full_load_start_timestamp_seconds", l.Start)
	s.instant("qem_task_full_load_end_timestamp_seconds", l.End)
	throughput(s, "qem_task_full_load", v, v.FullLoadThroughput)
}

// composeTask adds what only a Compose task has; it has nothing of a Replicate task
// but what is common to both.
func composeTask(s scope, v *aemtest.Task) {
	l := &v.Loading
	s.flag("qem_compose_task_loading_completed", l.Completed)
	s.instant("qem_compose_task_loading_start_timestamp_seconds", l.Start)
	s.instant("qem_compose_task_loading_end_timestamp_seconds", l.End)
	s.count("qem_compose_task_tables", l.TablesCompleted, "state", "completed")
	s.count("qem_compose_task_tables", l.TablesLoading, "state", "loading")
	s.count("qem_compose_task_tables", l.TablesQueued, "state", "queued")
	s.count("qem_compose_task_tables", l.TablesWithError, "state", "error")
	s.count("qem_compose_task_expected_tables", l.TablesTotal)
	s.count("qem_compose_task_commands", l.CommandsTotal)
	s.count("qem_compose_task_completed_commands", l.CommandsCompleted)
}
