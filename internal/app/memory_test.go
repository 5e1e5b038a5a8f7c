package app

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// Giving memory back costs a collection: worth it after large polls, but not after
// each of many in a row.
func TestTidy(t *testing.T) {
	collections := func() uint32 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.NumForcedGC
	}
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		for _, step := range []struct {
			name    string
			pause   time.Duration
			samples int
			want    uint32
		}{
			{"few samples", 0, manySamples - 1, 0},
			{"many samples", 0, manySamples, 1},
			{"again at once", 0, manySamples, 0},
			{"a while later", tidyInterval, manySamples, 1},
		} {
			<-time.After(step.pause)
			before := collections()
			m.tidy(step.samples)
			if got := collections() - before; got != step.want {
				t.Errorf("%s: %d collections, want %d", step.name, got, step.want)
			}
		}
	})
}
