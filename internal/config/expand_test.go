package config

import (
	"strings"
	"testing"
)

func TestVariables(t *testing.T) {
	getenv := func(name string) string {
		return map[string]string{
			"USER_1": "svc", "DOMAIN": "ACME", "PASS": `${USER_1}: "x" # y`, "HOST": "qem.example.com",
			"PROXY": "http://u:p@proxy:3128",
		}[name]
	}
	cfg, err := Parse("qem.yml", []byte(`
enterprise_managers:
  - name: "${HOST}"
    url: https://${HOST}:8443/attunityenterprisemanager
    auth: {username: "${USER_1}", domain: "${DOMAIN}", password: "a$b$$c$${PASS}${PASS}${USER_1}$"}
    proxy_url: ${PROXY}
    tasks: {tags: ["${HOST}"]}
`), getenv)
	if err != nil {
		t.Fatal(err)
	}
	m := cfg.Managers()[0]
	for _, c := range []struct{ what, got, want string }{
		{"url", m.URL, "https://qem.example.com:8443/attunityenterprisemanager"},
		{"username", m.Auth.Username, "svc"},
		{"domain", m.Auth.Domain, "ACME"},
		{"password", m.Auth.Password.Reveal(), `a$b$$c${PASS}${USER_1}: "x" # ysvc$`},
		{"proxy_url", m.ProxyURL.String(), "http://u:p@proxy:3128"},
		{"name, which is no credential", m.Name, "${HOST}"},
		{"tag, which is no credential", m.Tasks.Tags[0], "${HOST}"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestVariableInFileName(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "password", "from the directory of credentials")
	cfg, err := Parse("qem.yml", []byte(strings.Replace(minimal, "password: pass",
		`password_file: "${CREDENTIALS_DIRECTORY}/password"`, 1)),
		func(string) string { return dir })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cfg.Managers()[0].Auth.Secret(); err != nil || got != "from the directory of credentials" {
		t.Errorf("password is %q, %v", got, err)
	}
}
