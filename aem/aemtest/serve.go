package aemtest

import (
	"context"
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

// buffer returns an empty buffer for a body.
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

// serve answers a call, with the faults that it meets.
func (s *Simulator) serve(w http.ResponseWriter, r *http.Request, c *call) {
	delay, fault, faulty := s.faults.take(c)
	s.mu.RLock()
	delay += s.latency
	s.mu.RUnlock()
	if !s.wait(r.Context(), delay) {
		abort(w)
		return
	}
	if faulty {
		s.serveFault(w, r, c, fault)
		return
	}
	a, ok := s.finalAnswer(c)
	if !ok {
		abort(w)
		return
	}
	s.send(w, a)
	s.release(a.body)
}

// maxBody is more than the longest body that a request may have.
const maxBody = 64 << 20

// finalAnswer answers a call after it has waited for what the answer waits for; it
// reports whether the caller is still there.
func (s *Simulator) finalAnswer(c *call) (answer, bool) {
	if c.op != nil && c.op.changes() {
		body, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody))
		if err != nil {
			return answer{}, false
		}
		c.body = body
	}
	a := s.lockedAnswer(c, s.answer)
	for a.later != nil {
		if !s.wait(c.request.Context(), a.wait) {
			return answer{}, false
		}
		a = s.lockedAnswer(c, func(*call) answer { return a.later() })
	}
	return a, true
}

func (s *Simulator) lockedAnswer(c *call, ask func(*call) answer) answer {
	if c.op != nil && c.op.changes() {
		s.mu.Lock()
		defer s.mu.Unlock()
	} else {
		s.mu.RLock()
		defer s.mu.RUnlock()
	}
	return ask(c)
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

// header sets the headers that Enterprise Manager sends.
func (s *Simulator) header(w http.ResponseWriter, a answer, length int) {
	h := w.Header()
	h["Server"] = []string{"Microsoft-HTTPAPI/2.0"}
	h["Content-Length"] = []string{strconv.Itoa(length)}
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
}

// serveFault answers a call wrongly.
func (s *Simulator) serveFault(w http.ResponseWriter, r *http.Request, c *call, f Fault) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	switch f.Kind {
	case FaultHang:
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		abort(w)
	case FaultReset:
		abort(w)
	case FaultExpiredSession:
		s.auth.end(r.Header.Get(SessionHeader), false)
		s.send(w, s.fail(s.invalidSession()))
	case FaultAPIError:
		s.send(w, s.fail(f.apiError()))
	case FaultHTML:
		s.send(w, answer{status: f.status(http.StatusOK), text: true,
			body: f.body("<html><body><h1>Service Unavailable</h1></body></html>")})
	case FaultEmpty:
		s.send(w, answer{status: f.status(http.StatusOK)})
	case FaultNull:
		s.send(w, answer{status: f.status(http.StatusOK), body: []byte("null")})
	case FaultWrongType:
		s.send(w, answer{status: f.status(http.StatusOK), body: f.body(wrongType(c.operation()))})
	case FaultStatus:
		s.send(w, answer{status: f.status(http.StatusServiceUnavailable), text: true, body: f.body("")})
	case FaultBody:
		s.send(w, answer{status: f.status(http.StatusOK), body: f.body("")})
	default:
		s.serveDamaged(w, r, c, f)
	}
}

// serveDamaged answers with what is right at first.
func (s *Simulator) serveDamaged(w http.ResponseWriter, r *http.Request, c *call, f Fault) {
	a, ok := s.finalAnswer(c)
	if !ok {
		abort(w)
		return
	}
	defer s.release(a.body)
	half := a.body[:len(a.body)/2]
	switch f.Kind {
	case FaultTruncate:
		s.header(w, a, len(a.body))
		w.WriteHeader(a.status)
		_, _ = w.Write(half)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case FaultBrokenJSON:
		a.body = half
		s.send(w, a)
	case FaultOversized:
		s.sendOversized(w, r, a, f)
	case FaultSlow:
		s.sendSlowly(w, r, a, f)
	default:
		s.send(w, a)
	}
}

func (s *Simulator) send(w http.ResponseWriter, a answer) {
	s.header(w, a, len(a.body))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// sendOversized sends blanks, which JSON allows, before the body until the whole
// has the wanted length.
func (s *Simulator) sendOversized(w http.ResponseWriter, r *http.Request, a answer, f Fault) {
	total := f.Bytes
	if total <= 0 {
		total = defaultOversize
	}
	s.header(w, a, len(a.body))
	w.Header().Del("Content-Length")
	w.WriteHeader(a.status)
	var blanks [32 << 10]byte
	for i := range blanks {
		blanks[i] = ' '
	}
	for left := total - int64(len(a.body)); left > 0; {
		n := min(left, int64(len(blanks)))
		if _, err := w.Write(blanks[:n]); err != nil || r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
		left -= n
	}
	_, _ = w.Write(a.body)
}

// sendSlowly sends a few bytes at a time.
func (s *Simulator) sendSlowly(w http.ResponseWriter, r *http.Request, a answer, f Fault) {
	pause := f.Pause
	if pause <= 0 {
		pause = time.Second
	}
	s.header(w, a, len(a.body))
	w.WriteHeader(a.status)
	out := http.NewResponseController(w)
	const step = 16
	for body := a.body; len(body) > 0; {
		n := min(step, len(body))
		if _, err := w.Write(body[:n]); err != nil {
			return
		}
		_ = out.Flush()
		body = body[n:]
		if len(body) > 0 && !s.wait(r.Context(), pause) {
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

func (f *Fault) status(preset int) int {
	if f.Status != 0 {
		return f.Status
	}
	return preset
}

func (f *Fault) body(preset string) []byte {
	if f.Body != "" {
		return []byte(f.Body)
	}
	return []byte(preset)
}

func (f *Fault) apiError() apiError {
	e := apiError{f.status(http.StatusInternalServerError), f.Code, f.Message}
	if e.code == "" {
		e.code = "AEM_INNER_ERR"
	}
	return e
}

// wrongType is JSON of the wrong kind for an operation.
func wrongType(operation string) string {
	envelopes := map[string]string{
		"GetServerList": "serverList", "GetTaskList": "taskList", "GetTableStatuses": "table_details",
		"GetTableList": "tablelist", "GetServerDetails": "server_details", "GetTaskDetails": "cdc_latency",
	}
	if key, ok := envelopes[operation]; ok {
		return `{"` + key + `":"unexpected text"}`
	}
	return `"unexpected text"`
}
