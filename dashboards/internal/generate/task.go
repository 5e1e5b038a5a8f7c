package generate

import "strconv"

func taskDashboard() dashboard {
	return dashboard{
		uid: uidTask, title: "QEM / Task", from: "now-6h",
		question: "What is wrong with this task, since when, and what to do about it?",
		rows: []row{
			{title: "State", panels: append(taskTiles(), taskTimeline(), alertList(" of this task", 12), taskLatency())},
			{title: "Throughput and changes", collapsed: true, panels: taskChanges()},
			{title: "Why it stopped", collapsed: true, panels: taskStops()},
			{title: "Full load and tables", collapsed: true, panels: taskFullLoad()},
			{title: "Compose", collapsed: true, panels: taskCompose()},
			{title: "Resources", collapsed: true, panels: taskResources()},
			{title: "Configuration", collapsed: true, panels: taskConfiguration()},
		},
	}
}

const taskLegend = "{{server}} / {{task}}"

func taskTiles() []panel {
	return []panel{
		stat("State", "choose a task", "State of the task.", query(ofTask(), "{{task}}"), mapped(taskStates().mapping()),
			listed(uidTasks, "var-show="+itoa(anyTrouble))),
		stat("Trouble", "none seen", "The worst of what is wrong with the task.", query(ranked(), "{{task}}"),
			mapped(troubleWords()), listed(uidTasks, "var-show="+itoa(anyTrouble))),
		stat("Since", "not known", "When the exporter saw the state change last. Not known while it is the first one that "+
			"it sees.",
			query(milliseconds("min by ("+taskLabels+") (qem_task_state_since_timestamp_seconds)"), "{{task}}"),
			unit("dateTimeFromNow"), neutral()),
		stat("Stop reason", "not given", "Why the task stopped last; none while it has not. A task that runs keeps the "+
			"reason of its last stop.",
			query(stopReasons().number("qem_task_stop_reason", "reason", taskLabels), "{{task}}"),
			mapped(stopReasons().mapping())),
		stat("Behind objective", "no objective", "Total latency as a multiple of the task's own objective. Nothing while "+
			"the task processes no changes, or has no objective.",
			query(perTask(latencyRatio), "{{task}}"), unit(times), limits(step{0, "green"}, step{0.8, "orange"},
				step{1, "red"})),
		stat("Details", "never read", "Whether the task's details could be read when they were last due. Its state is read "+
			"apart from them.",
			query(perTask("qem_task_up"), "{{task}}"), mapped(upStates("Not read", "Read")), listed(uidExporter)),
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

func taskTimeline() panel {
	return stateTimeline("State over time", "Choose a task; this one was not seen in the shown time.",
		"State of the task. A gap means that it could not be read.",
		taskStates(), query(ofTask(), "{{task}}"), size(12, 9))
}

func taskLatency() panel {
	return timeSeries("Latency", "none: a task that processed no changes in the shown time, or a Compose task",
		"Time from a change in the source to its capture (source) and to its commit in the target (total), with the task's "+
			"objective. "+
			"A long source latency points at the source or its log; where the total is much longer, it is the target. An idle "+
			"source has no latency to speak of.",
		query(perTask("qem_task_total_latency_seconds"), "total"),
		query(perTask("qem_task_source_latency_seconds"), "source"),
		query(perTask("qem_task_latency_objective_seconds"), "objective"),
		unit(inSeconds), dashed("^objective$", "red"), size(24, 9))
}

func taskStops() []panel {
	return []panel{
		stateTimeline("Stop reasons over time", "Never given in the shown time.", "Why the task had stopped last.",
			stopReasons(),
			query(stopReasons().number("qem_task_stop_reason", "reason", taskLabels), "{{task}}"), size(12, 9)),
		table("Stop reasons", "Never given in the shown time.", "The stop reasons in the shown time, and for how much of "+
			"it each stood. The reason stays until the task stops again.",
			[]column{
				growing(label("reason", 200, property{"mappings", []mapping{stopReasons().words()}})),
				value("Part of the time", 200, `max by (reason) (count_over_time(qem_task_stop_reason[$__range]))
/ on () group_left () max(count_over_time(qem_task_up[$__range]))`, asBar("percentunit", 1, step{0, "blue"})...),
			}, sortedBy("Part of the time"), size(8, 9)),
		stat("Changes of state", "not seen", "How often the task's state changed in the shown time.",
			query("max by ("+taskLabels+`) (changes(qem_task_state{state="running"}[$__range]))`, "{{task}}"), count(),
			limits(step{0, "green"}, step{4, "orange"})),
	}
}

func taskConfiguration() []panel {
	return []panel{
		keysAndValues("Configuration", "not read", "Endpoints and kind of the task.",
			maxBy("product, type, profile, project, source, source_type, target, target_type, log_stream_staging",
				"qem_task_info"),
			map[string]string{
				"product": "Product", "type": "Type", "profile": "Profile", "project": "Project", "source": "Source endpoint",
				"source_type": "Source type",
				"target":      "Target endpoint", "target_type": "Target type", "log_stream_staging": "Log stream staging",
			}, size(10, 10)),
		stat("Options", "not read", "What the task is to do.", query(maxBy("option", "qem_task_option_enabled"),
			"{{option}}"),
			mapped(yesOrNo("Off", "On")), named(), size(8, 5)),
		table("Tags", "No tag is assigned to the task.", "Tags that are assigned to the task.",
			[]column{labelsOnly(maxBy("tag", "qem_task_tag")), growing(label("tag", 200))}, size(6, 10)),
		stat("Priority", "page, if nothing is said", "Who is told of the task's alerts: page, unless its configuration or "+
			"a tag says otherwise.",
			query(priorities().number("qem_task_priority", "priority", taskLabels), "{{task}}"),
			mapped(priorities().mapping()), size(4, 5)),
		stat("Expected to run", "not said", "Whether the task is to run always.",
			query(perTask("qem_task_expected_running"), "{{task}}"), mapped(yesOrNo("No", "Always")), size(4, 5)),
	}
}

func taskChanges() []panel {
	rate := func(family string) string { return perTask("rate(" + family + "[$__rate_interval])") }
	pending := func(stage string) string {
		return maxBy(taskLabels+", storage", `qem_task_cdc_pending_changes{stage="`+stage+`"}`)
	}
	side := func(family string) string { return maxBy(taskLabels+", side", family) }
	const still = "not running in the shown time"
	return []panel{
		timeSeries("Change records", still, "Change records a second at the source and at the target, as the task tells. "+
			"Absent unless it is running.",
			query(side("qem_task_cdc_records_per_second"), "{{side}}"), unit("cps"), size(8, 8)),
		timeSeries("Change volume", still, "Volume of changes a second at the source and at the target, as the task tells. "+
			"Absent unless it is running.",
			query(side("qem_task_cdc_bytes_per_second"), "{{side}}"), unit("binBps"), size(8, 8)),
		timeSeries("Applied changes", "not read", "Changes that the task applies to the target, by operation. Nothing "+
			"applied while changes wait is a stalled apply.",
			query(maxBy(taskLabels+", operation", "rate(qem_task_cdc_applied_changes_total[$__rate_interval])"),
				"{{operation}}"), unit("cps"), stacked(), size(8, 8)),
		timeSeries("Waiting for the source", "not read", "Changes that are accumulated until the source commits their "+
			"transaction, in memory and on disk. On disk means a long transaction.",
			query(pending("accumulated"), "{{storage}}"), unit("short"), stacked(), coloredStorage(), size(8, 8)),
		timeSeries("Waiting for the target", "not read", "Changes that are being applied until the target commits, in "+
			"memory and on disk. On disk means that the target does not keep up.",
			query(pending("applying"), "{{storage}}"), unit("short"), stacked(), coloredStorage(), size(8, 8)),
		timeSeries("Being applied", "not read", "Transactions and change records that are being applied to the target.",
			query(perTask("qem_task_cdc_applying_transactions"), "transactions"),
			query(perTask("qem_task_cdc_applying_records"), "records"), unit("short"), size(8, 8)),
		timeSeries("Transactions", "not read", "Transactions that were committed in the target, and those that were rolled "+
			"back in the source.",
			query(rate("qem_task_cdc_applied_transactions_total"), "applied"),
			query(rate("qem_task_cdc_rolled_back_transactions_total"), "rolled back"), unit("cps"), size(8, 8)),
		timeSeries("Records of transactions", "not read", "Change records of transactions that the source committed, that "+
			"the target committed, and that the source rolled back.",
			query(rate("qem_task_cdc_commit_records_total"), "committed in the source"),
			query(rate("qem_task_cdc_applied_records_total"), "applied"),
			query(rate("qem_task_cdc_rolled_back_records_total"), "rolled back"), unit("cps"), size(8, 8)),
		timeSeries("Volume of transactions", "not read", "Volume of transactions that the target committed and that the "+
			"source rolled back.",
			query(rate("qem_task_cdc_applied_bytes_total"), "applied"),
			query(rate("qem_task_cdc_rolled_back_bytes_total"), "rolled back"), unit("binBps"), size(8, 8)),
		stat("Last change", "none was seen", "When the exporter last saw the number of applied changes grow. An idle "+
			"source is no trouble.",
			query(milliseconds(perTask("qem_task_last_change_timestamp_seconds")), "{{task}}"), unit("dateTimeFromNow"),
			neutral(), size(4, 8)),
		pieChart("Applied in the shown time", "not read", "Changes that were applied in the shown time, by operation.",
			query(total("operation", "increase(qem_task_cdc_applied_changes_total[$__range])"), "{{operation}}"), count(),
			size(8, 8)),
		timeSeries("Data errors", "not read", "Data errors of all tables of the task, as they stand. The number falls when "+
			"a table is reset.",
			query(perTask("qem_task_data_errors"), "{{task}}"), count(), size(12, 8)),
		table("Retention barrier", "Nothing: the exporter's collector retention_barriers is off, or there is none.",
			"Up to when no application needs the change data that the task stores any more.",
			[]column{
				growing(label("application", 200)),
				value("Barrier", 200, milliseconds(maxBy("application", "qem_task_retention_barrier_timestamp_seconds")),
					inUnit("dateTimeAsIso")),
			}, size(24, 4)),
	}
}

func taskFullLoad() []panel {
	return []panel{
		stat("Full load", "not given", "Whether the full load is completed, goes on, or does not get on.",
			query(loadVerdict(), "{{task}}"), mapped(loadWords())),
		stat("Started", "not given", "When the last full load "+
			"started.", query(milliseconds(perTask("qem_task_full_load_start_timestamp_seconds")), "{{task}}"),
			unit("dateTimeFromNow"), neutral()),
		stat("Ended", "not given", "When the last full load "+
			"ended.", query(milliseconds(perTask("qem_task_full_load_end_timestamp_seconds")), "{{task}}"),
			unit("dateTimeFromNow"), neutral()),
		stat("Records loaded", "not given", "Records that the full load has loaded.",
			query(perTask("qem_task_full_load_completed_records"), "{{task}}"), count(), neutral()),
		stat("Records in all", "not given", "Records that the full load has to load, as estimated.",
			query(perTask("qem_task_full_load_estimated_records"), "{{task}}"), count(), neutral()),
		stat("Objective", "no objective", "How long the full load may take.",
			query(perTask("qem_task_full_load_objective_seconds"), "{{task}}"), unit(inSeconds), neutral()),
		timeSeries("Tables of the full load", "not read", "Tables of the full load by state.",
			query(total("state", "qem_task_full_load_tables"), "{{state}}"), unit("none"), stacked(),
			coloredByState(loadStates()), size(8, 8)),
		timeSeries("Full load records", "not running in the shown time", "Records a second of the full load at the source "+
			"and at the target.",
			query(maxBy(taskLabels+", side", "qem_task_full_load_records_per_second"), "{{side}}"), unit("cps"), size(8, 8)),
		timeSeries("Tables by state", "table statuses are not read", "All tables of the task by state. Absent unless table "+
			"statuses are read.",
			query(total("state", "qem_task_tables"), "{{state}}"), unit("none"), stacked(), coloredByState(tableStates()),
			size(8, 8)),
	}
}

func taskResources() []panel {
	return []panel{
		timeSeries("Memory", "not read", "Memory that the task uses.", query(perTask("qem_task_memory_bytes"),
			"{{task}}"), unit("bytes"), size(8, 8)),
		timeSeries("CPU", "not given", "CPU use of the task; 100 % is one core.",
			query(perTask("qem_task_cpu_ratio"), "{{task}}"), unit("percentunit"), size(8, 8)),
		timeSeries("Disk", "not read", "Disk space that the task uses.", query(perTask("qem_task_disk_usage_bytes"),
			"{{task}}"), unit("bytes"), size(8, 8)),
	}
}
