package aem

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// echoes are the ways in which the other side may send back what it was sent: what it
// writes on the connection.
var echoes = map[string]string{
	"message under 500":       body("500 X", `{"error_code":"AEM_X","error_message":"§"}`),
	"message under 200":       body("200 OK", `{"error_code":"AEM_X","error_message":"§"}`),
	"code":                    body("500 X", `{"error_code":"§"}`),
	"code under 401":          body("401 X", `{"error_code":"§","error_message":"§"}`),
	"page":                    body("200 OK", `<html>§`),
	"page under 404":          body("404 X", `<html>§`),
	"not JSON":                body("200 OK", `§`),
	"half of a document":      body("200 OK", `{"serverList":[{"name":"§`),
	"key":                     body("200 OK", `{"§":1}`),
	"list that is a text":     body("200 OK", `{"serverList":"§"}`),
	"port":                    body("200 OK", `{"serverList":[{"name":"s","port":"§"}]}`),
	"date":                    body("200 OK", `{"serverList":[{"name":"s","last_connection":"§"}]}`),
	"state":                   body("200 OK", `{"serverList":[{"name":"s","state":"§"}]}`),
	"elements":                body("200 OK", `{"serverList":["§","§"]}`),
	"reason phrase":           body("500 §", ``),
	"reason phrase of 302":    body("302 §", ``),
	"status line":             "HTTP/1.1 §\r\n\r\n",
	"version":                 "§/1.1 200 OK\r\n\r\n",
	"no HTTP":                 "§\r\n\r\n",
	"half of a status line":   "HTTP/1.1 500 §",
	"header without a colon":  "HTTP/1.1 200 OK\r\n§\r\n\r\n",
	"header name":             "HTTP/1.1 200 OK\r\n§ : x\r\n\r\n",
	"length":                  "HTTP/1.1 200 OK\r\nContent-Length: §\r\n\r\n",
	"two lengths":             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: §\r\n\r\n",
	"transfer encoding":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: §\r\n\r\n",
	"chunk":                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n§\r\n",
	"chunk extension":         "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n1;§\r\n§\r\n0\r\n\r\n",
	"trailer":                 "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\nX §\r\n\r\n",
	"content encoding":        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n§",
	"more than announced":     "HTTP/1.1 500 X\r\nContent-Length: 1\r\n\r\n1§",
	"upgrade":                 "HTTP/1.1 101 §\r\nUpgrade: §\r\nConnection: Upgrade\r\n\r\n§",
	"early hints":             "HTTP/1.1 103 §\r\nLink: §\r\n\r\nHTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
	"way to log in":           body("401 X", ``, "WWW-Authenticate: §"),
	"retry after":             body("503 X", ``, "Retry-After: §"),
	"server":                  body("500 X", ``, "Server: §"),
	"cookie":                  body("500 X", ``, "Set-Cookie: §=§"),
	"redirection to a host":   body("302 X", ``, "Location: https://§/"),
	"redirection to a port":   body("302 X", ``, "Location: https://h:§/"),
	"redirection to a scheme": body("302 X", ``, "Location: x§://h/"),
	"redirection to a user":   body("302 X", ``, "Location: https://§@h/"),
	"redirection to a path":   body("302 X", ``, "Location: /§"),
	"redirection to nowhere":  body("302 X", ``, "Location: %zz§"),
	"redirection with a NUL":  body("302 X", ``, "Location: :§"),
}

func body(status, text string, header ...string) string {
	return "HTTP/1.1 " + status + "\r\n" + strings.Join(append(header, ""), "\r\n") + "Connection: close\r\n\r\n" + text
}

// faults of the connection whose texts come from the other side.
func echoFaults(echo string) []error {
	c := &x509.Certificate{Subject: pkix.Name{CommonName: echo}, Issuer: pkix.Name{CommonName: echo},
		DNSNames: []string{echo}, RawIssuer: []byte("x"), IsCA: true}
	verify := func(err error) error {
		return &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{c}, Err: err}
	}
	return []error{
		verify(x509.HostnameError{Certificate: c, Host: "h"}), verify(x509.UnknownAuthorityError{Cert: c}),
		verify(x509.CertificateInvalidError{Cert: c, Reason: x509.Expired, Detail: echo}),
		verify(x509.CertificateInvalidError{Cert: c, Reason: x509.UnconstrainedName, Detail: echo}),
		verify(errors.New("x509: " + echo)), errors.New("tls: " + echo), errors.New("socks connect: " + echo),
		fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", errors.New(echo)),
	}
}

// Whatever comes back, in whatever spelling, neither an error nor the log nor a label
// shows a secret: password, session, cookie, the gateway's key, the proxy's password.
func TestEchoesAreNotShown(t *testing.T) {
	defer log.SetOutput(log.Writer())
	log.SetOutput(io.Discard) // net/http tells there what comes unasked; a program sees to that
	const password, id, cookie, key, proxy = `Canary "p\ä<&1`, "CanarySession-_1", "CanaryCookie+/=1", "CanaryGateway%1",
		"CanaryProxy:@1"
	var looked []string
	for _, secret := range []string{password, testUser + ":" + password, id, cookie, key, proxy} {
		looked = append(looked, spellings(secret)...)
	}
	slices.Sort(looked)
	looked = slices.Compact(looked)
	ask := func(t *testing.T, transport http.RoundTripper, atLogin bool, name, echo string) {
		var out logbook
		var seen tally
		client, err := New(testURL, ActiveDirectory(testUser, "", password), WithTransport(transport), WithRetries(0),
			WithTimeout(time.Second), WithObserver(&seen),
			WithLogger(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))), WithSecrets(proxy),
			WithHeaders(func() ([]Header, error) { return []Header{{"X-Gateway-Key", key, true}}, nil }))
		must(t, err)
		defer client.Close(t.Context())
		_, err = client.Servers.List(t.Context())
		for e := err; e != nil; e = errors.Unwrap(e) {
			fmt.Fprintf(&out, "%v|%+v|%#v|%q\n", e, e, e, e)
			slog.New(slog.NewTextHandler(&out, nil)).Error("x", "err", e)
			_ = json.NewEncoder(&out).Encode(e)
		}
		seen.mu.Lock()
		defer seen.mu.Unlock()
		shown := strings.ToLower(out.String() + strings.Join(seen.failed, "\n"))
		for _, secret := range looked {
			if strings.Contains(shown, strings.ToLower(secret)) {
				t.Errorf("%s of %q, at login %v: shown is %q:\n%s", name, echo, atLogin, secret, shown)
				return
			}
		}
	}
	for _, echo := range append(spellings(password), testUser+":"+password, id, cookie, key, proxy) {
		for _, atLogin := range []bool{true, false} {
			if given := append(spellings(id), spellings(cookie)...); atLogin && slices.Contains(given, echo) {
				continue // nobody knows it yet
			}
			for name, text := range echoes {
				synctest.Test(t, func(t *testing.T) {
					ask(t, wired(TransportOptions{}, answered(func(r *http.Request) string {
						if isLogin(r) != atLogin {
							return opened(id, "Set-Cookie: n="+cookie)
						}
						return strings.ReplaceAll(text, "§", echo)
					})), atLogin, name, echo)
				})
			}
			for i, fault := range echoFaults(echo) {
				synctest.Test(t, func(t *testing.T) {
					ask(t, roundTrip(func(r *http.Request) (*http.Response, error) {
						if isLogin(r) != atLogin {
							return answer(200, "", sessionHeader, id, "Set-Cookie", "n="+cookie), nil
						}
						return nil, fault
					}), atLogin, fmt.Sprint("fault ", i), echo)
				})
			}
		}
		for _, status := range []string{"407 §", "502 §", "§", "200"} {
			synctest.Test(t, func(t *testing.T) {
				transport := wired(TransportOptions{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test",
					User: url.UserPassword("u", proxy)})},
					answered(func(*http.Request) string {
						return "HTTP/1.1 " + strings.ReplaceAll(status, "§", echo) + "\r\n\r\n" + echo
					}))
				client := newClient(t, "https://qem.test", WithTransport(transport), WithSecrets(proxy))
				err := client.Login(t.Context())
				if err == nil || slices.ContainsFunc(spellings(proxy), func(s string) bool {
					return strings.Contains(err.Error(),
						s)
				}) ||
					strings.HasPrefix(status, "407") && !strings.Contains(err.Error(), "proxy wants a login") {
					t.Errorf("CONNECT, %s: %v", status, err)
				}
			})
		}
	}
}

// A short secret is not looked for, as that would give it away; what it is sent in is.
func TestShortSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login := Login{User: "svc", Secret: NewPassword("tc")}
		client, err := New(testURL, func(ctx context.Context) (Login, error) { return login, nil },
			WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
				return answer(500, `{"error_code":"AEM_X","error_message":"tcp of `+login.basic()+`, 7463"}`), nil
			})))
		must(t, err)
		defer client.Close(t.Context())
		if err := client.Login(t.Context()); err == nil || !strings.Contains(err.Error(), "tcp of <secret>") ||
			strings.Contains(err.Error(), login.basic()) {
			t.Error(err)
		}
	})
}
