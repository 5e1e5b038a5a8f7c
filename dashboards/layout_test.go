package dashboards

import (
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

// TestLinks: every link leads to a dashboard, and tells it what it lets choose.
func TestLinks(t *testing.T) {
	byUID := map[string]*model{}
	for _, m := range models(t) {
		byUID[m.UID] = m
	}
	for uid, m := range byUID {
		if single := single(m); (len(m.Links) == 2) != single || single && m.Links[1].URL != "$console" {
			t.Errorf("%s leads to %+v", uid, m.Links)
		}
		for _, p := range m.drawn() {
			for _, link := range panelLinks(t, p) {
				checkLink(t, uid+" "+p.Title, link, m, byUID)
			}
		}
	}
	if links := panelLinks(t, panelTitled(t, byUID["qem-fleet"], "Tasks that need attention")); len(links) != 2 {
		t.Errorf("the tasks that need attention have the links %q", links)
	}
}

// single tells whether a page is about one thing.
func single(m *model) bool { return !m.variable("manager").Multi }

// TestTilesLead: every tile of a page that is about many leads to the list behind it.
func TestTilesLead(t *testing.T) {
	eachPanel(t, func(t *testing.T, m *model, p panelModel) {
		if !single(m) && len(panelLinks(t, p)) == 0 {
			t.Error("leads nowhere")
		}
	}, "stat")
	asked := []string{}
	for _, o := range modelOf(t, "qem-tasks").variable("show").Options {
		asked = append(asked, o.Value)
	}
	eachPanel(t, func(t *testing.T, _ *model, p panelModel) {
		for _, link := range panelLinks(t, p) {
			_, after, found := strings.Cut(link, "var-show=")
			if value, _, _ := strings.Cut(after, "&"); found && value != "${__field.labels.show}" &&
				!slices.Contains(asked, value) {
				t.Errorf("asks for %s, which is not one of %q", value, asked)
			}
		}
	})
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
			for _, l := range decoded[[]struct{ URL string }](t, property.Value) {
				if strings.HasPrefix(l.URL, "/d/") {
					links = append(links, l.URL)
				}
			}
		}
	}
	return links
}

func checkLink(t *testing.T, from, link string, source *model, byUID map[string]*model) {
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
			switch of := source.variable(name); {
			case of == nil && name != "task" && name != "server":
				t.Errorf("%s takes along %s, which it does not have", from, name)
			case of != nil && of.IncludeAll && !to.variable(name).IncludeAll:
				t.Errorf("%s takes all of %s to %s, which is about one", from, name, to.UID)
			}
		} else if name, _, found := strings.Cut(strings.TrimPrefix(parameter, "var-"), "="); found {
			taken[name] = true
		}
	}
	for _, v := range to.Templating.List {
		if !taken[v.Name] && v.Name != "tag" && v.Hide == 0 {
			t.Errorf("%s forgets the variable %s on the way to %s", from, v.Name, to.UID)
		}
	}
}
