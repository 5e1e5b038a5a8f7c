package aemtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

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

// newCaller logs in, without a socket.
func newCaller(t testing.TB, s *Simulator) *caller {
	t.Helper()
	c := &caller{t: t, http: &http.Client{Transport: s.Transport()}, base: "http://em.example.net" + Path + "/api/v1/"}
	if status := c.login(DefaultDomain+`\`+DefaultUser, DefaultPassword); status != http.StatusOK {
		t.Fatalf("login: HTTP %d", status)
	}
	return c
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

// do sends a request; the body is read whole.
func (c *caller) do(method, path string) (*http.Response, []byte, error) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.base+path, nil)
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
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

// get returns status and body.
func (c *caller) get(path string) (int, []byte) {
	c.t.Helper()
	resp, body, err := c.do(http.MethodGet, path)
	if err != nil {
		c.t.Fatalf("GET %s: %v", path, err)
	}
	return resp.StatusCode, body
}

// json decodes the answer to a path that must succeed.
func (c *caller) json(path string, into any) {
	c.t.Helper()
	status, body := c.get(path)
	if status != http.StatusOK {
		c.t.Fatalf("GET %s: HTTP %d: %s", path, status, body)
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		c.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

// code returns status and error code of the answer to a path.
func (c *caller) code(method, path string) (int, string) {
	c.t.Helper()
	resp, body, err := c.do(method, path)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	var e struct {
		Code string `json:"error_code"`
	}
	_ = json.Unmarshal(body, &e)
	return resp.StatusCode, e.Code
}

func serverPath(server string) string { return "servers/" + url.PathEscape(server) }

func taskPath(server, task string) string {
	return serverPath(server) + "/tasks/" + url.PathEscape(task)
}
