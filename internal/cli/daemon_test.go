package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

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

func TestSIGHUPReloads(t *testing.T) {
	sim := simulated(t)
	path := process.File(t, "qem.yml", configText("before", sim.URL))
	p := launch(t, nil, "--config.file="+path, "--web.listen-address=127.0.0.1:0")
	base := "http://" + p.Address()
	p.AwaitReady(base)

	rewrite(t, path, "nonsense\n")
	p.Signal(syscall.SIGHUP)
	eventually(t, "the failed reload is told", func() bool {
		_, scrape := p.Do("GET", base+"/metrics")
		return strings.Contains(scrape, "\nqem_exporter_config_last_reload_successful 0") && strings.Contains(scrape,
			`qem_up{manager="before"} 1`)
	})
	rewrite(t, path, configText("after", sim.URL))
	p.Signal(syscall.SIGHUP)
	eventually(t, "the new configuration is in force", func() bool {
		_, scrape := p.Do("GET", base+"/metrics")
		return strings.Contains(scrape, `qem_up{manager="after"} 1`) && !strings.Contains(scrape, `"before"`)
	})
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if sim.ActiveSessions() != 0 || sim.Logouts() != 2 {
		t.Errorf("%d sessions left, %d logouts", sim.ActiveSessions(), sim.Logouts())
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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		rewrite(t, filepath.Join(dir, name), string(pem.EncodeToMemory(&block)))
	}
}

// A secret is nowhere, whatever is logged and however it is used.
func TestNoSecretComesOut(t *testing.T) {
	const canary = "canary-7Ue2xQ9"
	account := aemtest.DefaultAccount()
	account.Password, account.APIToken = canary, canary+"-token"
	good := aemtest.NewServer(aemtest.Options{Seed: 1, Users: []aemtest.User{account}})
	t.Cleanup(good.Close)
	refusing := simulated(t)
	path := process.File(t, "qem.yml", fmt.Sprintf(`enterprise_managers:
- {name: good, url: %[1]s, auth: {type: active_directory, username: %[3]s, domain: %[4]s, password: %[5]s}}
- {name: token, url: %[1]s, auth: {type: api_token, token: %[5]s-token}}
- {name: refused, url: %[2]s, retries: 0, auth: {type: active_directory, username: other, domain: %[4]s,
    password_file: password}} # an account of its own, as a refusal holds up all managers of an account
- {name: unreachable, url: "http://127.0.0.1:1", retries: 0, auth: {type: api_token, token: "${CANARY}"},
    proxy_url: "http://user:%[5]s@127.0.0.1:1"}
`, good.URL, refusing.URL, aemtest.DefaultUser, aemtest.DefaultDomain, canary))
	rewrite(t, filepath.Join(filepath.Dir(path), "password"), canary+"\n")
	env := []string{"CANARY=" + canary}

	for _, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			p := launch(t, env, "--config.file="+path, "--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle",
				"--log.level=debug", "--log.format="+format)
			base := "http://" + p.Address()
			p.AwaitReady(base)
			for _, page := range []string{"/metrics", "/config", "/", "/api/v1/status", "/-/ready"} {
				_, body := p.Do("GET", base+page)
				refuse(t, page, body, canary)
				if page == "/metrics" && !(strings.Contains(body, `qem_up{manager="good"} 1`) && strings.Contains(body,
					`qem_up{manager="token"} 1`) && strings.Contains(body, `qem_up{manager="refused"} 0`)) {
					t.Errorf("the credentials were not used as they should:\n%s", body)
				}
			}
			p.Do("POST", base+"/-/reload")
			p.Signal(syscall.SIGTERM)
			p.Wait()
			refuse(t, "the log", p.Stderr.String(), canary)
			refuse(t, "stdout", p.Stdout.String(), canary)
		})
	}
	for _, args := range [][]string{
		{"scrape", "--config.file=" + path, "--log.level=debug"},
		{"check-config", path},
		{"check-config", process.File(t, "bad.yml",
			"enterprise_managers:\n- {url: 'https://u:"+canary+"@h', auth: {type: api_token, token: ["+canary+
				"], password: "+canary+"}}\n")},
	} {
		_, stdout, stderr := command(t, env, args...)
		refuse(t, strings.Join(args, " "), stdout+stderr, canary)
	}
}

func refuse(t *testing.T, where, text, secret string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.Contains(line, secret) {
			t.Errorf("%s gives the secret away: %s", where, line)
		}
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
	if code != 0 || strings.Count(stdout, "\nqem_server_up{") != 3 {
		t.Errorf("exit code %d, want 0 and two Replicate servers and a Compose server:\n%s", code, stdout)
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
