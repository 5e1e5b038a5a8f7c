package aem

import (
	_ "embed"
	"errors"
	"maps"
	"slices"
	"strings"
)

// What a caller may ask, with errors.Is, of the error of a call that manages
// something. These and the errors that every call knows stand for the API's error codes.
var (
	// ErrAlreadyRunning: the task to run is running.
	ErrAlreadyRunning = errors.New("aem: already running")
	// ErrAlreadyStopped: the task to stop is stopped.
	ErrAlreadyStopped = errors.New("aem: already stopped")
	// ErrInRecovery: the task cannot be run because it tries to recover.
	ErrInRecovery = errors.New("aem: in recovery")
	// ErrNotStopped: the task must be stopped first.
	ErrNotStopped = errors.New("aem: not stopped")
	// ErrNotRunnable: the task lacks an endpoint or something to replicate.
	ErrNotRunnable = errors.New("aem: not runnable")
	// ErrTaskTimeout: the task did not start or stop in time. It may still do so;
	// TasksService.WaitForState tells.
	ErrTaskTimeout = errors.New("aem: task timed out")
	// ErrTaskFailed: the task was asked to start or stop and ended in an error.
	ErrTaskFailed = errors.New("aem: task failed")
	// ErrTestTimeout: the test of an endpoint took too long.
	ErrTestTimeout = errors.New("aem: endpoint test timed out")
	// ErrInUse: the endpoint is used by a task, or the host and port by another
	// server.
	ErrInUse = errors.New("aem: in use")
	// ErrNoACL: the object has no explicit ACL; all its roles are inherited.
	ErrNoACL = errors.New("aem: no explicit acl")
	// ErrNoAdmin: the ACL would leave the object without an admin.
	ErrNoAdmin = errors.New("aem: no admin left")
	// ErrNotSupported: the server's version, or the kind of endpoint, does not
	// support the call.
	ErrNotSupported = errors.New("aem: not supported")
	// ErrInvalid: the API refused an argument or a document.
	ErrInvalid = errors.New("aem: invalid argument")
)

// The error codes that programs tell apart beyond what errors.Is does. ErrorCodes lists all
// of them; Error.HasCode compares an error with any.
const (
	CodeUnauthorizedRequest         = "UNAUTHORIZED_REQUEST"
	CodeInvalidSessionID            = "INVALID_SESSION_ID"
	CodeServerLicenseExpired        = "AEM_SERVER_LICENSE_EXPIRED"
	CodeLicenseNotFound             = "LICENSE_NOT_FOUND"
	CodeLicenseNotFoundAskAdmin     = "LICENSE_NOT_FOUND_CONTACT_ADMIN"
	CodeLicenseEvaluationExpired    = "LICENSE_EVALUATION_EXPIRED"
	CodeLicenseTermExpired          = "LICENSE_TERM_EXPIRED"
	CodeLicenseInvalidSignature     = "LICENSE_INVALID_SIGNATURE"
	CodeLicenseHostMismatch         = "LICENSE_HOST_MISMATCH"
	CodeGetRetentionBarrierInnerErr = "AEM_GET_CHANGE_DATA_RETENTION_BARRIER_INNER_ERR"
)

//go:embed codes.txt
var codesText string

// codes are the error codes of the API guide, in its spelling, which has its oddities, and what
// they mean to a caller; nil when only their text helps. The two of the session depend on more
// than the code: Error.Is.
var codes = readCodes(codesText, ErrNotFound, ErrServerNotMonitored, ErrServerNotConnected, ErrLicense, ErrUnauthorized,
	ErrAlreadyRunning, ErrAlreadyStopped, ErrInRecovery, ErrNotStopped, ErrNotRunnable, ErrTaskTimeout, ErrTestTimeout,
	ErrInUse, ErrNoACL, ErrNoAdmin, ErrNotSupported, ErrInvalid)

// readCodes reads lines of a code and what it means, in the words of one of the errors.
func readCodes(text string, meanings ...error) map[string]error {
	all := map[string]error{}
	for line := range strings.Lines(text) {
		code, words, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[code] = nil
		for _, meaning := range meanings {
			if meaning.Error() == "aem: "+words {
				all[code] = meaning
			}
		}
	}
	return all
}

// ErrorCodes lists the error codes of the API guide.
func ErrorCodes() []string { return slices.Sorted(maps.Keys(codes)) }

// sentinelOf says what a code, in its canonical spelling, means to a caller.
func sentinelOf(code string) error {
	meaning, known := codes[code]
	switch {
	case known:
		return meaning
	case strings.HasPrefix(code, "LICENSE_"):
		return ErrLicense
	case strings.HasPrefix(code, "AEM_") && strings.HasSuffix(code, "_NOT_FOUND"):
		return ErrNotFound
	}
	return nil
}

// canonicalCode is a code in capitals without blanks: the API's versions write
// AEM_endpoint_HAS_NO_ACL and AEM_NO_ DOMAIN_IN_USER.
func canonicalCode(code string) string {
	return strings.ToUpper(strings.ReplaceAll(code, " ", ""))
}

// HasCode reports whether the API gave one of these error codes. Neither case nor
// blanks matter.
func (e *Error) HasCode(codes ...string) bool {
	if e.Code == "" {
		return false
	}
	return slices.ContainsFunc(codes, func(code string) bool { return canonicalCode(code) == canonicalCode(e.Code) })
}
