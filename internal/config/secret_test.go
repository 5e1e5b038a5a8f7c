package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// prints gives v in every way in which a value usually gets into a log or a page.
func prints(t *testing.T, v any) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10s", "%-10v", "%p"} {
		out["fmt "+verb] = fmt.Sprintf(verb, v)
	}
	asYAML, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out["yaml"], out["json"] = string(asYAML), string(asJSON)
	var text, js bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", slog.Any("value", v), slog.Group("g", slog.Any("value", v)))
	slog.New(slog.NewJSONHandler(&js, nil)).Info("x", slog.Any("value", v), slog.Group("g", slog.Any("value", v)))
	out["slog text"], out["slog json"] = text.String(), js.String()
	return out
}

func TestSecretIsHidden(t *testing.T) {
	type exported struct{ S Secret }
	type unexported struct{ s Secret }
	type nested struct {
		P *exported
		L []Secret
		M map[string]Secret
		u unexported
	}
	s := newSecret(canary)
	for _, v := range []any{
		s, &s, exported{s}, &exported{s}, unexported{s}, &unexported{s}, []Secret{s}, map[string]Secret{"a": s},
		nested{P: &exported{s}, L: []Secret{s}, M: map[string]Secret{"a": s}, u: unexported{s}},
	} {
		for how, got := range prints(t, v) {
			if shows(got) {
				t.Errorf("%s of %T shows it: %q", how, v, got)
			}
		}
	}
	for how, got := range prints(t, s) {
		if how != "fmt %p" && !strings.Contains(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(got), hidden) {
			t.Errorf("%s gives %q", how, got)
		}
	}
	if s.Reveal() != canary {
		t.Errorf("Reveal gives %q", s.Reveal())
	}
	var none Secret
	if got := fmt.Sprintf("%v|%+v|%#v|%s%s", none, none, none, none, none.Reveal()); got != "|||" || !none.IsZero() {
		t.Errorf("no secret prints %q", got)
	}
}

// shows reports whether the canary can be read from text, also in hex.
func shows(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2"))
}

// secretive has a credential in every place that can hold one.
const secretive = `
enterprise_managers:
  - url: https://a.example.com
    auth: {username: svc, password: canary-hunter2}
    proxy_url: http://svc:canary-hunter2@proxy.example.com:3128
  - url: https://b.example.com
    auth: {type: jwt, token: "${CANARY}"}
  - url: https://c.example.com
    auth: {username: svc, password_file: testdata/secrets/password}
`

func TestConfigurationShowsNoCredential(t *testing.T) {
	cfg := mustParse(t, secretive)
	values := []any{cfg, *cfg, cfg.Managers(), struct{ c *Config }{cfg}, struct{ C Config }{*cfg}, cfg.Redacted()}
	for _, m := range cfg.Managers() {
		if secret, err := m.Auth.Secret(); err != nil || secret != canary {
			t.Fatalf("%s: credential is %q, %v: this test would prove nothing", m.Name, secret, err)
		}
		values = append(values, m, &m, m.Auth, &m.Auth, struct{ M Manager }{m}, struct{ m Manager }{m},
			struct{ m *Manager }{&m}, map[string]Manager{"a": m})
	}
	for _, v := range values {
		for how, got := range prints(t, v) {
			if shows(got) {
				t.Errorf("%s of %T shows a credential: %s", how, v, got)
			}
		}
	}
}

func TestManagerPrintsNameAndURL(t *testing.T) {
	m := parseOne(t, minimal)
	const want = "qem.example.com (https://qem.example.com/attunityenterprisemanager)"
	for _, got := range []string{fmt.Sprint(m), fmt.Sprintf("%+v", &m), fmt.Sprintf("%#v", m)} {
		if got != want {
			t.Errorf("prints %q", got)
		}
	}
	if got, want := fmt.Sprint(mustParse(t, secretive)),
		"enterprise managers a.example.com, b.example.com, c.example.com"; got != want {
		t.Errorf("configuration prints %q, want %q", got, want)
	}
}
