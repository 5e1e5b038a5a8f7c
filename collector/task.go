package collector

import (
	"maps"
	"slices"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const (
	taskList    = "GetTaskList"
	taskDetails = "GetTaskDetails"
	objectives  = "the configuration's objectives, or the task's tag"
)

// replicate tells whether a task is one of Replicate. One of Compose has only a few families.
func replicate(t *fleet.Task) bool { return t.Product != fleet.Compose }

// taskFamilies is the table of what every task has, of either product.
func taskFamilies() []family[fleet.Task] {
	t := entity[fleet.Task]{}
	return []family[fleet.Task]{
		gauge("qem_task_tag", t.loose("tag", func(t *fleet.Task, add func(num, ...string)) {
			for _, tag := range t.Tags[:min(len(t.Tags), fleet.MaxTags)] {
				if tag != "" {
					add(fleet.Num(1), tag)
				}
			}
		}),
			"Tag that is assigned to the task; always 1. Absent for a task without tags.", taskList, "`assigned_tags`"),
		gauge("qem_task_state",
			t.stateSet("State", fleet.TaskRunning, fleet.TaskStopped, fleet.TaskError, fleet.TaskRecovering),
			"State of the task: 1 for the current state, 0 for the others. Absent when the API does not give one.",
			taskList, "`state`"),
		gauge("qem_task_state_since_timestamp_seconds", t.field("StateSince"),
			"When the exporter saw the state of the task change, in Unix seconds. Absent while the state is the first one "+
				"that it has seen since it was started.", "the exporter"),
		gauge("qem_task_stop_reason",
			t.current("reason", "StopReason", "", append(fleet.NormalStops(), "recoverable_error", "fatal_error",
				"express_license_limits_reached", "stopped_low_memory", "stopped_low_disk_space")...),
			"Why the task stopped last, the current reason only; always 1. Absent when the API does not give one.",
			taskList, "`stop_reason`"),
		gauge("qem_task_up", t.field("Up"),
			"Whether the task's details were read when they were last due: 1 if so, else 0. Absent until they were first due, "+
				"and when the server's task list could not be read.", taskDetails),
		gauge("qem_task_full_load_objective_seconds", t.field("Expected.FullLoad"),
			"How long a full load of the task, or the loading of a Compose task, is to take at most, in seconds. Absent when "+
				"nothing is expected of it.", objectives, "`full_load_objective`"),
		gauge("qem_task_expected_running", t.field("Expected.Running").unlessZero(),
			"Whether the task is expected to run always; always 1. Absent when that is not expected.",
			objectives, "`expected`"),
		gauge("qem_task_priority",
			t.current("priority", "Expected.Priority", fleet.PriorityPage,
				fleet.PriorityPage, fleet.PriorityTicket, fleet.PriorityNone),
			"Who is to be told when something is wrong with the task; always 1. Never absent.", objectives, "`priority`"),
		gauge("qem_task_info", t.describe("product=Product type=Details.Type profile=Details.Profile "+
			"project=Details.Project source=Details.Source source_type=Details.SourceType target=Details.Target "+
			"target_type=Details.TargetType log_stream_staging=Details.LogStreamStaging"),
			"Task, described by labels; always 1. A label is empty when the API does not give it. Absent when the details "+
				"could not be read."),
		gauge("qem_task_option_enabled", t.by("option", "full_load=Details.FullLoadEnabled "+
			"apply_changes=Details.ApplyChangesEnabled store_changes=Details.StoreChangesEnabled "+
			"audit_changes=Details.AuditChangesEnabled"),
			"Whether an option of the task is on: 1 if so, else 0. Absent when the API does not give it; a Compose task has "+
				"the first two options."),
	}
}

// replicateFamilies is the table of what a Replicate task has without its details.
func replicateFamilies() []family[fleet.Task] {
	t := entity[fleet.Task]{only: replicate}
	tables := t.by("state", "queued=TableStates.Queued loading=TableStates.Loading completed=TableStates.Completed "+
		"change_processing=TableStates.ChangeProcessing error=TableStates.Error")
	tables.known, tables.bounded, tables.sum = tableStates(), true, true
	tables.loose = t.loose("state", func(t *fleet.Task, add func(num, ...string)) {
		if t.TableStates != nil {
			for _, state := range slices.Sorted(maps.Keys(t.TableStates.Other)) {
				add(fleet.Count(t.TableStates.Other[state]), state)
			}
		}
	}).loose
	return []family[fleet.Task]{
		gauge("qem_task_last_change_timestamp_seconds", t.field("LastChange"),
			"When the exporter last saw a counter of applied changes grow, in Unix seconds. Absent until it did, and for a "+
				"task that neither applies nor stores changes.", "the exporter"),
		gauge("qem_task_latency_objective_seconds", t.field("Expected.Latency"),
			"Latency that the task is not to exceed, in seconds. Absent when nothing is expected of it.",
			objectives, "`latency_objective`"),
		gauge("qem_task_tables_dropped", t.field("TablesDropped").unlessZero(),
			"Number of the task's tables that have no series of their own because of the configured limit. Absent when there "+
				"are none.", "the configuration's `tables.limit`"),
		gauge("qem_task_retention_barrier_timestamp_seconds",
			t.loose("application", func(t *fleet.Task, add func(num, ...string)) {
				if b := t.RetentionBarrier; b != nil {
					add(b.Time, b.Application)
				}
			}),
			"Point before which no application needs the change data that the task stores, in Unix seconds: the earliest of "+
				"their retention barriers, and whose it is. Absent unless the collector retention_barriers is on, when there is "+
				"no barrier, and when it could not be read, which takes the role Operator on the task.",
			"GetChangeDataRetentionBarrier `{application,retention_point}`"),
		gauge("qem_task_tables", tables,
			"Number of the task's tables by state, over all its tables. Absent when table statuses are not asked for or could "+
				"not be read.", tableStatuses, "`state`"),
	}
}

// composeFamilies is the table of what only a Compose task has.
func composeFamilies() []family[fleet.Task] {
	c := entity[fleet.Task]{func(t *fleet.Task) bool { return !replicate(t) }, "Compose."}
	return []family[fleet.Task]{
		gauge("qem_compose_task_loading_completed", c.field("LoadingCompleted"),
			"Whether the Compose task has completed loading: 1 if so, else 0."),
		gauge("qem_compose_task_loading_start_timestamp_seconds", c.field("LoadingStart"),
			"When the Compose task started loading, in Unix seconds. Absent when the API does not give it, as before the "+
				"first time."),
		gauge("qem_compose_task_loading_end_timestamp_seconds", c.field("LoadingEnd"),
			"When the Compose task ended loading, in Unix seconds. Absent when the API does not give it, as while the load "+
				"lasts."),
		gauge("qem_compose_task_tables", c.by("state",
			"completed=TablesCompleted loading=TablesLoading queued=TablesQueued error=TablesError"),
			"Number of tables of the Compose task, by state."),
		gauge("qem_compose_task_expected_tables", c.field("TablesExpected"),
			"Number of tables that the Compose task is to load."),
		gauge("qem_compose_task_commands", c.field("Commands"), "Number of commands that the Compose task is to execute."),
		gauge("qem_compose_task_completed_commands", c.field("CommandsCompleted"),
			"Number of commands that the Compose task has completed."),
	}
}
