package aem

import (
	"fmt"
	"io"
	"log/slog"
)

// Password is a password to send. However it is printed, logged or marshaled, it is
// not shown. The zero Password is none.
type Password struct {
	// hidden returns the password and the session outside of which it means nothing,
	// "" for a real one. No printer looks into a function.
	hidden func() (text, session string)
}

const shownPassword = "<secret>"

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
	return shownPassword
}

// GoString hides the password.
func (p Password) GoString() string { return fmt.Sprintf("aem.NewPassword(%q)", p.String()) }

// Format hides the password, whatever the verb.
func (p Password) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, p.GoString())
		return
	}
	_, _ = io.WriteString(f, p.String())
}

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
