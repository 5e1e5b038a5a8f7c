package generate

import (
	"slices"
	"strings"
)

// option is something that is said of a panel.
type option func(*panel)

func newPanel(kind, title, description string, width, height int, o []option) panel {
	p := panel{
		Type: kind, Title: title, Description: description, GridPos: gridPos{W: width, H: height},
		PluginVersion: "10.4.0", Datasource: prometheus(), Options: map[string]any{},
		FieldConfig: &fieldConfig{Overrides: []override{}, Defaults: field{
			NoValue: "no data", Mappings: []mapping{}, Thresholds: steps("green"), Custom: map[string]any{},
		}},
	}
	for _, say := range o {
		say(&p)
	}
	return p
}

// stat is one number, or one for each of what the legend names.
func stat(title, description string, o ...option) panel {
	o = append([]option{options(map[string]any{
		"colorMode": "background", "graphMode": "none", "justifyMode": "center", "orientation": "auto", "textMode": "auto",
		"wideLayout": true, "reduceOptions": lastValue(),
	})}, o...)
	p := newPanel("stat", title, description, 4, 4, o)
	instant(&p)
	return p
}

// barGauge is a bar for each of what the legend names.
func barGauge(title, description string, o ...option) panel {
	o = append([]option{options(map[string]any{
		"displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color",
		"minVizHeight": 12, "minVizWidth": 8, "reduceOptions": lastValue(),
	})}, o...)
	p := newPanel("bargauge", title, description, 8, 8, o)
	instant(&p)
	return p
}

// pieChart shows parts of a whole.
func pieChart(title, description string, o ...option) panel {
	o = append([]option{options(map[string]any{
		"pieType": "donut", "displayLabels": []string{"percent"}, "reduceOptions": lastValue(),
		"legend":  map[string]any{"displayMode": "table", "placement": "right", "showLegend": true, "values": []string{"value"}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}), color("palette-classic")}, o...)
	p := newPanel("piechart", title, description, 8, 8, o)
	instant(&p)
	return p
}

func lastValue() map[string]any {
	return map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
}

// timeSeries is lines over time.
func timeSeries(title, description string, o ...option) panel {
	o = append([]option{options(map[string]any{
		"legend":  map[string]any{"calcs": []string{"lastNotNull", "max"}, "displayMode": "table", "placement": "bottom", "showLegend": true, "sortBy": "Last *", "sortDesc": true},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}), custom(map[string]any{
		"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "spanNulls": false,
	}), color("palette-classic"), atLeast(0)}, o...)
	return newPanel("timeseries", title, description, 12, 9, o)
}

// stateTimeline is the states of things over time.
func stateTimeline(title, description string, s states, o ...option) panel {
	o = append([]option{options(map[string]any{
		"mergeValues": true, "showValue": "auto", "alignValue": "center", "rowHeight": 0.85,
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}), custom(map[string]any{"lineWidth": 0, "fillOpacity": 85, "spanNulls": false}), color("thresholds"), mapped(s)}, o...)
	return newPanel("state-timeline", title, description, 24, 6, o)
}

// heatmap is a histogram over time.
func heatmap(title, description string, o ...option) panel {
	o = append([]option{options(map[string]any{
		"calculate": false, "cellGap": 1, "yAxis": map[string]any{"axisPlacement": "left", "unit": "s"},
		"color":   map[string]any{"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
		"legend":  map[string]any{"show": true},
		"tooltip": map[string]any{"mode": "single", "yHistogram": false},
	})}, o...)
	p := newPanel("heatmap", title, description, 12, 9, o)
	for i := range p.Targets {
		p.Targets[i].Format = "heatmap"
	}
	return p
}

// query adds what the panel asks for; the legend names what it gets.
func query(expr, legend string) option {
	return func(p *panel) {
		ref := string(rune('A' + len(p.Targets)))
		p.Targets = append(p.Targets, target{
			RefID: ref, Datasource: *prometheus(), Expr: expr, LegendFormat: legend, Format: "time_series", Range: true, EditorMode: "code",
		})
	}
}

// instant makes the panel ask for values at the end of the shown time alone.
func instant(p *panel) {
	for i := range p.Targets {
		p.Targets[i].Instant, p.Targets[i].Range = true, false
	}
}

func size(width, height int) option {
	return func(p *panel) { p.GridPos.W, p.GridPos.H = width, height }
}

func unit(u string) option { return func(p *panel) { p.FieldConfig.Defaults.Unit = u } }

func decimals(n int) option { return func(p *panel) { p.FieldConfig.Defaults.Decimals = &n } }

func atLeast(low float64) option { return func(p *panel) { p.FieldConfig.Defaults.Min = &low } }

func atMost(high float64) option { return func(p *panel) { p.FieldConfig.Defaults.Max = &high } }

// noValue is what stands there when there is no sample.
func noValue(text string) option { return func(p *panel) { p.FieldConfig.Defaults.NoValue = text } }

func color(mode string) option {
	return func(p *panel) { p.FieldConfig.Defaults.Color = map[string]any{"mode": mode} }
}

func options(o map[string]any) option {
	return func(p *panel) {
		for k, v := range o {
			p.Options[k] = v
		}
	}
}

func custom(o map[string]any) option {
	return func(p *panel) {
		for k, v := range o {
			p.FieldConfig.Defaults.Custom[k] = v
		}
	}
}

// step is the colour from a value on.
type step struct {
	from  float64
	color string
}

// limits colours values: base, and another colour from each of the steps on.
func limits(base string, s ...step) option {
	return func(p *panel) {
		p.FieldConfig.Defaults.Thresholds = steps(base, s...)
		if p.FieldConfig.Defaults.Color == nil {
			p.FieldConfig.Defaults.Color = map[string]any{"mode": "thresholds"}
		}
	}
}

func steps(base string, s ...step) thresholds {
	t := thresholds{Mode: "absolute", Steps: []thresholdStep{{Color: base}}}
	for _, s := range s {
		t.Steps = append(t.Steps, thresholdStep{Color: s.color, Value: &s.from})
	}
	return t
}

// drawnLimits also draws the limits as lines.
func drawnLimits(base string, s ...step) option {
	return func(p *panel) {
		limits(base, s...)(p)
		p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
	}
}

// bad is green, and red from 1 on: the colours of the number of things that are wrong.
func bad() option { return limits("green", step{1, "red"}) }

// uneasy is green, and orange from 1 on.
func uneasy() option { return limits("green", step{1, "orange"}) }

// neutral has a colour that says nothing.
func neutral() option { return limits("blue") }

// stacked puts the lines of a time series on each other.
func stacked() option {
	return custom(map[string]any{"stacking": map[string]any{"mode": "normal", "group": "A"}, "fillOpacity": 40})
}

// colored gives a series a fixed colour by its legend's text.
func colored(legend, name string) option {
	return overridden(legend, property{"color", map[string]any{"mode": "fixed", "fixedColor": name}})
}

// dashed draws a series as a dashed line in a colour, without an area.
func dashed(legendPattern, name string) option {
	return func(p *panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{
			matcher{"byRegexp", legendPattern},
			[]property{
				{"color", map[string]any{"mode": "fixed", "fixedColor": name}},
				{"custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{10, 10}}},
				{"custom.fillOpacity", 0},
			},
		})
	}
}

func overridden(name string, properties ...property) option {
	return func(p *panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", name}, properties})
	}
}

// linked leads from a series to the dashboard of what it is about, by its labels.
func linked(uid string, labels ...string) option {
	return func(p *panel) {
		p.FieldConfig.Defaults.Links = append(p.FieldConfig.Defaults.Links, linkTo(uid, "__field.labels", labels))
	}
}

// linkTo is a link to a dashboard that keeps the time and the choices, and takes
// over the given labels of what was clicked on.
func linkTo(uid, of string, labels []string) dataLink {
	kept := []string{"datasource", "job", "instance"}
	if !slices.Contains(labels, "manager") {
		kept = append(kept, "manager")
	}
	var parameters []string
	for _, v := range kept {
		parameters = append(parameters, "${"+v+":queryparam}")
	}
	for _, l := range labels {
		parameters = append(parameters, "var-"+l+"=${"+of+"."+l+":percentencode}")
	}
	parameters = append(parameters, "${__url_time_range}")
	return dataLink{Title: "Open " + strings.TrimPrefix(uid, "qem-"), URL: "/d/" + uid + "/" + uid + "?" + strings.Join(parameters, "&")}
}
