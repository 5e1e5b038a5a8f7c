package aem

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func textLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func quietLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func TestLoginSendsCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{login: func(r *http.Request) (*http.Response, error) {
			want := "Basic " + base64.StdEncoding.EncodeToString([]byte(testUser+":"+testPassword))
			if got := r.Header.Get("Authorization"); got != want || r.Method != "GET" || r.Header.Get(sessionHeader) != "" {
				t.Errorf("%s with %q", r.Method, got)
			}
			if r.URL.String() != testURL+"/attunityenterprisemanager/api/v1/login" {
				t.Errorf("to %v", r.URL)
			}
			return signedIn("abc"), nil
		}, answer: func(r *http.Request) *http.Response {
			return answer(200, `{"serverList":[]}`)
		}, valid: map[string]bool{"abc": true}}
		client := newClient(t, testURL, WithTransport(d))
		for range 3 {
			if _, err := client.Servers.List(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if d.logins != 1 {
			t.Errorf("%d logins", d.logins)
		}
	})
}

// A refused login is tried ever more rarely, however many calls want a session.
func TestRefusedLoginBacksOff(t *testing.T) {
	for name, refusal := range map[string]func() *http.Response{
		"bare 401":       bareAnswer(401),
		"bare 403":       bareAnswer(403),
		"code under 401": apiAnswer(401, codeUnauthorized),
		"code under 500": apiAnswer(500, codeUnauthorized),
		"code under 200": apiAnswer(200, codeUnauthorized),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen tally
				var log logbook
				var at []time.Duration
				started := time.Now()
				d := &door{login: func(*http.Request) (*http.Response, error) {
					at = append(at, time.Since(started))
					return refusal(), nil
				}}
				client := newClient(t, testURL, WithTransport(d), WithObserver(&seen), WithLogger(quietLogger(&log)))
				for time.Since(started) < 100*time.Hour {
					failed, err := together(3, func() error {
						_, err := client.Servers.List(t.Context())
						return err
					})
					var e *Error
					if failed != 3 || !errors.As(err, &e) || e.Kind != KindLogin || !errors.Is(err, ErrLogin) ||
						errors.Is(err, ErrUnauthorized) || e.RetryAfter <= 0 ||
						!strings.Contains(e.Error(), "no further attempt before") || !strings.Contains(e.Error(), "locked out") {
						t.Fatalf("%d failed, %v", failed, err)
					}
					if time.Since(started) < 40*time.Second {
						time.Sleep(10 * time.Second)
					} else {
						time.Sleep(2 * time.Minute)
					}
				}
				var pauses []string
				for i := 1; i < len(at); i++ {
					pauses = append(pauses, (at[i] - at[i-1]).String())
				}
				want := "10s 30s 2m0s 8m0s 30m0s 1h0m0s 2h0m0s 4h0m0s 8h0m0s 16h0m0s 24h0m0s 24h0m0s"
				if got := strings.Join(pauses, " "); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				if len(seen.logins) != len(at) || slices.Contains(seen.logins, true) || seen.retries != 0 || d.calls != 0 {
					t.Errorf("%d attempts; told of logins %v, %d retries; %d calls sent", len(at), seen.logins, seen.retries, d.calls)
				}
				if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "level=WARN") {
					t.Errorf("logged %d lines:\n%s", n, &log)
				}
			})
		})
	}
}

func TestNewCredentialsAreTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		password, good := "old", "good"
		set := func(p string) { mu.Lock(); defer mu.Unlock(); password = p }
		d := &door{}
		d.login = func(r *http.Request) (*http.Response, error) {
			if _, p, _ := r.BasicAuth(); p != good {
				return answer(401, ""), nil
			}
			return signedIn(d.open()), nil
		}
		var log logbook
		client, err := New(testURL, func(context.Context) (Login, error) {
			mu.Lock()
			defer mu.Unlock()
			return Login{User: "joe", Secret: password}, nil
		}, WithTransport(d), WithLogger(quietLogger(&log)))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close(t.Context())
		try := func(want int, ok bool) {
			t.Helper()
			if err := client.Login(t.Context()); (err == nil) != ok || d.logins != want {
				t.Errorf("%d attempts, %v; want %d", d.logins, err, want)
			}
		}
		try(1, false)
		try(1, false)
		set("wrong as well")
		try(2, false)
		try(2, false)
		set("old") // known to be wrong
		try(2, false)
		set("good")
		try(3, true)
		// What was refused before the last login may have become good since.
		good = "old"
		if err := client.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		try(4, false)
		set("old")
		try(5, true)
		if log := log.String(); strings.Count(log, "login failed") > 2 {
			t.Errorf("logged:\n%s", log)
		}
	})
}

// A function that makes a new token each time must not defeat the protection.
func TestEverNewCredentialsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{login: func(*http.Request) (*http.Response, error) { return answer(401, ""), nil }}
		serial := 0
		client, err := New(testURL, func(context.Context) (Login, error) {
			serial++
			return Login{User: "jwt", Secret: fmt.Sprint("token ", serial)}, nil
		}, WithTransport(d))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close(t.Context())
		for range 60 {
			_ = client.Login(t.Context())
			time.Sleep(time.Second)
		}
		if d.logins > 5 {
			t.Errorf("%d attempts in a minute", d.logins)
		}
	})
}

func TestLoginFailsForAPassingReason(t *testing.T) {
	hang := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, tc := range map[string]struct {
		login    func(r *http.Request) (*http.Response, error)
		attempts int
		is       error
		text     string
	}{
		"timeout":    {hang, 3, ErrTimeout, "no complete answer in time (10s)"},
		"connection": {func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, 3, ErrConnection, "closed the connection"},
		"http 503":   {func(*http.Request) (*http.Response, error) { return answer(503, ""), nil }, 3, ErrLogin, "HTTP 503"},
		"http 500":   {func(*http.Request) (*http.Response, error) { return answer(500, "oops"), nil }, 1, ErrLogin, "HTTP 500"},
		"http 404":   {func(*http.Request) (*http.Response, error) { return answer(404, "<html>"), nil }, 1, ErrLogin, "check the path of the URL"},
		"html page":  {func(*http.Request) (*http.Response, error) { return answer(200, "<html>canary"), nil }, 1, ErrDecode, "page of a proxy"},
		"empty page": {func(*http.Request) (*http.Response, error) { return answer(200, ""), nil }, 1, ErrDecode, "check the path of the URL"},
		"license":    {func(*http.Request) (*http.Response, error) { return apiAnswer(500, "LICENSE_NOT_FOUND")(), nil }, 1, ErrLicense, "LICENSE_NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen tally
				logins := 0
				client := newClient(t, testURL, WithObserver(&seen), WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
					logins++ // one at a time
					return tc.login(r)
				})))
				failed, err := together(30, func() error {
					_, err := client.Servers.List(t.Context())
					return err
				})
				if failed != 30 || logins != tc.attempts || !errors.Is(err, ErrLogin) || !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.text) {
					t.Errorf("%d failed, %d attempts, %v", failed, logins, err)
				}
				if strings.Contains(err.Error(), "canary") {
					t.Errorf("the error quotes the body: %v", err)
				}
				if !slices.Equal(seen.logins, []bool{false}) || seen.retries != tc.attempts-1 {
					t.Errorf("told of logins %v, %d retries", seen.logins, seen.retries)
				}
				// At once the same error again, a moment later another attempt.
				if err := client.Login(t.Context()); !errors.Is(err, ErrLogin) || logins != tc.attempts {
					t.Errorf("within the pause: %d attempts, %v", logins, err)
				}
				time.Sleep(250 * time.Millisecond)
				if err := client.Login(t.Context()); !errors.Is(err, ErrLogin) || logins != 2*tc.attempts {
					t.Errorf("after the pause: %d attempts, %v", logins, err)
				}
			})
		})
	}
}

func TestUnusableCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		missing := errors.New("no such file")
		for name, tc := range map[string]struct {
			credentials CredentialsFunc
			want        string
		}{
			"colon":   {ActiveDirectory("joe:canary", "", "pw"), "must not contain a colon"},
			"error":   {func(context.Context) (Login, error) { return Login{}, missing }, "no such file"},
			"nothing": {APIToken(""), "password or token is empty"},
			"hangs":   {func(ctx context.Context) (Login, error) { <-ctx.Done(); return Login{}, ctx.Err() }, "deadline exceeded"},
		} {
			var seen tally
			client, err := New(testURL, tc.credentials, WithObserver(&seen), WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
				t.Errorf("%s: a request was sent", name)
				return nil, io.EOF
			})))
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Servers.List(t.Context())
			if !errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: %v", name, err)
			}
			if name == "error" && !errors.Is(err, missing) {
				t.Errorf("the cause is lost: %v", err)
			}
			if len(seen.logins) != 0 {
				t.Errorf("%s: told of logins %v", name, seen.logins)
			}
			_ = client.Close(t.Context())
		}
	})
}

func TestRefusalDelay(t *testing.T) {
	total := time.Duration(0)
	for n := range 3 {
		total += refusalDelay(n)
	}
	if total < time.Minute {
		t.Errorf("more than four attempts within %v", total)
	}
	for n := range 100 {
		if d := refusalDelay(n); d < refusalDelay(max(0, n-1)) || d > 24*time.Hour {
			t.Errorf("the pause after refusal %d is %v", n, d)
		}
	}
}
