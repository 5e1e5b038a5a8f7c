// Package config reads the exporter's configuration.
//
// Only Load, Parse and FromEnv make a Config, and they make it whole: defaults
// are filled in, everything has been checked, and a Config that exists is one to
// run with. Reading is strict. What is wrong is told with its file, line and key,
// all of it together, and never with a credential in the text.
package config

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Config is a checked configuration. It is immutable.
type Config struct {
	managers []Manager
	links    Links
	warnings []string
}

// Links returns where the status page leads to.
func (c *Config) Links() Links { return c.links }

// Managers returns the Enterprise Managers, in the file's order; there is at
// least one.
func (c *Config) Managers() []Manager { return slices.Clone(c.managers) }

// Warnings returns what is legal and yet a likely slip, one line each.
func (c *Config) Warnings() []string { return slices.Clone(c.warnings) }

// Redacted returns the configuration in force as YAML: defaults filled in,
// secrets shown as <secret>.
func (c *Config) Redacted() string {
	all := encoded(reflect.ValueOf(file{Managers: c.managers, Links: c.links}), field{})
	all.Content = all.Content[2:] // without the defaults, which every manager has by now
	return written(all)
}

// String returns the names of the managers.
func (c *Config) String() string {
	var names []string
	for _, m := range c.managers {
		names = append(names, m.Name)
	}
	return "enterprise managers " + strings.Join(names, ", ")
}

// Equal reports whether the two are the same, secrets included. What the files
// hold that they name is no part of it: those are read again when used.
func (m Manager) Equal(o Manager) bool { return reflect.DeepEqual(m, o) }

// KeyName is what whoever configured the manager calls a key: its path, or its environment
// variable.
func (m Manager) KeyName(path string) string {
	if name := m.variables[managerPath+"."+path]; name != "" {
		return name
	}
	return path
}

// String returns name and URL.
func (m Manager) String() string { return m.Name + " (" + m.URL + ")" }

// Format writes String, whatever the verb: the fields hold credentials.
func (m Manager) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// MarshalText is String, for encoders and loggers.
func (m Manager) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
