package generate

func fullLoadDashboard() dashboard {
	return dashboard{
		uid: uidFullLoad, title: "QEM / Full loads", from: "now-3h",
		description: "Full loads: what is loading, how far it has come, how fast it is and when it will be done.",
		variables:   []variable{job, instance, manager, server, tag, task.tagged()},
		rows: []row{
			{title: "Full loads", panels: append(loadNumbers(), loadsTable())},
			{title: "Over time", panels: loadsOverTime()},
			{title: "Tables", panels: []panel{loadingTables()}},
			{title: "Finished", panels: []panel{finishedLoads()}},
			{title: "Compose", collapsed: true, panels: []panel{composeLoads()}},
		},
	}
}

// loading has a sample for each task of whose full load some table is not done.
func loading() string {
	return withTag("sum by (" + taskLabels + ") (" + maxBy(taskLabels+", state", `qem_task_full_load_tables{state=~"loading|queued"}`) + ") > 0")
}

func tablesOf(state string) string {
	return perTask(`qem_task_full_load_tables{state="` + state + `"}`)
}

// recordsLeft are those that the full load has still to load, by the estimate.
func recordsLeft() string {
	return "clamp_min(" + perTask("qem_task_full_load_estimated_records") + " - " + perTask("qem_task_full_load_completed_records") + ", 0)"
}

func loadRate(measure, endpoint string) string {
	return perTask(`qem_task_full_load_` + measure + `_per_second{endpoint="` + endpoint + `"}`)
}

// timeLeft is how long the rest takes at the present rate.
func timeLeft() string {
	return recordsLeft() + " / (" + loadRate("records", "target") + " > 0)"
}

func loadProgress() string {
	return perTask("qem_task_full_load_completed_records") + " / (" + perTask("qem_task_full_load_estimated_records") + " > 0)"
}

func loadNumbers() []panel {
	return []panel{
		stat("Tasks loading", "Tasks whose full load is not done.", query(orZero("count("+loading()+")", "qem_task_full_load_tables"), "tasks"), unit("none"), neutral()),
		stat("Tables loading", "Tables that are being loaded.", query("sum("+withTag(tablesOf("loading"))+")", "tables"), unit("none"), neutral()),
		stat("Tables queued", "Tables that wait for their load.", query("sum("+withTag(tablesOf("queued"))+")", "tables"), unit("none"), neutral()),
		stat("Tables in error", "Tables that could not be loaded.", query("sum("+withTag(tablesOf("error"))+")", "tables"), unit("none"), bad()),
		stat("Rate", "Records a second that all full loads together write to their targets.",
			query("sum("+withTag(loadRate("records", "target"))+")", "records"), unit("cps"), neutral(), noValue("nothing loads")),
		stat("Longest time left", "Time until the last of the full loads is done, at the present rates.",
			query("max("+ofTasks(timeLeft(), loading())+")", "time"), unit("dtdurations"), decimals(0), neutral(), noValue("nothing loads")),
	}
}

func loadsTable() panel {
	shown := "topk(100, " + loading() + ")"
	of := func(expr string) string { return ofTasks(expr, shown) }
	return table("Full loads in progress", "Tasks whose full load is not done, 100 at most. The end is estimated from the records left and the present rate; it is empty while nothing is being loaded. Click on a task for its dashboard.",
		[]string{"manager", "server", "task"},
		[]column{
			newColumn("State", of(taskStates().number("qem_task_state", taskLabels)), asState(taskStates().mappings())...),
			newColumn("Progress", of(loadProgress()), both("percentunit", asBar(1, "blue", step{1, "green"}))...),
			newColumn("Completed", of(tablesOf("completed")), inUnit("none")),
			newColumn("Loading", of(tablesOf("loading")), inUnit("none")),
			newColumn("Queued", of(tablesOf("queued")), inUnit("none")),
			newColumn("Error", of(tablesOf("error")), both("none", inColors("transparent", step{1, "red"}))...),
			newColumn("Records left", of(recordsLeft()), inUnit("short")),
			newColumn("Records/s", of(loadRate("records", "target")), inUnit("cps")),
			newColumn("Volume/s", of(loadRate("bytes", "target")), inUnit("binBps")),
			newColumn("Started", of(milliseconds(perTask("qem_task_full_load_start_timestamp_seconds"))), inUnit("dateTimeFromNow")),
			newColumn("Time left", of(timeLeft()), inUnit("dtdurations"), property{"decimals", 0}),
			newColumn("Estimated end", of("1000 * (time() + "+timeLeft()+")"), inUnit("dateTimeAsIso")),
		}, sortedBy("Time left", true), size(24, 10), noValue(""))
}

func loadsOverTime() []panel {
	// Only a load that is not done is worth a line: by what was left at its most.
	rank := withTag("max by ("+taskLabels+`) (max_over_time(qem_task_full_load_tables{state=~"loading|queued"}[$__range] @ end()))`) + " > 0"
	highest := func(family string) string {
		return withTag(perTask("max_over_time(" + family + `{endpoint="target"}[$__range] @ end())`))
	}
	return []panel{
		timeSeries("Progress", "Loaded records as a part of the estimated number, for the ten tasks with most tables to load in the shown time. The estimate may change while the load runs. Click on a line for the task.",
			query(top(10, taskLabels, loadProgress(), rank), taskLegend),
			unit("percentunit"), atMost(1), linked(uidTask, "manager", "server", "task"), noValue("nothing loads")),
		timeSeries("Tables of full loads", "Tables of all full loads by state.",
			query(total("state", withTag("qem_task_full_load_tables")), "{{state}}"),
			unit("none"), stacked(), coloredByState(loadStates())),
		timeSeries("Records", "Records a second that are written to the target, of the ten full loads that were fastest in the shown time. A line at 0 while tables wait is a stalled load.",
			query(top(10, taskLabels, loadRate("records", "target"), highest("qem_task_full_load_records_per_second")), taskLegend),
			unit("cps"), linked(uidTask, "manager", "server", "task"), noValue("nothing loads")),
		timeSeries("Volume", "Volume that all full loads together read from their sources and write to their targets.",
			query(total("endpoint", withTag("qem_task_full_load_bytes_per_second")), "{{endpoint}}"),
			unit("binBps"), noValue("nothing loads")),
	}
}

// loadingTables are the tables that the exporter tells apart and that are loading.
func loadingTables() panel {
	shown := "topk(100, " + withTag(perTable("qem_table_full_load_estimated_end_timestamp_seconds")) + ")"
	of := func(expr string) string { return onTables(expr, shown) }
	rows, estimated := perTable("qem_table_full_load_rows"), perTable("qem_table_full_load_estimated_rows")
	return table("Tables that are loading", "Tables in the full load, the 100 that will be done last. Only tables for which the exporter is configured to give series.",
		[]string{"manager", "server", "task", "schema", "table"},
		[]column{
			newColumn("Estimated end", milliseconds(shown), inUnit("dateTimeAsIso")),
			newColumn("Progress", of(rows+" / ("+estimated+" > 0)"), both("percentunit", asBar(1, "blue", step{1, "green"}))...),
			newColumn("Rows", of(rows), inUnit("short")),
			newColumn("Estimated rows", of(estimated), inUnit("short")),
			newColumn("Volume", of(perTable("qem_table_full_load_bytes")), inUnit("bytes")),
			newColumn("Started", of(milliseconds(perTable("qem_table_full_load_start_timestamp_seconds"))), inUnit("dateTimeFromNow")),
			newColumn("Cached changes", of("sum by ("+tableLabels+") ("+maxBy(tableLabels+", operation", "qem_table_full_load_cached_changes")+")"), inUnit("short")),
		}, sortedBy("Estimated end", true), size(24, 9), noValue(""))
}

func finishedLoads() panel {
	end := perTask("qem_task_full_load_end_timestamp_seconds")
	shown := "topk(50, " + withTag(end) + ")"
	of := func(expr string) string { return ofTasks(expr, shown) }
	duration := "(" + end + " - " + perTask("qem_task_full_load_start_timestamp_seconds") + ")"
	return table("Last finished", "The fifty full loads that ended last, how long they took, and whether tables were left in error.",
		[]string{"manager", "server", "task"},
		[]column{
			newColumn("Ended", milliseconds(shown), inUnit("dateTimeAsIso")),
			newColumn("Took", of(duration), inUnit("dtdurations")),
			newColumn("Completed", of(perTask("qem_task_full_load_completed")), asState(yesOrNo("No", "Yes"))...),
			newColumn("Tables", of(tablesOf("completed")), inUnit("none")),
			newColumn("Tables in error", of(tablesOf("error")), both("none", inColors("transparent", step{1, "red"}))...),
			newColumn("Records", of(perTask("qem_task_full_load_completed_records")), inUnit("short")),
			newColumn("Records/s on average", of(perTask("qem_task_full_load_completed_records")+" / ("+duration+" > 0)"), inUnit("cps")),
		}, sortedBy("Ended", true), size(24, 9))
}

func composeLoads() panel {
	tables := func(state string) string { return perTask(`qem_compose_task_tables{state="` + state + `"}`) }
	shown := "topk(100, " + withTag(perTask("qem_compose_task_loading_start_timestamp_seconds")) + ")"
	of := func(expr string) string { return ofTasks(expr, shown) }
	return table("Compose tasks", "What Compose tasks load, the 100 that started last.",
		[]string{"manager", "server", "task"},
		[]column{
			newColumn("Started", milliseconds(shown), inUnit("dateTimeAsIso")),
			newColumn("State", of(taskStates().number("qem_task_state", taskLabels)), asState(taskStates().mappings())...),
			newColumn("Completed", of(perTask("qem_compose_task_loading_completed")), asState(yesOrNo("No", "Yes"))...),
			newColumn("Commands", of(perTask("qem_compose_task_completed_commands")+" / ("+perTask("qem_compose_task_commands")+" > 0)"),
				both("percentunit", asBar(1, "blue", step{1, "green"}))...),
			newColumn("Tables expected", of(perTask("qem_compose_task_expected_tables")), inUnit("none")),
			newColumn("Tables completed", of(tables("completed")), inUnit("none")),
			newColumn("Tables loading", of(tables("loading")), inUnit("none")),
			newColumn("Tables in error", of(tables("error")), both("none", inColors("transparent", step{1, "red"}))...),
			newColumn("Ended", of(milliseconds(perTask("qem_compose_task_loading_end_timestamp_seconds"))), inUnit("dateTimeAsIso")),
		}, sortedBy("Started", true))
}
