package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// desk is a gate at which a test stands.
type desk struct {
	*Gate
	queues  map[string]*Queue
	granted []string
	slots   map[string]*Turn
}

func newDesk(slots int) *desk {
	return &desk{Gate: New(slots, 0, 2*time.Second), queues: map[string]*Queue{}, slots: map[string]*Turn{}}
}

// ask lets a server ask for slots: "a1" is the first of server a.
func (d *desk) ask(c Class, names ...string) {
	for _, name := range names {
		q := d.queues[name[:1]]
		if q == nil {
			q = d.Queue()
			d.queues[name[:1]] = q
		}
		t := &Turn{Queue: q, Class: c, What: name}
		t.Granted = func() {
			d.granted = append(d.granted, name)
			d.slots[name] = t
		}
		t.Wait()
	}
}

// end ends requests, which were answered at once.
func (d *desk) end(names ...string) {
	for _, name := range names {
		s := d.slots[name]
		s.Queue.Note(true, false, time.Since(s.since))
		s.Release()
		s.Release() // once more, which means nothing
	}
}

func (d *desk) expect(t *testing.T, when string, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.granted, want) {
		t.Errorf("%s: granted %v, want %v", when, d.granted, want)
	}
	d.granted = nil
}

func numbered(prefix string, from, to int) (names []string) {
	for i := from; i <= to; i++ {
		names = append(names, fmt.Sprint(prefix, i))
	}
	return names
}

func TestGate(t *testing.T) {
	tests := []struct {
		name  string
		slots int
		run   func(t *testing.T, d *desk)
	}{
		{"outlines go first, then what changed", 1, func(t *testing.T, d *desk) {
			d.ask(Statuses, "a1")
			d.ask(Statuses, "b1")
			d.ask(Details, "b2")
			d.ask(Changed, "c1")
			d.ask(Outlines, "d1")
			d.end("a1")
			d.end("d1")
			d.end("c1")
			d.end("b2")
			d.expect(t, "in order", "a1", "d1", "c1", "b2", "b1")
		}},
		{"the server with the fewest slots is next, equals take turns", 3, func(t *testing.T, d *desk) {
			d.ask(Details, numbered("a", 1, 9)...)
			d.ask(Details, numbered("b", 1, 9)...)
			d.ask(Details, numbered("c", 1, 9)...)
			d.end("b1")
			d.end("a1")
			d.end("c1")
			d.expect(t, "each one", "a1", "b1", "c1", "b2", "a2", "c2")
		}},
		{"the window grows with quick answers", 8, func(t *testing.T, d *desk) {
			d.ask(Details, numbered("a", 1, 9)...)
			d.expect(t, "at first", "a1")
			d.end("a1")
			d.expect(t, "after one", "a2", "a3")
			d.end("a2", "a3")
			d.expect(t, "after three", "a4", "a5", "a6", "a7")
		}},
		{"the window grows with slow answers, to half of the slots", 4, func(t *testing.T, d *desk) {
			d.ask(Details, numbered("a", 1, 20)...)
			for _, names := range [][]string{{"a1"}, {"a2", "a3"}, {"a4", "a5", "a6"}} {
				d.granted = nil
				time.Sleep(3 * time.Second)
				d.end(names...)
			}
			if n := len(d.queues["a"].held); n != 3 {
				t.Errorf("a holds %d of 4", n)
			}
		}},
		{"no more than half of the slots while another waits", 4, func(t *testing.T, d *desk) {
			d.ask(Details, numbered("a", 1, 20)...)
			d.end("a1")
			d.end("a2", "a3")
			d.granted = nil
			d.ask(Details, numbered("b", 1, 9)...) // holds one, and waits
			d.end(slices.Sorted(func(yield func(string) bool) {
				for name, s := range d.slots {
					if _, held := d.held[s]; held && strings.HasPrefix(name, "a") && !yield(name) {
						return
					}
				}
			})...)
			if n := len(d.queues["a"].held); n > 2 {
				t.Errorf("a holds %d of 4", n)
			}
		}},
		{"a quarter is for outlines", 4, func(t *testing.T, d *desk) {
			d.Reserve(0)
			for _, server := range []string{"a", "b", "c", "d", "e"} {
				d.ask(Details, server+"1")
			}
			d.expect(t, "details", "a1", "b1", "c1")
			d.ask(Outlines, "e2")
			d.expect(t, "an outline", "e2")
		}},
		{"but not before the first have passed", 4, func(t *testing.T, d *desk) {
			d.Reserve(4)
			for _, server := range []string{"a", "b", "c", "d", "e"} {
				d.ask(Details, server+"1")
			}
			d.expect(t, "the first", "a1", "b1", "c1", "d1")
			d.end("a1")
			d.expect(t, "then")
			d.end("b1")
			d.expect(t, "a quarter is free", "e1")
		}},
		{"one slot has no quarter", 1, func(t *testing.T, d *desk) {
			d.Reserve(0)
			d.ask(Details, "a1")
			d.expect(t, "details", "a1")
		}},
		{"late", 8, func(t *testing.T, d *desk) {
			d.ask(Details, "a1")
			d.queues["a"].window = 8
			time.Sleep(3 * time.Second)
			d.ask(Details, "a2")
			d.ask(Outlines, "a3")
			d.ask(Details, "b1")
			d.expect(t, "nothing more for it", "a1", "b1")
			d.end("a1")
			d.expect(t, "until it ends", "a3", "a2")
		}},
		{"timed out", 8, func(t *testing.T, d *desk) {
			d.ask(Details, numbered("a", 1, 9)...)
			d.queues["a"].window = 8
			d.queues["a"].Note(false, true, time.Second)
			d.slots["a1"].Release()
			d.ask(Outlines, "a0")
			d.expect(t, "one at a time", "a1", "a2")
			d.end("a2")
			d.expect(t, "until it answers", "a0", "a3")
		}},
		{"probes", 8, func(t *testing.T, d *desk) {
			d.ask(Probes, numbered("a", 1, 5)...)
			d.ask(Probes, numbered("b", 1, 5)...)
			d.expect(t, "two at a time", "a1", "a2")
			time.Sleep(time.Minute)
			d.ask(Details, "a6")
			d.expect(t, "and they hold up nobody", "a6")
			d.end("a1")
			d.expect(t, "the next", "b1")
		}},
		{"pace", 8, func(t *testing.T, d *desk) {
			d.Resize(8, 2, 2*time.Second)
			for _, server := range []string{"a", "b", "c"} {
				d.ask(Details, server+"1")
			}
			d.expect(t, "at once", "a1")
			d.ask(Outlines, "d1")
			time.Sleep(600 * time.Millisecond)
			synctest.Wait()
			d.expect(t, "half a second later, in the order of the classes", "d1")
			time.Sleep(time.Second)
			synctest.Wait()
			d.expect(t, "another second later", "b1", "c1")
		}},
		{"given up", 1, func(t *testing.T, d *desk) {
			d.ask(Details, "a1")
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			again := Turn{Queue: d.queues["a"], Class: Details, Asked: time.Now()}
			if _, err := again.Acquire(ctx); err == nil {
				t.Error("got a slot")
			}
			d.ask(Details, "b1")
			d.end("a1")
			d.expect(t, "the next", "a1", "b1")
			if d.waiting != 0 {
				t.Errorf("%d servers wait", d.waiting)
			}
		}},
		{"stuck", 2, func(t *testing.T, d *desk) {
			d.ask(Details, "a1", "b1")
			time.Sleep(time.Minute)
			d.end("b1")
			time.Sleep(time.Minute)
			if d.Stuck(90*time.Second) != nil || len(d.Stuck(50*time.Second)) != 1 {
				t.Error("what counts is the last slot that was given back")
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { tt.run(t, newDesk(tt.slots)) }) })
	}
}
