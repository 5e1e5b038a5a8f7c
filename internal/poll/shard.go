package poll

// inShard reports whether this instance of total polls a server. It depends on
// nothing but the two names, so that instances need not talk to each other.
func inShard(manager, server string, shard, total int) bool {
	if total <= 1 {
		return true
	}
	hash := newHash().text(manager).text(server).sum()
	return hash%uint64(total) == uint64(shard)
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
