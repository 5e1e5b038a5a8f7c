// Package choose says what the configuration makes of a name: whether it is polled, by which
// instance, what is expected of it, and which tables have series of their own.
package choose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
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

// all reports whether the filter leaves every name, so that callers on hot paths
// need not put the name together.
func (f Filter) all() bool { return len(f.Include) == 0 && len(f.Exclude) == 0 }

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
	return Hash(manager, server)%uint64(total) == uint64(shard)
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

// Hash is the same for the same names in every process and version; ("ab", "c") and ("a", "bc")
// differ.
func Hash(names ...string) uint64 { return hash(offset).add(names...).sum() }

// hash is FNV-1a, with a zero byte after each name.
type hash uint64

const offset, prime = 14695981039346656037, 1099511628211

func (h hash) add(names ...string) hash {
	for _, name := range names {
		for i := range len(name) {
			h = (h ^ hash(name[i])) * prime
		}
		h *= prime // the zero byte
	}
	return h
}

// sum spreads the hash over all bits (FNV's low bits alone are poor).
func (h hash) sum() uint64 {
	x := uint64(h)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
