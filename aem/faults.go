package aem

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// An attempt to make a call.
type attempt struct {
	sender *sender
	call   *call
	parent context.Context // of the call
	clock  *clock          // the context of this attempt
}

// abandoned carries the error by which a caller's own function ended a call.
type abandoned struct{ err error }

func (a abandoned) Error() string { return a.err.Error() }

func (a attempt) fault(kind Kind, message string, cause error) *Error {
	return &Error{Operation: a.call.operation, Kind: kind, Message: message, Status: a.call.status, err: cause}
}

// decode reads a good answer, or says why it cannot be read.
func (a attempt) decode(header http.Header, body *limitedReader) error {
	read := a.call.decode
	if read == nil {
		read = readNothing
	}
	err := read(header, body)
	if err == nil {
		return nil
	}
	var (
		stop    abandoned
		api     apiFault
		partial partialFault
		wrong   wrongObject
	)
	switch {
	case errors.As(err, &stop):
		return a.fault(KindCanceled, "given up by the caller: "+a.sender.scrub.clean(stop.Error(), maxMessage), stop.err)
	case errors.Is(body.err, errLarge):
		return a.fault(KindTooLarge, errLarge.Error(), errLarge)
	case errors.Is(body.err, errTooLarge):
		return a.fault(KindTooLarge, fmt.Sprintf("the answer is larger than the limit of %d bytes", a.sender.maxBytes), nil)
	case errors.Is(err, errTooLarge):
		return a.fault(KindTooLarge, err.Error(), nil)
	case body.err != nil:
		return a.brokenOff(body.err)
	case errors.As(err, &api):
		e := a.fault(KindAPI, "", nil)
		e.Code, e.Message = a.clean(api)
		return e
	case errors.As(err, &partial):
		return a.fault(KindPartial, partial.Error(), nil)
	case errors.As(err, &wrong):
		// Whoever is a step behind stays so on this connection: it is not used again.
		body.err = wrong
		a.sender.client.CloseIdleConnections()
		return a.fault(KindWrong, a.sender.scrub.clean(wrong.Error(), maxMessage), nil)
	}
	return a.fault(KindDecode, a.sender.scrub.clean(err.Error(), maxMessage), nil)
}

// readNothing reads the answer of a method without a result: nothing, or JSON. A page of a
// proxy or a sign-in is no success.
func readNothing(_ http.Header, body io.Reader) error { return wire.ReadNothing(body) }

// clean makes the API's words fit to be shown. The codes that decide about the
// session stay as they are, even if a secret should be a part of them.
func (a attempt) clean(fault apiFault) (code, message string) {
	code, message = fault.Code, a.sender.scrub.clean(fault.Message, maxKept)
	if code != CodeInvalidSessionID && code != CodeUnauthorizedRequest {
		code = a.sender.scrub.clean(code, maxCode)
	}
	return code, message
}

// brokenOff is the error of a body that could not be read to its end.
func (a attempt) brokenOff(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt) {
		return a.fault(KindDecode, "the compressed answer is damaged", nil)
	}
	return a.noAnswer(err)
}

// noAnswer is the error of a request without a (complete) answer.
func (a attempt) noAnswer(err error) error {
	// A url.Error repeats the URL; what is inside it says why.
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	var redirect redirectFault
	switch {
	case errors.Is(a.parent.Err(), context.Canceled):
		return a.fault(KindCanceled, "given up by the caller", context.Canceled)
	case errors.As(err, &redirect):
		return a.fault(KindHTTP, a.sender.scrub.clean(redirect.Error(), maxMessage), nil)
	case a.clock.Err() != nil:
		limit := (a.call.limit(a.sender) + a.call.wait).Round(time.Millisecond)
		return a.fault(KindTimeout, "no complete answer in time ("+limit.String()+")", context.DeadlineExceeded)
	}
	a.sender.presented(err)
	if hint := a.sender.tlsHint(err); hint != "" {
		return a.fault(KindTLS, a.sender.scrub.clean(hint, maxAdvice), a.safe(err))
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return a.fault(KindTimeout, "timed out: "+a.words(err), a.safe(err))
	}
	e := a.fault(KindConnection, a.words(err), a.safe(err))
	var unknown *net.DNSError
	e.final = errors.As(err, &unknown) && unknown.IsNotFound
	return e
}

// words describes a fault of the connection without quoting what came over it.
func (a attempt) words(err error) string {
	text := err.Error()
	var op *net.OpError
	switch {
	case strings.Contains(text, "malformed"):
		return "the answer is not HTTP"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection before its answer was complete"
	case strings.Contains(text, "Location header"):
		return "a redirection to nowhere"
	case strings.Contains(text, "transport connection broken") && !errors.As(err, &op):
		return "the answer is not HTTP"
	}
	return a.sender.scrub.clean(withoutUserinfo(text), maxMessage)
}

// safe returns err as the cause to keep, or a harmless one instead when there is
// something in it that nobody should read; certificates may say anything.
func (a attempt) safe(err error) error {
	text := err.Error()
	var certificates *tls.CertificateVerificationError
	words := a.words(err)
	if words != text || errors.As(err, &certificates) {
		return errors.New(words)
	}
	return err
}

var userinfo = regexp.MustCompile(`[^\s"/]*@`)

// withoutUserinfo removes user names and passwords of (proxy) URLs.
func withoutUserinfo(text string) string { return userinfo.ReplaceAllString(text, "") }
