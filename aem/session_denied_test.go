package aem

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPermissionIsNotAnExpiredSession(t *testing.T) {
	for name, denial := range map[string]func() *http.Response{
		"code under 403": apiAnswer(403, CodeUnauthorizedRequest),
		"code under 500": apiAnswer(500, CodeUnauthorizedRequest),
		"code under 200": apiAnswer(200, CodeUnauthorizedRequest),
	} {
		inBubble(t, name, func(t *testing.T) {
			d := &door{answer: func(*http.Request) *http.Response { return denial() }}
			client := newClient(t, testURL, WithTransport(d))
			failed, err := together(20, lists(t, client))
			if logins, calls := d.counts(); failed != 20 || logins != 1 || calls != 20 {
				t.Errorf("%d failed, %d logins, %d requests", failed, logins, calls)
			}
			if !errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrLogin) || errors.Is(err, ErrSession) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLasting403CausesOneLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A call may still be under way with the session that another one gave up.
		d := &door{answer: func(*http.Request) *http.Response { return bareAnswer(403)() }, expired: bareAnswer(403)}
		client := newClient(t, testURL, WithTransport(d))
		for range 5 {
			failed, err := together(20, lists(t, client))
			if failed != 20 || !errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrLogin) || errors.Is(err, ErrSession) {
				t.Errorf("%d failed: %v", failed, err)
			}
		}
		if logins, _ := d.counts(); logins != 2 || len(d.valid) != 1 {
			t.Errorf("%d logins, sessions left: %v", logins, d.valid)
		}
	})
}

// deniedDetails answers 401 for the details of tasks called secret.
func deniedDetails(r *http.Request) *http.Response {
	if strings.HasSuffix(r.URL.Path, "/secret") {
		return answer(401, `{"error_code":"UNAUTHORIZED_REQUEST","error_message":"Unauthorized Request."}`)
	}
	return answer(200, `{"state":"RUNNING","serverList":[]}`)
}

func TestLasting401CausesOneLoginPerOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{answer: deniedDetails, expired: bareAnswer(401), delay: time.Millisecond}
		client := newClient(t, testURL, WithTransport(d))
		ask := func(task string) error {
			_, err := client.Tasks.Details(t.Context(), TaskRef{"s", task})
			return err
		}
		must(t, noResult(client.Servers.List(t.Context())))
		for range 59 { // nearly ten minutes
			failed, err := together(3, func() error { return ask("secret") })
			if failed != 3 || !errors.Is(err, ErrUnauthorized) {
				t.Fatalf("%d failed, %v", failed, err)
			}
			if err := ask("other"); err != nil {
				t.Fatal("a permitted task:", err)
			}
			time.Sleep(10*time.Second - 3*time.Millisecond)
		}
		if logins, _ := d.counts(); logins != 2 {
			t.Errorf("%d logins", logins)
		}
		// The session ends. An operation with another outcome notices it.
		d.expire()
		must(t, noResult(client.Servers.List(t.Context())))
		must(t, ask("other"))
		if logins, _ := d.counts(); logins != 3 {
			t.Errorf("%d logins after the session ended", logins)
		}
		// After ten minutes it is worth another try, once.
		time.Sleep(10 * time.Minute)
		_, _ = together(50, func() error { return ask("secret") })
		if logins, _ := d.counts(); logins != 4 {
			t.Errorf("%d logins ten minutes later", logins)
		}
	})
}

func TestExpiryByCodeIsSeenWhere401MeansDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{answer: deniedDetails, expired: apiAnswer(401, CodeInvalidSessionID)}
		client := newClient(t, testURL, WithTransport(d))
		if _, err := client.Tasks.Details(t.Context(), TaskRef{"s", "secret"}); !errors.Is(err, ErrUnauthorized) {
			t.Fatal(err)
		}
		d.expire()
		if _, err := client.Tasks.Details(t.Context(), TaskRef{"s", "t"}); err != nil {
			t.Error(err)
		}
	})
}

func TestDoubtIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{expired: bareAnswer(401)}
		client := newClient(t, testURL, WithTransport(d), WithRetries(0))
		list := lists(t, client)
		must(t, list())
		// The login that a 401 causes fails; the next 401 must cause one again.
		d.expire()
		d.login = func(*http.Request) (*http.Response, error) { return answer(503, ""), nil }
		if err := list(); !errors.Is(err, ErrLogin) {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		d.login = nil
		for range 3 {
			must(t, list())
			d.expire()
		}
		if err := list(); err != nil {
			t.Error(err)
		}
	})
}
