package poll

import (
	"slices"
	"sync"
)

// class orders the calls of one server.
type class int

const (
	outline  class = iota // server details and task list: everything else hangs on them
	details               // task details
	statuses              // table statuses: the dear ones
	optional              // what optional collectors read
	probes                // tests of endpoints, which take long
	classes               // how many there are
)

// rank orders the calls of all servers: as long as there is a call that a poll cannot
// do without, none of the others begins.
func (c class) rank() class { return max(c, statuses) }

// pool is the calls that may be in flight at a time. Schedules share it.
type pool struct {
	mu     sync.Mutex
	free   int      // workers that may still be started
	queues []*queue // in the order in which they take turns
	turn   int
}

func newPool(concurrency int) *pool { return &pool{free: concurrency} }

// schedule runs the calls of all servers for one purpose, such as a poll. The next
// call comes from the server with the fewest in flight, so that none waits for a
// slower neighbour; equals take turns.
type schedule struct {
	pool     *pool
	limit    int // calls in flight; 0: those of the pool
	inFlight int
	closed   bool
	pending  sync.WaitGroup // calls that have neither ended nor been dropped
}

// queue holds the calls of one server that wait for a worker.
type queue struct {
	schedule *schedule
	waiting  [classes][]func()
	inFlight int
	closed   class // this class and those after it take no calls
}

func newSchedule(p *pool, limit int) *schedule { return &schedule{pool: p, limit: limit} }

// queue adds a server.
func (s *schedule) queue() *queue {
	q := &queue{schedule: s, closed: classes}
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.pool.queues = append(s.pool.queues, q)
	return q
}

// add runs call as soon as it is its turn. It reports false, and never runs it, when
// the queue has been closed. A call may add others.
func (s *schedule) add(q *queue, c class, call func()) bool {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.closed || c >= q.closed {
		return false
	}
	s.pending.Add(1)
	q.waiting[c] = append(q.waiting[c], call)
	if p.free > 0 {
		if next, from := p.take(); next != nil {
			p.free--
			go p.work(next, from)
		}
	}
	return true
}

// work runs one call after another until none waits.
func (p *pool) work(call func(), from *queue) {
	for call != nil {
		call()
		p.mu.Lock()
		ended := from.schedule
		from.inFlight--
		ended.inFlight--
		call, from = p.take()
		if call == nil {
			p.free++
		}
		p.mu.Unlock()
		ended.pending.Done()
	}
}

// take removes the call whose turn it is; the caller holds the lock.
func (p *pool) take() (func(), *queue) {
	var best *queue
	at, rank := 0, classes
	for i := range p.queues {
		i = (p.turn + i) % len(p.queues)
		q := p.queues[i]
		if s := q.schedule; s.limit > 0 && s.inFlight >= s.limit {
			continue
		}
		r := q.next().rank()
		if r < rank || r == rank && best != nil && q.inFlight < best.inFlight {
			best, at, rank = q, i, r
		}
	}
	if best == nil {
		return nil, nil
	}
	p.turn = at + 1
	best.inFlight++
	best.schedule.inFlight++
	return best.pop(), best
}

// close drops a server's waiting calls of a class and those after it, and refuses
// further ones.
func (s *schedule) close(q *queue, from class) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	q.closed = min(q.closed, from)
	s.drop(q, from)
}

// closeAll does so for every server and class.
func (s *schedule) closeAll() {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.closed = true
	for _, q := range s.pool.queues {
		if q.schedule == s {
			s.drop(q, 0)
		}
	}
}

func (s *schedule) drop(q *queue, from class) {
	for c := from; c < classes; c++ {
		if n := len(q.waiting[c]); n > 0 { // to add 0 while wait returns would wake it twice
			s.pending.Add(-n)
			q.waiting[c] = nil
		}
	}
}

// wait returns when every call has ended or was dropped.
func (s *schedule) wait() { s.pending.Wait() }

// end takes the servers, whose calls have all ended, out of the turns.
func (s *schedule) end() {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.pool.queues = slices.DeleteFunc(s.pool.queues, func(q *queue) bool { return q.schedule == s })
}

// remove takes one server out of the turns, and drops its waiting calls.
func (s *schedule) remove(q *queue) {
	s.close(q, 0)
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.pool.queues = slices.DeleteFunc(s.pool.queues, func(other *queue) bool { return other == q })
}

// next is the first class that has a call; classes when none has.
func (q *queue) next() class {
	for c, calls := range q.waiting {
		if len(calls) > 0 {
			return class(c)
		}
	}
	return classes
}

// pop removes the first call of that class.
func (q *queue) pop() func() {
	c := q.next()
	call := q.waiting[c][0]
	q.waiting[c] = q.waiting[c][1:]
	return call
}
