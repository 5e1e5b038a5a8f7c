package aem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// An estate is what a process watches: Enterprise Managers that share an account, and
// the credential that it has for them.
type estate struct {
	t       *testing.T
	guards  []*LoginGuard // of each process
	began   time.Time
	user    string
	secret  string
	clients []*Client
	doors   []*door
	mu      sync.Mutex
	at      []time.Duration // of all logins that were not accepted
}

func newEstate(t *testing.T, managers int) *estate {
	e := &estate{t: t, guards: []*LoginGuard{NewLoginGuard()}, began: time.Now(), user: `ACME\svc`, secret: "good"}
	for i := range managers {
		e.add(fmt.Sprintf("http://qem%d.test", i), func() (*http.Response, error) { return answer(401, ""), nil })
	}
	return e
}

// add makes an Enterprise Manager that accepts "good" and answers everything else
// with wrong.
func (e *estate) add(url string, wrong func() (*http.Response, error)) *door {
	d := &door{expired: apiAnswer(401, CodeInvalidSessionID)}
	d.login = func(r *http.Request) (*http.Response, error) {
		if _, secret, _ := r.BasicAuth(); secret == "good" {
			return signedIn(d.open()), nil
		}
		e.note()
		return wrong()
	}
	for _, guard := range e.guards {
		c, err := New(url, func(context.Context) (Login, error) { return Login{e.user, NewPassword(e.secret)}, nil },
			WithTransport(d), WithLoginGuard(guard), WithLoginPace(15*time.Second))
		if err != nil {
			e.t.Fatal(err)
		}
		e.t.Cleanup(func() { _ = c.Close(context.Background()) })
		e.clients = append(e.clients, c)
	}
	e.doors = append(e.doors, d)
	return d
}

func (e *estate) note() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.at = append(e.at, time.Since(e.began))
}

// poll calls every Enterprise Manager at an interval, and returns how many of the last
// calls were answered.
func (e *estate) poll(interval, length time.Duration) (up int) {
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(interval) {
		var mu sync.Mutex
		var all sync.WaitGroup
		up = 0
		for _, c := range e.clients {
			all.Go(func() {
				if _, err := c.Servers.List(e.t.Context()); err == nil {
					mu.Lock()
					up++
					mu.Unlock()
				}
			})
		}
		all.Wait()
	}
	return up
}

// most is the largest number of refused logins in any window.
func (e *estate) most(window time.Duration) (most int) {
	for i, from := range e.at {
		n := 0
		for _, at := range e.at[i:] {
			if at-from < window {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func times(at []time.Duration) string { return strings.Trim(fmt.Sprint(at), "[]") }

// What a login is answered with decides when the next one comes.
func TestPaceOfLogins(t *testing.T) {
	page := func(status int, body string, header ...string) func() (*http.Response, error) {
		return func() (*http.Response, error) { return answer(status, body, header...), nil }
	}
	const (
		refused = "0s 1m0s 16m0s 1h16m0s 2h16m0s"
		noWord  = "0s 1m0s 6m0s 11m0s 16m0s"
		fault   = "0s 15s 45s 1m45s 2m45s"
	)
	code := `{"error_code":"AEM_LOGIN_FAILED","error_message":"no"}`
	for name, tc := range map[string]struct {
		answer func() (*http.Response, error)
		want   string
	}{
		"401":                    {page(401, ""), refused},
		"403":                    {page(403, ""), refused},
		"code under 200":         {page(200, code), refused},
		"code under 401":         {page(401, code), refused},
		"code under 500":         {page(500, code), refused},
		"code under 503":         {page(503, code), refused},
		"sign-in page":           {page(200, "<html>"), refused},
		"nothing":                {page(200, ""), refused},
		"redirection":            {page(302, "", "Location", "https://idp.example.com/"), refused},
		"redirection to itself":  {page(307, "", "Location", "/attunityenterprisemanager/api/v1/login"), refused},
		"redirection to nowhere": {page(302, ""), refused},
		"500":                    {page(500, "oops"), noWord},
		"404":                    {page(404, ""), noWord},
		"101":                    {page(101, ""), noWord},
		"429":                    {page(429, ""), fault},
		"502":                    {page(502, ""), fault},
		"503":                    {page(503, ""), fault},
		"504":                    {page(504, ""), fault},
		"503 with Retry-After":   {page(503, "", "Retry-After", "100"), "0s 1m45s 3m30s 5m15s 7m0s"},
		"429 for ever":           {page(429, "", "Retry-After", "99999999"), "0s 1h0m0s 2h0m0s 3h0m0s 4h0m0s"},
		"connection": {func() (*http.Response, error) { return nil, errors.New("connection reset by peer") },
			fault},
		"tls": {func() (*http.Response, error) { return nil, errors.New("tls: no way") }, fault},
	} {
		inBubble(t, name, func(t *testing.T) {
			e := newEstate(t, 0)
			e.secret = "bad"
			e.add("http://qem.test", tc.answer)
			e.poll(15*time.Second, 5*time.Hour-10*time.Minute)
			if got := times(e.at[:min(5, len(e.at))]); got != tc.want {
				t.Errorf("logins at %s, want %s", got, tc.want)
			}
			next := e.clients[0].Status().NextLogin
			if until := time.Until(next); until <= 0 || until > time.Hour {
				t.Errorf("the next login is due in %v", until)
			}
			_, err := e.clients[0].Servers.List(t.Context())
			if failure, ok := errors.AsType[*Error](err); !ok || !errors.Is(err, ErrLogin) || failure.RetryAfter <= 0 ||
				errors.Is(err, ErrUnauthorized) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The arithmetic of docs/security.md: refused logins in any 15, 30 and 60 minutes.
func TestSharedAccountIsNotLockedOut(t *testing.T) {
	for name, tc := range map[string]struct {
		processes, managers int
		want                [3]int
	}{
		"one process":                {1, 1, [3]int{2, 3, 3}},
		"one process, many managers": {1, 5, [3]int{2, 3, 3}},
		"a pair":                     {2, 1, [3]int{4, 6, 6}},
		"a pair, many managers":      {2, 5, [3]int{4, 6, 6}},
		"three shards":               {3, 2, [3]int{6, 9, 9}},
	} {
		inBubble(t, name, func(t *testing.T) {
			e := newEstate(t, 0)
			for len(e.guards) < tc.processes {
				e.guards = append(e.guards, NewLoginGuard())
			}
			for i := range tc.managers {
				e.add(fmt.Sprintf("http://qem%d.test", i), func() (*http.Response, error) { return answer(401, ""), nil })
			}
			e.secret = "bad"
			e.poll(15*time.Second, 3*time.Hour)
			if got := [3]int{e.most(15 * time.Minute), e.most(30 * time.Minute), e.most(time.Hour)}; got != tc.want {
				t.Errorf("refused logins in 15, 30 and 60 minutes %v, want %v: %v", got, tc.want, e.at)
			}
			e.secret = "good"
			if up := e.poll(15*time.Second, time.Minute); up != len(e.clients) {
				t.Errorf("%d of %d are up after the credential was changed", up, len(e.clients))
			}
			for _, c := range e.clients {
				if next := c.Status().NextLogin; !next.IsZero() {
					t.Errorf("a login is due at %v though all are well", next)
				}
			}
		})
	}
}

// The password is changed behind our back: sessions that are open are used on; those
// that end cost one refused login, one more of a manager that knew it as good, and
// then what the pace allows.
func TestPasswordChangedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 5)
		e.poll(15*time.Second, time.Minute)
		e.secret = "was good until now"
		if up := e.poll(15*time.Second, time.Hour); up != 5 || len(e.at) != 0 {
			t.Errorf("open sessions were touched: %d up, logins at %v", up, e.at)
		}
		e.secret = "good" // as the managers know it; now it is refused
		for _, d := range e.doors {
			d.expire()
			d.login = func(*http.Request) (*http.Response, error) {
				e.note()
				return answer(401, ""), nil
			}
		}
		e.poll(15*time.Second, 3*time.Hour)
		if a, b := e.most(15*time.Minute), e.most(30*time.Minute); a > 2 || b > 3 {
			t.Errorf("%d refused logins in 15 minutes, %d in 30: %v", a, b, e.at)
		}
	})
}

// One manager refuses the account for a reason of its own: the others may go on, and
// one that comes later gets its turn.
func TestOneManagerRefusesTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 2)
		e.poll(15*time.Second, time.Minute)
		no := func(*http.Request) (*http.Response, error) {
			e.note()
			return answer(403, ""), nil
		}
		e.doors[0].login = no
		e.doors[0].expire()
		e.poll(15*time.Second, time.Minute)
		for range 5 {
			e.doors[1].expire()
			if up := e.poll(15*time.Second, 30*time.Second); up != 1 {
				t.Fatalf("%d up after a session ended", up)
			}
		}
		e.add("http://late.test", nil)
		if e.poll(15*time.Second, 20*time.Minute); len(e.doors[2].valid) != 1 {
			t.Errorf("a manager that came later never had a turn; refused at %v", e.at)
		}
		if n := e.most(15 * time.Minute); n > 4 {
			t.Errorf("%d refused logins in 15 minutes: %v", n, e.at)
		}
	})
}

// However the credential changes, and whatever each manager answers.
func TestAtMostFourTrials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 3)
		e.add("http://500.test", func() (*http.Response, error) { return answer(500, ""), nil })
		e.add("http://501.test", func() (*http.Response, error) { return answer(501, ""), nil })
		for i := range 40 {
			e.secret = fmt.Sprint("bad ", i)
			e.user = []string{`ACME\svc`, `acme\SVC`, "Svc@Acme"}[i%3]
			e.poll(2*time.Second, time.Minute)
		}
		if n := e.most(15 * time.Minute); n != maxTrials {
			t.Errorf("%d refused logins in 15 minutes: %v", n, e.at)
		}
		e.secret = "good"
		if up := e.poll(15*time.Second, 16*time.Minute); up != 5 {
			t.Errorf("%d of 5 are up", up)
		}
	})
}

// Managers whose logins have no outcome do not use up what the account may: one that
// is well gets in again.
func TestManagersWithoutAWordLeaveATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 1)
		e.poll(15*time.Second, time.Minute)
		e.secret = "good"
		for i := range 3 {
			e.add(fmt.Sprintf("http://%d.test", i), nil).login = func(*http.Request) (*http.Response, error) {
				e.note()
				return answer(500, ""), nil
			}
		}
		e.poll(15*time.Second, 20*time.Minute)
		for range 20 {
			e.doors[0].expire()
			if up := e.poll(15*time.Second, 90*time.Second); up != 1 {
				t.Fatal("the manager that is well was not let in")
			}
		}
		if n := e.most(15 * time.Minute); n > maxTrials {
			t.Errorf("%d logins without a word in 15 minutes: %v", n, e.at)
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 2)
		d := e.doors[0]
		for begun := time.Now(); time.Since(begun) < 10*time.Minute; {
			if _, err := e.clients[0].Servers.List(t.Context()); err != nil && !strings.Contains(err.Error(), "nginx") {
				t.Fatal(err)
			}
			d.expire()
			time.Sleep(100 * time.Millisecond)
		}
		if d.logins > 100 || d.logins < 90 {
			t.Errorf("%d sessions in 10 minutes", d.logins)
		}
		if up := e.poll(15*time.Second, time.Minute); up != 2 {
			t.Errorf("%d of 2 are up", up)
		}
	})
}

// slow makes the login of a door answer after a while, even when nobody waits.
func slow(d *door, after time.Duration, outcome func() *http.Response) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if !isLogin(r) {
			return d.RoundTrip(r)
		}
		select {
		case <-time.After(after):
			d.mu.Lock()
			defer d.mu.Unlock()
			d.logins++
			return outcome(), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

func TestLateSessionIsLoggedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{}
		client := newClient(t, testURL, WithTransport(slow(d, 12*time.Second,
			func() *http.Response { return signedIn(d.open()) })))
		started := time.Now()
		if _, err := client.Servers.List(t.Context()); !errors.Is(err, ErrTimeout) || !errors.Is(err, ErrLogin) ||
			time.Since(started) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(started), err)
		}
		for time.Since(started) < 15*time.Minute {
			_, _ = client.Servers.List(t.Context())
			time.Sleep(time.Second)
		}
		if d.logins != 4 || d.logouts != 4 || len(d.valid) != 0 { // at 0, 70, 380 and 690 s
			t.Errorf("%d logins, %d logouts, sessions left: %v", d.logins, d.logouts, d.valid)
		}
		started = time.Now()
		if err := client.Close(t.Context()); err != nil || time.Since(started) > 15*time.Second || len(d.valid) != 0 ||
			d.calls != 0 {
			t.Errorf("closed after %v: %v, sessions left: %v", time.Since(started), err, d.valid)
		}
	})
}

func TestLateRefusalIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{}
		var seen tally
		client := newClient(t, testURL, WithObserver(&seen), WithTransport(slow(d, 12*time.Second, bareAnswer(401))))
		var at []time.Duration
		for started, logins := time.Now(), 0; time.Since(started) < 3*time.Hour; time.Sleep(time.Second) {
			_, _ = client.Servers.List(t.Context())
			if n, _ := d.counts(); n != logins {
				logins, at = n, append(at, time.Since(started).Truncate(time.Minute))
			}
		}
		if got := times(at); got != "0s 1m0s 16m0s 1h16m0s 2h17m0s" || slices.Contains(seen.logins, true) ||
			len(seen.logins) != len(at) {
			t.Errorf("refused at %s; told of %v", got, seen.logins)
		}
	})
}

// A function that makes a new token each time must not defeat the protection.
func TestEverNewTokensAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 1)
		e.user = userJWT
		for i := range 3600 {
			e.secret = fmt.Sprint("token ", i)
			_ = e.clients[0].Login(t.Context())
			time.Sleep(time.Second)
		}
		if n := e.most(15 * time.Minute); n != maxTrials || len(e.guards[0].accounts) > 20 {
			t.Errorf("%d refused in 15 minutes, %d accounts known", n, len(e.guards[0].accounts))
		}
	})
}
