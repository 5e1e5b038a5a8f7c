package config

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
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
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	return inPEM("CERTIFICATE", pair.Certificate[0]), privateKey(t, pair.PrivateKey)
}

func privateKey(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return inPEM("PRIVATE KEY", der)
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
