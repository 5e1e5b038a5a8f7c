package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// minimal is the least that is a configuration.
const minimal = `
enterprise_managers:
  - url: https://qem.example.com/attunityenterprisemanager
    auth: {username: svc, password: pass}
`

// mustParse parses a configuration that must be right.
func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	cfg, err := Parse("qem.yml", []byte(text), corpusEnv)
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	return cfg
}

// parseOne parses a configuration of one manager that must be right.
func parseOne(t *testing.T, text string) Manager {
	t.Helper()
	managers := mustParse(t, text).Managers()
	if len(managers) != 1 {
		t.Fatalf("%d managers, want 1", len(managers))
	}
	return managers[0]
}

// write puts a file into a directory and returns its name.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// keyPair returns a certificate and its key, both in PEM form.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "qem"},
		NotAfter:     time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// defaultManager is what a manager has where neither it nor the defaults say otherwise.
func defaultManager() Manager {
	m := newDecoder("", nil).newManager()
	m.Tables.Interval = 5 * time.Minute
	return m
}
