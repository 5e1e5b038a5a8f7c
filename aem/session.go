package aem

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	loginPause    = 250 * time.Millisecond // after a login that failed, but was not refused
	loginPauseMax = time.Minute
	doubtMemory   = 10 * time.Minute
)

// A session is the one session that all calls of a client share. It is opened
// when the first call needs it, and again when a call learns that it has ended.
type session struct {
	credentials CredentialsFunc
	signIn      func(context.Context, Login) (string, error)
	signOut     func(ctx context.Context, id string) error
	limit       time.Duration // of a login, with its repeats
	observer    Observer
	logger      *slog.Logger
	scrub       *scrubber
	life        context.Context    // ends with the client
	leave       context.CancelFunc // ends the repeats of a login under way
	guard       *guard             // used by the one login under way

	mu       sync.Mutex
	id       string // "": none
	proven   bool   // a call succeeded with id
	rejected int    // sessions in a row that were invalid before any call succeeded
	opening  *opening
	resume   time.Time // no login before
	failure  *Error    // why
	denied   map[string]denial
	state    string // of the logins, as last logged
	closed   bool
}

// An opening is a login under way, for everybody who waits for it.
type opening struct {
	done chan struct{}
	id   string
	err  error
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
			id, err := s.get(ctx, c.operation)
			if err != nil {
				s.withdraw(c.operation, u)
				return err
			}
			if c.bound != "" && c.bound != id {
				s.withdraw(c.operation, u)
				return refusal(c.operation, "the password is of a session that has ended: get the server's definition again")
			}
			c.session = id
			err = next(ctx, c)
			if !s.judge(c.operation, id, err, &u) {
				if u.doubted != "" && sessionStateOf(err) == sessionDoubtful {
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
	repeated bool   // it is made for the second time
	doubted  string // the session that it gave up because of its 401 or 403
}

// get returns the session's id, after a login if there is none.
func (s *session) get(ctx context.Context, operation string) (string, error) {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return "", closedError(operation)
	case s.id != "":
		defer s.mu.Unlock()
		return s.id, nil
	case s.opening == nil && time.Now().Before(s.resume):
		defer s.mu.Unlock()
		return "", s.failure
	case s.opening == nil:
		s.opening = &opening{done: make(chan struct{})}
		go s.open(s.opening)
	}
	o := s.opening
	s.mu.Unlock()

	select {
	case <-o.done:
		return o.id, o.err
	case <-ctx.Done():
		return "", ended(operation, "while waiting for the login", ctx.Err())
	}
}

// open logs in, for all who wait: whoever came first may go away.
func (s *session) open(o *opening) {
	ctx, cancel := context.WithTimeout(s.life, s.limit)
	defer cancel()
	id, failure := s.login(ctx)
	if failure != nil && s.life.Err() != nil {
		failure = closedError(opLogin)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(o.done)
	s.opening = nil
	if s.closed { // the session is there only to be logged out
		s.id, o.err = id, closedError(opLogin)
		return
	}
	if failure != nil {
		o.err = failure
		s.failure = failure
		if failure.Kind != KindLogin { // the guard looks after refusals
			s.resume = time.Now().Add(loginPause)
		}
		s.log(failure.Reason(), failure)
		return
	}
	o.id = id
	s.id, s.proven = id, false
	if s.rejected < 2 { // else a call must succeed first
		s.log("", nil)
	}
}

// login makes one attempt to log in, if the guard allows it.
func (s *session) login(ctx context.Context) (string, *Error) {
	login, err := s.credentials(ctx)
	if err == nil {
		err = login.check()
	}
	if err != nil {
		return "", &Error{Operation: opLogin, Kind: KindRequest, Message: "no usable credentials: " + s.scrub.clean(err.Error(), maxMessage), err: err, login: true}
	}
	if blocked := s.guard.allow(login); blocked != nil {
		return "", blocked
	}
	id, err := s.signIn(ctx, login)
	if err == nil {
		s.guard.accept()
		s.observer.Login(true)
		return id, nil
	}
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Operation: opLogin, Kind: KindRequest, Message: "cannot log in", err: err}
	}
	failure := *e
	failure.login = true
	if e.Kind != KindCanceled {
		s.observer.Login(false)
	}
	if refused(e) {
		return "", s.guard.refuse(login, &failure)
	}
	return "", &failure
}

func closedError(operation string) *Error {
	return &Error{Operation: operation, Kind: KindCanceled, Message: "the client is closed", err: ErrClosed}
}

// judge learns from the result of a call what became of its session, and reports
// whether to make the call again.
func (s *session) judge(operation, id string, err error, u *use) bool {
	state := sessionStateOf(err)
	if state != sessionDoubtful {
		s.withdraw(operation, *u)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case sessionValid:
		if id == s.id && !s.proven {
			s.proven, s.rejected = true, 0
			s.log("", nil)
		}
	case sessionInvalid:
		if id == s.id {
			s.reject(err)
		}
		return !u.repeated
	case sessionDoubtful:
		return s.doubt(operation, id, u)
	}
	return false
}

// reject drops a session that has ended. One that ended before it was of any use
// counts as a failed login, so that a server that gives out bad sessions is not
// flooded with logins; the first such is forgiven, as it may have been idle.
func (s *session) reject(err error) {
	s.id = ""
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
		Message: "the server rejects the sessions that it has just opened; next attempt at " + s.resume.UTC().Format(time.RFC3339Nano)}
	var e *Error
	if errors.As(err, &e) {
		failure.Code, failure.Status = e.Code, e.Status
	}
	s.failure = failure
	s.log("session_rejected", failure)
}

// doubt decides about a 401 or a bare 403: a new session is tried once, and an operation for
// which that did not help does not cause another login for a while.
func (s *session) doubt(operation, id string, u *use) bool {
	now := time.Now()
	denied := s.denied[operation]
	active := now.Before(denied.until)
	switch {
	case u.repeated:
		if !active || !denied.proven {
			s.denied[operation] = denial{until: now.Add(doubtMemory), proven: true}
		}
		return false
	case id != s.id: // another call has already seen to it
		return true
	case active:
		return false
	}
	s.denied[operation] = denial{until: now.Add(doubtMemory)}
	s.id = ""
	u.doubted = id
	return true
}

// withdraw takes back the doubt of a call that was not denied again.
func (s *session) withdraw(operation string, u use) {
	if u.doubted == "" {
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

// take returns the session's id, "" when there is none, and ends its use.
func (s *session) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id
	s.id = ""
	return id
}

// close lets no session be opened any more, and waits for a login under way: to
// interrupt one that the server has already accepted would leave its session behind.
func (s *session) close(ctx context.Context) {
	s.leave()
	s.mu.Lock()
	s.closed = true
	o := s.opening
	s.mu.Unlock()
	if o == nil {
		return
	}
	select {
	case <-o.done:
	case <-ctx.Done():
	}
}
