package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// samples are those of the keys that need others beside them, or for which not every
// value of the type will do.
func samples(t *testing.T) map[string]string {
	dir := t.TempDir()
	cert, key := keyPair(t)
	ca, certFile := write(t, dir, "ca.pem", cert), write(t, dir, "client.pem", cert)
	pair := "tls_config: {cert_file: " + certFile + ", key_file: " + write(t, dir, "client.key", key) + "}"
	secret := write(t, dir, "secret", "x")
	return map[string]string{
		"url":       "url: https://other.example.com",
		"auth.type": "auth: {type: api_token, token: x}", "auth.token": "auth: {type: jwt, token: x}",
		"auth.token_file":    "auth: {type: jwt, token_file: " + secret + "}",
		"auth.username":      "auth: {username: other, password: pass}",
		"auth.domain":        "auth: {username: svc, domain: ACME, password: pass}",
		"auth.password":      "auth: {username: svc, password: other}",
		"auth.password_file": "auth: {username: svc, password_file: " + secret + "}",
		"tls_config.ca_file": "tls_config: {ca_file: " + ca + "}", "tls_config.cert_file": pair, "tls_config.key_file": pair,
		"proxy_url":              "proxy_url: socks5://proxy:1080",
		"no_proxy":               "proxy_url: http://proxy:3128, no_proxy: localhost",
		"servers.include":        `servers: {include: ["a", "true", "7"]}`,
		"servers.exclude":        `servers: {exclude: ["a: b", "~", "#a", "null"]}`,
		"objectives":             "objectives: [{running: false}]",
		"objectives[].server":    "objectives: [{server: a, latency: 5m}]",
		"objectives[].task":      "objectives: [{task: a, latency: 5m}]",
		"objectives[].tag":       "objectives: [{tag: a, latency: 5m}]",
		"server_limits":          "server_limits: [{memory: 1TiB}]",
		"server_limits[].server": "server_limits: [{server: a, memory: 1}]",
		"http_headers.*.values":  `http_headers: {X-A: {values: ["a: b", "5", "~"]}}`,
		"http_headers.*.files":   "http_headers: {X-A: {files: [" + secret + "]}}",
	}
}

// sample gives a key a value that is not its default.
func (k key) sample() string {
	words := k.words()
	value := map[reflect.Type]string{
		reflect.TypeFor[time.Duration](): "61s", reflect.TypeFor[Size](): "1000", reflect.TypeFor[int](): "7",
		reflect.TypeFor[float64](): "0.5", reflect.TypeFor[bool](): "true", reflect.TypeFor[*bool](): "true",
	}[k.Type]
	switch {
	case k.path == "state_interval": // at most poll_interval
		value = "7s"
	case k.tag("default") == "true":
		value = "false"
	case len(words) > 0:
		value = words[len(words)-1]
	case isSwitch(k.Type):
		value = "true"
	case value == "" && k.Type.Kind() == reflect.Slice:
		value = "[a]"
	case value == "":
		value = "a"
	}
	open := strings.NewReplacer("[].", ": [{", ".*.", ": {X-A: {", ".", ": {").Replace(k.path)
	return open + ": " + value + strings.Repeat("}", strings.Count(k.path, ".")) +
		strings.Repeat("]", strings.Count(k.path, "[]"))
}

// TestEveryKey sets each key of the schema by itself: it must change the manager
// in Equal's eyes, differ from every other, and come through Redacted unchanged.
func TestEveryKey(t *testing.T) {
	all := samples(t)
	base := parseOne(t, minimal)
	seen := map[string]Manager{}
	for _, key := range keysOf(reflect.TypeFor[Manager]()) {
		path := key.path
		if key.Type.Kind() == reflect.Map || isMapping(key.Type) && !isSwitch(key.Type) {
			continue
		}
		if all[path] == "" {
			all[path] = key.sample()
		}
		// Keys of the sample go before those that are merged in.
		text := "enterprise_managers: [{" + all[path] +
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
