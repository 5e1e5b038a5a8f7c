package generate

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// states are the values that a label of a family takes one at a time, in the order of their
// numbers in a panel, from 1 on; the worst last, so that the highest of two exporters
// is the one to worry about.
type states struct {
	Of, Label, Per string
	Are            []state
}

// state is a value with its words and colour: three texts in a description.
type state struct{ value, text, color string }

func (s *state) UnmarshalYAML(node *yaml.Node) error {
	var parts [3]string
	err := node.Decode(&parts)
	s.value, s.text, s.color = parts[0], parts[1], parts[2]
	return err
}

// What is not listed yet.
const otherText, otherColor = "Other", "purple"

// number is a query for the number of the current value of the label.
func (s states) number() string {
	var terms, values []string
	for i, state := range s.Are {
		terms = append(terms, fmt.Sprintf("(%s{%s=%q} == 1) * %d", s.Of, s.Label, state.value, i+1))
		values = append(values, state.value)
	}
	terms = append(terms, fmt.Sprintf("(%s{%s!~%q} == 1) * %d", s.Of, s.Label, strings.Join(values, "|"), len(s.Are)+1))
	return fmt.Sprintf("max by %s (%s)", s.Per, strings.Join(terms, " or "))
}

// numbered are the states by their numbers.
func (s states) numbered() []state {
	numbered := append(s.Are[:len(s.Are):len(s.Are)], state{"", otherText, otherColor})
	for i := range numbered {
		numbered[i].value = strconv.Itoa(i + 1)
	}
	return numbered
}

// words gives values their words and colours.
func words(s []state) mapping {
	m := map[string]any{}
	for i, s := range s {
		m[s.value] = map[string]any{"text": s.text, "color": s.color, "index": i}
	}
	return mapping{"value", m}
}

// nothing says that there is no value, and in which words, on grey.
func nothing(words string) mapping {
	return mapping{"special", map[string]any{
		"match": "null+nan", "result": map[string]any{"text": words, "color": grey, "index": 99},
	}}
}

// mapping is what a description says itself, or names.
func (s *source) mapping(node yaml.Node) (mapping, error) {
	if node.Kind == yaml.SequenceNode {
		var own []state
		err := node.Decode(&own)
		return words(own), err
	}
	named, ok := s.Words[node.Value]
	if !ok {
		return mapping{}, fmt.Errorf("there are no words %q", node.Value)
	}
	return words(named), nil
}
