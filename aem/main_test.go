package aem

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func signedIn(id string) *http.Response { return answer(200, "", sessionHeader, id) }

func isLogin(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/login") }

// inSession is a transport that opens sessions and hands on everything else.
func inSession(calls roundTrip) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if isLogin(r) || strings.HasSuffix(r.URL.Path, "/logout") {
			return signedIn("id"), nil
		}
		return calls(r)
	}
}

// a tally is an Observer that counts.
type tally struct {
	mu       sync.Mutex
	requests map[string]int
	statuses []int
	failed   []string
	retries  int
	logins   []bool
}

func (t *tally) Request(operation string, status int, _ time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.requests == nil {
		t.requests = map[string]int{}
	}
	t.requests[operation]++
	t.statuses = append(t.statuses, status)
}

func (t *tally) Failed(operation, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = append(t.failed, operation+" "+reason)
}

func (t *tally) Retry(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retries++
}

func (t *tally) Login(ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.logins = append(t.logins, ok)
}

// a logbook is a writer that many goroutines may use.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

const (
	testUser     = `CORP\monitor`
	testPassword = "canary:pässword&1"
	testURL      = "http://qem.test"
)

// newClient makes a client that is closed at the end of the test.
func newClient(t *testing.T, url string, opts ...Option) *Client {
	t.Helper()
	client, err := New(url, ActiveDirectory(testUser, "", testPassword), opts...)
	must(t, err)
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	return client
}

// lists is a call that only reads.
func lists(t *testing.T, client *Client) func() error {
	return func() error { return noResult(client.Servers.List(t.Context())) }
}

// inBubble is a part of a test with a clock of its own.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// crowd counts how many are in it at once, each for a second.
type crowd struct {
	mu        sync.Mutex
	now, most int
}

func (c *crowd) pass() {
	c.add(1)
	time.Sleep(time.Second) // in a bubble
	c.add(-1)
}

func (c *crowd) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += n
	c.most = max(c.most, c.now)
}
