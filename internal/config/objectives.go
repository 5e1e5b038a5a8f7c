package config

import (
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"
)

// LatencyObjective is the latency that the tasks it matches should keep below.
type LatencyObjective struct {
	Server, Task *regexp.Regexp // anchored; nil: any
	Objective    time.Duration  // above 0
}

func objectiveFields(o *LatencyObjective) []field {
	goal := duration(&o.Objective, time.Millisecond)
	encode := goal.encode
	goal.encode = func() *yaml.Node {
		if o.Objective == 0 {
			return nil
		}
		return encode()
	}
	return []field{
		{name: "server", codec: expression(&o.Server), doc: "regular expression on the server's name, anchored at both ends"},
		{name: "task", codec: expression(&o.Task), doc: "regular expression on the task's name, anchored at both ends"},
		{name: "objective", codec: goal, doc: "required: the total latency that these tasks should keep below"},
	}
}

// objectives is a list of latency objectives.
func objectives(p *[]LatencyObjective) codec {
	return codec{
		kind:  "list of mappings",
		inner: objectiveFields(&LatencyObjective{}),
		list:  true,
		decode: func(d *decoder, v value) {
			*p = nil
			d.list(v, "[{objective: 15m}]", func(entry value) {
				var o LatencyObjective
				d.mapping(entry, objectiveFields(&o))
				if at := join(entry.path, "objective"); !d.has(at) && !d.failed(entry.path) {
					d.fail(at, "missing: give a duration such as 15m")
				}
				*p = append(*p, o)
			})
		},
		encode: func() *yaml.Node {
			n := &yaml.Node{Kind: yaml.SequenceNode}
			for _, o := range *p {
				n.Content = append(n.Content, encodeMapping(objectiveFields(&o)))
			}
			return n
		},
	}
}
