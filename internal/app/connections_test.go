package app

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestConnectionsAreBounded: the one that has gone longest without a request goes.
func TestConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newConnections(3)
		var clients, servers []net.Conn
		open := func() {
			client, server := net.Pipe()
			clients, servers = append(clients, client), append(servers, all.add(server))
			time.Sleep(time.Second)
		}
		closed := func(i int) bool {
			_ = clients[i].SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := clients[i].Read(make([]byte, 1))
			timeout, ok := err.(net.Error)
			return !ok || !timeout.Timeout()
		}
		for range 3 {
			open()
		}
		r, err := http.NewRequestWithContext(withConnection(context.Background(), servers[0]), http.MethodGet, "/",
			http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		noted(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r) // the first is the youngest now
		open()
		if !closed(1) || closed(0) || closed(2) || closed(3) {
			t.Errorf("closed are %t %t %t %t, want the second alone", closed(0), closed(1), closed(2), closed(3))
		}
		_ = servers[2].Close()
		open() // there is room
		if closed(0) || closed(3) || len(all.open) != 3 {
			t.Errorf("a connection was closed although there was room, or %d are counted", len(all.open))
		}
		for _, s := range servers {
			_ = s.Close()
		}
		if len(all.open) != 0 {
			t.Errorf("%d are left", len(all.open))
		}
	})
}

func TestDescriptorsBoundConnections(t *testing.T) {
	if most := newConnections(1 << 30).most; most > descriptors()/2 || most < 1 {
		t.Errorf("%d connections with %d descriptors", most, descriptors())
	}
}

// A header that is too large is refused, and one that never ends is not waited for.
func TestClientsThatMeanIll(t *testing.T) {
	bubble(t, func(b *bench) {
		d := b.start(testOptions(configFile(b, entry("prod", b.simulated().URL))))
		dial := func() net.Conn {
			conn, err := d.dial()
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = conn.Close() })
			return conn
		}
		for name, request := range map[string]string{
			"header": "GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 128<<10) + "\r\n\r\n",
			"URL":    "GET /" + strings.Repeat("x", 128<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n",
			"many":   "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Small: x\r\n", 20_000) + "\r\n",
		} {
			conn := dial()
			go func() { _, _ = io.WriteString(conn, request) }() // it is not read to the end
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				b.Fatal(name, err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				b.Errorf("%s: %s", name, response.Status)
			}
		}
		var slow []net.Conn
		for range 50 {
			conn := dial()
			if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
				b.Fatal(err)
			}
			slow = append(slow, conn)
		}
		d.metrics()
		for _, conn := range slow {
			if answer, err := io.ReadAll(conn); err != nil || strings.Contains(string(answer), "200") {
				b.Errorf("a client that sends no end of a header gets %q, %v", answer, err)
			}
		}
	})
}
