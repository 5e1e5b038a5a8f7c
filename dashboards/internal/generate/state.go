package generate

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// states are the values that a label takes one at a time, in the order of their
// numbers in a panel, from 1 on; the worst last, so that the highest of two exporters
// is the one to worry about.
type states []state

type state struct{ value, text, color string }

// What is not listed yet.
const otherText, otherColor = "Other", "purple"

func taskStates() states {
	return states{
		{fleet.TaskRunning, "Running", "green"},
		{fleet.TaskStopped, "Stopped", "blue"},
		{fleet.TaskRecovering, "Recovering", "orange"},
		{fleet.TaskError, "Error", "red"},
	}
}

// stopReasons are those that the API's documents know. A task that runs keeps the
// reason of its last stop.
func stopReasons() states {
	return states{
		{"none", "None", grey},
		{"normal", "Normal", "blue"},
		{"full_load_only_finished", "Full load finished", "light-blue"},
		{"stopped_after_full_load", "After full load", "semi-dark-blue"},
		{"stopped_after_cached_events", "After cached events", "dark-blue"},
		{"stopped_after_ddl_apply", "After DDL", "super-light-blue"},
		{"recoverable_error", "Recoverable error", "orange"},
		{"express_license_limits_reached", "Licence limits", "dark-orange"},
		{"stopped_low_memory", "Low memory", "semi-dark-red"},
		{"stopped_low_disk_space", "Low disk space", "dark-red"},
		{"fatal_error", "Fatal error", "red"},
	}
}

// priorities are who is told of a task.
func priorities() states {
	return states{
		{fleet.PriorityNone, "Nobody", grey},
		{fleet.PriorityTicket, "Ticket", "light-blue"},
		{fleet.PriorityPage, "Page", "blue"},
	}
}

func serverStates() states {
	return states{
		{fleet.ServerMonitored, "Monitored", "green"},
		{fleet.ServerNotMonitored, "Not monitored", "blue"},
		{fleet.ServerError, "Error", "red"},
	}
}

func licenseStates() states {
	return states{
		{"valid", "Valid", "green"},
		{"invalid_checksum", "Invalid checksum", "dark-red"},
		{"expired", "Expired", "red"},
		{"no_license", "No licence", "dark-orange"},
		{"machine_not_licensed", "Machine not licensed", "dark-purple"},
		{"invalid", "Invalid", "semi-dark-red"},
	}
}

func tableStates() states {
	return states{
		{fleet.TableChangeProcessing, "Change processing", "green"},
		{fleet.TableCompleted, "Completed", "dark-green"},
		{fleet.TableQueued, "Queued", "blue"},
		{fleet.TableLoading, "Loading", "yellow"},
		{fleet.TableError, "Error", "red"},
	}
}

// loadStates are the states of the tables of a full load.
func loadStates() states {
	return states{
		{fleet.TableCompleted, "Completed", "green"},
		{fleet.TableQueued, "Queued", "blue"},
		{fleet.TableLoading, "Loading", "yellow"},
		{fleet.TableError, "Error", "red"},
	}
}

// upStates are 0 and 1, as of a family that says whether something could be done.
func upStates(no, yes string) mapping {
	return texts([]string{"0", "1"}, state{"", no, "red"}, state{"", yes, "green"})
}

// yesOrNo are 0 and 1 where neither is bad.
func yesOrNo(no, yes string) mapping {
	return texts([]string{"0", "1"}, state{"", no, "blue"}, state{"", yes, "green"})
}

// number is a query for the number of the current value of a label in a family.
func (s states) number(family, label, labels string) string {
	var terms, values []string
	for i, state := range s {
		terms = append(terms, fmt.Sprintf("(%s{%s=%q} == 1) * %d", family, label, state.value, i+1))
		values = append(values, state.value)
	}
	terms = append(terms, fmt.Sprintf("(%s{%s!~%q} == 1) * %d", family, label, strings.Join(values, "|"), len(s)+1))
	return maxBy(labels, strings.Join(terms, " or "))
}

// ofTask is the number of a task's state.
func ofTask() string { return taskStates().number("qem_task_state", "state", taskLabels) }

// mapping gives the numbers their words and colours.
func (s states) mapping() mapping {
	numbers := make([]string, len(s)+1)
	for i := range numbers {
		numbers[i] = strconv.Itoa(i + 1)
	}
	return texts(numbers, append(s[:len(s):len(s)], state{"", otherText, otherColor})...)
}

// words gives the label's own texts their words and colours.
func (s states) words() mapping {
	values := make([]string, len(s))
	for i, state := range s {
		values[i] = state.value
	}
	return texts(values, s...)
}

func texts(of []string, s ...state) mapping {
	m := map[string]any{}
	for i, key := range of {
		m[key] = map[string]any{"text": s[i].text, "color": s[i].color, "index": i}
	}
	return mapping{"value", m}
}

// mapped turns values into words and colours.
func mapped(m ...mapping) option {
	return func(p *panel) { p.FieldConfig.Defaults.Mappings = append(p.FieldConfig.Defaults.Mappings, m...) }
}

// coloredByState gives the series whose legend is a state the state's colour.
func coloredByState(s states) option {
	return func(p *panel) {
		for _, state := range s {
			colored(state.value, state.color)(p)
		}
	}
}
