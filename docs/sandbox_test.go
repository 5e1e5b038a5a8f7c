package docs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// sandbox is what a page's reader has: an Enterprise Manager, /etc/qem_exporter
// with the files that the pages name, and the exporter on the path.
type sandbox struct {
	dir    string // in place of /etc/qem_exporter, and the working directory
	em     *aemtest.Server
	daemon string // host:port, once it runs

	simulator string // likewise
}

const defaultConfig = `
enterprise_managers:
  - name: prod
    url: https://qem.example.com/attunityenterprisemanager
    auth: {username: svc_prometheus, domain: ACME, password_file: password}
    tls_config: {ca_file: ca.pem}
`

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	s := &sandbox{dir: t.TempDir(), em: aemtest.NewTLSServer(aemtest.Options{})}
	t.Cleanup(s.em.Close)
	s.write("password", aemtest.DefaultPassword+"\n")
	s.write("gateway-key", "key-of-the-gateway\n")
	s.write("token", aemtest.DefaultAPIToken+"\n")
	s.write("ca.pem", string(s.em.CertPEM()))
	s.write("config.yml", s.local(defaultConfig))
	cert, key := certificate(t, time.Now().Add(time.Hour))
	s.write("tls.crt", string(cert))
	s.write("tls.key", string(key))
	return s
}

func (s *sandbox) path(name string) string { return filepath.Join(s.dir, name) }

func (s *sandbox) write(name, text string) string {
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		panic(err)
	}
	return s.path(name)
}

// local puts what is here in the place of what the pages name.
func (s *sandbox) local(text string) string {
	host := strings.TrimSuffix(strings.TrimPrefix(s.em.URL, "https://"), aemtest.Path)
	replace := []string{
		"qem.example.com:443", host, "qem.example.com", host, "qem-test.example.com", host,
		"/etc/qem_exporter/", s.dir + "/",
		"svc_prometheus@acme.example.com", aemtest.DefaultUser + "@" + aemtest.DefaultDomain,
		"svc_prometheus", aemtest.DefaultUser, "ACME", aemtest.DefaultDomain,
	}
	if s.daemon != "" {
		replace = append(replace, "localhost:10045", s.daemon)
	}
	if s.simulator != "" {
		replace = append(replace, "127.0.0.1:10046", s.simulator)
	}
	return strings.NewReplacer(replace...).Replace(text)
}

// environment is that of every command.
func (s *sandbox) environment() []string {
	return []string{
		"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"),
		"HOME=" + os.Getenv("HOME"), "GOFLAGS=" + os.Getenv("GOFLAGS"), "GOPATH=" + os.Getenv("GOPATH"),
		"GOCACHE=" + os.Getenv("GOCACHE"), "GOMODCACHE=" + os.Getenv("GOMODCACHE"), "GOPROXY=" + os.Getenv("GOPROXY"),
		"SSL_CERT_FILE=" + s.path("ca.pem"), // the reader's machine trusts the certificate
		"QEM_PASSWORD=", "QEM_TEST_PASSWORD=" + aemtest.DefaultPassword,
	}
}

func (s *sandbox) getenv(name string) string {
	for _, entry := range s.environment() {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// run runs a program, which must succeed.
func (s *sandbox) run(t *testing.T, where, name string, args ...string) {
	t.Helper()
	s.runIn(t, s.dir, where, name, args...)
}

// inRepository is run with the repository as the working directory.
func (s *sandbox) inRepository(t *testing.T, where, name string, args ...string) {
	t.Helper()
	s.runIn(t, "..", where, name, args...)
}

func (s *sandbox) runIn(t *testing.T, dir, where, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, s.environment()
	if name == "go" {
		cmd.Env = append(cmd.Env, "QEM_PASSWORD="+aemtest.DefaultPassword)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", where, err, out)
	}
	t.Logf("%s\n%.1000s", where, out)
}

// start starts the daemon on a port that is free, and waits until it is ready.
func (s *sandbox) start(t *testing.T, b block) {
	t.Helper()
	daemon := s.launch(t, b, "--web.listen-address=127.0.0.1:0")
	s.daemon = daemon.Address()
	daemon.AwaitReady("http://" + s.daemon)
}

// simulate starts the simulator likewise.
func (s *sandbox) simulate(t *testing.T, b block) {
	t.Helper()
	simulator := s.launch(t, b, "--listen-address=127.0.0.1:0")
	s.simulator = simulator.Says(regexp.MustCompile(`Enterprise Manager: http://([^/]+)/`))[1]
}

// launch starts a program that runs until the page ends.
func (s *sandbox) launch(t *testing.T, b block, flag string) *process.Process {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", "exec "+strings.TrimSpace(b.text)+" "+flag)
	cmd.Dir, cmd.Env = s.dir, s.environment()
	program := process.Start(t, cmd)
	t.Cleanup(func() {
		program.Signal(syscall.SIGTERM)
		if code := program.Wait(); code != 0 {
			t.Errorf("%s: it ends with %d", b.where, code)
		}
	})
	return program
}

// certificate makes a self-signed one for 127.0.0.1 that ends at the given time.
func certificate(t *testing.T, end time.Time) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: end.Add(-2 * time.Hour), NotAfter: end,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: end.After(time.Now()), BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// expiredServer serves TLS with a certificate of yesterday, which is expired.pem.
func expiredServer(t *testing.T, s *sandbox) string {
	t.Helper()
	cert, key := certificate(t, time.Now().Add(-24*time.Hour))
	s.write("expired.pem", string(cert))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func plainServer(t *testing.T) string {
	return serve(t, http.NotFoundHandler())
}

// pageServer is some other service, which has a page for everything.
func pageServer(t *testing.T) string {
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html><body>Welcome</body></html>")
	}))
}

// hangingServer does not answer until it is told to.
func hangingServer(t *testing.T) (host string, answer func()) {
	end := make(chan struct{})
	answer = sync.OnceFunc(func() { close(end) })
	host = serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	t.Cleanup(answer) // before the server closes
	return host, answer
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = quiet()
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// unlicensedManager is an Enterprise Manager without a licence.
func unlicensedManager(t *testing.T) string {
	t.Helper()
	em := aemtest.NewServer(aemtest.Options{})
	t.Cleanup(em.Close)
	em.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultAPIError, Status: 500,
		Code: "LICENSE_NOT_FOUND"})
	return em.URL
}
