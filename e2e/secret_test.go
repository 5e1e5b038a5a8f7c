//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// TestNoPageTellsASecret looks at every page and at the most talkative log, while one
// Enterprise Manager is up, one refuses the login, and one is behind a proxy that
// wants a password and answers nonsense. (All other tests look for the canary, too:
// whatever a process writes or serves is searched.)
func TestNoPageTellsASecret(t *testing.T) {
	up := simulate(t, small(), false)
	// An error of the API that repeats what it was given.
	up.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Times: 1, Kind: aemtest.FaultAPIError, Code: "AEM_INNER_ERR",
		Message: "the password " + canary + " is wrong"})
	others := small()
	others.Users = []aemtest.User{{Name: account().Name, Password: "another", Role: aemtest.Viewer}}
	refusing := simulate(t, others, false)
	proxied := strings.Replace(webPage(t), "http://", "http://proxy:"+canary+"@", 1)

	text := config("up", up.URL, byPassword, polledOnce)
	for _, more := range []string{
		config("refusing", refusing.URL, byPassword, polledOnce),
		config("proxied", "http://qem.example.com"+aemtest.Path, byToken, polledOnce, "proxy_url: "+proxied),
	} {
		text += strings.TrimPrefix(more, "enterprise_managers:\n")
	}
	e := startExporter(t, write(t, "qem.yml", text), "--log.level=debug", "--web.enable-pprof")
	e.awaitReady()
	for _, page := range []string{"/", "/metrics", "/config", "/api/v1/status", "/-/ready", "/-/healthy",
		"/debug/pprof/cmdline", "/none"} {
		status, body := e.get(page, nil) // searches the body
		if page != "/none" && status != http.StatusOK {
			t.Errorf("%s has status %d", page, status)
		}
		if page == "/config" && (!strings.Contains(string(body), "<secret>") || !strings.Contains(string(body),
			refusing.URL)) {
			t.Errorf("/config is not the configuration:\n%s", body)
		}
	}
}

// TestNoComplaintTellsASecret makes mistakes close to a password.
func TestNoComplaintTellsASecret(t *testing.T) {
	for name, auth := range map[string]string{
		"given twice":        "auth: {username: u, password: " + canary + ", password_file: none}",
		"wrong type":         "auth: {username: u, password: [" + canary + "]}",
		"wrong key":          "auth: {username: u, passwort: " + canary + "}",
		"not a mapping":      "auth: " + canary,
		"colon":              "auth:\n  username: u\n  password: " + canary + ": x",
		"tab":                "auth:\n  username: u\n\tpassword: " + canary,
		"open quote":         "auth:\n  username: u\n  password: \"" + canary,
		"in the wrong place": "password: " + canary,
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "qem.yml", config("prod", "https://qem.example.com", auth))
			for _, args := range [][]string{{"check-config", path}, {"scrape", "--config.file=" + path},
				{"--config.file=" + path, "--web.listen-address=127.0.0.1:0"}} {
				p := launch(t, args...) // what it writes is searched at the end
				if code := p.Wait(); code != 1 {
					t.Errorf("%v: exit code %d, want 1", args[0], code)
				}
				if !strings.Contains(p.Stderr.String(), "qem.yml") {
					t.Errorf("%v does not say where the mistake is: %s", args[0], &p.Stderr)
				}
			}
		})
	}
}
