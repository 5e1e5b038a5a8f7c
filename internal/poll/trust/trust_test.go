package trust

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

const least, most = 15 * time.Second, time.Minute

func (s *Struggle) strike(subjects ...string) (begun bool) {
	for _, subject := range subjects {
		begun = s.Strike(subject, "http_503", least, most)
	}
	return begun
}

func TestStruggle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Struggle
		if s.strike("a", "a", "a", "a") || s.On {
			t.Error("one task that hangs is not the server")
		}
		if s.Answered(); s.strike("a", "b") {
			t.Error("an answer ends the row")
		}
		if !s.strike("c") || !s.On || s.Reason != "http_503" || s.strike("d") {
			t.Errorf("three in a row, of several tasks, and told once: %+v", s)
		}
		for _, want := range []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, time.Minute} {
			if s.Listed(true, least, most); s.Pause != want {
				t.Errorf("pauses for %s, want %s", s.Pause, want)
			}
		}
		if !s.Listed(false, least, most) || s.On || s.Pause != 0 {
			t.Errorf("its list can be read: %+v", s)
		}
		// One that struggles again before all could be read is trusted later and later.
		if s.Answered(); !s.strike("a", "b", "c") || s.Listed(false, least, most) {
			t.Error("trusted again at once")
		}
		if time.Sleep(least); !s.Listed(false, least, most) {
			t.Error("not trusted after the hold")
		}
		s.Read()
		if s.Answered(); !s.strike("a", "b", "c") || !s.Listed(false, least, most) {
			t.Error("not trusted at once, although all could be read meanwhile")
		}
	})
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := func() error { return errors.New("the role is not enough") }
		var r Refusals
		last := refusal()
		for _, err := range []error{refusal(), last, last} { // the third was not asked for
			r.Refused(err)
		}
		if r.Settled() != nil {
			t.Error("two refusals, of two objects, settle it")
		}
		last = refusal()
		if r.Refused(last); r.Settled() != last {
			t.Error("three do not")
		}
		if time.Sleep(RefusalPause + time.Second); r.Settled() != nil {
			t.Error("nobody asks any more whether the role was granted")
		}
		if r.Granted(); r.Settled() != nil {
			t.Error("granted, and settled")
		}
		for range 5 {
			r.Refused(refusal())
		}
		if r.Settled() != nil {
			t.Error("some objects may be read, and nobody asks for them")
		}
	})
}
