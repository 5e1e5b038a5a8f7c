package config

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse: whatever the file, there is an error or a valid configuration, and
// what the environment holds stands in neither's text unless it is a part that
// is meant to be seen.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, exampleFile) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add([]byte(strings.ReplaceAll(string(data), canary, "${CANARY}")))
	}
	f.Add([]byte(secretive))
	f.Add([]byte(minimal))
	// Not a host and no regular expression; nothing escapes it either.
	const fuzzCanary = "(Canary/7f3a"
	getenv := func(name string) string {
		if name == "NONE" {
			return ""
		}
		return fuzzCanary
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), fuzzCanary) {
			return
		}
		cfg, err := Parse("fuzz.yml", data, getenv)
		if err != nil {
			if cfg != nil {
				t.Error("a Config besides an error")
			}
			if strings.Contains(err.Error(), fuzzCanary) {
				t.Errorf("the error shows the environment: %v", err)
			}
			return
		}
		seen := false
		for _, m := range cfg.Managers() {
			check(t, m)
			seen = seen || strings.Contains(m.URL+m.Auth.Username+m.Auth.Domain+m.Auth.PasswordFile+m.Auth.TokenFile+
				m.TLS.CAFile+m.TLS.CertFile+m.TLS.KeyFile+shownOfProxy(m.ProxyURL.URL), fuzzCanary)
		}
		if !seen && strings.Contains(cfg.Redacted(), fuzzCanary) {
			t.Errorf("a credential is shown:\n%s", cfg.Redacted())
		}
	})
}

// shownOfProxy is what may be seen of a proxy's URL.
func shownOfProxy(u *url.URL) string {
	if u == nil {
		return ""
	}
	without := *u
	without.User = url.User(u.User.Username())
	return without.String()
}

// check holds the promises of a Manager.
func check(t *testing.T, m Manager) {
	t.Helper()
	u, err := url.Parse(m.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		t.Errorf("URL %q", m.URL)
	case m.Name == "" || m.PollInterval <= 0 || m.RequestTimeout <= 0 || m.MaxAge > 0 && m.MaxAge < m.PollInterval ||
		m.StateInterval > m.PollInterval || m.StateInterval <= 0:
		t.Errorf("%s: poll interval %s, time-out %s, max age %s", m, m.PollInterval, m.RequestTimeout, m.MaxAge)
	case m.MaxConcurrentRequests < 1 || !(m.MaxRequestsPerSecond >= 0) || m.MaxResponseBytes < 1 || m.Retries < 0 ||
		m.Retries > 10:
		t.Errorf("%s: limits", m)
	case m.Tables.Limit < 1 || m.Tables.Interval < 0 || m.Tables.Mode == "":
		t.Errorf("%s: tables %+v", m, m.Tables)
	}
	if _, err := m.Auth.Secret(); err != nil {
		t.Errorf("%s: %v", m, err)
	}
	for _, o := range m.Objectives {
		if o.Latency <= 0 && o.FullLoad <= 0 && o.Running == nil && o.Priority == "" {
			t.Errorf("%s: an objective that expects nothing", m)
		}
	}
	if !m.Equal(m) {
		t.Errorf("%s does not equal itself", m)
	}
}
