package dashboards

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What a real Grafana did with these files, as far as the descriptions decide it. No test here draws a panel: these
// are the memory of what was seen.

// TestStatesHaveTheirColours: each has one of its own, and words fit for people.
func TestStatesHaveTheirColours(t *testing.T) {
	eachPanel(t, func(t *testing.T, _ *model, p panelModel) {
		colors := map[string]bool{}
		for number, text := range words(t, p.FieldConfig.Defaults.Mappings) {
			if colors[text.Color] || text.Color == "" || text.Text == "" || strings.Contains(text.Text, "_") {
				t.Errorf("%s is %q in %q", number, text.Text, text.Color)
			}
			colors[text.Color] = true
		}
	}, "state-timeline")
}

type wordsModel struct{ Text, Color string }

// words are the words and colours of values.
func words(t *testing.T, mappings []mappingModel) map[string]wordsModel {
	t.Helper()
	all := map[string]wordsModel{}
	for _, m := range mappings {
		for value, text := range m.Options {
			if m.Type == "value" {
				all[value] = decoded[wordsModel](t, text)
			}
		}
	}
	return all
}

// TestNothingIsNeutral: a value that is not there has the colour of the base step, in a tile as in a cell, or what is
// mapped from null; neither says good or bad, and green is only what was measured.
func TestNothingIsNeutral(t *testing.T) {
	ofNothing := regexp.MustCompile(`"color": "([^"]*)",\s+(?:"value": null|"index": 99)`)
	unmeasured := regexp.MustCompile(`"color": "[a-z-]*green",\s+"value": -`)
	each(t, func(t *testing.T, m *model) {
		text, err := os.ReadFile(m.UID + ".json")
		if err != nil {
			t.Fatal(err)
		}
		colors := map[string]bool{}
		for _, found := range ofNothing.FindAllSubmatch(text, -1) {
			colors[string(found[1])] = true
		}
		delete(colors, "transparent")
		delete(colors, "#6c717a")
		if len(colors) > 0 || !ofNothing.Match(text) || unmeasured.Match(text) {
			t.Errorf("what is not there is %v, or green below 0", colors)
		}
	})
}

// headers are a table's columns from left to right.
func headers(p panelModel) []string {
	type column struct {
		name string
		at   int
	}
	var columns []column
	for _, tr := range p.Transformations {
		for name, at := range tr.Options.IndexByName {
			if renamed := tr.Options.RenameByName[name]; renamed != "" {
				name = renamed
			}
			if !tr.Options.ExcludeByName[name] && !slices.ContainsFunc(columns, func(c column) bool { return c.name == name }) {
				columns = append(columns, column{name, at})
			}
		}
	}
	slices.SortFunc(columns, func(a, b column) int { return a.at - b.at })
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}

// TestSomebodyWatches: the first tile says whether the others mean anything, also when
// there is no sample at all; what is not seen is counted, and never green.
func TestSomebodyWatches(t *testing.T) {
	fleet := modelOf(t, "qem-fleet")
	first := fleet.open()[0]
	if first.GridPos.X != 0 || !strings.Contains(first.Targets[0].Expr, "absent(qem_up{") ||
		!strings.Contains(first.Targets[0].Expr, "up{job") {
		t.Errorf("the first tile is %q: %s", first.Title, first.Targets[0].Expr)
	}
	if color := words(t, first.FieldConfig.Defaults.Mappings)["0"].Color; color != "red" {
		t.Errorf("nobody watching is %q", color)
	}
	for _, title := range []string{"Servers not seen", "Tasks not seen"} {
		p := panelTitled(t, fleet, title)
		if len(p.FieldConfig.Defaults.Thresholds.Steps) != 1 || !strings.Contains(p.Targets[0].Expr, "last_over_time(") {
			t.Errorf("%s is coloured by %+v, and counts %s", title, p.FieldConfig.Defaults.Thresholds.Steps, p.Targets[0].Expr)
		}
	}
}

// TestTablesFit: one column takes what the others leave, and no header is cut. Whether there is room for all of them
// the generator sees to.
func TestTablesFit(t *testing.T) {
	eachPanel(t, func(t *testing.T, _ *model, p panelModel) {
		if len(p.Transformations) == 1 { // keys and values
			return
		}
		growing := 0
		for _, header := range headers(p) {
			width := decoded[int](t, p.property(header, "custom.width"))
			if low := decoded[int](t, p.property(header, "custom.minWidth")); low > 0 {
				growing++
				width += low
			}
			if need := p.headerWidth(t, header); width < need {
				t.Errorf("the header of %s needs %d pixels and has %d", header, need, width)
			}
		}
		if growing != 1 {
			t.Errorf("%d columns grow", growing)
		}
	}, "table")
}

// headerWidth is what a header takes, with the marks that stand beside it.
func (p panelModel) headerWidth(t *testing.T, header string) int {
	t.Helper()
	text := header
	if shown := decoded[string](t, p.property(header, "displayName")); shown != "" {
		text = shown
	}
	need := 16 + 15*len([]rune(text))/2
	if decoded[bool](t, p.property(header, "custom.filterable")) {
		need += 18
	}
	return need
}

// TestWhatDecidesStandsByTheName: the name, what is wrong with it, and the manager, which
// is the same in every row of most fleets, last. The rows are in the order of trouble.
func TestWhatDecidesStandsByTheName(t *testing.T) {
	eachPanel(t, func(t *testing.T, _ *model, p panelModel) {
		columns, name := headers(p), ""
		for _, header := range columns {
			if p.property(header, "custom.minWidth") != nil {
				name = header
			}
		}
		if at := slices.Index(columns, "manager"); at >= 0 && name != "manager" && at != len(columns)-1 {
			t.Errorf("the manager stands %d. of %q", at+1, columns)
		}
		if at := slices.Index(columns, name); at > 2 {
			t.Errorf("the name is the %d. of %q", at+1, columns)
		}
		sorted := p.Options.SortBy
		if len(columns) > 7 && !strings.HasPrefix(p.Title, "Versions") {
			if len(sorted) == 0 || slices.Index(columns, sorted[0].DisplayName) > slices.Index(columns, name)+1 {
				t.Errorf("is sorted by %v, which is not next to the name in %q", sorted, columns)
			}
		}
	}, "table")
	attention := panelTitled(t, modelOf(t, "qem-fleet"), "Tasks that need attention")
	if by := attention.Options.SortBy; len(by) != 2 || by[0].DisplayName != "Trouble" ||
		by[1].DisplayName != "Latency ÷ objective" {
		t.Errorf("the tasks that need attention are sorted by %v", by)
	}
	for _, header := range []string{"task", "Trouble", "Since", "owner", "priority"} {
		if !slices.Contains(headers(attention), header) {
			t.Errorf("the tasks that need attention have no column %s", header)
		}
	}
}

// TestTitlesFit: of the tiles of a window of 1366 pixels, those 4 wide have room for 16
// characters beside the marks.
func TestTitlesFit(t *testing.T) {
	eachPanel(t, func(t *testing.T, _ *model, p panelModel) {
		if room := (p.GridPos.W*1342/24 - 8 - 85) / 8; len([]rune(p.Title)) > room {
			t.Errorf("%q has %d characters and room for %d", p.Title, len([]rune(p.Title)), room)
		}
	})
}

// TestUnitsOfPanels: 360 times is not 36012 %, and one task flattens no others.
func TestUnitsOfPanels(t *testing.T) {
	eachPanel(t, func(t *testing.T, _ *model, p panelModel) {
		for _, header := range headers(p) {
			if strings.Contains(header, "÷") && decoded[string](t, p.property(header, "unit")) != "suffix:×" {
				t.Errorf("%s is not in times", header)
			}
		}
		d := p.FieldConfig.Defaults
		if strings.Contains(p.Title, "objective") && p.Type == "stat" && d.Unit != "suffix:×" {
			t.Error("is not in times")
		}
		if log := d.Custom.ScaleDistribution.Type == "symlog"; (p.Title == "Furthest behind" ||
			p.Title == "Busiest tables") && !log {
			t.Error("one high line flattens the others")
		}
	})
}

// TestFailureIsRed: and success is not.
func TestFailureIsRed(t *testing.T) {
	found := 0
	eachPanel(t, func(t *testing.T, _ *model, p panelModel) {
		if !strings.Contains(p.Targets[0].LegendFormat, "{{result}}") {
			return
		}
		found++
		colors := map[string]string{}
		for _, o := range p.FieldConfig.Overrides {
			colors[o.Matcher.Options] = decoded[struct{ FixedColor string }](t, o.Properties[0].Value).FixedColor
		}
		if colors["failure$"] != "red" || colors["success$"] != "green" {
			t.Errorf("the results are %v", colors)
		}
	})
	if found != 2 {
		t.Errorf("%d panels have results", found)
	}
}

// TestStalledLoadsComeFirst: in red, by that word.
func TestStalledLoadsComeFirst(t *testing.T) {
	m := modelOf(t, "qem-full-load")
	p := panelTitled(t, m, "Full loads in progress, the stalled ones first")
	all := words(t, decoded[[]mappingModel](t, p.property("Load", "mappings")))
	highest := ""
	for number := range all {
		if n, _ := strconv.Atoi(number); highest == "" || n > must(strconv.Atoi(highest)) {
			highest = number
		}
	}
	if all[highest] != (wordsModel{"Stalled", "red"}) || p.Options.SortBy[0].DisplayName != "Load" {
		t.Errorf("the first of the list are %+v, by %v", all[highest], p.Options.SortBy)
	}
}

func must(n int, _ error) int { return n }

// TestTagsHold: a tag that is chosen narrows a panel, or the panel says that it does not.
func TestTagsHold(t *testing.T) {
	eachPanel(t, func(t *testing.T, m *model, p panelModel) {
		data, err := json.Marshal(p.Targets)
		if err != nil {
			t.Fatal(err)
		}
		if says := strings.HasSuffix(p.Description, "Whatever the tag."); m.variable("tag") != nil &&
			says == strings.Contains(string(data), "$tag") {
			t.Errorf("says that it is for whatever tag: %v", says)
		}
	})
}
