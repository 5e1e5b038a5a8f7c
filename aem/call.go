package aem

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// A call is one call of an API method. The steps of a client's chain pass it
// down; only one of them works on it at a time.
type call struct {
	err         error    // why it must not be made; nil: it may
	operation   string   // the API method's name
	verb        string   // HTTP method
	path        []string // segments below the API's root, not encoded
	query       query
	body        []byte      // nil: none
	document    *document   // or this
	told        func(int64) // how much of a document or an export has passed; may be nil
	contentType string      // of body; "": JSON
	idempotent  bool        // may be repeated after a fault
	once        bool        // of a GET that must not be repeated by net/http either
	urgent      bool        // has the client's time whatever its context's, and counts for the rate without waiting

	free    bool          // a method that nothing is known of
	header  http.Header   // more of the request's
	raw     *Response     // keeps the answer
	timeout time.Duration // of an attempt, as its caller wants it; 0: the client's
	attempt time.Duration // of an attempt; set by the retry step
	alive   func()        // starts the time of an attempt anew; set by the transport step
	skipped *int          // takes a list without the elements that make no sense
	wait    time.Duration // the API may take that much longer than others before it answers
	bound   string        // the only session that the call makes sense in; "": any
	export  *exported     // hands the answer to the caller; nil: decode reads it

	// decode reads a good answer, anew in every attempt. Nil: the answer says
	// nothing but that it is good.
	decode func(http.Header, io.Reader) error

	authorization string    // Login's credentials
	deadline      time.Time // of all attempts together; set by the retry step, zero: none
	session       string    // set by the session step
	jar           http.CookieJar
	waited        time.Duration // of the attempt, for its turn to read
	release       func()        // gives the slot of the attempt back; set by the gate step, nil: it has none
	status        int           // of the last attempt, 0 without an answer; set by the transport step
}

// A step of a client's chain makes a call by handing it to the next step.
// An error it returns is an *Error.
type step func(ctx context.Context, c *call) error

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

// escape percent-encodes everything but letters, digits and the signs -, _, . and ~.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// url is where the call goes, below the API's root.
func (c *call) url(root *url.URL) *url.URL {
	u := *root
	raw, path := root.EscapedPath(), root.Path
	for _, segment := range c.path {
		raw += "/" + escape(segment)
		path += "/" + segment
	}
	u.Path, u.RawPath = path, raw
	u.RawQuery = c.query.encode()
	return &u
}

// check refuses a call that would be about something else than meant.
func (c *call) check() error {
	switch {
	case c.timeout < 0:
		c.refuse("the timeout is negative")
	case slices.Contains(c.path, ""):
		c.refuse("a name is empty")
	case slices.ContainsFunc(c.path, dots):
		c.refuse("an object named . or .. cannot be asked for: servers and proxies take it for the one above")
	case !c.free && !c.saysWhat():
		c.refuse("the request does not say what to do")
	}
	return c.err
}

// dots reports whether a name is a step in a path: however it is encoded, servers and
// proxies take it for the object above.
func dots(name string) bool { return name == "." || name == ".." }

// saysWhat reports whether a call that changes something has its action. One path
// and verb stand for several methods, which only the action tells apart: without it,
// to delete an ACL would be to delete what it protects.
func (c *call) saysWhat() bool {
	switch c.verb {
	case http.MethodPost, http.MethodPut, http.MethodDelete:
		definition := len(c.path) > 0 && c.path[len(c.path)-1] == "def"
		action := len(c.query) > 0 && c.query[0].name == "action" && c.query[0].value != ""
		return definition != action
	}
	return true
}

// limit is the longest that an attempt may take.
func (c *call) limit(s *sender) time.Duration { return cmp.Or(c.attempt, s.timeout) }

// refusal is the error of a call that is not made.
func refusal(operation, why string) *Error {
	return &Error{Operation: operation, Kind: KindRequest, Message: why}
}

func refusalOf(operation string, why error) *Error {
	return &Error{Operation: operation, Kind: KindRequest, Message: why.Error(), err: why}
}

// refuse lets the call not be made, for the first reason that is given.
func (c *call) refuse(why string) *call { return c.fail(refusal(c.operation, why)) }

func (c *call) fail(err error) *call {
	if c.err == nil {
		c.err = err
	}
	return c
}

// checked refuses what was found wrong.
func (c *call) checked(wrong error) *call {
	if wrong != nil {
		c.fail(refusalOf(c.operation, wrong))
	}
	return c
}

// needs refuses an argument that is empty.
func (c *call) needs(what, value string) *call {
	if value == "" {
		c.refuse("the " + what + " is empty")
	}
	return c
}

// defaultWait is how long the API waits for a task or an endpoint unless told
// otherwise. The SDKs do not agree on it, so it is always sent.
const defaultWait = time.Minute

// get is a call that reads, and may be repeated.
func get(operation string, path ...string) *call {
	return &call{operation: operation, verb: http.MethodGet, path: path, idempotent: true}
}

// send is a call that is made once. One path and verb stand for several methods, of
// which the action is one.
func send(verb, operation, action string, path ...string) *call {
	c := &call{operation: operation, verb: verb, path: path}
	if action != "" {
		c.query = query{{"action", action}}
	}
	return c
}

// with adds a parameter.
func (c *call) with(name, value string) *call {
	c.query = append(c.query, param{name, value})
	return c
}

// value gives the call a value of the API as its body. A text that is not valid UTF-8 is
// refused: what would arrive would be another name.
func value[T any](c *call, table *wire.Table[T], v *T) *call {
	if c.err != nil {
		return c
	}
	body, ok := table.Marshal(v, wire.RealWorld)
	if !ok {
		c.refuse(notUTF8)
	}
	c.body = body
	return c
}

const notUTF8 = "an argument cannot be sent as JSON: is it not UTF-8?"

const byteOrderMark = wire.ByteOrderMark

// An object is a JSON object to send.
type object map[string]any

// json gives the call a JSON body, of which the same holds.
func (c *call) json(v any) *call {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return c.refuse(notUTF8)
	}
	c.body = body
	return c
}

// within tells the API how long it may wait, and allows for it.
func (c *call) within(d time.Duration) *call {
	if d < 0 {
		return c.refuse("the timeout is negative")
	}
	seconds := (cmp.Or(d, defaultWait) + time.Second - 1) / time.Second
	c.wait = seconds * time.Second
	return c.with("timeout", strconv.FormatInt(int64(seconds), 10))
}

func boolText(b bool) string { return strconv.FormatBool(b) }

// timestamp is a time as the API's arguments want it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
