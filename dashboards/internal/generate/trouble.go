package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// number is a query for the number of the current value of the label.
func (s states) number() string {
	var terms, values []string
	for i, state := range s.Are {
		terms = append(terms, fmt.Sprintf("(%s{%s=%q} == 1) * %d", s.Of, s.Label, state.Value, i+1))
		values = append(values, state.Value)
	}
	terms = append(terms, fmt.Sprintf("(%s{%s!~%q} == 1) * %d", s.Of, s.Label, strings.Join(values, "|"), len(s.Are)+1))
	return fmt.Sprintf("max by %s (%s)", s.Per, strings.Join(terms, " or "))
}

// numbered are the states by their numbers, and what is not listed yet.
func (s states) numbered() []state {
	numbered := append(slices.Clone(s.Are), state{"", "Other", "purple"})
	for i := range numbered {
		numbered[i].Value = strconv.Itoa(i + 1)
	}
	return numbered
}

// trouble is something that can be wrong with a task: expr has a sample for each task
// with which it is. Where measured has none, nobody can say that there is no such task,
// and unknown says why. Without measured it is known of every task that is seen.
type trouble struct {
	Text, Color, Expr, Measured, Unknown string

	Rank int `yaml:"-"` // the worst one's the highest, as a list shows it
	Show int `yaml:"-"` // asks for the tasks with it as their worst
}

// A list is asked for ranks from one to another, as one number of four digits.
const (
	rankBase   = 100
	anyTrouble = 1*rankBase + rankBase - 1
	everyTask  = rankBase - 1
)

// ranked has the rank of its worst trouble for every task that has any.
func (s *source) ranked() string {
	var terms []string
	for _, t := range s.Troubles {
		terms = append(terms, fmt.Sprintf("0 * (%s) + %d", t.Expr, t.Rank))
	}
	// Nobody wants to hear of a task without priority.
	return "tagged((" + strings.Join(terms, "\nor\n") + ")\nunless on T qem_task_priority{priority=\"none\"} == 1)"
}

// inTrouble counts the tasks by their worst trouble: 0 where none has it of those of which
// that is known, -1 where it is known of none, and nothing where no task is seen. The
// label is the number for which a list asks.
func (s *source) inTrouble() string {
	terms := []string{fmt.Sprintf(`count_values("show", %d * <<ranked>>)`, rankBase+1)}
	var otherwise []string
	for _, t := range s.Troubles {
		n := 0
		if t.Measured != "" {
			n = -1
			terms = append(terms, fmt.Sprintf(`label_replace(0 * count(tagged(%s)), "show", "%d", "", "")`, t.Measured, t.Show))
		}
		otherwise = append(otherwise, fmt.Sprintf(`label_replace(vector(%d), "show", "%d", "", "")`, n, t.Show))
	}
	return strings.Join(terms, "\nor\n") + "\nor\n(" + strings.Join(otherwise, "\nor ") + ")\n" +
		"+ on () group_left () 0 * count(tagged(qem_task_up))"
}

// choice is one of what a list can show, and the number that asks for it.
type choice struct {
	Text string
	Show int
}

// shown are the choices of the troubles that a list shows.
func (s *source) shown() []choice {
	choices := []choice{{"All that need attention", anyTrouble}}
	for _, t := range s.Troubles {
		choices = append(choices, choice{t.Text, t.Show})
	}
	return append(choices, choice{"All tasks", everyTask})
}

// show is the number that asks for a trouble, or for any, or for all tasks.
func (s *source) show(text string) (int, error) {
	text = cmp.Or(map[string]string{"any": "All that need attention", "all": "All tasks"}[text], text)
	for _, c := range s.shown() {
		if c.Text == text {
			return c.Show, nil
		}
	}
	return 0, fmt.Errorf("there is no trouble %q", text)
}

// troubleWords are the words and colours of the ranks; 0 is a task without trouble.
func (s *source) troubleWords() []state {
	all := []state{{"0", "None seen", "transparent"}}
	for _, t := range s.Troubles {
		all = append(all, state{strconv.Itoa(t.Rank), t.Text, t.Color})
	}
	return all
}
