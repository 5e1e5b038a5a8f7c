package web

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// taskView is a task at a glance.
type taskView struct {
	Name             string       `json:"name"`
	Product          string       `json:"product"`
	State            string       `json:"state"`
	StopReason       string       `json:"stop_reason,omitempty"`
	Message          string       `json:"message,omitempty"`
	Tags             []string     `json:"tags,omitempty"`
	Up               bool         `json:"up"`
	Severity         severity     `json:"severity"`
	Reasons          []string     `json:"reasons,omitempty"`
	Late             bool         `json:"late"`
	SourceLatency    number       `json:"source_latency_seconds,omitzero"`
	TotalLatency     number       `json:"total_latency_seconds,omitzero"`
	LatencyObjective number       `json:"latency_objective_seconds,omitzero"`
	DataErrors       number       `json:"data_errors,omitzero"`
	RecordsPerSecond number       `json:"records_per_second,omitzero"`
	FullLoadRatio    number       `json:"full_load_ratio,omitzero"`
	Tables           *tablesView  `json:"tables,omitempty"`
	Details          *detailsView `json:"details,omitempty"`
	Compose          *composeView `json:"compose,omitempty"`
}

type tablesView struct {
	Queued           int            `json:"queued"`
	Loading          int            `json:"loading"`
	Completed        int            `json:"completed"`
	ChangeProcessing int            `json:"change_processing"`
	Error            int            `json:"error"`
	Other            map[string]int `json:"other,omitempty"`
}

type detailsView struct {
	Type                string          `json:"type,omitempty"`
	Profile             string          `json:"profile,omitempty"`
	Project             string          `json:"project,omitempty"`
	Source              string          `json:"source,omitempty"`
	SourceType          string          `json:"source_type,omitempty"`
	Target              string          `json:"target,omitempty"`
	TargetType          string          `json:"target_type,omitempty"`
	LogStreamStaging    string          `json:"log_stream_staging,omitempty"`
	Options             map[string]bool `json:"options,omitempty"`
	AppliedInserts      number          `json:"applied_inserts,omitzero"`
	AppliedUpdates      number          `json:"applied_updates,omitzero"`
	AppliedDeletes      number          `json:"applied_deletes,omitzero"`
	AppliedDDL          number          `json:"applied_ddl,omitzero"`
	CDC                 *rateView       `json:"cdc_throughput,omitempty"`
	AppliedTransactions number          `json:"applied_transactions,omitzero"`
	AppliedRecords      number          `json:"applied_records,omitzero"`
	AppliedBytes        number          `json:"applied_bytes,omitzero"`
	AccumulatedInMemory number          `json:"accumulated_memory_changes,omitzero"`
	AccumulatedOnDisk   number          `json:"accumulated_disk_changes,omitzero"`
	ApplyingInMemory    number          `json:"applying_memory_changes,omitzero"`
	ApplyingOnDisk      number          `json:"applying_disk_changes,omitzero"`
	FullLoad            *fullLoadView   `json:"full_load,omitempty"`
	MemoryBytes         number          `json:"memory_bytes,omitzero"`
	CPU                 number          `json:"cpu_ratio,omitzero"`
	DiskBytes           number          `json:"disk_bytes,omitzero"`
}

type rateView struct {
	SourceRecords number `json:"source_records_per_second,omitzero"`
	SourceBytes   number `json:"source_bytes_per_second,omitzero"`
	TargetRecords number `json:"target_records_per_second,omitzero"`
	TargetBytes   number `json:"target_bytes_per_second,omitzero"`
}

type fullLoadView struct {
	TablesCompleted  number    `json:"tables_completed,omitzero"`
	TablesLoading    number    `json:"tables_loading,omitzero"`
	TablesQueued     number    `json:"tables_queued,omitzero"`
	TablesError      number    `json:"tables_error,omitzero"`
	RecordsCompleted number    `json:"records_completed,omitzero"`
	RecordsEstimated number    `json:"records_estimated,omitzero"`
	Completed        *bool     `json:"completed,omitempty"`
	Start            number    `json:"start_timestamp_seconds,omitzero"`
	End              number    `json:"end_timestamp_seconds,omitzero"`
	Throughput       *rateView `json:"throughput,omitempty"`
}

type composeView struct {
	LoadingCompleted  *bool  `json:"loading_completed,omitempty"`
	LoadingStart      number `json:"loading_start_timestamp_seconds,omitzero"`
	LoadingEnd        number `json:"loading_end_timestamp_seconds,omitzero"`
	TablesExpected    number `json:"tables_expected,omitzero"`
	TablesCompleted   number `json:"tables_completed,omitzero"`
	TablesLoading     number `json:"tables_loading,omitzero"`
	TablesQueued      number `json:"tables_queued,omitzero"`
	TablesError       number `json:"tables_error,omitzero"`
	Commands          number `json:"commands,omitzero"`
	CommandsCompleted number `json:"commands_completed,omitzero"`
}

func viewTask(t *fleet.Task, a attention, details bool) taskView {
	absent := number(fleet.Absent())
	v := taskView{
		Name: t.Name, Product: t.Product, State: t.State, StopReason: t.StopReason, Message: t.Message, Tags: t.Tags, Up: t.Up,
		Severity: a.severity, Reasons: a.reasons, Late: a.late,
		SourceLatency: absent, TotalLatency: absent, LatencyObjective: number(t.LatencyObjective),
		DataErrors: absent, RecordsPerSecond: number(recordsPerSecond(t)), FullLoadRatio: number(fullLoadRatio(t)),
	}
	if s := t.TableStates; s != nil {
		tables := tablesView(*s)
		v.Tables = &tables
	}
	if d := t.Details; d != nil {
		v.SourceLatency, v.TotalLatency, v.DataErrors = number(d.SourceLatency), number(d.TotalLatency), number(d.DataErrors)
		if details {
			v.Details = viewDetails(d)
		}
	}
	if c := t.Compose; c != nil && details {
		v.Compose = &composeView{
			LoadingCompleted: truth(c.LoadingCompleted), LoadingStart: number(c.LoadingStart), LoadingEnd: number(c.LoadingEnd),
			TablesExpected: number(c.TablesExpected), TablesCompleted: number(c.TablesCompleted), TablesLoading: number(c.TablesLoading),
			TablesQueued: number(c.TablesQueued), TablesError: number(c.TablesError),
			Commands: number(c.Commands), CommandsCompleted: number(c.CommandsCompleted),
		}
	}
	return v
}

func viewDetails(d *fleet.TaskDetails) *detailsView {
	v := &detailsView{
		Type: d.Type, Profile: d.Profile, Project: d.Project, Source: d.Source, SourceType: d.SourceType, Target: d.Target, TargetType: d.TargetType,
		LogStreamStaging: d.LogStreamStaging, Options: optionsOf(d),
		AppliedInserts: number(d.AppliedInserts), AppliedUpdates: number(d.AppliedUpdates), AppliedDeletes: number(d.AppliedDeletes), AppliedDDL: number(d.AppliedDDL),
		CDC:                 viewRate(d.CDCThroughput),
		AppliedTransactions: number(d.AppliedTransactions), AppliedRecords: number(d.AppliedRecords), AppliedBytes: number(d.AppliedBytes),
		AccumulatedInMemory: number(d.AccumulatedInMemory), AccumulatedOnDisk: number(d.AccumulatedOnDisk),
		ApplyingInMemory: number(d.ApplyingInMemory), ApplyingOnDisk: number(d.ApplyingOnDisk),
		MemoryBytes: number(d.MemoryBytes), CPU: number(d.CPU), DiskBytes: number(d.DiskBytes),
	}
	f := fullLoadView{
		TablesCompleted: number(d.FullLoad.TablesCompleted), TablesLoading: number(d.FullLoad.TablesLoading),
		TablesQueued: number(d.FullLoad.TablesQueued), TablesError: number(d.FullLoad.TablesError),
		RecordsCompleted: number(d.FullLoad.RecordsCompleted), RecordsEstimated: number(d.FullLoad.RecordsEstimated),
		Completed: truth(d.FullLoad.Completed), Start: number(d.FullLoad.Start), End: number(d.FullLoad.End),
		Throughput: viewRate(d.FullLoad.Throughput),
	}
	if !number(d.FullLoad.TablesCompleted).IsZero() || !number(d.FullLoad.RecordsCompleted).IsZero() || f.Completed != nil || f.Throughput != nil {
		v.FullLoad = &f
	}
	return v
}

// viewRate is nil when nothing of it is known.
func viewRate(t fleet.Throughput) *rateView {
	v := rateView{number(t.SourceRecords), number(t.SourceBytes), number(t.TargetRecords), number(t.TargetBytes)}
	if v.SourceRecords.IsZero() && v.SourceBytes.IsZero() && v.TargetRecords.IsZero() && v.TargetBytes.IsZero() {
		return nil
	}
	return &v
}

// optionsOf has the options that are known.
func optionsOf(d *fleet.TaskDetails) map[string]bool {
	known := map[string]bool{}
	for name, f := range map[string]fleet.Flag{
		"full_load": d.FullLoadEnabled, "apply_changes": d.ApplyChangesEnabled,
		"store_changes": d.StoreChangesEnabled, "audit_changes": d.AuditChangesEnabled,
	} {
		if f != fleet.Unknown {
			known[name] = f == fleet.Yes
		}
	}
	return known
}

// truth is nil when nothing is known.
func truth(f fleet.Flag) *bool {
	if f == fleet.Unknown {
		return nil
	}
	yes := f == fleet.Yes
	return &yes
}

// recordsPerSecond is what reaches the target now: changes, or rows of the full load.
func recordsPerSecond(t *fleet.Task) float64 {
	if t.Details == nil {
		return fleet.Absent()
	}
	changes, rows := number(t.Details.CDCThroughput.TargetRecords), number(t.Details.FullLoad.Throughput.TargetRecords)
	if loading(t) && !rows.IsZero() || changes.IsZero() {
		return float64(rows)
	}
	return float64(changes)
}

// loading tells whether tables are being loaded.
func loading(t *fleet.Task) bool {
	active := t.State == fleet.TaskRunning || t.State == fleet.TaskRecovering
	return active && t.Details != nil && (t.Details.FullLoad.TablesLoading > 0 || t.Details.FullLoad.TablesQueued > 0)
}

// fullLoadRatio is how much of a full load under way is done, by its estimated
// records; absent when none is, or nobody knows.
func fullLoadRatio(t *fleet.Task) float64 {
	if !loading(t) || !(t.Details.FullLoad.RecordsEstimated > 0) {
		return fleet.Absent()
	}
	return min(1, t.Details.FullLoad.RecordsCompleted/t.Details.FullLoad.RecordsEstimated)
}
