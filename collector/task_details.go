package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// latencyFamilies is the table of how far and how fast a Replicate task follows its source.
func latencyFamilies() []family[fleet.Task] {
	d := entity[fleet.Task]{replicate, "Details."}
	return []family[fleet.Task]{
		gauge("qem_task_source_latency_seconds", d.field("SourceLatency"),
			"Time from a change in the source to its capture, in seconds."),
		gauge("qem_task_total_latency_seconds", d.field("TotalLatency"),
			"Time from a change in the source to its commit in the target, in seconds."),
		counter("qem_task_cdc_applied_changes_total",
			d.by("operation", "insert=AppliedInserts update=AppliedUpdates delete=AppliedDeletes ddl=AppliedDDL"),
			"Changes that the task applied to the target, by operation; it starts again at 0 when the task is restarted or "+
				"reloaded."),
		gauge("qem_task_cdc_records_per_second",
			d.by("side", "source=CDCThroughput.SourceRecords target=CDCThroughput.TargetRecords"),
			"Current rate of changes at the source and at the target, in records per second."),
		gauge("qem_task_cdc_bytes_per_second",
			d.by("side", "source=CDCThroughput.SourceBytes target=CDCThroughput.TargetBytes"),
			"Current rate of changes at the source and at the target, in bytes per second."),
	}
}

// transactionFamilies is the table of the transactions that a Replicate task handles, and of the changes
// that wait in it.
func transactionFamilies() []family[fleet.Task] {
	d := entity[fleet.Task]{replicate, "Details."}
	return []family[fleet.Task]{
		counter("qem_task_cdc_commit_records_total", d.field("CommitRecords"),
			"Change records of committed transactions, in records."),
		counter("qem_task_cdc_rolled_back_transactions_total", d.field("RolledBackTransactions"),
			"Transactions that were rolled back in the source."),
		counter("qem_task_cdc_rolled_back_records_total", d.field("RolledBackRecords"),
			"Change records of transactions that were rolled back in the source."),
		counter("qem_task_cdc_rolled_back_bytes_total", d.field("RolledBackBytes"),
			"Volume of transactions that were rolled back in the source, in bytes."),
		counter("qem_task_cdc_applied_transactions_total", d.field("AppliedTransactions"),
			"Transactions that were committed in the target."),
		counter("qem_task_cdc_applied_records_total", d.field("AppliedRecords"),
			"Change records of transactions that were committed in the target."),
		counter("qem_task_cdc_applied_bytes_total", d.field("AppliedBytes"),
			"Volume of transactions that were committed in the target, in bytes."),
		gauge("qem_task_cdc_applying_transactions", d.field("ApplyingTransactions"),
			"Transactions that are being applied to the target."),
		gauge("qem_task_cdc_applying_records", d.field("ApplyingRecords"),
			"Change records of the transactions that are being applied to the target."),
		gauge("qem_task_cdc_pending_changes", d.by("stage,storage",
			"accumulated,memory=AccumulatedInMemory accumulated,disk=AccumulatedOnDisk "+
				"applying,memory=ApplyingInMemory applying,disk=ApplyingOnDisk"),
			"Changes that wait in the task: accumulated until the source commits, or applying until the target commits; in "+
				"memory or on disk."),
	}
}

// fullLoadFamilies is the table of a Replicate task's full load.
func fullLoadFamilies() []family[fleet.Task] {
	d := entity[fleet.Task]{replicate, "Details."}
	return []family[fleet.Task]{
		gauge("qem_task_full_load_tables", d.by("state",
			"completed=FullLoad.TablesCompleted loading=FullLoad.TablesLoading "+
				"queued=FullLoad.TablesQueued error=FullLoad.TablesError"),
			"Number of tables in the full load, by state."),
		gauge("qem_task_full_load_completed_records", d.field("FullLoad.RecordsCompleted"),
			"Records that the full load has loaded."),
		gauge("qem_task_full_load_estimated_records", d.field("FullLoad.RecordsEstimated"),
			"Estimated number of records of all tables in the full load, those already loaded among them."),
		gauge("qem_task_full_load_completed", d.field("FullLoad.Completed"),
			"Whether the full load is completed: 1 if so, else 0."),
		gauge("qem_task_full_load_start_timestamp_seconds", d.field("FullLoad.Start"),
			"When the full load started, in Unix seconds. Absent when the API does not give it, as before the first."),
		gauge("qem_task_full_load_end_timestamp_seconds", d.field("FullLoad.End"),
			"When the full load ended, in Unix seconds. Absent when the API does not give it, as while the load lasts."),
		gauge("qem_task_full_load_records_per_second",
			d.by("side", "source=FullLoad.Throughput.SourceRecords target=FullLoad.Throughput.TargetRecords"),
			"Current rate of the full load at the source and at the target, in records per second."),
		gauge("qem_task_full_load_bytes_per_second",
			d.by("side", "source=FullLoad.Throughput.SourceBytes target=FullLoad.Throughput.TargetBytes"),
			"Current rate of the full load at the source and at the target, in bytes per second."),
	}
}

// resourceFamilies is the table of what a Replicate task uses, and of its data errors.
func resourceFamilies() []family[fleet.Task] {
	d := entity[fleet.Task]{replicate, "Details."}
	return []family[fleet.Task]{
		gauge("qem_task_memory_bytes", d.field("MemoryBytes"), "Memory that the task uses, in bytes."),
		gauge("qem_task_cpu_ratio", d.field("CPU"), "CPU use of the task, as a ratio."),
		gauge("qem_task_disk_usage_bytes", d.field("DiskBytes"), "Disk space that the task uses, in bytes."),
		gauge("qem_task_data_errors", d.field("DataErrors"),
			"Data errors of the task, in all its tables: a sum over tables that are reset one by one, and thus no counter."),
	}
}
