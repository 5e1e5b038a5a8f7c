package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// samples gives each key of a manager a value that is not its default.
func samples(t *testing.T) map[string]string {
	dir := t.TempDir()
	cert, key := keyPair(t)
	ca, certFile, keyFile := write(t, dir, "ca.pem", cert), write(t, dir, "client.pem", cert), write(t, dir, "client.key", key)
	secret := write(t, dir, "secret", "x")
	pair := "tls_config: {cert_file: " + certFile + ", key_file: " + keyFile + "}"
	return map[string]string{
		"name": "name: prod", "url": "url: https://other.example.com",
		"poll_interval": "poll_interval: 61s", "request_timeout": "request_timeout: 11s", "max_age": "max_age: 1h",
		"max_concurrent_requests": "max_concurrent_requests: 17", "max_requests_per_second": "max_requests_per_second: 0.5",
		"max_response_bytes": "max_response_bytes: 1000", "retries": "retries: 0",
		"auth.type": "auth: {type: api_token, token: x}", "auth.token": "auth: {type: jwt, token: x}",
		"auth.token_file": "auth: {type: jwt, token_file: " + secret + "}",
		"auth.username":   "auth: {username: other, password: pass}", "auth.domain": "auth: {username: svc, domain: ACME, password: pass}",
		"auth.password": "auth: {username: svc, password: other}", "auth.password_file": "auth: {username: svc, password_file: " + secret + "}",
		"tls_config.ca_file": "tls_config: {ca_file: " + ca + "}", "tls_config.cert_file": pair, "tls_config.key_file": pair,
		"tls_config.server_name": "tls_config: {server_name: qem}", "tls_config.insecure_skip_verify": "tls_config: {insecure_skip_verify: true}",
		"tls_config.min_version": "tls_config: {min_version: TLS13}",
		"proxy_url":              "proxy_url: socks5://proxy:1080", "no_proxy": "{proxy_url: http://proxy:3128, no_proxy: localhost}",
		"proxy_from_environment": "proxy_from_environment: true", "http2": "http2: true",
		"servers.include": `servers: {include: ["a", "true", "7"]}`, "servers.exclude": `servers: {exclude: ["a: b", "~"]}`,
		"tasks.include": `tasks: {include: ["a"]}`, "tasks.exclude": `tasks: {exclude: ["#a"]}`, "tasks.tags": `tasks: {tags: ["null"]}`,
		"tables.mode": "tables: {mode: off}", "tables.include": `tables: {include: ["dbo\\..*"]}`, "tables.exclude": `tables: {exclude: ["a"]}`,
		"tables.interval": "tables: {interval: 1.5s}", "tables.limit": "tables: {limit: 1}",
		"collectors.endpoints": "collectors: {endpoints: true}", "collectors.endpoint_tests": "collectors: {endpoint_tests: true}",
		"collectors.endpoint_tests.interval": "collectors: {endpoint_tests: {interval: 1m}}",
		"collectors.endpoint_tests.include":  `collectors: {endpoint_tests: {include: ["a"]}}`,
		"collectors.endpoint_tests.exclude":  `collectors: {endpoint_tests: {exclude: ["a"]}}`,
		"collectors.endpoint_tests.timeout":  "collectors: {endpoint_tests: {timeout: 1s}}",
		"collectors.acls":                    "collectors: {acls: true}", "collectors.acls.interval": "collectors: {acls: {interval: 1d}}",
		"collectors.retention_barriers": "collectors: {retention_barriers: true}", "collectors.retention_barriers.interval": "collectors: {retention_barriers: {interval: 1m}}",
		"latency_objectives": "latency_objectives: [{objective: 5m}]", "latency_objectives[].objective": "latency_objectives: [{objective: 6m}]",
		"latency_objectives[].server": "latency_objectives: [{server: a, objective: 5m}]", "latency_objectives[].task": "latency_objectives: [{task: a, objective: 5m}]",
	}
}

// TestEveryKey sets each key of the schema by itself: it must change the manager
// in Equal's eyes, differ from every other, and come through Redacted unchanged.
func TestEveryKey(t *testing.T) {
	all := samples(t)
	base := parseOne(t, minimal)
	seen := map[string]Manager{}
	for _, key := range Schema() {
		path, ok := strings.CutPrefix(key.Path, "enterprise_managers[].")
		if !ok || key.Type == "mapping" {
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
	text := "enterprise_managers: [{url: 'https://a', auth: {username: u, password_file: " + write(t, dir, "p", "old") + "}}]"
	before := parseOne(t, text)
	write(t, dir, "p", "new")
	if !before.Equal(parseOne(t, text)) {
		t.Error("a changed password file makes another manager")
	}
}

func TestSchema(t *testing.T) {
	var paths []string
	for _, key := range Schema() {
		paths = append(paths, key.Path)
		if key.Doc == "" || key.Type == "" || strings.ContainsAny(key.Doc, "\n|") {
			t.Errorf("%s: type %q, doc %q", key.Path, key.Type, key.Doc)
		}
	}
	if once := slices.Compact(slices.Sorted(slices.Values(paths))); len(once) != len(paths) {
		t.Error("a key is listed twice")
	}
	want := map[string]Key{
		"defaults.poll_interval":                                  {Type: "duration", Default: "1m"},
		"defaults.max_age":                                        {Type: "duration", Default: "3 x poll_interval"},
		"defaults.max_response_bytes":                             {Type: "size", Default: "64MiB"},
		"enterprise_managers[].retries":                           {Type: "integer", Default: "2"},
		"enterprise_managers[].auth.type":                         {Type: "one of active_directory, api_token, jwt", Default: "active_directory"},
		"enterprise_managers[].auth.password":                     {Type: "secret"},
		"enterprise_managers[].servers.include":                   {Type: "list of regular expressions", Default: `[".*"]`},
		"enterprise_managers[].collectors.acls":                   {Type: "boolean or mapping", Default: "false"},
		"enterprise_managers[].collectors.endpoint_tests.timeout": {Type: "duration", Default: "1m"},
		"enterprise_managers[].latency_objectives[].objective":    {Type: "duration"},
	}
	for _, key := range Schema() {
		if w, ok := want[key.Path]; ok {
			delete(want, key.Path)
			if key.Type != w.Type || key.Default != w.Default {
				t.Errorf("%s is %q with default %q, want %q and %q", key.Path, key.Type, key.Default, w.Type, w.Default)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

// TestManagerFieldsAreShown makes sure that a field added to Manager gets a key:
// Equal and /config know nothing else.
func TestManagerFieldsAreShown(t *testing.T) {
	keys := map[string]string{"URL": "url", "TLS": "tls_config", "Proxy": "proxy_url", "HTTP2": "http2", "Tags": "tasks.tags"}
	known := map[string]bool{}
	for _, key := range Schema() {
		known[strings.TrimPrefix(key.Path, "enterprise_managers[].")] = true
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Manager]()) {
		key, ok := keys[f.Name]
		if !ok {
			key = snake(f.Name)
		}
		if !known[key] {
			t.Errorf("Manager.%s has no key %s", f.Name, key)
		}
	}
}

func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
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
