package generate

import (
	"fmt"
	"strconv"
	"strings"
)

// states are the states of a thing in a state set, in the order of their numbers
// in a panel, from 1 on; the worst last, so that the highest of two exporters is
// the one to worry about.
type states []state

type state struct{ value, text, color string }

// stateOther is the colour and text of a state that is not listed.
const otherText, otherColor = "Other", "purple"

func taskStates() states {
	return states{
		{"running", "Running", "green"},
		{"stopped", "Stopped", "blue"},
		{"recovering", "Recovering", "orange"},
		{"error", "Error", "red"},
	}
}

func serverStates() states {
	return states{
		{"monitored", "Monitored", "green"},
		{"not_monitored", "Not monitored", "blue"},
		{"error", "Error", "red"},
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
		{"change_processing", "Change processing", "green"},
		{"completed", "Completed", "dark-green"},
		{"queued", "Queued", "blue"},
		{"loading", "Loading", "yellow"},
		{"error", "Error", "red"},
	}
}

// loadStates are the states of the tables of a full load.
func loadStates() states {
	return states{
		{"completed", "Completed", "green"},
		{"queued", "Queued", "blue"},
		{"loading", "Loading", "yellow"},
		{"error", "Error", "red"},
	}
}

// upStates are 0 and 1, as of a family that says whether something could be done.
func upStates(no, yes string) []mapping {
	return []mapping{{"value", map[string]any{
		"0": map[string]any{"text": no, "color": "red", "index": 0},
		"1": map[string]any{"text": yes, "color": "green", "index": 1},
	}}}
}

// yesOrNo are 0 and 1 where neither is bad.
func yesOrNo(no, yes string) []mapping {
	return []mapping{{"value", map[string]any{
		"0": map[string]any{"text": no, "color": "blue", "index": 0},
		"1": map[string]any{"text": yes, "color": "green", "index": 1},
	}}}
}

// number is a query for the number of the current state in a family.
func (s states) number(family, labels string) string {
	var terms, values []string
	for i, state := range s {
		terms = append(terms, fmt.Sprintf("(%s{state=%q} == 1) * %d", family, state.value, i+1))
		values = append(values, state.value)
	}
	terms = append(terms, fmt.Sprintf("(%s{state!~%q} == 1) * %d", family, strings.Join(values, "|"), len(s)+1))
	return maxBy(labels, strings.Join(terms, " or "))
}

func (s states) mappings() []mapping {
	texts := map[string]any{strconv.Itoa(len(s) + 1): map[string]any{"text": otherText, "color": otherColor, "index": len(s)}}
	for i, state := range s {
		texts[strconv.Itoa(i+1)] = map[string]any{"text": state.text, "color": state.color, "index": i}
	}
	return []mapping{{"value", texts}}
}

// mapped turns numbers of states into their names and colours.
func mapped(s states) option {
	return func(p *panel) { p.FieldConfig.Defaults.Mappings = s.mappings() }
}

// mappings turns values into texts and colours.
func mappings(m []mapping) option {
	return func(p *panel) { p.FieldConfig.Defaults.Mappings = m }
}

// coloredByState gives the series whose legend is a state the state's colour.
func coloredByState(s states) option {
	return func(p *panel) {
		for _, state := range s {
			colored(state.value, state.color)(p)
		}
	}
}
