package aem

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	loginPause    = 250 * time.Millisecond // after a session that was not good for anything
	loginPauseMax = time.Minute
	doubtMemory   = 10 * time.Minute
)

// sessionCauses is what is behind sessions that are not known to the calls that follow.
const sessionCauses = "a proxy drops headers with a dot in their name, as " + sessionHeader +
	" has (nginx: ignore_invalid_headers off; Kong), a load balancer lacks session affinity, or two nodes are active"

// A session is the one session that all calls of a client share. It is opened
// when the first call needs it, and again when a call learns that it has ended.
type session struct {
	options
	credentials CredentialsFunc
	signIn      func(context.Context, Login) (*pass, error)
	signOut     func(context.Context, *pass) error
	url         string // of the API
	scrub       *scrubber
	life        context.Context // ends with the client

	mu       sync.Mutex
	pass     *pass // nil: none
	proven   bool  // a call succeeded with it
	rejected int   // sessions in a row that were invalid before any call succeeded
	opening  *opening
	logins   sync.WaitGroup // under way, even late ones
	resume   time.Time      // no login before
	failure  *Error         // why
	next     time.Time      // when the next login is due; zero while they are well
	denied   map[string]denial
	state    string // of the logins, as last logged
	closed   bool   // no login begins
}

// An opening is a login under way, for everybody who waits for it.
type opening struct {
	done chan struct{}
	pass *pass
	err  error
	told sync.Once // of the failure
}

// A denial says what to make of an operation's 401 or bare 403, which may mean that
// the session has ended or that the account may not do this.
type denial struct {
	until  time.Time // another login for its sake is not worth it before
	proven bool      // a fresh session did not help
}

// step gives a call the session. When the session turns out to have ended, the
// call is made once more with a new one.
func (s *session) step(next step) step {
	return func(ctx context.Context, c *call) error {
		var u use
		for {
			p, err := s.get(ctx, c.operation)
			if err != nil {
				s.withdraw(c.operation, u)
				return err
			}
			if c.bound != "" && c.bound != p.id {
				s.withdraw(c.operation, u)
				return &Error{Operation: c.operation, Kind: KindStale,
					Message: "the password is of a session that has ended: get the server's definition again"}
			}
			c.session, c.jar = p.id, p.jar
			err = next(ctx, c)
			if !s.judge(c.operation, p, err, &u) {
				if u.doubted != nil && sessionStateOf(err) == sessionDoubtful {
					_ = s.signOut(ctx, u.doubted) // it was good, and nobody uses it any more
				}
				return err
			}
			u.repeated = true
		}
	}
}

// A use is what one call does to the session.
type use struct {
	repeated bool  // it is made for the second time
	doubted  *pass // the session that it gave up because of its 401 or 403
}

// get returns the session, after a login if there is none.
func (s *session) get(ctx context.Context, operation string) (*pass, error) {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return nil, closedError(operation)
	case s.pass != nil:
		defer s.mu.Unlock()
		return s.pass, nil
	case s.opening == nil && time.Now().Before(s.resume):
		defer s.mu.Unlock()
		return nil, s.failure
	case s.opening == nil:
		o := &opening{done: make(chan struct{})}
		s.opening = o
		s.logins.Go(func() { s.open(o) })
	}
	o := s.opening
	s.mu.Unlock()

	select {
	case <-o.done:
		return o.pass, o.err
	case <-ctx.Done():
		return nil, ended(operation, "while waiting for the login", ctx.Err())
	}
}

// open logs in, for all who wait: whoever came first may go away. When the answer
// comes too late for them, it is awaited nevertheless: the session that it may bring
// is logged out.
func (s *session) open(o *opening) {
	ctx, cancel := context.WithCancel(s.life)
	defer cancel()
	login, t, failure := s.admit(ctx)
	if failure != nil {
		s.deliver(o, nil, failure)
		return
	}
	var at stage
	timer := time.AfterFunc(s.timeout, func() {
		failure := &Error{Operation: opLogin, Kind: KindTimeout, Message: "no answer in time (" + s.timeout.String() + ")",
			err: context.DeadlineExceeded, login: true}
		if at.connecting.Load() {
			cancel()
			failure.Message = "no connection in time (" + s.timeout.String() + ")"
		}
		s.observer.Failed(opLogin, failure.Reason())
		s.fail(o, t, failure, !at.connecting.Load())
	})
	p, err := s.signIn(at.trace(ctx), login)
	late := !timer.Stop()
	if err != nil {
		s.fail(o, t, asError(err), !at.connecting.Load())
		return
	}
	if !late {
		_ = t.settle(loginAccepted, s.pace, nil)
		s.observer.Login(true)
	}
	if late || !s.deliver(o, p, nil) {
		out, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
		defer cancel()
		_ = s.signOut(out, p)
	}
}

// admit gets the credentials and the guard's leave to try them.
func (s *session) admit(ctx context.Context) (Login, *trial, *Error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	login, err := s.credentials(ctx)
	if err == nil {
		err = login.check()
	}
	if err != nil {
		s.mu.Lock()
		s.resume = time.Now().Add(loginPause)
		s.mu.Unlock()
		return login, nil, &Error{Operation: opLogin, Kind: KindRequest, Message: "no usable credentials: " +
			s.scrub.clean(err.Error(), maxMessage), err: err, login: true}
	}
	t, blocked := s.guard.begin(ctx, s.url, login)
	return login, t, blocked
}

// fail tells everybody that a login has failed.
func (s *session) fail(o *opening, t *trial, failure *Error, sent bool) {
	what := outcomeOf(failure, sent)
	if what != loginGivenUp {
		o.told.Do(func() { s.observer.Login(false) })
	}
	s.deliver(o, nil, t.settle(what, s.pace, failure))
}

// deliver ends an opening, and reports whether the session is of use.
func (s *session) deliver(o *opening, p *pass, failure *Error) bool {
	if failure != nil && s.life.Err() != nil {
		failure = closedError(opLogin)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opening != o { // it was too late, and may be refused now
		if failure != nil && s.pass == nil && s.opening == nil {
			s.failed(failure)
		}
		return false
	}
	defer close(o.done)
	s.opening = nil
	switch {
	case s.closed:
		o.err = closedError(opLogin)
		return false
	case failure != nil:
		o.err = failure
		s.failed(failure)
		return false
	}
	o.pass = p
	s.pass, s.proven, s.next = p, false, time.Time{}
	if s.rejected < 2 { // else a call must succeed first
		s.log("", nil)
	}
	return true
}

func (s *session) failed(failure *Error) {
	s.failure, s.next = failure, time.Now().Add(max(failure.RetryAfter, loginPause))
	s.log(failure.Reason(), failure)
}

func closedError(operation string) *Error {
	return &Error{Operation: operation, Kind: KindCanceled, Message: "the client is closed", err: ErrClosed}
}

// judge learns from the result of a call what became of its session, and reports
// whether to make the call again.
func (s *session) judge(operation string, p *pass, err error, u *use) bool {
	state := sessionStateOf(err)
	if state != sessionDoubtful {
		s.withdraw(operation, *u)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case sessionValid:
		if p == s.pass && !s.proven {
			s.proven, s.rejected = true, 0
			s.log("", nil)
		}
	case sessionInvalid:
		if p == s.pass {
			s.reject(err)
		}
		return !u.repeated
	case sessionDoubtful:
		return s.doubt(operation, p, u)
	}
	return false
}

// reject drops a session that has ended. One that ended before it was of any use
// counts as a failed login, so that a server that gives out bad sessions is not
// flooded with logins; the first such is forgiven, as it may have been idle.
func (s *session) reject(err error) {
	s.pass = nil
	if s.proven {
		return
	}
	s.rejected++
	if s.rejected < 2 {
		return
	}
	wait := loginPauseMax
	if n := s.rejected - 2; n < 8 {
		wait = min(loginPause<<n, loginPauseMax)
	}
	s.resume = time.Now().Add(wait)
	failure := &Error{Operation: opLogin, Kind: KindLogin, login: true, RetryAfter: wait,
		Message: "the sessions are rejected although they were just opened (next attempt at " + shortTime(s.resume) +
			"): " + sessionCauses}
	if e, ok := errors.AsType[*Error](err); ok {
		failure.Code, failure.Status = e.Code, e.Status
	}
	s.failure, s.next = failure, s.resume
	s.log("session_rejected", failure)
}

// doubt decides about a 401 or a bare 403: a new session is tried once, and an operation for
// which that did not help does not cause another login for a while.
func (s *session) doubt(operation string, p *pass, u *use) bool {
	now := time.Now()
	denied := s.denied[operation]
	active := now.Before(denied.until)
	switch {
	case u.repeated:
		if !active || !denied.proven {
			s.denied[operation] = denial{until: now.Add(doubtMemory), proven: true}
		}
		return false
	case p != s.pass: // another call has already seen to it
		return true
	case active:
		return false
	}
	s.denied[operation] = denial{until: now.Add(doubtMemory)}
	s.pass = nil
	u.doubted = p
	return true
}

// withdraw takes back the doubt of a call that was not denied again.
func (s *session) withdraw(operation string, u use) {
	if u.doubted == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.denied[operation].proven {
		delete(s.denied, operation)
	}
}

// log tells a change of the logins, once. "" is that they succeed.
func (s *session) log(state string, failure *Error) {
	if state == s.state || s.life.Err() != nil {
		return
	}
	s.state = state
	if failure != nil {
		s.logger.Warn("login failed", slog.Any("err", failure))
		return
	}
	s.logger.Info("login succeeded again")
}

// take returns the session, nil when there is none, and ends its use.
func (s *session) take() *pass {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pass
	s.pass = nil
	return p
}

// close lets no session be opened any more, and waits for a login under way: to
// interrupt one that the server has already accepted would leave its session behind.
func (s *session) close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	over := make(chan struct{})
	go func() {
		s.logins.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-ctx.Done():
	}
}
