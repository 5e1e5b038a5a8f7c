package poll

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// journal records which calls run, in order.
type journal struct {
	mu       sync.Mutex
	names    []string
	inFlight int
	most     int
}

func (j *journal) call(name string, takes time.Duration) func() {
	return func() {
		j.mu.Lock()
		j.names = append(j.names, name)
		j.inFlight++
		j.most = max(j.most, j.inFlight)
		j.mu.Unlock()
		time.Sleep(takes) // fake time
		j.mu.Lock()
		j.inFlight--
		j.mu.Unlock()
	}
}

func TestScheduleTakesTurnsAndOrdersClasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		s := newSchedule(newPool(1), 0)
		a, b, c := s.queue(), s.queue(), s.queue()
		s.add(a, outline, j.call("first", time.Second))
		synctest.Wait()
		s.add(a, statuses, j.call("a tables", time.Second))
		s.add(a, details, j.call("a task", time.Second))
		s.add(a, outline, j.call("a list", time.Second))
		s.add(b, details, j.call("b task", time.Second))
		s.add(b, outline, j.call("b list", time.Second))
		s.add(c, statuses, j.call("c tables", time.Second))
		s.wait()
		want := []string{"first", "b list", "c tables", "a list", "b task", "a task", "a tables"}
		if !slices.Equal(j.names, want) {
			t.Errorf("ran %q, want %q", j.names, want)
		}
	})
}

func TestScheduleKeepsToItsConcurrencyAndUsesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		s := newSchedule(newPool(4), 0)
		started := time.Now()
		for range 3 {
			q := s.queue()
			for range 8 {
				s.add(q, details, j.call("x", time.Second))
			}
		}
		s.wait()
		if j.most != 4 {
			t.Errorf("%d in flight, want 4", j.most)
		}
		if took := time.Since(started); took != 6*time.Second {
			t.Errorf("24 calls of 1 s by 4 took %v", took)
		}
	})
}

// A server whose calls hang gets no more than its share while others have work.
func TestScheduleDoesNotWaitForASlowNeighbour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gate, slow, fast journal
		s := newSchedule(newPool(4), 0)
		busy, hanging, healthy := s.queue(), s.queue(), s.queue()
		for range 4 {
			s.add(busy, outline, gate.call("gate", time.Second))
		}
		for range 50 {
			s.add(hanging, details, slow.call("slow", time.Hour))
			s.add(healthy, details, fast.call("fast", time.Second))
		}
		// Two workers each, so that 50 calls of 1 s take 25 s.
		time.Sleep(1*time.Second + 25*time.Second) // fake time
		synctest.Wait()
		fast.mu.Lock()
		ran := len(fast.names) - fast.inFlight
		fast.mu.Unlock()
		if ran != 50 {
			t.Errorf("only %d of 50 calls of the healthy server have ended", ran)
		}
		s.close(hanging, 0)
		s.wait()
	})
}

func TestScheduleCallMayAddCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		s := newSchedule(newPool(2), 0)
		q := s.queue()
		s.add(q, outline, func() {
			s.add(q, details, func() { s.add(q, statuses, j.call("last", time.Second)) })
		})
		s.wait()
		if !slices.Equal(j.names, []string{"last"}) {
			t.Errorf("wait returned before what a call had added: %q", j.names)
		}
	})
}

func TestScheduleClose(t *testing.T) {
	for _, all := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var j journal
			s := newSchedule(newPool(1), 0)
			q, other := s.queue(), s.queue()
			s.add(q, outline, j.call("running", time.Second))
			synctest.Wait()
			s.add(q, details, j.call("dropped", time.Second))
			s.add(other, details, j.call("other", time.Second))
			if all {
				s.closeAll()
			} else {
				s.close(q, 0)
			}
			if s.add(q, details, j.call("refused", time.Second)) {
				t.Error("a closed queue took a call")
			}
			s.wait()
			want := []string{"running", "other"}
			if all {
				want = want[:1]
			}
			if !slices.Equal(j.names, want) {
				t.Errorf("ran %q, want %q", j.names, want)
			}
		})
	}
}
