package generate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// trouble is something that can be wrong with a task: expr has a sample for each task
// with which it is. Where measured has none, nobody can say that there is no such task,
// and unknown says why. Without measured it is known of every task that is seen.
type trouble struct{ Text, Color, Expr, Measured, Unknown string }

// rank is a trouble's number, the worst one's the highest, as a list shows it and is
// asked for it.
func (s *source) rank(i int) int { return len(s.Troubles) - i }

// ranked has the rank of its worst trouble for every task that has any.
func (s *source) ranked() string {
	var terms []string
	for i, t := range s.Troubles {
		terms = append(terms, fmt.Sprintf("0 * (%s) + %d", t.Expr, s.rank(i)))
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
	for i, t := range s.Troubles {
		n := 0
		if t.Measured != "" {
			n = -1
			terms = append(terms, fmt.Sprintf(`label_replace(0 * count(tagged(%s)), "show", "%d", "", "")`, t.Measured,
				s.only(i)))
		}
		otherwise = append(otherwise, fmt.Sprintf(`label_replace(vector(%d), "show", "%d", "", "")`, n, s.only(i)))
	}
	return strings.Join(terms, "\nor\n") + "\nor\n(" + strings.Join(otherwise, "\nor ") + ")\n" +
		"+ on () group_left () 0 * count(tagged(qem_task_up))"
}

// setTroubles makes as many tiles as there are kinds of trouble.
func (s *source) setTroubles(p *panel) {
	p.Options["orientation"] = "auto"
	for i, t := range s.Troubles {
		good := "green"
		if t.Color == grey { // to have seen them all is no merit of theirs
			good = grey
		}
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, overridden(strconv.Itoa(s.only(i)),
			property{"displayName", t.Text},
			property{"thresholds", colors{{0, good}, {1, t.Color}}.on(grey)},
			property{"mappings", []mapping{words([]state{{"-1", t.Unknown, grey}}), nothing(t.Unknown)}}))
	}
}

// A list is asked for ranks from one to another, as one number of four digits.
const (
	rankBase   = 100
	anyTrouble = 1*rankBase + rankBase - 1
	everyTask  = rankBase - 1
)

// only is the number that asks for the tasks with the i-th trouble as their worst.
func (s *source) only(i int) int { return s.rank(i) * (rankBase + 1) }

// show is the number that asks for a trouble, or for any, or for all tasks.
func (s *source) show(text string) (int, error) {
	i := slices.IndexFunc(s.Troubles, func(t trouble) bool { return t.Text == text })
	switch {
	case text == "any":
		return anyTrouble, nil
	case text == "all":
		return everyTask, nil
	case i < 0:
		return 0, fmt.Errorf("there is no trouble %q", text)
	}
	return s.only(i), nil
}

// shown are the choices of the troubles that a list shows.
func (s *source) shown() []choice {
	choices := []choice{{true, "All that need attention", strconv.Itoa(anyTrouble)}}
	for i, t := range s.Troubles {
		choices = append(choices, choice{false, t.Text, strconv.Itoa(s.only(i))})
	}
	return append(choices, choice{false, "All tasks", strconv.Itoa(everyTask)})
}

// troubleWords are the words and colours of the ranks; 0 is a task without trouble.
func (s *source) troubleWords() []state {
	all := []state{{"0", "None seen", none}}
	for i, t := range s.Troubles {
		all = append(all, state{strconv.Itoa(s.rank(i)), t.Text, t.Color})
	}
	return all
}
