package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoaded holds what configurations become.
func TestLoaded(t *testing.T) {
	examples(t, "testdata/loaded.txt", func(input string) (*Config, error) {
		return Parse("qem.yml", []byte(input), corpusEnv)
	})
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
