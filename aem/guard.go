package aem

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
)

const (
	trialWindow = 15 * time.Minute
	maxTrials   = 4 // logins that were not accepted, in any trialWindow, of one account

	sessionWindow = time.Minute
	maxSessions   = 10 // in any sessionWindow, of one Enterprise Manager

	// Logins of one account go one after the other, so that a wrong password costs one
	// attempt and not one for each Enterprise Manager. One that hangs holds the next up
	// no longer than this.
	loginSpacing = 2 * time.Second

	loginFaultMax  = time.Minute // between logins that fail without the credential being judged
	retryAfterMax  = time.Hour   // a Retry-After that is obeyed
	yieldingWindow = 2 * time.Minute
)

// afterRefusal and afterNoWord are the pauses before the next login, by how many
// have gone before: one that was refused, and one whose outcome nobody knows.
var (
	afterRefusal = [...]time.Duration{time.Minute, 15 * time.Minute, time.Hour}
	afterNoWord  = [...]time.Duration{time.Minute, 5 * time.Minute}
)

// A LoginGuard keeps an account from being locked out by the logins of all clients
// that share it. It knows an account by its user and domain, without regard to case,
// or by its token, whatever the Enterprise Manager. See WithLoginGuard.
type LoginGuard struct {
	mu       sync.Mutex
	salt     [16]byte
	accounts map[digest]*account
	managers map[string]*manager // by the URL of the API
	settled  chan struct{}       // closed when a login has ended
}

type digest [sha256.Size]byte

// An account is known while something of it is to be remembered.
type account struct {
	refused map[digest]*refusals // by credential, since the last login that was accepted
	waiting map[*manager]time.Time
	trials  moments
	pending int
	last    time.Time // when the last login began
}

// refusals of one credential.
type refusals struct {
	count  int
	until  time.Time // nobody may try before
	failed *Error
	by     map[*manager]int
	spared bool // a manager that knew the credential as good has been refused too
}

// A manager is one Enterprise Manager, whoever calls it.
type manager struct {
	account  digest // that it was last tried with
	accepted digest // the credential of the last login that was accepted
	sessions moments
	trials   moments

	noWords, faults int       // in a row
	until           time.Time // it alone must wait until then
	credential      digest    // the one that noWords are about
	failed          *Error
}

// moments are times, of which the old ones are forgotten.
type moments []time.Time

// full reports whether there were at least n within the window, and until when.
func (m *moments) full(n int, window time.Duration) (until time.Time, full bool) {
	for len(*m) > 0 && time.Since((*m)[0]) >= window {
		*m = (*m)[1:]
	}
	switch {
	case n <= 0:
		return time.Now().Add(window), true
	case len(*m) < n:
		return time.Time{}, false
	}
	return (*m)[len(*m)-n].Add(window), true
}

// NewLoginGuard makes a guard that knows nothing yet.
func NewLoginGuard() *LoginGuard {
	g := &LoginGuard{accounts: map[digest]*account{}, managers: map[string]*manager{}, settled: make(chan struct{})}
	_, _ = rand.Read(g.salt[:]) // never fails
	return g
}

// A trial is a login that the guard has let through. It ends with settle.
type trial struct {
	guard      *LoginGuard
	id         digest // of the account
	account    *account
	manager    *manager
	credential digest
	began      time.Time
	spare      bool // made while others must wait
	over       bool
}

// begin waits until login may be tried, or returns why that must not be now.
func (g *LoginGuard) begin(ctx context.Context, url string, login Login) (*trial, *Error) {
	for {
		t, settled, wait, blocked := g.try(url, login)
		if t != nil || blocked != nil {
			return t, blocked
		}
		select {
		case <-settled:
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ended(opLogin, "while another login of the account is under way", ctx.Err())
		}
	}
}

// try lets a login through, or says for how long it must wait for another one that
// is under way, or why it must not be tried.
func (g *LoginGuard) try(url string, login Login) (*trial, <-chan struct{}, time.Duration, *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := g.digest(accountOf(login)...)
	a, m := g.accounts[id], g.managers[url]
	if a == nil {
		a = &account{refused: map[digest]*refusals{}, waiting: map[*manager]time.Time{}}
		g.accounts[id] = a
	}
	if m == nil {
		m = &manager{}
		g.managers[url] = m
	}
	m.account = id
	t := &trial{guard: g, id: id, account: a, manager: m, credential: g.digest(login.User, login.secret()),
		began: time.Now()}
	if blocked := t.blocked(); blocked != nil {
		g.forget(id)
		return nil, nil, 0, blocked
	}
	if _, full := a.trials.full(maxTrials-a.pending, trialWindow); full && a.pending > 0 {
		return nil, g.settled, time.Minute, nil
	}
	if wait := time.Until(a.last.Add(loginSpacing)); a.pending > 0 && wait > 0 {
		return nil, g.settled, wait, nil
	}
	a.pending++
	a.last = t.began
	delete(a.waiting, m)
	return t, nil, 0, nil
}

// blocked says why a login must not be tried now; nil when it may be.
func (t *trial) blocked() *Error {
	a, m := t.account, t.manager
	if r := a.refused[t.credential]; r != nil {
		switch {
		case t.began.Before(r.until):
			if m.accepted != t.credential || r.spared {
				a.waiting[m] = t.began
				return r.error(r.until)
			}
			t.spare = true
		case a.yields(m, r):
			return r.error(t.began.Add(yieldingWindow))
		}
	}
	if t.began.Before(m.until) && (m.noWords == 0 || m.credential == t.credential) {
		return postponed(m.failed, m.until)
	}
	if until, full := m.sessions.full(maxSessions, sessionWindow); full {
		e := &Error{Kind: KindLogin, Message: fmt.Sprintf("%d sessions within a minute have not lasted: %s", maxSessions,
			sessionCauses)}
		return postponed(e, until)
	}
	for _, made := range []*moments{&a.trials, &m.trials} {
		most := maxTrials
		if made == &a.trials && m.noWords > 0 && t.shared() {
			most-- // the last one is for an Enterprise Manager that may be well
		}
		if until, full := made.full(most, trialWindow); full {
			return postponed(&Error{Kind: KindLogin, Message: fmt.Sprintf(
				"%d logins of the account within %v were not accepted, and more could lock it out", maxTrials, trialWindow)}, until)
		}
	}
	return nil
}

// shared reports whether another Enterprise Manager has the account too.
func (t *trial) shared() bool {
	for _, m := range t.guard.managers {
		if m != t.manager && m.account == t.id {
			return true
		}
	}
	return false
}

// yields reports whether m leaves its turn to one that waits and was refused less
// often: it may be refused for a reason of its own.
func (a *account) yields(m *manager, r *refusals) bool {
	for other, since := range a.waiting {
		if other != m && time.Since(since) < yieldingWindow && r.by[other] < r.by[m] {
			return true
		}
	}
	return false
}

// What came of a login.
type outcome int

const (
	loginAccepted outcome = iota
	loginRefused          // the credential was judged
	loginNoWord           // it may have been
	loginFault            // it was not
	loginGivenUp          // by ourselves
)

// settle tells the guard what came of the login and returns the error to show. What
// had no word may be refused after all, later.
func (t *trial) settle(o outcome, pace time.Duration, failure *Error) *Error {
	g, a, m := t.guard, t.account, t.manager
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.over && o != loginRefused {
		return failure
	}
	if !t.over {
		a.pending--
		close(g.settled)
		g.settled = make(chan struct{})
		if o == loginRefused || o == loginNoWord {
			a.trials, m.trials = append(a.trials, t.began), append(m.trials, t.began)
		}
	}
	t.over = true
	defer g.forget(t.id)
	now := time.Now()
	switch o {
	case loginAccepted:
		m.accepted = t.credential
		m.sessions = append(m.sessions, now)
		m.noWords, m.faults, m.until, m.trials = 0, 0, time.Time{}, nil
		if !t.spare { // whoever refuses what another one takes has reasons of its own, and is not forgotten
			maps.DeleteFunc(a.refused, func(credential digest, r *refusals) bool {
				return credential != t.credential || r.by[m] > 0
			})
		}
	case loginRefused:
		return t.refuse(now, failure)
	case loginNoWord:
		m.credential = t.credential
		m.wait(now.Add(afterNoWord[min(m.noWords, len(afterNoWord)-1)]), failure)
		m.noWords++
		return postponed(failure, m.until)
	case loginFault:
		// Counted from its beginning, and a little less, so that whoever calls at this
		// pace is let through the next time.
		wait := min(pace<<min(m.faults, 16), max(pace, loginFaultMax)) * 9 / 10
		m.wait(t.began.Add(max(wait, min(failure.RetryAfter, retryAfterMax))), failure)
		m.faults++
		return postponed(failure, m.until)
	}
	return failure
}

func (m *manager) wait(until time.Time, failure *Error) { m.until, m.failed = until, failure }

func (t *trial) refuse(now time.Time, failure *Error) *Error {
	a, m := t.account, t.manager
	r := a.refused[t.credential]
	if r == nil {
		r = &refusals{by: map[*manager]int{}}
		a.refused[t.credential] = r
	}
	r.until = now.Add(afterRefusal[min(r.count, len(afterRefusal)-1)])
	r.count++
	r.by[m]++
	r.failed = failure
	r.spared = r.spared || t.spare
	m.accepted = digest{}
	m.noWords, m.faults, m.until = 0, 0, time.Time{}
	a.waiting[m] = now
	return r.error(r.until)
}

// error is what a login is answered with while the credential must not be tried.
func (r *refusals) error(until time.Time) *Error {
	e := *r.failed
	e.Kind, e.login, e.RetryAfter = KindLogin, true, time.Until(until)
	e.Message = fmt.Sprintf("the login is refused: %s; no further attempt before %s, to keep the account from being "+
		"locked out, unless the credentials change",
		strings.TrimRight(e.Message, "."), shortTime(until))
	return &e
}

// postponed is failure with the time of the next login.
func postponed(failure *Error, until time.Time) *Error {
	e := *failure
	e.Operation, e.login, e.RetryAfter = opLogin, true, max(time.Until(until), 0)
	e.Message = strings.TrimRight(e.Message, ".") + "; next login at " + shortTime(until)
	return &e
}

func shortTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// forget drops an account of which nothing is to be remembered: of one that changes
// its token every hour there would be ever more.
func (g *LoginGuard) forget(id digest) {
	a := g.accounts[id]
	if a == nil || a.pending > 0 || len(a.refused) > 0 {
		return
	}
	if a.trials.full(1, trialWindow); len(a.trials) == 0 {
		delete(g.accounts, id)
	}
}

// accountOf is what makes two logins those of one account.
func accountOf(l Login) []string {
	if l.User == userAPIToken || l.User == userJWT {
		return []string{l.User, l.secret()}
	}
	domain, user, found := strings.Cut(strings.ToLower(l.User), `\`)
	if !found {
		user, domain, _ = strings.Cut(domain, "@")
	}
	return []string{domain, user, ""}
}

func (g *LoginGuard) digest(parts ...string) digest {
	h := sha256.New()
	h.Write(g.salt[:])
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return digest(h.Sum(nil))
}
