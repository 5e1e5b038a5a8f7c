package app

import (
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// account is what an exporter should serve of a simulated Enterprise Manager in the
// RealWorld shape: all samples but those that depend on the instant of the poll.
type account struct {
	samples
	objective float64 // of every Replicate task without one of its own
}

func expected(state *aemtest.State, objective time.Duration) samples {
	a := account{samples{}, objective.Seconds()}
	for i := range state.Servers {
		a.server(&state.Servers[i])
	}
	return a.samples
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace

// entity names one server, task or table: labels and values in turns.
type entity []string

func (e entity) with(labels ...string) entity { return slices.Concat(e, labels) }

func (e entity) series(name string) string {
	var b strings.Builder
	b.WriteString(name)
	for i := 0; i < len(e); i += 2 {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + e[i] + `="` + escape(e[i+1]) + `"`)
	}
	return b.String() + "}"
}

// info is a series whose labels describe the entity; they stand in the order of their
// names.
func (a account) info(e entity, name string, labels ...string) {
	var pairs [][2]string
	for all := e.with(labels...); len(all) > 0; all = all[2:] {
		pairs = append(pairs, [2]string{all[0], all[1]})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var sorted entity
	for _, p := range pairs {
		sorted = append(sorted, p[0], p[1])
	}
	a.samples[sorted.series(name)] = 1
}

func (a account) value(e entity, name string, v float64, labels ...string) {
	a.samples[e.with(labels...).series(name)] = v
}

// number is a count in a larger unit; a negative one says that there is none.
func (a account) number(e entity, name string, unit float64, n int64, labels ...string) {
	if n >= 0 {
		a.value(e, name, unit*float64(n), labels...)
	}
}

func (a account) flag(e entity, name string, v bool, labels ...string) {
	a.value(e, name, map[bool]float64{true: 1}[v], labels...)
}

func (a account) instant(e entity, name string, t time.Time) {
	if !t.IsZero() {
		a.value(e, name, float64(t.Unix()))
	}
}

// counts are the values of one label.
func (a account) counts(e entity, name, label string, values ...any) {
	for i := 0; i < len(values); i += 2 {
		a.number(e, name, 1, values[i+1].(int64), label, values[i].(string))
	}
}

func (a account) states(e entity, name, current string, known ...string) {
	for _, state := range known {
		a.value(e, name, 0, "state", state)
	}
	a.value(e, name, 1, "state", current)
}

func (a account) server(v *aemtest.ServerState) {
	e := entity{"manager", "prod", "server", v.Name}
	a.info(e, "qem_server_info", "product", string(v.Product), "host", v.Host, "port", v.Port, "platform", strings.ToLower(v.Platform), "version", v.Version)
	a.states(e, "qem_server_state", strings.ToLower(v.State), "monitored", "not_monitored", "error")
	a.instant(e, "qem_server_last_connection_timestamp_seconds", v.LastConnection)
	license := map[string]string{aemtest.LicenseValid: "valid", aemtest.LicenseExpired: "expired"}[v.License.State]
	a.states(e, "qem_server_license_state", license, "valid", "invalid_checksum", "expired", "no_license", "machine_not_licensed", "invalid")
	a.instant(e, "qem_server_license_issue_timestamp_seconds", v.License.Issued)
	a.instant(e, "qem_server_license_expiry_timestamp_seconds", v.License.Expires)
	if !v.License.Expires.IsZero() {
		a.value(e, "qem_server_license_days_to_expiration", float64(v.License.Days))
	}
	a.counts(e, "qem_server_tasks", "state", "running", v.Summary.Running, "stopped", v.Summary.Stopped, "recovering", v.Summary.Recovering, "error", v.Summary.Error)
	a.number(e, "qem_server_disk_usage_bytes", 1<<20, v.Utilization.DiskMB)
	a.number(e, "qem_server_memory_bytes", 1<<20, v.Utilization.MemoryMB)
	a.percent(e, "qem_server_replicate_cpu_ratio", v.Utilization.ReplicateCPU)
	a.percent(e, "qem_server_machine_cpu_ratio", v.Utilization.MachineCPU)
	switch v.State {
	case aemtest.Monitored:
		a.value(e, "qem_server_up", 1)
		for i := range v.Tasks {
			a.task(e.with("task", v.Tasks[i].Name), &v.Tasks[i])
		}
	case aemtest.ServerError:
		a.value(e, "qem_server_up", 0)
	}
}

func (a account) percent(e entity, name string, n int64) {
	if n >= 0 {
		a.value(e, name, float64(n)/100)
	}
}

func (a account) task(e entity, v *aemtest.Task) {
	word := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "_") }
	a.info(e, "qem_task_info", "product", string(v.Product), "type", v.Type, "profile", word(v.Profile), "project", v.Project,
		"source", v.Source.Name, "source_type", v.Source.Type, "target", v.Target.Name, "target_type", v.Target.Type, "log_stream_staging", v.LogStreamStaging)
	state := word(v.State)
	if v.State == aemtest.Recovery {
		state = "recovering"
	}
	a.states(e, "qem_task_state", state, "running", "stopped", "error", "recovering")
	a.value(e, "qem_task_stop_reason", 1, "reason", word(v.StopReason))
	a.value(e, "qem_task_up", 1)
	a.flag(e, "qem_task_option_enabled", v.FullLoadEnabled, "option", "full_load")
	a.flag(e, "qem_task_option_enabled", v.ApplyChanges, "option", "apply_changes")
	objective := a.objective
	for _, tag := range v.Tags {
		a.value(e, "qem_task_tag", 1, "tag", tag)
		if text, ok := strings.CutPrefix(tag, "latency_objective="); ok && objective == a.objective {
			if d, err := time.ParseDuration(text); err == nil {
				objective = d.Seconds()
			}
		}
	}
	if v.Product == aemtest.Compose {
		a.compose(e, &v.Loading)
		return
	}
	a.value(e, "qem_task_latency_objective_seconds", objective)
	a.flag(e, "qem_task_option_enabled", v.StoreChanges, "option", "store_changes")
	a.flag(e, "qem_task_option_enabled", v.AuditChanges, "option", "audit_changes")
	a.changes(e, v)
	a.load(e, v)
	a.number(e, "qem_task_memory_bytes", 1<<20, v.MemoryMB)
	a.percent(e, "qem_task_cpu_ratio", v.CPU)
	a.number(e, "qem_task_disk_usage_bytes", 1<<20, v.DiskMB)
	a.number(e, "qem_task_data_errors_total", 1, v.DataErrors)
	a.tables(e, v.Tables)
}

func (a account) compose(e entity, l *aemtest.Loading) {
	a.flag(e, "qem_compose_task_loading_completed", l.Completed)
	a.instant(e, "qem_compose_task_loading_start_timestamp_seconds", l.Start)
	a.instant(e, "qem_compose_task_loading_end_timestamp_seconds", l.End)
	a.counts(e, "qem_compose_task_tables", "state", "completed", l.TablesCompleted, "loading", l.TablesLoading, "queued", l.TablesQueued, "error", l.TablesWithError)
	a.number(e, "qem_compose_task_expected_tables", 1, l.TablesTotal)
	a.number(e, "qem_compose_task_commands", 1, l.CommandsTotal)
	a.number(e, "qem_compose_task_completed_commands", 1, l.CommandsCompleted)
}

func working(v *aemtest.Task) bool { return v.State == aemtest.Running || v.State == aemtest.Recovery }

func (a account) throughput(e entity, prefix string, t aemtest.Throughput) {
	a.counts(e, prefix+"_records_per_second", "endpoint", "source", t.SourceRecords, "target", t.TargetRecords)
	a.counts(e, prefix+"_bytes_per_second", "endpoint", "source", t.SourceVolume*1024, "target", t.TargetVolume*1024)
}

func (a account) changes(e entity, v *aemtest.Task) {
	if working(v) {
		a.throughput(e, "qem_task_cdc", v.CDCThroughput)
		if v.ApplyChanges || v.StoreChanges {
			a.value(e, "qem_task_source_latency_seconds", v.SourceLatency.Seconds())
			a.value(e, "qem_task_total_latency_seconds", v.TotalLatency.Seconds())
		}
	}
	a.counts(e, "qem_task_cdc_applied_changes_total", "operation", "insert", v.CDC.Inserts, "update", v.CDC.Updates, "delete", v.CDC.Deletes, "ddl", v.CDC.DDL)
	x := &v.Transactions
	a.number(e, "qem_task_cdc_commit_records_total", 1, x.CommitChangeRecords)
	a.number(e, "qem_task_cdc_rolled_back_transactions_total", 1, x.RollbackTransactions)
	a.number(e, "qem_task_cdc_rolled_back_records_total", 1, x.RollbackChangeRecords)
	a.number(e, "qem_task_cdc_rolled_back_bytes_total", 1<<20, x.RollbackChangeMB)
	a.number(e, "qem_task_cdc_applied_transactions_total", 1, x.AppliedTransactions)
	a.number(e, "qem_task_cdc_applied_records_total", 1, x.AppliedRecords)
	a.number(e, "qem_task_cdc_applied_bytes_total", 1<<20, x.AppliedMB)
	a.number(e, "qem_task_cdc_applying_transactions", 1, x.AppliedTransactionsInProgress)
	a.number(e, "qem_task_cdc_applying_records", 1, x.AppliedRecordsInProgress)
	const pending = "qem_task_cdc_pending_changes"
	a.number(e, pending, 1, x.AccumulatedChangesInMemory, "stage", "accumulated", "storage", "memory")
	a.number(e, pending, 1, x.AccumulatedChangesOnDisk, "stage", "accumulated", "storage", "disk")
	a.number(e, pending, 1, x.ApplyingChangesInMemory, "stage", "applying", "storage", "memory")
	a.number(e, pending, 1, x.ApplyingChangesOnDisk, "stage", "applying", "storage", "disk")
}

func (a account) load(e entity, v *aemtest.Task) {
	l := &v.FullLoad
	if working(v) {
		a.throughput(e, "qem_task_full_load", v.FullLoadThroughput)
	}
	a.counts(e, "qem_task_full_load_tables", "state", "completed", l.TablesCompleted, "loading", l.TablesLoading, "queued", l.TablesQueued, "error", l.TablesWithError)
	a.number(e, "qem_task_full_load_completed_records", 1, l.RecordsCompleted)
	a.number(e, "qem_task_full_load_estimated_records", 1, l.RecordsEstimated)
	a.flag(e, "qem_task_full_load_completed", l.Completed)
	a.instant(e, "qem_task_full_load_start_timestamp_seconds", l.Start)
	a.instant(e, "qem_task_full_load_end_timestamp_seconds", l.End)
}

// tables are all tables of a task.
func (a account) tables(task entity, tables []aemtest.Table) {
	counts := map[string]int64{"queued": 0, "loading": 0, "completed": 0, "change_processing": 0, "error": 0}
	for i := range tables {
		v := &tables[i]
		state := strings.TrimPrefix(strings.ToLower(v.State), "table_")
		counts[state]++
		e := entity{task[0], task[1], "schema", v.Schema, task[2], task[3], "table", v.Name, task[4], task[5]}
		a.value(e, "qem_table_state", 1, "state", state)
		a.number(e, "qem_table_data_errors_total", 1, v.DataErrors)
		a.counts(e, "qem_table_cdc_applied_changes_total", "operation", "insert", v.Changes.Inserts, "update", v.Changes.Updates, "delete", v.Changes.Deletes, "ddl", v.Changes.DDL)
		a.instant(e, "qem_table_last_update_timestamp_seconds", v.LastUpdate)
		a.number(e, "qem_table_full_load_rows", 1, v.TransferredRows)
		a.number(e, "qem_table_full_load_estimated_rows", 1, v.EstimatedRows)
		a.number(e, "qem_table_full_load_bytes", 1, v.TransferredBytes)
		a.instant(e, "qem_table_full_load_start_timestamp_seconds", v.Start)
		a.instant(e, "qem_table_full_load_end_timestamp_seconds", v.End)
		a.counts(e, "qem_table_full_load_cached_changes", "operation", "insert", v.CachedInserts, "update", v.CachedUpdates, "delete", v.CachedDeletes)
	}
	for state, n := range counts {
		a.number(task, "qem_task_tables", 1, n, "state", state)
	}
}
