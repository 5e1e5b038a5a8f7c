package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// taskLatencyFamilies is the table of how far and how fast a Replicate task follows
// its source.
func taskLatencyFamilies() []family[fleet.Task] {
	return []family[fleet.Task]{
		{
			gauge("qem_task_source_latency_seconds",
				"Time from a change in the source to its capture, in seconds. Absent unless the task is running or recovering with apply or store changes on."),
			source{taskDetails, "cdc_latency.source_latency"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.SourceLatency })),
		},
		{
			gauge("qem_task_total_latency_seconds",
				"Time from a change in the source to its commit in the target, in seconds. Absent unless the task is running or recovering with apply or store changes on."),
			source{taskDetails, "cdc_latency.total_latency"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.TotalLatency })),
		},
		{
			counter("qem_task_cdc_applied_changes_total",
				"Changes that the task applied to the target, by operation; reset when the task starts anew. Absent when the API does not give it."),
			source{taskDetails, "cdc_event_counters.applied_{insert,update,delete,ddl}_count"},
			by([]string{"operation"},
				at("insert", ofDetails(func(d *fleet.TaskDetails) float64 { return d.AppliedInserts })),
				at("update", ofDetails(func(d *fleet.TaskDetails) float64 { return d.AppliedUpdates })),
				at("delete", ofDetails(func(d *fleet.TaskDetails) float64 { return d.AppliedDeletes })),
				at("ddl", ofDetails(func(d *fleet.TaskDetails) float64 { return d.AppliedDDL }))),
		},
		{
			gauge("qem_task_cdc_records_per_second",
				"Current rate of changes at the source and at the target, in records per second. Absent unless the task is running or recovering."),
			source{taskDetails, "cdc_throughput.{source,target}_throughput_records_count.current"},
			by([]string{"endpoint"},
				at("source", ofDetails(func(d *fleet.TaskDetails) float64 { return d.CDCThroughput.SourceRecords })),
				at("target", ofDetails(func(d *fleet.TaskDetails) float64 { return d.CDCThroughput.TargetRecords }))),
		},
		{
			gauge("qem_task_cdc_bytes_per_second",
				"Current rate of changes at the source and at the target, in bytes per second. Absent unless the task is running or recovering."),
			source{taskDetails, "cdc_throughput.{source,target}_throughput_volume.current"},
			by([]string{"endpoint"},
				at("source", ofDetails(func(d *fleet.TaskDetails) float64 { return d.CDCThroughput.SourceBytes })),
				at("target", ofDetails(func(d *fleet.TaskDetails) float64 { return d.CDCThroughput.TargetBytes }))),
		},
	}
}

// taskTransactionFamilies is the table of the transactions that a Replicate task
// handles.
func taskTransactionFamilies() []family[fleet.Task] {
	return []family[fleet.Task]{
		{
			counter("qem_task_cdc_commit_records_total",
				"Change records of committed transactions, in records. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.commit_change_records_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.CommitRecords })),
		},
		{
			counter("qem_task_cdc_rolled_back_transactions_total",
				"Transactions that were rolled back in the source. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.rollback_transaction_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.RolledBackTransactions })),
		},
		{
			counter("qem_task_cdc_rolled_back_records_total",
				"Change records of transactions that were rolled back in the source. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.rollback_change_records_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.RolledBackRecords })),
		},
		{
			counter("qem_task_cdc_rolled_back_bytes_total",
				"Volume of transactions that were rolled back in the source, in bytes. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.rollback_change_volume_mb"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.RolledBackBytes })),
		},
		{
			counter("qem_task_cdc_applied_transactions_total",
				"Transactions that were committed in the target. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.applied_comitted_transaction_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.AppliedTransactions })),
		},
		{
			counter("qem_task_cdc_applied_records_total",
				"Change records of transactions that were committed in the target. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.applied_records_comitted_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.AppliedRecords })),
		},
		{
			counter("qem_task_cdc_applied_bytes_total",
				"Volume of transactions that were committed in the target, in bytes. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.applied_volume_comitted_mb"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.AppliedBytes })),
		},
		{
			gauge("qem_task_cdc_applying_transactions",
				"Transactions that are being applied to the target. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.applied_transactions_in_progress_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.ApplyingTransactions })),
		},
		{
			gauge("qem_task_cdc_applying_records",
				"Change records of the transactions that are being applied to the target. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.applied_records_in_progress_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.ApplyingRecords })),
		},
	}
}

// taskPendingFamilies is the table of the changes that wait in a Replicate task.
func taskPendingFamilies() []family[fleet.Task] {
	return []family[fleet.Task]{
		{
			gauge("qem_task_cdc_pending_changes",
				"Changes that wait in the task: accumulated until the source commits, or applying until the target commits; in memory or on disk. Absent when the API does not give it."),
			source{taskDetails, "cdc_transactions_counters.incoming_{accumulated,applying}_changes_{in_memory,on_disk}_count"},
			by([]string{"stage", "storage"},
				column[fleet.Task]{[]string{"accumulated", "memory"}, ofDetails(func(d *fleet.TaskDetails) float64 { return d.AccumulatedInMemory })},
				column[fleet.Task]{[]string{"accumulated", "disk"}, ofDetails(func(d *fleet.TaskDetails) float64 { return d.AccumulatedOnDisk })},
				column[fleet.Task]{[]string{"applying", "memory"}, ofDetails(func(d *fleet.TaskDetails) float64 { return d.ApplyingInMemory })},
				column[fleet.Task]{[]string{"applying", "disk"}, ofDetails(func(d *fleet.TaskDetails) float64 { return d.ApplyingOnDisk })}),
		},
	}
}
