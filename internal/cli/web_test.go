package cli

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// endpoints are all paths that answer, with pprof and the lifecycle switched on.
var endpoints = []struct{ method, path string }{
	{"GET", "/"}, {"GET", "/metrics"}, {"GET", "/metrics?name[]=qem_up"}, {"GET", "/config"}, {"GET", "/api/v1/status"},
	{"GET", "/-/healthy"}, {"GET", "/-/ready"}, {"POST", "/-/reload"},
	{"GET", "/debug/pprof/"}, {"GET", "/debug/pprof/cmdline"}, {"GET", "/debug/pprof/heap"}, {"GET",
		"/debug/pprof/goroutine?debug=2"},
	{"GET", "/debug/pprof/profile?seconds=1"}, {"GET", "/debug/pprof/trace?seconds=1"}, {"GET", "/debug/pprof/symbol"},
	{"POST", "/debug/pprof/symbol"},
}

// daemonWith runs the exporter with a web configuration of its own.
func daemonWith(t *testing.T, webConfig string, args ...string) (p *process.Process, address, file string) {
	t.Helper()
	dir := t.TempDir()
	certificate(t, dir)
	web := filepath.Join(dir, "web.yml")
	rewrite(t, web, webConfig)
	p = launch(t, environment(simulated(t).URL), append(args, "--web.listen-address=127.0.0.1:0",
		"--web.config.file="+web)...)
	return p, p.Address(), web
}

// Each path alone is protected, whatever is asked of it.
func TestWebConfigurationCoversEveryEndpoint(t *testing.T) {
	for name, tc := range map[string]struct {
		config string
		first  int // the answer to the first request
		code   int // that to all others
		health string
	}{
		"basic authentication": {fmt.Sprintf("basic_auth_users: {%s: %s}\n", webUser, webHash), http.StatusUnauthorized,
			http.StatusUnauthorized, "401"},
		"TLS": {"tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS13}\n", http.StatusBadRequest,
			http.StatusBadRequest, "200"},
		"a rate limit": {"rate_limit: {interval: 1h, burst: 1}\n", http.StatusOK, http.StatusTooManyRequests, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, address, web := daemonWith(t, tc.config, "--web.enable-lifecycle", "--web.enable-pprof")
			if code, _ := p.Do("GET", "http://"+address+"/-/healthy"); code != tc.first {
				t.Errorf("the first request = %d", code)
			}
			for _, e := range endpoints {
				for _, method := range []string{e.method, "HEAD", "OPTIONS", "PUT"} {
					if code, body := p.Do(method, "http://"+address+e.path); code != tc.code || strings.Contains(body, "qem_") {
						t.Errorf("%s %s = %d %q", method, e.path, code, body)
					}
				}
			}
			code, out, _ := command(t, nil, "healthcheck", "--web.listen-address="+address, "--web.config.file="+web)
			if (code == 0) != (tc.health != "") || !strings.Contains(out, tc.health) {
				t.Errorf("health = %d %s", code, out)
			}
		})
	}
}

func TestBasicAuthLetsIn(t *testing.T) {
	p, address, _ := daemonWith(t, fmt.Sprintf("basic_auth_users: {%s: %s}\n", webUser, webHash),
		"--web.enable-lifecycle", "--web.enable-pprof")
	eventually(t, "it is ready", func() bool {
		code, _ := p.Do("GET", "http://"+address+"/-/ready", webUser, webPassword)
		return code == http.StatusOK
	})
	for _, e := range endpoints {
		if strings.Contains(e.path, "seconds") {
			continue // it would take them
		}
		if code, body := p.Do(e.method, "http://"+address+e.path, webUser, webPassword); code != http.StatusOK {
			t.Errorf("%s %s with the password = %d %q", e.method, e.path, code, body)
		}
	}
	if code, _ := p.Do("GET", "http://"+address+"/", webUser, webPassword+"x"); code != http.StatusUnauthorized {
		t.Errorf("with a wrong password = %d", code)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	_, address, _ := daemonWith(t, "tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS13}\n")
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		_ = conn.Close()
		t.Error("an older version of TLS than configured is spoken")
	}
}

// What is not asked for is not there, and what is there cannot be framed, kept or made to run anything.
func TestDefaultsAreSafe(t *testing.T) {
	sim := simulated(t)
	p := launch(t, environment(sim.URL), "--web.listen-address=127.0.0.1:0")
	base := "http://" + p.Address()
	p.AwaitReady(base)
	for _, e := range endpoints {
		code, header, body := process.Fetch(t, p.Client, e.method, base+e.path, http.Header{})
		want := map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "deny", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Server": "", "X-Powered-By": "", "Set-Cookie": "",
		}
		switch {
		case strings.HasPrefix(e.path, "/debug/"):
			if code != http.StatusNotFound {
				t.Errorf("%s %s = %d %q", e.method, e.path, code, body)
			}
		case e.path == "/-/reload":
			if code != http.StatusForbidden || !strings.Contains(string(body), "--web.enable-lifecycle") {
				t.Errorf("%s %s = %d %q", e.method, e.path, code, body)
			}
		case code != http.StatusOK:
			t.Errorf("%s %s = %d %q", e.method, e.path, code, body)
		case !strings.HasPrefix(e.path, "/metrics"):
			want["Cache-Control"] = "no-store"
		}
		for name, value := range want {
			if got := header.Get(name); got != value {
				t.Errorf("%s %s has %s %q, want %q", e.method, e.path, name, got, value)
			}
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			strings.Contains(policy, "unsafe") {
			t.Errorf("%s %s has the policy %q", e.method, e.path, policy)
		}
	}
	if _, scrape := p.Do("GET", base+"/metrics"); strings.Contains(scrape, "config_last_reload_successful 0") ||
		sim.Logins() != 1 {
		t.Error("there was a reload")
	}
}
