package aemtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a simulated Enterprise Manager that listens on a port of the loopback
// interface.
type Server struct {
	*Simulator
	// URL is the address of the API without a trailing slash:
	// http://127.0.0.1:1234/attunityenterprisemanager.
	URL string
	// Certificate is the certificate of a TLS server, self-signed for 127.0.0.1 and
	// localhost; else nil.
	Certificate *x509.Certificate

	http *http.Server
	done sync.WaitGroup
}

// NewServer starts a simulated Enterprise Manager that speaks HTTP. It panics when
// it finds no port, as httptest.NewServer does.
func NewServer(opts Options) *Server { return start(opts, nil) }

// NewTLSServer starts a simulated Enterprise Manager that speaks HTTPS.
func NewTLSServer(opts Options) *Server {
	cert, err := selfSigned()
	if err != nil {
		panic(fmt.Sprintf("aemtest: certificate: %v", err))
	}
	return start(opts, cert)
}

func start(opts Options, cert *tls.Certificate) *Server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("aemtest: listen: %v", err))
	}
	s := &Server{Simulator: New(opts)}
	s.http = &http.Server{
		Handler:           s.Simulator,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(discard{}, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.counts.connections.Add(1)
			}
		},
	}
	s.URL = "http://" + l.Addr().String() + Path
	if cert != nil {
		s.URL = "https://" + l.Addr().String() + Path
		s.Certificate = cert.Leaf
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(opts.HTTP2)
	s.http.Protocols = &protocols
	s.done.Go(func() {
		if cert != nil {
			_ = s.http.ServeTLS(l, "", "")
		} else {
			_ = s.http.Serve(l)
		}
	})
	return s
}

// discard swallows what net/http says of connections that a fault has broken.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Close stops the server: calls that hang end, connections are closed.
func (s *Server) Close() {
	s.Simulator.Close()
	_ = s.http.Close()
	s.done.Wait()
}

// Connections says how many connections callers have opened.
func (s *Server) Connections() int { return int(s.counts.connections.Load()) }

// CertPEM is the certificate of a TLS server in PEM form, for a CA file; else nil.
func (s *Server) CertPEM() []byte {
	if s.Certificate == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate.Raw})
}

// Client is an HTTP client that trusts the server and reuses its connections.
func (s *Server) Client() *http.Client {
	t := &http.Transport{}
	if s.Certificate != nil {
		pool := x509.NewCertPool()
		pool.AddCert(s.Certificate)
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: t}
}

// selfSigned makes a certificate as an Enterprise Manager has by default.
func selfSigned() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Simulated Enterprise Manager"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames:              []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
