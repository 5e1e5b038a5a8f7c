package aem

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

const (
	sessionHeader = "EnterpriseManager.APISessionID"

	maxHeaderBytes = 64 << 10
	maxErrorBytes  = 64 << 10 // read of an answer that is not good
	maxDrainBytes  = 64 << 10 // read of what an answer has left, to keep its connection
	maxRedirects   = 5
)

// TransportOptions say how to reach Enterprise Manager. The zero value is good
// for one with a trusted certificate and no proxy.
type TransportOptions struct {
	// TLS: nil verifies the certificate with the system's authorities.
	TLS *tls.Config
	// Proxy: nil for none; http.ProxyFromEnvironment is one.
	Proxy func(*http.Request) (*url.URL, error)
	// MaxConnections that are open at once; 0 means 16. Give as many as calls
	// are made at once.
	MaxConnections int
	// HTTP2 allows HTTP/2. Enterprise Manager is known to offer it without
	// mastering it.
	HTTP2 bool
	// IdleTimeout is how long an unused connection is kept; 0 means 90 s. Give
	// more than the pause between two polls.
	IdleTimeout time.Duration
}

// NewTransport makes a transport that keeps a connection for every call made at
// once. (http.DefaultTransport keeps two, and pays for all others with a TLS
// handshake each.)
func NewTransport(o TransportOptions) *http.Transport {
	connections := cmp.Or(max(o.MaxConnections, 0), 16)
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(o.HTTP2)
	return &http.Transport{
		Proxy:                  o.Proxy,
		OnProxyConnectResponse: checkConnect,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        o.TLS.Clone(),
		TLSHandshakeTimeout:    10 * time.Second,
		MaxConnsPerHost:        connections,
		MaxIdleConns:           connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        cmp.Or(max(o.IdleTimeout, 0), 90*time.Second),
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
		Protocols:              protocols,
	}
}

// A sender is the last step of the chain: one attempt is one HTTP request.
type sender struct {
	options
	root   *url.URL // of the API: …/api/v1
	client *http.Client
	scrub  *scrubber
	bodies *largeReader
	expiry atomic.Int64 // of the earliest-ending certificate that was presented, Unix ns; 0: none
}

func newSender(root *url.URL, o options, scrub *scrubber) *sender {
	return &sender{options: o, root: root, client: &http.Client{Transport: o.transport, CheckRedirect: checkRedirect},
		scrub: scrub, bodies: newLargeReader(o.large)}
}

// send makes one attempt. The answer is read in it, so that a body that breaks
// off is a fault of the attempt.
func (s *sender) send(parent context.Context, c *call) error {
	c.status = 0
	limit := c.limit(s) + c.wait
	deadline := time.Now().Add(limit)
	if !c.deadline.IsZero() && c.deadline.Before(deadline) {
		deadline = c.deadline
	}
	a := attempt{s, c, parent, startClock(parent, deadline)}
	c.alive = func() { a.clock.again(limit) }
	err := s.answer(a)
	if err != nil || c.export == nil {
		a.clock.stop()
	}
	return err
}

// answer sends the request and reads what comes, but for a good export.
func (s *sender) answer(a attempt) error {
	request, err := s.request(a.clock, a.call)
	if err != nil {
		return err
	}
	response, err := s.do(request, a.call)
	if err != nil {
		return a.noAnswer(err)
	}
	switch {
	case !goodStatus(response.StatusCode):
		defer response.Body.Close()
		body := &limitedReader{r: a.call.keep(response), left: s.maxBytes}
		defer body.drain()
		return a.badAnswer(response, body)
	case a.call.export != nil:
		return a.call.export.begin(a, response.Body)
	}
	defer response.Body.Close()
	return s.read(a, response)
}

// read reads a good answer; a large one when it is its turn.
func (s *sender) read(a attempt, response *http.Response) error {
	body := &limitedReader{r: a.call.keep(response), left: s.maxBytes, beyond: errTooLarge}
	large := s.bodies.expects(a.call, response)
	switch {
	case large:
		done, err := s.bodies.take(a)
		if err != nil {
			return err
		}
		defer done()
	case a.call.idempotent && s.maxBytes > largeBody:
		body.left, body.beyond = largeBody, errLarge
	}
	defer body.drain()
	err := a.decode(response.Header, body)
	switch {
	case errors.Is(body.err, errLarge):
		s.bodies.remember(a.call, true)
	case large && body.eof && s.maxBytes-body.left <= largeBody:
		s.bodies.remember(a.call, false)
	}
	return err
}

// goodStatus reports whether the API answers so. What else is 2xx, a proxy has made.
func goodStatus(status int) bool {
	return status == http.StatusOK || status == http.StatusCreated || status == http.StatusNoContent
}

// do sends one request, and follows redirections, with the cookies of the session.
func (s *sender) do(request *http.Request, c *call) (*http.Response, error) {
	client := *s.client
	client.Jar = c.jar
	if c.authorization != "" {
		client.CheckRedirect = func(next *http.Request, _ []*http.Request) error { return redirectedTo(next) }
	}
	response, err := client.Do(request)
	if response != nil {
		c.status = response.StatusCode
		if response.TLS != nil {
			s.noteExpiry(response.TLS.PeerCertificates)
		}
		if response.StatusCode < 200 { // what follows is a connection, and has no end
			_ = response.Body.Close()
			response.Body = http.NoBody
		}
	}
	return response, err
}

func (s *sender) request(ctx context.Context, c *call) (*http.Request, error) {
	var body io.Reader
	if c.body != nil {
		body = bytes.NewReader(c.body)
	}
	request, err := http.NewRequestWithContext(ctx, c.verb, s.root.String(), body)
	if err != nil {
		return nil, &Error{Operation: c.operation, Kind: KindRequest, Message: "the request cannot be built"}
	}
	request.URL = c.url(s.root)
	if err := s.addHeaders(request.Header); err != nil {
		return nil, &Error{Operation: c.operation, Kind: KindRequest, Message: "the headers to send cannot be read: " +
			s.scrub.clean(err.Error(), maxMessage), err: err}
	}
	if c.document != nil {
		c.document.told = c.told
		if err := c.document.attach(request); err != nil {
			return nil, &Error{Operation: c.operation, Kind: KindRequest, Message: "the document to send cannot be wound back",
				err: err}
		}
	}
	if c.body != nil || c.document != nil {
		request.Header.Set("Content-Type", cmp.Or(c.contentType, "application/json"))
	} else if c.verb == http.MethodDelete {
		// The API wants Content-Length: 0, which net/http leaves out of a DELETE
		// unless it has an empty body that is not to be chunked.
		request.Body, request.TransferEncoding = http.NoBody, []string{"identity"}
	} else if c.once {
		// net/http repeats a GET by itself when an idle connection turns out to be
		// closed, but not one with a body that it cannot get again, even an empty one.
		request.Body = io.NopCloser(strings.NewReader(""))
	}
	for name, values := range c.header {
		request.Header[name] = values
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", s.userAgent)
	if c.session != "" {
		request.Header.Set(sessionHeader, c.session)
	}
	if c.authorization != "" {
		request.Header.Set("Authorization", "Basic "+c.authorization)
	}
	return request, nil
}

func (s *sender) addHeaders(to http.Header) error {
	if s.headers == nil {
		return nil
	}
	headers, err := s.headers()
	for _, h := range headers {
		to.Add(h.Name, h.Value)
		if h.Secret {
			s.scrub.keep(h.Value)
		}
	}
	return err
}

// A proxyFault is a proxy's refusal to connect, without its words.
type proxyFault struct{ status int }

func (f proxyFault) Error() string {
	if f.status == http.StatusProxyAuthRequired {
		return "the proxy wants a login: give user and password in its URL"
	}
	return fmt.Sprintf("the proxy refuses to connect (HTTP %d)", f.status)
}

// checkConnect is asked before net/http makes an error of the proxy's words.
func checkConnect(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return proxyFault{response.StatusCode}
	}
	return nil
}

// A redirectFault says why a redirection is not followed, without its path.
type redirectFault string

func (f redirectFault) Error() string { return string(f) }

// checkRedirect follows a redirection only of a GET and to where the request went
// in the first place: the session and the credentials are for nobody else, and a
// POST would become a GET that means something else.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host ||
		first.Method != http.MethodGet {
		return redirectedTo(next)
	}
	if len(via) > maxRedirects {
		return redirectFault("redirected again and again: check the path of the URL (usually /attunityenterprisemanager)")
	}
	return nil
}

func redirectedTo(next *http.Request) error {
	return redirectFault("redirected to " + next.URL.Scheme + "://" + next.URL.Host +
		", which is not followed; if that is the Enterprise Manager, change the URL")
}

// errTooLarge is what a limitedReader says beyond its limit.
var errTooLarge = wire.ErrTooLarge

// A limitedReader reads a body up to a limit and remembers what went wrong, since
// a decoder may put it in its own words.
type limitedReader struct {
	r      io.Reader
	left   int64
	beyond error // what is said beyond the limit
	err    error // other than io.EOF
	eof    bool
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	// One byte more than is left tells a body that ends at the limit from one
	// that goes on.
	if int64(len(p))-1 > l.left {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if int64(n) > l.left {
		n, err = int(l.left), cmp.Or(l.beyond, errTooLarge)
	}
	l.left -= int64(n)
	switch {
	case err == io.EOF:
		l.eof = true
	case err != nil:
		l.err = err
	}
	return n, err
}

// drain reads a little of what is left, so that the connection can be used again.
func (l *limitedReader) drain() {
	if l.err == nil && !l.eof {
		_, _ = io.CopyN(io.Discard, l.r, maxDrainBytes)
	}
}

// retryAfter reads the header Retry-After: seconds, or a date.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// badAnswer is the error of an answer with an HTTP status that is not 2xx.
func (a attempt) badAnswer(response *http.Response, body *limitedReader) error {
	e := &Error{Operation: a.call.operation, Kind: KindHTTP, Status: response.StatusCode,
		RetryAfter: retryAfter(response.Header)}
	if fault, ok := wire.ReadError(io.LimitReader(body, maxErrorBytes)); ok {
		e.Kind = KindAPI
		e.Code, e.Message = a.clean(fault)
		return e
	}
	if body.err != nil && !errors.Is(body.err, errTooLarge) {
		return a.brokenOff(body.err)
	}
	e.Message = a.statusMessage(response)
	return e
}

// statusMessage says what an HTTP status without an API error code probably means.
func (a attempt) statusMessage(response *http.Response) string {
	status := response.StatusCode
	switch {
	case status == http.StatusUnauthorized && onlyWindows(response.Header.Values("WWW-Authenticate")):
		return "only a Windows login (Negotiate, NTLM) is offered, which the API does not take: this is IIS or a proxy " +
			"before Enterprise Manager; let calls of /api/v1 through without it (anonymous), or go round it"
	case status < 200:
		return "an upgrade of the connection, which nobody asked for: is there a proxy in between?"
	case status == http.StatusNotFound:
		return "nothing answers there: check the path of the URL (usually /attunityenterprisemanager)"
	case status == http.StatusBadRequest && a.sender.root.Scheme == "http":
		return "bad request: if the port speaks TLS, the URL must begin with https"
	case status == statusSessionExpired:
		return "the session has expired"
	case status == http.StatusProxyAuthRequired:
		return "the proxy wants a login"
	case status/100 == 3:
		return "a redirection that is not followed"
	}
	if text := http.StatusText(status); text != "" { // not the server's own, which may say anything
		return text
	}
	return fmt.Sprintf("status %d", status)
}

// onlyWindows reports whether the ways to log in are all of those that Windows alone has.
func onlyWindows(offers []string) bool {
	for offer := range strings.SplitSeq(strings.Join(offers, ","), ",") {
		scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(offer)), " ")
		if scheme != "negotiate" && scheme != "ntlm" {
			return false
		}
	}
	return len(offers) > 0
}
