package config

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretOfEachType(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "secret", "from file\n")
	for auth, want := range map[string]string{
		`{username: u, password: inline}`:                                            "inline",
		`{username: 'ACME\u', password: " kept as it is "}`:                          " kept as it is ",
		`{username: u@acme.example.com, password: p}`:                                "p",
		`{type: active_directory, username: u, domain: ACME, password_file: secret}`: "from file",
		`{type: api_token, token: inline}`:                                           "inline",
		`{type: api_token, token_file: secret}`:                                      "from file",
		`{type: jwt, token_file: ` + filepath.Join(dir, "secret") + `}`:              "from file",
	} {
		cfg, err := Parse(filepath.Join(dir, "qem.yml"),
			[]byte("enterprise_managers: [{url: 'https://a', auth: "+auth+"}]"), nil)
		if err != nil {
			t.Errorf("%s: %v", auth, err)
			continue
		}
		if got, err := cfg.Managers()[0].Auth.Secret(); err != nil || got != want {
			t.Errorf("%s: credential is %q, %v, want %q", auth, got, err, want)
		}
	}
}

func TestSecretFileIsReadAtEachCall(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "password", "first\n")
	a := Auth{Type: ActiveDirectory, Username: "u", PasswordFile: file}
	for _, step := range []struct{ content, want, wantErr string }{
		{"first\n", "first", ""},
		{"second\r\n", "second", ""},
		{"no line break", "no line break", ""},
		{"\xef\xbb\xbfwritten by Notepad\r\n", "written by Notepad", ""},
		{"", "", file + " is empty"},
		{"\n", "", file + " is empty"},
		{"\xff\xfep\x00", "", file + " is not UTF-8 text"},
		{strings.Repeat("x", maxFile+1), "", "is larger than 4MiB"},
		{"back again", "back again", ""},
	} {
		if err := os.WriteFile(file, []byte(step.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := a.Secret()
		if got != step.want {
			t.Errorf("credential is %q, want %q", got, step.want)
		}
		if step.wantErr == "" && err != nil || step.wantErr != "" && (err == nil || !strings.Contains(err.Error(),
			step.wantErr)) {
			t.Errorf("error is %v, want %q", err, step.wantErr)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Secret(); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error does not name the file that is gone: %v", err)
	}
	if _, err := (Auth{}).Secret(); err == nil {
		t.Error("no credential is no error")
	}
}

func TestClientCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := keyPair(t)
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(cert))
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	serial := parsed.SerialNumber.Bytes()
	block.Bytes[bytes.Index(block.Bytes, serial)] |= 0x80 // the sign
	write(t, dir, "client.pem", cert)
	write(t, dir, "client.key", key)
	write(t, dir, "other.key", privateKey(t, other))
	write(t, dir, "negative.pem", inPEM("CERTIFICATE", block.Bytes))
	const where = "qem.yml:5:18: enterprise_managers[0].tls_config."
	for tls, want := range map[string]string{
		"{cert_file: client.pem, key_file: client.key}": "",
		"{ca_file: negative.pem}": where +
			`ca_file: "negative.pem": holds a certificate with a negative serial number: have a new`,
		"{cert_file: client.pem}": where + "cert_file: needs key_file",
		"{key_file: client.key}":  where + "key_file: needs cert_file",
		"{key_file: other.key, cert_file: client.pem}": where +
			"key_file: does not go with cert_file: private key",
		"{key_file: client.pem, cert_file: client.pem}": where + "key_file: does not go with cert_file: ",
		"{cert_file: client.key, key_file: client.key}": where + `cert_file: "client.key": holds no certificate in PEM form`,
	} {
		_, err := Parse(filepath.Join(dir, "qem.yml"), []byte(minimal+"    tls_config: "+tls+"\n"), nil)
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), dir+"/")
		}
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s: error is %q, want %q", tls, got, want)
		}
	}
}
