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
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"time"
)

// Server is a simulated Enterprise Manager that listens on a port of the loopback
// interface.
type Server struct {
	*Simulator
	// URL is the address of the API without a trailing slash:
	// http://127.0.0.1:1234/attunityenterprisemanager.
	URL string

	http   *httptest.Server
	listen func(*httptest.Server)
}

// NewServer starts a simulated Enterprise Manager that speaks HTTP. It panics when
// it finds no port, as httptest.NewServer does.
func NewServer(opts Options) *Server { return start(opts, (*httptest.Server).Start) }

// NewTLSServer starts a simulated Enterprise Manager that speaks HTTPS, with a
// self-signed certificate of its own for 127.0.0.1 and localhost.
func NewTLSServer(opts Options) *Server {
	certificate := selfSigned()
	return start(opts, func(s *httptest.Server) {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
		s.StartTLS()
	})
}

func start(opts Options, listen func(*httptest.Server)) *Server {
	s := &Server{Simulator: New(opts), listen: listen}
	s.serve(httptest.NewUnstartedServer(s.Simulator))
	return s
}

func (s *Server) serve(on *httptest.Server) {
	on.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that a fault has broken
	s.listen(on)
	s.http, s.URL = on, on.URL+Path
}

// Stop closes the connections and the port, as the end of the process does; what the simulator is
// asked without a socket goes on.
func (s *Server) Stop() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Start listens at the same address again after a Stop. Sessions live on, unless ExpireSessions
// ends them.
func (s *Server) Start() error {
	l, err := net.Listen("tcp", s.http.Listener.Addr().String())
	if err != nil {
		return fmt.Errorf("the simulated Enterprise Manager cannot start again: %w", err)
	}
	s.serve(&httptest.Server{Listener: l, Config: &http.Server{Handler: s.Simulator}})
	return nil
}

// Close stops the server; calls that hang end.
func (s *Server) Close() {
	s.Simulator.Close()
	s.Stop()
}

// CertPEM is the certificate of a TLS server in PEM form, for a CA file.
func (s *Server) CertPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.http.Certificate().Raw})
}

// Client is an HTTP client that trusts the server and reuses its connections.
func (s *Server) Client() *http.Client { return s.http.Client() }

func selfSigned() tls.Certificate {
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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	var der []byte
	if err == nil {
		der, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	}
	if err != nil {
		panic(fmt.Sprintf("aemtest: certificate: %v", err))
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
