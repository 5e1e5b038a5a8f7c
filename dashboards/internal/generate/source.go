package generate

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
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
	Troubles    []trouble
	Variables   map[string]variable
	Panels      map[string]described // that several pages have

	pages []dashboard
}

// dashboard is the description of a dashboard.
type dashboard struct {
	UID, Title string
	Question   string // what it answers in ten seconds
	From       string // the time shown at first, up to now
	Variables  []string
	Single     bool // it is about one of what is chosen
	Rows       []row

	variables []variable
}

// row is a group of panels. One that is collapsed asks for nothing until it is opened.
type row struct {
	Title     string
	Collapsed bool
	Panels    []described

	panels []panel
}

// common are the files of what several pages have.
var common = []string{"source/common.yml", "source/panels.yml"}

// read reads the descriptions.
func read() (*source, error) {
	s := new(source)
	for _, name := range common {
		if err := decode(name, s); err != nil {
			return nil, err
		}
	}
	s.Expressions["ranked"], s.Expressions["inTrouble"] = s.ranked(), s.inTrouble()
	s.Expressions["normalStops"] = strings.Join(fleet.NormalStops(), "|")
	s.Expressions["licenseWarning"] = strconv.Itoa(int(fleet.LicenseWarning.Seconds()))
	for name, states := range s.States {
		s.Expressions["number "+name] = states.number()
		s.Words[name] = states.numbered()
	}
	s.Words["trouble"] = s.troubleWords()
	names, err := fs.Glob(files, "source/*.yml")
	if err != nil {
		return nil, err
	}
	for _, name := range slices.DeleteFunc(names, func(name string) bool { return slices.Contains(common, name) }) {
		var d dashboard
		if err := decode(name, &d); err != nil {
			return nil, err
		}
		if d.variables, err = s.variables(d); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.pages = append(s.pages, d)
	}
	for _, d := range s.pages {
		for i := range d.Rows {
			for _, described := range d.Rows[i].Panels {
				p, err := s.panel(described)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", d.UID, err)
				}
				d.Rows[i].panels = append(d.Rows[i].panels, p)
			}
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

var (
	reference = regexp.MustCompile(`<<([^<>]+)>>`)
	macro     = regexp.MustCompile(`\b(tagged|total|of|shown|top)\(`)
	shorthand = regexp.MustCompile(`\b(by|on) ([MST])((?:\+\w+)*)\b`)
)

// spell writes out an expression of the panel d: the expressions to which it refers, its macros,
// and the labels by which samples of one thing are the same.
func (s *source) spell(expr string, d *described) (string, error) {
	var err error
	for depth := 0; reference.MatchString(expr) && err == nil; depth++ {
		if depth > len(s.Expressions) {
			return "", fmt.Errorf("an expression refers to itself: %s", reference.FindString(expr))
		}
		expr = reference.ReplaceAllStringFunc(expr, func(text string) string {
			name := strings.Trim(text, "<>")
			if name == "rows" {
				return d.Rows
			}
			e, ok := s.Expressions[name]
			if !ok {
				err = fmt.Errorf("there is no expression %s", name)
			}
			return e
		})
	}
	for err == nil {
		at := macro.FindAllStringSubmatchIndex(expr, -1)
		if at == nil {
			break
		}
		last := at[len(at)-1] // it has no other in its arguments
		end := closing(expr, last[1])
		var written string
		written, err = d.expand(expr[last[2]:last[3]], strings.Split(expr[last[1]:end], "; "))
		expr = expr[:last[0]] + written + expr[min(end+1, len(expr)):]
	}
	return shorthand.ReplaceAllStringFunc(expr, func(text string) string {
		m := shorthand.FindStringSubmatch(text)
		return m[1] + " (" + labelsOf(m[2]+m[3]) + ")"
	}), err
}

// closing is where the parenthesis ends that was opened before i.
func closing(text string, i int) int {
	for depth := 1; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// labelsOf are the labels that a shorthand stands for, such as T+state.
func labelsOf(short string) string {
	subject, more, _ := strings.Cut(short, "+")
	labels := map[string]string{"M": "manager", "S": "manager, server", "T": taskLabels}[subject]
	return strings.TrimSuffix(labels+", "+strings.ReplaceAll(more, "+", ", "), ", ")
}

// expand writes out a macro.
func (d *described) expand(name string, args []string) (string, error) {
	arg := func(i int, otherwise string) string {
		if i < len(args) {
			return args[i]
		}
		return otherwise
	}
	key := labelsOf(cmp.Or(d.Per, "T"))
	switch {
	case name == "tagged": // those that bear a chosen tag; all while all tags are
		return "((" + args[0] + ")" + withoutUntagged + ")", nil
	case name == "of": // those of which something else has a sample
		return "((" + args[0] + ")\nand on (" + key + ")\n(" + arg(1, d.Rows) + "))", nil
	case name == "shown":
		return "((" + args[0] + ")\nand on (" + key + ")\n" + d.Rows + ")", nil
	case name == "total" && len(args) == 2:
		// The sum by a label over the whole fleet. It adds up a server as one exporter sees it first, which is cheap,
		// and takes the mean of a pair: where one has seen a change that the other has not, nothing counts twice.
		by := "manager, server, " + args[0]
		return "sum by (" + args[0] + ") (avg by (" + by + ") (sum by (" + by + ", job, instance) (" + args[1] + ")))", nil
	case name == "top" && len(args) == 4:
		// The n things that rank highest at the end of the shown time, so that a panel has n lines, not as many as
		// took turns.
		labels := args[1]
		if len(labels) == 1 || strings.Contains(labels, "+") {
			labels = labelsOf(labels)
		}
		return fmt.Sprintf("((%s)\nand on (%s)\ntopk(%s, %s))", args[2], labels, args[0], args[3]), nil
	}
	return "", fmt.Errorf("%s takes other arguments than %q", name, args)
}
