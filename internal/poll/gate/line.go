package gate

import (
	"cmp"
	"container/heap"
)

// line is a heap of servers: first the one with the turn of the first class, then the one with the
// fewest slots, and equals take turns.
type line []*Queue

func (l line) Len() int { return len(l) }

func (l line) Less(i, j int) bool {
	a, b := l[i], l[j]
	return cmp.Or(cmp.Compare(a.next, b.next), cmp.Compare(len(a.held), len(b.held)), cmp.Compare(a.served, b.served)) < 0
}

func (l line) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = i+1, j+1
}

func (l *line) Push(q any) {
	*l = append(*l, q.(*Queue))
	q.(*Queue).place = len(*l)
}

func (l *line) Pop() any {
	n := len(*l) - 1
	last := (*l)[n]
	clear((*l)[n:])
	*l, last.place = (*l)[:n], 0
	return last
}

// put brings a server to where it belongs now; out of the line if it does not stand there.
func (l *line) put(q *Queue, stands bool) {
	switch {
	case stands && q.place > 0:
		heap.Fix(l, q.place-1)
	case stands:
		heap.Push(l, q)
	case q.place > 0:
		heap.Remove(l, q.place-1)
	}
}
