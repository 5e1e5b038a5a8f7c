package config

import (
	"slices"
	"strings"
	"testing"
)

// TestWarnings holds what is legal and yet a likely slip, and what looks like one and is none.
func TestWarnings(t *testing.T) {
	manager := func(more string) string {
		return "enterprise_managers:\n  - url: https://a\n    auth:\n      username: u\n" + more
	}
	const at = "qem.yml:5:7: enterprise_managers[0].auth.password: "
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", manager("      password: canary-hunter2    # as people write comments\n"), nil},
		{"quoted", manager("      password: \"canary-hunter2 #1\"\n"), nil},
		{"comment", manager("      password: canary-hunter2 #1\n"), []string{at + "a comment begins right after it"}},
		{"comment, one blank", manager("      password: canary-hunter2 # old\n"), []string{at +
			"a comment begins right after it"}},
		{"short", manager("      password: hunter2\n"), []string{at + "is shorter than 8 characters"}},
		{"curly quotes", manager("      password: “canary-hunter2”\n"), []string{at + "begins or ends with a curly quote"}},
		{"curly quote in the middle", manager("      password: it’s a canary\n"), nil},
		{"curly expression", minimal + "    servers: {include: [‘prod’]}\n",
			[]string{"include[0]: begins or ends with a curly quote", "is shorter than 8 characters"}},
		{"not verified", manager("      password: canary-hunter2\n    tls_config: {insecure_skip_verify: true}\n"),
			[]string{"insecure_skip_verify: the server's certificate is not verified"}},
		{"in clear", strings.Replace(manager("      password: canary-hunter2\n"), "https", "http", 1),
			[]string{"enterprise_managers[0].url: http:// to another machine"}},
		{"in clear, at home", strings.Replace(manager("      password: canary-hunter2\n"), "https://a", "http://[::1]:1",
			1), nil},
		{"header", manager("      password: canary-hunter2\n    http_headers: {X-Key: {secrets: [short]}}\n"),
			[]string{"http_headers.X-Key.secrets[0]: is shorter"}},
	} {
		t.Run(c.name, func(t *testing.T) { expectWarnings(t, mustParse(t, c.text).Warnings(), c.want) })
	}
}

func expectWarnings(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("warnings are %q, want %q", got, want)
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, w) }) {
			t.Errorf("no warning %q in %q", w, got)
		}
	}
	if strings.Contains(strings.Join(got, ""), "hunter2") {
		t.Errorf("a credential stands in %q", got)
	}
}

func TestWarningsOfVariables(t *testing.T) {
	base := env("QEM_URL", "https://a", "QEM_USERNAME", "u", "QEM_PASSWORD", canary)
	for _, c := range []struct {
		environ []string
		want    []string
	}{
		{nil, nil},
		{env("QEM_POLL_INTERVALL", "5s"),
			[]string{"QEM_POLL_INTERVALL: unknown environment variable, which means nothing; did you mean QEM_POLL_INTERVAL?"}},
		{env("QEM_EXPORTER_PORT", "x", "QEM_SERVICE_HOST", "x", "QEM_PORT_443_TCP_ADDR", "x", "QEM_PORT", "x"), nil},
		{env("QEM_PASSWORD", "“canary-hunter2”"), []string{"QEM_PASSWORD: begins or ends with a curly quote"}},
		{env("QEM_PASSWORD", `"canary-hunter2"`), []string{"QEM_PASSWORD: stands in quotes"}},
		{env("QEM_URL", "http://a", "QEM_INSECURE_SKIP_VERIFY", "yes"),
			[]string{"QEM_URL: http:// to another machine", "QEM_INSECURE_SKIP_VERIFY: the server's certificate"}},
	} {
		cfg, err := FromEnv(slices.Concat(base, c.environ))
		if err != nil {
			t.Fatal(err)
		}
		expectWarnings(t, cfg.Warnings(), c.want)
	}
	file := write(t, t.TempDir(), "qem.yml", strings.Replace(minimal, "pass}", `"${QEM_SECRET}"}`, 1))
	cfg, err := Load(file, env("QEM_SECRET", canary, "QEM_SECRETS", "x", "QEM_URL", "x"))
	if err != nil {
		t.Fatal(err)
	}
	expectWarnings(t, cfg.Warnings(), []string{"QEM_SECRETS: unknown environment variable"})
}
