//go:build e2e

package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// scraped is what the command scrape did.
type scraped struct {
	code    int
	samples testkit.Samples
	stderr  string
}

// runScrape runs the command scrape with a configuration.
func runScrape(t *testing.T, configuration string) scraped {
	t.Helper()
	p := launch(t, "--config.file="+write(t, "qem.yml", configuration), "scrape")
	s := scraped{code: p.Wait(), stderr: p.Stderr.String()}
	s.samples = parseText(t, []byte(p.Stdout.String()))
	return s
}

// TestScrapeTellsWhatIsWrong gives the command what people get wrong at first. It must
// say what is wrong, in a way that helps, and end with 1.
func TestScrapeTellsWhatIsWrong(t *testing.T) {
	plain, secure := simulate(t, small(), false), simulate(t, small(), true)
	others := small()
	others.Users = []aemtest.User{{Name: account().Name, Password: "another", APIToken: "another", JWT: "another",
		Role: aemtest.Viewer}}
	closed := simulate(t, others, false)
	proxy := webPage(t)
	nobody := "http://" + process.FreeAddress(t) + aemtest.Path
	misnamed := "tls_config: {server_name: other.example.com, ca_file: " + write(t, "ca.pem",
		string(secure.CertPEM())) + "}"
	swap := func(url, from, to string) string { return strings.Replace(url, from, to, 1) }

	for _, test := range []struct {
		name, url string
		lines     []string
		says      string // a regular expression for stderr
	}{
		{"wrong path", plain.URL + "/wrong", []string{byPassword}, `HTTP 404.*(?i:path)`},
		{"http on a TLS port", swap(secure.URL, "https:", "http:"), []string{byPassword}, `(?i)https|TLS`},
		{"https on a plain port", swap(plain.URL, "http:", "https:"), []string{byPassword}, `tls: .*(?i:http)`},
		{"self-signed certificate", secure.URL, []string{byPassword}, `tls: .*ca_file`},
		{"name that the certificate has not", secure.URL, []string{byPassword, misnamed},
			`tls: .*not for the host.*server_name`},
		{"wrong password", closed.URL, []string{byPassword},
			`Login: UNAUTHORIZED_REQUEST \(HTTP 401\): the login is refused`},
		{"expired token", closed.URL, []string{byToken}, `Login: UNAUTHORIZED_REQUEST \(HTTP 401\): the login is refused`},
		{"expired JSON web token", closed.URL, []string{byJWT},
			`Login: UNAUTHORIZED_REQUEST \(HTTP 401\): the login is refused`},
		{"web page at the address", proxy + aemtest.Path, []string{byPassword}, `Login: refused.*proxy`},
		{"proxy with a page of its own", "http://qem.example.com" + aemtest.Path, []string{byPassword,
			"proxy_url: " + proxy}, `Login: refused.*proxy`},
		{"nobody there", nobody, []string{byPassword, "retries: 0"}, `connection.*refused`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := runScrape(t, config("prod", test.url, test.lines...))
			if got.code != 1 {
				t.Errorf("exit code %d, want 1", got.code)
			}
			if !regexp.MustCompile(test.says).MatchString(got.stderr) || !strings.Contains(got.stderr, "prod") {
				t.Errorf("it says\n%swant something like %s", got.stderr, test.says)
			}
			if lines := strings.Count(got.stderr, "\n"); lines > 3 {
				t.Errorf("it takes %d lines to say so:\n%s", lines, got.stderr)
			}
			if up, ok := got.samples[`qem_up{manager="prod"}`]; !ok || up != 0 {
				t.Errorf("qem_up is %v (%v)", up, ok)
			}
			for key := range got.samples {
				if testkit.Entity(key) {
					t.Errorf("unexpected: %s", key)
				}
			}
		})
	}
	if n := closed.RefusedLogins(); n != 3 {
		t.Errorf("%d logins were refused; one attempt is enough for each of the three", n)
	}
}

// webPage is the address of a web server that has the same page everywhere.
func webPage(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!DOCTYPE html><html><body>Please accept the terms of use.</body></html>")
	}))
	t.Cleanup(server.Close)
	return server.URL
}
