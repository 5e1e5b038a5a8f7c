package aem

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

const (
	backoffBase = 100 * time.Millisecond
	backoffMax  = 2 * time.Second
)

// A retrier repeats calls that failed for a passing reason.
type retrier struct {
	retries  int
	timeout  time.Duration // of one attempt
	timed    bool          // which was asked for
	observer Observer
	jitter   func(limit time.Duration) time.Duration // of [0, limit]
	fresh    func()                                  // closes idle connections
}

// maxAttempt is longer than anything takes, and does not overflow.
const maxAttempt = 30 * 24 * time.Hour

// attempt is the longest that one attempt of a call may take. The context's own deadline
// takes the place of a limit that nobody asked for.
func (r retrier) attempt(ctx context.Context, c *call) time.Duration {
	if c.timeout > 0 {
		return min(c.timeout, maxAttempt)
	}
	if deadline, ok := ctx.Deadline(); ok && !r.timed && !c.urgent {
		return min(max(time.Until(deadline), 0), maxAttempt)
	}
	return r.timeout
}

// step makes a call again, if it may be repeated and there is time left.
func (r retrier) step(next step) step {
	return func(ctx context.Context, c *call) error {
		c.attempt = r.attempt(ctx, c)
		c.deadline = time.Now().Add(time.Duration(r.retries+1)*c.attempt + c.wait)
		for attempt := 0; ; attempt++ {
			err := next(ctx, c)
			if r.fresh != nil && dead(err) {
				r.fresh() // what happened to one connection has happened to those that are unused
			}
			for again := 0; again < 2 && errors.Is(err, errLarge); again++ { // it waits for its turn now
				err = next(ctx, c)
			}
			if attempt >= r.retries || !c.idempotent || !passing(err) {
				return err
			}
			if pause(ctx, c.deadline, r.wait(attempt, err)) != nil {
				if errors.Is(ctx.Err(), context.Canceled) {
					return ended(c.operation, "before a repeat", ctx.Err())
				}
				return err
			}
			r.observer.Retry(c.operation)
		}
	}
}

// wait is how long to wait before the next attempt: exponential with full
// jitter, and not shorter than the server asks.
func (r retrier) wait(attempt int, err error) time.Duration {
	limit := backoffMax
	if attempt < 8 {
		limit = min(backoffBase<<attempt, backoffMax)
	}
	wait := r.jitter(limit)
	var e *Error
	if errors.As(err, &e) {
		wait = max(wait, e.RetryAfter)
	}
	return wait
}

func fullJitter(limit time.Duration) time.Duration { return rand.N(limit + 1) }

// pause waits, or fails at once if the time left is not enough.
func pause(ctx context.Context, deadline time.Time, d time.Duration) error {
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(deadline) {
		deadline = earlier
	}
	if time.Until(deadline) <= d {
		if err := ctx.Err(); err != nil {
			return err
		}
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// passing reports whether the same call may succeed a moment later. The API
// gives most lasting conditions (not found, already running) HTTP 500, so that
// status says nothing; its *_INNER_ERR are faults of a moment.
func passing(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.final {
		return false
	}
	switch e.Kind {
	case KindTimeout, KindConnection, KindWrong:
		return true
	case KindAPI, KindHTTP:
		return passingStatus(e.Status) || e.Status == http.StatusTooManyRequests && e.RetryAfter > 0 ||
			strings.HasSuffix(canonicalCode(e.Code), "_INNER_ERR")
	}
	return false
}

// dead reports whether the connection has failed, or may have.
func dead(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.final && (e.Kind == KindTimeout || e.Kind == KindConnection)
}

func passingStatus(status int) bool {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
