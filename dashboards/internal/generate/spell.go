package generate

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

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
