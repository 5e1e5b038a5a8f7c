package aem

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

const opLogin = "Login"

// signIn makes the call Login and returns the id of the new session.
func signIn(leave context.Context, next step, scrub *scrubber) func(context.Context, Login) (string, error) {
	return func(ctx context.Context, login Login) (string, error) {
		credentials := login.basic()
		scrub.add(login.Secret, credentials)
		var id string
		err := next(ctx, &call{
			operation:     opLogin,
			verb:          http.MethodGet,
			path:          []string{"login"},
			idempotent:    true,
			leave:         leave,
			authorization: credentials,
			decode: func(h http.Header, body io.Reader) error {
				if id = h.Get(sessionHeader); id != "" {
					scrub.add(id)
					return nil
				}
				if err := readNothing(h, body); err != nil {
					return err
				}
				return decodeFault{Detail: "an answer without a session: it is probably the page of a proxy or of another service; check the path of the URL (usually /attunityenterprisemanager)"}
			},
		})
		return id, err
	}
}

// signOut makes the call Logout, which ends the session with that id.
func signOut(next step) func(ctx context.Context, id string) error {
	return func(ctx context.Context, id string) error {
		err := next(ctx, &call{
			operation: "Logout",
			verb:      http.MethodGet,
			path:      []string{"logout"},
			session:   id,
			urgent:    true, // who leaves does not wait long, and the session would stay behind
		})
		switch sessionStateOf(err) {
		case sessionInvalid, sessionDoubtful: // it has ended already
			return nil
		}
		return err
	}
}

// refused reports whether a login failed because of the credentials.
func refused(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == codeUnauthorized || e.Status == statusUnauthorized || e.Status == statusForbidden
}

// A guard keeps refused credentials from being tried so often that the account
// is locked out. Its user serialises the calls.
type guard struct {
	salt    [16]byte
	refused map[[sha256.Size]byte]struct{} // the credentials refused since the last login
	count   int                            // refusals since the last login
	until   time.Time                      // no attempt before
	last    *Error                         // the last refusal
	early   *rate.Limiter                  // attempts with credentials not yet refused
}

// New credentials are tried at once, but not without end: a function may make
// other ones each time it is asked.
const (
	earlyAttempts = 3
	earlyInterval = 10 * time.Minute
)

func newGuard() *guard {
	g := &guard{
		refused: map[[sha256.Size]byte]struct{}{},
		early:   rate.NewLimiter(rate.Every(earlyInterval), earlyAttempts),
	}
	_, _ = rand.Read(g.salt[:]) // never fails
	return g
}

// allow returns why login must not be tried now, or nil.
func (g *guard) allow(login Login) *Error {
	if g.count == 0 || !time.Now().Before(g.until) {
		return nil
	}
	if _, known := g.refused[g.hash(login)]; !known && g.early.Allow() {
		return nil
	}
	return g.blocked()
}

// refuse notes that login was refused, and returns the error to give from now on.
func (g *guard) refuse(login Login, err *Error) *Error {
	g.refused[g.hash(login)] = struct{}{}
	g.until = time.Now().Add(refusalDelay(g.count))
	g.count++
	g.last = err
	return g.blocked()
}

// accept forgets the refusals.
func (g *guard) accept() {
	clear(g.refused)
	g.count, g.last = 0, nil
}

func (g *guard) blocked() *Error {
	e := *g.last
	e.Kind, e.login = KindLogin, true
	e.RetryAfter = max(0, time.Until(g.until))
	e.Message = fmt.Sprintf("the login is refused: %s; no further attempt before %s, to keep the account from being locked out, unless the credentials change",
		strings.TrimRight(e.Message, "."), g.until.UTC().Format(time.RFC3339))
	return &e
}

func (g *guard) hash(login Login) [sha256.Size]byte {
	h := sha256.New()
	h.Write(g.salt[:])
	fmt.Fprintf(h, "%d:%s", len(login.User), login.User)
	io.WriteString(h, login.Secret)
	return [sha256.Size]byte(h.Sum(nil))
}

// refusalDelay is the pause after the n-th refusal, counted from 0.
func refusalDelay(n int) time.Duration {
	first := [...]time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute, 8 * time.Minute, 30 * time.Minute}
	if n < len(first) {
		return first[n]
	}
	if n -= len(first); n > 4 {
		return 24 * time.Hour
	}
	return time.Hour << n
}
