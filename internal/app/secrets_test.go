package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// The canaries must be nowhere.
const (
	canaryPassword = "canary-pässword+9Ue2/xQ9="
	canaryToken    = "canary-token.7Hq1"
	canaryJWT      = "canary.jwt-3Zz8.x_y"
)

// gossip is an Enterprise Manager that repeats whatever it is told in secret, in one
// way after the other.
type gossip struct {
	sim     *aemtest.Simulator
	way     atomic.Int64 // 0: none
	mu      sync.Mutex
	secrets map[string]bool
	owners  map[string]string // the secret that opened a session
}

func newGossip() *gossip {
	account := aemtest.DefaultAccount()
	account.Password, account.APIToken, account.JWT = canaryPassword, canaryToken, canaryJWT
	g := &gossip{
		sim: aemtest.New(aemtest.Options{Seed: 1, Servers: 2, TasksPerServer: 2, TablesPerTask: 1, Healthy: true,
			Users: []aemtest.User{account}}),
		secrets: map[string]bool{},
		owners:  map[string]string{},
	}
	for _, secret := range []string{canaryPassword, canaryToken, canaryJWT} {
		g.note(secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	return g
}

func (g *gossip) note(secrets ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, secret := range secrets {
		if secret != "" {
			g.secrets[secret] = true
		}
	}
}

// refuse fails the test when a text holds a secret.
func (g *gossip) refuse(t testing.TB, where, text string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for secret := range g.secrets {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%s gives %q away: …%s…", where, secret, text[max(0, at-200):min(len(text), at+len(secret)+50)])
		}
	}
}

// overheard is a response writer that notes the session.
type overheard struct {
	http.ResponseWriter
	g      *gossip
	secret string
}

func (o overheard) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func (o overheard) WriteHeader(status int) {
	if session := strings.Join(o.Header()[aemtest.SessionHeader], ""); session != "" {
		o.g.note(session)
		o.g.mu.Lock()
		o.g.owners[session] = o.secret
		o.g.mu.Unlock()
	}
	o.ResponseWriter.WriteHeader(status)
}

// ways are the ways to repeat something: status, header and body.
var ways = []struct {
	status int
	header string
	body   string
}{
	{500, "", `{"error_code":"AEM_INNER_ERR","error_message":"who said %s?"}`},
	{200, "", `{"error_code":"AEM_INNER_ERR","error_message":"%s"}`},
	{500, "", `{"error_code":"%s","error_message":"told as a code"}`},
	{401, "", `{"error_code":"INVALID_SESSION_ID","error_message":"no session for %s"}`},
	{403, "", `{"error_code":"AEM_INNER_ERR","error_message":"no, %s"}`},
	{200, "", `<html><body>%s</body></html>`},
	{503, "", `<html><body>%s</body></html>`},
	{200, "", `%s`},
	{200, "", `{"%s":1}`},
	{200, "", `{"serverList":"%[1]s","taskList":"%[1]s","table_details":"%[1]s","cdc_latency":"%[1]s"}`},
	{302, "Location", `http://127.0.0.1:1/%s`},
	{302, "Location", `http://%s@127.0.0.1:1/`},
	{503, "Retry-After", `%s`},
	{407, "Proxy-Authenticate", `Basic realm="%s"`},
	{200, "Content-Encoding", `%s`},
	{200, "Content-Length", `%s`},
	{200, "Transfer-Encoding", `%s`},
}

func (g *gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	plain, _ := base64.StdEncoding.DecodeString(credentials)
	_, secret, _ := strings.Cut(string(plain), ":")
	session := r.Header.Get(aemtest.SessionHeader)
	g.note(credentials, session)
	way := int(g.way.Load())
	if way == 0 || strings.HasSuffix(r.URL.Path, "/servers") && way%2 == 1 || strings.HasSuffix(r.URL.Path, "/login") &&
		way%3 > 0 {
		g.sim.ServeHTTP(overheard{w, g, secret}, r)
		return
	}
	g.mu.Lock()
	told := strings.Join(strings.Fields(strings.Join([]string{credentials, secret, session, g.owners[session]}, " ")), " ")
	g.mu.Unlock()
	how := ways[way-1]
	text := fmt.Sprintf(how.body, told)
	if how.header == "" {
		w.WriteHeader(how.status)
		_, _ = io.WriteString(w, text)
		return
	}
	raw, _, err := http.NewResponseController(w).Hijack() // net/http would not send some of these
	if err != nil {
		return
	}
	defer raw.Close()
	_, _ = fmt.Fprintf(raw, "HTTP/1.1 %d Told\r\n%s: %s\r\nConnection: close\r\n\r\n", how.status, how.header, text)
}

// serve puts the Enterprise Manager on the network, as a server that may write what it wants.
func (g *gossip) serve(b *bench) (url string) {
	l := newPipes()
	server := &http.Server{Handler: g}
	go func() { _ = server.Serve(l) }()
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return l.dial() }}
	b.Cleanup(func() {
		g.sim.Close()
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return b.host(transport)
}

// TestSecretsStayInside looks for passwords, tokens and session ids in everything that an exporter
// writes and serves, while Enterprise Manager repeats whatever it is told.
func TestSecretsStayInside(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(b *bench) {
				g := newGossip()
				out := &log{}
				o := testOptions(gossipConfig(b, g.serve(b)))
				o.EnablePprof = true
				o.Logger = out.logger()
				if format == "json" {
					o.Logger = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
				}
				for way := range ways {
					g.way.Store(int64(way + 1))
					metrics, problems, _ := b.scrape(o)
					_, _ = io.WriteString(out, metrics+problems)
				}
				g.way.Store(1)
				d := b.start(o)
				d.awaitReady()
				pages(b, g, d, "when it is told in messages")
				if err := d.Reload(b.Context()); err != nil {
					g.refuse(b, "a reload", err.Error())
				}
				g.refuse(b, "what was written", out.String())
				if !strings.Contains(out.String(), "cannot be read") || !strings.Contains(d.metrics(), "AEM_INNER_ERR") {
					b.Error("the faults left no trace")
				}
			})
		})
	}
}

func gossipConfig(t testing.TB, url string) *file {
	f := configFile(t)
	settings := `retries: 0, poll_interval: 1s, request_timeout: 300ms, max_age: 1m, max_response_bytes: 100KB,
		tables: {mode: all}`
	f.writeText(fmt.Sprintf(`enterprise_managers:
- {name: password, url: %[1]s, %[2]s, auth: {type: active_directory, username: %[3]s, domain: %[4]s, password: "%[5]s"}}
- {name: token, url: %[1]s, %[2]s, auth: {type: api_token, token: "%[6]s"}}
- {name: jwt, url: %[1]s, %[2]s, auth: {type: jwt, token: "%[7]s"}}
`, url, settings, aemtest.DefaultUser, aemtest.DefaultDomain, canaryPassword, canaryToken, canaryJWT))
	return f
}

func pages(t testing.TB, g *gossip, d *daemon, when string) {
	t.Helper()
	for _, page := range []string{"/", "/metrics", "/config", "/api/v1/status", "/-/ready", "/debug/pprof/cmdline",
		"/debug/pprof/goroutine?debug=2", "/none"} {
		_, body := d.get(page)
		g.refuse(t, page+" "+when, body)
	}
}

// An error or a value that is printed, or that a panic brings up, gives nothing away.
func TestSecretsStayInValuesAndErrors(t *testing.T) {
	bubble(t, secretsStayInValuesAndErrors)
}

func secretsStayInValuesAndErrors(t *bench) {
	g := newGossip()
	f := gossipConfig(t, g.serve(t))
	cfg, err := f.load()
	if err != nil {
		t.Fatal(err)
	}
	a := t.app(testOptions(f))
	values := map[string]any{"App": a.App, "*Config": cfg, "Config": *cfg}
	for _, m := range cfg.Managers() {
		u, err := a.newUnit(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		u.attach(u.newSamples())
		login, err := credentials(m.Auth)(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		values[m.Name+" Manager"], values[m.Name+" *Manager"], values[m.Name+" Auth"] = m, &m, m.Auth
		values[m.Name+" Login"], values[m.Name+" *Login"], values[m.Name+" unit"] = login, &login, u
		for way := range ways {
			g.way.Store(int64(way + 1))
			_, listErr := u.client.Servers.List(context.Background())
			_, detailsErr := u.client.Tasks.Details(context.Background(), aem.TaskRef{Server: canaryPassword, Task: "x"})
			values[fmt.Sprint(m.Name, " errors ", way)] = errors.Join(listErr, detailsErr)
			for _, err := range []error{listErr, detailsErr} {
				for e := err; e != nil; e = errors.Unwrap(e) {
					values[fmt.Sprintf("%s error %d %T", m.Name, way, e)] = e
				}
				var apiErr *aem.Error
				if errors.As(err, &apiErr) {
					values[fmt.Sprint(m.Name, " reason ", way)] = apiErr.Reason() + apiErr.Code + apiErr.Message
				}
			}
		}
		g.way.Store(0)
		if err := u.close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			g.refuse(t, name+" as "+verb, fmt.Sprintf(verb, v))
		}
		g.refuse(t, name+" in a panic", recovered(v))
		for _, handler := range []func(io.Writer) slog.Handler{
			func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
			func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		} {
			var text bytes.Buffer
			slog.New(handler(&text)).Info("value", slog.Any("v", v), slog.Group("g", slog.Any("v", v)))
			g.refuse(t, name+" in a log", text.String())
		}
	}
}

func recovered(v any) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	panic(v)
}
