package aem

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

const opLogin = "Login"

// lateLogin is how long the answer of a login is still awaited when it is too late: the
// session that it may bring is to be logged out, and a refusal is to be known.
const lateLogin = time.Minute

// A pass is a session as its calls need it.
type pass struct {
	id  string
	jar http.CookieJar
}

// signIn makes one attempt to open a session. It is never repeated, not even by
// net/http: each attempt may count against the account.
func signIn(next step, scrub *scrubber, fresh func()) func(context.Context, Login) (*pass, error) {
	return func(ctx context.Context, login Login) (*pass, error) {
		credentials := login.basic()
		scrub.add(login.secret(), login.User+":"+login.secret())
		p := &pass{jar: newJar(scrub)}
		fresh() // an idle connection that has died unseen would cost the attempt
		err := next(ctx, &call{
			operation:     opLogin,
			verb:          http.MethodGet,
			path:          []string{"login"},
			once:          true,
			urgent:        true,
			wait:          lateLogin,
			authorization: credentials,
			jar:           p.jar,
			decode: func(h http.Header, body io.Reader) error {
				if p.id = h.Get(sessionHeader); p.id != "" {
					scrub.add(p.id)
					return nil
				}
				if err := readNothing(h, body); err != nil {
					return err
				}
				return decodeFault{Detail: "an answer without a session: it is probably the page of a proxy or of another " +
					"service; check the path of the URL (usually /attunityenterprisemanager)"}
			},
		})
		return p, err
	}
}

// signOut makes the call Logout, which ends the session.
func signOut(next step) func(context.Context, *pass) error {
	return func(ctx context.Context, p *pass) error {
		err := next(ctx, &call{
			operation: "Logout",
			verb:      http.MethodGet,
			path:      []string{"logout"},
			session:   p.id,
			jar:       p.jar,
			urgent:    true, // who leaves does not wait long, and the session would stay behind
		})
		switch sessionStateOf(err) {
		case sessionInvalid, sessionDoubtful: // it has ended already
			return nil
		}
		return err
	}
}

// outcomeOf says what a login that failed means for the account. sent is false when
// the credentials are known not to have left.
func outcomeOf(e *Error, sent bool) outcome {
	switch {
	case e.Kind == KindCanceled:
		return loginGivenUp
	case e.Code != "", e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden, e.Status/100 == 3:
		return loginRefused
	case e.Status/100 == 2 && (e.Kind == KindDecode || e.Kind == KindTooLarge):
		return loginRefused
	case e.Status == http.StatusTooManyRequests, passingStatus(e.Status):
		return loginFault
	case e.Kind == KindTimeout && !sent:
		return loginFault
	case e.Kind == KindTimeout, e.Status != 0:
		return loginNoWord
	}
	return loginFault
}

// maxCookies of a session: whoever sets ever more of them fills our memory, and the
// heads of our requests.
const maxCookies = 50

// A jar keeps the cookies that Enterprise Manager and what stands before it set, as a
// browser would.
type jar struct {
	http.CookieJar
	scrub *scrubber
}

func newJar(scrub *scrubber) http.CookieJar {
	kept, _ := cookiejar.New(nil) // never fails
	return &jar{kept, scrub}
}

// SetCookies implements http.CookieJar.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if len(j.Cookies(u))+len(cookies) <= maxCookies {
		j.CookieJar.SetCookies(u, cookies)
	}
	for _, c := range j.Cookies(u) {
		j.scrub.addCookie(c.Value)
	}
}

// A stage tells whether a request is still without a connection.
type stage struct{ connecting atomic.Bool }

func (s *stage) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { s.connecting.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { s.connecting.Store(false) },
	})
}

// asError is the error of a login, whatever it was.
func asError(err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Operation: opLogin, Kind: KindRequest, Message: "cannot log in", err: err, login: true}
	}
	failure := *e
	failure.login = true
	return &failure
}
