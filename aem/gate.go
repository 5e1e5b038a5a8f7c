package aem

import (
	"context"
	"sync"
	"time"
)

// A Gate bounds how many requests are under way at once. Acquire waits for a slot, no
// longer than ctx; release, which may be called more than once, gives it back.
type Gate interface {
	Acquire(ctx context.Context) (release func(), err error)
}

type gateKey struct{}

// WithGate returns a context whose calls hold a slot of gate while one of their HTTP
// requests is under way, and only then: a call that waits for a login, a back-off, a
// Retry-After or its turn to read a large body holds none, and none
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
