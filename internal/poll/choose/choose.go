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

// slips are the expressions to include that match none of the names.
func (f Filter) slips(what string, names []string) (slips []string) {
	for _, re := range f.Include {
		if len(names) > 0 && !slices.ContainsFunc(names, re.MatchString) {
			slips = append(slips, fmt.Sprintf("no %s matches the include filter %s", what,
				strings.TrimSuffix(strings.TrimPrefix(re.String(), "^(?:"), ")$")))
		}
	}
	return slips
}

// Choice says what is polled.
type Choice struct {
	Manager        string // the configured name of the Enterprise Manager
	Servers, Tasks Filter
	Tags           []string // when given, only tasks that bear one of them
	// This is instance Shard (from 0) of TotalShards; 0 and 1 mean all servers.
	Shard, TotalShards int
}

// Server reports whether this instance polls a server. Its shard depends on nothing but the two
// names, so that instances need not talk to each other.
func (c *Choice) Server(name string) bool {
	return c.Servers.Match(name) &&
		(c.TotalShards <= 1 || HashOf(c.Manager, name).Sum()%uint64(c.TotalShards) == uint64(c.Shard))
}

// Task reports whether a task is polled.
func (c *Choice) Task(name string, tags []string) bool {
	wanted := func(tag string) bool { return slices.Contains(c.Tags, tag) }
	return c.Tasks.Match(name) && (len(c.Tags) == 0 || slices.ContainsFunc(tags, wanted))
}

// Slips are what is legal and yet likely a slip, as far as the names that there are can tell.
func (c *Choice) Slips(servers, tasks, tags []string) []string {
	slips := c.Servers.slips("server", servers)
	switch n := len(servers); {
	case n == 0 || slices.ContainsFunc(servers, c.Server):
	case slices.ContainsFunc(servers, c.Servers.Match):
		slips = append(slips, fmt.Sprintf("none of %d servers falls to shard %d of %d", n, c.Shard, c.TotalShards))
	default:
		slips = append(slips, fmt.Sprintf("the filters leave none of %d servers", n))
	}
	slips = append(slips, c.Tasks.slips("task", tasks)...)
	for _, tag := range c.Tags {
		if len(tasks) > 0 && !slices.Contains(tags, tag) {
			slips = append(slips, "no task bears the tag "+tag)
		}
	}
	return slips
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

// EndpointTestOptions say which endpoints are tested, and how.
type EndpointTestOptions struct {
	Interval time.Duration // between two tests of one endpoint; 0: none is tested
	Filter   Filter        // on endpoint names
	Timeout  time.Duration // of one test; default 60 s
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
