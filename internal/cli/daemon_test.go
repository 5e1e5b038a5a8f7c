package cli

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// Whoever cannot wait for the logout signals again.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	sim := simulated(t)
	p := launch(t, environment(sim.URL), "--web.listen-address=127.0.0.1:0")
	p.AwaitReady("http://" + p.Address())
	sim.AddFault(aemtest.Fault{Kind: aemtest.FaultHang})
	eventually(t, "the second signal has ended it", func() bool {
		p.Signal(syscall.SIGTERM)
		return !p.Running()
	})
	if code := p.Wait(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
}

// The socket is the third file descriptor, as systemd hands it over.
func TestSystemdSocket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	cmd := process.Command(environment(simulated(t).URL), "sh", "-c",
		`LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" --web.systemd-socket`, binary)
	cmd.ExtraFiles = []*os.File{socket}
	p := process.Start(t, cmd)
	if address := p.Address(); address != l.Addr().String() {
		t.Errorf("it listens on %s, want the socket %s", address, l.Addr())
	}
	_ = l.Close() // the process has it alone
	if code, _ := p.Do("GET", "http://"+l.Addr().String()+"/-/healthy"); code != http.StatusOK {
		t.Errorf("healthy = %d", code)
	}
}

// The hash is of the password "fakepassword".
const webUser, webPassword, webHash = "prometheus", "fakepassword",
	"$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

// certificate makes cert.pem and key.pem for 127.0.0.1.
func certificate(t *testing.T, dir string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: key},
	} {
		rewrite(t, filepath.Join(dir, name), string(pem.EncodeToMemory(&block)))
	}
}

func TestSimulate(t *testing.T) {
	p := launch(t, nil, "simulate", "--listen-address=127.0.0.1:0", "--servers=2", "--tasks=3", "--tables=0",
		"--latency=1ms")
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+\S*`)
	eventually(t, "it tells where it is", func() bool {
		return strings.Contains(p.Stdout.String(),
			"qem_exporter scrape")
	})
	code, stdout, _ := command(t, environment(address.FindString(p.Stdout.String())), "scrape")
	if code != 0 || strings.Count(stdout, "\nqem_server_up{") != 3 || strings.Contains(stdout, "go_goroutines") {
		t.Errorf("exit code %d, want 0, two Replicate servers and a Compose server, and nothing of the process:\n%s", code,
			stdout)
	}
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestDemo(t *testing.T) {
	p := launch(t, nil, "demo", "--web.listen-address=127.0.0.1:0", "--servers=2")
	base := "http://" + p.Address()
	p.AwaitReady(base)
	for _, want := range []string{base + "/metrics", base + "/\n", "simulated"} {
		eventually(t, "it tells "+want, func() bool { return strings.Contains(p.Stdout.String(), want) })
	}
	if _, scrape := p.Do("GET", base+"/metrics"); !strings.Contains(scrape, `qem_up{manager="demo"} 1`) {
		t.Error("the demo's manager is not up")
	}
	p.Signal(os.Interrupt)
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
