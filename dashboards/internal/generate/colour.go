package generate

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

// lowest is below every value that is measured.
const lowest = -1e12

func steps(base string, s ...step) thresholds {
	t := thresholds{Mode: "absolute", Steps: []thresholdStep{{Color: base}}}
	for _, s := range s {
		t.Steps = append(t.Steps, thresholdStep{Color: s.color, Value: &s.from})
	}
	return t
}

// limits colours values, each from a step on.
func limits(s ...step) option {
	return func(p *panel) {
		p.FieldConfig.Defaults.Thresholds = steps(grey, s...)
		if p.FieldConfig.Defaults.Color == nil {
			p.FieldConfig.Defaults.Color = byThresholds()
		}
	}
}

func byThresholds() map[string]any { return map[string]any{"mode": "thresholds"} }

// drawnLimits draws the limits as lines.
func drawnLimits(s ...step) option {
	return func(p *panel) {
		p.FieldConfig.Defaults.Thresholds = steps(none, s...)
		p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
	}
}

// bad is for the number of things that are wrong: green when none was found, and red.
func bad() option { return limits(step{0, "green"}, step{1, "red"}) }

// uneasy is as bad, less so.
func uneasy() option { return limits(step{0, "green"}, step{1, "orange"}) }

// neutral is for a number that is neither good nor bad.
func neutral() option { return limits(step{lowest, "blue"}) }

// nothing says that there is no value, and in which words, on grey.
func nothing(words string) mapping {
	return mapping{"special", map[string]any{
		"match": "null+nan", "result": map[string]any{"text": words, "color": grey, "index": 99},
	}}
}

// colored gives a series a fixed colour by its legend's text.
func colored(legend, name string) option {
	return overridden(legend, fixed(name))
}

// coloredLike gives the series whose legend matches a pattern a fixed colour.
func coloredLike(pattern, name string) option {
	return func(p *panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byRegexp", pattern},
			[]property{fixed(name)}})
	}
}

func fixed(name string) property {
	return property{"color", map[string]any{"mode": "fixed", "fixedColor": name}}
}

// coloredResults makes failure red, and success not.
func coloredResults() option {
	return func(p *panel) {
		for _, r := range [][2]string{{"success$", "green"}, {"partial$", "orange"}, {"failure$", "red"}} {
			coloredLike(r[0], r[1])(p)
		}
	}
}

// coloredStorage tells memory from disk.
func coloredStorage() option {
	return func(p *panel) {
		coloredLike("memory$", "blue")(p)
		coloredLike("disk$", "orange")(p)
	}
}

// dashed draws a series as a dashed line in a colour, without an area.
func dashed(legendPattern, name string) option {
	return func(p *panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{
			matcher{"byRegexp", legendPattern},
			[]property{
				fixed(name),
				{"custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{10, 10}}},
				{"custom.fillOpacity", 0},
			},
		})
	}
}
