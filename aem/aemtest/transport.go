package aemtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Transport returns a round tripper that asks the simulator without a socket. It
// honours the context of a request, while waiting for the answer and while
// reading its body, and breaks off as a connection does. It works in a bubble of
// testing/synctest when the simulator was made there.
func (s *Simulator) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Simulator }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	ctx, cancel := context.WithCancel(r.Context())
	in := r.Clone(ctx)
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "192.0.2.1:1234"
	in.Header = canonical(r.Header)
	setLength(in)
	if in.Body == nil {
		in.Body = http.NoBody
	}
	pr, pw := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = pw.CloseWithError(ctx.Err()) })
	rec := &recorder{header: make(http.Header), answered: make(chan *http.Response, 1), body: pw}
	go rec.run(t.s, in)
	select {
	case resp, ok := <-rec.answered:
		if !ok {
			cancel()
			return nil, fmt.Errorf("read: %w", syscall.ECONNRESET)
		}
		resp.Request, resp.Body = r, &pipeBody{PipeReader: pr, end: func() { stop(); cancel() }}
		return resp, nil
	case <-r.Context().Done():
		cancel()
		return nil, r.Context().Err()
	}
}

// setLength tells the length of the body as the client of net/http does.
func setLength(r *http.Request) {
	r.Header.Del("Content-Length")
	empty := r.ContentLength == 0 && (r.Body == nil || r.Body == http.NoBody)
	identity := r.Method != http.MethodGet && slices.Equal(r.TransferEncoding, []string{"identity"})
	switch {
	case r.ContentLength > 0:
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	case !empty:
		r.ContentLength = -1
	case identity || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch:
		r.Header.Set("Content-Length", "0")
	}
}

// canonical brings the names of headers to the form in which a server reads them.
func canonical(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for k, v := range h {
		k = textproto.CanonicalMIMEHeaderKey(k)
		out[k] = append(out[k], v...)
	}
	return out
}

// pipeBody is the body of an answer; closing it tells the handler.
type pipeBody struct {
	*io.PipeReader
	end func()
}

func (b *pipeBody) Close() error {
	err := b.PipeReader.Close()
	b.end()
	return err
}

// recorder is a response writer that hands on what the handler writes.
type recorder struct {
	header   http.Header
	answered chan *http.Response // closed without one when the connection breaks off
	sent     bool
	body     *io.PipeWriter
}

// run lets the handler answer; a panic with http.ErrAbortHandler breaks off.
func (rec *recorder) run(h http.Handler, r *http.Request) {
	defer func() {
		p := recover()
		if p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
		switch {
		case r.Context().Err() != nil:
			_ = rec.body.CloseWithError(r.Context().Err())
		case p != nil:
			_ = rec.body.CloseWithError(io.ErrUnexpectedEOF)
		default:
			rec.WriteHeader(http.StatusOK)
			_ = rec.body.Close()
		}
		close(rec.answered)
	}()
	h.ServeHTTP(rec, r)
}

func (rec *recorder) Header() http.Header { return rec.header }

// WriteHeader answers with a status and the header as it is. The first one counts.
func (rec *recorder) WriteHeader(status int) {
	if rec.sent {
		return
	}
	rec.sent = true
	header := canonical(rec.header)
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	rec.answered <- &http.Response{
		Status:     strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode: status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        header,
		ContentLength: length,
	}
}

func (rec *recorder) Write(p []byte) (int, error) {
	rec.WriteHeader(http.StatusOK)
	return rec.body.Write(p)
}

// Flush does nothing: nothing is held back.
func (rec *recorder) Flush() {}
