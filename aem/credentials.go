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
