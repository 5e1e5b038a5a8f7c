package aem

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// attempts is a step that fails with each of errs in turn, then succeeds, and
// notes when it was asked.
type attempts struct {
	errs []error
	at   []time.Duration
	from time.Time
}

func (a *attempts) step(context.Context, *call) error {
	a.at = append(a.at, time.Since(a.from))
	if n := len(a.at) - 1; n < len(a.errs) {
		return a.errs[n]
	}
	return nil
}

func testRetrier(retries int, observer Observer) retrier {
	return retrier{options: options{retries: retries, timeout: 10 * time.Second, observer: observer},
		jitter: func(limit time.Duration) time.Duration { return limit }}
}

func TestRetryWhat(t *testing.T) {
	for name, tc := range map[string]struct {
		err   *Error
		retry bool
	}{
		"timeout":               {&Error{Kind: KindTimeout}, true},
		"connection":            {&Error{Kind: KindConnection}, true},
		"another object":        {&Error{Kind: KindWrong}, true},
		"no such host":          {&Error{Kind: KindConnection, final: true}, false},
		"http 502":              {&Error{Kind: KindHTTP, Status: 502}, true},
		"http 503":              {&Error{Kind: KindHTTP, Status: 503}, true},
		"http 504 with a code":  {&Error{Kind: KindAPI, Code: "X", Status: 504}, true},
		"http 500":              {&Error{Kind: KindHTTP, Status: 500}, false},
		"api error":             {&Error{Kind: KindAPI, Code: "AEM_TASK_NOT_FOUND", Status: 500}, false},
		"http 429":              {&Error{Kind: KindHTTP, Status: 429}, false},
		"429 that asks to wait": {&Error{Kind: KindHTTP, Status: 429, RetryAfter: time.Second}, true},
		"429 for too long":      {&Error{Kind: KindHTTP, Status: 429, RetryAfter: time.Minute}, false},
		"inner error":           {&Error{Kind: KindAPI, Code: "AEM_TASK_LIST_INNER_ERR", Status: 500}, true},
		"inner error, oddly":    {&Error{Kind: KindAPI, Code: "AEM_task_LIST_ INNER_ERR"}, true},
		"tls":                   {&Error{Kind: KindTLS}, false},
		"decode":                {&Error{Kind: KindDecode}, false},
		"too large":             {&Error{Kind: KindTooLarge}, false},
		"partial":               {&Error{Kind: KindPartial}, false},
		"canceled":              {&Error{Kind: KindCanceled}, false},
		"login":                 {&Error{Kind: KindLogin, Status: 503}, false},
	} {
		inBubble(t, name, func(t *testing.T) {
			var seen tally
			next := &attempts{errs: []error{tc.err}, from: time.Now()}
			err := testRetrier(2, &seen).step(next.step)(t.Context(), &call{operation: "X", idempotent: true})
			if tc.retry != (len(next.at) == 2) || tc.retry != (err == nil) || tc.retry != (seen.retries == 1) {
				t.Errorf("%d attempts, %d retries told, %v", len(next.at), seen.retries, err)
			}
			next = &attempts{errs: []error{tc.err}}
			err = testRetrier(2, &seen).step(next.step)(t.Context(), &call{operation: "X"})
			if len(next.at) != 1 || err == nil {
				t.Errorf("a call that changes something was repeated: %d attempts, %v", len(next.at), err)
			}
		})
	}
}

func TestRetryBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := &Error{Kind: KindConnection}
		next := &attempts{errs: slices.Repeat([]error{error(fault)}, 20), from: time.Now()}
		err := testRetrier(7, nobody{}).step(next.step)(t.Context(), &call{idempotent: true})
		if !errors.Is(err, ErrConnection) {
			t.Fatal(err)
		}
		var waits []time.Duration
		for i := 1; i < len(next.at); i++ {
			waits = append(waits, next.at[i]-next.at[i-1])
		}
		ms := time.Millisecond
		if want := []time.Duration{
			100 * ms,
			200 * ms,
			400 * ms,
			800 * ms,
			1600 * ms,
			2000 * ms,
			2000 * ms,
		}; !slices.Equal(waits, want) {
			t.Errorf("got %v, want %v", waits, want)
		}
	})
}

func TestRetryJitter(t *testing.T) {
	least, most := time.Hour, time.Duration(0)
	for range 1000 {
		d := fullJitter(time.Second)
		least, most = min(least, d), max(most, d)
	}
	if least < 0 || most > time.Second || least > 100*time.Millisecond || most < 900*time.Millisecond {
		t.Errorf("from %v to %v", least, most)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &attempts{errs: []error{&Error{Kind: KindHTTP, Status: 503, RetryAfter: 7 * time.Second}}, from: time.Now()}
		if err := testRetrier(2, nobody{}).step(next.step)(t.Context(), &call{idempotent: true}); err != nil ||
			next.at[1] != 7*time.Second {
			t.Errorf("attempts at %v, %v", next.at, err)
		}
		// Longer than the call may take: no use waiting.
		next = &attempts{errs: []error{&Error{Kind: KindHTTP, Status: 503, RetryAfter: 31 * time.Second}}, from: time.Now()}
		started := time.Now()
		if err := testRetrier(2, nobody{}).step(next.step)(t.Context(), &call{idempotent: true}); err == nil ||
			len(next.at) != 1 || time.Since(started) != 0 {
			t.Errorf("attempts at %v, %v, after %v", next.at, err, time.Since(started))
		}
	})
}

func TestRetryGivenUpInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context, c *call) error {
			select {
			case <-ctx.Done():
			case <-time.After(min(10*time.Second, time.Until(c.deadline))):
			}
			return &Error{Kind: KindTimeout}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second+50*time.Millisecond, cancel) // in the first pause
		err := testRetrier(2, nobody{}).step(hang)(ctx, &call{idempotent: true})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("given up in a pause: %v", err)
		}
	})
}

func TestParseRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for value, want := range map[string]time.Duration{
			"":                     0,
			"3":                    3 * time.Second,
			"-3":                   0,
			"soon":                 0,
			"99999999999999999999": 0,
			time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat):  90 * time.Second,
			time.Now().Add(-90 * time.Second).UTC().Format(http.TimeFormat): 0,
		} {
			if got := retryAfter(http.Header{"Retry-After": {value}}); got != want {
				t.Errorf("%q: got %v, want %v", value, got, want)
			}
		}
	})
}

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
			WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
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

func TestObserve(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		status int
		failed []string
	}{
		"good": {nil, 200, nil},
		"api": {&Error{Kind: KindAPI, Code: "AEM_TASK_NOT_FOUND", Status: 500}, 500,
			[]string{"GetTaskDetails AEM_TASK_NOT_FOUND"}},
		"timeout":  {&Error{Kind: KindTimeout}, 0, []string{"GetTaskDetails timeout"}},
		"partial":  {&Error{Kind: KindPartial, Status: 200}, 200, []string{"GetTaskDetails decode"}},
		"canceled": {&Error{Kind: KindCanceled}, 0, nil},
	} {
		var seen tally
		var log logbook
		err := observeStep(&seen, textLogger(&log), func(_ context.Context, c *call) error {
			c.status = tc.status
			return tc.err
		})(t.Context(), &call{operation: "GetTaskDetails"})
		if err != tc.err || seen.requests["GetTaskDetails"] != 1 || !slices.Equal(seen.statuses, []int{tc.status}) ||
			!slices.Equal(seen.failed, tc.failed) {
			t.Errorf("%s: %v, told of %+v", name, err, &seen)
		}
		if line := log.String(); !strings.Contains(line, "operation=GetTaskDetails") ||
			strings.Contains(line, "err.") != (tc.err != nil) {
			t.Errorf("%s: logged %q", name, line)
		}
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &attempts{from: time.Now()}
		limited := rateStep(4, next.step)
		for range 9 {
			must(t, limited(t.Context(), &call{}))
		}
		if last := next.at[8]; last != 2*time.Second {
			t.Errorf("9 calls at 4 per second took %v", last)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		err := testRetrier(2, nobody{}).step(limited)(ctx, &call{operation: "X", idempotent: true})
		if !errors.Is(err, ErrTimeout) || len(next.at) != 9 {
			t.Errorf("too little time: %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		cancel()
		if err := limited(ctx, &call{}); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
	})
}
