package generate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// trouble is something that can be wrong with a task: expr has a sample for each task
// with which it is. Where measured has none, nobody can say that there is no such task,
// and unknown says why. Without measured it is known of every task that is seen.
type trouble struct {
	text, color       string
	expr              string
	measured, unknown string
}

// troubles are the worst first. Each filters before it aggregates: of thousands of tasks
// few have it. They are those of fleet's Task.Attention, in its order, and
// the two that need a look back.
func troubles() []trouble {
	const notSeen = "no task seen"
	state := func(name string) string { return perTask(`qem_task_state{state="` + name + `"} == 1`) }
	return []trouble{
		{"In error", "red", state("error"), "", notSeen},
		{"Stopped abnormally", "dark-red", stoppedAbnormally(), "qem_task_stop_reason", "no reasons given"},
		{"Should run", "semi-dark-red", ofTasks(perTask("qem_task_expected_running == 1"), state("stopped")),
			"qem_task_expected_running", "none is expected to"},
		{"Recovering", "orange", state("recovering"), "", notSeen},
		{"Unknown state", otherColor, perTask(`qem_task_state{state!~"running|stopped|error|recovering"} == 1`), "",
			notSeen},
		{"Load stalled", "red", stalledLoads(), "qem_task_full_load_tables offset " + stalledAfter, "not known yet"},
		{"Late", "red", perTask(latencyRatio + " > 1"), latencyRatio, "no objectives"},
		{"Load overdue", "orange", overdueLoads(), "qem_task_full_load_objective_seconds", "no objectives"},
		{"Not read", grey, perTask("qem_task_up == 0"), "qem_task_up", "none read yet"},
		{"Tables in error", "orange", tablesInError(),
			`qem_task_full_load_tables{state="error"} or qem_compose_task_tables{state="error"}`, "not read"},
		{"New data errors", "orange", newDataErrors(), "qem_task_data_errors offset 1h", "not known yet"},
		{"Not read yet", grey, perTask(`qem_task_state{state="running"} unless on (` + taskLabels + `) qem_task_up`), "",
			notSeen},
	}
}

// rank is the trouble's number, the worst one's the highest, as a list shows it and is
// asked for it.
func rank(i int) int { return len(troubles()) - i }

// ranked has the rank of its worst trouble for every task that has any.
func ranked() string {
	var terms []string
	for i, t := range troubles() {
		terms = append(terms, fmt.Sprintf("0 * (%s) + %d", t.expr, rank(i)))
	}
	// Nobody wants to hear of a task without priority.
	return withTag("(" + strings.Join(terms, "\nor\n") + ")\nunless on (" + taskLabels +
		`) qem_task_priority{priority="none"} == 1`)
}

// inTrouble counts the tasks by their worst trouble: 0 where none has it of those of which
// that is known, -1 where it is known of none, and nothing where no task is seen. The
// label is the number for which a list asks.
func inTrouble() string {
	terms := []string{fmt.Sprintf(`count_values("show", %d * %s)`, rankBase+1, ranked())}
	var otherwise []string
	for i, t := range troubles() {
		n := 0
		if t.measured != "" {
			n = -1
			terms = append(terms, fmt.Sprintf(`label_replace(0 * count(%s), "show", "%d", "", "")`, withTag(t.measured),
				only(i)))
		}
		otherwise = append(otherwise, fmt.Sprintf(`label_replace(vector(%d), "show", "%d", "", "")`, n, only(i)))
	}
	return strings.Join(terms, "\nor\n") + "\nor\n(" + strings.Join(otherwise, "\nor ") + ")\n" +
		"+ on () group_left () 0 * count(" + withTag("qem_task_up") + ")"
}

// troubleTiles are as many tiles as there are kinds of trouble.
func troubleTiles() panel {
	o := []option{
		query(inTrouble(), "{{show}}"), named(), options(map[string]any{"orientation": "auto"}), count(), limits(),
		size(24, 6),
		addLink(linkTo(uidTasks, "", nil, "var-show=${__field.labels.show}")),
	}
	for i, t := range troubles() {
		good := "green"
		if t.color == grey { // to have seen them all is no merit of theirs
			good = grey
		}
		o = append(o, overridden(strconv.Itoa(only(i)), property{"displayName", t.text},
			property{"thresholds", steps(grey, step{0, good}, step{1, t.color})},
			property{"mappings", []mapping{texts([]string{"-1"}, state{"", t.unknown, grey}), nothing(t.unknown)}}))
	}
	return stat("Tasks by their worst trouble", "no task is seen",
		"How many tasks are in which trouble; each counts once, by the worst. Click on a number for the list.", o...)
}

// stoppedAbnormally has a sample for each task that has stopped for another reason than
// that it was told to or had finished. A task that runs keeps the reason of its last stop.
func stoppedAbnormally() string {
	return ofTasks(
		perTask(`qem_task_stop_reason{reason!~"`+strings.Join(fleet.NormalStops(), "|")+`"}`),
		`qem_task_state{state="stopped"} == 1`)
}

// latencyRatio is the latency as a multiple of the objective, as each exporter sees it.
const latencyRatio = "qem_task_total_latency_seconds / (qem_task_latency_objective_seconds > 0)"

// tablesInError counts them, where there are any, by the tables' own states where they
// are asked for, else by the full load's.
func tablesInError() string {
	return "(" + perTask(`qem_task_tables{state="error"} > 0`) + "\nor " +
		perTask(`(qem_task_full_load_tables{state="error"} > 0) unless on (`+
			taskLabels+`) qem_task_tables`) + "\nor " + perTask(`qem_compose_task_tables{state="error"} > 0`) + ")"
}

// newDataErrors are those of the last hour. The number falls when someone resets a table's.
func newDataErrors() string {
	return perTask("qem_task_data_errors - qem_task_data_errors offset 1h > 0")
}

// stalledAfter is how long a full load must have loaded nothing.
const stalledAfter = "20m"

// stalledLoads has a sample for each running task of which tables wait for their first
// load, and no record or table was loaded in the last minutes.
func stalledLoads() string {
	const records = "qem_task_full_load_completed_records"
	key := "on (" + taskLabels + ") "
	return "((" + tablesToLoad("") +
		"\nand " + key + `qem_task_state{state="running"} == 1` +
		"\nand " + key + tablesToLoad("") + " == " + tablesToLoad(" offset "+stalledAfter) +
		"\nand " + key + records + " == " + records + " offset " + stalledAfter +
		")\nunless " + key + "qem_task_full_load_completed == 1)"
}

// overdueLoads has for how long each full load or Compose task has been loading, where that
// is longer than its objective.
func overdueLoads() string {
	overdue := func(family string) string {
		start := family + "start_timestamp_seconds"
		return "(time() - " + start + ") > qem_task_full_load_objective_seconds unless " + family + "completed == 1 unless " +
			family + "end_timestamp_seconds >= " + start
	}
	return ofTasks(perTask(overdue("qem_task_full_load_")+"\nor "+overdue("qem_compose_task_loading_")),
		`qem_task_state{state="running"} == 1`)
}

// tablesToLoad has the number of tables that wait to be loaded, for tasks with any.
func tablesToLoad(offset string) string {
	return "(sum by (" + taskLabels + ") (" + maxBy(taskLabels+", state",
		`qem_task_full_load_tables{state=~"loading|queued"}`+offset+" > 0") + "))"
}

// A list is asked for ranks from one to another, as one number of four digits.
const (
	rankBase    = 100
	anyTrouble  = 1*rankBase + rankBase - 1
	everyTask   = rankBase - 1
	shownFrom   = "(($show - $show % 100) / 100)"
	shownUntil  = "($show % 100)"
	troubleName = "Trouble"
)

// only is the number that asks for the tasks with the i-th trouble as their worst.
func only(i int) int { return rank(i) * (rankBase + 1) }

func shownTrouble() variable {
	choices := []choice{{true, "All that need attention", strconv.Itoa(anyTrouble)}}
	for i, t := range troubles() {
		choices = append(choices, choice{false, t.text, strconv.Itoa(only(i))})
	}
	choices = append(choices, choice{false, "All tasks", strconv.Itoa(everyTask)})
	return variable{name: "show", label: "Show", description: "Which tasks are listed, by the worst of their " +
		"troubles.", choices: choices}
}

// troubleWords are the words and colours of the ranks; 0 is a task without trouble.
func troubleWords() mapping {
	numbers, s := []string{"0"}, []state{{"", "None seen", "transparent"}}
	for i, t := range troubles() {
		numbers = append(numbers, strconv.Itoa(rank(i)))
		s = append(s, state{"", t.text, t.color})
	}
	return texts(numbers, s...)
}

// taskList is a list of tasks: those of which ranks has a sample, n at most, the worst
// first. What decides stands next to the name.
func taskList(title, empty, description string, n int, ranks string, o ...option) panel {
	shown := fmt.Sprintf("topk(%d, %s)", n, ranks)
	these := func(expr string) string { return expr + "\nand on (" + taskLabels + ")\n" + shown }
	description += fmt.Sprintf(" %d at most, the worst trouble first, then the furthest behind its objective. "+
		"A dash is a value that is not there. Click on a task for its page; its last message stands in Enterprise "+
		"Manager's console, to which that page leads.", n)
	return table(title, empty, description,
		[]column{
			growing(label("task", 230)),
			value(troubleName, 160, shown, asWords(troubleWords())...),
			value("Since", 120, milliseconds("min by ("+taskLabels+") "+
				"("+these("qem_task_state_since_timestamp_seconds")+")"), inUnit("dateTimeFromNow")),
			value("Latency ÷ objective", 170, perTask(these(latencyRatio)), inColors(times, step{1, "red"})...),
			labelsOnly(oneOf("reason", these("qem_task_stop_reason"))),
			label("reason", 180, under("Stop reason"), property{"mappings", []mapping{stopReasons().words()}}),
			label("server", 190),
			labelsOnly(these(owner())),
			label("owner", 120, under("Team or tag")),
			label("priority", 100, under("Priority")),
			label("manager", 120),
		}, append([]option{sortedBy(troubleName, "Latency ÷ objective")}, o...)...)
}

// oneOf is the first label of a name for each task.
func oneOf(label, expr string) string {
	return "topk by (" + taskLabels + ") (1, " + maxBy(taskLabels+", "+label, expr) + ")"
}

// owner has a task's team, or else a tag that sets nothing, and its priority, as labels.
func owner() string {
	const settings = "latency_objective|full_load_objective|expected|priority"
	renamed := func(family, pattern string) string {
		return oneOf("owner", `label_replace(`+family+`, "owner", "$1", "tag", "`+pattern+`")`)
	}
	team := "(" + renamed(`qem_task_tag{tag=~"team=.+"}`, "team=(.+)") + "\nor on (" + taskLabels + ")\n" +
		renamed(`qem_task_tag{tag!~"(`+settings+`)=.*"}`, "(.*)") + ")"
	priority := oneOf("priority", "qem_task_priority")
	key := "on (" + taskLabels + ")"
	return "(" + priority + " * " + key + " group_left (owner) " + team + "\nor " + key + " " + priority + "\nor " +
		key + " " + team + ")"
}

func tasksDashboard() dashboard {
	ranks := "((" + ranked() + "\nor on (" + taskLabels + ") 0 * " + withTag(perTask("qem_task_up")) + ")" +
		" >= " + shownFrom + ") <= " + shownUntil
	const empty, description = "No task that is seen is in such trouble.", "Tasks by the worst of what is wrong with them."
	return dashboard{
		uid: uidTasks, title: "QEM / Tasks", from: "now-3h",
		question: "Which tasks need attention, most of all, since when, and whose are they?",
		rows: []row{
			{title: "Tasks", panels: []panel{
				stat("Tasks listed", "no task seen", "How many tasks are in the trouble that was chosen.",
					query("count("+ranks+") or 0 * count(qem_task_up)", "tasks"),
					count(), neutral(), listed(uidFleet)),
				tasksNotSeen(),
				taskList("Worst tasks", empty, description, 30, ranks, size(24, 20)),
			}},
			{title: "Up to 500 of them", collapsed: true, panels: []panel{
				taskList("Tasks", empty, description, 500, ranks, size(24, 30)),
			}},
		},
	}
}

// onlyText is only, by the trouble's text.
func onlyText(text string) string {
	i := slices.IndexFunc(troubles(), func(t trouble) bool { return t.text == text })
	return strconv.Itoa(only(i))
}
