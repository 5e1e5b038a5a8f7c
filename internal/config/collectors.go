package config

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// Collectors are the optional ones. A field's values count only when it is
// enabled.
type Collectors struct {
	Endpoints         bool
	EndpointTests     EndpointTests
	ACLs              Periodic
	RetentionBarriers Periodic
}

// EndpointTests is the collector that tests endpoints.
type EndpointTests struct {
	Enabled  bool
	Interval time.Duration
	Filter                 // on endpoint names
	Timeout  time.Duration // of one test
}

// Periodic is a collector with an interval of its own.
type Periodic struct {
	Enabled  bool
	Interval time.Duration
}

func collectorFields(c *Collectors) []field {
	tests := []field{{name: "interval", codec: duration(&c.EndpointTests.Interval, time.Millisecond), doc: "how often"}}
	tests = append(tests, filterFields(&c.EndpointTests.Filter, "endpoint names")...)
	tests = append(tests, field{name: "timeout", codec: duration(&c.EndpointTests.Timeout, time.Millisecond), doc: "of one test"})
	return []field{
		{name: "endpoints", codec: boolean(&c.Endpoints), doc: "endpoints and whether they are licensed"},
		{name: "endpoint_tests", codec: onOrOff(&c.EndpointTests.Enabled, "{interval: 15m}", tests), doc: "test connections of endpoints", byDefault: "false"},
		{name: "acls", codec: periodic(&c.ACLs, "{interval: 1h}"), doc: "access control lists, counted; names of people never become labels", byDefault: "false"},
		{name: "retention_barriers", codec: periodic(&c.RetentionBarriers, "{interval: 10m}"), doc: "retention barriers of tasks", byDefault: "false"},
	}
}

func periodic(p *Periodic, example string) codec {
	return onOrOff(&p.Enabled, example, []field{
		{name: "interval", codec: duration(&p.Interval, time.Millisecond), doc: "how often"},
	})
}

// onOrOff is false, true, or a mapping, which means true.
func onOrOff(enabled *bool, example string, fields []field) codec {
	return codec{
		kind:  "boolean or mapping",
		inner: fields,
		decode: func(d *decoder, v value) {
			switch {
			case v.node.Kind == yaml.MappingNode:
				*enabled = true
				d.mapping(v, fields)
			case v.tag() != "!!bool" || v.node.Decode(enabled) != nil:
				d.wrongType(v, "true, false or a mapping such as "+example)
			}
		},
		encode: func() *yaml.Node {
			if !*enabled {
				return scalar("!!bool", "false")
			}
			return encodeMapping(fields)
		},
	}
}
