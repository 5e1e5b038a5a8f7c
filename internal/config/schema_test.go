package config

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// samples gives each key of a manager a value that is not its default.
func samples(t *testing.T) map[string]string {
	dir := t.TempDir()
	cert, key := keyPair(t)
	ca, certFile, keyFile := write(t, dir, "ca.pem", cert), write(t, dir, "client.pem", cert), write(t, dir,
		"client.key", key)
	secret := write(t, dir, "secret", "x")
	pair := "tls_config: {cert_file: " + certFile + ", key_file: " + keyFile + "}"
	return map[string]string{
		"name": "name: prod", "url": "url: https://other.example.com",
		"poll_interval": "poll_interval: 61s", "request_timeout": "request_timeout: 11s", "max_age": "max_age: 1h",
		"max_concurrent_requests": "max_concurrent_requests: 17", "max_requests_per_second": "max_requests_per_second: 0.5",
		"max_response_bytes": "max_response_bytes: 1000", "retries": "retries: 0",
		"auth.type": "auth: {type: api_token, token: x}", "auth.token": "auth: {type: jwt, token: x}",
		"auth.token_file":    "auth: {type: jwt, token_file: " + secret + "}",
		"auth.username":      "auth: {username: other, password: pass}",
		"auth.domain":        "auth: {username: svc, domain: ACME, password: pass}",
		"auth.password":      "auth: {username: svc, password: other}",
		"auth.password_file": "auth: {username: svc, password_file: " + secret + "}",
		"tls_config.ca_file": "tls_config: {ca_file: " + ca + "}", "tls_config.cert_file": pair, "tls_config.key_file": pair,
		"tls_config.server_name":          "tls_config: {server_name: qem}",
		"tls_config.insecure_skip_verify": "tls_config: {insecure_skip_verify: true}",
		"tls_config.min_version":          "tls_config: {min_version: TLS13}",
		"proxy_url":                       "proxy_url: socks5://proxy:1080",
		"no_proxy":                        "{proxy_url: http://proxy:3128, no_proxy: localhost}",
		"proxy_from_environment":          "proxy_from_environment: true", "http2": "http2: true",
		"servers.include": `servers: {include: ["a", "true", "7"]}`, "servers.exclude": `servers: {exclude: ["a: b", "~"]}`,
		"tasks.include": `tasks: {include: ["a"]}`, "tasks.exclude": `tasks: {exclude: ["#a"]}`,
		"tasks.tags":  `tasks: {tags: ["null"]}`,
		"tables.mode": "tables: {mode: off}", "tables.include": `tables: {include: ["dbo\\..*"]}`,
		"tables.exclude":  `tables: {exclude: ["a"]}`,
		"tables.interval": "tables: {interval: 1.5s}", "tables.limit": "tables: {limit: 1}",
		"collectors.endpoints":                   "collectors: {endpoints: true}",
		"collectors.endpoint_tests":              "collectors: {endpoint_tests: true}",
		"collectors.endpoint_tests.interval":     "collectors: {endpoint_tests: {interval: 1m}}",
		"collectors.endpoint_tests.include":      `collectors: {endpoint_tests: {include: ["a"]}}`,
		"collectors.endpoint_tests.exclude":      `collectors: {endpoint_tests: {exclude: ["a"]}}`,
		"collectors.endpoint_tests.timeout":      "collectors: {endpoint_tests: {timeout: 1s}}",
		"collectors.acls":                        "collectors: {acls: true}",
		"collectors.acls.interval":               "collectors: {acls: {interval: 1d}}",
		"collectors.retention_barriers":          "collectors: {retention_barriers: true}",
		"collectors.retention_barriers.interval": "collectors: {retention_barriers: {interval: 1m}}",
		"state_interval":                         "state_interval: 7s", "objectives": "objectives: [{running: false}]",
		"objectives[].server": "objectives: [{server: a, latency: 5m}]",
		"objectives[].task":   "objectives: [{task: a, latency: 5m}]",
		"objectives[].tag":    "objectives: [{tag: a, latency: 5m}]", "objectives[].latency": "objectives: [{latency: 6m}]",
		"objectives[].full_load": "objectives: [{full_load: 6m}]", "objectives[].running": "objectives: [{running: true}]",
		"objectives[].priority":  "objectives: [{priority: none}]",
		"server_limits":          "server_limits: [{memory: 1TiB}]",
		"server_limits[].server": "server_limits: [{server: a, memory: 1}]",
		"server_limits[].memory": "server_limits: [{memory: 1GB}]", "server_limits[].disk": "server_limits: [{disk: 1GB}]",
		"http_headers.*.values":  `http_headers: {X-A: {values: ["a: b", "5", "~"]}}`,
		"http_headers.*.secrets": "http_headers: {X-A: {secrets: [a]}}",
		"http_headers.*.files":   "http_headers: {X-A: {files: [" + secret + "]}}",
	}
}

// TestEveryKey sets each key of the schema by itself: it must change the manager
// in Equal's eyes, differ from every other, and come through Redacted unchanged.
func TestEveryKey(t *testing.T) {
	all := samples(t)
	base := parseOne(t, minimal)
	seen := map[string]Manager{}
	for _, key := range keysOf(reflect.TypeFor[Manager](), "") {
		path := key.path
		if key.Type.Kind() == reflect.Map || isMapping(key.Type) && !isSwitch(key.Type) {
			continue
		}
		sample, ok := all[path]
		if !ok {
			t.Errorf("no sample for %s", path)
			continue
		}
		if !strings.HasPrefix(sample, "{") {
			sample = "{" + sample + "}"
		}
		// Keys of the sample go before those that are merged in.
		text := "enterprise_managers: [{" + strings.TrimSuffix(sample[1:], "}") +
			", <<: {url: 'https://qem.example.com/attunityenterprisemanager', auth: {username: svc, password: pass}}}]"
		m := parseOne(t, text)
		if m.Equal(base) || base.Equal(m) {
			t.Errorf("%s changes nothing", path)
		}
		if !m.Equal(m) || !m.Equal(parseOne(t, text)) {
			t.Errorf("%s: a manager does not equal itself", path)
		}
		for other, before := range seen {
			if m.Equal(before) && all[other] != all[path] {
				t.Errorf("%s and %s change the same", path, other)
			}
		}
		seen[path] = m
		shown := mustParse(t, text).Redacted()
		if again := mustParse(t, shown); again.Redacted() != shown {
			t.Errorf("%s: read again,\n%s\nbecomes\n%s", path, shown, again.Redacted())
		}
	}
	if len(seen) < 45 {
		t.Errorf("only %d keys were tried", len(seen))
	}
}

func TestEqualSeesSecrets(t *testing.T) {
	with := func(extra string) Manager {
		return parseOne(t, "enterprise_managers: [{url: 'https://a', "+extra+"}]")
	}
	same := [2]string{"auth: {username: u, password: a}", "auth: {username: u, password: b}"}
	for _, pair := range [][2]string{
		same,
		{"auth: {type: jwt, token: a}", "auth: {type: jwt, token: b}"},
		{same[0] + ", http_headers: {X: {secrets: [a]}}", same[0] + ", http_headers: {X: {secrets: [b]}}"},
		{same[0] + ", proxy_url: 'http://u:a@proxy:3128'", same[0] + ", proxy_url: 'http://u:b@proxy:3128'"},
	} {
		a, b := with(pair[0]), with(pair[1])
		if a.Equal(b) || b.Equal(a) {
			t.Errorf("a change of the credential is not seen: %s", pair[0])
		}
	}
}

func TestEqualIgnoresWhatFilesHold(t *testing.T) {
	dir := t.TempDir()
	text := "enterprise_managers: [{url: 'https://a', auth: {username: u, password_file: " + write(t, dir, "p", "old") +
		"}}]"
	before := parseOne(t, text)
	write(t, dir, "p", "new")
	if !before.Equal(parseOne(t, text)) {
		t.Error("a changed password file makes another manager")
	}
}

func TestRedactedHidesAndLoads(t *testing.T) {
	shown := mustParse(t, secretive).Redacted()
	for _, want := range []string{
		"password: <secret>", "token: <secret>", "password_file: testdata/secrets/password",
		"proxy_url: http://svc:<secret>@proxy.example.com:3128",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is missing in\n%s", want, shown)
		}
	}
	var any map[string]any
	if err := yaml.Unmarshal([]byte(shown), &any); err != nil {
		t.Errorf("not YAML: %v", err)
	}
}
