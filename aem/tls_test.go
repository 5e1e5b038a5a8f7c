package aem

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wired is a transport whose connections are answered by serve, without a network.
func wired(o TransportOptions, serve func(net.Conn)) *http.Transport {
	t := NewTransport(o)
	t.DialContext = func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			serve(there)
		}()
		return here, nil
	}
	return t
}

// answered serves requests with whatever answer gives, byte for byte; "" ends the connection.
func answered(answer func(*http.Request) string) func(net.Conn) {
	return func(c net.Conn) {
		in := bufio.NewReader(c)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			text := answer(r)
			if _, err := c.Write([]byte(text)); err != nil || text == "" {
				return
			}
		}
	}
}

// certify makes a certificate; without an issuer it signs itself.
func certify(t *testing.T, serial int64, adapt func(*x509.Certificate), issuer *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "qem.test"}, DNSNames: []string{"qem.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), BasicConstraintsValid: true,
	}
	adapt(template)
	made := tls.Certificate{PrivateKey: key}
	parent, signer := template, any(key)
	if issuer != nil {
		parent, err = x509.ParseCertificate(issuer.Certificate[0])
		must(t, err)
		signer = issuer.PrivateKey
		made.Certificate = issuer.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	must(t, err)
	made.Certificate = append([][]byte{der}, made.Certificate...)
	return made
}

func TestTLSWords(t *testing.T) {
	isCA := func(c *x509.Certificate) { c.IsCA, c.DNSNames, c.Subject.CommonName = true, nil, "Our CA {x}" }
	plainOne := func(*x509.Certificate) {}
	ca := certify(t, 1, isCA, nil)
	oldCA := certify(t, 1, func(c *x509.Certificate) { isCA(c); c.NotAfter = time.Now().Add(-time.Minute) }, nil)
	leafOnly := certify(t, 2, plainOne, &ca)
	leafOnly.Certificate = leafOnly.Certificate[:1]
	negative := certify(t, 0x55, plainOne, nil)
	negative.Certificate[0] = bytes.Replace(negative.Certificate[0], []byte{2, 1, 0x55}, []byte{2, 1, 0xd5}, 1)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	overRSA := tls.Certificate{PrivateKey: rsaKey}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, &rsaKey.PublicKey, rsaKey)
	must(t, err)
	overRSA.Certificate = [][]byte{der}

	trust := func(c tls.Certificate) *tls.Config {
		pool := x509.NewCertPool()
		root, err := x509.ParseCertificate(c.Certificate[len(c.Certificate)-1])
		must(t, err)
		pool.AddCert(root)
		return &tls.Config{RootCAs: pool}
	}
	onlyCN := certify(t, 1, func(c *x509.Certificate) { c.DNSNames = nil }, nil)
	expired := certify(t, 3, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, &ca)
	early := certify(t, 3, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, &ca)
	other := certify(t, 3, func(c *x509.Certificate) { c.DNSNames = []string{"em.corp.test", "em"} }, &ca)
	for name, tc := range map[string]struct {
		server *tls.Config
		client *tls.Config
		want   []string
	}{
		"self-signed": {&tls.Config{Certificates: []tls.Certificate{certify(t, 1, plainOne, nil)}}, nil,
			[]string{"self-signed", "QEM ca_file"}},
		"no SAN": {&tls.Config{Certificates: []tls.Certificate{onlyCN}}, trust(onlyCN),
			[]string{"subject alternative name", "new certificate"}},
		"another name": {&tls.Config{Certificates: []tls.Certificate{other}}, trust(ca),
			[]string{"em.corp.test, em", "QEM server_name"}},
		"expired": {&tls.Config{Certificates: []tls.Certificate{expired}}, trust(ca),
			[]string{"the certificate has expired on 20"}},
		"not yet valid": {&tls.Config{Certificates: []tls.Certificate{early}}, trust(ca),
			[]string{"not valid before", "clock"}},
		"expired authority": {&tls.Config{Certificates: []tls.Certificate{certify(t, 2, plainOne, &oldCA)}},
			trust(oldCA), []string{"authority's certificate", "expired"}},
		"missing intermediate": {&tls.Config{Certificates: []tls.Certificate{leafOnly}}, nil,
			[]string{"Our CA (x)", "sends no other one", "whole chain", "QEM ca_file"}},
		"unknown authority": {&tls.Config{Certificates: []tls.Certificate{certify(t, 2, plainOne, &ca)}}, nil,
			[]string{"unknown authority", "Our CA (x)", "QEM ca_file"}},
		"negative serial": {&tls.Config{Certificates: []tls.Certificate{negative}},
			&tls.Config{InsecureSkipVerify: true}, []string{"negative serial", "x509negativeserial=1", "new certificate"}},
		"RSA key exchange only": {&tls.Config{Certificates: []tls.Certificate{overRSA}, MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
			&tls.Config{InsecureSkipVerify: true}, []string{"GODEBUG=tlsrsakex=1"}},
		"TLS 1.0 only": {&tls.Config{Certificates: []tls.Certificate{overRSA}, MinVersion: tls.VersionTLS10,
			MaxVersion: tls.VersionTLS10},
			&tls.Config{InsecureSkipVerify: true}, []string{"QEM min_version", "TLS10"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := tls.Listen("tcp", "127.0.0.1:0", tc.server)
			must(t, err)
			defer server.Close()
			go func() {
				c, err := server.Accept()
				if err == nil {
					_, _ = c.Read(make([]byte, 1))
					_ = c.Close()
				}
			}()
			transport := NewTransport(TransportOptions{TLS: tc.client})
			transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, server.Addr().String())
			}
			client := newClient(t, "https://qem.test", WithTransport(transport),
				WithSettingNames(func(s string) string { return "QEM " + s }))
			err = client.Login(t.Context())
			if !errors.Is(err, ErrTLS) {
				t.Fatalf("got %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %v", want, err)
				}
			}
			if strings.ContainsAny(err.Error(), "{}") {
				t.Errorf("a setting is left in braces: %v", err)
			}
			expires := client.Status().CertificateExpiry
			if untrusted := tc.client == nil || tc.client.RootCAs != nil; untrusted == expires.IsZero() {
				t.Errorf("the certificate ends at %v", expires)
			}
			if name == "expired authority" && !expires.Before(time.Now()) {
				t.Errorf("the earliest end is %v", expires)
			}
		})
	}
}
