package config

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what a secret looks like, however it is printed.
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

// Equal reports whether both are the same text.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// String returns <secret>, or "" when there is none.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return hidden
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// Format writes String, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String; encoding/json uses it as well.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON is String, quoted.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalYAML is String.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
