package poll

import "sync"

// class orders the calls of one server.
type class int

const (
	outline  class = iota // server details and task list: everything else hangs on them
	details               // task details
	statuses              // table statuses: the dear ones
	classes               // how many there are
)

// schedule runs the calls of all servers, so many at a time. The next call comes
// from the server with the fewest in flight, so that none waits for a slower
// neighbour; equals take turns.
type schedule struct {
	mu      sync.Mutex
	free    int      // workers that may still be started
	queues  []*queue // in the order in which they take turns
	turn    int
	closed  bool
	pending sync.WaitGroup // calls that have neither ended nor been dropped
}

// queue holds the calls of one server that wait for a worker.
type queue struct {
	waiting  [classes][]func()
	inFlight int
	closed   bool
}

func newSchedule(concurrency int) *schedule { return &schedule{free: concurrency} }

// queue adds a server.
func (s *schedule) queue() *queue {
	q := &queue{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queues = append(s.queues, q)
	return q
}

// add runs call as soon as it is its turn. It reports false, and never runs it, when
// the queue has been closed. A call may add others.
func (s *schedule) add(q *queue, c class, call func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || q.closed {
		return false
	}
	s.pending.Add(1)
	q.waiting[c] = append(q.waiting[c], call)
	if s.free > 0 {
		s.free--
		next, from := s.take()
		go s.work(next, from)
	}
	return true
}

// work runs one call after another until none waits.
func (s *schedule) work(call func(), from *queue) {
	for call != nil {
		call()
		s.mu.Lock()
		from.inFlight--
		call, from = s.take()
		if call == nil {
			s.free++
		}
		s.mu.Unlock()
		s.pending.Done()
	}
}

// take removes the call whose turn it is; the caller holds the lock.
func (s *schedule) take() (func(), *queue) {
	var best *queue
	at := 0
	for i := range s.queues {
		i = (s.turn + i) % len(s.queues)
		q := s.queues[i]
		if !q.empty() && (best == nil || q.inFlight < best.inFlight) {
			best, at = q, i
		}
	}
	if best == nil {
		return nil, nil
	}
	s.turn = at + 1
	best.inFlight++
	return best.pop(), best
}

// close drops a server's waiting calls and refuses further ones. It returns how many
// it dropped.
func (s *schedule) close(q *queue) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.closed = true
	return s.drop(q)
}

// closeAll does so for every server.
func (s *schedule) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, q := range s.queues {
		s.drop(q)
	}
}

func (s *schedule) drop(q *queue) int {
	dropped := 0
	for c := range q.waiting {
		dropped += len(q.waiting[c])
		q.waiting[c] = nil
	}
	s.pending.Add(-dropped)
	return dropped
}

// wait returns when every call has ended or was dropped.
func (s *schedule) wait() { s.pending.Wait() }

func (q *queue) empty() bool {
	for _, calls := range q.waiting {
		if len(calls) > 0 {
			return false
		}
	}
	return true
}

// pop removes the first call of the first class that has one.
func (q *queue) pop() func() {
	for c, calls := range q.waiting {
		if len(calls) > 0 {
			q.waiting[c] = calls[1:]
			return calls[0]
		}
	}
	return nil
}
