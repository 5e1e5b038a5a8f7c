package generate

import "strings"

// A task that stopped for one of these reasons did as it was told.
const normalStops = "none|normal|full_load_only_finished|stopped_after_full_load|stopped_after_cached_events|stopped_after_ddl_apply"

func fleetDashboard() dashboard {
	return dashboard{
		uid: uidFleet, title: "QEM / Fleet overview", from: "now-3h",
		description: "What needs attention first in all of Qlik Replicate and Compose, then how the fleet is doing.",
		variables:   []variable{job, instance, manager, server, tag},
		rows: []row{
			{title: "Attention", panels: append(fleetAlarms(), attentionTable())},
			{title: "Tasks", panels: fleetTasks()},
			{title: "Servers and licences", panels: []panel{serversTable()}},
			{title: "Freshness of the data", panels: freshness()},
		},
	}
}

// Queries about tasks that more than one panel asks; each has at most one sample a
// task, for the tasks that bear a chosen tag.

func tasksIn(state string) string {
	return withTag(perTask(`qem_task_state{state="` + state + `"}`))
}

func stoppedAbnormally() string {
	return withTag(ofTasks(
		perTask(`qem_task_stop_reason{reason!~"`+normalStops+`"}`),
		perTask(`qem_task_state{state="stopped"}`)+" == 1"))
}

// latencyRatio is the latency as a part of the objective.
func latencyRatio() string {
	return withTag(perTask("qem_task_total_latency_seconds") +
		" / on (" + taskLabels + ") (" + perTask("qem_task_latency_objective_seconds") + " > 0)")
}

// tablesInError counts them by the tables' own states where they are asked for,
// else by the full load's.
func tablesInError() string {
	return withTag(perTask(`qem_task_tables{state="error"}`) + " or " +
		perTask(`qem_task_full_load_tables{state="error"}`) + " or " + perTask(`qem_compose_task_tables{state="error"}`))
}

// pendingOn is the number of changes that wait in a storage.
func pendingOn(storage string) string {
	return withTag("sum by (" + taskLabels + ") (" + maxBy(taskLabels+", stage", `qem_task_cdc_pending_changes{storage="`+storage+`"}`) + ")")
}

// newDataErrors are those of the last minutes: over hours the sum would be dear in
// a large fleet.
func newDataErrors() string {
	return withTag(perTask("increase(qem_task_data_errors_total[$__rate_interval])"))
}

// fleetAlarms are numbers that are 0 while all is well.
func fleetAlarms() []panel {
	return []panel{
		stat("Enterprise Managers down", "Enterprise Managers of which the last poll could not log in or read the server list. Nothing below is known of them.",
			query("sum("+perManager("qem_up")+" == bool 0)", "down"), unit("none"), bad(), noValue("no exporter")),
		stat("Oldest data", "Age of the oldest data of an Enterprise Manager: the time since its last poll that worked.",
			query("max(time() - "+perManager("qem_poll_last_success_timestamp_seconds")+")", "age"),
			unit("s"), decimals(0), limits("green", step{180, "orange"}, step{600, "red"}), noValue("no poll yet")),
		stat("Servers not readable", "Servers that Enterprise Manager monitors and that are in error, or whose details or tasks could not be read.",
			query("sum("+perServer("qem_server_up")+" == bool 0)", "servers"), unit("none"), bad()),
		stat("Licences ending in 30 days", "Servers whose licence ends within 30 days or has ended.",
			query("sum("+perServer("qem_server_license_days_to_expiration")+" < bool 30)", "licences"), unit("none"), uneasy(), noValue("no end known")),
		stat("Tasks in error", "Tasks whose state is error.", query("sum("+tasksIn("error")+")", "tasks"), unit("none"), bad()),
		stat("Tasks recovering", "Tasks that try to go on after a recoverable error.", query("sum("+tasksIn("recovering")+")", "tasks"), unit("none"), uneasy()),
		stat("Tasks stopped abnormally", "Tasks that stopped for another reason than that they were told to or had finished: an error, low memory, low disk space, a licence's limits.",
			query(orZero("count("+stoppedAbnormally()+")", "qem_task_up"), "tasks"), unit("none"), bad()),
		stat("Tasks behind their objective", "Tasks whose latency is above their own objective.",
			query("sum("+latencyRatio()+" > bool 1)", "tasks"), unit("none"), bad(), noValue("no objective")),
		stat("Worst latency", "The longest time from a change in a source to its commit in the target.",
			query("max("+withTag(perTask("qem_task_total_latency_seconds"))+")", "latency"),
			unit("s"), decimals(0), limits("green", step{300, "orange"}, step{900, "red"}), noValue("no task running")),
		stat("Tasks with changes on disk", "Tasks whose pending changes no longer fit in memory.",
			query("sum("+pendingOn("disk")+" > bool 0)", "tasks"), unit("none"), uneasy()),
		stat("Tables in error", "Tables whose state is error: counted over all tables of a task where table statuses are read, else over its full load.",
			query("sum("+tablesInError()+")", "tables"), unit("none"), bad()),
		stat("New data errors", "Data errors counted in the last minutes.",
			query("sum("+newDataErrors()+")", "errors"), unit("short"), decimals(0), bad()),
	}
}

// attentionTable has a row for every task with which something is wrong.
func attentionTable() panel {
	conditions := []string{
		withTag(perTask(`qem_task_state{state=~"error|recovering"} == 1`)),
		stoppedAbnormally(),
		latencyRatio() + " > 1",
		tablesInError() + " > 0",
		pendingOn("disk") + " > 0",
		newDataErrors() + " > 0",
		withTag(perTask("qem_task_up") + " == 0"),
	}
	for i, c := range conditions {
		conditions[i] = "(" + c + ")"
	}
	red := inColors("red")
	state := "topk(200, " + ofTasks(taskStates().number("qem_task_state", taskLabels), strings.Join(conditions, "\nor\n")) + ")"
	ofStopped := withTag(ofTasks(
		maxBy(taskLabels+", reason", `qem_task_stop_reason{reason!~"`+normalStops+`"}`),
		perTask(`qem_task_state{state=~"stopped|error|recovering"}`)+" == 1"))
	return table("Tasks that need attention",
		"Tasks in error or recovering, stopped abnormally, behind their objective, with tables in error, changes on disk or new data errors, or whose details could not be read; 200 at most, the worst states first. "+
			"A cell is empty where nothing is wrong. Click on a task for its dashboard.",
		[]string{"manager", "server", "task", "reason"},
		[]column{
			newColumn("State", state, asState(taskStates().mappings())...),
			labelsOnly("topk(200, " + ofStopped + ")"),
			newColumn("Latency / objective", "topk(200, "+conditions[2]+")", both("percentunit", red)...),
			newColumn("Tables in error", "topk(200, "+conditions[3]+")", both("none", red)...),
			newColumn("Changes on disk", "topk(200, "+conditions[4]+")", both("short", inColors("orange"))...),
			newColumn("New data errors", "topk(200, "+conditions[5]+")", append(both("short", red), property{"decimals", 0})...),
			newColumn("Details", "topk(200, "+conditions[6]+")", asState(upStates("Not read", "Read"))...),
		}, sortedBy("State", true), size(24, 11))
}

func fleetTasks() []panel {
	return []panel{
		barGauge("Tasks by state", "How many tasks are in each state now.",
			query(total("state", withTag("qem_task_state")), "{{state}}"), unit("none"), coloredByState(taskStates()), size(6, 9)),
		timeSeries("Tasks by state over time", "How many tasks are in each state, as the servers count them, whatever the tag.",
			query(total("state", "qem_server_tasks"), "{{state}}"), unit("none"), stacked(), coloredByState(taskStates()), size(18, 9)),
		worstLatency(withTag),
		latencyTable(),
		timeSeries("Applied changes", "Changes that all tasks together apply to their targets, by operation. Tasks count anew when they are started.",
			query(total("operation", withTag("rate(qem_task_cdc_applied_changes_total[$__rate_interval])")), "{{operation}}"), unit("cps"), stacked()),
		timeSeries("Pending changes", "Changes that wait in all tasks together, in memory and on disk. On disk means that they no longer fit in memory.",
			query(total("storage", withTag("qem_task_cdc_pending_changes")), "{{storage}}"),
			unit("short"), stacked(), colored("memory", "blue"), colored("disk", "orange")),
		timeSeries("Volume", "Volume of changes that all tasks together read from their sources and write to their targets.",
			query(total("endpoint", withTag("qem_task_cdc_bytes_per_second")), "{{endpoint}}"), unit("binBps")),
	}
}

// worstLatency is the latency of ten tasks; narrow keeps the tasks in question.
func worstLatency(narrow func(string) string) panel {
	return timeSeries("Furthest behind", "Total latency of the ten tasks that were furthest behind in the shown time. Click on a line for the task.",
		query(top(10, taskLabels, perTask("qem_task_total_latency_seconds"),
			narrow(perTask("max_over_time(qem_task_total_latency_seconds[$__range] @ end())"))), "{{server}} / {{task}}"),
		unit("s"), linked(uidTask, "manager", "server", "task"), noValue("no task running"))
}

func latencyTable() panel {
	shown := "topk(20, " + latencyRatio() + ")"
	of := func(family string) string { return ofTasks(perTask(family), shown) }
	return table("Latency against objective", "The twenty tasks that are furthest into their latency objective, which comes from a tag of the task or from the exporter's configuration.",
		[]string{"manager", "server", "task"},
		[]column{
			newColumn("Latency / objective", shown, both("percentunit", asBar(2, "green", step{0.8, "orange"}, step{1, "red"}))...),
			newColumn("Latency", of("qem_task_total_latency_seconds"), inUnit("s")),
			newColumn("Objective", of("qem_task_latency_objective_seconds"), inUnit("s")),
		}, sortedBy("Latency / objective", true), size(12, 9), noValue("no objective"))
}

func serversTable() panel {
	tasks := func(state string) string { return perServer(`qem_server_tasks{state="` + state + `"}`) }
	return table("Servers", "Every server: what Enterprise Manager says of it, its tasks by state, its resources and its licence. Click on a server for its dashboard.",
		[]string{"manager", "server", "product", "version", "platform"},
		[]column{
			newColumn("State", serverStates().number("qem_server_state", serverLabels), asState(serverStates().mappings())...),
			labelsOnly(maxBy(serverLabels+", product, version, platform", "qem_server_info")),
			newColumn("Readable", perServer("qem_server_up"), asState(upStates("No", "Yes"))...),
			newColumn("Running", tasks("running"), inUnit("none")),
			newColumn("Stopped", tasks("stopped"), inUnit("none")),
			newColumn("Recovering", tasks("recovering"), both("none", inColors("transparent", step{1, "orange"}))...),
			newColumn("Error", tasks("error"), both("none", inColors("transparent", step{1, "red"}))...),
			newColumn("Machine CPU", perServer("qem_server_machine_cpu_ratio"), both("percentunit", asBar(1, "green", step{0.8, "orange"}, step{0.95, "red"}))...),
			newColumn("Memory", perServer("qem_server_memory_bytes"), inUnit("bytes")),
			newColumn("Licence", licenseStates().number("qem_server_license_state", serverLabels), asState(licenseStates().mappings())...),
			newColumn("Licence days", perServer("qem_server_license_days_to_expiration"), both("none", inColors("red", step{7, "orange"}, step{30, "transparent"}))...),
			newColumn("Licence ends", milliseconds(perServer("qem_server_license_expiry_timestamp_seconds")), inUnit("dateTimeAsIso")),
			newColumn("Last connection", milliseconds(perServer("qem_server_last_connection_timestamp_seconds")), inUnit("dateTimeFromNow")),
		}, sortedBy("State", true), size(24, 10))
}

func freshness() []panel {
	polls := func(results string) string {
		return maxBy("manager", `sum by (manager, job, instance) (increase(qem_polls_total{result=~"`+results+`"}[$__range]))`)
	}
	return []panel{
		table("Enterprise Managers", "Whether the last poll of each worked, how old its data is, and how its polls went in the shown time. A partial poll could not read some server, task or table.",
			[]string{"manager"},
			[]column{
				newColumn("Up", perManager("qem_up"), asState(upStates("Down", "Up"))...),
				newColumn("Age of the data", "time() - "+perManager("qem_poll_last_success_timestamp_seconds"),
					both("s", inColors("transparent", step{180, "orange"}, step{600, "red"}))...),
				newColumn("Last poll took", perManager("qem_poll_last_duration_seconds"), inUnit("s")),
				newColumn("Polls", polls("success|partial|failure"), inUnit("none"), property{"decimals", 0}),
				newColumn("Partial", polls("partial"), append(both("none", inColors("transparent", step{1, "orange"})), property{"decimals", 0})...),
				newColumn("Failed", polls("failure"), append(both("none", inColors("transparent", step{1, "red"})), property{"decimals", 0})...),
			}, size(12, 8)),
		timeSeries("Age over time", "Time since the last poll of each Enterprise Manager that worked. It saws between 0 and the poll interval while all is well.",
			query("time() - "+perManager("qem_poll_last_success_timestamp_seconds"), "{{manager}}"),
			unit("s"), drawnLimits("transparent", step{600, "red"}), size(12, 8)),
	}
}
