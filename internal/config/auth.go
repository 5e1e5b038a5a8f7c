package config

import (
	"errors"
	"strings"
)

// AuthType says what Enterprise Manager is shown at login.
type AuthType string

// The types of authentication.
const (
	ActiveDirectory AuthType = "active_directory" // user name and password
	APIToken        AuthType = "api_token"        // personal access token (OpenID Connect)
	JWT             AuthType = "jwt"              // JSON web token
)

// Auth is how to log in. Exactly one of Password, PasswordFile, Token and
// TokenFile is set, as Type asks for.
type Auth struct {
	Type         AuthType
	Username     string
	Domain       string // "" or the DOMAIN of DOMAIN\user
	Password     Secret
	PasswordFile string // resolved
	Token        Secret
	TokenFile    string // resolved
}

// Secret returns the password or token. A file is read at every call, so that a
// credential can be changed while the exporter runs.
func (a Auth) Secret() (string, error) {
	switch {
	case a.PasswordFile != "":
		return readSecret(a.PasswordFile)
	case a.TokenFile != "":
		return readSecret(a.TokenFile)
	case !a.Password.IsZero():
		return a.Password.Reveal(), nil
	case !a.Token.IsZero():
		return a.Token.Reveal(), nil
	}
	return "", errors.New("no credential is configured")
}

func authFields(a *Auth) []field {
	return []field{
		{name: "type", codec: oneOf(&a.Type, ActiveDirectory, APIToken, JWT), doc: "how to log in: user name and password, personal access token (OpenID Connect), or JSON web token"},
		{name: "username", codec: expandedText(&a.Username), doc: `active_directory, required: user, DOMAIN\user or user@domain`},
		{name: "domain", codec: expandedText(&a.Domain), doc: `active_directory: with username user it makes DOMAIN\user`},
		{name: "password", codec: secret(&a.Password), doc: "active_directory: exactly one of password and password_file; Enterprise Manager takes none with a colon"},
		{name: "password_file", codec: fileName(&a.PasswordFile, secretFile), doc: "active_directory: file that holds the password, read again at every login"},
		{name: "token", codec: secret(&a.Token), doc: "api_token and jwt: exactly one of token and token_file"},
		{name: "token_file", codec: fileName(&a.TokenFile, secretFile), doc: "api_token and jwt: file that holds the token, read again at every login"},
	}
}

// checkAuth checks what the single keys of auth could not.
func (d *decoder) checkAuth(a *Auth, path string) {
	if d.failed(path) || d.failed(join(path, "type")) {
		return // which keys belong there is not known
	}
	token := d.has(join(path, "token")) || d.has(join(path, "token_file"))
	password := d.has(join(path, "password")) || d.has(join(path, "password_file"))
	if !d.has(join(path, "type")) && token && !password {
		d.fail(join(path, "type"), "missing: a token goes with %s or %s", APIToken, JWT)
		return
	}
	if a.Type == ActiveDirectory {
		d.oneCredential(path, "password", "password_file")
		d.foreign(a, path, "token", "token_file")
		d.checkUser(a, path)
		return
	}
	d.oneCredential(path, "token", "token_file")
	d.foreign(a, path, "username", "domain", "password", "password_file")
}

// oneCredential makes sure that exactly one of two keys is given.
func (d *decoder) oneCredential(path, inline, file string) {
	inlinePath, filePath := join(path, inline), join(path, file)
	both := d.name(inlinePath) + " and " + d.name(filePath)
	switch {
	case d.has(inlinePath) && d.has(filePath):
		d.fail(filePath, "exactly one of %s must be given, not both", both)
	case !d.has(inlinePath) && !d.has(filePath):
		d.fail(path, "no credential: exactly one of %s must be given", both)
	}
}

// foreign refuses the keys of another type of authentication.
func (d *decoder) foreign(a *Auth, path string, keys ...string) {
	for _, key := range keys {
		if at := join(path, key); d.has(at) {
			d.fail(at, "does not go with %s %s", d.name(join(path, "type")), a.Type)
		}
	}
}

func (d *decoder) checkUser(a *Auth, path string) {
	user, domain := join(path, "username"), join(path, "domain")
	switch {
	case !d.has(user):
		d.fail(user, `missing: give user, DOMAIN\user or user@domain`)
	case strings.Contains(a.Username, ":"):
		d.fail(user, "must not hold a colon")
	case d.has(domain) && strings.ContainsAny(a.Username, `\@`):
		d.fail(domain, `must not be given when %s already has a domain (DOMAIN\user, user@domain)`, d.name(user))
	}
	if strings.ContainsAny(a.Domain, `:\@`) {
		d.fail(domain, `must not hold ":", "\" or "@"`)
	}
}
