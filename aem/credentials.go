package aem

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Login is what a session is opened with. However it is printed or logged, its
// secret is not shown.
type Login struct {
	User   string
	Secret string `json:"-"`
}

// String shows the user only.
func (l Login) String() string { return l.User + ":<secret>" }

// GoString shows the user only.
func (l Login) GoString() string {
	return fmt.Sprintf("aem.Login{User:%q, Secret:%q}", l.User, "<secret>")
}

// Format shows the user only, whatever the verb.
func (l Login) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, l.GoString())
		return
	}
	_, _ = io.WriteString(f, l.String())
}

// LogValue shows the user only.
func (l Login) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", l.User), slog.String("secret", "<secret>"))
}

// check refuses what cannot be sent as "user:secret". It does not repeat the
// user name, which holds the secret when somebody put both into it.
func (l Login) check() error {
	switch {
	case l.User == "":
		return errors.New("the user name is empty")
	case strings.Contains(l.User, ":"):
		return errors.New("the user name must not contain a colon")
	case l.Secret == "":
		return errors.New("the password or token is empty")
	}
	return nil
}

// basic is the login as the credentials of HTTP basic authentication.
func (l Login) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(l.User + ":" + l.Secret))
}

// CredentialsFunc returns the login to use. It is asked at every login, so that
// rotated credentials are picked up, and while a login is refused at every call.
type CredentialsFunc func(ctx context.Context) (Login, error)

// ActiveDirectory signs in with a password. With an empty domain the user name
// is sent as it is (user@domain or DOMAIN\user), else as domain\username.
func ActiveDirectory(username, domain, password string) CredentialsFunc {
	return fixed(Login{User: ADUser(username, domain), Secret: password})
}

// The API knows by these user names that the password is a token.
const (
	userAPIToken = "api-token"
	userJWT      = "jwt"
)

// APIToken signs in with a personal access token (OpenID Connect, SAML).
func APIToken(token string) CredentialsFunc {
	return fixed(Login{User: userAPIToken, Secret: token})
}

// JWT signs in with a JSON web token.
func JWT(token string) CredentialsFunc {
	return fixed(Login{User: userJWT, Secret: token})
}

// ADUser is the user name of an Active Directory account as the API wants it.
func ADUser(username, domain string) string {
	if domain == "" {
		return username
	}
	return domain + `\` + username
}

func fixed(l Login) CredentialsFunc {
	return func(context.Context) (Login, error) { return l, nil }
}

const (
	maxMessage = 300 // characters of an error message that are shown
	maxCode    = 80  // characters of an error code that are shown
	maxSecrets = 64  // texts that a scrubber keeps
	minSecret  = 8   // a shorter text, taken out, would mangle words and so give itself away
)

// A scrubber takes the secrets of a client out of texts that come from outside:
// a server or a proxy may send back what it was sent.
type scrubber struct {
	mu      sync.RWMutex
	secrets []string // the oldest first
}

// add makes the scrubber know secrets, and their usual spellings.
func (s *scrubber) add(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		for _, text := range []string{secret, html.EscapeString(secret), url.QueryEscape(secret), escape(secret)} {
			if len(text) < minSecret {
				continue
			}
			// What is added again moves to the end: the current login is kept.
			s.secrets = slices.DeleteFunc(s.secrets, func(known string) bool { return known == text })
			s.secrets = append(s.secrets, text)
		}
	}
	if extra := len(s.secrets) - maxSecrets; extra > 0 {
		s.secrets = slices.Delete(s.secrets, 0, extra)
	}
}

// clean returns a text without secrets, in one line and of limited length.
func (s *scrubber) clean(text string, limit int) string {
	s.mu.RLock()
	secrets := slices.Clone(s.secrets)
	s.mu.RUnlock()
	// Longest first, so that no end of one stays behind.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		pairs = append(pairs, secret, "<secret>")
	}
	return oneLine(strings.NewReplacer(pairs...).Replace(text), limit)
}

// oneLine replaces everything that would break a line of a log, and cuts.
func oneLine(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	text = strings.Join(words, " ")
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}
