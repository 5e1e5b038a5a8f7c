package generate

import "fmt"

func fullLoadDashboard() dashboard {
	return dashboard{
		uid: uidFullLoad, title: "QEM / Full loads", from: "now-3h",
		question: "Which full loads do not get on, and when will the others be done?",
		rows: []row{
			{title: "Full loads", panels: append(loadTiles(), loadList("Full loads in progress, the stalled ones first", 18))},
			{title: "Over time", collapsed: true, panels: loadsOverTime()},
			{title: "Up to 200 of them", collapsed: true, panels: []panel{loadList("Full loads in progress", 200)}},
			{title: "Tables that are loading", collapsed: true, panels: []panel{loadingTables()}},
			{title: "Finished", collapsed: true, panels: []panel{finishedLoads()}},
		},
	}
}

func tablesOf(state string) string {
	return perTask(`qem_task_full_load_tables{state="` + state + `"}`)
}

// recordsLeft are those that the full load has still to load, by the estimate.
func recordsLeft() string {
	return "clamp_min(" + perTask("qem_task_full_load_estimated_records") + " - " +
		perTask("qem_task_full_load_completed_records") + ", 0)"
}

func loadRate(measure string) string {
	return perTask(`qem_task_full_load_` + measure + `_per_second{side="target"}`)
}

// timeLeft is how long the rest takes at the present rate.
func timeLeft() string { return recordsLeft() + " / (" + loadRate("records") + " > 0)" }

// loadTime is how long the present full load has been going on.
func loadTime() string {
	return "(time() - " + perTask("qem_task_full_load_start_timestamp_seconds") + ")"
}

func loadProgress() string {
	return perTask("qem_task_full_load_completed_records") + " / (" + perTask("qem_task_full_load_estimated_records") +
		" > 0)"
}

// unfinishedLoads says of each full load that is not done whether it goes on (2), takes longer
// than its objective (3), is not going on because the task does not run (4), or does not get
// on (5).
func unfinishedLoads() string {
	key := " on (" + taskLabels + ") "
	unfinished := tablesToLoad("")
	return "0 * (" + stalledLoads() + ") + 5\nor\n" +
		"0 * (" + unfinished + " unless" + key + `qem_task_state{state=~"running|recovering"} == 1` + ") + 4\nor\n" +
		"0 * (" + overdueLoads() + " and" + key + unfinished + ") + 3\nor\n" +
		"0 * " + unfinished + " + 2"
}

// loadVerdict also says which are completed (1).
func loadVerdict() string {
	return unfinishedLoads() + "\nor\n0 * " + perTask("qem_task_full_load_completed == 1") + " + 1"
}

func loadWords() mapping {
	return texts([]string{"1", "2", "3", "4", "5"}, state{"", "Completed", "green"}, state{"", "Loading", "blue"},
		state{"", "Over objective", "orange"}, state{"", "Not running", "dark-orange"}, state{"", "Stalled", "red"})
}

func loadTiles() []panel {
	tables := func(state string) string { return "sum(" + withTag(tablesOf(state)) + ")" }
	return []panel{
		stat("Loads stalled", "none is seen", "Running tasks of whose full load nothing was loaded in "+stalledAfter+", "+
			"though tables wait.",
			query(orZero("count("+withTag(stalledLoads())+")", "qem_task_full_load_tables offset "+stalledAfter), "tasks"),
			count(), bad(),
			listed(uidTasks, "var-show="+onlyText("Load stalled"))),
		stat("Loads going on", "none is seen", "Tasks of whose full load some table is not done.",
			query(orZero("count("+withTag(tablesToLoad(""))+")", "qem_task_full_load_tables"), "tasks"), count(), neutral(),
			listed(uidFullLoad)),
		stat("Tables queued", "none is seen", "Tables that wait for their load.", query(tables("queued"), "tables"),
			count(), neutral(), listed(uidFullLoad)),
		stat("Tables in error", "none is seen", "Tables that could not be loaded.", query(tables("error"), "tables"),
			count(), bad(), listed(uidTasks, "var-show="+onlyText("Tables in error"))),
		stat("Rate", "nothing loads", "Records a second that all full loads together write to their targets.",
			query("sum("+withTag(loadRate("records"))+")", "records"), unit("cps"), neutral(), listed(uidFullLoad)),
		stat("Longest left", "nothing loads", "Time until the last of the full loads is done, at the present rates.",
			query("max("+withTag(ofTasks(timeLeft(), tablesToLoad("")))+")", "time"), unit(inSeconds), neutral(),
			listed(uidFullLoad)),
	}
}

func loadList(title string, n int) panel {
	shown := fmt.Sprintf("topk(%d, %s)", n, withTag(unfinishedLoads()))
	of := func(expr string) string { return ofTasks(expr, shown) }
	return table(title, "No full load is going on.", fmt.Sprintf("Tasks whose full load is not done, %d at most, those "+
		"that do not get on first. What is left is estimated from the present rate. "+
		"A dash is a value that is not there. Click on a task for its page.", n),
		[]column{
			growing(label("task", 230)),
			value("Load", 130, shown, asWords(loadWords())...),
			value("Left", 100, of(timeLeft()), inUnit(inSeconds)),
			value("Progress", 140, of(loadProgress()), asBar("percentunit", 1, step{0, "blue"})...),
			value("Going on for", 120, of(loadTime()), inUnit(inSeconds)),
			value("Objective", 100, of(perTask("qem_task_full_load_objective_seconds")), inUnit(inSeconds)),
			value("Loading", 80, of(tablesOf("loading")), whole()...),
			value("Queued", 80, of(tablesOf("queued")), whole()...),
			value("Error", 70, of(tablesOf("error")), badFrom1("red")...),
			value("Records/s", 100, of(loadRate("records")), inUnit("cps")),
			label("server", 170),
			label("manager", 120),
		}, sortedBy("Load", "Left"), size(24, 16))
}

func loadsOverTime() []panel {
	// Only a load that is not done is worth a line: by what was left at its most.
	rank := withTag(perTask(
		`max_over_time(qem_task_full_load_tables{state=~"loading|queued"}[$__range] @ end())`)) + " > 0"
	highest := withTag(perTask(`max_over_time(qem_task_full_load_records_per_second{side="target"}[$__range] @ end())`))
	return []panel{
		timeSeries("Progress", "nothing loads", "Loaded records as a part of the estimated number, for the ten tasks with "+
			"most tables to load in the shown time. The estimate may change while the load runs. Click on a line for the task.",
			query(top(10, taskLabels, loadProgress(), rank), taskLegend), unit("percentunit"), atMost(1), linkedToTask()),
		timeSeries("Tables of full loads", "none is seen", "Tables of all full loads by state.",
			query(total("state", withTag("qem_task_full_load_tables")), "{{state}}"), unit("none"), stacked(),
			coloredByState(loadStates())),
		timeSeries("Records", "nothing loads", "Records a second that are written to the target, of the ten full loads "+
			"that were fastest in the shown time. A line at 0 while tables wait is a stalled load.",
			query(top(10, taskLabels, loadRate("records"), highest), taskLegend), unit("cps"), linkedToTask()),
		timeSeries("Volume", "nothing loads", "Volume that all full loads together read from their sources and write to "+
			"their targets.",
			query(total("side", withTag("qem_task_full_load_bytes_per_second")), "{{side}}"), unit("binBps")),
	}
}

// loadingTables are the tables that the exporter tells apart and that are loading.
func loadingTables() panel {
	shown := "topk(100, " + withTag(perTable("qem_table_full_load_estimated_end_timestamp_seconds")) + ")"
	of := func(expr string) string { return onTables(expr, shown) }
	rows, estimated := perTable("qem_table_full_load_rows"), perTable("qem_table_full_load_estimated_rows")
	return table("Tables that are loading", "No table that has series of its own is loading.",
		"Tables in the full load, the 100 that will be done last. Only tables for which the exporter is configured to give "+
			"series.",
		[]column{
			label("schema", 120), growing(label("table", 200)),
			value("Estimated end", 150, milliseconds(shown), inUnit("dateTimeFromNow")),
			value("Progress", 140, of(rows+" / ("+estimated+" > 0)"), asBar("percentunit", 1, step{0, "blue"})...),
			value("Started", 120, of(milliseconds(perTable("qem_table_full_load_start_timestamp_seconds"))),
				inUnit("dateTimeFromNow")),
			value("Rows", 80, of(rows), inUnit("short")),
			value("Of", 80, of(estimated), inUnit("short")),
			value("Volume", 90, of(perTable("qem_table_full_load_bytes")), inUnit("bytes")),
			value("Cached", 80, of("sum by ("+tableLabels+") ("+maxBy(tableLabels+", operation",
				"qem_table_full_load_cached_changes")+")"), inUnit("short")),
			label("task", 180), label("server", 120), label("manager", 100),
		}, sortedBy("Estimated end"))
}

func finishedLoads() panel {
	end := perTask("qem_task_full_load_end_timestamp_seconds")
	shown := "topk(50, " + withTag(end) + ")"
	of := func(expr string) string { return ofTasks(expr, shown) }
	duration := "(" + end + " - " + perTask("qem_task_full_load_start_timestamp_seconds") + ")"
	return table("Last finished", "No full load has finished.", "The fifty full loads that ended last, how long they "+
		"took, and whether tables were left in error.",
		[]column{
			growing(label("task", 230)),
			value("Ended", 170, milliseconds(shown), inUnit("dateTimeAsIso")),
			value("Tables in error", 130, of(tablesOf("error")), badFrom1("red")...),
			value("Took", 100, of(duration), inUnit(inSeconds)),
			value("Completed", 100, of(perTask("qem_task_full_load_completed")), asWords(yesOrNo("No", "Yes"))...),
			value("Tables", 80, of(tablesOf("completed")), whole()...),
			value("Records", 90, of(perTask("qem_task_full_load_completed_records")), inUnit("short")),
			value("Records/s", 100, of(perTask("qem_task_full_load_completed_records")+" / ("+duration+" > 0)"), inUnit("cps")),
			label("server", 190), label("manager", 120),
		}, sortedBy("Ended"), size(24, 12))
}
