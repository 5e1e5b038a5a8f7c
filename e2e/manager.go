//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

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

// Polls of a test that watches what changes, and of one that wants a single poll.
const (
	polledOften = "poll_interval: 1s\nmax_age: 1h"
	polledOnce  = "poll_interval: 1h"
)

// frozen is a clock that stands still.
func frozen(at time.Time) func() time.Time { return func() time.Time { return at } }
