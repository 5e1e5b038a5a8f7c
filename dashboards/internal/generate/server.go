package generate

func serverDashboard() dashboard {
	return dashboard{
		uid: uidServer, title: "QEM / Server", from: "now-6h",
		description: "One Replicate or Compose server, or a few: state, licence, resources, and its tasks.",
		variables:   []variable{job, instance, manager, server.chosen()},
		rows: []row{
			{title: "State", panels: serverState()},
			{title: "Resources", panels: serverResources()},
			{title: "Tasks", panels: serverTasks()},
			{title: "Endpoints and permissions", collapsed: true, panels: []panel{serverEndpoints(), serverPermissions()}},
		},
	}
}

func serverState() []panel {
	return []panel{
		stat("State", "What Enterprise Manager says of the server.", query(serverStates().number("qem_server_state", serverLabels), "{{server}}"),
			mapped(serverStates()), size(3, 4)),
		stat("Readable", "Whether the server's details and task list could be read in the last poll. Absent for a server that is not monitored.",
			query(perServer("qem_server_up"), "{{server}}"), mappings(upStates("No", "Yes")), noValue("not monitored"), size(3, 4)),
		stat("Last connection", "Time since Enterprise Manager was last connected to the server: the age of what it tells.",
			query("time() - "+perServer("qem_server_last_connection_timestamp_seconds"), "{{server}}"),
			unit("s"), decimals(0), limits("green", step{300, "orange"}, step{900, "red"}), noValue("not given"), size(3, 4)),
		stat("Licence", "State of the server's licence.", query(licenseStates().number("qem_server_license_state", serverLabels), "{{server}}"),
			mapped(licenseStates()), noValue("not read"), size(3, 4)),
		stat("Licence days left", "Days until the licence ends, as the server counts them; negative once it has.",
			query(perServer("qem_server_license_days_to_expiration"), "{{server}}"),
			unit("none"), limits("red", step{7, "orange"}, step{30, "green"}), noValue("no end"), size(3, 4)),
		stat("Tasks in error", "Tasks in error, as the server counts them.", query(perServer(`qem_server_tasks{state="error"}`), "{{server}}"),
			unit("none"), bad(), size(3, 4)),
		stat("Machine CPU", "CPU use of the server's machine.", query(perServer("qem_server_machine_cpu_ratio"), "{{server}}"),
			unit("percentunit"), limits("green", step{0.8, "orange"}, step{0.95, "red"}), noValue("not given"), size(3, 4)),
		stat("Memory", "Memory that the server uses.", query(perServer("qem_server_memory_bytes"), "{{server}}"),
			unit("bytes"), neutral(), noValue("not given"), size(3, 4)),
		stateTimeline("State over time", "State of the server in Enterprise Manager. A gap means that Enterprise Manager could not be read.", serverStates(),
			query(serverStates().number("qem_server_state", serverLabels), "{{server}}"), size(12, 6)),
		stateTimeline("Licence over time", "State of the server's licence.", licenseStates(),
			query(licenseStates().number("qem_server_license_state", serverLabels), "{{server}}"), size(12, 6)),
		table("Servers", "Host, version and licence of the server.",
			[]string{"manager", "server", "product", "host", "port", "platform", "version"},
			[]column{
				labelsOnly(maxBy(serverLabels+", product, host, port, platform, version", "qem_server_info")),
				newColumn("Licence issued", milliseconds(perServer("qem_server_license_issue_timestamp_seconds")), inUnit("dateTimeAsIso")),
				newColumn("Licence ends", milliseconds(perServer("qem_server_license_expiry_timestamp_seconds")), inUnit("dateTimeAsIso")),
				newColumn("Last connection", milliseconds(perServer("qem_server_last_connection_timestamp_seconds")), inUnit("dateTimeAsIso")),
			}, size(24, 4)),
	}
}

func serverResources() []panel {
	sum := func(family, label string) string {
		return "sum by (" + serverLabels + ", " + label + ") (" + maxBy(taskLabels+", "+label, family) + ")"
	}
	return []panel{
		timeSeries("CPU", "CPU use of the server's machine, and of the server process with all its tasks.",
			query(perServer("qem_server_machine_cpu_ratio"), "{{server}} machine"),
			query(perServer("qem_server_replicate_cpu_ratio"), "{{server}} server and tasks"),
			unit("percentunit"), noValue("not given"), drawnLimits("transparent", step{0.95, "red"}), size(8, 8)),
		timeSeries("Memory over time", "Memory that the server uses, and that of all its tasks together.",
			query(perServer("qem_server_memory_bytes"), "{{server}}"),
			query("sum by ("+serverLabels+") ("+perTask("qem_task_memory_bytes")+")", "{{server}} tasks"), unit("bytes"), size(8, 8)),
		timeSeries("Disk", "Disk space that the server uses, and that of all its tasks together.",
			query(perServer("qem_server_disk_usage_bytes"), "{{server}}"),
			query("sum by ("+serverLabels+") ("+perTask("qem_task_disk_usage_bytes")+")", "{{server}} tasks"), unit("bytes"), size(8, 8)),
		timeSeries("Change records", "Change records a second that all tasks of the server together read from their sources and write to their targets.",
			query(sum("qem_task_cdc_records_per_second", "endpoint"), "{{server}} {{endpoint}}"), unit("cps"), noValue("no task running"), size(8, 8)),
		timeSeries("Change volume", "Volume of changes that all tasks of the server together read from their sources and write to their targets.",
			query(sum("qem_task_cdc_bytes_per_second", "endpoint"), "{{server}} {{endpoint}}"), unit("binBps"), noValue("no task running"), size(8, 8)),
		timeSeries("Pending changes", "Changes that wait in all tasks of the server together, in memory and on disk.",
			query("sum by ("+serverLabels+", storage) ("+maxBy(taskLabels+", stage, storage", "qem_task_cdc_pending_changes")+")", "{{server}} {{storage}}"),
			unit("short"), stacked(), size(8, 8)),
	}
}

func serverTasks() []panel {
	all := func(expr string) string { return expr }
	shown := "topk(200, " + perTask("qem_task_up") + ")"
	of := func(expr string) string { return ofTasks(expr, shown) }
	return []panel{
		timeSeries("Tasks by state", "Tasks of the server by state, as the server counts them.",
			query(total("state", "qem_server_tasks"), "{{state}}"),
			unit("none"), stacked(), coloredByState(taskStates())),
		worstLatency(all),
		timeSeries("Most memory", "Memory of the ten tasks that used most in the shown time. Click on a line for the task.",
			query(top(10, taskLabels, perTask("qem_task_memory_bytes"), perTask("max_over_time(qem_task_memory_bytes[$__range] @ end())")), "{{server}} / {{task}}"),
			unit("bytes"), linked(uidTask, "manager", "server", "task")),
		timeSeries("Most CPU", "CPU use of the ten tasks that used most in the shown time. Click on a line for the task.",
			query(top(10, taskLabels, perTask("qem_task_cpu_ratio"), perTask("max_over_time(qem_task_cpu_ratio[$__range] @ end())")), "{{server}} / {{task}}"),
			unit("percentunit"), linked(uidTask, "manager", "server", "task"), noValue("not given")),
		table("All tasks", "The tasks of the server, 200 at most. Click on a task for its dashboard.",
			[]string{"manager", "server", "task", "source_type", "target_type"},
			[]column{
				newColumn("State", of(taskStates().number("qem_task_state", taskLabels)), asState(taskStates().mappings())...),
				labelsOnly(of(maxBy(taskLabels+", source_type, target_type", "qem_task_info"))),
				newColumn("Total latency", of(perTask("qem_task_total_latency_seconds")), inUnit("s")),
				newColumn("Objective", of(perTask("qem_task_latency_objective_seconds")), inUnit("s")),
				newColumn("Change records/s", of(perTask(`qem_task_cdc_records_per_second{endpoint="target"}`)), inUnit("cps")),
				newColumn("Pending changes", of("sum by ("+taskLabels+") ("+maxBy(taskLabels+", stage, storage", "qem_task_cdc_pending_changes")+")"), inUnit("short")),
				newColumn("Memory", of(perTask("qem_task_memory_bytes")), inUnit("bytes")),
				newColumn("CPU", of(perTask("qem_task_cpu_ratio")), inUnit("percentunit")),
				newColumn("Disk", of(perTask("qem_task_disk_usage_bytes")), inUnit("bytes")),
			}, sortedBy("State", true), size(24, 12)),
	}
}
