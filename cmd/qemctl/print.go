package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// A printer writes results to out, and what is under way to err.
type printer struct {
	out, err io.Writer
	format   string
}

// rows prints a result: its values as JSON, or cells under a heading.
func rows[T any](p printer, heading string, values []T, cells func(T) []any) error {
	if p.format == "json" {
		if values == nil {
			values = []T{}
		}
		return p.json(values)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, strings.ReplaceAll(heading, " ", "\t")+"\n")
	for _, value := range values {
		for i, cell := range cells(value) {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, plain(cell))
		}
		fmt.Fprint(w, "\n")
	}
	return w.Flush()
}

func (p printer) json(value any) error {
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// plain is a value as a cell: in one line, and a dash for what is absent. What comes from
// outside cannot steer a terminal.
func plain(value any) string {
	text := fmt.Sprint(value)
	if t, ok := value.(time.Time); ok {
		text = ""
		if !t.IsZero() {
			text = t.Format(time.RFC3339)
		}
	}
	text = strings.Join(strings.FieldsFunc(text, unicode.IsControl), " ")
	if runes := []rune(text); len(runes) > 80 {
		text = string(runes[:79]) + "…"
	}
	if text == "" || text == "null" {
		return "-"
	}
	return text
}

// progress tells somebody who watches.
func (p printer) progress(format string, args ...any) {
	if file, ok := p.err.(*os.File); ok {
		if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return
		}
	}
	fmt.Fprintf(p.err, format+"\n", args...)
}
