package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// latencyFamilies is the table of how far and how fast a Replicate task follows its source.
func latencyFamilies() []family[fleet.TaskDetails] {
	return []family[fleet.TaskDetails]{
		gauge("qem_task_source_latency_seconds", taskDetails+" `cdc_latency.source_latency`",
			"Time from a change in the source to its capture, in seconds. Absent unless the task is running or recovering "+
				"with apply or store changes on.", one(func(d *fleet.TaskDetails) num { return d.SourceLatency })),
		gauge("qem_task_total_latency_seconds", taskDetails+" `cdc_latency.total_latency`",
			"Time from a change in the source to its commit in the target, in seconds. Absent unless the task is running or "+
				"recovering with apply or store changes on.", one(func(d *fleet.TaskDetails) num { return d.TotalLatency })),
		counter("qem_task_cdc_applied_changes_total",
			taskDetails+" `cdc_event_counters.applied_{insert,update,delete,ddl}_count`",
			"Changes that the task applied to the target, by operation; it starts again at 0 when the task is restarted or "+
				"reloaded.",
			by("operation",
				at("insert", func(d *fleet.TaskDetails) num { return d.AppliedInserts }),
				at("update", func(d *fleet.TaskDetails) num { return d.AppliedUpdates }),
				at("delete", func(d *fleet.TaskDetails) num { return d.AppliedDeletes }),
				at("ddl", func(d *fleet.TaskDetails) num { return d.AppliedDDL }))),
		gauge("qem_task_cdc_records_per_second",
			taskDetails+" `cdc_throughput.{source,target}_throughput_records_count.current`",
			"Current rate of changes at the source and at the target, in records per second. Absent unless the task is "+
				"running or recovering.",
			by("side",
				at("source", func(d *fleet.TaskDetails) num { return d.CDCThroughput.SourceRecords }),
				at("target", func(d *fleet.TaskDetails) num { return d.CDCThroughput.TargetRecords }))),
		gauge("qem_task_cdc_bytes_per_second", taskDetails+" `cdc_throughput.{source,target}_throughput_volume.current`",
			"Current rate of changes at the source and at the target, in bytes per second. Absent unless the task is running "+
				"or recovering.",
			by("side",
				at("source", func(d *fleet.TaskDetails) num { return d.CDCThroughput.SourceBytes }),
				at("target", func(d *fleet.TaskDetails) num { return d.CDCThroughput.TargetBytes }))),
	}
}

// transactionFamilies is the table of the transactions that a Replicate task handles, and of the changes
// that wait in it.
func transactionFamilies() []family[fleet.TaskDetails] {
	return []family[fleet.TaskDetails]{
		counter("qem_task_cdc_commit_records_total", taskDetails+" `cdc_transactions_counters.commit_change_records_count`",
			"Change records of committed transactions, in records.",
			one(func(d *fleet.TaskDetails) num { return d.CommitRecords })),
		counter("qem_task_cdc_rolled_back_transactions_total",
			taskDetails+" `cdc_transactions_counters.rollback_transaction_count`",
			"Transactions that were rolled back in the source.",
			one(func(d *fleet.TaskDetails) num { return d.RolledBackTransactions })),
		counter("qem_task_cdc_rolled_back_records_total",
			taskDetails+" `cdc_transactions_counters.rollback_change_records_count`",
			"Change records of transactions that were rolled back in the source.",
			one(func(d *fleet.TaskDetails) num { return d.RolledBackRecords })),
		counter("qem_task_cdc_rolled_back_bytes_total",
			taskDetails+" `cdc_transactions_counters.rollback_change_volume_mb`",
			"Volume of transactions that were rolled back in the source, in bytes.",
			one(func(d *fleet.TaskDetails) num { return d.RolledBackBytes })),
		counter("qem_task_cdc_applied_transactions_total",
			taskDetails+" `cdc_transactions_counters.applied_comitted_transaction_count`",
			"Transactions that were committed in the target.",
			one(func(d *fleet.TaskDetails) num { return d.AppliedTransactions })),
		counter("qem_task_cdc_applied_records_total",
			taskDetails+" `cdc_transactions_counters.applied_records_comitted_count`",
			"Change records of transactions that were committed in the target.",
			one(func(d *fleet.TaskDetails) num { return d.AppliedRecords })),
		counter("qem_task_cdc_applied_bytes_total", taskDetails+" `cdc_transactions_counters.applied_volume_comitted_mb`",
			"Volume of transactions that were committed in the target, in bytes.",
			one(func(d *fleet.TaskDetails) num { return d.AppliedBytes })),
		gauge("qem_task_cdc_applying_transactions",
			taskDetails+" `cdc_transactions_counters.applied_transactions_in_progress_count`",
			"Transactions that are being applied to the target.",
			one(func(d *fleet.TaskDetails) num { return d.ApplyingTransactions })),
		gauge("qem_task_cdc_applying_records", taskDetails+" `cdc_transactions_counters.applied_records_in_progress_count`",
			"Change records of the transactions that are being applied to the target.",
			one(func(d *fleet.TaskDetails) num { return d.ApplyingRecords })),
		gauge("qem_task_cdc_pending_changes",
			taskDetails+" `cdc_transactions_counters.incoming_{accumulated,applying}_changes_{in_memory,on_disk}_count`",
			"Changes that wait in the task: accumulated until the source commits, or applying until the target commits; in "+
				"memory or on disk.",
			by("stage,storage",
				at("accumulated,memory", func(d *fleet.TaskDetails) num { return d.AccumulatedInMemory }),
				at("accumulated,disk", func(d *fleet.TaskDetails) num { return d.AccumulatedOnDisk }),
				at("applying,memory", func(d *fleet.TaskDetails) num { return d.ApplyingInMemory }),
				at("applying,disk", func(d *fleet.TaskDetails) num { return d.ApplyingOnDisk }))),
	}
}

// fullLoadFamilies is the table of a Replicate task's full load.
func fullLoadFamilies() []family[fleet.TaskDetails] {
	return []family[fleet.TaskDetails]{
		gauge("qem_task_full_load_tables",
			taskDetails+" `full_load_counters.tables_{completed,loading,queued,with_error}_count`",
			"Number of tables in the full load, by state.",
			by("state",
				at("completed", func(d *fleet.TaskDetails) num { return d.FullLoad.TablesCompleted }),
				at("loading", func(d *fleet.TaskDetails) num { return d.FullLoad.TablesLoading }),
				at("queued", func(d *fleet.TaskDetails) num { return d.FullLoad.TablesQueued }),
				at("error", func(d *fleet.TaskDetails) num { return d.FullLoad.TablesError }))),
		gauge("qem_task_full_load_completed_records", taskDetails+" `full_load_counters.records_completed_count`",
			"Records that the full load has loaded.",
			one(func(d *fleet.TaskDetails) num { return d.FullLoad.RecordsCompleted })),
		gauge("qem_task_full_load_estimated_records",
			taskDetails+" `full_load_counters.estimated_records_for_all_tables_count`",
			"Estimated number of records of all tables in the full load, those already loaded among them.",
			one(func(d *fleet.TaskDetails) num { return d.FullLoad.RecordsEstimated })),
		gauge("qem_task_full_load_completed", taskDetails+" `full_load_completed`",
			"Whether the full load is completed: 1 if so, else 0.",
			one(func(d *fleet.TaskDetails) num { return d.FullLoad.Completed.Number() })),
		gauge("qem_task_full_load_start_timestamp_seconds", taskDetails+" `full_load_start`",
			"When the full load started, in Unix seconds. Absent when the API does not give it, as before the first.",
			one(func(d *fleet.TaskDetails) num { return d.FullLoad.Start })),
		gauge("qem_task_full_load_end_timestamp_seconds", taskDetails+" `full_load_end`",
			"When the full load ended, in Unix seconds. Absent when the API does not give it, as while the load lasts.",
			one(func(d *fleet.TaskDetails) num { return d.FullLoad.End })),
		gauge("qem_task_full_load_records_per_second",
			taskDetails+" `full_load_throughput.{source,target}_throughput_records_count`",
			"Current rate of the full load at the source and at the target, in records per second. Absent unless the task is "+
				"running or recovering.",
			by("side",
				at("source", func(d *fleet.TaskDetails) num { return d.FullLoad.Throughput.SourceRecords }),
				at("target", func(d *fleet.TaskDetails) num { return d.FullLoad.Throughput.TargetRecords }))),
		gauge("qem_task_full_load_bytes_per_second",
			taskDetails+" `full_load_throughput.{source,target}_throughput_volume`",
			"Current rate of the full load at the source and at the target, in bytes per second. Absent unless the task is "+
				"running or recovering.",
			by("side",
				at("source", func(d *fleet.TaskDetails) num { return d.FullLoad.Throughput.SourceBytes }),
				at("target", func(d *fleet.TaskDetails) num { return d.FullLoad.Throughput.TargetBytes }))),
	}
}

// resourceFamilies is the table of what a Replicate task uses, and of its data errors.
func resourceFamilies() []family[fleet.TaskDetails] {
	return []family[fleet.TaskDetails]{
		gauge("qem_task_memory_bytes", taskDetails+" `memory_mb`", "Memory that the task uses, in bytes.",
			one(func(d *fleet.TaskDetails) num { return d.MemoryBytes })),
		gauge("qem_task_cpu_ratio", taskDetails+" `cpu_percentage`", "CPU use of the task, as a ratio.",
			one(func(d *fleet.TaskDetails) num { return d.CPU })),
		gauge("qem_task_disk_usage_bytes", taskDetails+" `disk_usage_mb`", "Disk space that the task uses, in bytes.",
			one(func(d *fleet.TaskDetails) num { return d.DiskBytes })),
		gauge("qem_task_data_errors", taskDetails+" `data_error_count`",
			"Data errors of the task, in all its tables: a sum over tables that are reset one by one, and thus no counter.",
			one(func(d *fleet.TaskDetails) num { return d.DataErrors })),
	}
}
