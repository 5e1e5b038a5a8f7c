package answer

import (
	"context"
	"errors"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Fault is what the end of a call means. It is decided here and nowhere else.
type Fault int

// The faults.
const (
	Good     Fault = iota // it was read, perhaps but in part
	Nothing               // the call was given up by us: nothing was learned
	Away                  // Enterprise Manager cannot be reached, or lets nobody in
	Late                  // the server answers too late, or not itself
	Vanished              // what was asked about is no longer there
	Refused               // the account may not have it, or the server cannot give it
	Bad                   // anything else that is no answer to use
)

// FaultOf judges an error.
func FaultOf(err error) Fault {
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
		return Good
	case is(context.Canceled, aem.ErrClosed):
		return Nothing
	case is(aem.ErrLogin, aem.ErrConnection, aem.ErrTLS):
		return Away
	case is(aem.ErrTimeout), e != nil && e.Code == "" && e.Status >= 500,
		e != nil && e.Status > 501 && e.Status < 505:
		return Late
	case is(aem.ErrNotFound):
		return Vanished
	case is(aem.ErrUnauthorized, aem.ErrNotSupported):
		return Refused
	}
	return Bad
}

// Answered reports whether an effort got an answer, be it an error of the API or nonsense.
func Answered(err error) bool {
	f := FaultOf(err)
	return f != Nothing && f != Away && !errors.Is(err, aem.ErrTimeout)
}

// Reason is the short form of an error, from a bounded vocabulary.
func Reason(err error) string {
	if e, ok := errors.AsType[interface {
		error
		Reason() string
	}](err); ok {
		return e.Reason()
	}
	return "error"
}

// Unread is the error of a reading without a call of its own.
type Unread struct{ reason, message string }

// NewUnread makes one; reason is its short form.
func NewUnread(reason, message string) *Unread { return &Unread{reason, message} }

func (u *Unread) Error() string { return u.message }

// Reason is its short form.
func (u *Unread) Reason() string { return u.reason }

// TellsState reports whether an error tells a state of the server asked about, rather than a
// failure of the call.
func TellsState(err error) bool {
	return errors.Is(err, aem.ErrServerNotMonitored) || errors.Is(err, aem.ErrServerNotConnected) ||
		errors.Is(err, aem.ErrLicense)
}

// License is the state of a licence that an error tells; "" for any other error.
func License(err error) string {
	e, ok := errors.AsType[*aem.Error](err)
	switch {
	case !ok || !errors.Is(err, aem.ErrLicense):
		return ""
	case e.HasCode(aem.CodeServerLicenseExpired, aem.CodeLicenseEvaluationExpired, aem.CodeLicenseTermExpired):
		return fleet.LicenseExpired
	case e.HasCode(aem.CodeLicenseNotFound, aem.CodeLicenseNotFoundAskAdmin):
		return fleet.LicenseNone
	case e.HasCode(aem.CodeLicenseInvalidSignature):
		return fleet.LicenseInvalidChecksum
	case e.HasCode(aem.CodeLicenseHostMismatch):
		return fleet.LicenseMachineNotLicensed
	}
	return fleet.LicenseInvalid
}
