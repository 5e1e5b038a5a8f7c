package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// redact writes managers as a configuration file.
func redact(managers []Manager) (string, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, m := range managers {
		list.Content = append(list.Content, m.node())
	}
	file := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("!!str", "enterprise_managers"), list}}
	var b strings.Builder
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(file); err != nil {
		return "", err
	}
	return b.String(), encoder.Close()
}

// node is the manager as YAML, secrets hidden.
func (m Manager) node() *yaml.Node { return encodeMapping(managerFields(&m)) }

// Equal reports whether the two are the same, secrets included. What the files
// hold that they name is no part of it: those are read again when used.
func (m Manager) Equal(o Manager) bool {
	return same(m.node(), o.node()) &&
		m.Auth.Password.Equal(o.Auth.Password) && m.Auth.Token.Equal(o.Auth.Token) &&
		// node hides the proxy's password.
		fullURL(m.Proxy.ProxyURL.URL) == fullURL(o.Proxy.ProxyURL.URL)
}

// String returns name and URL.
func (m Manager) String() string { return m.Name + " (" + m.URL + ")" }

// GoString is String.
func (m Manager) GoString() string { return m.String() }

// Format writes String, whatever the verb: the fields hold credentials.
func (m Manager) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// LogValue is String.
func (m Manager) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalYAML shows the manager as in a configuration file, secrets hidden.
func (m Manager) MarshalYAML() (any, error) { return m.node(), nil }

// MarshalJSON is MarshalYAML as JSON.
func (m Manager) MarshalJSON() ([]byte, error) {
	var v any
	if err := m.node().Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// String returns the names of the managers.
func (c *Config) String() string {
	var names []string
	for _, m := range c.managers {
		names = append(names, m.Name)
	}
	return "enterprise managers " + strings.Join(names, ", ")
}

// fullURL is the URL with its password, "" for nil: for comparison only.
func fullURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.String()
}

// same compares two values as they would be written.
func same(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, same)
}
