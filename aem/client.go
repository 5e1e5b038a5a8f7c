package aem

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	defaultPrefix = "/attunityenterprisemanager"
	apiPath       = "/api/v1"
)

// Client calls the API of one Enterprise Manager. All its calls share one session;
// they may be made from many goroutines.
type Client struct {
	Servers   ServersService
	Tasks     TasksService
	Tables    TablesService
	Endpoints EndpointsService
	ACLs      ACLsService
	Audit     AuditService

	core *core
}

// core is what the services share.
type core struct {
	options
	call    step // session → retry → rate → gate → observer → HTTP
	session *session
	sender  *sender
	end     context.CancelFunc // of the client's life

	scanners sync.Pool // of *wire.Scanner
}

// New makes a client for the Enterprise Manager at baseURL,
// https://host[:port]/attunityenterprisemanager; that path is the default, and the
// API's own /api/v1 may follow it. Nothing is sent before the first call.
func New(baseURL string, credentials CredentialsFunc, opts ...Option) (*Client, error) {
	root, err := parseBaseURL(baseURL)
	if err != nil {
		return nil, err
	}
	if credentials == nil {
		return nil, errors.New("aem: there are no credentials")
	}
	o, err := newOptions(opts...)
	if err != nil {
		return nil, err
	}
	if root.Scheme == "http" && !o.plain && !isLocal(root.Hostname()) {
		return nil, errors.New("aem: the URL begins with http, so that everybody in between could read the credentials: " +
			"use https, or the option WithPlainHTTP")
	}
	c := newCore(root, credentials, o)
	return &Client{
		Servers:   ServersService{c},
		Tasks:     TasksService{c},
		Tables:    TablesService{c},
		Endpoints: EndpointsService{c},
		ACLs:      ACLsService{c},
		Audit:     AuditService{c},
		core:      c,
	}, nil
}

func newCore(root *url.URL, credentials CredentialsFunc, o options) *core {
	scrub := &scrubber{}
	scrub.keep(o.secrets...)
	sender := newSender(root, o, scrub)
	retry := retrier{options: o, jitter: fullJitter, fresh: sender.client.CloseIdleConnections}
	plain := retry.step(rateStep(o.perSecond, gateStep(observeStep(o.observer, o.logger, sender.send))))

	life, end := context.WithCancel(context.Background())
	session := &session{
		options:     o,
		credentials: credentials,
		signIn:      signIn(plain, scrub, sender.client.CloseIdleConnections),
		signOut:     signOut(plain),
		url:         root.String(),
		scrub:       scrub,
		life:        life,
		denied:      map[string]denial{},
	}
	return &core{options: o, call: session.step(plain), session: session, sender: sender, end: end}
}

// isLocal reports whether a host is this machine, or one that exists in tests only.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		strings.HasSuffix(host, ".test")
}

// parseBaseURL returns the URL of the API's root. Its errors do not repeat the
// URL, which may hold a password.
func parseBaseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "" {
		return nil, errors.New("aem: the URL must look like https://host[:port]" + defaultPrefix)
	}
	if u.User != nil {
		return nil, errors.New("aem: the URL must not contain a user name or password")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("aem: the URL must end with the path: no query, no fragment")
	}
	prefix := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(u.EscapedPath(), "/"), apiPath), "/")
	if prefix == "" {
		prefix = defaultPrefix
	}
	raw := prefix + apiPath
	path, err := url.PathUnescape(raw)
	if err != nil {
		return nil, errors.New("aem: the path of the URL is not well encoded")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path, RawPath: raw}, nil
}

// Login makes sure that there is a session. Calls do that by themselves; use it to
// find out whether the credentials are good.
//
// API: Login, GET /login.
func (c *Client) Login(ctx context.Context) error {
	_, err := c.core.session.get(ctx, opLogin)
	return err
}

// Status is what a client knows about its own state.
type Status struct {
	// NextLogin is when the next login is due while they are refused or fail, else zero.
	NextLogin time.Time
	// CertificateExpiry is the end of the earliest-ending certificate that the server
	// presented last, trusted or not; zero without TLS.
	CertificateExpiry time.Time
}

// Status tells how the client stands, and asks nobody.
func (c *Client) Status() Status {
	s := c.core.session
	s.mu.Lock()
	defer s.mu.Unlock()
	status := Status{NextLogin: s.next}
	if at := c.core.sender.expiry.Load(); at != 0 {
		status.CertificateExpiry = time.Unix(0, at)
	}
	return status
}

// Clean makes a text from outside fit to be shown: one line, cut, and without the
// secrets that the client holds.
func (c *Client) Clean(text string) string { return c.core.session.scrub.clean(text, maxMessage) }

// Logout ends the session, if there is one. A later call opens another.
//
// API: Logout, GET /logout.
func (c *Client) Logout(ctx context.Context) error {
	p := c.core.session.take()
	if p == nil {
		return nil
	}
	return c.core.session.signOut(ctx, p)
}

// Close ends the session and closes idle connections. Later calls fail with
// ErrClosed; calls under way go on. A login under way is awaited, so that its
// session can be ended too, unless ctx ends first.
func (c *Client) Close(ctx context.Context) error {
	c.core.session.close(ctx)
	err := c.Logout(ctx)
	c.core.end()
	c.core.sender.client.CloseIdleConnections()
	return err
}
