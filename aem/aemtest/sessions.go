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

// accounts are the users, their sessions, and what happened at the door.
type accounts struct {
	mu       sync.Mutex
	users    []User
	sessions map[string]*session
	refusals map[string]int // in a row, by account
	lifetime time.Duration
	lockout  int

	logins, refused, logouts int
}

// session is one session of one user; it dies when it has been idle too long.
type session struct {
	user    User
	expires time.Time
	secrets map[string]string // servers by what stands for their password
}

func (a *accounts) init(o Options) {
	a.users = slices.Clone(o.Users)
	a.sessions = make(map[string]*session)
	a.refusals = make(map[string]int)
	a.lifetime = o.SessionLifetime
	a.lockout = o.LockoutAfter
}

// login opens a session for the user and secret of a Basic credential.
func (a *accounts) login(credential string) (id string, ok bool) {
	name, secret, _ := strings.Cut(credential, ":")
	a.mu.Lock()
	defer a.mu.Unlock()
	user, known := a.find(name, secret)
	account := canonicalUser(name)
	locked := a.lockout > 0 && a.refusals[account] >= a.lockout
	if !known || locked {
		a.refused++
		a.refusals[account]++
		return "", false
	}
	delete(a.refusals, account)
	a.logins++
	id = newSessionID()
	a.prune()
	a.sessions[id] = &session{user: user, expires: time.Now().Add(a.lifetime)}
	return id, true
}

// find looks for the user whom a credential proves.
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
	s, ok := a.sessions[id]
	if !ok {
		return User{}, false
	}
	now := time.Now()
	if !now.Before(s.expires) {
		delete(a.sessions, id)
		return User{}, false
	}
	s.expires = now.Add(a.lifetime)
	return s.user, true
}

// secret is what stands for the password of a server in a session.
func (a *accounts) secret(id, server string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.sessions[id]
	if !ok {
		return ""
	}
	for guid, known := range s.secrets {
		if known == server {
			return guid
		}
	}
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	guid := fmt.Sprintf("{S:%x-%x-%x-%x-%x}", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	if s.secrets == nil {
		s.secrets = make(map[string]string)
	}
	s.secrets[guid] = server
	return guid
}

// isSecret reports whether a text stands for the password of a server in a
// session.
func (a *accounts) isSecret(id, text, server string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.sessions[id]
	return ok && server != "" && s.secrets[text] == server
}

// end ends a session; logout says that its owner wanted it.
func (a *accounts) end(id string, logout bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.sessions[id]; ok && logout {
		a.logouts++
	}
	delete(a.sessions, id)
}

func (a *accounts) expireAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.sessions)
}

func (a *accounts) active() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.prune()
	return len(a.sessions)
}

// prune forgets the sessions that have expired.
func (a *accounts) prune() {
	now := time.Now()
	for id, s := range a.sessions {
		if !now.Before(s.expires) {
			delete(a.sessions, id)
		}
	}
}

func (a *accounts) locked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for account, n := range a.refusals {
		if a.lockout > 0 && n >= a.lockout {
			names = append(names, account)
		}
	}
	slices.Sort(names)
	return names
}

func (a *accounts) unlock(user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.refusals, canonicalUser(user))
}

func (a *accounts) setUsers(users []User) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users = slices.Clone(users)
	for id, s := range a.sessions {
		i := slices.IndexFunc(users, func(u User) bool { return canonicalUser(u.Name) == canonicalUser(s.user.Name) })
		if i < 0 {
			delete(a.sessions, id)
			continue
		}
		s.user = users[i]
	}
}

func (a *accounts) count(n *int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return *n
}

func (a *accounts) resetCounts() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.logins, a.refused, a.logouts = 0, 0, 0
}

// canonicalUser brings `DOMAIN\user` and `user@domain` to one form.
func canonicalUser(name string) string {
	name = strings.ToLower(name)
	if domain, user, ok := strings.Cut(name, `\`); ok {
		return user + "@" + domain
	}
	return name
}

// newSessionID makes an id of the form that Enterprise Manager uses: 16 random
// bytes as 22 characters of base64url.
func newSessionID() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
