package app

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
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
