package generate

import (
	"slices"
	"strings"
)

// option is something that is said of a panel.
type option func(*panel)

// newPanel says what stands there when there is nothing to show: there is no panel
// without these words.
func newPanel(kind, title, empty, description string, width, height int, o []option) panel {
	p := panel{
		Type: kind, Title: title, Description: description, GridPos: gridPos{W: width, H: height},
		PluginVersion: "10.4.0", Datasource: prometheus(), Options: map[string]any{},
		FieldConfig: &fieldConfig{Overrides: []override{}, Defaults: field{
			NoValue: empty, Mappings: []mapping{}, Thresholds: steps(none), Custom: map[string]any{},
		}},
	}
	for _, say := range o {
		say(&p)
	}
	return p
}

// number is a panel of values at the end of the shown time. One that is not there is
// grey, and says so.
func number(kind, title, empty, description string, width, height int, o []option) panel {
	o = append(append([]option{limits()}, o...), mapped(nothing(empty)))
	p := newPanel(kind, title, empty, description, width, height, o)
	instant(&p)
	return p
}

// stat is one number, or one for each of what the legend names.
func stat(title, empty, description string, o ...option) panel {
	return number("stat", title, empty, description, 4, 4, append([]option{options(map[string]any{
		"colorMode": "background", "graphMode": "none", "justifyMode": "center", "orientation": "auto", "textMode": "auto",
		"wideLayout": true, "reduceOptions": lastValue(),
	})}, o...))
}

// named shows the legend above each of the numbers.
func named() option {
	return options(map[string]any{"textMode": "value_and_name", "orientation": "vertical"})
}

// pieChart shows parts of a whole.
func pieChart(title, empty, description string, o ...option) panel {
	return number("piechart", title, empty, description, 8, 8, append([]option{options(map[string]any{
		"pieType": "donut", "displayLabels": []string{"percent"}, "reduceOptions": lastValue(),
		"legend": map[string]any{"displayMode": "table", "placement": "right", "showLegend": true,
			"values": []string{"value"}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}), color("palette-classic")}, o...))
}

func lastValue() map[string]any {
	return map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
}

// timeSeries is lines over time.
func timeSeries(title, empty, description string, o ...option) panel {
	o = append([]option{options(map[string]any{
		"legend": map[string]any{"calcs": []string{"lastNotNull", "max"}, "displayMode": "table", "placement": "bottom",
			"showLegend": true, "sortBy": "Last *", "sortDesc": true},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}), custom(map[string]any{
		"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto",
		"spanNulls": false,
	}), color("palette-classic"), atLeast(0)}, o...)
	p := newPanel("timeseries", title, empty, description, 12, 9, o)
	if p.FieldConfig.Defaults.Unit == "percentunit" { // else a line of zeros is drawn on 0 to 10 000 %
		custom(map[string]any{"axisSoftMin": 0, "axisSoftMax": 1})(&p)
	}
	return p
}

// logarithmic keeps one high line from flattening the others.
func logarithmic() option {
	return custom(map[string]any{"scaleDistribution": map[string]any{"type": "symlog", "log": 10, "linearThreshold": 1}})
}

// stateTimeline is the states of things over time. Its colours are those of the
// states: by thresholds it would not even look at the states.
func stateTimeline(title, empty, description string, s states, o ...option) panel {
	o = append([]option{options(map[string]any{
		"mergeValues": true, "showValue": "auto", "alignValue": "center", "rowHeight": 0.85,
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}), custom(map[string]any{"lineWidth": 0, "fillOpacity": 85, "spanNulls": false}), color("palette-classic"),
		mapped(s.mapping())}, o...)
	return newPanel("state-timeline", title, empty, description, 24, 6, o)
}

// heatmap is a histogram over time: rates by buckets of seconds.
func heatmap(title, empty, description string, o ...option) panel {
	o = append([]option{options(map[string]any{
		"calculate": false, "cellGap": 1, "yAxis": map[string]any{"axisPlacement": "left", "unit": "s"},
		"cellValues": map[string]any{"unit": "reqps"},
		"color": map[string]any{"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5,
			"fill": "dark-orange"},
		"legend":  map[string]any{"show": true},
		"tooltip": map[string]any{"mode": "single", "yHistogram": false},
	}), unit("reqps")}, o...)
	p := newPanel("heatmap", title, empty, description, 12, 9, o)
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
			RefID: ref, Datasource: *prometheus(), Expr: expr, LegendFormat: legend, Format: "time_series", Range: true,
			EditorMode: "code",
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

// The units. Grafana scales seconds up to days by itself, and rounds 30 hours to a day
// if it is told how many decimals to show: nobody tells.
const (
	inSeconds = "s"
	times     = "suffix:×" // 360 times the objective is not 36 000 % of it
)

func unit(u string) option { return func(p *panel) { p.FieldConfig.Defaults.Unit = u } }

// count is for whole numbers, though a rate gives others.
func count() option {
	return func(p *panel) { unit("short")(p); zero := 0; p.FieldConfig.Defaults.Decimals = &zero }
}

func atLeast(low float64) option { return func(p *panel) { p.FieldConfig.Defaults.Min = &low } }

func atMost(high float64) option { return func(p *panel) { p.FieldConfig.Defaults.Max = &high } }

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

// stacked puts the lines of a time series on each other.
func stacked() option {
	return custom(map[string]any{"stacking": map[string]any{"mode": "normal", "group": "A"}, "fillOpacity": 40})
}

func overridden(name string, properties ...property) option {
	return func(p *panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", name}, properties})
	}
}

// linked leads from a series to the page of what it is about, by its labels.
func linked(uid string, labels ...string) option {
	return addLink(linkTo(uid, "__field.labels", labels))
}

// linkedToTask leads from the series of a task to its page.
func linkedToTask() option { return linked(uidTask, "manager", "server", "task") }

// listed leads from a number to the list behind it; parameters choose what it lists.
func listed(uid string, parameters ...string) option {
	return addLink(linkTo(uid, "", nil, parameters...))
}

func addLink(l dataLink) option {
	return func(p *panel) { p.FieldConfig.Defaults.Links = append(p.FieldConfig.Defaults.Links, l) }
}

// linkTo is a link to a page that keeps the time, takes over the given labels of what
// was clicked on, and of the choices those that the page has. A page about one thing
// is told which.
func linkTo(uid, of string, labels []string, parameters ...string) dataLink {
	for _, v := range variablesOf(uid) {
		switch {
		case v.name == "tag" || slices.ContainsFunc(parameters, func(p string) bool {
			return strings.HasPrefix(p,
				"var-"+v.name+"=")
		}):
		case slices.Contains(labels, v.name):
			parameters = append(parameters, "var-"+v.name+"=${"+of+"."+v.name+":percentencode}")
		default:
			parameters = append(parameters, "${"+v.name+":queryparam}")
		}
	}
	parameters = append([]string{"${datasource:queryparam}"}, append(parameters, "${__url_time_range}")...)
	return dataLink{Title: "Open " + strings.TrimPrefix(uid, "qem-"), URL: "/d/" + uid + "/" + uid + "?" +
		strings.Join(parameters, "&")}
}
