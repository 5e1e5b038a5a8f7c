package aem

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A call is one call of an API method. The steps of a client's chain pass it
// down; only one of them works on it at a time.
type call struct {
	operation   string   // the API method's name
	verb        string   // HTTP method
	path        []string // segments below the API's root, not encoded
	query       query
	body        []byte // nil: none
	contentType string // of body; "": JSON
	idempotent  bool   // may be repeated after a fault

	// decode reads a good answer, anew in every attempt. Nil: the answer says
	// nothing but that it is good.
	decode func(http.Header, io.Reader) error

	authorization string    // Login's credentials
	deadline      time.Time // of all attempts together; set by the retry step, zero: none
	session       string    // set by the session step
	status        int       // of the last attempt, 0 without an answer; set by the transport step
}

// A step of a client's chain makes a call by handing it to the next step.
// An error it returns is an *Error.
type step func(ctx context.Context, c *call) error

// fetch makes a call whose answer decode understands. The result is also good
// when the error is ErrPartial.
func fetch[T any](ctx context.Context, next step, c *call, decode func(io.Reader) (T, error)) (T, error) {
	var result T
	c.decode = func(_ http.Header, r io.Reader) (err error) {
		result, err = decode(r)
		return err
	}
	err := next(ctx, c)
	if err != nil && !errors.Is(err, ErrPartial) {
		var none T
		return none, err
	}
	return result, err
}

// A query is the part of a URL behind the question mark, in the order given.
type query []param

type param struct{ name, value string }

// encode writes a blank as %20, which every server understands in every place.
func (q query) encode() string {
	var b strings.Builder
	for i, p := range q {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(p.name) + "=" + escape(p.value))
	}
	return b.String()
}

// escape percent-encodes everything but letters, digits and - _ . ~
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// escapeSegment encodes one segment of a path. A name of dots would be taken for
// a step in the path, so its dots are encoded too.
func escapeSegment(s string) string {
	if s == "." || s == ".." {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return escape(s)
}

// url is where the call goes, below the API's root.
func (c *call) url(root *url.URL) *url.URL {
	u := *root
	raw, path := root.EscapedPath(), root.Path
	for _, segment := range c.path {
		raw += "/" + escapeSegment(segment)
		path += "/" + segment
	}
	u.Path, u.RawPath = path, raw
	u.RawQuery = c.query.encode()
	return &u
}

// checkStep refuses a call whose path would name something else than meant.
func checkStep(next step) step {
	return func(ctx context.Context, c *call) error {
		if slices.Contains(c.path, "") {
			return &Error{Operation: c.operation, Kind: KindRequest, Message: "a name is empty"}
		}
		return next(ctx, c)
	}
}
