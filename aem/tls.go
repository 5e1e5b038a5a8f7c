package aem

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxAdvice is how much of an advice is shown, which may name several ways out.
const maxAdvice = 600

// tlsWords are what a fault of TLS means, by what its text has; {…} is a setting.
var tlsWords = []struct{ has, words string }{
	{"negative serial number", "the server's certificate has a negative serial number, which is not allowed: have a " +
		"new certificate issued, or " +
		"set the environment variable GODEBUG=x509negativeserial=1 for this program"},
	{"failed to parse certificate", "the server's certificate is malformed, have a new certificate issued"},
	{"insecure algorithm", "the server's certificate, or one of its chain, is signed with SHA-1 or MD5, " +
		"which nobody trusts any more: have a new certificate issued"},
	{"keys are insecure", "the server's RSA key is shorter than 1024 bits: have a new certificate issued, or " +
		"set the environment variable GODEBUG=rsa1024min=0 for this program"},
	{"RSA key larger than", "the server's RSA key is longer than 8192 bits: have a new certificate issued, or " +
		"set the environment variable GODEBUG=tlsmaxrsasize=16384 for this program"},
	{"protocol version", "the server speaks no TLS version that is accepted here, probably none from 1.2 " +
		"on: switch TLS 1.2 on there, or set {min_version} to TLS10 or TLS11"},
	{"cipher suite", oldCiphers},
	{"handshake failure", oldCiphers + "; or it wants a client certificate ({cert_file}, {key_file})"},
	{"insufficient security", oldCiphers},
	{"unrecognized name", "the server does not know the name that it is asked for: use the name that it has in the " +
		"URL, or set {server_name}"},
	{"certificate required", clientCertificate},
	{"bad certificate", clientCertificate},
	{"unknown certificate authority", clientCertificate},
	{"certificate unknown", clientCertificate},
	{"access denied", clientCertificate},
}

const (
	oldCiphers = "the server and this program have no cipher in common. A server that knows only the old RSA key " +
		"exchange needs " +
		"the environment variable GODEBUG=tlsrsakex=1 set for this program, one that knows only 3DES GODEBUG=tls3des=1, " +
		"one below TLS 1.2 {min_version}: TLS10; better, switch newer ones on there"
	clientCertificate = "the server wants a client certificate that it trusts: give {cert_file} and {key_file}"
)

// tlsHint says what to do about a fault of TLS; "" when err is none.
func (s *sender) tlsHint(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		op        *net.OpError
	)
	text := err.Error()
	isTLS := strings.Contains(text, "tls: ") || strings.Contains(text, "x509: ")
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "the port does not speak TLS: check the port, or begin the URL with http"
	case strings.Contains(text, `malformed HTTP response "\x15\x03`):
		return "the port speaks TLS: begin the URL with https"
	case errors.As(err, &host):
		return s.setting(nameWords(host))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return braceless(expiryWords(invalid.Cert))
	}
	if isTLS {
		for _, w := range tlsWords {
			if strings.Contains(text, w.has) {
				return s.setting(w.words)
			}
		}
	}
	switch {
	case errors.As(err, &authority):
		return s.setting(authorityWords(err, authority))
	case errors.As(err, &invalid), errors.As(err, &verify):
		return "the certificate cannot be verified: " + text
	case errors.As(err, &op) && op.Op == "remote error":
		return s.setting("the server refused the TLS connection (" + op.Err.Error() +
			"): check {min_version}, and whether it wants a client certificate ({cert_file}, {key_file})")
	case isTLS && errors.As(err, &op) || strings.HasPrefix(text, "tls: ") || strings.HasPrefix(text, "x509: "):
		return text
	}
	return ""
}

// setting puts the names that whoever configured the client knows in place of the
// settings in braces.
func (s *sender) setting(words string) string {
	for {
		before, rest, found := strings.Cut(words, "{")
		name, after, ended := strings.Cut(rest, "}")
		if !found || !ended {
			return words
		}
		if s.settingName != nil {
			name = s.settingName(name)
		}
		words = before + name + after
	}
}

func nameWords(e x509.HostnameError) string {
	c := e.Certificate
	if len(c.DNSNames)+len(c.IPAddresses)+len(c.EmailAddresses)+len(c.URIs) == 0 {
		return "the certificate has no subject alternative name (SAN), and its common name alone no longer counts: " +
			"have a new certificate issued with the host of the URL as SAN; only {insecure_skip_verify} helps until then"
	}
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if extra := len(names) - 5; extra > 0 {
		names = append(names[:5], fmt.Sprintf("%d more", extra))
	}
	return "the certificate is not for the host of the URL but for " + braceless(strings.Join(names, ", ")) +
		": use a name it is for in the URL, or set {server_name}"
}

func expiryWords(c *x509.Certificate) string {
	whose := "the certificate"
	if c.IsCA && !bytes.Equal(c.RawIssuer, c.RawSubject) {
		whose = "the intermediate certificate " + commonName(c.Subject.CommonName)
	} else if c.IsCA {
		whose = "the authority's certificate " + commonName(c.Subject.CommonName)
	}
	if time.Now().Before(c.NotBefore) {
		return whose + " is not valid before " + shortTime(c.NotBefore) + ": check this machine's clock"
	}
	return whose + " has expired on " + shortTime(c.NotAfter) + ": have it renewed, and check this machine's clock"
}

func authorityWords(err error, e x509.UnknownAuthorityError) string {
	var verify *tls.CertificateVerificationError
	last := e.Cert
	sent := 1
	if errors.As(err, &verify) && len(verify.UnverifiedCertificates) > 0 {
		sent = len(verify.UnverifiedCertificates)
		last = verify.UnverifiedCertificates[sent-1]
	}
	issuer := braceless(commonName(last.Issuer.CommonName))
	switch {
	case bytes.Equal(last.RawIssuer, last.RawSubject) && sent == 1:
		return "the certificate is self-signed: give it as {ca_file}"
	case sent == 1:
		return "the certificate is signed by " + issuer +
			", which is not known here, and the server sends no other one along: " +
			"if that is an intermediate certificate, have the server send the whole chain; else give the authority's " +
			"certificate as {ca_file} (both may stand in it)"
	}
	return "the certificate is of an unknown authority, " + issuer + ": give its certificate as {ca_file}"
}

func commonName(name string) string { return fmt.Sprintf("%q", oneLine(name, 60)) }

// braceless keeps a text from outside from being taken for a setting.
func braceless(text string) string { return strings.NewReplacer("{", "(", "}", ")").Replace(text) }

// presented notes when the first of the certificates that the server showed ends, be
// they trusted or not.
func (s *sender) presented(err error) {
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) {
		s.noteExpiry(verify.UnverifiedCertificates)
	}
}

func (s *sender) noteExpiry(chain []*x509.Certificate) {
	var first time.Time
	for _, c := range chain {
		if first.IsZero() || c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	if !first.IsZero() {
		s.expiry.Store(first.UnixNano())
	}
}
