package app

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections bounds how many connections clients hold open, so that a client which
// opens them and keeps them leaves file descriptors for polling and for the others.
type connections struct {
	most int

	mu   sync.Mutex
	open map[*connection]struct{}
}

type connection struct {
	net.Conn
	of    *connections
	since time.Time // when its last request was complete; else when it was opened
}

func newConnections(most int) *connections {
	return &connections{most: max(1, min(most, descriptors()/2)), open: map[*connection]struct{}{}}
}

// add takes a new connection in, for which another may have to go.
func (c *connections) add(inner net.Conn) net.Conn {
	added := &connection{Conn: inner, of: c, since: time.Now()}
	c.mu.Lock()
	var oldest *connection
	if len(c.open) >= c.most {
		for o := range c.open {
			if oldest == nil || o.since.Before(oldest.since) {
				oldest = o
			}
		}
		delete(c.open, oldest)
	}
	c.open[added] = struct{}{}
	c.mu.Unlock()
	if oldest != nil {
		_ = oldest.Conn.Close()
	}
	return added
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// boundedListener accepts connections that are counted.
type boundedListener struct {
	net.Listener
	connections *connections
}

func (l boundedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.connections.add(c), nil
}

type connectionKey struct{}

func withConnection(ctx context.Context, c net.Conn) context.Context {
	if tls, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = tls.NetConn()
	}
	return context.WithValue(ctx, connectionKey{}, c)
}

// noted notes for each connection that a request of it is complete, and that it has
// been answered.
func noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
			c.note()
			defer c.note()
		}
		next.ServeHTTP(w, r)
	})
}

func (c *connection) note() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.since = time.Now()
}
