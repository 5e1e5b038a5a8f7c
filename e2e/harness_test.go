//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// binary is the built command.
var binary string

func TestMain(m *testing.M) { os.Exit(process.Main(m, "..", &binary)) }

// canary is the secret of every exporter here. No process may ever write it.
const canary = "canary-Zq7-s3cr3t"

// tellsSecret reports whether the canary is in a text, as it is or as it is sent.
func tellsSecret(text string) bool {
	for _, user := range []string{"", aemtest.DefaultUser + ":", aemtest.DefaultDomain + `\` + aemtest.DefaultUser + ":",
		"api-token:", "jwt:", "proxy:"} {
		// The last characters depend on what follows.
		sent := base64.StdEncoding.EncodeToString([]byte(user + canary))
		if strings.Contains(text, sent[:len(sent)-4]) {
			return true
		}
	}
	return strings.Contains(text, canary)
}

// eventually waits until holds is true; the test fails when that takes too long.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	process.Eventually(t, what, process.Patience, holds)
}

// launch starts the binary, and looks for the canary in what it wrote at the end.
func launch(t *testing.T, args ...string) *process.Process {
	t.Helper()
	var p *process.Process
	t.Cleanup(func() { // runs when the process has ended
		if tellsSecret(p.Written()) {
			t.Errorf("%v has written a secret", args)
		}
	})
	p = process.Launch(t, binary, args...)
	return p
}

// exporter is the daemon, running.
type exporter struct {
	*process.Process
	t       *testing.T
	address string // host:port
	begun   time.Time
	polled  time.Time // when it was known to be ready, at the latest
}

// startExporter starts the daemon on a port of its choice.
func startExporter(t *testing.T, config string, args ...string) *exporter {
	t.Helper()
	e := &exporter{t: t, begun: time.Now()}
	e.Process = launch(t, append(args, "--config.file="+config, "--web.listen-address=127.0.0.1:0")...)
	e.address = e.Address()
	return e
}

// awaitReady waits for the end of the first sweep of all its Enterprise Managers.
func (e *exporter) awaitReady() {
	e.t.Helper()
	e.AwaitReady("http://" + e.address)
	e.polled = time.Now()
}

// get returns status and body; the header is the request's.
func (e *exporter) get(path string, header http.Header) (int, []byte) {
	e.t.Helper()
	status, _, body := process.Fetch(e.t, e.Client, http.MethodGet, "http://"+e.address+path, header)
	if tellsSecret(string(body)) {
		e.t.Errorf("%s tells a secret", path)
	}
	return status, body
}

// samples are those that the exporter serves now.
func (e *exporter) samples() testkit.Samples {
	e.t.Helper()
	_, body := e.get("/metrics", nil)
	return parseText(e.t, body)
}

func parseText(t *testing.T, body []byte) testkit.Samples {
	t.Helper()
	samples, err := testkit.ParseText(body)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// write makes a file in a new directory, or in that of a file that exists.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join(t.TempDir(), path)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// account may log in with the canary, whatever the way.
func account() aemtest.User {
	return aemtest.User{
		Name:     aemtest.DefaultDomain + `\` + aemtest.DefaultUser,
		Password: canary, APIToken: canary, JWT: canary, Role: aemtest.Viewer,
	}
}

// simulate starts an Enterprise Manager that ends with the test.
func simulate(t *testing.T, o aemtest.Options, tls bool) *aemtest.Server {
	t.Helper()
	if o.Users == nil {
		o.Users = []aemtest.User{account()}
	}
	start := aemtest.NewServer
	if tls {
		start = aemtest.NewTLSServer
	}
	s := start(o)
	t.Cleanup(s.Close)
	return s
}

// small is a fleet for tests that care for other things.
func small() aemtest.Options {
	return aemtest.Options{Seed: 1, Servers: 2, ComposeServers: -1, TasksPerServer: 2, TablesPerTask: 2, Healthy: true}
}

// The ways to log in, as lines of a configuration.
var (
	byPassword = authLines("username: "+aemtest.DefaultUser, "domain: "+aemtest.DefaultDomain, "password: "+canary)
	byToken    = authLines("type: api_token", "token: "+canary)
	byJWT      = authLines("type: jwt", "token: "+canary)
)

func byPasswordFile(path string) string {
	return authLines(`username: '`+aemtest.DefaultDomain+`\`+aemtest.DefaultUser+`'`, "password_file: "+path)
}

func authLines(lines ...string) string { return "auth: {" + strings.Join(lines, ", ") + "}" }

// config is a configuration of one Enterprise Manager; the lines are keys of it.
func config(name, url string, lines ...string) string {
	text := fmt.Sprintf("enterprise_managers:\n  - name: %s\n    url: %s\n", name, url)
	for _, line := range lines {
		text += "    " + strings.ReplaceAll(line, "\n", "\n    ") + "\n"
	}
	return text
}

// How a test polls that watches what changes, and one that wants everything to be read once.
const (
	polledOften = "poll_interval: 1s\nmax_age: 1h"
	polledOnce  = "state_interval: 1h\npoll_interval: 1h"
)

// frozen is a clock that stands still.
func frozen(at time.Time) func() time.Time { return func() time.Time { return at } }
