package generate

func tablesDashboard() dashboard {
	return dashboard{
		uid: uidTables, title: "QEM / Tables", from: "now-1h",
		description: "Tables: those in error, the busiest, and those that nothing reaches. Shows what the exporter is configured to read of tables.",
		variables:   []variable{job, instance, manager, server, tag, task.tagged()},
		rows: []row{
			{title: "Tables by state", panels: tableNumbers()},
			{title: "Trouble", panels: []panel{tablesInTrouble(), tablesOfTasks()}},
			{title: "Changes", panels: tableChanges()},
		},
	}
}

func tableNumbers() []panel {
	var panels []panel
	for _, s := range []struct {
		value, title, description string
		color                     option
	}{
		{"change_processing", "Change processing", "Tables whose changes are being applied.", neutral()},
		{"completed", "Completed", "Tables whose full load is completed.", neutral()},
		{"loading", "Loading", "Tables that are being loaded.", neutral()},
		{"queued", "Queued", "Tables that wait for their full load.", neutral()},
		{"error", "In error", "Tables whose state is error: nothing more is applied to them.", bad()},
	} {
		panels = append(panels, stat(s.title, s.description,
			query("sum("+withTag(perTask(`qem_task_tables{state="`+s.value+`"}`))+")", "tables"), unit("short"), s.color, noValue("not read")))
	}
	return append(panels,
		stat("Without series", "Tables that have no series of their own because of the limit in the exporter's configuration. They count in the numbers beside.",
			query(orZero("sum("+withTag(perTask("qem_task_tables_dropped"))+")", "qem_task_tables"), "tables"), unit("short"), uneasy(), noValue("not read")),
		timeSeries("Tables by state over time", "All tables of all tasks by state.",
			query(total("state", withTag("qem_task_tables")), "{{state}}"),
			unit("short"), stacked(), coloredByState(tableStates()), noValue("table statuses are not read"), size(24, 8)))
}

// onTables is expr for the tables of which shown has a sample.
func onTables(expr, shown string) string {
	return "((" + expr + ")\nand on (" + tableLabels + ")\n(" + shown + "))"
}

func tableState() string { return tableStates().number("qem_table_state", tableLabels) }

func tablesInTrouble() panel {
	shown := "topk(200, " + withTag(perTable(`qem_table_state{state="error"}`)+" or ("+
		perTable("increase(qem_table_data_errors_total[$__range])")+" > 0)") + ")"
	of := func(expr string) string { return onTables(expr, shown) }
	return table("Tables in error or with new data errors", "Tables whose state is error, and those with data errors in the shown time; 200 at most. Click on a task for its dashboard.",
		[]string{"manager", "server", "task", "schema", "table"},
		[]column{
			newColumn("State", of(tableState()), asState(tableStates().mappings())...),
			newColumn("New data errors", of(perTable("increase(qem_table_data_errors_total[$__range])")), append(both("short", inColors("transparent", step{1, "red"})), property{"decimals", 0})...),
			newColumn("Last change", of(milliseconds(perTable("qem_table_last_update_timestamp_seconds"))), inUnit("dateTimeFromNow")),
			newColumn("Rows loaded", of(perTable("qem_table_full_load_rows")), inUnit("short")),
			newColumn("Full load ended", of(milliseconds(perTable("qem_table_full_load_end_timestamp_seconds"))), inUnit("dateTimeAsIso")),
		}, sortedBy("State", true), size(14, 9), noValue(""))
}

func tablesOfTasks() panel {
	shown := "topk(50, " + withTag(perTask(`qem_task_tables{state="error"}`)+" > 0") + ")"
	return table("Tasks by tables in error", "The fifty tasks with most tables in error, also where their tables have no series of their own.",
		[]string{"manager", "server", "task"},
		[]column{
			newColumn("Tables in error", shown, both("none", inColors("red"))...),
			newColumn("All tables", ofTasks("sum by ("+taskLabels+") ("+maxBy(taskLabels+", state", "qem_task_tables")+")", shown), inUnit("none")),
		}, sortedBy("Tables in error", true), size(10, 9))
}

func tableChanges() []panel {
	rate := "sum by (" + tableLabels + ") (" + maxBy(tableLabels+", operation", "rate(qem_table_cdc_applied_changes_total[$__rate_interval])") + ")"
	applied := "sum by (" + tableLabels + ") (" + maxBy(tableLabels+", operation", "increase(qem_table_cdc_applied_changes_total[$__range] @ end())") + ")"
	quiet := "topk(50, " + withTag("sum by ("+tableLabels+") ("+maxBy(tableLabels+", operation", "increase(qem_table_cdc_applied_changes_total[$__range])")+") == 0") + ")"
	return []panel{
		timeSeries("Busiest tables", "Changes a second of the ten tables with most changes in the shown time.",
			query(top(10, tableLabels, rate, withTag(applied)), "{{task}}: {{schema}}.{{table}}"), unit("cps"), noValue("no series of tables"),
			linked(uidTask, "manager", "server", "task")),
		timeSeries("Changes by operation", "Changes that are applied to all tables that have series of their own, by operation.",
			query(total("operation", withTag("rate(qem_table_cdc_applied_changes_total[$__rate_interval])")), "{{operation}}"),
			unit("cps"), stacked(), noValue("no series of tables")),
		table("Nothing applied", "Fifty of the tables to which nothing was applied in the shown time. Idle is not broken: look for tables that should be busy. Many releases of Enterprise Manager do not tell the last change.",
			[]string{"manager", "server", "task", "schema", "table"},
			[]column{
				newColumn("State", onTables(tableState(), quiet), asState(tableStates().mappings())...),
				newColumn("Rows loaded", onTables(perTable("qem_table_full_load_rows"), quiet), inUnit("short")),
				newColumn("Last change", onTables(milliseconds(perTable("qem_table_last_update_timestamp_seconds")), quiet), inUnit("dateTimeFromNow")),
			}, size(12, 9), noValue("")),
		timeSeries("Cached changes", "Changes that wait until the full load of their table has ended, by operation.",
			query(total("operation", withTag("qem_table_full_load_cached_changes")), "{{operation}}"),
			unit("short"), stacked(), noValue("no series of tables")),
	}
}
