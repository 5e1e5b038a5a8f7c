package collector

import (
	"cmp"
	"maps"
	"slices"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const (
	taskList      = "GetTaskList"
	taskDetails   = "GetTaskDetails"
	tableStatuses = "GetTableStatuses"
)

// replicate is the task if it is one of Replicate. One of Compose has only a few families.
func replicate(t *fleet.Task) *fleet.Task {
	if t.Product == fleet.Compose {
		return nil
	}
	return t
}

// read is the task if its details were read.
func read(t *fleet.Task) *fleet.Task {
	if t.Details == nil {
		return nil
	}
	return t
}

func replicateDetails(t *fleet.Task) *fleet.TaskDetails {
	if replicate(t) == nil {
		return nil
	}
	return t.Details
}

func composeDetails(t *fleet.Task) *fleet.ComposeDetails {
	if replicate(t) != nil {
		return nil
	}
	return t.Compose
}

func tableStatesOf(t *fleet.Task) *fleet.TableStates { return t.TableStates }

// taskFamilies is the table of what every task has, of either product.
func taskFamilies() []family[fleet.Task] {
	return []family[fleet.Task]{
		gauge("qem_task_tag", taskList+" `assigned_tags`",
			"Tag that is assigned to the task; always 1. Absent for a task without tags.",
			samples[fleet.Task]{labels: []string{"tag"}, loose: func(t *fleet.Task, add func(num, ...string)) {
				for _, tag := range t.Tags[:min(len(t.Tags), fleet.MaxTags)] {
					if tag != "" {
						add(fleet.Num(1), tag)
					}
				}
			}}),
		gauge("qem_task_state", taskList+" `state`",
			"State of the task: 1 for the current state, 0 for the others. Absent when the API does not give one.",
			stateSet(func(t *fleet.Task) string { return t.State },
				fleet.TaskRunning, fleet.TaskStopped, fleet.TaskError, fleet.TaskRecovering)),
		gauge("qem_task_state_since_timestamp_seconds", "the exporter",
			"When the exporter saw the state of the task change, in Unix seconds. Absent while the state is the first one "+
				"that it has seen since it was started.", one(func(t *fleet.Task) num { return t.StateSince })),
		gauge("qem_task_stop_reason", taskList+" `stop_reason`",
			"Why the task stopped last, the current reason only; always 1. Absent when the API does not give one.",
			current("reason", func(t *fleet.Task) string { return t.StopReason },
				append(fleet.NormalStops(), "recoverable_error", "fatal_error", "express_license_limits_reached",
					"stopped_low_memory", "stopped_low_disk_space")...)),
		gauge("qem_task_up", taskDetails,
			"Whether the task's details were read when they were last due: 1 if so, else 0. Absent until they were first due, "+
				"and when the server's task list could not be read.", one(func(t *fleet.Task) num { return t.Up.Number() })),
		gauge("qem_task_full_load_objective_seconds",
			"the configuration's objectives, or the task's tag `full_load_objective`",
			"How long a full load of the task, or the loading of a Compose task, is to take at most, in seconds. Absent when "+
				"nothing is expected of it.", one(func(t *fleet.Task) num { return t.Expected.FullLoad })),
		gauge("qem_task_expected_running", "the configuration's objectives, or the task's tag `expected`",
			"Whether the task is expected to run always; always 1. Absent when that is not expected.",
			one(func(t *fleet.Task) num {
				if t.Expected.Running {
					return fleet.Num(1)
				}
				return num{}
			})),
		gauge("qem_task_priority", "the configuration's objectives, or the task's tag `priority`",
			"Who is to be told when something is wrong with the task; always 1. Never absent.",
			current("priority", func(t *fleet.Task) string { return cmp.Or(t.Expected.Priority, fleet.PriorityPage) },
				fleet.PriorityPage, fleet.PriorityTicket, fleet.PriorityNone)),
	}
}

// taskInfoFamilies is the table of what the details of any task say.
func taskInfoFamilies() []family[fleet.Task] {
	option := func(read func(d *fleet.TaskDetails) fleet.Flag) func(t *fleet.Task) num {
		return func(t *fleet.Task) num { return read(t.Details).Number() }
	}
	ofReplicate := func(read func(d *fleet.TaskDetails) fleet.Flag) func(t *fleet.Task) num {
		return func(t *fleet.Task) num {
			if replicate(t) == nil {
				return num{}
			}
			return read(t.Details).Number()
		}
	}
	return []family[fleet.Task]{
		gauge("qem_task_info", taskDetails+" `{$type,profile,project,source_endpoint,target_endpoint,log_stream_staging}`",
			"Task, described by labels; always 1. A label is empty when the API does not give it. Absent when the details "+
				"could not be read.",
			describe("product,type,profile,project,source,source_type,target,target_type,log_stream_staging",
				func(t *fleet.Task) []string {
					d := t.Details
					return []string{t.Product, d.Type, d.Profile, d.Project, d.Source, d.SourceType, d.Target, d.TargetType,
						d.LogStreamStaging}
				})),
		gauge("qem_task_option_enabled",
			taskDetails+" `options.{full_load,apply_changes,store_changes,audit_changes}_enabled`",
			"Whether an option of the task is on: 1 if so, else 0. Absent when the API does not give it; a Compose task has "+
				"the first two options.",
			by("option",
				at("full_load", option(func(d *fleet.TaskDetails) fleet.Flag { return d.FullLoadEnabled })),
				at("apply_changes", option(func(d *fleet.TaskDetails) fleet.Flag { return d.ApplyChangesEnabled })),
				at("store_changes", ofReplicate(func(d *fleet.TaskDetails) fleet.Flag { return d.StoreChangesEnabled })),
				at("audit_changes", ofReplicate(func(d *fleet.TaskDetails) fleet.Flag { return d.AuditChangesEnabled })))),
	}
}

// replicateFamilies is the table of what a Replicate task has without its details.
func replicateFamilies() []family[fleet.Task] {
	return []family[fleet.Task]{
		gauge("qem_task_last_change_timestamp_seconds", "the exporter",
			"When the exporter last saw a counter of applied changes grow, in Unix seconds. Absent until it did, and for a "+
				"task that neither applies nor stores changes.", one(func(t *fleet.Task) num { return t.LastChange })),
		gauge("qem_task_latency_objective_seconds", "the configuration's objectives, or the task's tag `latency_objective`",
			"Latency that the task is not to exceed, in seconds. Absent when nothing is expected of it.",
			one(func(t *fleet.Task) num { return t.Expected.Latency })),
		gauge("qem_task_tables_dropped", "the configuration's `tables.limit`",
			"Number of the task's tables that have no series of their own because of the configured limit. Absent when there "+
				"are none.",
			one(func(t *fleet.Task) num {
				if t.TablesDropped <= 0 {
					return num{}
				}
				return fleet.Count(t.TablesDropped)
			})),
		gauge("qem_task_retention_barrier_timestamp_seconds",
			"GetChangeDataRetentionBarrier `{application,retention_point}`",
			"Point before which no application needs the change data that the task stores, in Unix seconds: the earliest of "+
				"their retention barriers, and whose it is. Absent unless the collector retention_barriers is on, when there is "+
				"no barrier, and when it could not be read, which takes the role Operator on the task.",
			samples[fleet.Task]{labels: []string{"application"}, loose: func(t *fleet.Task, add func(num, ...string)) {
				if b := t.RetentionBarrier; b != nil {
					add(b.Time, b.Application)
				}
			}}),
	}
}

// tableCountFamilies is the table of what is counted of a Replicate task's tables.
func tableCountFamilies() []family[fleet.TableStates] {
	count := func(state string, read func(s *fleet.TableStates) int) column[fleet.TableStates] {
		return at(state, func(s *fleet.TableStates) num { return fleet.Count(read(s)) })
	}
	tables := by("state",
		count(fleet.TableQueued, func(s *fleet.TableStates) int { return s.Queued }),
		count(fleet.TableLoading, func(s *fleet.TableStates) int { return s.Loading }),
		count(fleet.TableCompleted, func(s *fleet.TableStates) int { return s.Completed }),
		count(fleet.TableChangeProcessing, func(s *fleet.TableStates) int { return s.ChangeProcessing }),
		count(fleet.TableError, func(s *fleet.TableStates) int { return s.Error }))
	tables.known, tables.bounded, tables.sum = tableStates(), true, true
	tables.loose = func(s *fleet.TableStates, add func(num, ...string)) {
		for _, state := range slices.Sorted(maps.Keys(s.Other)) {
			add(fleet.Count(s.Other[state]), state)
		}
	}
	return []family[fleet.TableStates]{
		gauge("qem_task_tables", tableStatuses+" `state`",
			"Number of the task's tables by state, over all its tables. Absent when table statuses are not asked for or could "+
				"not be read.",
			tables),
	}
}

// composeFamilies is the table of what only a Compose task has.
func composeFamilies() []family[fleet.ComposeDetails] {
	return []family[fleet.ComposeDetails]{
		gauge("qem_compose_task_loading_completed", taskDetails+" `loading_completed`",
			"Whether the Compose task has completed loading: 1 if so, else 0.",
			one(func(c *fleet.ComposeDetails) num { return c.LoadingCompleted.Number() })),
		gauge("qem_compose_task_loading_start_timestamp_seconds", taskDetails+" `loading_start`",
			"When the Compose task started loading, in Unix seconds. Absent when the API does not give it, as before the "+
				"first time.", one(func(c *fleet.ComposeDetails) num { return c.LoadingStart })),
		gauge("qem_compose_task_loading_end_timestamp_seconds", taskDetails+" `loading_end`",
			"When the Compose task ended loading, in Unix seconds. Absent when the API does not give it, as while the load "+
				"lasts.", one(func(c *fleet.ComposeDetails) num { return c.LoadingEnd })),
		gauge("qem_compose_task_tables",
			taskDetails+" `loading_counters.tables_{completed,loading,queued,with_error}_count`",
			"Number of tables of the Compose task, by state.",
			by("state",
				at("completed", func(c *fleet.ComposeDetails) num { return c.TablesCompleted }),
				at("loading", func(c *fleet.ComposeDetails) num { return c.TablesLoading }),
				at("queued", func(c *fleet.ComposeDetails) num { return c.TablesQueued }),
				at("error", func(c *fleet.ComposeDetails) num { return c.TablesError }))),
		gauge("qem_compose_task_expected_tables", taskDetails+" `loading_counters.tables_total_count`",
			"Number of tables that the Compose task is to load.",
			one(func(c *fleet.ComposeDetails) num { return c.TablesExpected })),
		gauge("qem_compose_task_commands", taskDetails+" `loading_counters.commands_total_count`",
			"Number of commands that the Compose task is to execute.",
			one(func(c *fleet.ComposeDetails) num { return c.Commands })),
		gauge("qem_compose_task_completed_commands", taskDetails+" `loading_counters.commands_completed_count`",
			"Number of commands that the Compose task has completed.",
			one(func(c *fleet.ComposeDetails) num { return c.CommandsCompleted })),
	}
}
