package poll

import (
	"regexp"
	"slices"
)

// Filter chooses names. Its expressions are anchored at both ends by whoever
// makes them. Without Include every name is in; Exclude wins.
type Filter struct {
	Include, Exclude []*regexp.Regexp
}

// match reports whether the filter leaves a name.
func (f Filter) match(name string) bool {
	matches := func(re *regexp.Regexp) bool { return re.MatchString(name) }
	if slices.ContainsFunc(f.Exclude, matches) {
		return false
	}
	return len(f.Include) == 0 || slices.ContainsFunc(f.Include, matches)
}

// all reports whether the filter leaves every name, so that callers on hot paths
// need not put the name together.
func (f Filter) all() bool { return len(f.Include) == 0 && len(f.Exclude) == 0 }

// bearsOneOf reports whether tags holds one of the wanted ones; without wanted
// tags everything qualifies.
func bearsOneOf(tags, wanted []string) bool {
	if len(wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(wanted, tag) })
}
