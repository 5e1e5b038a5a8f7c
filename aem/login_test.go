package aem

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func textLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func quietLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

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
			return Login{User: "joe", Secret: NewPassword(password)}, nil
		}, WithTransport(d), WithLogger(quietLogger(&log)))
		must(t, err)
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
		must(t, client.Logout(t.Context()))
		try(4, false)
		set("old")
		try(5, true)
		if log := log.String(); strings.Count(log, "login failed") > 2 {
			t.Errorf("logged:\n%s", log)
		}
	})
}

func TestUnusableCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		missing := errors.New("no such file")
		for name, tc := range map[string]struct {
			credentials CredentialsFunc
			want        string
		}{
			"colon":   {ActiveDirectory("joe:canary", "", "pw"), "must not contain a colon"},
			"nobody":  {ActiveDirectory("", "", "pw"), "user name is empty"},
			"error":   {func(context.Context) (Login, error) { return Login{}, missing }, "no such file"},
			"nothing": {APIToken(""), "password or token is empty"},
			"hangs": {func(ctx context.Context) (Login, error) { <-ctx.Done(); return Login{}, ctx.Err() },
				"deadline exceeded"},
		} {
			var seen tally
			client, err := New(testURL, tc.credentials, WithObserver(&seen),
				WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
					t.Errorf("%s: a request was sent", name)
					return nil, io.EOF
				})))
			must(t, err)
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
