package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDefaultsBlockAndManagerOverride(t *testing.T) {
	// The managers stand first: the order of the keys must not matter.
	cfg := mustParse(t, `
enterprise_managers:
  - {name: a, url: "https://a.example.com", auth: {username: u, password: p}}
  - name: b
    url: https://b.example.com
    auth: {username: u, password: p}
    poll_interval: 5m
    retries: 0
  - {name: c, url: "https://c.example.com", auth: {username: u, password: p}, max_age: 1h}
defaults:
  poll_interval: 30s
  max_concurrent_requests: 4
  max_requests_per_second: 2.5
  max_response_bytes: 1GiB
  retries: 7
`)
	type values struct {
		poll, age   time.Duration
		concurrent  int
		perSecond   float64
		bytes       Size
		retries     int
		requestTime time.Duration
	}
	var got []values
	for _, m := range cfg.Managers() {
		got = append(got, values{m.PollInterval, m.MaxAge, m.MaxConcurrentRequests, m.MaxRequestsPerSecond,
			m.MaxResponseBytes, m.Retries, m.RequestTimeout})
	}
	want := []values{
		{30 * time.Second, 0, 4, 2.5, 1 << 30, 7, 10 * time.Second},
		{5 * time.Minute, 0, 4, 2.5, 1 << 30, 0, 10 * time.Second},
		{30 * time.Second, time.Hour, 4, 2.5, 1 << 30, 7, 10 * time.Second},
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("manager %d has %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestMaxAgeMayEqualPollInterval(t *testing.T) {
	m := parseOne(t, minimal+"    poll_interval: 1h\n    max_age: 60m\n")
	if m.MaxAge != m.PollInterval {
		t.Errorf("max_age %s, poll_interval %s", m.MaxAge, m.PollInterval)
	}
}

// documented is the example of the documentation, with everything in it.
const documented = `
enterprise_managers:
  - name: prod
    url: https://qem.example.com/attunityenterprisemanager
    poll_interval: 30s
    auth: {type: active_directory, username: svc_prometheus, domain: ACME, password_file: password}
    tls_config: {ca_file: ca.pem, server_name: qem, insecure_skip_verify: true, min_version: TLS13}
    proxy_url: http://proxy.example.com:3128
    no_proxy: localhost
    http2: true
    servers: {include: ["prod-.*", "dr"], exclude: ["lab-.*"]}
    tasks: {include: ["a|b"], exclude: [], tags: [gold]}
    tables: {mode: all, include: ["dbo\\..*"], exclude: [".*_tmp"], interval: 5m, limit: 10}
    collectors:
      endpoints: true
      endpoint_tests: {interval: 20m, include: ["ora.*"], timeout: 30s}
      acls: {}
      retention_barriers: true
    objectives:
      - {server: ".*", task: "crm_.*", latency: 5m, running: true}
      - {latency: 15m, full_load: 12h, priority: ticket}
    server_limits: [{server: "prod-.*", memory: 64GiB}]
    http_headers: {X-Key: {secrets: [hidden-by-us], files: [password]}, X-Who: {values: ["qem exporter"]}}
`

func TestDocumentedExample(t *testing.T) {
	dir := t.TempDir()
	cert, _ := keyPair(t)
	write(t, dir, "ca.pem", cert)
	write(t, dir, "password", "from file\n")
	file := write(t, dir, "qem.yml", documented)
	cfg, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/documented.yml" // DIR is the file's directory; -update writes it anew
	got := strings.ReplaceAll(cfg.Redacted(), dir, "DIR")
	if *update {
		write(t, filepath.Dir(golden), filepath.Base(golden), got)
	}
	if want := read(t, golden); got != want {
		t.Errorf("configuration in force is\n%s\nwant\n%s", got, want)
	}
	if secret, err := cfg.Managers()[0].Auth.Secret(); err != nil || secret != "from file" {
		t.Errorf("password is %q, %v", secret, err)
	}
}

func TestExpressionsAreAnchored(t *testing.T) {
	m := parseOne(t, minimal+`
    servers: {include: ["prod|dr"]}
    objectives: [{task: "crm|erp", latency: 5m}]
`)
	for name, want := range map[string]bool{"prod": true, "dr": true, "prod2": false, "xdr": false, "a\nprod": false} {
		if got := m.Servers.Include[0].MatchString(name); got != want {
			t.Errorf("server %q: match %t, want %t", name, got, want)
		}
	}
	o := m.Objectives[0]
	if o.Server != nil || !o.Task.MatchString("erp") || o.Task.MatchString("erp2") {
		t.Errorf("objective matches %v and %v", o.Server, o.Task)
	}
	all := parseOne(t, minimal+"    servers: {include: [\".*\"]}\n").Servers.Include[0]
	if !all.MatchString("two\nlines") {
		t.Error(".* leaves out a name with a line break")
	}
}

func TestName(t *testing.T) {
	for address, want := range map[string]string{
		"https://qem.example.com":           "qem.example.com",
		"https://qem.example.com:443/x":     "qem.example.com",
		"https://qem.example.com:8443/x":    "qem.example.com:8443",
		"http://127.0.0.1:80/":              "127.0.0.1",
		"http://127.0.0.1:443/":             "127.0.0.1:443",
		"https://[::1]:8443/":               "[::1]:8443",
		"HTTPS://${CANARY}.example.com:443": canary + ".example.com",
	} {
		m := parseOne(t, "enterprise_managers: [{url: \""+address+"\", auth: {username: u, password: p}}]")
		if m.Name != want {
			t.Errorf("name of %s is %q, want %q", address, m.Name, want)
		}
	}
}

func TestAnchorsAndMergeKeys(t *testing.T) {
	cfg := mustParse(t, `
enterprise_managers:
  - &base
    url: https://a.example.com
    auth: &auth {username: u, password: p}
    retries: 5
    tables: {mode: all}
  - <<: *base
    url: https://b.example.com
    retries: 1
  - url: https://c.example.com
    <<: [{retries: 3}, *base]
    tables: {mode: "off"}
  - {url: "https://d.example.com", auth: *auth}
  - {url: "https://e.example.com", auth: {<<: *auth, username: v}}
`)
	type values struct {
		url, user string
		retries   int
		mode      string
	}
	want := []values{
		{"https://a.example.com", "u", 5, "all"},
		{"https://b.example.com", "u", 1, "all"},
		{"https://c.example.com", "u", 3, "off"},
		{"https://d.example.com", "u", 2, "summary"},
		{"https://e.example.com", "v", 2, "summary"},
	}
	for i, m := range cfg.Managers() {
		if got := (values{m.URL, m.Auth.Username, m.Retries, m.Tables.Mode}); got != want[i] {
			t.Errorf("manager %d is %+v, want %+v", i, got, want[i])
		}
	}
}

// Keys whose lines are all commented out are left with no value.
func TestEmptyMappings(t *testing.T) {
	m := parseOne(t, minimal+`
    tls_config:
    servers:
    tasks:
    tables:
    collectors:
defaults:
`)
	if !m.Equal(parseOne(t, minimal)) {
		t.Error("mappings without keys change something")
	}
}

func TestCollectorsOnAndOff(t *testing.T) {
	c := parseOne(t,
		minimal+"    collectors: {endpoint_tests: true, acls: false, retention_barriers: {interval: 1d}}\n").Collectors
	if c.EndpointTests.Interval != 15*time.Minute || c.EndpointTests.Timeout != time.Minute {
		t.Errorf("endpoint_tests: true gives %+v", c.EndpointTests)
	}
	if c.ACLs.Interval != 0 || c.RetentionBarriers.Interval != 24*time.Hour {
		t.Errorf("acls %+v, retention_barriers %+v", c.ACLs, c.RetentionBarriers)
	}
}

func TestManagersIsACopy(t *testing.T) {
	cfg := mustParse(t, minimal)
	cfg.Managers()[0].Name = "changed"
	if got := cfg.Managers()[0].Name; got != "qem.example.com" {
		t.Errorf("the configuration was changed from outside: %s", got)
	}
}

func TestLoadNamesTheFileThatIsNotThere(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yml"), os.Environ())
	if err == nil || !strings.Contains(err.Error(), "none.yml: no such file") {
		t.Errorf("error is %v", err)
	}
}

// TestStateInterval lowers what comes from the defaults, and only that.
func TestStateInterval(t *testing.T) {
	cfg := mustParse(t, `
defaults: {state_interval: 40s}
enterprise_managers:
  - {url: "https://a", auth: {username: u, password: p}}
  - {url: "https://b", auth: {username: u, password: p}, poll_interval: 10s}
  - {url: "https://c", auth: {username: u, password: p}, poll_interval: 10s, state_interval: 5s}
  - {url: "https://d", auth: {username: u, password: p}, poll_interval: 2m, tables: {interval: 0s}}
`)
	for i, want := range [][2]time.Duration{{40e9, 300e9}, {10e9, 50e9}, {5e9, 50e9}, {40e9, 120e9}} {
		if m := cfg.Managers()[i]; m.StateInterval != want[0] || m.Tables.Interval != want[1] {
			t.Errorf("%s: state_interval %s, tables.interval %s", m, m.StateInterval, m.Tables.Interval)
		}
	}
}
