package aem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A door is an Enterprise Manager of which only the sessions are there: a call with
// a valid session gets an empty list, one without gets what expired says.
type door struct {
	mu      sync.Mutex
	serial  int
	valid   map[string]bool
	logins  int
	logouts int
	calls   int

	expired func() *http.Response
	login   func(r *http.Request) (*http.Response, error) // nil: opens a session
	answer  func(r *http.Request) *http.Response          // of a call with a valid session; nil: an empty list
	delay   time.Duration                                 // of every answer
}

func (d *door) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.delay > 0 {
		select {
		case <-time.After(d.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id := r.Header.Get(sessionHeader)
	switch {
	case isLogin(r):
		d.logins++
		if d.login != nil {
			return d.login(r)
		}
		return signedIn(d.open()), nil
	case strings.HasSuffix(r.URL.Path, "/logout"):
		d.logouts++
		delete(d.valid, id)
		return answer(200, ""), nil
	}
	d.calls++
	if !d.valid[id] {
		return d.expired(), nil
	}
	if d.answer != nil {
		return d.answer(r), nil
	}
	return answer(200, `{"serverList":[],"taskList":[]}`), nil
}

func (d *door) open() string {
	d.serial++
	id := fmt.Sprintf("session-%d", d.serial)
	if d.valid == nil {
		d.valid = map[string]bool{}
	}
	d.valid[id] = true
	return id
}

func (d *door) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.valid)
}

func (d *door) counts() (logins, calls int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.logins, d.calls
}

func apiAnswer(status int, code string) func() *http.Response {
	return func() *http.Response {
		return answer(status, `{"error_code":"`+code+`","error_message":"Session expired or invalid"}`)
	}
}

func bareAnswer(status int) func() *http.Response {
	return func() *http.Response { return answer(status, "") }
}

// together makes n calls at once and returns how many failed.
func together(n int, call func() error) (failed int, last error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if err := call(); err != nil {
				mu.Lock()
				failed, last = failed+1, err
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return failed, last
}

func TestExpiredSessionCausesOneLogin(t *testing.T) {
	for name, expired := range map[string]func() *http.Response{
		"code under 200": apiAnswer(200, CodeInvalidSessionID),
		"code under 401": apiAnswer(401, CodeInvalidSessionID),
		"code under 403": apiAnswer(403, CodeInvalidSessionID),
		"code under 440": apiAnswer(440, CodeInvalidSessionID),
		"code under 500": apiAnswer(500, CodeInvalidSessionID),
		"bare 440":       bareAnswer(440),
		"bare 401":       bareAnswer(401),
		"bare 403":       bareAnswer(403),
	} {
		for _, used := range []bool{true, false} {
			inBubble(t, fmt.Sprintf("%s, used before: %v", name, used), func(t *testing.T) {
				d := &door{expired: expired, delay: time.Millisecond}
				var seen tally
				client := newClient(t, testURL, WithTransport(d), WithObserver(&seen))
				must(t, client.Login(t.Context()))
				if used {
					must(t, noResult(client.Servers.List(t.Context())))
				}
				for round := 1; round <= 3; round++ {
					d.expire()
					d.calls = 0
					failed, err := together(64, func() error {
						_, err := client.Tasks.List(t.Context(), "s")
						return err
					})
					if logins, calls := d.counts(); failed > 0 || logins != 1+round || calls != 128 {
						t.Fatalf("round %d: %d logins, %d requests, %d calls failed: %v", round, logins, calls, failed, err)
					}
				}
				if len(seen.logins) != 4 || seen.retries != 0 {
					t.Errorf("told of logins %v, %d retries", seen.logins, seen.retries)
				}
			})
		}
	}
}

func TestRejectedSessionsAreNotAskedForWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{expired: apiAnswer(401, CodeInvalidSessionID)}
		d.login = func(*http.Request) (*http.Response, error) { return signedIn("never-valid"), nil }
		var log logbook
		client := newClient(t, testURL, WithTransport(d), WithLogger(textLogger(&log)))
		started := time.Now()
		for time.Since(started) < 10*time.Second { // thousands of calls
			failed, err := together(5, lists(t, client))
			if failed != 5 || !errors.Is(err, ErrLogin) && !errors.Is(err, ErrSession) {
				t.Fatalf("%d failed, %v", failed, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		// At 0 (twice), 0.25, 0.75, 1.75, 3.75, 7.75 s.
		if logins, _ := d.counts(); logins != 7 {
			t.Errorf("%d logins in 10 s", logins)
		}
		if n := strings.Count(log.String(), "login failed"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, &log)
		}
		_, err := client.Servers.List(t.Context())
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindLogin ||
			!strings.Contains(e.Message, "next attempt at") {
			t.Errorf("got %v", err)
		}
		// A minute later the server is well, and so is the client.
		time.Sleep(time.Minute)
		d.login = nil
		must(t, noResult(client.Servers.List(t.Context())))
		d.expire()
		if _, err := client.Servers.List(t.Context()); err != nil {
			t.Error("the pauses were not reset:", err)
		}
		must(t, errors.Join(client.Logout(t.Context()), client.Login(t.Context())))
		d.expire() // before any call has used the session
		if _, err := client.Servers.List(t.Context()); err != nil {
			t.Error("the count of bad sessions was not reset:", err)
		}
		if !strings.Contains(log.String(), "login succeeded again") {
			t.Errorf("the recovery is not logged:\n%s", &log)
		}
	})
}

func TestWaitingForALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{delay: 5 * time.Second}
		client := newClient(t, testURL, WithTransport(d))
		first, cancel := context.WithCancel(t.Context())
		second, cancelSecond := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancelSecond()
		started := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := client.Servers.List(first)
			if !errors.Is(err, context.Canceled) || time.Since(started) != time.Second {
				t.Errorf("first: %v after %v", err, time.Since(started))
			}
		})
		time.Sleep(time.Millisecond)
		all.Go(func() {
			_, err := client.Servers.List(second)
			if !errors.Is(err, ErrTimeout) || errors.Is(err, ErrLogin) || time.Since(started) > 3*time.Second {
				t.Errorf("second: %v after %v", err, time.Since(started))
			}
		})
		all.Go(func() {
			if _, err := client.Servers.List(t.Context()); err != nil {
				t.Errorf("third: %v", err)
			}
		})
		time.Sleep(time.Second - time.Millisecond)
		cancel()
		all.Wait()
		if logins, _ := d.counts(); logins != 1 {
			t.Errorf("%d logins", logins)
		}
	})
}

func TestLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{expired: bareAnswer(440)}
		client := newClient(t, testURL, WithTransport(d))
		if err := client.Logout(t.Context()); err != nil || d.logouts != 0 {
			t.Errorf("without a session: %v, %d logouts", err, d.logouts)
		}
		for range 2 {
			must(t, noResult(client.Servers.List(t.Context())))
			if err := client.Logout(t.Context()); err != nil || len(d.valid) != 0 {
				t.Errorf("%v, sessions left: %v", err, d.valid)
			}
		}
		must(t, noResult(client.Servers.List(t.Context())))
		if err := client.Close(t.Context()); err != nil || d.logouts != 3 || d.logins != 3 {
			t.Errorf("%v, %d logins, %d logouts", err, d.logins, d.logouts)
		}
		if err := client.Close(t.Context()); err != nil || d.logouts != 3 {
			t.Errorf("closed again: %v, %d logouts", err, d.logouts)
		}
	})
}

func TestLogoutOfAnEndedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
			return apiAnswer(440, CodeInvalidSessionID)(), nil
		})))
		must(t, client.Login(t.Context()))
		if err := client.Logout(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A secret that is a part of the API's own words must not hide what they say.
func TestSecretInsideACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{expired: apiAnswer(500, CodeInvalidSessionID)}
		client, err := New(testURL, APIToken("SESSION"), WithTransport(d))
		must(t, err)
		defer client.Close(t.Context())
		for range 2 {
			must(t, noResult(client.Servers.List(t.Context())))
			d.expire()
		}
	})
}

// The session step alone: what the next step sees and how often it is asked.
func TestSessionStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serial := 0
		o, _ := newOptions(WithTimeout(time.Second))
		s := &session{
			credentials: ActiveDirectory("u", "", "p"),
			signIn: func(context.Context, Login) (*pass, error) {
				serial++
				return &pass{id: fmt.Sprint("id", serial)}, nil
			},
			options: o, scrub: &scrubber{}, life: t.Context(), denied: map[string]denial{},
		}
		var used []string
		var errs []error
		call := func() error {
			return s.step(func(_ context.Context, c *call) error {
				used = append(used, c.session)
				err := errs[0]
				errs = errs[1:]
				return err
			})(t.Context(), &call{operation: "X"})
		}
		expired := &Error{Kind: KindAPI, Code: CodeInvalidSessionID, Status: 500}
		broken := &Error{Kind: KindConnection}
		for _, tc := range []struct {
			errs []error
			used string
			want error
		}{
			{[]error{nil}, "id1", nil},
			{[]error{broken}, "id1", broken},
			{[]error{expired, nil}, "id1 id2", nil},
			{[]error{expired, broken}, "id2 id3", broken},
			{[]error{nil}, "id3", nil},
			{[]error{expired, expired}, "id3 id4", expired},
		} {
			used, errs = nil, tc.errs
			if err := call(); err != tc.want || strings.Join(used, " ") != tc.used {
				t.Errorf("sessions %v, %v; want %q, %v", used, err, tc.used, tc.want)
			}
		}
	})
}

// A login that the server has accepted leaves a session behind when it is aborted.
func TestCloseAwaitsALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen tally
		d := &door{delay: 5 * time.Second}
		client := newClient(t, testURL, WithTransport(d), WithObserver(&seen))
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := client.Servers.List(t.Context()); !errors.Is(err, ErrClosed) {
				t.Errorf("a waiting call: %v", err)
			}
		})
		time.Sleep(time.Second)
		started := time.Now()
		// The rest of the login, and the logout.
		if err := client.Close(t.Context()); err != nil || time.Since(started) != 9*time.Second {
			t.Errorf("closed after %v: %v", time.Since(started), err)
		}
		if d.logins != 1 || d.logouts != 1 || len(d.valid) != 0 || d.calls != 0 {
			t.Errorf("%d logins, %d logouts, %d calls, sessions left: %v", d.logins, d.logouts, d.calls, d.valid)
		}
		all.Wait()
		if _, err := client.Servers.List(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("a later call: %v", err)
		}
		if len(seen.failed) != 0 {
			t.Errorf("told of failures %v", seen.failed)
		}
	})
}

func TestCloseWithoutTimeEndsALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{delay: 5 * time.Second}
		client := newClient(t, testURL, WithTransport(d))
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := client.Servers.List(t.Context()); !errors.Is(err, ErrClosed) {
				t.Errorf("a waiting call: %v", err)
			}
		})
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		started := time.Now()
		_ = client.Close(ctx)
		all.Wait()
		if elapsed := time.Since(started); elapsed != 2*time.Second {
			t.Errorf("closed after %v", elapsed)
		}
	})
}

// Clients that are closed while they sign in leave no session behind.
func TestQuickClosesLeaveNoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{expired: bareAnswer(440), delay: 100 * time.Millisecond}
		for i := range 100 {
			client := newClient(t, testURL, WithTransport(d))
			go func() { _, _ = client.Servers.List(t.Context()) }()
			time.Sleep(time.Duration(5*i) * time.Millisecond)
			must(t, client.Close(t.Context()))
			synctest.Wait()
		}
		if d.logins != d.logouts || len(d.valid) != 0 {
			t.Errorf("%d logins, %d logouts, sessions left: %v", d.logins, d.logouts, d.valid)
		}
	})
}
