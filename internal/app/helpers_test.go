package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// simulated is a small simulated Enterprise Manager.
func simulated(t *testing.T) *aemtest.Server {
	t.Helper()
	s := aemtest.NewServer(aemtest.Options{Seed: 1, Servers: 2, ComposeServers: -1, TasksPerServer: 3, TablesPerTask: 2,
		Healthy: true})
	t.Cleanup(s.Close)
	return s
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
	t    *testing.T
	path string
}

func configFile(t *testing.T, entries ...string) *file {
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
	if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *file) load() (*config.Config, error) {
	return config.Load(f.path, nil)
}

// log is what was logged, for a test to read while it is written.
type log struct{ process.Output }

func (l *log) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func testOptions(f *file) Options {
	return Options{
		Load:            f.load,
		ListenAddresses: []string{"127.0.0.1:0"},
		EnableLifecycle: true,
		Version:         "test",
		Logger:          slog.New(slog.DiscardHandler),
	}
}

// daemon is an App that runs until the end of the test.
type daemon struct {
	*App
	t      *testing.T
	client *http.Client
}

func start(t *testing.T, o Options) *daemon {
	t.Helper()
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{App: a, t: t, client: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
		d.client.CloseIdleConnections()
	})
	if err := a.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *daemon) url(path string) string { return "http://" + d.Addrs()[0].String() + path }

func (d *daemon) get(path string) (int, string) { return d.do(http.MethodGet, path) }

func (d *daemon) do(method, path string) (int, string) {
	d.t.Helper()
	request, err := http.NewRequest(method, d.url(path), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	response, err := d.client.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return response.StatusCode, string(body)
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
	eventually(d.t, "every first poll has ended", func() bool {
		code, _ := d.get("/-/ready")
		return code == http.StatusOK
	})
}

func (d *daemon) awaitSample(line string) {
	d.t.Helper()
	eventually(d.t, "a scrape has "+line, func() bool { return hasSample(d.metrics(), line) })
}

// hasSample tells whether a scrape has a line that begins so.
func hasSample(scrape, line string) bool { return strings.Contains("\n"+scrape, "\n"+line) }

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	process.Eventually(t, what, 20*time.Second, holds)
}
