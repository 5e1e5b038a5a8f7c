// Package gate hands out the slots that all calls to one Enterprise Manager share.
package gate

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// Class orders the calls at the gate. As long as one of a class may go, none of those after
// it does.
type Class int

// The classes.
const (
	Outlines Class = iota // the server list and task lists: the state of everything
	Changed               // details out of turn, because something changed
	Details               // of servers and tasks
	Statuses              // of tables: the dear ones
	Optional              // what optional collectors read
	Probes                // tests of endpoints, which take long
	classes               // how many there are
)

// probesAtOnce is how many endpoints of an Enterprise Manager are tested at a time, and
// less where the rest would be left with less than half of the slots.
const probesAtOnce = 2

// Gate grants the slots. One is held while one HTTP request is under way; whatever else a call
// waits for, it holds none.
//
// The next slot goes to the server with the fewest of them, and equals take turns. What a
// server may hold grows with its answers, as it does for a connection of TCP: from one
// request at a time, by one with each answer while it has more to ask. So one that
// stops answering holds few slots, and it gets no more while a request of its is late; one
// that let a request time out gets a single slot until it answers again.
type Gate struct {
	mu       sync.Mutex
	slots    int
	reserves uint64             // a quarter of the slots is for outlines alone once so many turns have passed
	late     time.Duration      // a request that takes longer is late
	pace     time.Duration      // between the beginnings of two requests; 0: none
	next     time.Time          // no request before
	timer    *time.Timer        // rings then
	held     map[*Turn]struct{} // those with a slot
	dear     int                // slots held, those for outlines apart
	probing  int                // slots held for probes
	moved    time.Time          // when a slot was last given back, or the first one taken
	line     line               // of the servers of which a call may go as soon as there is a slot
	waiting  int                // servers that wait
	passed   uint64             // turns that wait no longer
}

// Queue is a server at the gate.
type Queue struct {
	gate    *Gate
	turns   [classes][]*Turn // that wait
	place   int              // in the line plus 1; 0: it does not stand there
	next    Class            // of its turn there
	held    []*Turn          // probes apart, the oldest first
	window  int              // how many it may hold, outlines apart
	trial   bool             // it let a request time out: one slot
	served  uint64           // when it got its last slot
	waiting int
}

// New makes a gate; see Resize.
func New(slots int, perSecond float64, late time.Duration) *Gate {
	g := &Gate{held: map[*Turn]struct{}{}, reserves: math.MaxUint64}
	g.Resize(slots, perSecond, late)
	return g
}

// Resize changes what the gate lets through: so many requests at a time, and, unless it is 0, a
// second. One that takes longer than late keeps its server from asking for more.
func (g *Gate) Resize(slots int, perSecond float64, late time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.slots, g.late, g.pace = slots, late, 0
	if perSecond > 0 {
		g.pace = time.Duration(float64(time.Second) / perSecond)
	}
	g.dispatch()
}

// Reserve leaves a quarter of the slots to outlines, once so many more turns have passed: the first
// readings of all would take a third longer with it.
func (g *Gate) Reserve(after int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reserves = g.passed + uint64(after)
}

// Stuck returns who holds a slot when none has been given back for so long.
func (g *Gate) Stuck(limit time.Duration) []*Turn {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.held) == 0 || time.Since(g.moved) < limit {
		return nil
	}
	return slices.Collect(maps.Keys(g.held))
}

// Queue lets a server stand at the gate.
func (g *Gate) Queue() *Queue { return &Queue{gate: g, window: 1} }

// forDear is how many slots others than outlines may hold together.
func (g *Gate) forDear() int {
	if g.passed < g.reserves || g.slots < 2 {
		return g.slots
	}
	return g.slots - max(1, g.slots/4)
}

// dispatch grants what may be granted.
func (g *Gate) dispatch() {
	for len(g.held) < g.slots && g.waiting > 0 {
		now := time.Now()
		if wait := g.next.Sub(now); g.pace > 0 && wait > 0 {
			g.later(wait)
			return
		}
		q := g.first(now)
		if q == nil {
			return
		}
		if g.pace > 0 {
			g.next = now.Add(g.pace)
		}
		g.grant(q, now)
	}
}

// later dispatches again when the pace allows it.
func (g *Gate) later(wait time.Duration) {
	if g.timer != nil {
		g.timer.Stop()
	}
	g.timer = time.AfterFunc(wait, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.dispatch()
	})
}

// first returns whose turn it is; nil when nobody's.
func (g *Gate) first(now time.Time) *Queue {
	for len(g.line) > 0 {
		q := g.line[0]
		if before := q.next; q.enlist(now) != before { // its oldest request is late meanwhile
			continue
		}
		if q.next > Outlines && g.dear >= g.forDear() ||
			q.next == Probes && g.probing >= max(1, min(probesAtOnce, g.slots/2)) {
			return nil // nor may any that stands behind it
		}
		return q
	}
	return nil
}

// enlist brings a server to where it belongs in the line now, and returns the class of its turn there.
func (q *Queue) enlist(now time.Time) Class {
	q.next = 0
	for q.next < classes && (len(q.turns[q.next]) == 0 || !q.may(q.next, now)) {
		q.next++
	}
	q.gate.line.put(q, q.next < classes)
	return q.next
}

// may reports whether a server may have one more request of a class under way.
func (q *Queue) may(c Class, now time.Time) bool {
	switch g := q.gate; {
	case c == Probes || len(q.held) == 0:
		return true
	case q.trial || now.Sub(q.held[0].since) > g.late || len(q.held) >= (g.slots+1)/2 && g.waiting > 1:
		return false
	}
	return c == Outlines || len(q.held) < q.window
}

// grant grants the next turn of a server.
func (g *Gate) grant(q *Queue, now time.Time) {
	t := q.turns[q.next][0]
	q.turns[q.next] = q.turns[q.next][1:]
	q.left()
	t.since = now
	if len(g.held) == 0 {
		g.moved = now
	}
	g.held[t] = struct{}{}
	if q.next > Outlines {
		g.dear++
	}
	if q.next == Probes {
		g.probing++
	} else {
		q.held = append(q.held, t)
	}
	q.served = g.passed
	q.enlist(now)
	t.Granted()
}

// left takes note that one turn less waits.
func (q *Queue) left() {
	q.gate.passed++
	if q.waiting--; q.waiting == 0 {
		q.gate.waiting--
	}
}

// changed lets what has changed for a server count.
func (q *Queue) changed() {
	q.enlist(time.Now())
	q.gate.dispatch()
}

// Turn is one call at the gate: it waits for a slot, and then holds it. Its first request is made
// once that is granted; for each further one it waits anew, in Acquire.
type Turn struct {
	Queue   *Queue
	Class   Class
	What    string
	Granted func() // must not block: it is called under the gate's lock

	Asked time.Time // when its last request began; zero: none has
	since time.Time // it holds a slot
}

// Wait lets it wait for a slot.
func (t *Turn) Wait() {
	q, g := t.Queue, t.Queue.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.waiting == 0 {
		g.waiting++
	}
	q.waiting++
	q.turns[t.Class] = append(q.turns[t.Class], t)
	q.changed()
}

// Leave lets it wait no longer; false when the slot has been granted.
func (t *Turn) Leave() bool {
	q := t.Queue
	q.gate.mu.Lock()
	defer q.gate.mu.Unlock()
	at := slices.Index(q.turns[t.Class], t)
	if at < 0 {
		return false
	}
	q.turns[t.Class] = slices.Delete(q.turns[t.Class], at, at+1)
	q.left()
	q.changed()
	return true
}

// Acquire waits for the slot of one request, the first of which has been granted; it implements
// aem.Gate.
func (t *Turn) Acquire(ctx context.Context) (release func(), err error) {
	if !t.Asked.IsZero() {
		granted := make(chan struct{})
		t.Granted = func() { close(granted) }
		t.Wait()
		select {
		case <-granted:
		case <-ctx.Done():
			if !t.Leave() {
				t.Release()
			}
			return nil, ctx.Err()
		}
	}
	t.Asked = time.Now()
	return t.Release, nil
}

// Release gives its slot back; again, it does nothing.
func (t *Turn) Release() {
	q, g := t.Queue, t.Queue.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, held := g.held[t]; !held {
		return
	}
	delete(g.held, t)
	g.moved = time.Now()
	if t.Class > Outlines {
		g.dear--
	}
	if t.Class == Probes {
		g.probing--
	} else {
		q.held = slices.DeleteFunc(q.held, func(other *Turn) bool { return other == t })
	}
	if len(q.held) == 0 && q.waiting == 0 {
		q.window = max(1, q.window/2) // it needs less
	}
	q.changed()
}

// Note takes note of how a request of the server ended.
func (q *Queue) Note(answered, timedOut bool, took time.Duration) {
	g := q.gate
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
	q.changed()
}
