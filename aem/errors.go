package aem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// What a caller may ask of an error with errors.Is.
var (
	// ErrNotFound: the server, task or endpoint does not exist.
	ErrNotFound = errors.New("aem: not found")
	// ErrSession: the session was invalid, and a new one did not help.
	ErrSession = errors.New("aem: session invalid")
	// ErrUnauthorized: the account is signed in and may not do this. (A login
	// that is refused is ErrLogin.)
	ErrUnauthorized = errors.New("aem: not permitted")
	// ErrLogin: there is no session, because the login was refused or failed;
	// no call of the whole Enterprise Manager can succeed.
	ErrLogin = errors.New("aem: login failed")
	// ErrTimeout: there was no complete answer in time.
	ErrTimeout = errors.New("aem: timeout")
	// ErrConnection: the connection could not be made, or broke.
	ErrConnection = errors.New("aem: connection failed")
	// ErrTLS: TLS could not be agreed on, or the certificate is not trusted.
	ErrTLS = errors.New("aem: tls failed")
	// ErrDecode: the answer is not what the API sends.
	ErrDecode = errors.New("aem: answer not understood")
	// ErrWrongObject: the answer is about something else than was asked: a proxy in
	// between has confused two answers.
	ErrWrongObject = errors.New("aem: answer about another object")
	// ErrTooLarge: the answer is larger than the client reads.
	ErrTooLarge = errors.New("aem: answer too large")
	// ErrServerNotMonitored: Enterprise Manager does not monitor the server.
	ErrServerNotMonitored = errors.New("aem: server not monitored")
	// ErrServerNotConnected: Enterprise Manager cannot reach the server.
	ErrServerNotConnected = errors.New("aem: server not connected")
	// ErrLicense: a licence, of the server or of Enterprise Manager, forbids it.
	ErrLicense = errors.New("aem: licence")
	// ErrPartial: some elements of a list made no sense and were left out; the
	// others were returned beside this error.
	ErrPartial = errors.New("aem: partial result")
	// ErrStale: what was to be changed is another by now, or the session that its change
	// belongs to has ended. Nothing was changed; get it again.
	ErrStale = errors.New("aem: stale")
	// ErrNotSent: the call was not sent at all, so it has done nothing.
	ErrNotSent = errors.New("aem: not sent")
	// ErrRefused: the API answered with an error code.
	ErrRefused = errors.New("aem: refused by the API")
	// ErrClosed: the client is closed.
	ErrClosed = errors.New("aem: client closed")
)

// Kind says what sort of failure an Error is.
type Kind string

// The kinds of failure.
const (
	KindAPI        Kind = "api"          // the API answered with an error code
	KindTimeout    Kind = "timeout"      // no complete answer in time
	KindConnection Kind = "connection"   // no connection, or it broke
	KindTLS        Kind = "tls"          // no trusted TLS connection
	KindDecode     Kind = "decode"       // an answer that the API does not give
	KindWrong      Kind = "wrong_object" // an answer about something else than was asked
	KindTooLarge   Kind = "too_large"    // an answer beyond the limit
	KindHTTP       Kind = "http"         // an HTTP status without an API error code
	KindLogin      Kind = "login"        // no session, and no attempt to log in yet
	KindCanceled   Kind = "canceled"     // ended by the caller
	KindPartial    Kind = "partial"      // a list of which some elements made no sense
	KindRequest    Kind = "request"      // a call that cannot be made as asked; nothing was sent
	KindStale      Kind = "stale"        // a change of what is another by now; nothing was sent
	KindFailed     Kind = "failed"       // the API did as asked, and the task failed
)

// Error is the failure of a call. Its texts hold no secret and nothing of an
// answer's body but the API's own error message.
type Error struct {
	// Operation is the API method that failed; Login when there is no session.
	Operation string
	// Kind is the sort of failure.
	Kind Kind
	// Code is the API's error_code, "" when it gave none.
	Code string
	// Message is the whole of the API's error_message, in one line, or what went wrong in
	// our words. Error has the beginning of it.
	Message string
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// RetryAfter is how long the server, or the protection of the account,
	// asks to wait; 0 when nobody asked.
	RetryAfter time.Duration

	err   error // cause, free of secrets; may be nil
	login bool  // the login failed
	final bool  // a repeat would fail alike
}

// Error tells the failure in one line.
func (e *Error) Error() string {
	what := string(e.Kind)
	if e.Kind == KindLogin {
		what = "refused"
	}
	text := e.Operation + ": " + cmp.Or(e.Code, what)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Message != "" {
		text += ": " + cut(e.Message, maxMessage)
	}
	return text
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.err }

// kinds are the errors that a Kind alone decides.
var kinds = []struct {
	is   error
	kind Kind
}{
	{ErrTimeout, KindTimeout}, {ErrConnection, KindConnection}, {ErrTLS, KindTLS}, {ErrDecode, KindDecode},
	{ErrWrongObject, KindWrong}, {ErrTooLarge, KindTooLarge}, {ErrPartial, KindPartial}, {ErrStale, KindStale},
	{ErrTaskFailed, KindFailed},
}

// Is reports whether the error is of the sort that target names.
func (e *Error) Is(target error) bool {
	means := sentinelOf(canonicalCode(e.Code))
	switch target {
	case ErrSession:
		return !e.login && e.sessionState() == sessionInvalid
	case ErrUnauthorized:
		return !e.login && (e.unauthorized() || means == target)
	case ErrLogin:
		return e.login
	case ErrInvalid:
		return e.Kind == KindRequest && !e.login || means == target
	case ErrNotSent:
		return e.Kind == KindRequest || e.Kind == KindStale || e.login
	case ErrRefused:
		return e.Kind == KindAPI && !e.login
	case ErrTaskTimeout: // whoever noticed
		started := e.Operation == opRunTask || e.Operation == opStopTask
		return means == target || started && e.Kind == KindTimeout && !e.login
	}
	for _, k := range kinds {
		if target == k.is {
			return e.Kind == k.kind
		}
	}
	return target == means
}

// Reason is the failure as one word of a bounded vocabulary: the API's error
// code, or timeout, connection, tls, decode, too_large, http_<status>, and login,
// canceled or request for a call that was not sent, failed for a task that failed.
func (e *Error) Reason() string {
	switch {
	case e.Code != "":
		return reasonOfCode(e.Code)
	case e.Status != 0 && (e.Kind == KindHTTP || e.Kind == KindLogin):
		return fmt.Sprintf("http_%d", e.Status)
	case e.Kind == KindPartial:
		return string(KindDecode)
	}
	return string(e.Kind)
}

// reasonOfCode lets a code through only if it looks like one, because it comes
// from outside and becomes a label.
func reasonOfCode(code string) string {
	code = strings.ReplaceAll(code, " ", "")
	if code == "" || len(code) > maxCode {
		return "unknown_error_code"
	}
	for _, r := range code {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') {
			return "unknown_error_code"
		}
	}
	return code
}

// LogValue gives the failure to a log, part by part.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("operation", e.Operation),
		slog.String("kind", string(e.Kind)),
	}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code))
	}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	if e.Message != "" {
		attrs = append(attrs, slog.String("message", cut(e.Message, maxMessage)))
	}
	if e.RetryAfter != 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	return slog.GroupValue(attrs...)
}

// What an answer says about the session that it was asked with.
type sessionState int

const (
	sessionUnknown  sessionState = iota // nothing
	sessionValid                        // it is good
	sessionInvalid                      // it has ended
	sessionDoubtful                     // it has ended, or the account may not do this
)

const statusSessionExpired = 440 // not a registered status

// sessionState goes by the error code first, since the guide gives the general
// errors no HTTP status, and uses 401 both for "not signed in" and for "not
// permitted". A 403 without a code may be either, too: taken for a lasting denial, an
// ended session would never be renewed.
func (e *Error) sessionState() sessionState {
	switch {
	case e.Code == CodeInvalidSessionID:
		return sessionInvalid
	case e.Status == statusSessionExpired && e.Code == "":
		return sessionInvalid
	case e.Status == http.StatusUnauthorized, e.Status == statusSessionExpired,
		e.Status == http.StatusForbidden && e.Code == "":
		return sessionDoubtful
	case e.Kind == KindAPI && e.Code != CodeUnauthorizedRequest, e.Kind == KindPartial:
		return sessionValid
	}
	return sessionUnknown
}

func (e *Error) unauthorized() bool {
	if e.Code != "" {
		return e.Code == CodeUnauthorizedRequest
	}
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// sessionStateOf is sessionState for the result of a call.
func sessionStateOf(err error) sessionState {
	if err == nil {
		return sessionValid
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.sessionState()
	}
	return sessionUnknown
}

// ended is the error of a call that its caller gave up, or gave too little time.
func ended(operation, during string, cause error) *Error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return &Error{Operation: operation, Kind: KindTimeout, Message: "the caller's deadline passed " + during, err: cause}
	}
	return &Error{Operation: operation, Kind: KindCanceled, Message: "given up by the caller " + during, err: cause}
}
