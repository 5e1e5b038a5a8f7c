package aem

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const emptyList = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n" + `{"serverList":[]}`

func opened(id string, header ...string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + sessionHeader + ": " + id + "\r\n" +
		strings.Join(append(header, ""), "\r\n") + "\r\n"
}

// An upgrade of the connection has a body without end, which no deadline ends.
func TestUpgradeCostsOneCall(t *testing.T) {
	for _, head := range []string{"101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade", "101 X", "199 X",
		"103 Early Hints"} {
		inBubble(t, head[:3], func(t *testing.T) {
			client := newClient(t, testURL, WithRetries(0), WithTransport(wired(TransportOptions{MaxConnections: 1},
				answered(func(r *http.Request) string {
					switch {
					case isLogin(r):
						return opened("session-1")
					case strings.HasSuffix(r.URL.Path, "/tasks"):
						return "HTTP/1.1 " + head + "\r\n\r\n"
					}
					return emptyList
				}))))
			for range 3 {
				started := time.Now()
				if _, err := client.Tasks.List(t.Context(), "s"); err == nil || time.Since(started) > 10*time.Second {
					t.Errorf("after %v: %v", time.Since(started), err)
				}
				if export, err := client.Tasks.Export(t.Context(), TaskRef{"s", "t"}, ExportTaskOptions{}); err == nil {
					_ = export.Close()
				}
				if _, err := client.Servers.List(t.Context()); err != nil {
					t.Fatal("the connections are stuck:", err)
				}
			}
		})
	}
}

// A firewall has forgotten the connections: what is open is mute, new ones work.
func TestMuteConnectionsCostOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mute atomic.Int64 // connections up to this number
		var made atomic.Int64
		client := newClient(t, testURL, WithTimeout(time.Second), WithTransport(wired(TransportOptions{}, func(c net.Conn) {
			number := made.Add(1)
			answered(func(r *http.Request) string {
				if number <= mute.Load() {
					return ""
				}
				time.Sleep(10 * time.Millisecond)
				if isLogin(r) {
					return opened("session-1")
				}
				return emptyList
			})(&muteConn{c, func() bool { return number <= mute.Load() }})
		})))
		list := lists(t, client)
		if failed, err := together(16, list); failed > 0 {
			t.Fatal(err)
		}
		mute.Store(made.Load())
		started := time.Now()
		if err := list(); err != nil || time.Since(started) > 1500*time.Millisecond {
			t.Errorf("after %v: %v", time.Since(started), err)
		}
		if failed, err := together(16, list); failed > 0 || time.Since(started) > 2*time.Second {
			t.Errorf("%d failed after %v: %v", failed, time.Since(started), err)
		}
	})
}

// A muteConn swallows what it hears when mute says so.
type muteConn struct {
	net.Conn
	mute func() bool
}

func (m *muteConn) Read(p []byte) (int, error) {
	for {
		n, err := m.Conn.Read(p)
		if err != nil || !m.mute() {
			return n, err
		}
	}
}

// A load balancer that knows a session's node by a cookie.
func TestCookiesLiveAsLongAsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serial := 0
		var seen []string
		client := newClient(t, testURL, WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			cookies := r.Header.Get("Cookie")
			if isLogin(r) {
				if cookies != "" {
					t.Errorf("a login with the cookies of another session: %s", cookies)
				}
				serial++
				return answer(200, "", sessionHeader, fmt.Sprintf("session-%d", serial), "Set-Cookie",
					fmt.Sprintf("node=n%d; Path=/; HttpOnly", serial)), nil
			}
			seen = append(seen, cookies)
			if want := fmt.Sprintf("node=n%d", serial); !strings.Contains(cookies, want) {
				return apiAnswer(401, CodeInvalidSessionID)(), nil
			}
			return answer(200, `{"serverList":[]}`, "Set-Cookie", fmt.Sprintf("more%d=%s", len(seen),
				strings.Repeat("x", 10))), nil
		})))
		for range 120 {
			if _, err := client.Servers.List(t.Context()); err != nil {
				t.Fatal(err, seen)
			}
		}
		if n := len(seen[len(seen)-1]); n > 2000 {
			t.Errorf("the head of a request has %d bytes of cookies", n)
		}
		must(t, client.Logout(t.Context()))
		if _, err := client.Servers.List(t.Context()); err != nil || serial != 2 {
			t.Errorf("%d sessions, %v", serial, err)
		}
	})
}

func TestOnlyWindowsLogins(t *testing.T) {
	for offers, want := range map[string]bool{
		"Negotiate": true, "NTLM": true, "Negotiate, NTLM": true, "negotiate dG9r": true,
		"": false, "Basic realm=x": false, `Negotiate, Basic realm="x"`: false, "Bearer": false,
	} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, testURL, WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
				return answer(401, "", "WWW-Authenticate", offers), nil
			})))
			if err := client.Login(t.Context()); err == nil || strings.Contains(err.Error(), "Windows") != want {
				t.Errorf("%q: %v", offers, err)
			}
		})
	}
}
