package generate

import "fmt"

func composeDashboard() dashboard {
	return dashboard{
		uid: uidCompose, title: "QEM / Compose", from: "now-6h",
		question: "Which Compose tasks have failed, and how far are those that run?",
		rows: []row{
			{title: "Compose tasks", panels: append(composeTiles(), composeList("Compose tasks, those in trouble first", 20))},
			{title: "Over time", collapsed: true, panels: composeOverTime()},
			{title: "Up to 300 of them", collapsed: true, panels: []panel{composeList("All Compose tasks", 300)}},
		},
	}
}

// composeTasks is expr for Compose tasks alone.
func composeTasks(expr string) string {
	return withTag(ofTasks(expr, perTask(`qem_task_info{product="compose"}`)+" or "+perTask("qem_compose_task_commands")))
}

func composeTables(state string) string {
	return perTask(`qem_compose_task_tables{state="` + state + `"}`)
}

func composeTiles() []panel {
	state := func(name string) string {
		return "sum(" + composeTasks(perTask(`qem_task_state{state="`+name+`"}`)) + ")"
	}
	const empty = "none is seen"
	return []panel{
		stat("In error", empty, "Compose tasks whose state is error.", query(state("error"), "tasks"), count(), bad(),
			listed(uidTasks, "var-show="+onlyText("In error"))),
		stat("Running", empty, "Compose tasks that run.", query(state("running"), "tasks"), count(), neutral(),
			listed(uidCompose)),
		stat("Compose tasks", empty, "Compose tasks whose state is "+
			"known.", query("count("+composeTasks(perTask("qem_task_state"))+")", "tasks"), count(), neutral(),
			listed(uidCompose)),
		stat("Tables in error", empty, "Tables that Compose tasks could not load.",
			query("sum("+withTag(composeTables("error"))+")", "tables"), count(), bad(),
			listed(uidTasks, "var-show="+onlyText("Tables in error"))),
		stat("Tables queued", empty, "Tables that wait to be loaded.", query("sum("+withTag(composeTables("queued"))+")",
			"tables"), count(), neutral(), listed(uidCompose)),
		stat("Details unread", empty, "Compose tasks whose details could not be read.",
			query("sum("+composeTasks(perTask("qem_task_up")+" == bool 0")+")", "tasks"), count(), limits(),
			listed(uidTasks, "var-show="+onlyText("Not read"))),
	}
}

func composeList(title string, n int) panel {
	shown := fmt.Sprintf("topk(%d, %s)", n, composeTasks(ofTask()))
	of := func(expr string) string { return ofTasks(expr, shown) }
	return table(title, "No Compose task is seen.", fmt.Sprintf("Compose tasks, %d at most, those in error first. A "+
		"dash is a value that is not there. Click on a task for its page.", n),
		[]column{
			growing(label("task", 230)),
			value("State", 110, shown, asWords(taskStates().mapping())...),
			value("Since", 120, of(milliseconds("min by ("+taskLabels+") (qem_task_state_since_timestamp_seconds)")),
				inUnit("dateTimeFromNow")),
			value("Tables in error", 130, of(composeTables("error")), badFrom1("red")...),
			value("Commands", 150, of(perTask("qem_compose_task_completed_commands")+" / "+
				"("+perTask("qem_compose_task_commands")+" > 0)"), asBar("percentunit", 1, step{0, "blue"})...),
			value("Tables loaded", 120, of(composeTables("completed")), whole()...),
			value("Of", 60, of(perTask("qem_compose_task_expected_tables")), whole()...),
			value("Started", 120, of(milliseconds(perTask("qem_compose_task_loading_start_timestamp_seconds"))),
				inUnit("dateTimeFromNow")),
			value("Ended", 120, of(milliseconds(perTask("qem_compose_task_loading_end_timestamp_seconds"))),
				inUnit("dateTimeFromNow")),
			label("server", 190), label("manager", 120),
		}, sortedBy("State", "Tables in error"), size(24, 14))
}

func composeOverTime() []panel {
	return []panel{
		timeSeries("Tasks by state", "none is seen", "Compose tasks by state.",
			query("sum by (state) ("+composeTasks(maxBy(taskLabels+", state", "qem_task_state"))+")", "{{state}}"),
			unit("none"), stacked(), coloredByState(taskStates())),
		timeSeries("Tables by state", "none is seen", "Tables that Compose tasks load, by state.",
			query(total("state", withTag("qem_compose_task_tables")), "{{state}}"),
			unit("none"), stacked(), coloredByState(loadStates())),
	}
}

// taskCompose is the part of a task's page that only a Compose task fills.
func taskCompose() []panel {
	const empty = "no Compose task"
	date := func(family string) option { return query(milliseconds(perTask(family)), "{{task}}") }
	return []panel{
		stat("Loading", empty, "Whether the Compose task has completed loading.",
			query(perTask("qem_compose_task_loading_completed"), "{{task}}"), mapped(yesOrNo("Not completed", "Completed"))),
		stat("Load started", empty, "When the Compose task last started loading.",
			date("qem_compose_task_loading_start_timestamp_seconds"), unit("dateTimeFromNow"), neutral()),
		stat("Load ended", empty, "When the Compose task last ended loading.",
			date("qem_compose_task_loading_end_timestamp_seconds"), unit("dateTimeFromNow"), neutral()),
		stat("Commands done", empty, "Commands that the Compose task has completed.",
			query(perTask("qem_compose_task_completed_commands"), "{{task}}"), count(), neutral()),
		stat("Commands in all", empty, "Commands that the Compose task has to complete.",
			query(perTask("qem_compose_task_commands"), "{{task}}"), count(), neutral()),
		stat("Tables expected", empty, "Tables that the Compose task is to load.",
			query(perTask("qem_compose_task_expected_tables"), "{{task}}"), count(), neutral()),
		timeSeries("Tables of the Compose task", empty, "Tables of the Compose task by state.",
			query(total("state", "qem_compose_task_tables"), "{{state}}"), unit("none"), stacked(),
			coloredByState(loadStates()), size(24, 8)),
	}
}
