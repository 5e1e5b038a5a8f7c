package docs_test

import (
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// trouble is a fault, and what the exporter says of it.
type trouble struct {
	says string   // as far as it is fixed
	args []string // of the command; scrape unless given
	env  []string
	file string // an Enterprise Manager's entry, instead of the environment
	then func() // once it has said so
}

// Every message of the troubleshooting page is what the exporter says of a fault.
func TestTroubleshooting(t *testing.T) {
	s := newSandbox(t)
	all := slices.Concat(startTroubles(t, s), loginTroubles(s), connectionTroubles(t, s))
	for i, c := range all {
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			args := c.args
			if args == nil {
				args = []string{"scrape"}
			}
			if c.file != "" {
				args = append(args, "--config.file="+s.write(fmt.Sprintf("bad-%d.yml", i), "enterprise_managers: ["+c.file+"]"))
			}
			cmd := exec.Command(binary, args...)
			cmd.Env, cmd.Dir = c.env, s.dir
			exporter := process.Start(t, cmd)
			exporter.Says(regexp.MustCompile(regexp.QuoteMeta(c.says)))
			if c.then != nil {
				c.then()
			}
			if exporter.Wait() == 0 {
				t.Error("it succeeded")
			}
		})
	}
	told := messages(t)
	for _, c := range all {
		if !slices.Contains(told, c.says) {
			t.Errorf("the page lacks %q", c.says)
		}
	}
	for _, message := range told {
		if !slices.ContainsFunc(all, func(c trouble) bool { return c.says == message }) {
			t.Errorf("nothing makes the exporter say %q", message)
		}
	}
}

// messages are those of the page, the first text in each row.
func messages(t *testing.T) []string {
	t.Helper()
	_, section, _ := strings.Cut(read(t, "getting-started.md"), "\n### It does not start\n")
	section, _, found := strings.Cut(section, "\n### `qem_up` is 1")
	if !found {
		t.Fatal("the page has no such sections")
	}
	var all []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(section, -1) {
		all = append(all, match[1])
	}
	return all
}

// from is the environment with the address of an Enterprise Manager, a user, and what
// else is given.
func from(url string, more ...string) []string {
	return append([]string{"QEM_URL=" + url, `QEM_USERNAME=EXAMPLE\monitor`}, more...)
}

func startTroubles(t *testing.T, s *sandbox) []trouble {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	return []trouble{
		{says: "no configuration: give --config.file, or describe one Enterprise Manager with the environment variables"},
		{says: "no credential: exactly one of QEM_PASSWORD and QEM_PASSWORD_FILE must be given", env: from(s.em.URL)},
		{
			says: `unknown key; did you mean "poll_interval"?`,
			file: "{url: https://qem, poll_intervall: 1m, auth: {username: someone, password: wrong}}",
		},
		{
			says: "environment variable NOPE is not set or empty",
			file: "{url: https://qem, auth: {username: someone, password: '${NOPE}'}}",
		},
		{says: "cannot be read: no such file or directory", env: from(s.em.URL, "QEM_PASSWORD_FILE=nothing")},
		{says: "must begin with https:// or http://", env: from("qem.example.com", "QEM_PASSWORD=wrong")},
		{
			says: "address already in use", env: from(s.em.URL, "QEM_PASSWORD=wrong"),
			args: []string{"--web.listen-address=" + taken.Addr().String()},
		},
	}
}

func loginTroubles(s *sandbox) []trouble {
	elsewhere := strings.TrimSuffix(s.em.URL, aemtest.Path) + "/other"
	return []trouble{
		{
			says: "UNAUTHORIZED_REQUEST (HTTP 401): the login is refused",
			env:  from(s.em.URL, "QEM_PASSWORD=wrong", "QEM_CA_FILE=ca.pem"),
		},
		{says: "the certificate is self-signed", env: from(s.em.URL, "QEM_PASSWORD=wrong")},
		{
			says: "the certificate is not for the host of the URL",
			file: "{url: '" + s.em.URL + "', auth: {username: someone, password: wrong}, " +
				"tls_config: {server_name: qem.example.com, ca_file: ca.pem}}",
		},
		{
			says: "nothing answers there: check the path of the URL",
			env:  from(elsewhere, "QEM_PASSWORD=wrong", "QEM_CA_FILE=ca.pem"),
		},
	}
}

func connectionTroubles(t *testing.T, s *sandbox) []trouble {
	host, answer := hangingServer(t)
	hung := "{url: 'http://" + host + "', request_timeout: 50ms, retries: 0, auth: {username: someone, password: wrong}}"
	return []trouble{
		{
			says: "the certificate has expired on",
			env:  from(expiredServer(t, s), "QEM_PASSWORD=wrong", "QEM_CA_FILE=expired.pem"),
		},
		{says: "the port does not speak TLS", env: from("https://"+plainServer(t), "QEM_PASSWORD=wrong")},
		{says: "connection refused", env: from("https://"+process.FreeAddress(t), "QEM_PASSWORD=wrong")},
		// A label of 64 letters is refused before any DNS server is asked, of which there may be none.
		{says: "no such host", env: from("https://"+strings.Repeat("q", 64)+".invalid", "QEM_PASSWORD=wrong")},
		// The log says so at once; at the end it waits for the login, whose session it would have to end.
		{says: "no answer in time", file: hung, args: []string{"scrape", "--log.level=debug"}, then: answer},
		{
			says: "an HTML page instead of JSON: is there a proxy in between, or is the URL path wrong?",
			env:  from("http://"+pageServer(t), "QEM_PASSWORD=wrong"),
		},
		{says: "LICENSE_NOT_FOUND", env: from(unlicensedManager(t), "QEM_PASSWORD="+aemtest.DefaultPassword)},
	}
}
