// Package config reads the exporter's configuration.
//
// Only Load, Parse and FromEnv make a Config, and they make it whole: defaults
// are filled in, everything has been checked, and a Config that exists is one to
// run with. Reading is strict. What is wrong is told with its file, line and key,
// all of it together, and never with a credential in the text.
package config

import (
	"fmt"
	"slices"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// Config is a checked configuration. It is immutable.
type Config struct {
	managers []Manager
	redacted string
}

// Manager is one Enterprise Manager and how it is to be polled.
type Manager struct {
	Name string // the manager label; unique
	URL  string // https://host[:port][/path], without user, query and fragment

	PollInterval          time.Duration // start of one poll to the start of the next
	RequestTimeout        time.Duration // one API call
	MaxAge                time.Duration // age at which a snapshot is no longer served
	MaxConcurrentRequests int
	MaxRequestsPerSecond  float64 // 0: no limit
	MaxResponseBytes      int64
	Retries               int // of one idempotent call

	Auth  Auth
	TLS   promconfig.TLSConfig   // file names are resolved
	Proxy promconfig.ProxyConfig // may hold the proxy's password; Manager's own methods hide it
	HTTP2 bool

	Servers    Filter
	Tasks      Filter
	Tags       []string // when there are any: only tasks that bear one of them
	Tables     Tables
	Collectors Collectors

	LatencyObjectives []LatencyObjective // the first that matches counts
}

// Managers returns the Enterprise Managers, in the file's order; there is at
// least one.
func (c *Config) Managers() []Manager { return slices.Clone(c.managers) }

// Redacted returns the configuration in force as YAML: defaults filled in,
// secrets shown as <secret>.
func (c *Config) Redacted() string { return c.redacted }

// newConfig makes the Config of managers that have been checked.
func newConfig(managers []Manager) (*Config, error) {
	redacted, err := redact(managers)
	if err != nil {
		return nil, fmt.Errorf("showing the configuration: %w", err)
	}
	return &Config{managers: managers, redacted: redacted}, nil
}
