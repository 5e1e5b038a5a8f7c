package dashboards

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPanelsDoNotOverlap(t *testing.T) {
	each(t, func(t *testing.T, m *model) {
		var shown []panelModel
		for _, p := range m.Panels {
			shown = append(shown, p)
			overlaps(t, p.Panels)
			if p.Type == "row" && (p.Collapsed != (len(p.Panels) > 0)) {
				t.Errorf("the row %q is collapsed: %v, and holds %d panels", p.Title, p.Collapsed, len(p.Panels))
			}
		}
		overlaps(t, shown)
	})
}

func overlaps(t *testing.T, panels []panelModel) {
	t.Helper()
	taken := map[[2]int]string{}
	for _, p := range panels {
		if p.GridPos.W < 1 || p.GridPos.H < 1 || p.GridPos.X < 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%q is at %+v", p.Title, p.GridPos)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, is := taken[[2]int{x, y}]; is {
					t.Fatalf("%q covers %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

func TestUIDs(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range models(t) {
		if !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`).MatchString(m.UID) || seen[m.UID] {
			t.Errorf("the uid %q is taken, or not fit for one", m.UID)
		}
		seen[m.UID] = true
	}
}

// TestLinks: every link leads to a dashboard, takes along what it has variables
// for, and keeps the time.
func TestLinks(t *testing.T) {
	byUID := map[string]*model{}
	for _, m := range models(t) {
		byUID[m.UID] = m
	}
	for uid, m := range byUID {
		if len(m.Links) != 1 || m.Links[0].Type != "dashboards" || !m.Links[0].IncludeVars || !m.Links[0].KeepTime || !slices.Equal(m.Links[0].Tags, m.Tags) {
			t.Errorf("%s does not lead to the others: %+v", uid, m.Links)
		}
		for _, p := range m.drawn() {
			for _, link := range panelLinks(t, p) {
				checkLink(t, uid+" "+p.Title, link, byUID)
			}
		}
	}
	if links := panelLinks(t, panelTitled(t, byUID["qem-fleet"], "Tasks that need attention")); len(links) != 2 {
		t.Errorf("the tasks that need attention have the links %q", links)
	}
}

func panelTitled(t *testing.T, m *model, title string) panelModel {
	t.Helper()
	for _, p := range m.drawn() {
		if p.Title == title {
			return p
		}
	}
	t.Fatalf("%s has no panel %q", m.UID, title)
	return panelModel{}
}

func panelLinks(t *testing.T, p panelModel) []string {
	t.Helper()
	var links []string
	for _, l := range p.FieldConfig.Defaults.Links {
		links = append(links, l.URL)
	}
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if property.ID != "links" {
				continue
			}
			data, err := json.Marshal(property.Value)
			if err != nil {
				t.Fatal(err)
			}
			var of []struct{ URL string }
			if err := json.Unmarshal(data, &of); err != nil {
				t.Fatal(err)
			}
			for _, l := range of {
				links = append(links, l.URL)
			}
		}
	}
	return links
}

func checkLink(t *testing.T, from, link string, byUID map[string]*model) {
	t.Helper()
	path, query, _ := strings.Cut(link, "?")
	to := byUID[strings.Split(strings.TrimPrefix(path, "/d/"), "/")[0]]
	if to == nil {
		t.Errorf("%s leads to %s, which does not exist", from, path)
		return
	}
	taken := map[string]bool{}
	for parameter := range strings.SplitSeq(query, "&") {
		if name, found := strings.CutSuffix(strings.TrimPrefix(parameter, "${"), ":queryparam}"); found {
			taken[name] = true
		} else if name, value, found := strings.Cut(strings.TrimPrefix(parameter, "var-"), "="); found {
			taken[name] = true
			if !strings.HasSuffix(value, ":percentencode}") {
				t.Errorf("%s: the name in %s may hold an &", from, parameter)
			}
		}
	}
	for _, v := range to.Templating.List {
		if !taken[v.Name] && v.Name != "tag" {
			t.Errorf("%s forgets the variable %s on the way to %s", from, v.Name, to.UID)
		}
	}
	if !strings.HasSuffix(query, "&${__url_time_range}") {
		t.Errorf("%s forgets the time on the way to %s", from, to.UID)
	}
	if _, err := url.Parse(path); err != nil {
		t.Error(err)
	}
}
