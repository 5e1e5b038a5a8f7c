package config

import (
	"crypto/tls"
	"net/http"
	"regexp"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// inherit gives a manager what the defaults say, before its own keys are read.
func (m *Manager) inherit(f *file) { m.Settings = f.Defaults }

// tableSweeps is the default of tables.interval, in poll intervals.
const tableSweeps = 5

// check fills in the defaults that depend on other keys as well.
func (m *Manager) check(d *decoder, path string) {
	if !d.has(join(path, "url")) {
		d.fail(join(path, "url"), "missing: %s", wantURL)
	}
	if m.Name == "" && !d.has(join(path, "name")) {
		m.Name = hostOf(m.URL)
	}
	m.checkIntervals(d, path)
	switch {
	case !d.has(join(path, "tables.interval")):
		m.Tables.Interval = tableSweeps * m.PollInterval
	case m.Tables.Interval == 0:
		m.Tables.Interval = m.PollInterval
	}
	m.Proxy.check(d, path)
	for _, name := range sortedKeys(m.HTTPHeaders) {
		checkHeader(d, join(join(path, "http_headers"), name), name, m.HTTPHeaders[name])
	}
	m.warn(d, path)
}

// check is that of the defaults; a manager's are checked with the manager.
func (s *Settings) check(d *decoder, path string) { s.checkAges(d, path) }

// checkIntervals lowers what was inherited, and refuses what was not.
func (m *Manager) checkIntervals(d *decoder, path string) {
	state := join(path, "state_interval")
	if d.has(state) && m.StateInterval > m.PollInterval && !d.failed(state) {
		d.fail(state, "must be at most %s (%s), is %s", d.name(join(path, "poll_interval")),
			formatDuration(m.PollInterval), formatDuration(m.StateInterval))
	}
	m.StateInterval = min(m.StateInterval, m.PollInterval)
	// What is wrong with the defaults themselves has been told.
	if m.MaxAge != d.root.Defaults.MaxAge || m.PollInterval != d.root.Defaults.PollInterval {
		m.checkAges(d, path)
	}
}

// checkAges refuses readings that would be stale before the next ones.
func (s *Settings) checkAges(d *decoder, path string) {
	interval, age := join(path, "poll_interval"), join(path, "max_age")
	if s.MaxAge == 0 || s.MaxAge >= s.PollInterval || d.failed(interval) || d.failed(age) {
		return
	}
	where := age
	if !d.has(age) {
		where = interval
	}
	d.fail(where, "%s (%s) must be at least %s (%s), or every reading would be too old before the next",
		d.name(age), formatDuration(s.MaxAge), d.name(interval), formatDuration(s.PollInterval))
}

// check makes sure that there is a manager, and that each has a name of its own.
func (f *file) check(d *decoder, _ string) {
	const path = "enterprise_managers"
	if len(f.Managers) == 0 && !d.failed(path) {
		d.fail(path, "missing: give at least one Enterprise Manager")
	}
	first := map[string]int{}
	for i, m := range f.Managers {
		if m.Name == "" {
			continue
		}
		other, taken := first[m.Name]
		if !taken {
			first[m.Name] = i
			continue
		}
		where, previous := join(entryPath(path, i), "name"), entryPath(path, other)
		what := quoteShort(m.Name) + " is"
		if !d.has(where) {
			what = "missing: the URL's host " + what
		}
		d.fail(where, "%s the name of %s already; give each a name of its own", what, previous)
	}
}

// check makes sure that there is exactly one credential, of the type that is said.
func (a *Auth) check(d *decoder, path string) {
	if d.failed(join(path, "type")) {
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
		a.checkUser(d, path)
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

func (a *Auth) checkUser(d *decoder, path string) {
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

// check makes sure that certificate and key are both there and belong together.
func (t *TLS) check(d *decoder, path string) {
	cert, key := join(path, "cert_file"), join(path, "key_file")
	switch {
	case d.failed(cert) || d.failed(key):
	case d.has(cert) && !d.has(key):
		d.fail(cert, "needs %s", d.name(key))
	case d.has(key) && !d.has(cert):
		d.fail(key, "needs %s", d.name(cert))
	case d.has(cert):
		if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
			d.fail(key, "does not go with %s: %s", d.name(cert), strings.TrimPrefix(err.Error(), "tls: "))
		}
	}
}

// check refuses keys that contradict each other, as Prometheus does.
func (p *Proxy) check(d *decoder, path string) {
	proxy, except := join(path, "proxy_url"), join(path, "no_proxy")
	environment := join(path, "proxy_from_environment")
	switch {
	case p.ProxyFromEnvironment && d.has(proxy):
		d.fail(environment, "must not be true when %s is given", d.name(proxy))
	case p.ProxyFromEnvironment && d.has(except):
		d.fail(environment, "must not be true when %s is given: NO_PROXY says it", d.name(except))
	case d.has(except) && !d.has(proxy):
		d.fail(except, "needs %s", d.name(proxy))
	}
}

// headerName is what a header may be called.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// checkHeader refuses what cannot be sent, and what the exporter itself sends.
func checkHeader(d *decoder, path, name string, h Header) {
	_, reserved := promconfig.ReservedHeaders[http.CanonicalHeaderKey(name)]
	switch {
	case !headerName.MatchString(name):
		d.fail(path, "is not the name of a header")
	case reserved || strings.HasPrefix(strings.ToLower(name), "enterprisemanager."):
		d.fail(path, "is a header that the exporter sends itself")
	case len(h.Values)+len(h.Secrets)+len(h.Files) == 0 && !d.failedWithin(path):
		d.fail(path, "has no value: give values, secrets or files")
	}
}

func (o *Objective) check(d *decoder, path string) {
	if o.Latency == 0 && o.FullLoad == 0 && o.Running == nil && o.Priority == "" && !d.failedWithin(path) {
		d.fail(path, "expects nothing: give at least one of latency, full_load, running and priority")
	}
}

func (l *ServerLimit) check(d *decoder, path string) {
	if l.Memory == 0 && l.Disk == 0 && !d.failedWithin(path) {
		d.fail(path, "limits nothing: give memory, disk or both")
	}
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
