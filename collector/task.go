package collector

import (
	"maps"
	"slices"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// ofReplicate reads a number of a Replicate task; a Compose task has none of these.
func ofReplicate(read func(t *fleet.Task) float64) func(t *fleet.Task) float64 {
	return func(t *fleet.Task) float64 {
		if t.Product == fleet.Compose {
			return fleet.Absent()
		}
		return read(t)
	}
}

// ofDetails reads a number of a Replicate task's details, which may be unknown.
func ofDetails(read func(d *fleet.TaskDetails) float64) func(t *fleet.Task) float64 {
	return ofReplicate(func(t *fleet.Task) float64 {
		if t.Details == nil {
			return fleet.Absent()
		}
		return read(t.Details)
	})
}

// ofOption reads an option of a task's details, of either product.
func ofOption(read func(d *fleet.TaskDetails) fleet.Flag) func(t *fleet.Task) float64 {
	return func(t *fleet.Task) float64 {
		if t.Details == nil {
			return fleet.Absent()
		}
		return read(t.Details).Float()
	}
}

// ofTables reads a count of a Replicate task's tables.
func ofTables(read func(s *fleet.TableStates) int) func(t *fleet.Task) float64 {
	return ofReplicate(func(t *fleet.Task) float64 {
		if t.TableStates == nil {
			return fleet.Absent()
		}
		return float64(read(t.TableStates))
	})
}

// taskFamilies is the table of what every task has, of either product.
func taskFamilies() []family[fleet.Task] {
	details := func(label string, read func(d *fleet.TaskDetails) string) description[fleet.Task] {
		return description[fleet.Task]{label, func(t *fleet.Task) string { return read(t.Details) }}
	}
	return []family[fleet.Task]{
		{
			gauge("qem_task_info",
				"Task, described by labels; always 1. A label is empty when the API does not give it. Absent when the details could not be read."),
			source{taskDetails, "{$type,profile,project,source_endpoint,target_endpoint,log_stream_staging}"},
			describe(func(t *fleet.Task) bool { return t.Details != nil },
				description[fleet.Task]{"product", func(t *fleet.Task) string { return t.Product }},
				details("type", func(d *fleet.TaskDetails) string { return d.Type }),
				details("profile", func(d *fleet.TaskDetails) string { return d.Profile }),
				details("project", func(d *fleet.TaskDetails) string { return d.Project }),
				details("source", func(d *fleet.TaskDetails) string { return d.Source }),
				details("source_type", func(d *fleet.TaskDetails) string { return d.SourceType }),
				details("target", func(d *fleet.TaskDetails) string { return d.Target }),
				details("target_type", func(d *fleet.TaskDetails) string { return d.TargetType }),
				details("log_stream_staging", func(d *fleet.TaskDetails) string { return d.LogStreamStaging })),
		},
		{
			gauge("qem_task_option_enabled",
				"Whether an option of the task is on: 1 if so, else 0. Absent when the API does not give it; a Compose task has the first two options."),
			source{taskDetails, "options.{full_load,apply_changes,store_changes,audit_changes}_enabled"},
			by([]string{"option"},
				at("full_load", ofOption(func(d *fleet.TaskDetails) fleet.Flag { return d.FullLoadEnabled })),
				at("apply_changes", ofOption(func(d *fleet.TaskDetails) fleet.Flag { return d.ApplyChangesEnabled })),
				at("store_changes", ofDetails(func(d *fleet.TaskDetails) float64 { return d.StoreChangesEnabled.Float() })),
				at("audit_changes", ofDetails(func(d *fleet.TaskDetails) float64 { return d.AuditChangesEnabled.Float() }))),
		},
		{
			gauge("qem_task_tag",
				"Tag that is assigned to the task; always 1. Absent for a task without tags."),
			source{taskList, "assigned_tags"},
			samples[fleet.Task]{labels: []string{"tag"}, loose: func(t *fleet.Task, add func(string, float64)) {
				for _, tag := range t.Tags {
					if tag != "" {
						add(tag, 1)
					}
				}
			}},
		},
		{
			gauge("qem_task_state",
				"State of the task: 1 for the current state, 0 for the others. Absent when the API does not give one."),
			source{taskList, "state"},
			stateSet([]string{fleet.TaskRunning, fleet.TaskStopped, fleet.TaskError, fleet.TaskRecovering},
				func(t *fleet.Task) string { return t.State }),
		},
		{
			gauge("qem_task_stop_reason",
				"Why the task stopped last, the current reason only; always 1. Absent when the API does not give one."),
			source{taskList, "stop_reason"},
			current("reason", func(t *fleet.Task) string { return t.StopReason }),
		},
		{
			gauge("qem_task_up",
				"Whether the task's details were read in the last poll: 1 if so, else 0. Absent when the server's task list could not be read."),
			source{taskDetails, ""},
			one(func(t *fleet.Task) float64 { return fleet.FlagOf(t.Up).Float() }),
		},
	}
}

// taskResourceFamilies is the table of what a Replicate task uses, and of its
// data errors.
func taskResourceFamilies() []family[fleet.Task] {
	return []family[fleet.Task]{
		{
			gauge("qem_task_memory_bytes",
				"Memory that the task uses, in bytes. Absent when the API does not give it."),
			source{taskDetails, "memory_mb"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.MemoryBytes })),
		},
		{
			gauge("qem_task_cpu_ratio",
				"CPU use of the task, as a ratio. Absent when the API does not give it."),
			source{taskDetails, "cpu_percentage"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.CPU })),
		},
		{
			gauge("qem_task_disk_usage_bytes",
				"Disk space that the task uses, in bytes. Absent when the API does not give it."),
			source{taskDetails, "disk_usage_mb"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.DiskBytes })),
		},
		{
			counter("qem_task_data_errors_total",
				"Data errors of the task, in all its tables. Absent when the API does not give it."),
			source{taskDetails, "data_error_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.DataErrors })),
		},
	}
}

// taskTableFamilies is the table of what is counted of a Replicate task's tables,
// and of its latency objective.
func taskTableFamilies() []family[fleet.Task] {
	tables := by([]string{"state"},
		at(fleet.TableQueued, ofTables(func(s *fleet.TableStates) int { return s.Queued })),
		at(fleet.TableLoading, ofTables(func(s *fleet.TableStates) int { return s.Loading })),
		at(fleet.TableCompleted, ofTables(func(s *fleet.TableStates) int { return s.Completed })),
		at(fleet.TableChangeProcessing, ofTables(func(s *fleet.TableStates) int { return s.ChangeProcessing })),
		at(fleet.TableError, ofTables(func(s *fleet.TableStates) int { return s.Error })))
	tables.loose = func(t *fleet.Task, add func(string, float64)) {
		if t.TableStates == nil || t.Product == fleet.Compose {
			return
		}
		for _, state := range slices.Sorted(maps.Keys(t.TableStates.Other)) {
			add(state, float64(t.TableStates.Other[state]))
		}
	}
	return []family[fleet.Task]{
		{
			gauge("qem_task_tables",
				"Number of the task's tables by state, over all its tables. Absent when table statuses are not asked for or could not be read."),
			source{tableStatuses, "state"},
			tables,
		},
		{
			gauge("qem_task_tables_dropped",
				"Number of the task's tables that have no series of their own because of the configured limit. Absent when there are none."),
			source{field: "the configuration's tables.limit"},
			one(ofReplicate(func(t *fleet.Task) float64 {
				if t.TablesDropped <= 0 {
					return fleet.Absent()
				}
				return float64(t.TablesDropped)
			})),
		},
		{
			gauge("qem_task_latency_objective_seconds",
				"Latency that the task should not exceed, in seconds. Absent when neither a tag of the task nor the configuration sets one."),
			source{field: "the task's tag latency_objective=<duration>, or the configuration's objectives"},
			one(ofReplicate(func(t *fleet.Task) float64 { return t.LatencyObjective })),
		},
		{
			gauge("qem_task_retention_barrier_timestamp_seconds",
				"Point before which no application needs the change data that the task stores, in Unix seconds: the earliest of their retention barriers, and whose it is. Absent unless the collector retention_barriers is on, when there is no barrier, and when it could not be read, which takes the role Operator on the task."),
			source{barrier, "{application,retention_point}"},
			samples[fleet.Task]{labels: []string{"application"}, loose: func(t *fleet.Task, add func(string, float64)) {
				if b := t.RetentionBarrier; b != nil && t.Product != fleet.Compose {
					add(b.Application, b.Time)
				}
			}},
		},
	}
}
