package poll

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// class orders the calls at the gate. As long as one of a class may go, none of those after
// it does.
type class int

const (
	outlines class = iota // the server list and task lists: the state of everything
	changed               // details out of turn, because something changed
	details               // of servers and tasks
	statuses              // of tables: the dear ones
	optional              // what optional collectors read
	probes                // tests of endpoints, which take long
	classes               // how many there are
)

// probesAtOnce is how many endpoints of an Enterprise Manager are tested at a time, and
// less where the rest would be left with less than half of the slots.
const probesAtOnce = 2

// gate hands out the slots that all calls to one Enterprise Manager share. A slot is held
// while one HTTP request is under way; whatever else a call waits for, it holds none.
//
// The next slot goes to the server with the fewest of them, and equals take turns. What a
// server may hold grows with its answers, as it does for a connection of TCP: from one
// request at a time, by one with each answer while it has more to ask. So one that
// stops answering holds few slots, and it gets no more while a request of its is late; one
// that let a request time out gets a single slot until it answers again.
type gate struct {
	mu       sync.Mutex
	slots    int
	reserved bool                     // a quarter of the slots is for outlines only
	late     time.Duration            // a request that takes longer is late
	pace     time.Duration            // between the beginnings of two requests; 0: none
	next     time.Time                // no request before
	timer    *time.Timer              // rings then
	held     map[*turn]struct{}       // those with a slot
	dear     int                      // slots held, those for outlines apart
	probing  int                      // slots held for probes
	moved    time.Time                // when a slot was last given back, or the first one taken
	lines    [classes]ordered[*queue] // of the servers that wait with a call of the class
	waiting  int                      // servers that wait
	services uint64
}

// queue is a server at the gate.
type queue struct {
	gate    *gate
	turns   [classes][]*turn // that wait
	places  [classes]int     // in the lines plus 1; 0: it does not stand there
	held    []*turn          // probes apart, the oldest first
	window  int              // how many it may hold, outlines apart
	trial   bool             // it let a request time out: one slot
	served  uint64           // when it got its last slot
	waiting int
}

// turn waits for a slot, and then holds it. granted must not block: it is called under the
// gate's lock.
type turn struct {
	queue   *queue
	class   class
	what    string
	granted func()
	since   time.Time // it holds a slot
}

func newGate(slots int, perSecond float64, late time.Duration) *gate {
	g := &gate{held: map[*turn]struct{}{}}
	for c := range classes {
		g.lines[c] = ordered[*queue]{less: before, place: func(q *queue) *int { return &q.places[c] }}
	}
	g.resize(slots, perSecond, late)
	return g
}

// before: the server with the fewest slots is next, and equals take turns.
func before(a, b *queue) bool {
	if len(a.held) != len(b.held) {
		return len(a.held) < len(b.held)
	}
	return a.served < b.served
}

// resize changes what the gate lets through.
func (g *gate) resize(slots int, perSecond float64, late time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.slots, g.late, g.pace = slots, late, 0
	if perSecond > 0 {
		g.pace = time.Duration(float64(time.Second) / perSecond)
	}
	g.dispatch()
}

// keepReserve leaves a quarter of the slots to outlines from now on. Without it the first
// readings of all would take a third longer.
func (g *gate) keepReserve() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reserved = true
}

// forDear is how many slots others than outlines may hold together.
func (g *gate) forDear() int {
	if !g.reserved || g.slots < 2 {
		return g.slots
	}
	return g.slots - max(1, g.slots/4)
}

func (g *gate) queue() *queue { return &queue{gate: g, window: 1} }

// add lets a turn wait.
func (g *gate) add(t *turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := t.queue
	if q.waiting == 0 {
		g.waiting++
	}
	q.waiting++
	q.turns[t.class] = append(q.turns[t.class], t)
	g.enlist(q)
	g.dispatch()
}

// remove lets a turn wait no longer; false when it has been granted.
func (g *gate) remove(t *turn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := t.queue
	at := slices.Index(q.turns[t.class], t)
	if at < 0 {
		return false
	}
	q.turns[t.class] = slices.Delete(q.turns[t.class], at, at+1)
	g.waits(q, t.class)
	return true
}

// waits takes note that one turn less of the class waits.
func (g *gate) waits(q *queue, c class) {
	if q.waiting--; q.waiting == 0 {
		g.waiting--
	}
	if len(q.turns[c]) == 0 {
		g.lines[c].drop(q)
	}
}

// release gives a slot back; again, it does nothing.
func (g *gate) release(t *turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, held := g.held[t]; !held {
		return
	}
	delete(g.held, t)
	g.moved = time.Now()
	q, c := t.queue, t.class
	if c > outlines {
		g.dear--
	}
	if c == probes {
		g.probing--
	} else {
		q.held = slices.DeleteFunc(q.held, func(other *turn) bool { return other == t })
	}
	if len(q.held) == 0 && q.waiting == 0 {
		q.window = max(1, q.window/2) // it needs less
	}
	g.enlist(q)
	g.dispatch()
}

// note takes note of how a request of a server ended.
func (g *gate) note(q *queue, answered, timedOut bool, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case timedOut:
		q.trial, q.window = true, 1
	case answered:
		q.trial = false
		quick := took <= g.late || len(g.held) <= g.slots/2 // where all are slow, half of the slots may be slow
		if quick && q.waiting > 0 && len(q.held) >= q.window {
			q.window = min(q.window+1, g.slots)
		}
	}
	g.enlist(q)
	g.dispatch()
}

// enlist puts a server into the lines of all that it waits for.
func (g *gate) enlist(q *queue) {
	for c := range classes {
		if len(q.turns[c]) > 0 {
			g.lines[c].put(q)
		}
	}
}

// dispatch grants what may be granted.
func (g *gate) dispatch() {
	for len(g.held) < g.slots && g.waiting > 0 {
		now := time.Now()
		if wait := g.next.Sub(now); g.pace > 0 && wait > 0 {
			g.later(wait)
			return
		}
		q, c := g.choose(now)
		if q == nil {
			return
		}
		if g.pace > 0 {
			g.next = now.Add(g.pace)
		}
		g.grant(q, c, now)
	}
}

// later dispatches again when the pace allows it.
func (g *gate) later(wait time.Duration) {
	if g.timer != nil {
		g.timer.Stop()
	}
	g.timer = time.AfterFunc(wait, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.dispatch()
	})
}

// choose returns whose turn it is; nil when nobody's.
func (g *gate) choose(now time.Time) (*queue, class) {
	for c := range classes {
		if c > outlines && g.dear >= g.forDear() || c == probes && g.probing >= max(1, min(probesAtOnce, g.slots/2)) {
			return nil, c
		}
		for len(g.lines[c].items) > 0 {
			q := g.lines[c].items[0]
			if !q.may(c, now) {
				g.lines[c].drop(q) // until a request of its ends
				continue
			}
			if len(q.held) >= (g.slots+1)/2 && g.waiting > 1 {
				break // so do all others of the class
			}
			return q, c
		}
	}
	return nil, classes
}

// may reports whether a server may have one more request of a class under way.
func (q *queue) may(c class, now time.Time) bool {
	switch {
	case c == probes || len(q.held) == 0:
		return true
	case q.trial || now.Sub(q.held[0].since) > q.gate.late:
		return false
	}
	return c == outlines || len(q.held) < q.window
}

func (g *gate) grant(q *queue, c class, now time.Time) {
	t := q.turns[c][0]
	q.turns[c] = q.turns[c][1:]
	g.waits(q, c)
	t.since = now
	if len(g.held) == 0 {
		g.moved = now
	}
	g.held[t] = struct{}{}
	if c > outlines {
		g.dear++
	}
	if c == probes {
		g.probing++
	} else {
		q.held = append(q.held, t)
	}
	g.services++
	q.served = g.services
	g.enlist(q)
	t.granted()
}

// stuck returns who holds a slot when none has been given back for so long.
func (g *gate) stuck(limit time.Duration) []*turn {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.held) == 0 || time.Since(g.moved) < limit {
		return nil
	}
	return slices.Collect(maps.Keys(g.held))
}

// ticket is one call at the gate, whose first request has a slot from the beginning.
type ticket struct {
	*turn
	used  bool      // the slot of the first request has been
	asked time.Time // when the last request began
}

// Acquire waits for the slot of one request; it implements aem.Gate.
func (t *ticket) Acquire(ctx context.Context) (release func(), err error) {
	g := t.queue.gate
	if t.used {
		granted := make(chan struct{})
		t.turn = &turn{queue: t.queue, class: t.class, what: t.what, granted: func() { close(granted) }}
		g.add(t.turn)
		select {
		case <-granted:
		case <-ctx.Done():
			if !g.remove(t.turn) {
				g.release(t.turn)
			}
			return nil, ctx.Err()
		}
	}
	t.used, t.asked = true, time.Now()
	holds := t.turn
	return func() { g.release(holds) }, nil
}

// traced takes note of how a request ended.
func (t *ticket) traced(_ string, started time.Time, err error) {
	t.queue.gate.note(t.queue, answered(err), errors.Is(err, aem.ErrTimeout), time.Since(started))
}
