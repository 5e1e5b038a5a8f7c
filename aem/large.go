package aem

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	largeBody     = 4 << 20
	maxLargeCalls = 1000 // that are remembered
)

// MaxLargeWaiting is how many large answers of a client may wait for their turn without
// a slot of its gate, each on a connection of its own.
const MaxLargeWaiting = 8

// LargeBodies lets answers beyond 4 MiB be read one at a time, so that a process needs
// the memory for one of them only. Give it to all clients of a process: WithLargeBodies.
type LargeBodies struct{ turn chan struct{} }

// NewLargeBodies makes one for the clients of a process.
func NewLargeBodies() *LargeBodies { return &LargeBodies{make(chan struct{}, 1)} }

// errLarge is the error of an answer that turned out to be large: the call is made
// again, and waits for its turn before it reads.
var errLarge = errors.New("a large answer")

// A largeReader knows which calls of a client have large answers, and which of them
// wait for their turn.
type largeReader struct {
	bodies  *LargeBodies
	waiting chan struct{}

	mu    sync.Mutex
	calls map[string]bool
}

func newLargeReader(b *LargeBodies) *largeReader {
	return &largeReader{bodies: b, waiting: make(chan struct{}, MaxLargeWaiting), calls: map[string]bool{}}
}

func largeKey(c *call) string {
	return c.operation + "/" + strings.Join(c.path, "/") + "?" + c.query.encode()
}

// expects reports whether the answer must be read in turn.
func (l *largeReader) expects(c *call, response *http.Response) bool {
	if response.ContentLength > largeBody {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.calls) > 0 && l.calls[largeKey(c)]
}

func (l *largeReader) remember(c *call, large bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !large {
		delete(l.calls, largeKey(c))
		return
	}
	if len(l.calls) >= maxLargeCalls {
		clear(l.calls)
	}
	l.calls[largeKey(c)] = true
}

// take waits for the turn. That takes neither the caller's slot, unless very many wait,
// nor the time of the call.
func (l *largeReader) take(a attempt) (done func(), err error) {
	select {
	case l.bodies.turn <- struct{}{}:
		return func() { <-l.bodies.turn }, nil
	default:
	}
	began := time.Now()
	a.clock.pause()
	defer func() {
		a.clock.resume()
		a.call.waited = time.Since(began)
		a.call.extend(a.call.waited)
	}()
	select {
	case l.waiting <- struct{}{}:
		defer func() { <-l.waiting }()
		if a.call.release != nil {
			a.call.release()
		}
	default:
	}
	select {
	case l.bodies.turn <- struct{}{}:
		return func() { <-l.bodies.turn }, nil
	case <-a.parent.Done():
		return nil, notSent(a.parent, a.call, "while waiting for its turn to read a large answer", a.parent.Err())
	}
}

// A clock ends a context after a time, and can be stopped meanwhile.
type clock struct {
	context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	end    time.Time
	left   time.Duration
}

func startClock(parent context.Context, end time.Time) *clock {
	c := &clock{end: end}
	c.Context, c.cancel = context.WithCancelCause(parent)
	c.timer = time.AfterFunc(time.Until(end), func() { c.cancel(context.DeadlineExceeded) })
	return c
}

func (c *clock) pause() {
	c.timer.Stop()
	c.left = time.Until(c.end)
}

func (c *clock) resume() { c.again(c.left) }

// again starts the time anew.
func (c *clock) again(limit time.Duration) {
	c.end = time.Now().Add(limit)
	c.timer.Reset(limit)
}

func (c *clock) stop() {
	c.timer.Stop()
	c.cancel(nil)
}
