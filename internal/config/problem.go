package config

import (
	"cmp"
	"errors"
	"slices"
)

// problem is one thing that is wrong with a configuration.
type problem struct {
	position
	where string // file:line:column: key path, or an environment variable
	path  string
	text  string
}

func (p problem) Error() string { return p.where + ": " + p.text }

// err joins the problems, one a line, in the order of the file; nil when there
// are none.
func (d *decoder) err() error {
	slices.SortStableFunc(d.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	var errs []error
	for _, p := range d.problems {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}
