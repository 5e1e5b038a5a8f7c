package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"

	promconfig "github.com/prometheus/common/config"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/config"
)

// access is what of a manager's configuration its client needs; a change of anything
// else keeps client and session.
func access(m config.Manager) config.Manager {
	return config.Manager{
		Name: m.Name, URL: m.URL, Auth: m.Auth, TLS: m.TLS, Proxy: m.Proxy, HTTP2: m.HTTP2, HTTPHeaders: m.HTTPHeaders,
		Settings: config.Settings{
			RequestTimeout: m.RequestTimeout, Retries: m.Retries, MaxResponseBytes: m.MaxResponseBytes,
			MaxConcurrentRequests: m.MaxConcurrentRequests,
		},
	}
}

// newClient makes the API client that a manager's configuration describes. It
// reads the TLS files, so that a wrong one is told at once, and connects nowhere.
func (f *factory) newClient(u *unit) (*aem.Client, error) {
	m := &u.manager
	transport, err := f.transport(*m)
	if err != nil {
		return nil, err
	}
	return aem.New(m.URL, credentials(m.Auth),
		aem.WithTransport(transport),
		aem.WithTimeout(m.RequestTimeout),
		aem.WithPartialLists(),
		aem.WithPlainHTTP(), // whether that is allowed, the configuration says
		aem.WithRetries(m.Retries),
		aem.WithMaxResponseBytes(int64(m.MaxResponseBytes)),
		aem.WithLoginGuard(f.guard),
		aem.WithLoginPace(m.StateInterval),
		aem.WithLargeBodies(f.large),
		aem.WithHeaders(headers(m)),
		aem.WithSecrets(proxySecrets(m)...),
		aem.WithSettingNames(func(setting string) string { return m.KeyName("tls_config." + setting) }),
		aem.WithObserver(u),
		aem.WithLogger(u.logger),
		aem.WithUserAgent("qem_exporter/"+f.options.Version),
	)
}

// headers are those of the configuration, for a gateway.
func headers(m *config.Manager) func() ([]aem.Header, error) {
	return func() ([]aem.Header, error) {
		var all []aem.Header
		for name, h := range m.HTTPHeaders {
			err := h.Each(func(text string, secret bool) {
				all = append(all, aem.Header{Name: name, Value: text, Secret: secret})
			})
			if err != nil {
				return nil, fmt.Errorf("http_headers %s: %w", name, err)
			}
		}
		return all, nil
	}
}

// proxyOf is the way to the Enterprise Manager; nil is the straight one.
func proxyOf(m *config.Manager) func(*http.Request) (*url.URL, error) {
	way := promconfig.ProxyConfig{
		ProxyURL: m.ProxyURL, NoProxy: m.NoProxy, ProxyFromEnvironment: m.ProxyFromEnvironment,
	}
	return way.Proxy()
}

// proxySecrets are what the proxy is shown, be it in the configuration or in the
// environment.
func proxySecrets(m *config.Manager) []string {
	proxy := proxyOf(m)
	request, err := http.NewRequest(http.MethodGet, m.URL, http.NoBody)
	if proxy == nil || err != nil {
		return nil
	}
	at, err := proxy(request)
	if at == nil || err != nil {
		return nil
	}
	password, _ := at.User.Password()
	if password == "" {
		return nil
	}
	return []string{password, at.User.Username() + ":" + password}
}

// credentials reads the secret at every login, so that a rotated file is used
// from the next login on.
func credentials(auth config.Auth) aem.CredentialsFunc {
	return func(ctx context.Context) (aem.Login, error) {
		secret, err := auth.Secret()
		if err != nil {
			return aem.Login{}, err
		}
		switch auth.Type {
		case config.APIToken:
			return aem.APIToken(secret)(ctx)
		case config.JWT:
			return aem.JWT(secret)(ctx)
		default:
			return aem.ActiveDirectory(auth.Username, auth.Domain, secret)(ctx)
		}
	}
}

// newTransport follows changes of the TLS files while it is in use.
func newTransport(m config.Manager) (http.RoundTripper, error) {
	tlsConfig, err := promconfig.NewTLSConfig(&promconfig.TLSConfig{
		CAFile: m.TLS.CAFile, CertFile: m.TLS.CertFile, KeyFile: m.TLS.KeyFile, ServerName: m.TLS.ServerName,
		InsecureSkipVerify: m.TLS.InsecureSkipVerify, MinVersion: promconfig.TLSVersions[m.TLS.MinVersion],
	})
	if err != nil {
		return nil, fmt.Errorf("tls_config: %w", err)
	}
	proxy := proxyOf(&m)
	base := func(c *tls.Config) (http.RoundTripper, error) {
		return aem.NewTransport(aem.TransportOptions{
			TLS:            c,
			Proxy:          proxy,
			MaxConnections: m.MaxConcurrentRequests + aem.MaxLargeWaiting,
			HTTP2:          m.HTTP2,
		}), nil
	}
	rt, err := promconfig.NewTLSRoundTripper(tlsConfig, tlsFiles(m.TLS), base)
	if err != nil {
		return nil, fmt.Errorf("tls_config: %w", err)
	}
	return rt, nil
}

// tlsFiles are the files whose change must be noticed; nothing else is set.
func tlsFiles(c config.TLS) promconfig.TLSRoundTripperSettings {
	file := func(name string) promconfig.SecretReader {
		if name == "" {
			return nil
		}
		return promconfig.NewFileSecret(name)
	}
	return promconfig.TLSRoundTripperSettings{CA: file(c.CAFile), Cert: file(c.CertFile), Key: file(c.KeyFile)}
}
