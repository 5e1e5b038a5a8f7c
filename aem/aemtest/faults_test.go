package aemtest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// everywhere runs a test without a socket, over HTTP and over HTTPS.
func everywhere(t *testing.T, test func(t *testing.T, s *Simulator, c *caller)) {
	t.Run("transport", func(t *testing.T) {
		s := New(Options{})
		defer s.Close()
		test(t, s, viewer(t, s))
	})
	for _, start := range []struct {
		name string
		new  func(Options) *Server
	}{{"http", NewServer}, {"https", NewTLSServer}} {
		t.Run(start.name, func(t *testing.T) {
			srv := start.new(Options{})
			defer srv.Close()
			client := srv.Client()
			defer client.CloseIdleConnections()
			c := &caller{t: t, http: client, base: srv.URL + "/api/v1/"}
			test(t, srv.Simulator, c.mustLogin(DefaultUser+"@"+DefaultDomain, DefaultPassword))
		})
	}
}

func TestFaults(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Simulator, c *caller) {
		for _, test := range []struct {
			name   string
			fault  Fault
			status int // 0: no answer
			body   string
			err    error // of the body
		}{
			{"reset", Fault{Kind: FaultReset}, 0, "", nil},
			{"truncate", Fault{Kind: FaultTruncate}, 200, `{"serverList":[`, io.ErrUnexpectedEOF},
			{"broken", Fault{Kind: FaultBrokenJSON}, 200, `{"serverList":[`, nil},
			{"html", Fault{Kind: FaultHTML, Status: 502}, 502, "<html>", nil},
			{"html default", Fault{Kind: FaultHTML}, 200, "<html>", nil},
			{"empty", Fault{Kind: FaultEmpty}, 200, "", nil},
			{"null", Fault{Kind: FaultNull}, 200, "null", nil},
			{"wrong type", Fault{Kind: FaultWrongType}, 200, `{"serverList":"`, nil},
			{"status", Fault{Kind: FaultStatus, Status: 429}, 429, "", nil},
			{"status default", Fault{Kind: FaultStatus}, 503, "", nil},
			{"api error", Fault{Kind: FaultAPIError, Code: "AEM_X", Message: "m"}, 500,
				`{"error_code":"AEM_X","error_message":"m"}`, nil},
			{"api error 200", Fault{Kind: FaultAPIError, Status: 200, Code: "AEM_X"}, 200, `{"error_code":"AEM_X"`, nil},
			{"body", Fault{Kind: FaultBody, Body: "[1]"}, 200, "[1]", nil},
			{"oversized", Fault{Kind: FaultOversized, Bytes: 1 << 20}, 200, "    ", nil},
			{"slow", Fault{Kind: FaultSlow, Pause: time.Microsecond}, 200, `{"serverList":[{"$type"`, nil},
			{"latency", Fault{Kind: FaultLatency, Latency: time.Millisecond}, 200, `{"serverList":[`, nil},
		} {
			test.fault.Operation, test.fault.Times = "GetServerL*", 1
			fault := s.AddFault(test.fault)
			resp, body, err := c.do("GET", "servers", "")
			switch {
			case test.status == 0:
				if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%s: %s, error %v", test.name, body, err)
				}
			case resp == nil || resp.StatusCode != test.status || !strings.HasPrefix(string(body), test.body) ||
				(test.body == "") != (len(body) == 0) || !errors.Is(err, test.err):
				t.Errorf("%s: %v %.60s, error %v", test.name, resp, body, err)
			}
			if fault.Hits() != 1 {
				t.Errorf("%s: %d hits", test.name, fault.Hits())
			}
			if test.name == "oversized" && (len(body) != 1<<20 || !json.Valid(body)) {
				t.Errorf("oversized: %d bytes", len(body))
			}
			if body := c.must("GET", "servers", ""); !json.Valid(body) {
				t.Errorf("after %s: %s", test.name, body)
			}
		}
	})
}

// TestHang checks that a call that hangs ends with its caller, and with the
// simulator.
func TestHang(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Simulator, c *caller) {
		s.AddFault(Fault{Operation: "GetServerList", Kind: FaultHang})
		for _, end := range []func(cancel context.CancelFunc){
			func(cancel context.CancelFunc) { cancel() },
			func(context.CancelFunc) { s.Close() },
		} {
			ctx, cancel := context.WithCancel(t.Context())
			r, err := http.NewRequestWithContext(ctx, "GET", c.base+"servers", nil)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error)
			go func() {
				resp, err := c.http.Do(r)
				if err == nil {
					resp.Body.Close()
				}
				done <- err
			}()
			for s.InFlight() == 0 {
				select {
				case err := <-done:
					t.Fatalf("the call did not hang: %v", err)
				default:
					runtime.Gosched()
				}
			}
			end(cancel)
			if err := <-done; err == nil {
				t.Error("the call that hangs has an answer")
			}
			cancel()
			for s.InFlight() > 0 { // over a socket the server sees it later
				runtime.Gosched()
			}
		}
	})
}

// TestOversizedStops checks that a caller who has had enough ends the stream.
func TestOversizedStops(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Simulator, c *caller) {
		s.AddFault(Fault{Kind: FaultOversized})
		r, err := http.NewRequest("GET", c.base+"servers", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.CopyN(io.Discard, resp.Body, 1<<20); n != 1<<20 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		resp.Body.Close()
		for s.InFlight() > 0 {
			runtime.Gosched()
		}
	})
}

func TestFaultChoice(t *testing.T) {
	s := New(Options{})
	c := viewer(t, s)
	state := s.State()
	server, task := state.Servers[1].Name, state.Servers[1].Tasks[1].Name // a name with blanks
	hits := s.AddFault(Fault{Operation: "GetTaskDetails", Server: server, Task: task, Kind: FaultAPIError, Code: "EXACT"})
	glob := s.AddFault(Fault{Server: "repl-prod-0[12]", Task: "?*", Kind: FaultAPIError, Code: "GLOB", Times: 2})
	for _, test := range []struct{ path, code string }{
		{taskPath(server, task), "EXACT"},
		{taskPath(server, state.Servers[1].Tasks[0].Name), "GLOB"},
		{serverPath(server) + "/tasks", ""},
		{taskPath(server, task) + "/tables?action=getstatus", "GLOB"},
		{taskPath(server, task) + "/tables?action=getstatus", ""}, // twice is enough
		{taskPath(state.Servers[0].Name, state.Servers[0].Tasks[0].Name), ""},
		{taskPath(server, task), "EXACT"},
	} {
		if _, code, _ := c.send("GET", test.path, ""); code != test.code {
			t.Errorf("%s: %q, want %q", test.path, code, test.code)
		}
	}
	if hits.Hits() != 2 || glob.Hits() != 2 {
		t.Errorf("hits %d, %d", hits.Hits(), glob.Hits())
	}
	hits.Remove()
	hits.Remove()
	if _, code, _ := c.send("GET", taskPath(server, task), ""); code != "" {
		t.Errorf("a removed fault answers %s", code)
	}
	s.AddFault(Fault{Kind: FaultNull})
	s.ClearFaults()
	if body := c.must("GET", "servers", ""); string(body) == "null" {
		t.Error("a cleared fault answers")
	}
}

func TestExpiredSessionFault(t *testing.T) {
	s := New(Options{})
	c := viewer(t, s)
	s.AddFault(Fault{Operation: "GetTaskList", Times: 1, Kind: FaultExpiredSession})
	for _, path := range []string{"servers/repl-prod-01/tasks", "servers"} {
		c.answers(401, "INVALID_SESSION_ID", "GET", path, "")
	}
	c = viewer(t, s)
	s.ExpireSessions()
	c.answers(401, "INVALID_SESSION_ID", "GET", "servers", "")
}

func TestTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Latency: 2 * time.Second})
		start := time.Now()
		c := viewer(t, s)
		took := func(want time.Duration, what string) {
			t.Helper()
			if got := time.Since(start); got != want {
				t.Errorf("%s takes %v, want %v", what, got, want)
			}
			start = time.Now()
		}
		took(2*time.Second, "a login")
		s.SetLatency(0)
		first := s.AddFault(Fault{Kind: FaultLatency, Latency: time.Second})
		s.AddFault(Fault{Kind: FaultLatency, Latency: 3 * time.Second, Times: 1})
		c.must("GET", "servers", "")
		took(4*time.Second, "a call with two latencies")
		c.must("GET", "servers", "")
		took(time.Second, "a call with one latency")
		first.Remove()
		s.AddFault(Fault{Kind: FaultSlow, Times: 1})
		body := c.must("GET", "servers", "")
		took(time.Duration((len(body)-1)/16)*time.Second, "a slow body")
		s.AddFault(Fault{Kind: FaultHang})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "GET", c.base+"servers", nil)
		if resp, err := c.http.Do(r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call that hangs: %v %v", resp, err)
		}
		took(10*time.Second, "a call that hangs")
		s.ClearFaults()
		s.AddFault(Fault{Kind: FaultSlow})
		ctx, cancel = context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r, _ = http.NewRequestWithContext(ctx, "GET", c.base+"servers", nil)
		resp, err := c.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("reading a slow body: %v", err)
		}
		resp.Body.Close()
		took(5*time.Second, "a slow body that nobody waits for")
	})
}

func TestCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		c := viewer(t, s)
		s.SetLatency(time.Second)
		var wg sync.WaitGroup
		for range 7 {
			wg.Go(func() { c.must("GET", "servers/repl-prod-01", "") })
		}
		synctest.Wait()
		if s.InFlight() != 7 {
			t.Errorf("%d in flight", s.InFlight())
		}
		wg.Wait()
		c.answers(http.StatusNotFound, "", "GET", "nothing", "")
		if s.InFlight() != 0 || s.Requests("GetServerDetails") != 7 || s.Requests("unknown") != 1 || s.Requests("") != 9 {
			t.Errorf("in flight %d, counts %v", s.InFlight(), s.RequestCounts())
		}
	})
}

func TestServer(t *testing.T) {
	srv := NewTLSServer(Options{})
	defer srv.Close()
	client := srv.Client()
	defer client.CloseIdleConnections()
	c := &caller{t: t, http: client, base: srv.URL + "/api/v1/"}
	r, _ := http.NewRequest("POST", c.base+"login", nil)
	r.SetBasicAuth("api-token", DefaultAPIToken)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	h := resp.Header
	if len(h.Get(SessionHeader)) != 22 || h.Get("Content-Type") != "text/html" ||
		h.Get("Server") != "Microsoft-HTTPAPI/2.0" || resp.ContentLength != 0 || resp.ProtoMajor != 1 {
		t.Errorf("login: %+v", resp)
	}
	c.session = h.Get(SessionHeader)
	for range 5 {
		resp, _, err := c.do("GET", "servers", "")
		if err != nil || resp.Header.Get("Content-Type") != "application/json; charset=utf-8" ||
			resp.Header.Get("Cache-Control") != "no-cache, no-store" {
			t.Errorf("%v %v", resp, err)
		}
	}
	if !strings.Contains(string(srv.CertPEM()), "BEGIN CERTIFICATE") {
		t.Error("no certificate")
	}
	if _, err := http.Get(c.base); err == nil {
		t.Error("a client that does not know the certificate trusts it")
	}
	srv.Stop()
	if resp, _, err := c.do("GET", "servers", ""); err == nil {
		t.Errorf("a server that was stopped says %v", resp)
	}
	ok(t, srv.Start())
	c.must("GET", "servers", "") // to the same certificate, in the same session
}
