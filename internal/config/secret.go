package config

import (
	"fmt"
	"io"
)

const hidden = "<secret>"

// Secret is a text that must not be shown. Every way to print it gives <secret>,
// or nothing when there is none; only Reveal gives the text.
//
// The text is behind a pointer because fmt calls no methods on values that it
// reaches through unexported fields: there it prints an address.
type Secret struct{ text *string }

func newSecret(text string) Secret { return Secret{text: &text} }

// Reveal returns the text, "" when there is none.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String returns <secret>, or "" when there is none.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return hidden
}

// Format writes String, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText is String, for encoders and loggers.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
