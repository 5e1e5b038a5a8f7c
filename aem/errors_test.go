package aem

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// sentinelsOf are what a caller may ask of an API error.
var sentinelsOf = []error{
	ErrNotFound, ErrSession, ErrUnauthorized, ErrServerNotMonitored, ErrServerNotConnected, ErrLicense,
	ErrAlreadyRunning, ErrAlreadyStopped,
	ErrInRecovery, ErrNotStopped, ErrNotRunnable, ErrTaskTimeout, ErrTaskFailed, ErrTestTimeout, ErrInUse, ErrNoACL,
	ErrNoAdmin, ErrNotSupported,
	ErrInvalid, ErrTimeout, ErrLogin, ErrPartial, ErrConnection, ErrTLS, ErrDecode, ErrTooLarge,
}

func TestEveryCodeMeansWhatItShould(t *testing.T) {
	means := map[string]string{"INVALID_SESSION_ID": "aem: session invalid", "UNAUTHORIZED_REQUEST": "aem: not permitted"}
	for line := range strings.Lines(codesText) {
		code, words, told := strings.Cut(strings.TrimSpace(line), " ")
		if told {
			means[code] = "aem: " + words
			if !slices.ContainsFunc(sentinelsOf, func(e error) bool { return e.Error() == means[code] }) {
				t.Errorf("%s means %q, which nothing means", code, words)
			}
		}
		for _, spelling := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "_HAS", "_ HAS")} {
			err := error(&Error{Operation: "X", Kind: KindAPI, Code: spelling, Status: 500})
			for _, sentinel := range sentinelsOf {
				if is := errors.Is(err, sentinel); is != (sentinel.Error() == means[code]) &&
					(sentinel != ErrSession && sentinel != ErrUnauthorized || spelling == code) {
					t.Errorf("%s is %v: %v", spelling, sentinel, is)
				}
			}
		}
	}
	if n := len(ErrorCodes()); n != 106 {
		t.Errorf("the guide has 106 codes, there are %d", n)
	}
}

func TestHasCode(t *testing.T) {
	e := &Error{Code: "AEM_endpoint_HAS_NO_ ACL"}
	if !e.HasCode("AEM_TASK_HAS_NO_ACL", "AEM_ENDPOINT_HAS_NO_ACL") || e.HasCode("AEM_TASK_HAS_NO_ACL") || e.HasCode() ||
		(&Error{}).HasCode("") {
		t.Error("a code is not compared as it should be")
	}
}

func TestErrorIs(t *testing.T) {
	for _, tc := range []struct {
		err  Error
		want string // the sentinels it is, in their words
	}{
		{Error{Kind: KindAPI, Code: "AEM_PLUGIN_NOT_FOUND", Status: 500}, "not found"},
		{Error{Kind: KindAPI, Code: "LICENSE_OF_TOMORROW", Status: 500}, "licence"},
		{Error{Kind: KindAPI, Code: "INVALID_SESSION_ID", Status: 403}, "session invalid"},
		{Error{Kind: KindHTTP, Status: 440}, "session invalid"},
		{Error{Kind: KindAPI, Code: "UNAUTHORIZED_REQUEST", Status: 500}, "not permitted"},
		{Error{Kind: KindHTTP, Status: 401}, "not permitted"},
		{Error{Kind: KindHTTP, Status: 403}, "not permitted"},
		{Error{Kind: KindHTTP, Status: 404}, ""},
		{Error{Kind: KindLogin, Status: 401, login: true}, "login failed"},
		{Error{Kind: KindTimeout, login: true}, "timeout, login failed"},
		{Error{Kind: KindTimeout}, "timeout"},
		{Error{Kind: KindConnection}, "connection failed"},
		{Error{Kind: KindTLS}, "tls failed"},
		{Error{Kind: KindDecode, Status: 200}, "answer not understood"},
		{Error{Kind: KindTooLarge, Status: 200}, "answer too large"},
		{Error{Kind: KindPartial, Status: 200}, "partial result"},
		// A time-out of an action is told apart from its failure, whoever noticed it.
		{Error{Operation: "RunTask", Kind: KindAPI, Code: "AEM_RUN_TASK_TIMEOUT"}, "task timed out"},
		{Error{Operation: "StopTask", Kind: KindAPI, Code: "AEM_STOP_TASK_TIMEOUT"}, "task timed out"},
		{Error{Operation: "RunTask", Kind: KindTimeout}, "task timed out, timeout"},
		{Error{Operation: "StopTask", Kind: KindTimeout}, "task timed out, timeout"},
		{Error{Operation: "RunTask", Kind: KindTimeout, login: true}, "timeout, login failed"},
		{Error{Operation: "RunTask", Kind: KindAPI, Code: "AEM_RUN_TASK_INNER_ERR"}, ""},
		{Error{Operation: "RunTask", Kind: KindFailed}, "task failed"},
	} {
		var is []string
		for _, sentinel := range sentinelsOf {
			if errors.Is(&tc.err, sentinel) {
				is = append(is, strings.TrimPrefix(sentinel.Error(), "aem: "))
			}
		}
		if got := strings.Join(is, ", "); got != tc.want {
			t.Errorf("%v is %q, want %q", &tc.err, got, tc.want)
		}
	}
}

func TestErrorTextAndReason(t *testing.T) {
	for _, tc := range []struct {
		err          Error
		text, reason string
	}{
		{Error{Operation: "GetTaskDetails", Kind: KindAPI, Code: "AEM_TASK_NOT_FOUND", Status: 500,
			Message: "Replicate task x"},
			"GetTaskDetails: AEM_TASK_NOT_FOUND (HTTP 500): Replicate task x", "AEM_TASK_NOT_FOUND"},
		{Error{Operation: "GetServerAcl", Kind: KindAPI, Code: "AEM_NO_ DOMAIN_IN_USER"},
			"GetServerAcl: AEM_NO_ DOMAIN_IN_USER", "AEM_NO_DOMAIN_IN_USER"},
		{Error{Operation: "X", Kind: KindAPI, Code: "löwe"}, "X: löwe", "unknown_error_code"},
		{Error{Operation: "X", Kind: KindAPI, Code: strings.Repeat("A", 81)}, "X: " + strings.Repeat("A", 81),
			"unknown_error_code"},
		{Error{Operation: "X", Kind: KindHTTP, Status: 503, Message: "Service Unavailable"},
			"X: http (HTTP 503): Service Unavailable", "http_503"},
		{Error{Operation: "X", Kind: KindTimeout, Message: "late"}, "X: timeout: late", "timeout"},
		{Error{Operation: "X", Kind: KindTooLarge, Status: 200}, "X: too_large (HTTP 200)", "too_large"},
		{Error{Operation: "X", Kind: KindPartial, Status: 200}, "X: partial (HTTP 200)", "decode"},
		{Error{Operation: "X", Kind: KindCanceled}, "X: canceled", "canceled"},
		{Error{Operation: "Login", Kind: KindLogin, Status: 403}, "Login: refused (HTTP 403)", "http_403"},
		{Error{Operation: "Login", Kind: KindLogin, Code: "UNAUTHORIZED_REQUEST", Status: 401},
			"Login: UNAUTHORIZED_REQUEST (HTTP 401)", "UNAUTHORIZED_REQUEST"},
	} {
		if got := tc.err.Error(); got != tc.text {
			t.Errorf("text: got %q, want %q", got, tc.text)
		}
		if got := tc.err.Reason(); got != tc.reason {
			t.Errorf("%v: reason: got %q, want %q", &tc.err, got, tc.reason)
		}
	}
}

func TestErrorLogValue(t *testing.T) {
	var out bytes.Buffer
	err := error(&Error{Operation: "GetTaskList", Kind: KindAPI, Code: "C", Status: 500, Message: "m",
		RetryAfter: 2 * time.Second})
	slog.New(slog.NewTextHandler(&out, nil)).Info("failed", "err", err)
	for _, want := range []string{"err.operation=GetTaskList", "err.kind=api", "err.code=C", "err.status=500",
		"err.message=m", "err.retry_after=2s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, &out)
		}
	}
}

func TestErrorUnwrap(t *testing.T) {
	err := ended("GetTaskList", "while waiting", context.Canceled)
	if !errors.Is(err, context.Canceled) || err.Kind != KindCanceled || err.Reason() != "canceled" {
		t.Errorf("got %v", err)
	}
	if err := ended("GetTaskList", "while waiting", context.DeadlineExceeded); !errors.Is(err, ErrTimeout) ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
