package collector

import (
	"log/slog"
	"testing"
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// jump is the reading of a clock that somebody set: the wall clock has moved, the
// monotonic one has not. The standard library offers no way to make one, so this
// reaches into the time's first word: a flag, 33 bits of seconds, 30 of nanoseconds.
func jump(t time.Time, by time.Duration) time.Time {
	wall := (*uint64)(unsafe.Pointer(&t))
	*wall += uint64(by/time.Second) << 30
	return t
}

// The age of data does not depend on the wall clock: one that jumps ahead must not
// hide what is fresh, and one that jumps back must not keep what is old.
func TestClockThatJumps(t *testing.T) {
	ended := time.Now()
	if ahead := jump(ended, time.Hour); ahead.Sub(ended) != 0 || ahead.Round(0).Sub(ended.Round(0)) != time.Hour {
		t.Fatalf("no jump: %v, %v", ended, ahead)
	}
	for name, test := range map[string]struct {
		now    time.Time
		served bool
	}{
		"a day ahead, data fresh": {jump(ended.Add(time.Minute), 24*time.Hour), true},
		"a day back, data fresh":  {jump(ended.Add(time.Minute), -24*time.Hour), true},
		"a day ahead, data old":   {jump(ended.Add(4*time.Minute), 24*time.Hour), false},
		"a day back, data old":    {jump(ended.Add(4*time.Minute), -24*time.Hour), false},
	} {
		c := New(Options{
			Registerer: prometheus.NewRegistry(),
			Logger:     slog.New(slog.DiscardHandler),
			Now:        func() time.Time { return test.now },
		})
		c.AddManager("prod", 3*time.Minute)
		c.Publish(&fleet.Manager{Name: "prod", Result: fleet.Success, Started: ended, Ended: ended,
			Servers: []fleet.Server{{Name: "s", State: fleet.ServerMonitored, Up: fleet.Yes}}})
		if served := c.Current().Samples() > 0; served != test.served {
			t.Errorf("%s: served %v", name, served)
		}
	}
}
