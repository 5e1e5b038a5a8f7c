package generate

import "fmt"

func tablesDashboard() dashboard {
	return dashboard{
		uid: uidTables, title: "QEM / Tables", from: "now-1h",
		question: "Which tables are in error or have new data errors, and in whose tasks?",
		rows: []row{
			{title: "Tables in trouble", panels: append(tableNumbers(), tablesInTrouble(18), tablesOfTasks())},
			{title: "Changes", collapsed: true, panels: tableChanges()},
			{title: "Up to 300 of them", collapsed: true, panels: []panel{tablesInTrouble(300)}},
		},
	}
}

func tableNumbers() []panel {
	of := func(state string) string {
		return "sum(" + withTag(perTask(`qem_task_tables{state="`+state+`"}`)) + ")"
	}
	const empty = "not read"
	inError := listed(uidTasks, "var-show="+onlyText("Tables in error"))
	return []panel{
		stat("In error", empty, "Tables whose state is error: nothing more is applied to them.",
			query(of("error"), "tables"), count(), bad(), inError),
		stat("Keeping up", empty, "Tables whose changes are being applied.", query(of("change_processing"), "tables"),
			count(), neutral(), listed(uidTables)),
		stat("Loading", empty, "Tables that are being loaded.", query(of("loading"), "tables"), count(), neutral(),
			listed(uidFullLoad)),
		stat("Queued", empty, "Tables that wait for their full load.", query(of("queued"), "tables"), count(), neutral(),
			listed(uidFullLoad)),
		stat("Completed", empty, "Tables whose full load is completed.", query(of("completed"), "tables"), count(),
			neutral(), listed(uidFullLoad)),
		stat("Without series", empty, "Tables that have no series of their own because of the limit in the exporter's "+
			"configuration: they are in no list here. They count in the numbers beside.",
			query(orZero("sum("+withTag(perTask("qem_task_tables_dropped"))+")", "qem_task_tables"), "tables"), count(),
			limits(), listed(uidTasks, "var-show="+itoa(everyTask))),
	}
}

// onTables is expr for the tables of which shown has a sample.
func onTables(expr, shown string) string {
	return "((" + expr + ")\nand on (" + tableLabels + ")\n(" + shown + "))"
}

func tableState() string { return tableStates().number("qem_table_state", "state", tableLabels) }

func tablesInTrouble(n int) panel {
	newErrors := perTable("increase(qem_table_data_errors_total[$__range])")
	shown := fmt.Sprintf("topk(%d, %s)", n, withTag("0 * "+perTable(`qem_table_state{state="error"}`)+" + 2\nor\n0 * "+
		"("+newErrors+" > 0) + 1"))
	of := func(expr string) string { return onTables(expr, shown) }
	words := texts([]string{"1", "2"}, state{"", "New data errors", "orange"}, state{"", "In error", "red"})
	title := map[bool]string{true: "Tables in trouble", false: "All tables in trouble"}[n < 100]
	return table(title, "No table that has series of its own is in error or has new data errors.",
		fmt.Sprintf("Tables whose state is error, and those with data errors in the shown time; %d at most. Click on a "+
			"task for its page.", n),
		[]column{
			label("schema", 120), growing(label("table", 180)),
			value("Trouble", 140, shown, asWords(words)...),
			value("New errors", 100, of(newErrors), badFrom1("red")...),
			value("Last change", 120, of(milliseconds(perTable("qem_table_last_update_timestamp_seconds"))),
				inUnit("dateTimeFromNow")),
			value("Rows loaded", 100, of(perTable("qem_table_full_load_rows")), inUnit("short")),
			value("Load ended", 170, of(milliseconds(perTable("qem_table_full_load_end_timestamp_seconds"))),
				inUnit("dateTimeAsIso")),
			label("task", 200), label("server", 160), label("manager", 110),
		}, sortedBy("Trouble", "New errors"), size(24, 12))
}

func tablesOfTasks() panel {
	shown := "topk(20, " + withTag(perTask(`qem_task_tables{state="error"}`)+" > 0") + ")"
	return table("Tasks by tables in error", "No task that is seen has tables in error.",
		"The twenty tasks with most tables in error, also where their tables have no series of their own.",
		[]column{
			growing(label("task", 230)),
			value("Tables in error", 130, shown, badFrom1("red")...),
			value("All tables", 100, ofTasks("sum by ("+taskLabels+") ("+maxBy(taskLabels+", state", "qem_task_tables")+")",
				shown), whole()...),
			label("server", 190), label("manager", 120),
		}, sortedBy("Tables in error"), size(24, 10))
}

func tableChanges() []panel {
	rate := "sum by (" + tableLabels + ") (" + maxBy(tableLabels+", operation",
		"rate(qem_table_cdc_applied_changes_total[$__rate_interval])") + ")"
	applied := "sum by (" + tableLabels + ") (" + maxBy(tableLabels+", operation",
		"increase(qem_table_cdc_applied_changes_total[$__range] @ end())") + ")"
	quiet := "topk(50, " + withTag("sum by ("+tableLabels+") ("+maxBy(tableLabels+", operation",
		"increase(qem_table_cdc_applied_changes_total[$__range])")+") == 0") + ")"
	const none = "no table has series of its own"
	return []panel{
		timeSeries("Busiest tables", none, "Changes a second of the ten tables with most changes in the shown time, on a "+
			"logarithmic scale.",
			query(top(10, tableLabels, rate, withTag(applied)), "{{task}}: {{schema}}.{{table}}"), unit("cps"),
			logarithmic(), linkedToTask()),
		timeSeries("Changes by operation", none, "Changes that are applied to all tables that have series of their own, by "+
			"operation.",
			query(total("operation", withTag("rate(qem_table_cdc_applied_changes_total[$__rate_interval])")),
				"{{operation}}"), unit("cps"), stacked()),
		timeSeries("Tables by state over time", "table statuses are not read", "All tables of all tasks by state.",
			query(total("state", withTag("qem_task_tables")), "{{state}}"), unit("short"), stacked(),
			coloredByState(tableStates())),
		timeSeries("Cached changes", none, "Changes that wait until the full load of their table has ended, by operation.",
			query(total("operation", withTag("qem_table_full_load_cached_changes")), "{{operation}}"), unit("short"), stacked()),
		table("Nothing applied", "Something was applied to every table that has series of its own.",
			"Fifty of the tables to which nothing was applied in the shown time. Idle is not broken: look for tables that "+
				"should be busy. Many releases of Enterprise Manager do not tell the last change.",
			[]column{
				label("schema", 120), growing(label("table", 180)),
				value("State", 150, onTables(tableState(), quiet), asWords(tableStates().mapping())...),
				value("Last change", 120, onTables(milliseconds(perTable("qem_table_last_update_timestamp_seconds")), quiet),
					inUnit("dateTimeFromNow")),
				value("Rows loaded", 100, onTables(perTable("qem_table_full_load_rows"), quiet), inUnit("short")),
				label("task", 200), label("server", 160), label("manager", 110),
			}, sortedBy("State"), size(24, 9)),
	}
}
