// Package choose says what the configuration makes of a name: whether it is polled, by which
// instance, what is expected of it, and which tables have series of their own.
package choose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Filter chooses names. Its expressions are anchored at both ends by whoever
// makes them. Without Include every name is in; Exclude wins.
type Filter struct {
	Include, Exclude []*regexp.Regexp
}

// Match reports whether the filter leaves a name.
func (f Filter) Match(name string) bool {
	matches := func(re *regexp.Regexp) bool { return re.MatchString(name) }
	if slices.ContainsFunc(f.Exclude, matches) {
		return false
	}
	return len(f.Include) == 0 || slices.ContainsFunc(f.Include, matches)
}

// TableMode says what is asked about tables.
type TableMode string

// The table modes.
const (
	Off     TableMode = "off"     // no table statuses are asked for
	Summary TableMode = "summary" // counts by state
	Errors  TableMode = "errors"  // and the tables in error or with data errors
	All     TableMode = "all"     // and every table that the filter leaves
)

// TableOptions choose the tables that are served.
type TableOptions struct {
	Mode     TableMode     // "" is Off
	Filter   Filter        // on "schema.table"; counts by state are over all tables
	Interval time.Duration // between two readings; default: five times PollInterval
	Limit    int           // tables kept per Enterprise Manager; 0: no limit
}

// Want reports whether a table is kept, the limit apart.
func (o *TableOptions) Want(inError bool, schema, name string) bool {
	all := len(o.Filter.Include) == 0 && len(o.Filter.Exclude) == 0 // the name need not be put together
	return (o.Mode == All || o.Mode == Errors && inError) && (all || o.Filter.Match(schema+"."+name))
}

// ByTag reports whether tags holds one of the wanted ones; without wanted
// tags everything qualifies.
func ByTag(tags, wanted []string) bool {
	if len(wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(wanted, tag) })
}

// InShard reports whether this instance of total polls a server. It depends on
// nothing but the two names, so that instances need not talk to each other.
func InShard(manager, server string, shard, total int) bool {
	if total <= 1 {
		return true
	}
	return HashOf(manager, server).Sum()%uint64(total) == uint64(shard)
}

// Slips are what is legal and yet likely a slip: expressions to include that match none of the
// names.
func (f Filter) Slips(what string, names []string) (slips []string) {
	for _, re := range f.Include {
		if len(names) > 0 && !slices.ContainsFunc(names, re.MatchString) {
			slips = append(slips, fmt.Sprintf("no %s matches the include filter %s", what,
				strings.TrimSuffix(strings.TrimPrefix(re.String(), "^(?:"), ")$")))
		}
	}
	return slips
}

// Hash is FNV-1a with a zero byte after each name: the same for the same names in every process and
// version, and not for ("ab", "c") and ("a", "bc").
type Hash uint64

// HashOf is that of some names.
func HashOf(names ...string) Hash { return Hash(14695981039346656037).Add(names...) }

// Add is that of more names.
func (h Hash) Add(names ...string) Hash {
	const prime = 1099511628211
	for _, name := range names {
		for i := range len(name) {
			h = (h ^ Hash(name[i])) * prime
		}
		h *= prime // the zero byte
	}
	return h
}

// Sum spreads it over all bits (FNV's low bits alone are poor).
func (h Hash) Sum() uint64 {
	x := uint64(h)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
