package config

import (
	"net/url"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

func proxyFields(p *promconfig.ProxyConfig) []field {
	return []field{
		{name: "proxy_url", codec: proxyAddress(&p.ProxyURL), doc: "HTTP or SOCKS5 proxy; may hold user and password", byDefault: "none"},
		{name: "no_proxy", codec: text(&p.NoProxy), doc: "comma-separated hosts, domains and networks to reach without proxy_url"},
		{name: "proxy_from_environment", codec: boolean(&p.ProxyFromEnvironment), doc: "take the proxy from HTTPS_PROXY, HTTP_PROXY and NO_PROXY instead"},
	}
}

// proxyAddress is the URL of a proxy. No message quotes it, and it is shown
// without its password.
func proxyAddress(p *promconfig.URL) codec {
	schemes := []string{"http", "https", "socks5", "socks5h"}
	return codec{
		kind: "URL",
		decode: func(d *decoder, v value) {
			s, ok := d.expanded(v)
			if !ok {
				return
			}
			u, err := url.Parse(s)
			switch {
			case err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme):
				d.fail(v.path, "must be scheme://host:port with one of %s, for example http://proxy.example.com:3128", strings.Join(schemes, ", "))
			default:
				p.URL = u
			}
		},
		encode: func() *yaml.Node { return shown(redactedURL(p.URL)) },
	}
}

// redactedURL is the URL with <secret> for its password.
func redactedURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	if _, ok := u.User.Password(); !ok {
		return u.String()
	}
	const mark = "xxxxx" // < and > would be escaped
	without := *u
	without.User = url.UserPassword(u.User.Username(), mark)
	return strings.Replace(without.String(), ":"+mark+"@", ":"+hidden+"@", 1)
}

// checkProxy refuses keys that contradict each other, as Prometheus does.
func (d *decoder) checkProxy(p *promconfig.ProxyConfig, path string) {
	proxy, except, environment := join(path, "proxy_url"), join(path, "no_proxy"), join(path, "proxy_from_environment")
	switch {
	case p.ProxyFromEnvironment && d.has(proxy):
		d.fail(environment, "must not be true when proxy_url is given")
	case p.ProxyFromEnvironment && d.has(except):
		d.fail(environment, "must not be true when no_proxy is given: NO_PROXY says it")
	case d.has(except) && !d.has(proxy):
		d.fail(except, "needs proxy_url")
	}
}
