package config

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func managerFields(m *Manager) []field {
	fields := []field{
		{name: "name", codec: text(&m.Name), doc: "the manager label; unique", byDefault: "the URL's host, with its port unless that is the scheme's own"},
		{name: "url", codec: address(&m.URL), doc: "required: https://host[:port]/attunityenterprisemanager; the path may be left out"},
	}
	fields = append(fields, settings(m)...)
	fields = append(fields,
		field{name: "auth", codec: mapping(authFields(&m.Auth)), doc: "how to log in"},
		field{name: "tls_config", codec: mapping(tlsFields(&m.TLS)), doc: "as in Prometheus"},
	)
	fields = append(fields, proxyFields(&m.Proxy)...)
	return append(fields,
		field{name: "http2", codec: boolean(&m.HTTP2), doc: "Enterprise Manager is known to offer HTTP/2 and break it"},
		field{name: "servers", codec: mapping(filterFields(&m.Servers, "server names")), doc: "which servers"},
		field{name: "tasks", codec: mapping(taskFields(m)), doc: "which tasks"},
		field{name: "tables", codec: mapping(tableFields(&m.Tables)), doc: "table statuses"},
		field{name: "collectors", codec: mapping(collectorFields(&m.Collectors)), doc: "what costs more or needs more than the Viewer role; all off by default"},
		field{name: "latency_objectives", codec: objectives(&m.LatencyObjectives), doc: "the first that matches; a task's own tag latency_objective=5m goes before"},
	)
}

func taskFields(m *Manager) []field {
	return append(filterFields(&m.Tasks, "task names"),
		field{name: "tags", codec: textList(&m.Tags), doc: "when given, only tasks that bear one of these tags"})
}

// checkManager checks what the single keys of a manager could not, and fills in
// the defaults that depend on other keys.
func (d *decoder) checkManager(m, defaults *Manager, path string) {
	if d.failed(path) {
		return // not even a mapping
	}
	if !d.has(join(path, "url")) {
		d.fail(join(path, "url"), "missing: %s", wantURL)
	}
	if m.Name == "" && !d.has(join(path, "name")) {
		m.Name = hostOf(m.URL)
	}
	// What is wrong with the defaults themselves has been told.
	if m.MaxAge != defaults.MaxAge || m.PollInterval != defaults.PollInterval {
		d.checkAges(m, path)
	}
	if m.MaxAge == 0 {
		m.MaxAge = maxAgePolls * m.PollInterval
	}
	d.checkAuth(&m.Auth, join(path, "auth"))
	d.checkTLS(&m.TLS, join(path, "tls_config"))
	d.checkProxy(&m.Proxy, path)
}

// checkManagers checks the managers as a list.
func (d *decoder) checkManagers(managers []Manager) {
	const path = "enterprise_managers"
	if len(managers) == 0 && !d.failed(path) && !d.failed("") {
		d.fail(path, "missing: give at least one Enterprise Manager")
	}
	first := map[string]int{}
	for i, m := range managers {
		if m.Name == "" {
			continue
		}
		other, taken := first[m.Name]
		if !taken {
			first[m.Name] = i
			continue
		}
		entry, previous := fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%s[%d]", path, other)
		where := join(entry, "name")
		if !d.has(where) {
			d.fail(where, "missing: the URL's host %s is the name of %s already; give each a name of its own", quoteShort(m.Name), previous)
			continue
		}
		d.fail(where, "%s is the name of %s already; give each a name of its own", quoteShort(m.Name), previous)
	}
}

const wantURL = "give the address of Enterprise Manager, for example https://qem.example.com/attunityenterprisemanager"

// address is the URL of an Enterprise Manager. No message quotes it: people put
// passwords into URLs.
func address(p *string) codec {
	return codec{
		kind: "URL",
		decode: func(d *decoder, v value) {
			s, ok := d.expanded(v)
			if !ok {
				return
			}
			u, err := url.Parse(s)
			switch {
			case err != nil || strings.ContainsAny(s, " \t"):
				d.fail(v.path, "is not a URL: %s", wantURL)
			case u.Scheme != "https" && u.Scheme != "http":
				d.fail(v.path, "must begin with https:// or http://: %s", wantURL)
			case u.User != nil:
				auth := join(parent(v.path), "auth")
				d.fail(v.path, "must not hold a user or password: give them as %s and %s",
					d.name(join(auth, "username")), d.name(join(auth, "password")))
			case u.Hostname() == "":
				d.fail(v.path, "has no host: %s", wantURL)
			case !validPort(u.Port()):
				d.fail(v.path, "has a port that there is not: it must be from 1 to 65535")
			case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
				d.fail(v.path, "must end with the path, without ? and #: %s", wantURL)
			default:
				*p = s
			}
		},
		encode: func() *yaml.Node { return shown(*p) },
	}
}

// validPort reports whether a URL may have the port; it may do without.
func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// hostOf is the default name of a manager: the host, with its port unless that
// is the scheme's own.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if u.Scheme == "https" {
		return strings.TrimSuffix(u.Host, ":443")
	}
	return strings.TrimSuffix(u.Host, ":80")
}
