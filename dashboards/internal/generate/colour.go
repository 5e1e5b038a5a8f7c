package generate

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// No colour is taken for granted. A value that is not there has the base colour, which
// is grey or none: nobody can give another one.
const (
	grey = "#6c717a" // what is not known, or says nothing of good and bad
	none = "transparent"
)

// step is the colour from a value on.
type step struct {
	from  float64
	color string
}

// colors are steps, or a name of such as often come.
type colors []step

var namedColors = map[string]colors{
	"bad":     {{0, "green"}, {1, "red"}}, // the number of things that are wrong: green when none was found
	"uneasy":  {{0, "green"}, {1, "orange"}},
	"neutral": {{-1e12, "blue"}}, // neither good nor bad
}

func (c *colors) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*c = namedColors[node.Value]
		if *c == nil {
			return fmt.Errorf("line %d: there are no colours %s", node.Line, node.Value)
		}
		return nil
	}
	var pairs [][2]yaml.Node
	if err := node.Decode(&pairs); err != nil {
		return err
	}
	for _, pair := range pairs {
		var from float64
		if err := pair[0].Decode(&from); err != nil {
			return err
		}
		*c = append(*c, step{from, pair[1].Value})
	}
	return nil
}

func (c colors) on(base string) thresholds {
	t := thresholds{Mode: "absolute", Steps: []thresholdStep{{Color: base}}}
	for _, s := range c {
		t.Steps = append(t.Steps, thresholdStep{Color: s.color, Value: &s.from})
	}
	return t
}

func colorBy(mode string) map[string]any { return map[string]any{"mode": mode} }

func fixed(name string) property {
	return property{"color", map[string]any{"mode": "fixed", "fixedColor": name}}
}

func overridden(name string, properties ...property) override {
	return override{matcher{"byName", name}, properties}
}
