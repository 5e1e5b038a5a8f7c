package generate

func serverDashboard() dashboard {
	return dashboard{
		uid: uidServer, title: "QEM / Server", from: "now-6h",
		question: "Is this server read, what is wrong with it, and which of its tasks need attention?",
		rows: []row{
			{title: "State", panels: append(serverTiles(),
				serverTimeline(), alertList(" of this server or its tasks", 12),
				taskList("Tasks that need attention", "No task of this server that is seen needs attention.",
					"Tasks of the server with which something is wrong.", 20, ranked(), size(24, 10)))},
			{title: "Resources", collapsed: true, panels: serverResources()},
			{title: "Tasks over time", collapsed: true, panels: serverTasks()},
			{title: "All tasks", collapsed: true, panels: []panel{serverAllTasks()}},
			{title: "Licence and versions", collapsed: true, panels: serverFacts()},
			{title: "Endpoints and permissions", collapsed: true, panels: []panel{serverEndpoints(), serverPermissions()}},
		},
	}
}

func serverTiles() []panel {
	return []panel{
		stat("State", "choose a server", "Whether the server is read, and what Enterprise Manager says of it.",
			query(serverRank(), "{{server}}"), mapped(serverWords()), listed(uidServers)),
		stat("Reason", "none", "Why the server cannot be read, while it cannot: the error's code or kind.",
			query("topk by ("+serverLabels+") (1, "+maxBy(serverLabels+", reason", "qem_server_unreadable")+")", "{{reason}}"),
			named(), mapped(texts([]string{"1"}, state{"", "Not read", "red"})), listed(uidExporter)),
		stat("Data age", "never read", "Time since the server's details were last read and all its tasks tried.",
			query("time() - "+perServer("qem_server_poll_last_success_timestamp_seconds"), "{{server}}"), unit(inSeconds),
			neutral(), listed(uidExporter)),
		stat("Tasks in error", "not read", "Tasks in error, as the server counts them.",
			query(perServer(`qem_server_tasks{state="error"}`), "{{server}}"), count(), bad(),
			listed(uidTasks, "var-show="+onlyText("In error"))),
		stat("Licence", "not read", "State of the server's licence, and how soon it ends.",
			query(licenseVerdict(), "{{server}}"), mapped(licenseWords()), listed(uidServers)),
		stat("Machine CPU", "not given", "CPU use of the server's machine.",
			query(perServer("qem_server_machine_cpu_ratio"), "{{server}}"),
			unit("percentunit"), limits(step{0, "green"}, step{0.8, "orange"}, step{0.95, "red"}), listed(uidServers)),
	}
}

func serverTimeline() panel {
	return stateTimeline("State over time", "Not known to Enterprise Manager in the shown time.",
		"State of the server in Enterprise Manager. A gap means that Enterprise Manager could not be read.",
		serverStates(), query(serverStates().number("qem_server_state", "state", serverLabels), "{{server}}"), size(12, 9))
}

func serverResources() []panel {
	sum := func(family, label string) string {
		return "sum by (" + serverLabels + ", " + label + ") (" + maxBy(taskLabels+", "+label, family) + ")"
	}
	return []panel{
		timeSeries("CPU", "not given", "CPU use of the server's machine, and of the server process with all its tasks.",
			query(perServer("qem_server_machine_cpu_ratio"), "machine"),
			query(perServer("qem_server_replicate_cpu_ratio"), "server and tasks"),
			unit("percentunit"), drawnLimits(step{0.95, "red"}), size(8, 8)),
		timeSeries("Memory", "not read", "Memory that the server uses, that of all its tasks together, and how much there "+
			"is by the exporter's configuration.",
			query(perServer("qem_server_memory_bytes"), "server"),
			query("sum by ("+serverLabels+") ("+perTask("qem_task_memory_bytes")+")", "tasks"),
			query(perServer("qem_server_memory_limit_bytes"), "limit"), unit("bytes"), dashed("^limit$", "red"), size(8, 8)),
		timeSeries("Disk", "not read", "Disk space that the server uses, that of all its tasks together, and how much "+
			"there is by the exporter's configuration.",
			query(perServer("qem_server_disk_usage_bytes"), "server"),
			query("sum by ("+serverLabels+") ("+perTask("qem_task_disk_usage_bytes")+")", "tasks"),
			query(perServer("qem_server_disk_limit_bytes"), "limit"), unit("bytes"), dashed("^limit$", "red"), size(8, 8)),
		timeSeries("Change records", "no task is running", "Change records a second that all tasks of the server together "+
			"read from their sources and write to their targets.",
			query(sum("qem_task_cdc_records_per_second", "side"), "{{side}}"), unit("cps"), size(8, 8)),
		timeSeries("Change volume", "no task is running", "Volume of changes that all tasks of the server together read "+
			"from their sources and write to their targets.",
			query(sum("qem_task_cdc_bytes_per_second", "side"), "{{side}}"), unit("binBps"), size(8, 8)),
		timeSeries("Pending changes", "no task is read", "Changes that wait in all tasks of the server together, in memory "+
			"and on disk.",
			query("sum by ("+serverLabels+", storage) ("+maxBy(taskLabels+", stage, storage",
				"qem_task_cdc_pending_changes")+")", "{{storage}}"),
			unit("short"), stacked(), coloredStorage(), size(8, 8)),
	}
}

func serverTasks() []panel {
	all := func(expr string) string { return expr }
	return []panel{
		timeSeries("Tasks by state", "not read", "Tasks of the server by state, as the server counts them.",
			query(total("state", "qem_server_tasks"), "{{state}}"), unit("none"), stacked(), coloredByState(taskStates())),
		worstLatency(all),
		timeSeries("Most memory", "no task is read", "Memory of the ten tasks that used most in the shown time. Click on a "+
			"line for the task.",
			query(top(10, taskLabels, perTask("qem_task_memory_bytes"),
				perTask("max_over_time(qem_task_memory_bytes[$__range] @ end())")), taskLegend),
			unit("bytes"), linkedToTask()),
		timeSeries("Most CPU", "not given", "CPU use of the ten tasks that used most in the shown time; 100 % is one core. "+
			"Click on a line for the task.",
			query(top(10, taskLabels, perTask("qem_task_cpu_ratio"), perTask("max_over_time(qem_task_cpu_ratio[$__range] @ "+
				"end())")), taskLegend),
			unit("percentunit"), linkedToTask()),
	}
}

func serverAllTasks() panel {
	shown := "topk(200, " + perTask("qem_task_up") + ")"
	of := func(expr string) string { return ofTasks(expr, shown) }
	return table("All tasks", "No task of this server is seen.", "The tasks of the server, 200 at most. Click on a task "+
		"for its page.",
		[]column{
			growing(label("task", 230)),
			value("State", 110, of(ofTask()), asWords(taskStates().mapping())...),
			labelsOnly(of(maxBy(taskLabels+", source_type, target_type", "qem_task_info"))),
			value("Latency", 90, of(perTask("qem_task_total_latency_seconds")), inUnit(inSeconds)),
			value("Objective", 90, of(perTask("qem_task_latency_objective_seconds")), inUnit(inSeconds)),
			value("Records/s", 100, of(perTask(`qem_task_cdc_records_per_second{side="target"}`)), inUnit("cps")),
			value("Pending", 90, of("sum by ("+taskLabels+") ("+maxBy(taskLabels+", stage, storage",
				"qem_task_cdc_pending_changes")+")"), inUnit("short")),
			value("Memory", 90, of(perTask("qem_task_memory_bytes")), inUnit("bytes")),
			value("CPU", 80, of(perTask("qem_task_cpu_ratio")), inUnit("percentunit")),
			value("Disk", 90, of(perTask("qem_task_disk_usage_bytes")), inUnit("bytes")),
			label("source_type", 140), label("target_type", 140), label("server", 130), label("manager", 110),
		}, sortedBy("State", "Latency"), size(24, 14))
}

func serverFacts() []panel {
	return []panel{
		keysAndValues("Server", "not known", "What the server is and runs on.",
			maxBy("product, host, port, platform, version", "qem_server_info"),
			map[string]string{"product": "Product", "host": "Host", "port": "Port", "platform": "Platform",
				"version": "Version"}, size(8, 9)),
		stateTimeline("Licence over time", "Not read in the shown time.", "State of the server's licence.", licenseStates(),
			query(licenseStates().number("qem_server_license_state", "state", serverLabels), "{{server}}"), size(16, 9)),
		stat("Licence ends", "no end given", "When the licence ends or has ended, by its date or else by the days that the "+
			"server counts.",
			query(milliseconds("(time() + "+licenseLeft()+")"), "{{server}}"), unit("dateTimeFromNow"), neutral()),
		stat("Last connection", "not given", "When Enterprise Manager was last connected to the server.",
			query(milliseconds(perServer("qem_server_last_connection_timestamp_seconds")), "{{server}}"),
			unit("dateTimeFromNow"), neutral()),
		stat("Sweep took", "never read", "How long the last sweep over the server's details and tasks took, without its "+
			"pauses.",
			query(perServer("qem_server_poll_duration_seconds"), "{{server}}"), unit(inSeconds), neutral()),
		stat("Tasks counted", "not read", "Tasks, as the server counts them.",
			query(perServer("qem_server_tasks_expected"), "{{server}}"), count(), neutral()),
		stat("Tasks listed", "not read", "Tasks in the server's list.", query(perServer("qem_server_tasks_listed"),
			"{{server}}"), count(), neutral()),
		stat("Tasks polled", "not read", "Tasks that the exporter's filters leave.",
			query(perServer("qem_server_tasks_polled"), "{{server}}"), count(), neutral()),
	}
}
