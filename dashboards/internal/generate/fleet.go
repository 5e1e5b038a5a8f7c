package generate

import "fmt"

func fleetDashboard() dashboard {
	return dashboard{
		uid: uidFleet, title: "QEM / Fleet overview", from: "now-3h",
		question: "Is anybody watching, what is not seen, and what needs attention first?",
		rows: []row{
			{title: "Attention", panels: append(fleetTiles(), troubleTiles(), fleetTaskList(), notSeen(), alertList("", 12))},
			{title: "Over time", panels: []panel{tasksOverTime(), worstLatency(withTag)}},
			{title: "What the fleet moves", collapsed: true, panels: fleetChanges()},
			{title: "Latency against objectives", collapsed: true, panels: []panel{latencyTable()}},
			{title: "Freshness of the data", collapsed: true, panels: freshness()},
		},
	}
}

// fleetTiles begin with the one that says whether the others can be believed.
func fleetTiles() []panel {
	return []panel{
		watching(),
		stat("Managers down", "no exporter", "Enterprise Managers whose server list could not be read when it was last "+
			"due, or that no exporter polls any more. Nothing is known of what is behind them.",
			query("count("+managersDown()+") or 0 * count(qem_up)", "down"), count(), bad(), listed(uidExporter)),
		serversNotSeen(),
		tasksNotSeen(),
		stat("Licences", "none is known", "Servers whose licence is not valid, has ended, or ends within 30 days.",
			query("count("+licenseVerdict()+" > 1) or 0 * count("+licenseVerdict()+")", "licences"), count(), uneasy(),
			listed(uidServers)),
		stat("Worst latency", "no task running", "The longest time from a change in a source to its commit in the target.",
			query("max("+withTag("qem_task_total_latency_seconds")+")", "latency"),
			unit(inSeconds), neutral(), listed(uidTasks, "var-show="+fmt.Sprint(everyTask))),
	}
}

// watching is whether what is there to be seen is seen.
func watching() panel {
	words := texts([]string{"0", "1", "2"},
		state{"", "Nobody", "red"}, state{"", "In part", "orange"}, state{"", "All of it", "green"})
	return stat("Watched", "no answer", "Whether anybody is watching. Nobody: no exporter can be scraped, or none can "+
		"read its Enterprise Manager; nothing else on this page means anything then. "+
		"In part: an exporter cannot be scraped, or an Enterprise Manager or a server not be read.",
		query("0 * absent(qem_up == 1)\nor\n1 + 0 * group("+exportersDown()+"\nor "+managersDown()+"\nor "+
			perServer("qem_server_up")+" == 0)\nor\n2 * group(qem_up)", "watched"),
		mapped(words), listed(uidExporter))
}

// exportersDown has a sample for each target that was an exporter in the shown time, and
// cannot be scraped.
func exportersDown() string {
	return "(up == 0 and on (job, instance) last_over_time(qem_exporter_build_info[$__range]))"
}

// managersDown has a sample for each Enterprise Manager that is not read: it cannot be, or
// the exporter that did is gone.
func managersDown() string {
	return "(" + perManager("last_over_time(qem_up[$__range])") + " * 0 unless on (manager) qem_up == 1)"
}

// serversNotSeen are counted from those of the shown time: one that is lost does not
// lessen what there is to be seen.
func serversNotSeen() panel {
	lost := perServer("last_over_time(qem_server_info[$__range])") + " unless on (" + serverLabels +
		") qem_server_up == 1" +
		" unless on (" + serverLabels + `) qem_server_state{state="not_monitored"} == 1`
	return stat("Servers not seen", "none is known", "Servers of the shown time that are to be monitored and are not "+
		"read now. What is wrong behind them is not known.",
		query("count("+lost+") or 0 * count(last_over_time(qem_server_info[$__range]))", "servers"), count(), limits(),
		listed(uidServers))
}

// tasksNotSeen are counted from what the servers had in the shown time.
func tasksNotSeen() panel {
	return stat("Tasks not seen", "none is known", "Tasks that there were in the shown time and of which nothing, or no "+
		"details, can be read now. What is wrong with them is not known.",
		query("clamp_min(sum("+perServer("last_over_time(qem_server_tasks_polled[$__range])")+") - "+
			"(sum("+perTask("qem_task_up")+") or vector(0)), 0)", "tasks"),
		count(), limits(), listed(uidTasks, "var-show="+onlyText("Not read")))
}

func fleetTaskList() panel {
	return taskList("Tasks that need attention", "No task that is seen needs attention. What is not seen is told above "+
		"and below.",
		"Tasks with which something is wrong.", 17, ranked(), size(24, 12))
}

// notSeen is the list of what cannot be seen, and why.
func notSeen() panel {
	const all = "all of them"
	unread := perServer("qem_server_up") + " == 0"
	lost := "0 * (" + unread + ") + 2\nor\n0 * (" + perServer(`qem_server_state{state="not_monitored"}`) + " == 1) + 1"
	down := `label_replace(` + managersDown() + ` + 3, "server", "` + all + `", "", "")`
	nobody := `label_replace(label_replace(0 * absent(qem_up == 1) + 4, "manager", "` + all +
		`", "", ""), "server", "` + all + `", "", "")`
	words := texts([]string{"1", "2", "3", "4"}, state{"", "Not monitored", "blue"},
		state{"", "Server not read", "red"}, state{"", "Manager not read", "red"}, state{"", "Nobody is watching", "red"})
	return table("What is not seen", "All that is configured is seen.",
		"Enterprise Managers and servers that cannot be read, or are not monitored, and how many tasks there were. Click "+
			"on a server for its page.",
		[]column{
			growing(label("server", 170)),
			value("Why", 150, "topk(12, "+nobody+"\nor\n"+down+"\nor\n"+lost+")", asWords(words)...),
			labelsOnly("topk(12, topk by (" + serverLabels + ") (1, " + maxBy(serverLabels+", reason",
				"qem_server_unreadable") + "))"),
			label("reason", 190, under("Reason")),
			value("Tasks", 70, "topk(12, "+perServer("last_over_time(qem_server_tasks_polled[$__range])")+" and on "+
				"("+serverLabels+") ("+unread+"))", whole()...),
			label("manager", 120),
		}, sortedBy("Why"), size(12, 9))
}

// tasksOverTime are counted where a tag narrows them.
func tasksOverTime() panel {
	return timeSeries("Tasks by state", "no task is seen", "How many tasks are in each state.",
		query(total("state", withTag("qem_task_state")), "{{state}}"), unit("none"), stacked(), coloredByState(taskStates()))
}

// worstLatency is the latency of ten tasks; narrow keeps the tasks in question.
func worstLatency(narrow func(string) string) panel {
	return timeSeries("Furthest behind", "no task is processing changes", "Total latency of the ten tasks that were "+
		"furthest behind in the shown time, on a logarithmic scale. Click on a line for the task.",
		query(top(10, taskLabels, perTask("qem_task_total_latency_seconds"),
			narrow(perTask("max_over_time(qem_task_total_latency_seconds[$__range] @ end())"))), taskLegend),
		unit(inSeconds), logarithmic(), linkedToTask())
}

func fleetChanges() []panel {
	return []panel{
		timeSeries("Applied changes", "nothing is seen", "Changes that all tasks together apply to their targets, by "+
			"operation. Tasks count anew when they are started.",
			query(total("operation", withTag("rate(qem_task_cdc_applied_changes_total[$__rate_interval])")),
				"{{operation}}"), unit("cps"), stacked(), size(8, 9)),
		timeSeries("Pending changes", "nothing is seen", "Changes that wait in all tasks together, in memory and on disk. "+
			"On disk means that they no longer fit in memory.",
			query(total("storage", withTag("qem_task_cdc_pending_changes")), "{{storage}}"), unit("short"), stacked(),
			coloredStorage(), size(8, 9)),
		timeSeries("Volume", "no task is running", "Volume of changes that all tasks together read from their sources and "+
			"write to their targets.",
			query(total("side", withTag("qem_task_cdc_bytes_per_second")), "{{side}}"), unit("binBps"), size(8, 9)),
	}
}

func latencyTable() panel {
	shown := "topk(50, " + withTag(perTask(latencyRatio)) + ")"
	of := func(family string) string { return ofTasks(perTask(family), shown) }
	return table("Latency ÷ objective", "No task that is running has an objective.",
		"The fifty tasks that are furthest into their latency objective, which comes from a tag of the task or from the "+
			"exporter's configuration. Tasks without an objective are not here, and are never late.",
		[]column{
			growing(label("task", 230)),
			value("Times", 200, shown, asBar(times, 2, step{0, "green"}, step{0.8, "orange"}, step{1, "red"})...),
			value("Latency", 120, of("qem_task_total_latency_seconds"), inUnit(inSeconds)),
			value("Objective", 120, of("qem_task_latency_objective_seconds"), inUnit(inSeconds)),
			label("server", 190),
			label("manager", 120),
		}, sortedBy("Times"), size(24, 14))
}

func freshness() []panel {
	polls := func(results string) string {
		return maxBy("manager", "sum by (manager, job, instance) (increase("+
			`qem_polls_total{result=~"`+results+`"}[$__range]))`)
	}
	return []panel{
		table("Enterprise Managers", "No exporter is seen.", "Whether the server list of each was read when it was last "+
			"due, how old it is, how often it is to be read, and how the readings went in the shown time. A partial one could "+
			"not read some task or table.",
			[]column{
				growing(label("manager", 130)),
				value("Up", 80, perManager("qem_up"), asWords(upStates("Down", "Up"))...),
				value("Age", 80, "time() - "+perManager("qem_poll_last_success_timestamp_seconds"), inUnit(inSeconds)),
				value("Due every", 90, perManager("qem_state_interval_seconds"), inUnit(inSeconds)),
				value("Readings", 90, polls("success|partial|failure"), whole()...),
				value("Partial", 80, polls("partial"), badFrom1("orange")...),
				value("Failed", 80, polls("failure"), badFrom1("red")...),
			}, size(12, 8)),
		timeSeries("Age over time", "never read", "Time since the server list of each Enterprise Manager was last read. It "+
			"saws between 0 and the interval while all is well.",
			query("time() - "+perManager("qem_poll_last_success_timestamp_seconds"), "{{manager}}"), unit(inSeconds),
			size(12, 8)),
	}
}
