package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a network without sockets, whose clock runs as fast as the tests do.
type bench struct {
	*testing.T
	hosts map[string]http.RoundTripper
}

// bubble lets a test have a bench.
func bubble(t *testing.T, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(&bench{t, map[string]http.RoundTripper{}}) })
}

// host gives a transport a name, and returns its URL.
func (b *bench) host(t http.RoundTripper) string {
	name := fmt.Sprintf("qem%d.example.com", len(b.hosts))
	b.hosts[name] = t
	return "http://" + name + aemtest.Path
}

// transport leads to the host that a manager names. What is wrong with its TLS files is told as ever.
func (b *bench) transport(m config.Manager) (http.RoundTripper, error) {
	if _, err := newTransport(m); err != nil {
		return nil, err
	}
	at, err := url.Parse(m.URL)
	if err != nil || b.hosts[at.Host] == nil {
		return nowhere{}, err
	}
	return b.hosts[at.Host], nil
}

// nowhere leads to a host that there is not.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no such host")
}

// simulatedManager is a simulated Enterprise Manager of the network.
type simulatedManager struct {
	*aemtest.Simulator
	URL string
}

// simulated is a small one.
func (b *bench) simulated() *simulatedManager {
	return b.simulatedOf(aemtest.Options{Seed: 1, Servers: 2, ComposeServers: -1, TasksPerServer: 3, TablesPerTask: 2,
		Healthy: true})
}

func (b *bench) simulatedOf(o aemtest.Options) *simulatedManager {
	s := aemtest.New(o)
	b.Cleanup(s.Close)
	return &simulatedManager{s, b.host(s.Transport())}
}

// entry is a manager in a configuration; extra lines go below it.
func entry(name, url string, extra ...string) string {
	text := fmt.Sprintf(`
- name: %s
  url: %s
  auth: {type: active_directory, username: %s, domain: %s, password: %s}
`, name, url, aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword)
	for _, line := range extra {
		text += "  " + line + "\n"
	}
	return text
}

// file is a configuration that tests change.
type file struct {
	t    testing.TB
	path string
}

func configFile(t testing.TB, entries ...string) *file {
	t.Helper()
	f := &file{t: t, path: filepath.Join(t.TempDir(), "qem.yml")}
	f.write(entries...)
	return f
}

func (f *file) write(entries ...string) {
	f.t.Helper()
	f.writeText("enterprise_managers:\n" + strings.Join(entries, ""))
}

func (f *file) writeText(text string) {
	f.t.Helper()
	put(f.t, f.path, text)
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *file) load() (*config.Config, error) {
	return config.Load(f.path, nil)
}

func testOptions(f *file) Options {
	return Options{
		Load:            f.load,
		ListenAddresses: []string{"127.0.0.1:0"},
		TelemetryPath:   "/metrics",
		MaxConnections:  100,
		TotalShards:     1,
		EnableLifecycle: true,
		Version:         "1.2.3",
		Logger:          slog.New(slog.DiscardHandler),
	}
}

// scrape polls once what a configuration describes.
func (b *bench) scrape(o Options) (metrics, problems string, err error) {
	b.Helper()
	var out, words bytes.Buffer
	f := newFactory(o)
	f.transport = b.transport
	err = f.scrape(b.Context(), &out, &words)
	return out.String(), words.String(), err
}

// daemon is an App that runs until the end of the test.
type daemon struct {
	*App
	t      testing.TB
	client *http.Client
	dial   func() (net.Conn, error)
}

// app makes an App on the network, which is not started.
func (b *bench) app(o Options) *daemon {
	b.Helper()
	a, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	l := newPipes()
	a.listen = func(context.Context, Options) ([]net.Listener, error) { return []net.Listener{l}, nil }
	a.transport = b.transport
	dial := func(context.Context, string, string) (net.Conn, error) { return l.dial() }
	d := &daemon{App: a, t: b, client: &http.Client{Transport: &http.Transport{DialContext: dial}}, dial: l.dial}
	b.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			b.Errorf("stop: %v", err)
		}
		d.client.CloseIdleConnections()
	})
	return d
}

func (b *bench) start(o Options) *daemon {
	b.Helper()
	d := b.app(o)
	if err := d.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	return d
}

// pipes is a listener in memory.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
	end         func()
}

func newPipes() *pipes {
	p := &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
	p.end = sync.OnceFunc(func() { close(p.closed) })
	return p
}

func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.connections <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.end()
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 10045} }

func (d *daemon) get(path string) (int, string) { return d.do(http.MethodGet, path) }

func (d *daemon) do(method, path string) (int, string) {
	d.t.Helper()
	status, _, body := process.Fetch(d.t, d.client, method, "http://qem_exporter"+path, http.Header{})
	return status, string(body)
}

// reload puts a configuration of these managers in force.
func (d *daemon) reload(f *file, entries ...string) {
	d.t.Helper()
	f.write(entries...)
	if err := d.Reload(context.Background()); err != nil {
		d.t.Fatal(err)
	}
}

// metrics is a scrape.
func (d *daemon) metrics() string {
	d.t.Helper()
	code, body := d.get("/metrics")
	if code != http.StatusOK {
		d.t.Fatalf("/metrics = %d", code)
	}
	return body
}

func (d *daemon) awaitReady() {
	d.t.Helper()
	d.await("every first poll has ended", func() bool {
		code, _ := d.get("/-/ready")
		return code == http.StatusOK
	})
}

func (d *daemon) awaitSample(line string) {
	d.t.Helper()
	d.await("a scrape has "+line, func() bool { return hasSample(d.metrics(), line) })
}

// await lets time pass until a condition holds.
func (d *daemon) await(what string, holds func() bool) {
	d.t.Helper()
	for range 1000 {
		synctest.Wait()
		if holds() {
			return
		}
		time.Sleep(time.Second)
	}
	d.t.Fatalf("it never comes that %s", what)
}

// hasSample tells whether a scrape has a line that begins so.
func hasSample(scrape, line string) bool { return strings.Contains("\n"+scrape, "\n"+line) }
