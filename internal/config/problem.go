package config

import (
	"cmp"
	"errors"
	"slices"
)

// problem is one thing that is wrong with a configuration, or looks wrong.
type problem struct {
	position
	where string // file:line:column: key path, or an environment variable
	path  string
	text  string
}

func (p problem) Error() string { return p.where + ": " + p.text }

// inOrder sorts problems by where they are in the file.
func inOrder(problems []problem) []problem {
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	return problems
}

// err joins the problems, one a line; nil when there are none.
func (d *decoder) err() error {
	var errs []error
	for _, p := range inOrder(d.problems) {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}
