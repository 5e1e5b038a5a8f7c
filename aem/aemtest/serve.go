package aemtest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	defaultOversize = 2 << 30
	maxPooledBody   = 4 << 20
)

func (s *Simulator) buffer() []byte {
	if b, ok := s.buffers.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, 4096)
}

func (s *Simulator) release(b []byte) {
	if cap(b) > 0 && cap(b) <= maxPooledBody {
		s.buffers.Put(&b)
	}
}

func (c *call) serve(w http.ResponseWriter) {
	delay, fault := c.faults.take(c)
	c.mu.RLock()
	delay += c.latency
	c.mu.RUnlock()
	switch {
	case !c.wait(c.request.Context(), delay):
		abort(w)
	case fault != nil:
		c.serveFault(w, fault)
	case !c.finish():
		abort(w)
	default:
		c.send(w)
		c.release(c.out)
	}
}

// maxBody is more than the longest body that a request may have.
const maxBody = 64 << 20

// finish answers the call, after it has waited for what the answer waits for; it
// reports whether the caller is still there.
func (c *call) finish() bool {
	changes := c.op != nil && c.op.changes()
	if changes {
		var err error
		if c.body, err = io.ReadAll(io.LimitReader(c.request.Body, maxBody)); err != nil {
			return false
		}
	}
	for next := c.answerNow; next != nil; next = c.later {
		if !c.wait(c.request.Context(), c.pause) {
			return false
		}
		c.later = nil
		c.answerLocked(changes, next)
	}
	return true
}

func (c *call) answerLocked(changes bool, answer func() error) {
	if changes {
		c.mu.Lock()
		defer c.mu.Unlock()
	} else {
		c.mu.RLock()
		defer c.mu.RUnlock()
	}
	e := (*apiError)(nil)
	switch {
	case errors.As(answer(), &e):
		c.fail(e)
	case c.out == nil && !c.text && c.opts.Shape == Legacy:
		c.out = append(c.buffer(), "{}"...)
	}
}

// wait lets time pass; it reports whether the caller is still there.
func (s *Simulator) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-s.closed:
		return false
	}
}

// sendHeader sends the status and the headers that Enterprise Manager sends; a negative
// length is not told.
func (a *answer) sendHeader(w http.ResponseWriter, length int) {
	h := w.Header()
	h["Server"] = []string{"Microsoft-HTTPAPI/2.0"}
	if length >= 0 {
		h["Content-Length"] = []string{strconv.Itoa(length)}
	}
	if a.text {
		h["Content-Type"] = []string{"text/html"}
	} else {
		h["Content-Type"] = []string{"application/json; charset=utf-8"}
		h["Cache-Control"] = []string{"no-cache, no-store"}
	}
	if a.session != "" {
		h[SessionHeader] = []string{a.session}
	}
	for k, v := range a.headers {
		h[k] = []string{v}
	}
	w.WriteHeader(cmp.Or(a.status, http.StatusOK))
}

func (a *answer) send(w http.ResponseWriter) {
	a.sendHeader(w, len(a.out))
	_, _ = w.Write(a.out)
}

func (c *call) serveFault(w http.ResponseWriter, f *Fault) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	switch f.Kind {
	case FaultHang:
		select {
		case <-c.request.Context().Done():
		case <-c.closed:
		}
		abort(w)
	case FaultReset:
		abort(w)
	case FaultExpiredSession:
		c.auth.end(c.request.Header.Get(SessionHeader), false)
		c.fail(c.invalidSession())
		c.send(w)
	case FaultAPIError:
		c.fail(f.apiError())
		c.send(w)
	case FaultTruncate, FaultBrokenJSON, FaultOversized, FaultSlow:
		c.serveDamaged(w, f)
	default:
		f.answer(c.operation()).send(w)
	}
}

// serveDamaged answers with what is right at first.
func (c *call) serveDamaged(w http.ResponseWriter, f *Fault) {
	if !c.finish() {
		abort(w)
		return
	}
	whole := c.out
	defer c.release(whole)
	switch f.Kind {
	case FaultTruncate:
		c.sendHeader(w, len(whole))
		_, _ = w.Write(whole[:len(whole)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case FaultBrokenJSON:
		c.out = whole[:len(whole)/2]
		c.send(w)
	case FaultOversized:
		c.sendOversized(w, f)
	case FaultSlow:
		c.sendSlowly(w, f)
	}
}

// sendOversized sends blanks, which JSON allows, before the body until the whole
// has the wanted length.
func (c *call) sendOversized(w http.ResponseWriter, f *Fault) {
	total := f.Bytes
	if total <= 0 {
		total = defaultOversize
	}
	c.sendHeader(w, -1)
	var blanks [32 << 10]byte
	for i := range blanks {
		blanks[i] = ' '
	}
	for left := total - int64(len(c.out)); left > 0; {
		n := min(left, int64(len(blanks)))
		if _, err := w.Write(blanks[:n]); err != nil || c.request.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
		left -= n
	}
	_, _ = w.Write(c.out)
}

func (c *call) sendSlowly(w http.ResponseWriter, f *Fault) {
	pause := f.Pause
	if pause <= 0 {
		pause = time.Second
	}
	c.sendHeader(w, len(c.out))
	out := http.NewResponseController(w)
	const step = 16
	for body := c.out; len(body) > 0; {
		n := min(step, len(body))
		if _, err := w.Write(body[:n]); err != nil {
			return
		}
		_ = out.Flush()
		body = body[n:]
		if len(body) > 0 && !c.wait(c.request.Context(), pause) {
			panic(http.ErrAbortHandler)
		}
	}
}

// abort ends the connection without an answer: over TCP with a reset. The first
// bytes of an answer go before it, because the client of net/http repeats a call
// by itself when a connection that it has used before ends without any.
func abort(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nServer: Micro"))
	raw := conn
	if tlsConn, ok := conn.(interface{ NetConn() net.Conn }); ok {
		raw = tlsConn.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = raw.Close()
}
