package cli

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
func TestBasicAuthCoversEveryEndpoint(t *testing.T) {
	p, address, _ := daemonWith(t, fmt.Sprintf("basic_auth_users: {%s: %s}\n", webUser, webHash),
		"--web.enable-lifecycle", "--web.enable-pprof")
	eventually(t, "it is ready", func() bool {
		code, _ := p.Do("GET", "http://"+address+"/-/ready", webUser, webPassword)
		return code == http.StatusOK
	})
	if code, out, _ := command(t, nil, "healthcheck", "--web.listen-address="+address); code != 0 ||
		!strings.Contains(out, "401") {
		t.Errorf("health = %d %s", code, out)
	}
	for _, e := range endpoints {
		for _, method := range []string{e.method, "HEAD", "OPTIONS", "PUT", "DELETE"} {
			if code, body := p.Do(method, "http://"+address+e.path); code != http.StatusUnauthorized || strings.Contains(body,
				"qem") {
				t.Errorf("%s %s without credentials = %d %q", method, e.path, code, body)
			}
		}
		if code, _ := p.Do(e.method, "http://"+address+e.path, webUser, webPassword+"x"); code != http.StatusUnauthorized {
			t.Errorf("%s %s with a wrong password = %d", e.method, e.path, code)
		}
		if code, body := p.Do(e.method, "http://"+address+e.path, webUser, webPassword); code != http.StatusOK {
			t.Errorf("%s %s with the password = %d %q", e.method, e.path, code, body)
		}
	}
}

func TestTLSCoversEveryEndpoint(t *testing.T) {
	p, address, web := daemonWith(t, "tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS13}\n",
		"--web.enable-lifecycle", "--web.enable-pprof")
	for _, e := range endpoints {
		if code, body := p.Do(e.method, "http://"+address+e.path); code != http.StatusBadRequest || strings.Contains(body,
			"qem_") {
			t.Errorf("%s %s without TLS = %d %q", e.method, e.path, code, body)
		}
	}
	if code, out, _ := command(t, nil, "healthcheck", "--web.listen-address="+address,
		"--web.config.file="+web); code != 0 {
		t.Errorf("health = %d %s", code, out)
	}
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		_ = conn.Close()
		t.Error("an older version of TLS than configured is spoken")
	}
}

// The first request of a minute is answered, the second one is not, whatever it asks for.
func TestRateLimitCoversEveryEndpoint(t *testing.T) {
	p, address, _ := daemonWith(t, "rate_limit: {interval: 1h, burst: 1}\n", "--web.enable-lifecycle",
		"--web.enable-pprof")
	if code, _ := p.Do("GET", "http://"+address+"/-/healthy"); code != http.StatusOK {
		t.Errorf("the first request = %d", code)
	}
	for _, e := range endpoints {
		if code, body := p.Do(e.method, "http://"+address+e.path); code != http.StatusTooManyRequests ||
			strings.Contains(body, "qem_") {
			t.Errorf("%s %s beyond the limit = %d %q", e.method, e.path, code, body)
		}
	}
}

// What is not asked for is not there.
func TestPprofAndReloadAreOffByDefault(t *testing.T) {
	sim := simulated(t)
	p := launch(t, environment(sim.URL), "--web.listen-address=127.0.0.1:0")
	base := "http://" + p.Address()
	p.AwaitReady(base)
	for _, e := range endpoints {
		code, body := p.Do(e.method, base+e.path)
		switch {
		case strings.HasPrefix(e.path, "/debug/"):
			if code != http.StatusNotFound {
				t.Errorf("%s %s = %d %q", e.method, e.path, code, body)
			}
		case e.path == "/-/reload":
			if code != http.StatusForbidden {
				t.Errorf("%s %s = %d %q", e.method, e.path, code, body)
			}
		case code != http.StatusOK:
			t.Errorf("%s %s = %d %q", e.method, e.path, code, body)
		}
	}
	if _, scrape := p.Do("GET", base+"/metrics"); strings.Contains(scrape, "config_last_reload_successful 0") ||
		sim.Logins() != 1 {
		t.Error("there was a reload")
	}
}

func TestReloadIsForPOST(t *testing.T) {
	sim := simulated(t)
	path := process.File(t, "qem.yml", configText("before", sim.URL))
	p := launch(t, nil, "--config.file="+path, "--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle")
	base := "http://" + p.Address()
	p.AwaitReady(base)
	rewrite(t, path, configText("after", sim.URL))
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
		if code, _ := p.Do(method, base+"/-/reload"); code != http.StatusMethodNotAllowed {
			t.Errorf("%s /-/reload = %d", method, code)
		}
	}
	foreign, err := http.NewRequest("POST", base+"/-/reload", nil)
	if err != nil {
		t.Fatal(err)
	}
	foreign.Header.Set("Sec-Fetch-Site", "cross-site") // a page of another site, in a browser
	response, err := p.Client.Do(foreign)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a reload for another site = %d", response.StatusCode)
	}
	if _, text := p.Do("GET", base+"/config"); !strings.Contains(text, "before") {
		t.Errorf("there was a reload:\n%s", text)
	}
	if code, _ := p.Do("POST", base+"/-/reload"); code != http.StatusOK {
		t.Errorf("POST /-/reload = %d", code)
	}
	if _, text := p.Do("GET", base+"/config"); !strings.Contains(text, "after") {
		t.Errorf("there was no reload:\n%s", text)
	}
}

func TestHeadersOfPages(t *testing.T) {
	p := launch(t, environment(simulated(t).URL), "--web.listen-address=127.0.0.1:0")
	base := "http://" + p.Address()
	p.AwaitReady(base)
	for _, path := range []string{"/", "/config", "/api/v1/status", "/-/healthy", "/-/ready", "/none"} {
		response, err := p.Client.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		h := response.Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "deny", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control": "no-store",
		} {
			if path == "/none" && name == "Cache-Control" {
				continue
			}
			if got := h.Get(name); got != want {
				t.Errorf("%s has %s %q, want %q", path, name, got, want)
			}
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			strings.Contains(policy, "unsafe") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		if h.Get("Server") != "" || h.Get("X-Powered-By") != "" || h.Get("Set-Cookie") != "" {
			t.Errorf("%s tells more than it should: %v", path, h)
		}
	}
}

// A header that is too large is refused, and one that never ends is not waited for.
func TestClientsThatMeanIll(t *testing.T) {
	p := launch(t, environment(simulated(t).URL), "--web.listen-address=127.0.0.1:0")
	address := p.Address()
	p.AwaitReady("http://" + address)
	for name, request := range map[string]string{
		"header": "GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 128<<10) + "\r\n\r\n",
		"URL":    "GET /" + strings.Repeat("x", 128<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"many":   "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Small: x\r\n", 20_000) + "\r\n",
	} {
		conn := dial(t, address)
		go func() { _, _ = io.WriteString(conn, request) }() // it is not read to the end
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(name, err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	t.Run("slow", func(t *testing.T) {
		t.Parallel() // it takes the time that a header has, 10 s
		const clients = 50
		var slow []net.Conn
		for range clients {
			conn := dial(t, address)
			if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
				t.Fatal(err)
			}
			slow = append(slow, conn)
		}
		if code, _ := p.Do("GET", "http://"+address+"/metrics"); code != http.StatusOK {
			t.Errorf("while others are slow, /metrics = %d", code)
		}
		for _, conn := range slow {
			if answer, err := io.ReadAll(conn); err != nil && !strings.Contains(err.Error(), "reset") ||
				strings.Contains(string(answer), "200") {
				t.Errorf("a client that sends no end of a header gets %q, %v", answer, err)
			}
		}
	})
}

// dial connects for at most half a minute.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}
