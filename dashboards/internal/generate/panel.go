package generate

import (
	"cmp"
	"errors"
	"fmt"
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
	Unit    string       // Grafana's, or count
	Colors  listed[step] // from a value on; drawn as lines in a time series
	Words   listed[state]
	Named   bool // shows the legend with each number

	States      string // the colours of the series of states
	Series      [][]string
	Stacked     bool
	Logarithmic bool // keeps one high line from flattening the others
	Max         float64

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

// column is a column of a table: a label of the rows, or the numbers of a query. A query without
// a header gives labels alone.
type column struct {
	Label, Header, Expr string
	As                  string // another header for the column of a label
	Width, Grows        int    // in pixels, at least 50; one column takes what the others leave, and no less
	Unit                string
	Bar                 float64       // a number from 0 up to it is drawn as a bar
	Colors              listed[step]  // of a cell from a value on; below, and without one, it has none
	Words               listed[state] // of numbers; those named in the column of a label are the values of the states
	Opens               []string      // a title and an address
}

// kind is what all panels of a type have.
type kind struct {
	Size    [2]int
	Format  string // in which it gets its samples
	Color   string // by which rule a value has its colour
	Instant bool   // asks for values at the end of the shown time alone
	Number  bool   // a value that is not there is grey, and says so
}

// panel is a described one with what its page makes of it.
type panel struct {
	described
	Kind      kind
	Page      *dashboard
	ID, X, Y  int
	Targets   []target
	Link      *link
	CellLinks []cellLink

	Organized         map[string]any // the columns of a table
	Numbered, Colored []state        // of its states: by their numbers, by their values
	Trouble           []trouble
}

// target is a query as Prometheus gets it.
type target struct {
	RefID, Expr, Legend string
	Rated               bool // it has rates of what changes with a poll
}

type link struct{ Title, URL string }

// cellLink is the link of the names in the column of a label.
type cellLink struct {
	Of string
	link
}

// panel makes a panel of a page of its description, which goes over the one that it uses.
func (s *source) panel(page *dashboard, d described) (*panel, error) {
	if d.Use != "" {
		base, ok := s.Panels[d.Use]
		if !ok {
			return nil, fmt.Errorf("there is no panel %s", d.Use)
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
	p := &panel{described: d, Kind: s.Types[d.Type], Page: page}
	if err := s.complete(p); err != nil {
		return nil, fmt.Errorf("panel %q: %w", d.Title, err)
	}
	return p, nil
}

// complete looks up and works out what the description only names.
func (s *source) complete(p *panel) error {
	if p.Kind.Format == "" || p.Title == "" || p.Empty == "" || p.About == "" {
		return errors.New("it lacks a type, a title, what it is about, or what it says when there is nothing")
	}
	p.Size = cmp.Or(p.Size, p.Kind.Size)
	states, known := s.States[p.States]
	if !known && p.States != "" {
		return fmt.Errorf("there are no states %s", p.States)
	}
	p.Numbered, p.Colored = s.Words[p.States], states.Are
	if p.Troubles {
		p.Trouble = s.Troubles
	}
	err := errors.Join(p.Words.find(s.Words), p.Colors.find(s.Colors))
	for _, q := range p.Queries {
		err = errors.Join(err, s.ask(p, q.legend, q.expr))
	}
	if p.Type == "table" {
		err = errors.Join(err, s.setColumns(p))
	}
	if err = errors.Join(err, s.setLinks(p)); err != nil {
		return err
	}
	// A panel that a chosen tag does not narrow says so.
	tagged := func(t target) bool { return strings.Contains(t.Expr, "$tag") }
	if p.Page.has("tag") && !slices.ContainsFunc(p.Targets, tagged) {
		p.About += " Whatever the tag."
	}
	return nil
}

// ask adds a query, whose legend names what it gets.
func (s *source) ask(p *panel, legend, expr string) error {
	t := target{RefID: string(rune('A' + len(p.Targets))), Legend: legend}
	expr, err := s.spell(expr, &p.described)
	if err == nil {
		t.Expr, t.Rated, err = s.families.expand(expr, p.Page.Choices)
	}
	if err != nil {
		return fmt.Errorf("query %s: %w", t.RefID, err)
	}
	t.Rated = t.Rated && strings.Contains(t.Expr, "$__rate_interval")
	p.Targets = append(p.Targets, t)
	return nil
}

// setColumns: a table has a row for everything that its queries name with the same labels, and the
// columns in the given order. The first query should know all the rows: Grafana names
// the column of a query that answers alone differently.
func (s *source) setColumns(p *panel) error {
	var err error
	if p.Rows, err = s.spell(p.Rows, &p.described); err != nil {
		return err
	}
	hidden, renamed, order := map[string]bool{"Time": true}, map[string]string{}, map[string]int{}
	p.Columns = slices.Clone(p.Columns)
	sum := 0
	for i := range p.Columns {
		c := &p.Columns[i]
		width := c.Width + c.Grows
		sum += width
		if c.Label+c.Header != "" && width < 50 {
			return fmt.Errorf("no width for the column %s", c.Label+c.Header)
		}
		words := s.Words
		if c.Label != "" {
			words = s.values
			order[c.Label] = i
		} else {
			if err := s.ask(p, "", c.Expr); err != nil {
				return err
			}
			for _, name := range valueNames(len(p.Targets) - 1) {
				order[name] = i
				if c.Header == "" {
					hidden[name] = true
				} else {
					renamed[name] = c.Header
				}
			}
		}
		if err := errors.Join(c.Words.find(words), c.Colors.find(s.Colors)); err != nil {
			return fmt.Errorf("column %s: %w", c.Label+c.Header, err)
		}
	}
	// What would be cut or off the screen of a window of 1600 pixels is refused.
	if room := p.Size[0]*1576/gridWidth - 48; sum > room {
		return fmt.Errorf("the columns are %d pixels wide, there is room for %d", sum, room)
	}
	p.Organized = map[string]any{"excludeByName": hidden, "indexByName": order, "renameByName": renamed}
	return nil
}

// valueNames are Grafana's for the column of a query.
func valueNames(i int) []string {
	names := []string{"Value #" + string(rune('A'+i))}
	if i == 0 {
		names = append(names, "Value")
	}
	return names
}

// setLinks leads from a series to the page of its task, from a number to the list behind it, and from the names of
// servers and tasks in a table to their pages.
func (s *source) setLinks(p *panel) (err error) {
	labels := []string{"manager", "server", "task"}
	page, trouble, chosen := strings.Cut(p.Lists, "?")
	switch {
	case p.Opens == "task":
		p.Link, err = s.link("qem-task", "__field.labels", labels)
	case p.Troubles:
		p.Link, err = s.link("qem-tasks", "", nil, "var-show=${__field.labels.show}")
	case chosen:
		var show int
		if show, err = s.show(trouble); err == nil {
			p.Link, err = s.link("qem-"+page, "", nil, "var-show="+strconv.Itoa(show))
		}
	case page != "":
		p.Link, err = s.link("qem-"+page, "", nil)
	}
	for i, uid := range []string{"qem-server", "qem-task"} {
		of := labels[:i+2]
		for _, label := range of {
			if !slices.ContainsFunc(p.Columns, func(c column) bool { return c.Label == label }) {
				return err
			}
		}
		to, failed := s.link(uid, "__data.fields", of)
		if err = errors.Join(err, failed); err != nil {
			return err
		}
		p.CellLinks = append(p.CellLinks, cellLink{of[i+1], *to})
	}
	return err
}

// link is a link to a page that keeps the time, takes over the given labels of what
// was clicked on, and of the choices those that the page has. A page about one thing
// is told which.
func (s *source) link(uid, of string, labels []string, parameters ...string) (*link, error) {
	page := slices.IndexFunc(s.pages, func(d *dashboard) bool { return d.UID == uid })
	if page < 0 {
		return nil, fmt.Errorf("there is no page %s", uid)
	}
	for _, v := range s.pages[page].Choices {
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
	address := "/d/" + uid + "/" + uid + "?" + strings.Join(parameters, "&")
	return &link{"Open " + strings.TrimPrefix(uid, "qem-"), address}, nil
}
