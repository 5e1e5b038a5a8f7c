package aem

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

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
		var e *Error
		if errors.As(err, &e) && e.Kind != KindCanceled && e.err != errLarge {
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
