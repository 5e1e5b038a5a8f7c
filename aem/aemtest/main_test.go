package aemtest

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testStart = time.Date(2025, 10, 1, 9, 0, 0, 0, time.UTC)

// testClock is a clock that tests move.
type testClock struct{ nanos atomic.Int64 }

func newClock() *testClock {
	c := &testClock{}
	c.set(0)
	return c
}

func (c *testClock) set(since time.Duration) { c.nanos.Store(testStart.Add(since).UnixNano()) }
func (c *testClock) now() time.Time          { return time.Unix(0, c.nanos.Load()).UTC() }

// caller speaks the API as plainly as can be.
type caller struct {
	t       testing.TB
	http    *http.Client
	base    string
	session string
}

// newCaller is one who has not logged in, without a socket.
func newCaller(t testing.TB, s *Simulator) *caller {
	return &caller{t: t, http: &http.Client{Transport: s.Transport()}, base: "http://em.example.net" + Path + "/api/v1/"}
}

// viewer logs in with the default account.
func viewer(t testing.TB, s *Simulator) *caller {
	t.Helper()
	return newCaller(t, s).mustLogin(DefaultDomain+`\`+DefaultUser, DefaultPassword)
}

func (c *caller) login(user, secret string) int {
	c.t.Helper()
	r, err := http.NewRequest(http.MethodGet, c.base+"login", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.SetBasicAuth(user, secret)
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	if id := resp.Header.Get(SessionHeader); id != "" {
		c.session = id
	}
	return resp.StatusCode
}

func (c *caller) mustLogin(user, secret string) *caller {
	c.t.Helper()
	if status := c.login(user, secret); status != http.StatusOK {
		c.t.Fatalf("login: HTTP %d", status)
	}
	return c
}

// do sends a request; the body is read whole.
func (c *caller) do(method, path, body string) (*http.Response, []byte, error) {
	c.t.Helper()
	return c.ask(method, path, strings.NewReader(body))
}

func (c *caller) ask(method, path string, body io.Reader) (*http.Response, []byte, error) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.base+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.session != "" {
		r.Header.Set(SessionHeader, c.session)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	return resp, out, err
}

// send sends a request, and returns status, error code and body.
func (c *caller) send(method, path, body string) (int, string, []byte) {
	c.t.Helper()
	resp, out, err := c.do(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	var e struct {
		Code string `json:"error_code"`
	}
	_ = json.Unmarshal(out, &e)
	return resp.StatusCode, e.Code, out
}

// must sends a request that has to succeed.
func (c *caller) must(method, path, body string) []byte {
	c.t.Helper()
	status, code, out := c.send(method, path, body)
	if status != http.StatusOK {
		c.t.Fatalf("%s %s: HTTP %d %s %s", method, path, status, code, out)
	}
	return out
}

// json decodes the answer to a path that must succeed.
func (c *caller) json(path string, into any) {
	c.t.Helper()
	body := c.must(http.MethodGet, path, "")
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), into); err != nil {
		c.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

// refuses sends a request that has to end in an error of the API.
func (c *caller) refuses(want, method, path, body string) {
	c.t.Helper()
	c.answers(http.StatusInternalServerError, want, method, path, body)
}

// answers sends a request that has to end in a status and an error code.
func (c *caller) answers(status int, code, method, path, body string) {
	c.t.Helper()
	if gotStatus, gotCode, out := c.send(method, path, body); gotCode != code || gotStatus != status {
		c.t.Errorf("%s %s %s: HTTP %d %s %s, want %d %s", method, path, body, gotStatus, gotCode, out, status, code)
	}
}

// difference shows how two values differ, in what they hide too.
func difference(a, b any) string {
	return cmp.Diff(a, b, cmp.Exporter(func(reflect.Type) bool { return true }))
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tasks goes through the tasks of all servers.
func tasks(s *State) iter.Seq2[*ServerState, *Task] {
	return func(yield func(*ServerState, *Task) bool) {
		for i := range s.Servers {
			for j := range s.Servers[i].Tasks {
				if !yield(&s.Servers[i], &s.Servers[i].Tasks[j]) {
					return
				}
			}
		}
	}
}

func serverPath(server string) string { return "servers/" + url.PathEscape(server) }

func taskPath(server, task string) string {
	return serverPath(server) + "/tasks/" + url.PathEscape(task)
}
