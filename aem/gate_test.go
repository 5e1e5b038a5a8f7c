package aem

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slots is a Gate that counts.
type slots struct {
	free chan struct{}
	held atomic.Int32
	err  error
}

func (s *slots) Acquire(ctx context.Context) (func(), error) {
	if s.err != nil {
		return nil, s.err
	}
	select {
	case <-s.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.held.Add(1)
	return func() { s.held.Add(-1); s.free <- struct{}{} }, nil
}

func withSlots(n int) *slots {
	s := &slots{free: make(chan struct{}, n)}
	for range n {
		s.free <- struct{}{}
	}
	return s
}

func TestGateIsHeldByAttemptsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := withSlots(1)
		var mu sync.Mutex
		var during []int32
		note := func() int {
			mu.Lock()
			defer mu.Unlock()
			during = append(during, gate.held.Load())
			return len(during)
		}
		client := newClient(t, testURL, WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			if isLogin(r) {
				time.Sleep(time.Second)
				note()
				return signedIn("s"), nil
			}
			if note() == 2 {
				time.AfterFunc(500*time.Millisecond, func() { note() })
				return answer(503, "", "Retry-After", "1"), nil
			}
			return answer(200, `{"serverList":[]}`), nil
		})))
		must(t, noResult(client.Servers.List(WithGate(t.Context(), gate))))
		// login, first attempt, pause, second attempt
		if want := []int32{0, 1, 0, 1}; !slices.Equal(during, want) || gate.held.Load() != 0 {
			t.Errorf("slots held %v, want %v; %d at the end", during, want, gate.held.Load())
		}
	})
}

func TestWaitForTheGateIsNotTheServersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := withSlots(1)
		client := newClient(t, testURL, WithTimeout(time.Second), WithRetries(0),
			WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
				if isLogin(r) {
					return signedIn("s"), nil
				}
				time.Sleep(900 * time.Millisecond)
				return answer(200, `{"serverList":[]}`), r.Context().Err()
			})))
		release, _ := gate.Acquire(t.Context())
		time.AfterFunc(time.Minute, release)
		if _, err := client.Servers.List(WithGate(t.Context(), gate)); err != nil {
			t.Errorf("after a minute's wait for the gate: %v", err)
		}
		release, _ = gate.Acquire(t.Context())
		defer release()
		ctx, cancel := context.WithTimeout(WithGate(t.Context(), gate), time.Second)
		defer cancel()
		if _, err := client.Servers.List(ctx); !errors.Is(err, ErrTimeout) {
			t.Errorf("the gate never opens: %v", err)
		}
		own := errors.New("not now")
		if _, err := client.Servers.List(WithGate(t.Context(), &slots{err: own})); !errors.Is(err, own) ||
			errors.Is(err, ErrTimeout) {
			t.Errorf("a gate's own error is lost: %v", err)
		}
	})
}
