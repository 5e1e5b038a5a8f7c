package aem

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Login is what a session is opened with.
type Login struct {
	User   string
	Secret Password
}

// check refuses what cannot be sent as "user:secret". It does not repeat the
// user name, which holds the secret when somebody put both into it.
func (l Login) check() error {
	switch {
	case l.User == "":
		return errors.New("the user name is empty")
	case strings.Contains(l.User, ":"):
		return errors.New("the user name must not contain a colon")
	case !l.Secret.IsSet():
		return errors.New("the password or token is empty")
	}
	return nil
}

// secret is for the request only.
func (l Login) secret() string {
	text, _ := l.Secret.reveal()
	return text
}

// basic is the login as the credentials of HTTP basic authentication.
func (l Login) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(l.User + ":" + l.secret()))
}

// CredentialsFunc returns the login to use. It is asked at every login, so that
// rotated credentials are picked up, and while a login is refused at every call.
type CredentialsFunc func(ctx context.Context) (Login, error)

// ActiveDirectory signs in with a password. With an empty domain the user name
// is sent as it is (user@domain or DOMAIN\user), else as domain\username.
func ActiveDirectory(username, domain, password string) CredentialsFunc {
	if domain != "" {
		username = domain + `\` + username
	}
	return fixed(username, password)
}

// The API knows by these user names that the password is a token.
const (
	userAPIToken = "api-token"
	userJWT      = "jwt"
)

// APIToken signs in with a personal access token (OpenID Connect, SAML).
func APIToken(token string) CredentialsFunc {
	return fixed(userAPIToken, token)
}

// JWT signs in with a JSON web token.
func JWT(token string) CredentialsFunc {
	return fixed(userJWT, token)
}

func fixed(user, secret string) CredentialsFunc {
	l := Login{user, NewPassword(secret)}
	return func(context.Context) (Login, error) { return l, nil }
}

// Password is a password to send. However it is printed, logged or marshaled, it is
// not shown. The zero Password is none.
type Password struct {
	// hidden returns the password and the session outside of which it means nothing,
	// "" for a real one. No printer looks into a function.
	hidden func() (text, session string)
}

// NewPassword makes a Password of its text.
func NewPassword(text string) Password {
	if text == "" {
		return Password{}
	}
	return Password{func() (string, string) { return text, "" }}
}

// IsSet reports whether there is a password.
func (p Password) IsSet() bool { return p.hidden != nil }

// String hides the password.
func (p Password) String() string {
	if p.hidden == nil {
		return ""
	}
	return hiddenSecret
}

// Format hides the password, whatever the verb.
func (p Password) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// LogValue hides the password.
func (p Password) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText hides the password.
func (p Password) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// reveal returns the password, for the request only, and the session to which it is
// bound.
func (p Password) reveal() (text, session string) {
	if p.hidden == nil {
		return "", ""
	}
	return p.hidden()
}
