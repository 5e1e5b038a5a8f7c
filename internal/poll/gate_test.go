package poll

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
	*gate
	queues  map[string]*queue
	granted []string
	slots   map[string]*turn
}

func newDesk(slots int) *desk {
	return &desk{gate: newGate(slots, 0, 2*time.Second), queues: map[string]*queue{}, slots: map[string]*turn{}}
}

// ask lets a server ask for slots: "a1" is the first of server a.
func (d *desk) ask(c class, names ...string) {
	for _, name := range names {
		q := d.queues[name[:1]]
		if q == nil {
			q = d.queue()
			d.queues[name[:1]] = q
		}
		t := &turn{queue: q, class: c, what: name}
		t.granted = func() {
			d.granted = append(d.granted, name)
			d.slots[name] = t
		}
		d.add(t)
	}
}

// end ends requests, which were answered at once.
func (d *desk) end(names ...string) {
	for _, name := range names {
		s := d.slots[name]
		d.note(s.queue, true, false, time.Since(s.since))
		d.release(s)
		d.release(s) // once more, which means nothing
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
			d.ask(statuses, "a1")
			d.ask(statuses, "b1")
			d.ask(details, "b2")
			d.ask(changed, "c1")
			d.ask(outlines, "d1")
			d.end("a1")
			d.end("d1")
			d.end("c1")
			d.end("b2")
			d.expect(t, "in order", "a1", "d1", "c1", "b2", "b1")
		}},
		{"the server with the fewest slots is next, equals take turns", 3, func(t *testing.T, d *desk) {
			d.ask(details, numbered("a", 1, 9)...)
			d.ask(details, numbered("b", 1, 9)...)
			d.ask(details, numbered("c", 1, 9)...)
			d.end("b1")
			d.end("a1")
			d.end("c1")
			d.expect(t, "each one", "a1", "b1", "c1", "b2", "a2", "c2")
		}},
		{"the window grows with quick answers", 8, func(t *testing.T, d *desk) {
			d.ask(details, numbered("a", 1, 9)...)
			d.expect(t, "at first", "a1")
			d.end("a1")
			d.expect(t, "after one", "a2", "a3")
			d.end("a2", "a3")
			d.expect(t, "after three", "a4", "a5", "a6", "a7")
		}},
		{"the window grows with slow answers, to half of the slots", 4, func(t *testing.T, d *desk) {
			d.ask(details, numbered("a", 1, 20)...)
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
			d.ask(details, numbered("a", 1, 20)...)
			d.end("a1")
			d.end("a2", "a3")
			d.granted = nil
			d.ask(details, numbered("b", 1, 9)...) // holds one, and waits
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
			d.keepReserve()
			for _, server := range []string{"a", "b", "c", "d", "e"} {
				d.ask(details, server+"1")
			}
			d.expect(t, "details", "a1", "b1", "c1")
			d.ask(outlines, "e2")
			d.expect(t, "an outline", "e2")
		}},
		{"one slot has no quarter", 1, func(t *testing.T, d *desk) {
			d.keepReserve()
			d.ask(details, "a1")
			d.expect(t, "details", "a1")
		}},
		{"late", 8, func(t *testing.T, d *desk) {
			d.ask(details, "a1")
			d.queues["a"].window = 8
			time.Sleep(3 * time.Second)
			d.ask(details, "a2")
			d.ask(outlines, "a3")
			d.ask(details, "b1")
			d.expect(t, "nothing more for it", "a1", "b1")
			d.end("a1")
			d.expect(t, "until it ends", "a3", "a2")
		}},
		{"timed out", 8, func(t *testing.T, d *desk) {
			d.ask(details, numbered("a", 1, 9)...)
			d.queues["a"].window = 8
			d.note(d.queues["a"], false, true, time.Second)
			d.release(d.slots["a1"])
			d.ask(outlines, "a0")
			d.expect(t, "one at a time", "a1", "a2")
			d.end("a2")
			d.expect(t, "until it answers", "a0", "a3")
		}},
		{"probes", 8, func(t *testing.T, d *desk) {
			d.ask(probes, numbered("a", 1, 5)...)
			d.ask(probes, numbered("b", 1, 5)...)
			d.expect(t, "two at a time", "a1", "a2")
			time.Sleep(time.Minute)
			d.ask(details, "a6")
			d.expect(t, "and they hold up nobody", "a6")
			d.end("a1")
			d.expect(t, "the next", "b1")
		}},
		{"pace", 8, func(t *testing.T, d *desk) {
			d.resize(8, 2, 2*time.Second)
			for _, server := range []string{"a", "b", "c"} {
				d.ask(details, server+"1")
			}
			d.expect(t, "at once", "a1")
			d.ask(outlines, "d1")
			time.Sleep(600 * time.Millisecond)
			synctest.Wait()
			d.expect(t, "half a second later, in the order of the classes", "d1")
			time.Sleep(time.Second)
			synctest.Wait()
			d.expect(t, "another second later", "b1", "c1")
		}},
		{"given up", 1, func(t *testing.T, d *desk) {
			d.ask(details, "a1")
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			again := ticket{turn: d.slots["a1"], used: true}
			if _, err := again.Acquire(ctx); err == nil {
				t.Error("got a slot")
			}
			d.ask(details, "b1")
			d.end("a1")
			d.expect(t, "the next", "a1", "b1")
			if d.waiting != 0 {
				t.Errorf("%d servers wait", d.waiting)
			}
		}},
		{"stuck", 2, func(t *testing.T, d *desk) {
			d.ask(details, "a1", "b1")
			time.Sleep(time.Minute)
			d.end("b1")
			time.Sleep(time.Minute)
			if d.stuck(90*time.Second) != nil || len(d.stuck(50*time.Second)) != 1 {
				t.Error("what counts is the last slot that was given back")
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { tt.run(t, newDesk(tt.slots)) }) })
	}
}

func TestPhased(t *testing.T) {
	now := time.Now()
	for _, phase := range []float64{0, 0.25, 0.999} {
		at := phased(time.Minute, phase, now)
		if wait := at.Sub(now); wait < 0 || wait >= time.Minute {
			t.Errorf("in %s", wait)
		}
		if again := phased(time.Minute, phase, at.Add(30*time.Second)); again.Sub(at) != time.Minute {
			t.Errorf("the next is %s later", again.Sub(at))
		}
		if again := phased(time.Minute, phase, now.Add(3*time.Minute)); again.Sub(at)%time.Minute != 0 {
			t.Error("it is not at the same phase")
		}
	}
}
