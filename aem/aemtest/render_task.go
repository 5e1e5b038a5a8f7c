package aemtest

// taskDetails writes a task in detail.
func (w *writer) taskDetails(v *Task) {
	if w.shape == Legacy {
		w.open()
		w.object("task")
		defer w.close()
	} else {
		w.open()
	}
	switch w.shape {
	case RealWorld:
		w.str("$type", v.Type)
	case Guide:
		w.guideType(v)
	}
	if v.Product == Compose {
		w.composeTask(v)
	} else {
		w.replicateTask(v)
	}
	w.close()
}

// guideType writes the discriminator as the guide has it: type for a Replicate
// task, $type for one of Compose.
func (w *writer) guideType(v *Task) {
	if v.Product == Compose {
		w.str("$type", v.Type)
	} else {
		w.str("type", "ReplicateTaskInfoDetailed")
	}
}

func (w *writer) endpoint(k string, v Endpoint) {
	if v == (Endpoint{}) {
		w.null(k)
		return
	}
	w.object(k)
	w.str("name", v.Name)
	w.str("type", v.Type)
	w.close()
}

func (w *writer) replicateTask(v *Task) {
	w.str("name", v.Name)
	w.enum("state", v.State, taskStates)
	w.str("description", v.Description)
	w.message(v.Message)
	w.endpoint("source_endpoint", v.Source)
	w.endpoint("target_endpoint", v.Target)
	w.object("cdc_event_counters")
	w.num("applied_insert_count", v.CDC.Inserts)
	w.num("applied_update_count", v.CDC.Updates)
	w.num("applied_delete_count", v.CDC.Deletes)
	w.num("applied_ddl_count", v.CDC.DDL)
	w.close()
	w.fullLoad(&v.FullLoad)
	w.throughput("full_load_throughput", v.FullLoadThroughput, w.shape == Legacy)
	w.throughput("cdc_throughput", v.CDCThroughput, w.shape != Legacy)
	w.transactions(&v.Transactions)
	w.object("cdc_latency")
	w.span("source_latency", v.SourceLatency)
	w.span("total_latency", v.TotalLatency)
	w.close()
	w.str("profile", v.Profile)
	w.enum("task_stop_reason", v.StopReason, stopReasons)
	w.bare("memory_mb", v.MemoryMB)
	w.num("cpu_percentage", v.CPU)
	w.num("disk_usage_mb", v.DiskMB)
	w.num("data_error_count", v.DataErrors)
	w.object("options")
	w.boolean("full_load_enabled", v.FullLoadEnabled)
	w.boolean("apply_changes_enabled", v.ApplyChanges)
	w.boolean("store_changes_enabled", v.StoreChanges)
	w.boolean("audit_changes_enabled", v.AuditChanges)
	w.close()
	w.str("log_stream_staging", v.LogStreamStaging)
	w.strings("assigned_tags", v.Tags)
}

// fullLoad writes the progress of the full load: three of its fields stand beside
// the counters, in the guide among them.
func (w *writer) fullLoad(v *FullLoad) {
	w.object("full_load_counters")
	w.num("tables_completed_count", v.TablesCompleted)
	w.num("tables_loading_count", v.TablesLoading)
	w.num("tables_queued_count", v.TablesQueued)
	w.num("tables_with_error_count", v.TablesWithError)
	w.num("records_completed_count", v.RecordsCompleted)
	w.num("estimated_records_for_all_tables_count", v.RecordsEstimated)
	if w.shape != Guide {
		w.close()
	}
	w.boolean("full_load_completed", v.Completed)
	w.when("full_load_start", v.Start)
	w.when("full_load_end", v.End)
	if w.shape == Guide {
		w.close()
	}
}

// throughput writes a rate, each number bare or in an object as the current one.
func (w *writer) throughput(k string, v Throughput, current bool) {
	w.object(k)
	w.rate("source_throughput_records_count", v.SourceRecords, current)
	w.rate("source_throughput_volume", v.SourceVolume, current)
	w.rate("target_throughput_records_count", v.TargetRecords, current)
	w.rate("target_throughput_volume", v.TargetVolume, current)
	w.close()
}

func (w *writer) rate(k string, v int64, current bool) {
	if !current {
		w.num(k, v)
		return
	}
	w.object(k)
	w.num("current", v)
	w.close()
}

func (w *writer) transactions(v *Transactions) {
	section, transactions, records, volume := "cdc_transactions_counters",
		"applied_comitted_transaction_count", "applied_records_comitted_count", "applied_volume_comitted_mb"
	switch w.shape {
	case Guide:
		transactions = "applied_comitted_transacion_count"
	case Legacy:
		section, transactions, records, volume = "cdc_transaction_counters",
			"applied_committed_transaction_count", "applied_records_committed_count", "applied_volume_committed_mb"
	}
	w.object(section)
	w.num("commit_change_records_count", v.CommitChangeRecords)
	w.num("rollback_transaction_count", v.RollbackTransactions)
	w.num("rollback_change_records_count", v.RollbackChangeRecords)
	w.num("rollback_change_volume_mb", v.RollbackChangeMB)
	w.num("applied_transactions_in_progress_count", v.AppliedTransactionsInProgress)
	w.num("applied_records_in_progress_count", v.AppliedRecordsInProgress)
	w.num(transactions, v.AppliedTransactions)
	w.num(records, v.AppliedRecords)
	w.num(volume, v.AppliedMB)
	w.num("incoming_accumulated_changes_in_memory_count", v.AccumulatedChangesInMemory)
	w.num("incoming_accumulated_changes_on_disk_count", v.AccumulatedChangesOnDisk)
	w.num("incoming_applying_changes_in_memory_count", v.ApplyingChangesInMemory)
	w.num("incoming_applying_changes_on_disk_count", v.ApplyingChangesOnDisk)
	w.close()
}

func (w *writer) composeTask(v *Task) {
	w.str("project", v.Project)
	w.str("profile", v.Profile)
	w.boolean("loading_completed", v.Loading.Completed)
	w.when("loading_start", v.Loading.Start)
	w.when("loading_end", v.Loading.End)
	w.object("options")
	w.boolean("full_load_enabled", v.FullLoadEnabled)
	w.boolean("apply_changes_enabled", v.ApplyChanges)
	w.close()
	w.object("loading_counters")
	w.num("tables_total_count", v.Loading.TablesTotal)
	w.num("tables_completed_count", v.Loading.TablesCompleted)
	w.num("tables_loading_count", v.Loading.TablesLoading)
	w.num("tables_queued_count", v.Loading.TablesQueued)
	w.num("tables_with_error_count", v.Loading.TablesWithError)
	w.num("commands_total_count", v.Loading.CommandsTotal)
	w.num("commands_completed_count", v.Loading.CommandsCompleted)
	w.close()
	w.str("name", v.Name)
	w.message(v.Message)
	w.enum("state", v.State, taskStates)
	w.str("description", v.Description)
	w.endpoint("source_endpoint", v.Source)
	w.endpoint("target_endpoint", v.Target)
	w.strings("assigned_tags", v.Tags)
}
