package config

import (
	"crypto/tls"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// place is a mapping of the file whose keys are checked against each other.
type place struct {
	d    *decoder
	path string
}

func (p place) key(name string) string  { return join(p.path, name) }
func (p place) has(name string) bool    { return p.d.has(p.key(name)) }
func (p place) name(name string) string { return p.d.name(p.key(name)) }

func (p place) failed(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return p.d.failed(p.key(name)) })
}

func (p place) fail(name, format string, args ...any) { p.d.fail(p.key(name), format, args...) }

// checker is what knows more about its values than one key says.
type checker interface{ check(at place) }

// check lets every part of the configuration check itself, the inner ones first.
// What is not even a mapping has been told.
func (d *decoder) check(v reflect.Value, path string) {
	if d.failed(path) {
		return
	}
	switch {
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			d.check(v.Index(i), entryPath(path, i))
		}
	case isMapping(v.Type()):
		for _, f := range fieldsOf(v.Type()) {
			d.check(v.FieldByIndex(f.Index), join(path, f.name))
		}
		if c, ok := v.Addr().Interface().(checker); ok {
			c.check(place{d, path})
		}
	}
}

// newManager is a manager before its own keys are read.
func (d *decoder) newManager() Manager {
	var m Manager
	d.setDefaults(reflect.ValueOf(&m).Elem())
	m.Settings = d.root.Defaults
	return m
}

// tableSweeps is the default of tables.interval, in poll intervals.
const tableSweeps = 5

// check fills in the defaults that depend on other keys as well.
func (m *Manager) check(at place) {
	if !at.has("url") {
		at.fail("url", "missing: %s", wantURL)
	}
	if m.Name == "" && !at.has("name") {
		m.Name = hostOf(m.URL)
	}
	m.checkIntervals(at)
	switch {
	case !at.has("tables.interval"):
		m.Tables.Interval = tableSweeps * m.PollInterval
	case m.Tables.Interval == 0:
		m.Tables.Interval = m.PollInterval
	}
	m.Proxy.check(at)
	for _, name := range sortedKeys(m.HTTPHeaders) {
		checkHeader(at.d, at.key("http_headers."+name), name, m.HTTPHeaders[name])
	}
	m.warn(at)
}

// check is that of the defaults; a manager's are checked with the manager.
func (s *Settings) check(at place) { s.checkAges(at) }

// checkIntervals lowers what was inherited, and refuses what was not.
func (m *Manager) checkIntervals(at place) {
	if at.has("state_interval") && m.StateInterval > m.PollInterval && !at.failed("state_interval") {
		at.fail("state_interval", "must be at most %s (%s), is %s", at.name("poll_interval"),
			formatDuration(m.PollInterval), formatDuration(m.StateInterval))
	}
	m.StateInterval = min(m.StateInterval, m.PollInterval)
	// What is wrong with the defaults themselves has been told.
	if defaults := at.d.root.Defaults; m.MaxAge != defaults.MaxAge || m.PollInterval != defaults.PollInterval {
		m.checkAges(at)
	}
}

// checkAges refuses readings that would be stale before the next ones.
func (s *Settings) checkAges(at place) {
	if s.MaxAge == 0 || s.MaxAge >= s.PollInterval || at.failed("poll_interval", "max_age") {
		return
	}
	where := "max_age"
	if !at.has(where) {
		where = "poll_interval"
	}
	at.fail(where, "%s (%s) must be at least %s (%s), or every reading would be too old before the next",
		at.name("max_age"), formatDuration(s.MaxAge), at.name("poll_interval"), formatDuration(s.PollInterval))
}

// check makes sure that there is a manager, and that each has a name of its own.
func (f *file) check(at place) {
	const path = "enterprise_managers"
	if len(f.Managers) == 0 && !at.failed(path) {
		at.fail(path, "missing: give at least one Enterprise Manager")
	}
	first := map[string]int{}
	for i, m := range f.Managers {
		other, taken := first[m.Name]
		switch {
		case m.Name == "":
			continue
		case !taken:
			first[m.Name] = i
			continue
		}
		where, what := join(entryPath(path, i), "name"), quoteShort(m.Name)+" is"
		if !at.has(where) {
			what = "missing: the URL's host " + what
		}
		at.fail(where, "%s the name of %s already; give each a name of its own", what, entryPath(path, other))
	}
}

// check makes sure that there is exactly one credential, of the type that is said.
func (a *Auth) check(at place) {
	if at.failed("type") {
		return // which keys belong there is not known
	}
	token := at.has("token") || at.has("token_file")
	password := at.has("password") || at.has("password_file")
	if !at.has("type") && token && !password {
		at.fail("type", "missing: a token goes with %s or %s", APIToken, JWT)
		return
	}
	if a.Type == ActiveDirectory {
		at.oneCredential("password", "password_file")
		at.foreign(a, "token", "token_file")
		a.checkUser(at)
		return
	}
	at.oneCredential("token", "token_file")
	at.foreign(a, "username", "domain", "password", "password_file")
}

// oneCredential makes sure that exactly one of two keys is given.
func (p place) oneCredential(inline, file string) {
	both := p.name(inline) + " and " + p.name(file)
	switch {
	case p.has(inline) && p.has(file):
		p.fail(file, "exactly one of %s must be given, not both", both)
	case !p.has(inline) && !p.has(file):
		p.d.fail(p.path, "no credential: exactly one of %s must be given", both)
	}
}

// foreign refuses the keys of another type of authentication.
func (p place) foreign(a *Auth, keys ...string) {
	for _, key := range keys {
		if p.has(key) {
			p.fail(key, "does not go with %s %s", p.name("type"), a.Type)
		}
	}
}

func (a *Auth) checkUser(at place) {
	switch {
	case !at.has("username"):
		at.fail("username", `missing: give user, DOMAIN\user or user@domain`)
	case strings.Contains(a.Username, ":"):
		at.fail("username", "must not hold a colon")
	case at.has("domain") && strings.ContainsAny(a.Username, `\@`):
		at.fail("domain", `must not be given when %s already has a domain (DOMAIN\user, user@domain)`, at.name("username"))
	}
	if strings.ContainsAny(a.Domain, `:\@`) {
		at.fail("domain", `must not hold ":", "\" or "@"`)
	}
}

// check makes sure that certificate and key are both there and belong together.
func (t *TLS) check(at place) {
	cert, key := at.has("cert_file"), at.has("key_file")
	switch {
	case at.failed("cert_file", "key_file"):
	case cert && !key:
		at.fail("cert_file", "needs %s", at.name("key_file"))
	case key && !cert:
		at.fail("key_file", "needs %s", at.name("cert_file"))
	case cert:
		if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
			at.fail("key_file", "does not go with %s: %s", at.name("cert_file"), strings.TrimPrefix(err.Error(), "tls: "))
		}
	}
}

// check refuses keys that contradict each other, as Prometheus does.
func (p *Proxy) check(at place) {
	const environment = "proxy_from_environment"
	switch {
	case p.ProxyFromEnvironment && at.has("proxy_url"):
		at.fail(environment, "must not be true when %s is given", at.name("proxy_url"))
	case p.ProxyFromEnvironment && at.has("no_proxy"):
		at.fail(environment, "must not be true when %s is given: NO_PROXY says it", at.name("no_proxy"))
	case at.has("no_proxy") && !at.has("proxy_url"):
		at.fail("no_proxy", "needs %s", at.name("proxy_url"))
	}
}

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

func (o *Objective) check(at place) {
	if o.Latency == 0 && o.FullLoad == 0 && o.Running == nil && o.Priority == "" && !at.d.failedWithin(at.path) {
		at.d.fail(at.path, "expects nothing: give at least one of latency, full_load, running and priority")
	}
}

func (l *ServerLimit) check(at place) {
	if l.Memory == 0 && l.Disk == 0 && !at.d.failedWithin(at.path) {
		at.d.fail(at.path, "limits nothing: give memory, disk or both")
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
