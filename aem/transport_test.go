package aem

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestNewTransport(t *testing.T) {
	tr := NewTransport(TransportOptions{MaxConnections: 32, IdleTimeout: 5 * time.Minute})
	if tr.MaxConnsPerHost != 32 || tr.MaxIdleConnsPerHost != 32 || tr.MaxIdleConns != 32 ||
		tr.IdleConnTimeout != 5*time.Minute {
		t.Errorf("connections: %+v", tr)
	}
	if tr.DisableCompression || tr.MaxResponseHeaderBytes <= 0 || tr.TLSClientConfig != nil || tr.Proxy != nil {
		t.Errorf("got %+v", tr)
	}
	if tr := NewTransport(TransportOptions{}); tr.MaxConnsPerHost != 16 || tr.IdleConnTimeout != 90*time.Second {
		t.Errorf("defaults: %d connections, %v", tr.MaxConnsPerHost, tr.IdleConnTimeout)
	}
	config := &tls.Config{ServerName: "x"}
	if tr := NewTransport(TransportOptions{TLS: config}); tr.TLSClientConfig == config ||
		tr.TLSClientConfig.ServerName != "x" {
		t.Error("the caller's TLS configuration is not copied")
	}
}

// served starts a server whose handler also logs in.
func served(t *testing.T, handler http.HandlerFunc, start func(*httptest.Server)) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isLogin(r) {
			w.Header().Set(sessionHeader, "session-canary")
			return
		}
		handler(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	start(server)
	t.Cleanup(server.Close)
	return server
}

func plain(s *httptest.Server)   { s.Start() }
func withTLS(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }

func trusting(s *httptest.Server) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{RootCAs: pool}
}

func TestHTTPVersion(t *testing.T) {
	var proto atomic.Value
	server := served(t, func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		_, _ = io.WriteString(w, `{"serverList":[]}`)
	}, withTLS)
	for http2, want := range map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"} {
		client := newClient(t, server.URL, WithTransport(NewTransport(TransportOptions{TLS: trusting(server), HTTP2: http2})))
		if _, err := client.Servers.List(t.Context()); err != nil || proto.Load() != want {
			t.Errorf("HTTP2 %v: spoke %v, %v", http2, proto.Load(), err)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	big := `{"serverList":[]}` + strings.Repeat(" ", 20_000) // more than the decoder reads
	var connections atomic.Int32
	server := served(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/none") {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, big)
	}, func(s *httptest.Server) {
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}
		s.Start()
	})
	client := newClient(t, server.URL, WithTransport(NewTransport(TransportOptions{MaxConnections: 8})))
	for range 5 {
		failed, err := together(40, func() error {
			if _, err := client.Servers.Details(t.Context(), "none"); err == nil {
				return errors.New("no error")
			}
			_, err := client.Servers.List(t.Context())
			return err
		})
		if failed > 0 {
			t.Fatal(err)
		}
	}
	// net/http gives a connection up when a request is not known to be written 50 ms after its
	// answer, as happens on a busy machine.
	if n := connections.Load(); n > 2*8 {
		t.Errorf("%d connections were made for 400 calls", n)
	}
}

func TestTLSMistakes(t *testing.T) {
	empty := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }
	secure, open := served(t, empty, withTLS), served(t, empty, plain)
	wantsClient := served(t, empty, func(s *httptest.Server) {
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		s.StartTLS()
	})
	for name, tc := range map[string]struct {
		url  string
		tls  *tls.Config
		want string
	}{
		"self-signed":        {secure.URL, nil, "ca_file"},
		"plain port":         {strings.Replace(open.URL, "http:", "https:", 1), nil, "does not speak TLS"},
		"client certificate": {wantsClient.URL, trusting(wantsClient), "client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			var seen tally
			client := newClient(t, tc.url, WithObserver(&seen), WithTransport(NewTransport(TransportOptions{TLS: tc.tls})))
			err := client.Login(t.Context())
			if !errors.Is(err, ErrTLS) || !errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
			if seen.retries != 0 {
				t.Errorf("%d retries", seen.retries)
			}
		})
	}
	t.Run("tls port", func(t *testing.T) {
		client := newClient(t, strings.Replace(secure.URL, "https:", "http:", 1))
		if err := client.Login(t.Context()); err == nil || !strings.Contains(err.Error(), "https") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("tls alert as the answer", func(t *testing.T) {
		client := newClient(t, testURL, WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03\x01\x00\x02\x02"`)
		})))
		if err := client.Login(t.Context()); !errors.Is(err, ErrTLS) ||
			!strings.Contains(err.Error(), "begin the URL with https") {
			t.Errorf("got %v", err)
		}
	})
}

func TestNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	_ = listener.Close()
	client := newClient(t, "http://"+address)
	if err := client.Login(t.Context()); !errors.Is(err, ErrConnection) ||
		!strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
}

func TestDNSFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		err     net.DNSError
		retries int
	}{
		"no such host":      {net.DNSError{Err: "no such host", Name: "qem.test", IsNotFound: true}, 0},
		"temporary failure": {net.DNSError{Err: "server misbehaving", Name: "qem.test", IsTemporary: true}, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			var seen tally
			client := newClient(t, testURL, WithObserver(&seen),
				WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &tc.err}
				})))
			if _, err := client.Servers.List(t.Context()); !errors.Is(err, ErrConnection) ||
				!strings.Contains(err.Error(), tc.err.Err) || seen.retries != tc.retries {
				t.Errorf("%s: %v, %d retries", name, err, seen.retries)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	// Small on the wire, large in memory.
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprintf(z, `{"serverList":[],"x":"%s"}`, strings.Repeat("x", 100_000))
	_ = z.Close()
	requests := 0
	server := served(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	}, plain)
	var seen tally
	client := newClient(t, server.URL, WithMaxResponseBytes(100_023), WithObserver(&seen))
	if _, err := client.Servers.List(t.Context()); !errors.Is(err, ErrTooLarge) ||
		!strings.Contains(err.Error(), "100023 bytes") {
		t.Errorf("got %v", err)
	}
	if requests != 1 || fmt.Sprint(seen.failed) != "[GetServerList too_large]" {
		t.Errorf("%d requests, told of %v", requests, seen.failed)
	}
	client = newClient(t, server.URL, WithMaxResponseBytes(100_024))
	if _, err := client.Servers.List(t.Context()); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

func TestLimitedReader(t *testing.T) {
	for limit, want := range map[int64]error{0: errTooLarge, 4: errTooLarge, 5: nil, 6: nil, math.MaxInt64: nil} {
		got, err := io.ReadAll(&limitedReader{r: strings.NewReader("12345"), left: limit})
		if err != want || len(got) != int(min(limit, 5)) {
			t.Errorf("limit %d: %q, %v", limit, got, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { leaked.Store(true) }))
	t.Cleanup(other.Close)
	otherHost, _ := url.Parse(other.URL)
	var target atomic.Value
	server := served(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/elsewhere"):
			if r.Header.Get(sessionHeader) != "session-canary" {
				t.Error("the session is missing after a redirection on the same host")
			}
			_, _ = io.WriteString(w, `{"serverList":[]}`)
		default:
			http.Redirect(w, r, target.Load().(string), http.StatusFound)
		}
	}, plain)
	client := newClient(t, server.URL)

	target.Store("/elsewhere")
	if _, err := client.Servers.List(t.Context()); err != nil {
		t.Errorf("same host: %v", err)
	}
	target.Store("/loop")
	if _, err := client.Servers.List(t.Context()); err == nil || !strings.Contains(err.Error(), "again and again") {
		t.Errorf("in a loop: %v", err)
	}
	target.Store("http://user:secret@" + otherHost.Host + "/path?token=canary")
	_, err := client.Servers.List(t.Context())
	var e *Error
	if !errors.As(err, &e) || e.Status != 302 || e.Reason() != "http_302" || !strings.Contains(err.Error(), other.URL) {
		t.Errorf("other host: %v", err)
	}
	for _, secret := range []string{"secret@", "canary", "path"} {
		if strings.Contains(strings.ReplaceAll(err.Error(), "change the URL", ""), secret) {
			t.Errorf("%q is in %v", secret, err)
		}
	}
	// Whatever changes something is not turned into a GET, nor sent twice.
	target.Store("/elsewhere")
	err = client.core.do(t.Context(), nil, &call{operation: "DeleteTask", verb: "POST", path: []string{"x"},
		query: query{{"action", "delete"}}})
	if !errors.As(err, &e) || e.Status != 302 {
		t.Errorf("redirected POST: %v", err)
	}
	if leaked.Load() {
		t.Error("a request reached the other host")
	}
}

func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen tally
		client := newClient(t, testURL, WithObserver(&seen), WithTimeout(3*time.Second),
			WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/tasks") { // hangs in the body
					reader, writer := io.Pipe()
					context.AfterFunc(r.Context(), func() { _ = writer.CloseWithError(r.Context().Err()) })
					return &http.Response{StatusCode: 200, Header: http.Header{}, Body: reader}, nil
				}
				<-r.Context().Done()
				return nil, r.Context().Err()
			})))
		started := time.Now()
		if _, err := client.Servers.List(t.Context()); !errors.Is(err, ErrTimeout) ||
			!errors.Is(err, context.DeadlineExceeded) || time.Since(started) != 9*time.Second {
			t.Errorf("%v after %v", err, time.Since(started))
		}
		started = time.Now()
		if _, err := client.Tasks.List(t.Context(), "s"); !errors.Is(err, ErrTimeout) ||
			time.Since(started) != 9*time.Second {
			t.Errorf("in the body: %v after %v", err, time.Since(started))
		}
		if len(seen.failed) != 6 || seen.failed[5] != "GetTaskList timeout" || seen.retries != 4 {
			t.Errorf("told of %v, %d retries", seen.failed, seen.retries)
		}

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := client.Tasks.List(ctx, "s")
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindCanceled || e.Reason() != "canceled" ||
			!errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := client.Servers.List(ctx); !errors.Is(err, ErrTimeout) {
			t.Errorf("the caller's deadline: %v", err)
		}
		if len(seen.failed) != 7 || seen.retries != 4 {
			t.Errorf("told of %v, %d retries", seen.failed, seen.retries)
		}
	})
}

func TestAnswersThatAreNotGood(t *testing.T) {
	long := strings.Repeat("x", 500)
	for name, tc := range map[string]struct {
		response func() *http.Response
		is       error
		reason   string
		text     string
	}{
		"api error": {apiAnswer(500, "AEM_TASK_NOT_FOUND"), ErrNotFound, "AEM_TASK_NOT_FOUND",
			"GetServerList: AEM_TASK_NOT_FOUND (HTTP 500): Session expired or invalid"},
		"api error as 200": {apiAnswer(200, "AEM_SERVER_NOT_MONITORED"), ErrServerNotMonitored, "AEM_SERVER_NOT_MONITORED",
			"(HTTP 200)"},
		"html 500": {func() *http.Response { return answer(500, "<html>canary") }, nil, "http_500",
			"GetServerList: http (HTTP 500): Internal Server Error"},
		"404": {func() *http.Response { return answer(404, "canary") }, nil, "http_404",
			"check the path of the URL"},
		"plain on tls port": {func() *http.Response { return answer(400, "canary") }, nil, "http_400",
			"must begin with https"},
		"proxy login":    {func() *http.Response { return answer(407, "canary") }, nil, "http_407", "proxy wants a login"},
		"304":            {func() *http.Response { return answer(304, "") }, nil, "http_304", "redirection"},
		"unknown status": {func() *http.Response { return answer(599, "") }, nil, "http_599", "599"},
		"html 200":       {func() *http.Response { return answer(200, "<html>canary") }, ErrDecode, "decode", "HTML"},
		"empty":          {func() *http.Response { return answer(200, "") }, ErrDecode, "decode", "empty"},
		"null":           {func() *http.Response { return answer(200, "null") }, ErrDecode, "decode", "null"},
		"retry after": {func() *http.Response { return answer(503, "", "Retry-After", "3600") }, nil, "http_503",
			"Service Unavailable"},
		"multi-line": {func() *http.Response {
			return answer(500,
				`{"error_code":"C","error_message":"a\r\nb`+long+`"}`)
		}, nil, "C", "a bxxx"},
		"damaged gzip": {func() *http.Response {
			r := answer(200, "")
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"serverList":[`), failing{gzip.ErrChecksum}))
			return r
		}, ErrDecode, "decode", "damaged"},
		"some nonsense": {func() *http.Response {
			return answer(200, `{"serverList":[{"name":"good"},"canary"]}`)
		}, ErrPartial, "decode", "GetServerList: partial (HTTP 200)"},
	} {
		inBubble(t, name, func(t *testing.T) {
			var seen tally
			client := newClient(t, testURL, WithObserver(&seen), WithPartialLists(),
				WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
					return tc.response(), nil
				})))
			list, err := client.Servers.List(t.Context())
			if e, ok := errors.AsType[*Error](err); !ok || e.Reason() != tc.reason ||
				!strings.Contains(err.Error(), tc.text) || tc.is != nil &&
				!errors.Is(err, tc.is) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "canary") || strings.ContainsAny(err.Error(), "\r\n") || len(err.Error()) > 400 {
				t.Errorf("the error quotes too much: %v", err)
			}
			if (len(list) == 1) != errors.Is(err, ErrPartial) {
				t.Errorf("got %v", list)
			}
			if fmt.Sprint(seen.failed) != "[GetServerList "+tc.reason+"]" || seen.retries != 0 {
				t.Errorf("told of %v, %d retries", seen.failed, seen.retries)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestProxyPasswordIsNotShown(t *testing.T) {
	proxy := func(*http.Request) (*url.URL, error) {
		return nil, errors.New(`invalid proxy address "joe:canary@proxy:1": first path segment in URL cannot contain colon`)
	}
	client := newClient(t, testURL, WithRetries(0), WithTransport(NewTransport(TransportOptions{Proxy: proxy})))
	err := client.Login(t.Context())
	for ; err != nil; err = errors.Unwrap(err) {
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "canary") {
			t.Errorf("the password is in %s", text)
		}
	}
}
