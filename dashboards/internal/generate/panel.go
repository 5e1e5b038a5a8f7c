package generate

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// described is a panel as a page describes it.
type described struct {
	Use  string // a panel that several pages have, with what is other here
	Type string // Grafana's, or keys: a table of the labels of one sample, a line for each

	Title, Empty, About string // empty is what stands there when there is nothing to show
	What                string // <<what>> in the text
	N                   int    // <<n>> in the text and the rows
	Size                [2]int

	Queries queries
	Unit    string // Grafana's, or count
	Colors  colors // from a value on; drawn as lines in a time series
	Words   yaml.Node
	Named   bool // shows the legend with each number

	States      string // the colours of the series of states
	Series      [][]string
	Stacked     bool
	Logarithmic bool // keeps one high line from flattening the others
	Max         *float64

	Opens string // the page of the series' own task
	Lists string // the page with the list behind a number, such as tasks?In error

	Troubles bool // a number for each trouble
	Keys     map[string]string

	Per     string // what a row is about
	Rows    string // <<rows>> in the columns: what has a sample for each row
	Columns []column
	Sorted  []string // by which columns, all of them downwards: the worst first
}

// queries are what a panel asks for, by the legend that names what it gets.
type queries []struct{ legend, expr string }

func (q *queries) UnmarshalYAML(node *yaml.Node) error {
	*q = nil
	for i := 0; i+1 < len(node.Content); i += 2 {
		*q = append(*q, struct{ legend, expr string }{node.Content[i].Value, node.Content[i+1].Value})
	}
	return nil
}

// panel makes a panel of its description, which goes over the one that it uses.
func (s *source) panel(d described) (panel, error) {
	if d.Use != "" {
		base, ok := s.Panels[d.Use]
		if !ok {
			return panel{}, fmt.Errorf("there is no panel %s", d.Use)
		}
		said, used := reflect.ValueOf(&d).Elem(), reflect.ValueOf(base)
		for i := range said.NumField() {
			if said.Field(i).IsZero() {
				said.Field(i).Set(used.Field(i))
			}
		}
	}
	own := strings.NewReplacer("<<what>>", d.What, "<<n>>", strconv.Itoa(d.N))
	d.About, d.Rows = own.Replace(d.About), own.Replace(d.Rows)
	p, err := s.build(&d)
	if err != nil {
		return p, fmt.Errorf("panel %q: %w", d.Title, err)
	}
	return p, nil
}

// kind is what all panels of a type have.
type kind struct {
	size    [2]int
	options map[string]any
	custom  map[string]any
	color   string
	instant bool // asks for values at the end of the shown time alone
	number  bool // a value that is not there is grey, and says so
}

func kinds() map[string]kind {
	type m = map[string]any
	lastValue := m{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
	return map[string]kind{
		"stat": {size: [2]int{4, 4}, color: "thresholds", instant: true, number: true, options: m{
			"colorMode": "background", "graphMode": "none", "justifyMode": "center", "orientation": "auto",
			"textMode": "auto", "wideLayout": true, "reduceOptions": lastValue,
		}},
		"piechart": {size: [2]int{8, 8}, color: "palette-classic", instant: true, number: true, options: m{
			"pieType": "donut", "displayLabels": []string{"percent"}, "reduceOptions": lastValue,
			"legend":  m{"displayMode": "table", "placement": "right", "showLegend": true, "values": []string{"value"}},
			"tooltip": m{"mode": "multi", "sort": "desc"},
		}},
		"timeseries": {size: [2]int{12, 9}, color: "palette-classic", options: m{
			"legend": m{"calcs": []string{"lastNotNull", "max"}, "displayMode": "table", "placement": "bottom",
				"showLegend": true, "sortBy": "Last *", "sortDesc": true},
			"tooltip": m{"mode": "multi", "sort": "desc"},
		}, custom: m{
			"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto",
			"spanNulls": false,
		}},
		// Its colours are those of the states: by thresholds it would not even look at the states.
		"state-timeline": {size: [2]int{24, 6}, color: "palette-classic", options: m{
			"mergeValues": true, "showValue": "auto", "alignValue": "center", "rowHeight": 0.85,
			"legend":  m{"displayMode": "list", "placement": "bottom", "showLegend": true},
			"tooltip": m{"mode": "single", "sort": "none"},
		}, custom: m{"lineWidth": 0, "fillOpacity": 85, "spanNulls": false}},
		"heatmap": {size: [2]int{12, 9}, options: m{ // a histogram over time: rates by buckets of seconds
			"calculate": false, "cellGap": 1, "yAxis": m{"axisPlacement": "left", "unit": "s"},
			"cellValues": m{"unit": "reqps"},
			"color":      m{"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
			"legend":     m{"show": true},
			"tooltip":    m{"mode": "single", "yHistogram": false},
		}},
		"table": {size: [2]int{24, 9}, instant: true, options: m{
			"showHeader": true, "cellHeight": "sm", "footer": m{"show": false, "reducer": []string{"sum"}, "fields": ""},
		}, custom: m{"align": "auto", "filterable": false, "cellOptions": m{"type": "auto"}}},
		"keys": {size: [2]int{8, 9}, instant: true, options: m{"showHeader": false, "cellHeight": "sm"},
			custom: m{"align": "auto"}},
	}
}

func (s *source) build(d *described) (panel, error) {
	k, ok := kinds()[d.Type]
	if !ok || d.Title == "" || d.Empty == "" || d.About == "" {
		return panel{}, errors.New("it lacks a type, a title, what it is about, or what it says when there is nothing")
	}
	if _, ok := s.States[d.States]; !ok && d.States != "" {
		return panel{}, fmt.Errorf("there are no states %s", d.States)
	}
	if d.Size == [2]int{} {
		d.Size = k.size
	}
	f := field{NoValue: d.Empty, Mappings: []mapping{}, Thresholds: d.Colors.on(none), Custom: map[string]any{}}
	p := panel{
		Type: d.Type, Title: d.Title, Description: d.About, GridPos: gridPos{W: d.Size[0], H: d.Size[1]},
		PluginVersion: "10.4.0", Datasource: prometheus(), Options: k.options,
		FieldConfig: &fieldConfig{Overrides: []override{}},
	}
	maps.Copy(f.Custom, k.custom)
	if k.color != "" {
		f.Color = colorBy(k.color)
	}
	if !d.Words.IsZero() {
		m, err := s.mapping(d.Words)
		if err != nil {
			return p, err
		}
		f.Mappings = append(f.Mappings, m)
	}
	if k.number {
		f.Thresholds, f.Mappings = d.Colors.on(grey), append(f.Mappings, nothing(d.Empty))
	}
	d.setUnit(&f)
	if err := s.setLinks(&f, d); err != nil {
		return p, err
	}
	p.FieldConfig.Defaults = f
	for _, q := range d.Queries {
		if err := s.ask(&p, d, q.legend, q.expr); err != nil {
			return p, err
		}
	}
	if err := s.particular(&p, d); err != nil {
		return p, err
	}
	for i := range p.Targets {
		p.Targets[i].Instant, p.Targets[i].Range = k.instant, !k.instant
	}
	return p, nil
}

// particular is what only a panel of its type has.
func (s *source) particular(p *panel, d *described) error {
	defaults := &p.FieldConfig.Defaults
	switch d.Type {
	case "timeseries":
		d.setLines(defaults)
	case "heatmap":
		defaults.Unit = "reqps"
		for i := range p.Targets {
			p.Targets[i].Format = "heatmap"
		}
	case "state-timeline":
		defaults.Mappings = append(defaults.Mappings, words(s.Words[d.States]))
		return nil
	case "table":
		return s.setColumns(p, d)
	case "keys":
		d.setKeys(p)
	}
	if d.Named {
		p.Options["textMode"], p.Options["orientation"] = "value_and_name", "vertical"
	}
	if d.Troubles {
		s.setTroubles(p)
	}
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, s.series(d)...)
	return nil
}

// ask adds a query, whose legend names what it gets.
func (s *source) ask(p *panel, d *described, legend, expr string) error {
	expr, err := s.spell(expr, d)
	if err != nil {
		return err
	}
	p.Targets = append(p.Targets, target{
		RefID: string(rune('A' + len(p.Targets))), Datasource: *prometheus(), Expr: expr, LegendFormat: legend,
		Format: "time_series", EditorMode: "code",
	})
	return nil
}

// setUnit: Grafana scales seconds up to days by itself, and rounds 30 hours to a day if it is told
// how many decimals to show. Only counts are, since a rate gives others than whole numbers.
func (d *described) setUnit(f *field) {
	if f.Unit = d.Unit; d.Unit == "count" {
		zero := 0
		f.Unit, f.Decimals = "short", &zero
	}
}

func (d *described) setLines(f *field) {
	low := 0.0
	f.Min, f.Max = &low, d.Max
	if d.Colors != nil {
		f.Custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
	}
	if d.Unit == "percentunit" { // else a line of zeros is drawn on 0 to 10 000 %
		f.Custom["axisSoftMin"], f.Custom["axisSoftMax"] = 0, 1
	}
	if d.Stacked {
		f.Custom["stacking"], f.Custom["fillOpacity"] = map[string]any{"mode": "normal", "group": "A"}, 40
	}
	if d.Logarithmic {
		f.Custom["scaleDistribution"] = map[string]any{"type": "symlog", "log": 10, "linearThreshold": 1}
	}
}

// series are the colours of series whose legend matches a pattern, some of them dashed lines
// without an area, and of those whose legend is a state.
func (s *source) series(d *described) []override {
	var all []override
	for _, one := range d.Series {
		o := override{matcher{"byRegexp", one[0]}, []property{fixed(one[1])}}
		if len(one) == 3 {
			o.Properties = append(o.Properties,
				property{"custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{10, 10}}},
				property{"custom.fillOpacity", 0})
		}
		all = append(all, o)
	}
	for _, state := range s.States[d.States].Are {
		all = append(all, overridden(state.value, fixed(state.color)))
	}
	return all
}

// setLinks leads from a series to the page of its task, from a number to the list behind it.
func (s *source) setLinks(f *field, d *described) error {
	switch {
	case d.Opens == "task":
		return s.link(&f.Links, "qem-task", "__field.labels", []string{"manager", "server", "task"})
	case d.Troubles:
		return s.link(&f.Links, "qem-tasks", "", nil, "var-show=${__field.labels.show}")
	case d.Lists != "":
		page, trouble, chosen := strings.Cut(d.Lists, "?")
		var parameters []string
		if chosen {
			show, err := s.show(trouble)
			if err != nil {
				return err
			}
			parameters = []string{"var-show=" + strconv.Itoa(show)}
		}
		return s.link(&f.Links, "qem-"+page, "", nil, parameters...)
	}
	return nil
}

// link adds a link to a page that keeps the time, takes over the given labels of what
// was clicked on, and of the choices those that the page has. A page about one thing
// is told which.
func (s *source) link(links *[]dataLink, uid, of string, labels []string, parameters ...string) error {
	page := slices.IndexFunc(s.pages, func(d dashboard) bool { return d.UID == uid })
	if page < 0 {
		return fmt.Errorf("there is no page %s", uid)
	}
	for _, v := range s.pages[page].variables {
		said := func(parameter string) bool { return strings.HasPrefix(parameter, "var-"+v.Name+"=") }
		switch {
		case v.Name == "tag" || v.Hidden || slices.ContainsFunc(parameters, said):
		case slices.Contains(labels, v.Name):
			parameters = append(parameters, "var-"+v.Name+"=${"+of+"."+v.Name+":percentencode}")
		default:
			parameters = append(parameters, "${"+v.Name+":queryparam}")
		}
	}
	parameters = append([]string{"${datasource:queryparam}"}, append(parameters, "${__url_time_range}")...)
	*links = append(*links, dataLink{Title: "Open " + strings.TrimPrefix(uid, "qem-"), URL: "/d/" + uid + "/" + uid + "?" +
		strings.Join(parameters, "&")})
	return nil
}
