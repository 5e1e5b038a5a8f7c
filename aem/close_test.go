package aem

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

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
