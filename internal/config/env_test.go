package config

import (
	"os"
	"strings"
	"testing"
)

// env is an environment of names and values.
func env(pairs ...string) []string {
	var environ []string
	for i := 0; i < len(pairs); i += 2 {
		environ = append(environ, pairs[i]+"="+pairs[i+1])
	}
	return environ
}

func TestFromEnv(t *testing.T) {
	dir := t.TempDir()
	cert, _ := keyPair(t)
	ca := write(t, dir, "ca.pem", cert)
	file := write(t, dir, "password", "from file\n")
	base := "url: https://qem.example.com/attunityenterprisemanager, "
	for _, c := range []struct {
		name    string
		environ []string
		want    string // the same as a file's manager
	}{
		{"password", env("QEM_USERNAME", "svc", "QEM_PASSWORD", "p${X}"), `auth: {username: svc, password: "${LITERAL}"}`},
		{"password file", env("QEM_USERNAME", `ACME\svc`, "QEM_PASSWORD_FILE", file),
			`auth: {username: 'ACME\svc', password_file: ` + file + `}`},
		{"domain, name", env("QEM_USERNAME", "svc", "QEM_DOMAIN", "ACME", "QEM_PASSWORD", "7", "QEM_NAME", "prod"),
			`name: prod, auth: {username: svc, domain: ACME, password: "7"}`},
		{"token alone", env("QEM_TOKEN", "true"), `auth: {type: api_token, token: "true"}`},
		{"token file alone", env("QEM_TOKEN_FILE", file), `auth: {type: api_token, token_file: ` + file + `}`},
		{"tls", env("QEM_TOKEN", "t", "QEM_CA_FILE", ca, "QEM_INSECURE_SKIP_VERIFY", "true"),
			`auth: {type: api_token, token: t}, tls_config: {ca_file: ` + ca + `, insecure_skip_verify: true}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := FromEnv(append(c.environ, "QEM_URL=https://qem.example.com/attunityenterprisemanager"))
			if err != nil {
				t.Fatal(err)
			}
			// What a file can hold only through a variable, the environment holds as it is.
			want, err := Parse("qem.yml", []byte("enterprise_managers: [{"+base+c.want+"}]"), newEnvironment(env("LITERAL",
				"p${X}")).get)
			if err != nil {
				t.Fatal(err)
			}
			got := cfg.Managers()[0]
			if name := got.KeyName("tls_config.ca_file"); name != "QEM_CA_FILE" {
				t.Errorf("tls_config.ca_file is called %s", name)
			}
			got.variables = nil
			if !got.Equal(want.Managers()[0]) {
				t.Errorf("manager is\n%s\nwant\n%s", cfg.Redacted(), want.Redacted())
			}
		})
	}
}

// TestEnvironments holds the exact words for what can be wrong with variables.
func TestEnvironments(t *testing.T) {
	escapes := strings.NewReplacer(`\n`, "\n", `\xff`, "\xff")
	examples(t, "testdata/environment.txt", func(input string) (*Config, error) {
		environ := strings.Split(input, "\n")
		for i, variable := range environ {
			environ[i] = escapes.Replace(variable)
		}
		return FromEnv(environ)
	})
}

func TestFromEnvFileIsRelativeToWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("token", []byte("here"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := FromEnv(env("QEM_URL", "https://a", "QEM_TOKEN_FILE", "token"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cfg.Managers()[0].Auth.Secret(); err != nil || got != "here" {
		t.Errorf("token is %q, %v", got, err)
	}
}

// TestEveryKeyHasAVariable reaches each key of a manager, by one name each.
func TestEveryKeyHasAVariable(t *testing.T) {
	seen := map[string]string{}
	for _, v := range variables() {
		if other := seen[v.variable]; other != "" {
			t.Errorf("%s is %s and %s", v.variable, other, v.path)
		}
		seen[v.variable] = v.path
	}
	for _, want := range []string{"QEM_STATE_INTERVAL", "QEM_CA_FILE", "QEM_AUTH_TYPE", "QEM_COLLECTORS_ACLS",
		"QEM_SERVER_LIMITS", "QEM_TASKS_TAGS"} {
		if seen[want] == "" {
			t.Errorf("no %s", want)
		}
	}
	if len(seen) < 45 {
		t.Errorf("only %d variables", len(seen))
	}
}
