package generate

func taskDashboard() dashboard {
	return dashboard{
		uid: uidTask, title: "QEM / Task", from: "now-6h",
		description: "One task, or a few: what state it was in and why, how far it is behind, what it moves and what waits.",
		variables:   []variable{job, instance, manager, server, tag, task.tagged().chosen()},
		rows: []row{
			{title: "State", panels: taskState()},
			{title: "Latency and throughput", panels: taskLatency()},
			{title: "Changes", panels: taskChanges()},
			{title: "Full load and tables", panels: taskFullLoad()},
			{title: "Resources", panels: taskResources()},
			{title: "Compose", collapsed: true, panels: taskCompose()},
		},
	}
}

const taskLegend = "{{server}} / {{task}}"

func taskState() []panel {
	return []panel{
		stat("State", "State of the task.", query(taskStates().number("qem_task_state", taskLabels), taskLegend), mapped(taskStates()), size(3, 4)),
		stat("Stop reason", "Why the task stopped last; none while it has not.",
			query(maxBy(taskLabels+", reason", "qem_task_stop_reason"), "{{reason}}"),
			options(map[string]any{"textMode": "name"}), neutral(), noValue("not given"), size(3, 4)),
		stat("Details", "Whether the task's details could be read in the last poll.",
			query(perTask("qem_task_up"), taskLegend), mappings(upStates("Not read", "Read")), size(3, 4)),
		stat("Age of the data", "Time since the last poll of the task's Enterprise Manager that worked.",
			query("time() - "+perManager("qem_poll_last_success_timestamp_seconds"), "{{manager}}"),
			unit("s"), decimals(0), limits("green", step{180, "orange"}, step{600, "red"}), size(3, 4)),
		stat("Latency / objective", "Total latency as a part of the task's own objective.",
			query(perTask("qem_task_total_latency_seconds")+" / "+perTask("qem_task_latency_objective_seconds"), taskLegend),
			unit("percentunit"), limits("green", step{0.8, "orange"}, step{1, "red"}), noValue("not running"), size(3, 4)),
		stat("Changes of state", "How often the task's state changed in the shown time.",
			query("max by ("+taskLabels+`) (changes(qem_task_state{state="running"}[$__range]))`, taskLegend),
			unit("none"), limits("green", step{4, "orange"}), size(3, 4)),
		stat("New data errors", "Data errors of the task counted in the shown time.",
			query(perTask("increase(qem_task_data_errors_total[$__range])"), taskLegend), unit("short"), decimals(0), bad(), size(3, 4)),
		stat("Full load", "Whether the full load is completed.", query(perTask("qem_task_full_load_completed"), taskLegend),
			mappings(yesOrNo("Not completed", "Completed")), noValue("not given"), size(3, 4)),
		stateTimeline("State over time", "State of the task. A gap means that it could not be read.", taskStates(),
			query(taskStates().number("qem_task_state", taskLabels), taskLegend), size(24, 5)),
		stateTimeline("Stop reasons over time", "Why the task had stopped last. A bar for each reason in the shown time.", nil,
			query(maxBy(taskLabels+", reason", "qem_task_stop_reason"), "{{task}}: {{reason}}"),
			mappings([]mapping{{"value", map[string]any{"1": map[string]any{"text": "Current", "color": "blue", "index": 0}}}}), noValue("not given"), size(12, 7)),
		table("Stop reasons", "The stop reasons in the shown time, and for how much of it each stood. The reason stays until the task stops again.",
			[]string{"manager", "server", "task", "reason"},
			[]column{newColumn("Time", `max by (`+taskLabels+`, reason) (count_over_time(qem_task_stop_reason[$__range]))
/ on (`+taskLabels+`) group_left ()
max by (`+taskLabels+`) (count_over_time(qem_task_up[$__range]))`, both("percentunit", asBar(1, "blue"))...)},
			sortedBy("Time", true), size(12, 7)),
		table("Configuration", "Endpoints, kind and options of the task.",
			[]string{"manager", "server", "task", "product", "type", "profile", "project", "source", "source_type", "target", "target_type", "log_stream_staging"},
			append([]column{labelsOnly(maxBy(taskLabels+", product, type, profile, project, source, source_type, target, target_type, log_stream_staging", "qem_task_info"))},
				taskOptions()...), size(18, 5)),
		table("Tags", "Tags that are assigned to the task.", []string{"task", "tag"},
			[]column{labelsOnly(maxBy(taskLabels+", tag", "qem_task_tag"))}, size(6, 5), noValue("no tags")),
	}
}

func taskOptions() []column {
	var columns []column
	for _, o := range []struct{ value, header string }{
		{"full_load", "Full load"}, {"apply_changes", "Apply changes"}, {"store_changes", "Store changes"}, {"audit_changes", "Audit changes"},
	} {
		columns = append(columns, newColumn(o.header, perTask(`qem_task_option_enabled{option="`+o.value+`"}`), asState(yesOrNo("Off", "On"))...))
	}
	return columns
}

func taskLatency() []panel {
	endpoint := func(family string) string { return maxBy(taskLabels+", endpoint", family) }
	return []panel{
		timeSeries("Latency", "Time from a change in the source to its capture (source) and to its commit in the target (total), with the task's objective. "+
			"What is between the two is the handling: apply. A long source latency points at the source or its log, a long apply latency at the target. An idle source has no latency to speak of.",
			query(perTask("qem_task_total_latency_seconds"), "{{task}} total"),
			query(perTask("qem_task_source_latency_seconds"), "{{task}} source"),
			query(perTask("qem_task_total_latency_seconds")+" - "+perTask("qem_task_source_latency_seconds"), "{{task}} apply"),
			query(perTask("qem_task_latency_objective_seconds"), "{{task}} objective"),
			unit("s"), dashed(".* objective$", "red"), noValue("not running"), size(24, 9)),
		timeSeries("Change records", "Change records a second at the source and at the target, as the task tells. Absent unless it is running.",
			query(endpoint("qem_task_cdc_records_per_second"), "{{task}} {{endpoint}}"), unit("cps"), noValue("not running")),
		timeSeries("Change volume", "Volume of changes a second at the source and at the target, as the task tells. Absent unless it is running.",
			query(endpoint("qem_task_cdc_bytes_per_second"), "{{task}} {{endpoint}}"), unit("binBps"), noValue("not running")),
	}
}

func taskChanges() []panel {
	rate := func(family string) string { return perTask("rate(" + family + "[$__rate_interval])") }
	pending := func(stage string) string {
		return maxBy(taskLabels+", storage", `qem_task_cdc_pending_changes{stage="`+stage+`"}`)
	}
	return []panel{
		timeSeries("Waiting for the source", "Changes that are accumulated until the source commits their transaction, in memory and on disk. On disk means a long transaction.",
			query(pending("accumulated"), "{{task}} {{storage}}"), unit("short"), stacked(), coloredStorage()),
		timeSeries("Waiting for the target", "Changes that are being applied until the target commits, in memory and on disk. On disk means that the target does not keep up.",
			query(pending("applying"), "{{task}} {{storage}}"), unit("short"), stacked(), coloredStorage()),
		timeSeries("Applied changes", "Changes that the task applies to the target, by operation. Nothing applied while changes wait is a stalled apply.",
			query(maxBy(taskLabels+", operation", "rate(qem_task_cdc_applied_changes_total[$__rate_interval])"), "{{task}} {{operation}}"), unit("cps"), stacked(), size(16, 8)),
		pieChart("Applied in the shown time", "Changes that were applied in the shown time, by operation.",
			query(total("operation", "increase(qem_task_cdc_applied_changes_total[$__range])"), "{{operation}}"), unit("short"), decimals(0)),
		timeSeries("Transactions", "Transactions that were committed in the target, and those that were rolled back in the source.",
			query(rate("qem_task_cdc_applied_transactions_total"), "{{task}} applied"),
			query(rate("qem_task_cdc_rolled_back_transactions_total"), "{{task}} rolled back"), unit("cps"), size(8, 8)),
		timeSeries("Records of transactions", "Change records of transactions that the source committed, that the target committed, and that the source rolled back.",
			query(rate("qem_task_cdc_commit_records_total"), "{{task}} committed in the source"),
			query(rate("qem_task_cdc_applied_records_total"), "{{task}} applied"),
			query(rate("qem_task_cdc_rolled_back_records_total"), "{{task}} rolled back"), unit("cps"), size(8, 8)),
		timeSeries("Volume of transactions", "Volume of transactions that the target committed and that the source rolled back.",
			query(rate("qem_task_cdc_applied_bytes_total"), "{{task}} applied"),
			query(rate("qem_task_cdc_rolled_back_bytes_total"), "{{task}} rolled back"), unit("binBps"), size(8, 8)),
		timeSeries("Being applied", "Transactions and change records that are being applied to the target.",
			query(perTask("qem_task_cdc_applying_transactions"), "{{task}} transactions"),
			query(perTask("qem_task_cdc_applying_records"), "{{task}} records"), unit("short"), size(12, 8)),
		timeSeries("Data errors", "Data errors a second, in all tables of the task.",
			query(rate("qem_task_data_errors_total"), "{{task}}"), unit("cps"), size(12, 8)),
		table("Retention barrier", "Up to when no application needs the change data that the task stores any more. Empty unless the exporter's collector retention_barriers is on.",
			[]string{"manager", "server", "task", "application"},
			[]column{newColumn("Barrier", milliseconds(maxBy(taskLabels+", application", "qem_task_retention_barrier_timestamp_seconds")), inUnit("dateTimeAsIso"))},
			size(24, 4)),
	}
}

// coloredStorage tells memory from disk by their colours.
func coloredStorage() option {
	return func(p *panel) {
		for _, s := range []state{{".* memory$", "", "blue"}, {".* disk$", "", "orange"}} {
			p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{
				matcher{"byRegexp", s.value}, []property{{"color", map[string]any{"mode": "fixed", "fixedColor": s.color}}},
			})
		}
	}
}

func taskFullLoad() []panel {
	return []panel{
		barGauge("Full load progress", "Loaded records as a part of the estimated number of records of all tables.",
			query(perTask("qem_task_full_load_completed_records")+" / ("+perTask("qem_task_full_load_estimated_records")+" > 0)", taskLegend),
			unit("percentunit"), atLeast(0), atMost(1), limits("blue", step{1, "green"}), noValue("no full load"), size(8, 8)),
		timeSeries("Tables of the full load", "Tables of the full load by state.",
			query(total("state", "qem_task_full_load_tables"), "{{state}}"),
			unit("none"), stacked(), coloredByState(loadStates()), size(8, 8)),
		timeSeries("Full load records", "Records a second of the full load at the source and at the target.",
			query(maxBy(taskLabels+", endpoint", "qem_task_full_load_records_per_second"), "{{task}} {{endpoint}}"), unit("cps"), noValue("not running"), size(8, 8)),
		table("Last full load", "When the last full load started and ended, and what it loaded.", []string{"manager", "server", "task"},
			[]column{
				newColumn("Records", perTask("qem_task_full_load_completed_records"), inUnit("short")),
				newColumn("Estimated", perTask("qem_task_full_load_estimated_records"), inUnit("short")),
				newColumn("Started", milliseconds(perTask("qem_task_full_load_start_timestamp_seconds")), inUnit("dateTimeAsIso")),
				newColumn("Ended", milliseconds(perTask("qem_task_full_load_end_timestamp_seconds")), inUnit("dateTimeAsIso")),
			}, size(12, 8)),
		timeSeries("Tables by state", "All tables of the task by state. Absent unless table statuses are read.",
			query(total("state", "qem_task_tables"), "{{state}}"),
			unit("none"), stacked(), coloredByState(tableStates()), noValue("table statuses are not read"), size(12, 8)),
	}
}

func taskResources() []panel {
	return []panel{
		timeSeries("Memory", "Memory that the task uses.", query(perTask("qem_task_memory_bytes"), taskLegend), unit("bytes"), size(8, 8)),
		timeSeries("CPU", "CPU use of the task; 100 % is one core.", query(perTask("qem_task_cpu_ratio"), taskLegend), unit("percentunit"), noValue("not given"), size(8, 8)),
		timeSeries("Disk", "Disk space that the task uses.", query(perTask("qem_task_disk_usage_bytes"), taskLegend), unit("bytes"), size(8, 8)),
	}
}

func taskCompose() []panel {
	return []panel{
		stat("Loading", "Whether the Compose task has completed loading.", query(perTask("qem_compose_task_loading_completed"), taskLegend),
			mappings(yesOrNo("Not completed", "Completed")), noValue("not a Compose task"), size(4, 8)),
		barGauge("Commands", "Commands that the Compose task has completed, as a part of all.",
			query(perTask("qem_compose_task_completed_commands")+" / ("+perTask("qem_compose_task_commands")+" > 0)", taskLegend),
			unit("percentunit"), atLeast(0), atMost(1), limits("blue", step{1, "green"}), noValue("not a Compose task"), size(8, 8)),
		timeSeries("Tables of the Compose task", "Tables of the Compose task by state, and how many it is to load.",
			query(total("state", "qem_compose_task_tables"), "{{state}}"),
			query("sum("+perTask("qem_compose_task_expected_tables")+")", "expected"),
			unit("none"), coloredByState(loadStates()), dashed("^expected$", "text"), noValue("not a Compose task"), size(12, 8)),
		table("Last loading", "When the Compose task last started and ended loading.", []string{"manager", "server", "task"},
			[]column{
				newColumn("Started", milliseconds(perTask("qem_compose_task_loading_start_timestamp_seconds")), inUnit("dateTimeAsIso")),
				newColumn("Ended", milliseconds(perTask("qem_compose_task_loading_end_timestamp_seconds")), inUnit("dateTimeAsIso")),
			}, size(24, 5), noValue("")),
	}
}
