package aem

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// rawServer answers every connection's first request and hands over its head and
// body as they came over the wire.
func rawServer(t *testing.T) (address string, requests <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	got := make(chan string, 16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			var head strings.Builder
			in := bufio.NewReader(conn)
			for {
				line, err := in.ReadString('\n')
				head.WriteString(line)
				if err != nil || line == "\r\n" {
					break
				}
			}
			body := make([]byte, in.Buffered())
			_, _ = io.ReadFull(in, body)
			got <- head.String() + string(body)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return "http://" + listener.Addr().String(), got
}

func sendRaw(t *testing.T, address string, c *call) error {
	t.Helper()
	root, err := parseBaseURL(address)
	must(t, err)
	o, _ := newOptions()
	o.transport = &http.Transport{DisableKeepAlives: true}
	return newSender(root, o, &scrubber{}).send(t.Context(), c)
}

func TestNamesOnTheWire(t *testing.T) {
	address, requests := rawServer(t)
	for name, want := range map[string]string{
		"plain-1.2_3~":    "plain-1.2_3~",
		" Business Task ": "%20Business%20Task%20",
		"a/b":             "a%2Fb",
		"100%":            "100%25",
		"%2F":             "%252F",
		"a+b&c=d;e":       "a%2Bb%26c%3Dd%3Be",
		"#1?":             "%231%3F",
		`"q" 'q' \`:       "%22q%22%20%27q%27%20%5C",
		"zürich 東京":       "z%C3%BCrich%20%E6%9D%B1%E4%BA%AC",
		"bad\xff\n":       "bad%FF%0A",
		"...":             "...",
		"../x":            "..%2Fx",
		"http://h:1/":     "http%3A%2F%2Fh%3A1%2F",
	} {
		err := sendRaw(t, address, &call{
			operation: "X", verb: "GET", path: []string{"servers", name, "tasks", name},
			query: query{{"action", "getstatus"}, {"table", name}},
		})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		line := "GET /attunityenterprisemanager/api/v1/servers/" + want + "/tasks/" + want + "?action=getstatus&table=" +
			want + " HTTP/1.1\r\n"
		if got := <-requests; !strings.HasPrefix(got, line) {
			t.Errorf("%q: got %q, want %q", name, got[:strings.Index(got, "\n")], line)
		}
	}
}

func TestRequestHead(t *testing.T) {
	address, requests := rawServer(t)
	for name, tc := range map[string]struct {
		call    call
		want    []string
		wantNot []string
	}{
		"get": {call{verb: "GET", session: "id1"}, []string{"Enterprisemanager.apisessionid: id1\r\n",
			"Accept: application/json\r\n", "User-Agent: qem-aem-go\r\n"},
			[]string{"Content-Length", "Authorization", "Transfer-Encoding"}},
		"login": {call{verb: "GET", authorization: "Zm9v"}, []string{"Authorization: Basic Zm9v\r\n"},
			[]string{"apisessionid"}},
		"post": {call{verb: "POST"}, []string{"Content-Length: 0\r\n"}, []string{"Transfer-Encoding", "Content-Type"}},
		"put": {call{verb: "PUT", body: []byte(`{"a":1}`)}, []string{"Content-Length: 7\r\n",
			"Content-Type: application/json\r\n", "\r\n\r\n{\"a\":1}"}, []string{"Transfer-Encoding"}},
		"patch": {call{verb: "PATCH", body: []byte{}}, []string{"Content-Length: 0\r\n"}, []string{"Transfer-Encoding"}},
		"text": {call{verb: "PUT", body: []byte("k=v"), contentType: "text/plain"},
			[]string{"Content-Type: text/plain\r\n"}, nil},
		"delete": {call{verb: "DELETE"}, []string{"DELETE ", "Content-Length: 0\r\n"}, []string{"Transfer-Encoding"}},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, sendRaw(t, address, &tc.call))
			got := <-requests
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
			for _, not := range tc.wantNot {
				if strings.Contains(got, not) {
					t.Errorf("%q is in\n%s", not, got)
				}
			}
		})
	}
}

func TestEmptyNameIsNotSent(t *testing.T) {
	client := newClient(t, testURL, WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, io.EOF
	})))
	_, err := client.Tasks.Details(t.Context(), TaskRef{"server", ""})
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindRequest || e.Operation != "GetTaskDetails" {
		t.Errorf("got %v", err)
	}
}

func TestFetch(t *testing.T) {
	read := func(*wire.Scanner) ([]int, error) { return []int{1}, nil }
	for _, tc := range []struct {
		err     error
		partial bool
		want    int
	}{{nil, false, 1}, {&Error{Kind: KindPartial}, true, 1}, {&Error{Kind: KindPartial}, false, 0},
		{&Error{Kind: KindTimeout}, true, 0}} {
		core := &core{session: &session{}, call: func(_ context.Context, c *call) error {
			_ = c.decode(nil, strings.NewReader(""))
			return tc.err
		}}
		core.partial = tc.partial
		got, err := fetch(t.Context(), core, nil, &call{}, read)
		if len(got) != tc.want || err != tc.err {
			t.Errorf("%v: got %v, %v", tc.err, got, err)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{"a", "...", "a/b", "%", "\xff", " "} {
		f.Add(name)
	}
	root, _ := url.Parse("https://h/p/api/v1")
	f.Fuzz(func(t *testing.T, name string) {
		if dots(name) {
			return
		}
		u := (&call{path: []string{"servers", name}, query: query{{"schema", name}}}).url(root)
		raw := u.RequestURI()
		segments := strings.Split(strings.SplitN(raw, "?", 2)[0], "/")
		back, err := url.PathUnescape(segments[len(segments)-1])
		if err != nil || back != name || len(segments) != 6 || segments[5] == "." || segments[5] == ".." {
			t.Errorf("%q became %q", name, raw)
		}
		if q, err := url.ParseQuery(strings.SplitN(raw, "?", 2)[1]); err != nil || q.Get("schema") != name {
			t.Errorf("%q became %q", name, raw)
		}
	})
}
