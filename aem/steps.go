package aem

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	backoffBase = 100 * time.Millisecond
	backoffMax  = 2 * time.Second
)

// A retrier repeats calls that failed for a passing reason.
type retrier struct {
	options
	jitter func(limit time.Duration) time.Duration // of [0, limit]
	fresh  func()                                  // closes idle connections
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
	if e, ok := errors.AsType[*Error](err); ok {
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
	select {
	case <-time.After(d):
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

// rateStep lets calls through evenly, at most perSecond of them; 0 is without
// limit. The wait is not the server's fault, so it does not count against the time
// that the call has.
func rateStep(perSecond float64, next step) step {
	if perSecond <= 0 {
		return next
	}
	limiter := rate.NewLimiter(rate.Limit(perSecond), 1)
	return func(ctx context.Context, c *call) error {
		if c.urgent {
			limiter.Reserve()
			return next(ctx, c)
		}
		started := time.Now()
		if err := limiter.Wait(ctx); err != nil { // also when the wait would be longer than the time left
			return notSent(ctx, c, "while waiting for the request rate limit", context.DeadlineExceeded)
		}
		c.extend(time.Since(started))
		return next(ctx, c)
	}
}

// A Gate bounds how many requests are under way at once. Acquire waits for a slot, no
// longer than ctx; release, which may be called more than once, gives it back.
type Gate interface {
	Acquire(ctx context.Context) (release func(), err error)
}

type gateKey struct{}

// WithGate returns a context whose calls hold a slot of gate while one of their HTTP
// requests is under way, and only then: a call that waits for a login, a back-off, a
// Retry-After, the request rate or its turn to read a large body holds none, and none
// of these waits counts against its timeout. Logins and logouts need no slot.
func WithGate(ctx context.Context, gate Gate) context.Context {
	return context.WithValue(ctx, gateKey{}, gate)
}

// gateStep makes every attempt hold a slot of the call's gate, if it has one.
func gateStep(next step) step {
	return func(ctx context.Context, c *call) error {
		gate, ok := ctx.Value(gateKey{}).(Gate)
		if !ok || gate == nil {
			return next(ctx, c)
		}
		started := time.Now()
		release, err := gate.Acquire(ctx)
		if err != nil {
			return notSent(ctx, c, "while waiting for its turn", err)
		}
		c.extend(time.Since(started))
		c.release = sync.OnceFunc(release)
		defer c.release()
		return next(ctx, c)
	}
}

// notSent is the error of an attempt whose wait for leave to send ended in err.
func notSent(ctx context.Context, c *call, during string, err error) *Error {
	if cause := ctx.Err(); cause != nil {
		err = cause
	}
	e := ended(c.operation, during, err)
	e.final = true
	return e
}

// extend moves the end of the call: a wait on our side is not the server's fault.
func (c *call) extend(by time.Duration) {
	if !c.deadline.IsZero() {
		c.deadline = c.deadline.Add(by)
	}
}

// Observer is told what a client does, to count it. Its methods are called from
// many goroutines.
type Observer interface {
	// Request: one HTTP request has ended. status is 0 when there was no answer.
	Request(operation string, status int, elapsed time.Duration)
	// Failed: that request ended in an error; reason is its Error.Reason. A
	// request that its caller gave up is not told.
	Failed(operation, reason string)
	// Retry: a request is about to be repeated after a fault.
	Retry(operation string)
	// Login: an attempt to log in has succeeded, or failed.
	Login(ok bool)
}

// nobody observes.
type nobody struct{}

func (nobody) Request(string, int, time.Duration) {}
func (nobody) Failed(string, string)              {}
func (nobody) Retry(string)                       {}
func (nobody) Login(bool)                         {}

type traceKey struct{}

// WithAttemptTrace returns a context whose calls tell trace of every attempt:
// its operation, its start and its error, nil when it was good. Logins are shared
// by many calls and belong to none of them; they are not told.
func WithAttemptTrace(ctx context.Context, trace func(operation string, started time.Time, err error)) context.Context {
	return context.WithValue(ctx, traceKey{}, trace)
}

// observeStep tells of every attempt: the observer, the call's trace and the log.
func observeStep(observer Observer, logger *slog.Logger, next step) step {
	return func(ctx context.Context, c *call) error {
		started := time.Now()
		c.waited = 0
		err := next(ctx, c)
		elapsed := time.Since(started) - c.waited

		observer.Request(c.operation, c.status, elapsed)
		if e, ok := errors.AsType[*Error](err); ok && e.Kind != KindCanceled && !errors.Is(err, errLarge) {
			observer.Failed(c.operation, e.Reason())
		}
		if trace, ok := ctx.Value(traceKey{}).(func(string, time.Time, error)); ok && trace != nil {
			trace(c.operation, started, err)
		}
		if logger.Enabled(ctx, slog.LevelDebug) {
			attrs := []slog.Attr{
				slog.String("operation", c.operation),
				slog.Int("status", c.status),
				slog.Duration("elapsed", elapsed),
			}
			if err != nil {
				attrs = append(attrs, slog.Any("err", err))
			}
			logger.LogAttrs(ctx, slog.LevelDebug, "api request", attrs...)
		}
		return err
	}
}
