package generate

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

//go:embed source
var files embed.FS

// source is what the dashboards are made of: a file for each page, and one of what several have.
type source struct {
	Expressions map[string]string // by the names with which others ask for them: <<name>>
	States      map[string]states
	Words       map[string][]state // of numbers; read adds those of the states and of the troubles
	Colors      map[string][]step
	Troubles    []trouble
	Variables   map[string]variable
	Types       map[string]kind
	Panels      map[string]described // that several pages have

	values   map[string][]state // the words of the states' own values
	families families
	pages    []*dashboard
}

// dashboard is the description of a dashboard.
type dashboard struct {
	UID, Title string
	Question   string // what it answers in ten seconds
	From       string // the time shown at first, up to now
	Variables  []string
	Single     bool // it is about one of what is chosen
	Rows       []row

	Choices []variable `yaml:"-"`
	Marks   string     `yaml:"-"` // what is marked in all panels
}

// row is a group of panels. One that is collapsed asks for nothing until it is opened.
type row struct {
	Title     string
	Collapsed bool
	Panels    []described

	ID, Y int      `yaml:"-"`
	Drawn []*panel `yaml:"-"`
}

// variable is a choice that the user of a dashboard makes.
type variable struct {
	Name, Label, About string
	Series             string // a selector of the series whose label is chosen from
	Of                 string // that label, if its name is another one
	All                string // what chooses everything
	Hidden             bool

	Single     bool     `yaml:"-"` // exactly one is chosen: there is no "All"
	Definition string   `yaml:"-"` // what is asked for the choices
	Choices    []choice `yaml:"-"` // instead of asking; the first at first
}

// states are the values that a label of a family takes one at a time, in the order of their
// numbers in a panel, from 1 on; the worst last, so that the highest of two exporters
// is the one to worry about.
type states struct {
	Of, Label, Per string
	Are            []state
}

// state is a value with its words and colour: three texts in a description.
type state struct{ Value, Text, Color string }

func (s *state) UnmarshalYAML(node *yaml.Node) error {
	var parts [3]string
	err := node.Decode(&parts)
	s.Value, s.Text, s.Color = parts[0], parts[1], parts[2]
	return err
}

// step is a value and the colour from it on.
type step [2]any

// listed is a list that a description gives itself, or by the name that it has in common.yml.
type listed[T any] struct {
	Name string
	List []T
}

func (l *listed[T]) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		l.Name = node.Value
		return nil
	}
	return node.Decode(&l.List)
}

func (l *listed[T]) find(all map[string][]T) error {
	if l.Name == "" {
		return nil
	}
	if l.List = all[l.Name]; l.List == nil {
		return fmt.Errorf("there is no list %q", l.Name)
	}
	return nil
}

// common are the files of what several pages have.
var common = []string{"source/common.yml", "source/panels.yml"}

// read reads the descriptions.
func read() (*source, error) {
	s := &source{families: known(), values: map[string][]state{}}
	for _, name := range common {
		if err := decode(name, s); err != nil {
			return nil, err
		}
	}
	for i := range s.Troubles {
		s.Troubles[i].Rank = len(s.Troubles) - i
		s.Troubles[i].Show = s.Troubles[i].Rank * (rankBase + 1)
	}
	s.Expressions["ranked"], s.Expressions["inTrouble"] = s.ranked(), s.inTrouble()
	s.Expressions["normalStops"] = strings.Join(fleet.NormalStops(), "|")
	s.Expressions["licenseWarning"] = strconv.Itoa(int(fleet.LicenseWarning.Seconds()))
	s.Words["trouble"] = s.troubleWords()
	for name, states := range s.States {
		s.Expressions["number "+name] = states.number()
		s.Words[name], s.values[name] = states.numbered(), states.Are
	}
	names, err := fs.Glob(files, "source/*.yml")
	if err != nil {
		return nil, err
	}
	for _, name := range slices.DeleteFunc(names, func(name string) bool { return slices.Contains(common, name) }) {
		d := new(dashboard)
		err := decode(name, d)
		if err == nil {
			err = s.choose(d)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.pages = append(s.pages, d)
	}
	for _, d := range s.pages {
		if err := s.draw(d); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
		}
	}
	return s, nil
}

func decode(name string, into any) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// choose gives a page its variables, each narrowed by those before it. One about a single server or task has no
// "All": whatever a link or a hand puts there, it shows one or none, never a thousand.
func (s *source) choose(d *dashboard) error {
	for i, name := range append([]string{"job", "instance"}, d.Variables...) {
		v, ok := s.Variables[name]
		if !ok {
			return fmt.Errorf("there is no variable %s", name)
		}
		v.Name = cmp.Or(v.Name, name)
		v.Single = d.Single && i > 1
		series := v.Series
		if name == "show" {
			v.Choices = s.shown()
		} else if i > 0 {
			var err error
			if series, _, err = s.families.expand(series, d.Choices); err != nil {
				return fmt.Errorf("variable %s: %w", v.Name, err)
			}
		}
		v.Definition = fmt.Sprintf("label_values(%s, %s)", series, cmp.Or(v.Of, v.Name))
		d.Choices = append(d.Choices, v)
	}
	return nil
}

func (d *dashboard) has(name string) bool {
	return slices.ContainsFunc(d.Choices, func(v variable) bool { return v.Name == name })
}

// draw makes the panels of a page.
func (s *source) draw(d *dashboard) (err error) {
	if d.Marks, _, err = s.families.expand(s.Expressions["firing"], d.Choices); err != nil {
		return err
	}
	for i := range d.Rows {
		for _, described := range d.Rows[i].Panels {
			p, err := s.panel(d, described)
			if err != nil {
				return err
			}
			d.Rows[i].Drawn = append(d.Rows[i].Drawn, p)
		}
	}
	d.layout()
	return nil
}
