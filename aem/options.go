package aem

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

const maxRetries = 100

// An Option changes how a client works.
type Option func(*options)

type options struct {
	transport http.RoundTripper
	timeout   time.Duration
	retries   int
	maxBytes  int64
	perSecond float64
	observer  Observer
	logger    *slog.Logger
	userAgent string
	guard     *LoginGuard
	pace      time.Duration
	large     *LargeBodies

	settingName func(string) string
	secrets     []string
	headers     func() ([]Header, error)
	timed       bool // the timeout was asked for
	partial     bool
	plain       bool
}

func newOptions(opts ...Option) (options, error) {
	o := options{timeout: 10 * time.Second, retries: 2, maxBytes: 64 << 20, userAgent: "qem-aem-go", pace: time.Second}
	for _, option := range opts {
		option(&o)
	}
	if o.transport == nil {
		o.transport = NewTransport(TransportOptions{})
	}
	if o.observer == nil {
		o.observer = nobody{}
	}
	if o.logger == nil {
		o.logger = slog.New(slog.DiscardHandler)
	}
	if o.guard == nil {
		o.guard = NewLoginGuard()
	}
	if o.large == nil {
		o.large = NewLargeBodies()
	}
	return o, o.check()
}

func (o options) check() error {
	switch {
	case o.timeout <= 0:
		return errors.New("aem: the timeout must be positive")
	case o.retries < 0 || o.retries > maxRetries:
		return fmt.Errorf("aem: the number of retries must be between 0 and %d", maxRetries)
	case o.maxBytes <= 0:
		return errors.New("aem: the limit of a response must be positive")
	case o.pace <= 0:
		return errors.New("aem: the pace of logins must be positive")
	case !(o.perSecond >= 0): // also not a number
		return errors.New("aem: the request rate must not be negative")
	}
	return nil
}

// WithTransport sends the requests through another transport than
// NewTransport(TransportOptions{}).
func WithTransport(t http.RoundTripper) Option { return func(o *options) { o.transport = t } }

// WithTimeout limits one attempt of a call, from the connection to the last byte
// of the answer. A call takes at most (retries+1) times as long, as does the login that it
// may have to wait for. Without this option the limit is 10 s, or the deadline of the
// call's context when it has one.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.timeout, o.timed = d, true } }

// WithPartialLists returns lists of which some elements make no sense without them, beside
// an ErrPartial.
func WithPartialLists() Option { return func(o *options) { o.partial = true } }

// WithPlainHTTP allows a URL that begins with http and is of another machine: whoever is in
// between can read the credentials.
func WithPlainHTTP() Option { return func(o *options) { o.plain = true } }

// WithRetries sets how often a call that changes nothing is repeated after a
// time-out, a fault of the connection, or HTTP 502, 503 or 504. The default is 2.
func WithRetries(n int) Option { return func(o *options) { o.retries = n } }

// WithMaxResponseBytes limits the size of an answer, after decompression. The
// default is 64 MiB.
func WithMaxResponseBytes(n int64) Option { return func(o *options) { o.maxBytes = n } }

// WithRateLimit spaces requests so that there are at most perSecond of them. The
// default, 0, is no limit.
func WithRateLimit(perSecond float64) Option { return func(o *options) { o.perSecond = perSecond } }

// WithObserver tells an observer of every request.
func WithObserver(observer Observer) Option { return func(o *options) { o.observer = observer } }

// WithLogger logs logins that fail (warn) and every request (debug). Without it
// nothing is logged.
func WithLogger(logger *slog.Logger) Option { return func(o *options) { o.logger = logger } }

// WithUserAgent sets the User-Agent of the requests.
func WithUserAgent(name string) Option { return func(o *options) { o.userAgent = name } }

// WithLoginGuard shares a guard with other clients. Give it to all clients of a process,
// and to those that take their place later, so that an account that several of them
// use is not locked out. Without it a client has a guard of its own.
func WithLoginGuard(guard *LoginGuard) Option { return func(o *options) { o.guard = guard } }

// WithLoginPace sets the pause after a login that failed without the credential being
// judged (no connection, HTTP 429, 502, 503 or 504); it doubles up to a minute. The
// default is 1 s; whoever makes calls at an interval does well to give that.
func WithLoginPace(d time.Duration) Option { return func(o *options) { o.pace = d } }

// WithSettingNames sets what errors call the settings that may help: ca_file, cert_file,
// key_file, server_name, min_version, insecure_skip_verify. The default is these words.
func WithSettingNames(name func(setting string) string) Option {
	return func(o *options) { o.settingName = name }
}

// WithSecrets names texts that the other side may send back and that are not to be
// shown, beside those that the client holds itself: a proxy's password, for one.
func WithSecrets(secrets ...string) Option {
	return func(o *options) { o.secrets = append(o.secrets, secrets...) }
}

// A Header is sent with every request, for a gateway that stands before Enterprise
// Manager. What the API itself needs goes before it.
type Header struct {
	Name, Value string
	Secret      bool // the value is not to be shown
}

// WithHeaders asks for the headers of every request, so that one may change.
func WithHeaders(headers func() ([]Header, error)) Option {
	return func(o *options) { o.headers = headers }
}

// WithLargeBodies shares the turn to read a large answer with other clients. Without it
// a client takes turns with itself only.
func WithLargeBodies(b *LargeBodies) Option { return func(o *options) { o.large = b } }
