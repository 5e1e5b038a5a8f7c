package aem

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// A CallOption changes one call.
type CallOption func(*call)

// Timeout limits each attempt of the call, in place of the client's.
func Timeout(d time.Duration) CallOption { return func(c *call) { c.timeout = d } }

// ExtraHeader adds a header to the request.
func ExtraHeader(name, value string) CallOption {
	return func(c *call) {
		if c.header == nil {
			c.header = http.Header{}
		}
		c.header.Add(name, value)
	}
}

// Raw keeps the answer as it came, beside what the method makes of it; that of the last
// attempt, errors too. It is empty for an export, which is read by the caller.
func Raw(to *Response) CallOption { return func(c *call) { c.raw = to } }

// Progress is called as a document is sent or an export is read, with the bytes so far.
func Progress(told func(bytes int64)) CallOption { return func(c *call) { c.told = told } }

// Skipped lets a method that returns a list go without the elements that make no sense, and
// tells how many there were. Without it such a list is an ErrPartial.
func Skipped(n *int) CallOption { return func(c *call) { c.skipped = n } }

// A Response is what the API answered.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// do makes a call with the options of its caller.
func (c *core) do(ctx context.Context, opts []CallOption, call *call) error {
	for _, option := range opts {
		option(call)
	}
	if err := call.check(); err != nil {
		return err
	}
	return c.call(ctx, call)
}

// A Request is a call of a method that this package has no function for.
type Request struct {
	// Operation is what errors and observers call it; "" means Do.
	Operation string
	Method    string // of HTTP
	// Path is the segments below /api/v1: "servers", a name, "tasks". They are encoded.
	Path  []string
	Query url.Values
	Body  []byte // JSON
}

// Do makes a call of a method that is not in the guide, with the client's session, repeats
// of what only reads, and errors.
func (c *Client) Do(ctx context.Context, r Request, opts ...CallOption) (*Response, error) {
	call := &call{operation: r.Operation, verb: r.Method, path: r.Path, body: r.Body, free: true,
		idempotent: r.Method == http.MethodGet}
	if call.operation == "" {
		call.operation = "Do"
	}
	for name, values := range r.Query {
		for _, value := range values {
			call.with(name, value)
		}
	}
	var response Response
	call.decode = func(header http.Header, body io.Reader) error {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if fault, ok := wire.ReadError(bytes.NewReader(text)); ok {
			return fault
		}
		response = Response{Status: call.status, Header: header, Body: text}
		return nil
	}
	if err := c.core.do(ctx, opts, call); err != nil {
		return nil, err
	}
	return &response, nil
}

// keep copies a body into the caller's Response while it is read.
func (c *call) keep(response *http.Response) io.Reader {
	if c.raw == nil {
		return response.Body
	}
	*c.raw = Response{Status: response.StatusCode, Header: response.Header.Clone()}
	return io.TeeReader(response.Body, (*recorder)(c.raw))
}

type recorder Response

func (r *recorder) Write(p []byte) (int, error) {
	r.Body = append(r.Body, p...)
	return len(p), nil
}
