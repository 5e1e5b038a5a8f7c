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

// inShard reports whether this instance of total polls a server. It depends on
// nothing but the two names, so that instances need not talk to each other.
func inShard(manager, server string, shard, total int) bool {
	if total <= 1 {
		return true
	}
	return newHash().text(manager).text(server).sum()%uint64(total) == uint64(shard)
}

// hash is FNV-1a, which is the same in every process and version; each text ends
// with a zero byte, so that ("ab", "c") and ("a", "bc") differ.
type hash uint64

func newHash() hash { return 14695981039346656037 }

func (h hash) text(s string) hash {
	const prime = 1099511628211
	for i := range len(s) {
		h = (h ^ hash(s[i])) * prime
	}
	return h * prime // the zero byte
}

// sum spreads the hash over all bits (FNV's low bits alone are poor).
func (h hash) sum() uint64 {
	x := uint64(h)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
