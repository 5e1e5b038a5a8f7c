package config

import (
	"crypto/tls"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

func tlsFields(t *promconfig.TLSConfig) []field {
	return []field{
		{name: "ca_file", codec: fileName(&t.CAFile, certificateFile), doc: "certificates (PEM) that the server's is verified with", byDefault: "the system's"},
		{name: "cert_file", codec: fileName(&t.CertFile, certificateFile), doc: "client certificate (PEM), together with key_file"},
		{name: "key_file", codec: fileName(&t.KeyFile, readableFile), doc: "the client certificate's key (PEM)"},
		{name: "server_name", codec: text(&t.ServerName), doc: "the name that the server's certificate must have", byDefault: "the URL's host"},
		{name: "insecure_skip_verify", codec: boolean(&t.InsecureSkipVerify), doc: "do not verify the server's certificate"},
		{name: "min_version", codec: tlsVersion(&t.MinVersion), doc: "the lowest TLS version to accept"},
	}
}

// tlsVersion is a TLS version in Prometheus' words.
func tlsVersion(p *promconfig.TLSVersion) codec {
	word := p.String()
	c := oneOf(&word, "TLS10", "TLS11", "TLS12", "TLS13")
	decode := c.decode
	c.decode = func(d *decoder, v value) {
		decode(d, v)
		*p = promconfig.TLSVersions[word]
	}
	c.encode = func() *yaml.Node { return shown(p.String()) }
	return c
}

// checkTLS makes sure that certificate and key are both there and belong
// together.
func (d *decoder) checkTLS(t *promconfig.TLSConfig, path string) {
	cert, key := join(path, "cert_file"), join(path, "key_file")
	switch {
	case d.failed(cert) || d.failed(key):
	case d.has(cert) && !d.has(key):
		d.fail(cert, "needs key_file")
	case d.has(key) && !d.has(cert):
		d.fail(key, "needs cert_file")
	case d.has(cert):
		if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
			d.fail(key, "does not go with cert_file: %s", strings.TrimPrefix(err.Error(), "tls: "))
		}
	}
}
