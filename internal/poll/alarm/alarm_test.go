package alarm

import (
	"testing"
	"time"
)

func TestPhased(t *testing.T) {
	now := time.Now()
	for _, phase := range []float64{0, 0.25, 0.999} {
		at := Phased(time.Minute, phase, now)
		if wait := at.Sub(now); wait < 0 || wait >= time.Minute {
			t.Errorf("in %s", wait)
		}
		if again := Phased(time.Minute, phase, at.Add(30*time.Second)); again.Sub(at) != time.Minute {
			t.Errorf("the next is %s later", again.Sub(at))
		}
		if again := Phased(time.Minute, phase, now.Add(3*time.Minute)); again.Sub(at)%time.Minute != 0 {
			t.Error("it is not at the same phase")
		}
	}
}
