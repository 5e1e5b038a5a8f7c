package gate

import "container/heap"

// line is a heap of the servers that wait with a call of one class: the one with the fewest slots
// is first, and equals take turns.
type line struct {
	class  Class
	queues []*Queue
}

func (l *line) Len() int { return len(l.queues) }

func (l *line) Less(i, j int) bool {
	a, b := l.queues[i], l.queues[j]
	if len(a.held) != len(b.held) {
		return len(a.held) < len(b.held)
	}
	return a.served < b.served
}

func (l *line) Swap(i, j int) {
	l.queues[i], l.queues[j] = l.queues[j], l.queues[i]
	l.queues[i].places[l.class], l.queues[j].places[l.class] = i+1, j+1
}

func (l *line) Push(q any) {
	l.queues = append(l.queues, q.(*Queue))
	q.(*Queue).places[l.class] = len(l.queues)
}

func (l *line) Pop() any {
	n := len(l.queues) - 1
	last := l.queues[n]
	clear(l.queues[n:])
	l.queues, last.places[l.class] = l.queues[:n], 0
	return last
}

// put brings a server to where it belongs now.
func (l *line) put(q *Queue) {
	if at := q.places[l.class]; at > 0 {
		heap.Fix(l, at-1)
	} else {
		heap.Push(l, q)
	}
}

// drop takes a server out, if it is in.
func (l *line) drop(q *Queue) {
	if at := q.places[l.class]; at > 0 {
		heap.Remove(l, at-1)
	}
}
