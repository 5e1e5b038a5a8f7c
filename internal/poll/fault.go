package poll

import (
	"context"
	"errors"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// fault is what the end of a reading means. It is decided here and nowhere else.
type fault int

const (
	good     fault = iota // it was read, perhaps but in part
	nothing               // the call was given up by us: nothing was learned
	away                  // Enterprise Manager cannot be reached, or lets nobody in
	late                  // the server answers too late, or not itself
	vanished              // what was asked about is no longer there
	refused               // the account may not have it, or the server cannot give it
	bad                   // anything else that is no answer to use
)

// faultOf judges an error.
func faultOf(err error) fault {
	is := func(targets ...error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
	switch e, _ := errors.AsType[*aem.Error](err); {
	case err == nil, is(aem.ErrPartial):
		return good
	case is(context.Canceled, aem.ErrClosed):
		return nothing
	case is(aem.ErrLogin, aem.ErrConnection, aem.ErrTLS):
		return away
	case is(aem.ErrTimeout, errSlow), e != nil && e.Code == "" && e.Status >= 500,
		e != nil && e.Status > 501 && e.Status < 505:
		return late
	case is(aem.ErrNotFound):
		return vanished
	case is(aem.ErrUnauthorized, aem.ErrNotSupported):
		return refused
	}
	return bad
}

// answered reports whether an effort got an answer, be it an error of the API or nonsense.
func answered(err error) bool {
	f := faultOf(err)
	return f != nothing && f != away && !errors.Is(err, aem.ErrTimeout)
}

// Why a reading that was due was not asked for, or why an answer does not count.
var (
	errSlow      = &unread{"struggling", "paused: the server does not answer as it should"}
	errNoOutline = &unread{"no_task_list", "not asked for: the task list cannot be read"}
	errDots      = &unread{"request", "a name of dots cannot be asked for: it would be taken for a step in the path"}
	errTooOld    = &unread{"timeout", "not read again in time"}
	errStuck     = &unread{"timeout", "given up: no call of this Enterprise Manager has ended for too long"}
	errEmptyList = &unread{"decode", "the task list is empty, although the server says that it has tasks"}
)

// unread is the error of a reading without a call of its own.
type unread struct{ reason, message string }

func (u *unread) Error() string { return u.message }

// reasonOf is the short form of an error, from a bounded vocabulary.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*aem.Error](err); ok {
		return e.Reason()
	}
	if u, ok := errors.AsType[*unread](err); ok {
		return u.reason
	}
	return "error"
}

// stateOf reports whether an error tells a state of the server asked about, rather than a
// failure of the call.
func stateOf(err error) bool {
	return errors.Is(err, aem.ErrServerNotMonitored) || errors.Is(err, aem.ErrServerNotConnected) ||
		errors.Is(err, aem.ErrLicense)
}

// licenseOf is the state of a licence that an error tells; "" for any other error.
func licenseOf(err error) string {
	e, ok := errors.AsType[*aem.Error](err)
	if !ok || !errors.Is(err, aem.ErrLicense) {
		return ""
	}
	for state, codes := range map[string][]string{
		fleet.LicenseExpired: {aem.CodeServerLicenseExpired, aem.CodeLicenseEvaluationExpired,
			aem.CodeLicenseTermExpired},
		fleet.LicenseNone:               {aem.CodeLicenseNotFound, aem.CodeLicenseNotFoundAskAdmin},
		fleet.LicenseInvalidChecksum:    {aem.CodeLicenseInvalidSignature},
		fleet.LicenseMachineNotLicensed: {aem.CodeLicenseHostMismatch},
	} {
		if e.HasCode(codes...) {
			return state
		}
	}
	return fleet.LicenseInvalid
}
