package service

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of a queue. A reader that is only slow costs nothing; one that has
// stopped costs lines.
const (
	queueLines = 1024
	queueBytes = 1 << 20
)

// Queue is where log lines wait for whoever reads them, so that a pipe which nobody
// empties stops nothing else. What finds no room is dropped and counted.
type Queue struct {
	to      io.Writer
	waiting atomic.Int64 // bytes
	dropped atomic.Uint64
	written chan struct{} // closed when the last line is

	mu     sync.Mutex // guards the rest
	lines  chan []byte
	closed bool
}

// NewQueue writes lines to a writer until it is closed.
func NewQueue(to io.Writer) *Queue {
	q := &Queue{to: to, lines: make(chan []byte, queueLines), written: make(chan struct{})}
	go func() {
		defer close(q.written)
		for line := range q.lines {
			if _, err := q.to.Write(line); err != nil {
				q.dropped.Add(1)
			}
			q.waiting.Add(-int64(len(line)))
		}
	}()
	return q
}

// Write takes a line. It neither waits nor fails.
func (q *Queue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := int64(len(line))
	if q.closed || q.waiting.Load()+size > queueBytes {
		q.dropped.Add(1)
		return len(line), nil
	}
	q.waiting.Add(size)
	select {
	case q.lines <- bytes.Clone(line):
	default:
		q.waiting.Add(-size)
		q.dropped.Add(1)
	}
	return len(line), nil
}

// Dropped counts the lines that were not written.
func (q *Queue) Dropped() uint64 { return q.dropped.Load() }

// Close waits until all is written, for as long as the limit lets it, and takes no
// more.
func (q *Queue) Close(limit time.Duration) {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.lines)
	}
	q.mu.Unlock()
	select {
	case <-q.written:
	case <-time.After(limit):
	}
}
