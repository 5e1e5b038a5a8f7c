package poll

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// run runs a poller for so long and returns when its published polls started, as
// seconds from the start.
func run(t *testing.T, r *rig, d time.Duration) (starts []float64, last *fleet.Manager) {
	began := time.Now()
	r.options.Publish = func(m *fleet.Manager) {
		if last != nil && m.Started.Before(last.Ended) {
			t.Errorf("a poll started at %v, before the last ended", m.Started.Sub(began))
		}
		starts, last = append(starts, m.Started.Sub(began).Seconds()), m
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	r.Run(ctx)
	if took := time.Since(began); took != d {
		t.Errorf("Run ended after %v, its context after %v", took, d)
	}
	return starts, last
}

func exactly(d time.Duration) time.Duration { return d }

func TestRunKeepsTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		sim.SetLatency(time.Second)
		r := newRig(t, sim, Options{Interval: 30 * time.Second, Jitter: exactly})
		starts, _ := run(t, r, 100*time.Second)
		if want := []float64{0, 30, 60, 90}; !slices.Equal(starts, want) {
			t.Errorf("polls started at %v, want %v", starts, want)
		}
	})
}

func TestRunAppliesJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shift := []time.Duration{time.Second, -2 * time.Second, 3 * time.Second, 0}
		r := newRig(t, smallFleet(), Options{Interval: 30 * time.Second, Jitter: func(d time.Duration) time.Duration {
			next := d + shift[0]
			shift = append(shift[1:], 0)
			return next
		}})
		starts, _ := run(t, r, 100*time.Second)
		if want := []float64{0, 31, 59, 92}; !slices.Equal(starts, want) {
			t.Errorf("polls started at %v, want %v", starts, want)
		}
	})
}

func TestJitterIsSmallAndFair(t *testing.T) {
	var sum, least, most time.Duration
	least = time.Hour
	for range 2000 {
		d := jitter(100 * time.Second)
		sum, least, most = sum+d, min(least, d), max(most, d)
	}
	if least < 95*time.Second || most > 105*time.Second || least > 96*time.Second || most < 104*time.Second {
		t.Errorf("between %v and %v", least, most)
	}
	if mean := sum / 2000; mean < 99*time.Second || mean > 101*time.Second {
		t.Errorf("mean %v", mean)
	}
}

// A poll that outlasts its interval is followed by one poll at once, not by all those
// that were missed.
func TestRunDoesNotMakeUpForMissedPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		slow := sim.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultLatency, Latency: 70 * time.Second})
		time.AfterFunc(75*time.Second, slow.Remove)
		r := newRig(t, sim, Options{Interval: 30 * time.Second, Jitter: exactly}, aem.WithTimeout(2*time.Minute))
		starts, _ := run(t, r, 250*time.Second)
		if want := []float64{0, 70, 140, 170, 200, 230}; !slices.Equal(starts, want) {
			t.Errorf("polls started at %v, want %v", starts, want)
		}
	})
}

// run checks that Run ends with its context to the instant; this one ends in the
// middle of calls that hang.
func TestRunEndsAtOnceAndPublishesNothingHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Kind: aemtest.FaultHang})
		r := newRig(t, sim, Options{Interval: time.Hour})
		starts, _ := run(t, r, 3*time.Second)
		if len(starts) != 0 {
			t.Errorf("%d polls were published", len(starts))
		}
		if lines := r.log.take(); lines != nil {
			t.Errorf("logged %q", lines)
		}
		synctest.Wait()
		if sim.InFlight() != 0 {
			t.Errorf("%d calls are still in flight", sim.InFlight())
		}
	})
}

func TestRunWithAnEndedContextPollsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		r := newRig(t, sim, Options{Publish: func(*fleet.Manager) { t.Error("published") }})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r.Run(ctx)
		if n := sim.Requests("GetServerList"); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestFailuresArePublishedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		sim.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultStatus, Status: 500, Times: 2})
		r := newRig(t, sim, Options{Interval: time.Minute, Jitter: exactly})
		var results []fleet.Result
		r.options.Publish = func(m *fleet.Manager) { results = append(results, m.Result) }
		ctx, cancel := context.WithTimeout(t.Context(), 190*time.Second)
		defer cancel()
		r.Run(ctx)
		want := []fleet.Result{fleet.Failure, fleet.Failure, fleet.Success, fleet.Success}
		if !slices.Equal(results, want) {
			t.Errorf("results %q", results)
		}
		wantLog := []string{
			"ERROR enterprise manager is down manager=prod reason=http_500", "INFO enterprise manager is up manager=prod",
			"WARN server is in error manager=prod",
		}
		if lines := r.log.take("manager", "reason"); !slices.Equal(lines, wantLog) {
			t.Errorf("logged %q", lines)
		}
	})
}
