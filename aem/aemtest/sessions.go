package aemtest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

type accounts struct {
	mu       sync.Mutex
	users    []User
	sessions map[string]*session
	refusals map[string]int // in a row, by account
	lockout  int

	logins, refused, logouts int
}

// sessionLifetime is how long a session lives after its last request.
const sessionLifetime = 5 * time.Minute

// session is one session of one user; it dies when it has been idle too long.
type session struct {
	user    User
	expires time.Time
	secrets map[string]string // what stands for the password of a server
}

func newAccounts(o Options) *accounts {
	return &accounts{users: slices.Clone(o.Users), sessions: map[string]*session{}, refusals: map[string]int{},
		lockout: o.LockoutAfter}
}

// login opens a session for the user and secret of a Basic credential; "" is none.
func (a *accounts) login(credential string) (id string) {
	name, secret, _ := strings.Cut(credential, ":")
	a.mu.Lock()
	defer a.mu.Unlock()
	user, known := a.find(name, secret)
	account := canonicalUser(name)
	if locked := a.lockout > 0 && a.refusals[account] >= a.lockout; !known || locked {
		a.refused++
		a.refusals[account]++
		return ""
	}
	delete(a.refusals, account)
	a.logins++
	a.prune()
	id = base64.RawURLEncoding.EncodeToString(random16())
	a.sessions[id] = &session{user, time.Now().Add(sessionLifetime), map[string]string{}}
	return id
}

func (a *accounts) find(name, secret string) (User, bool) {
	if secret == "" || strings.Contains(secret, ":") {
		return User{}, false
	}
	for _, u := range a.users {
		var want string
		switch name {
		case "api-token":
			want = u.APIToken
		case "jwt":
			want = u.JWT
		default:
			if canonicalUser(u.Name) == canonicalUser(name) {
				want = u.Password
			}
		}
		if want == secret {
			return u, true
		}
	}
	return User{}, false
}

// touch returns the user of a living session and prolongs it.
func (a *accounts) touch(id string) (User, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.prune()
	s, ok := a.sessions[id]
	if !ok {
		return User{}, false
	}
	s.expires = time.Now().Add(sessionLifetime)
	return s.user, true
}

func (a *accounts) secret(id, server string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.sessions[id]
	if !ok {
		return ""
	}
	if s.secrets[server] == "" {
		b := random16()
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
		s.secrets[server] = fmt.Sprintf("{S:%x-%x-%x-%x-%x}", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	}
	return s.secrets[server]
}

// isSecret reports whether a text stands for the password of a server in a session.
func (a *accounts) isSecret(id, text, server string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.sessions[id]
	return ok && s.secrets[server] == text
}

func (a *accounts) end(id string, logout bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.sessions[id]; ok && logout {
		a.logouts++
	}
	delete(a.sessions, id)
}

func (a *accounts) prune() {
	now := time.Now()
	for id, s := range a.sessions {
		if !now.Before(s.expires) {
			delete(a.sessions, id)
		}
	}
}

// Logins says how many logins succeeded.
func (s *Simulator) Logins() int { return s.auth.count(func(a *accounts) int { return a.logins }) }

// RefusedLogins says how many logins were refused.
func (s *Simulator) RefusedLogins() int {
	return s.auth.count(func(a *accounts) int { return a.refused })
}

// Logouts says how many sessions were ended by their owner.
func (s *Simulator) Logouts() int { return s.auth.count(func(a *accounts) int { return a.logouts }) }

// ActiveSessions says how many sessions are alive.
func (s *Simulator) ActiveSessions() int {
	return s.auth.count(func(a *accounts) int { a.prune(); return len(a.sessions) })
}

func (a *accounts) count(of func(*accounts) int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return of(a)
}

// ExpireSessions ends all sessions, as five idle minutes do.
func (s *Simulator) ExpireSessions() {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	clear(s.auth.sessions)
}

// SetUsers replaces the accounts; none of them is locked then. Sessions of accounts
// that are gone end.
func (s *Simulator) SetUsers(users ...User) {
	a := s.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users = slices.Clone(users)
	clear(a.refusals)
	for id, x := range a.sessions {
		i := slices.IndexFunc(users, func(u User) bool { return canonicalUser(u.Name) == canonicalUser(x.user.Name) })
		if i < 0 {
			delete(a.sessions, id)
			continue
		}
		x.user = users[i]
	}
}

// canonicalUser brings `DOMAIN\user` and `user@domain` to one form.
func canonicalUser(name string) string {
	name = strings.ToLower(name)
	if domain, user, ok := strings.Cut(name, `\`); ok {
		return user + "@" + domain
	}
	return name
}

func random16() []byte {
	b := make([]byte, 16)
	rand.Read(b)
	return b
}
