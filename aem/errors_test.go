package aem

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every code of the guide, and what a caller is told by it; nil for one of which
// only the text helps. Odd spellings are the guide's.
var guideCodes = map[string]error{
	"UNAUTHORIZED_REQUEST": ErrUnauthorized, "INVALID_SESSION_ID": ErrSession, "DESERIALIZE_TO_TYPE": ErrInvalid,
	"AEM_MISSING_FIELD": ErrInvalid, "AEM_SERVER_NOT_FOUND": ErrNotFound,
	"AEM_SERVER_NOT_MONITORED": ErrServerNotMonitored,
	"AEM_SERVER_NOT_CONNECTED": ErrServerNotConnected, "AEM_SERVER_LICENSE_EXPIRED": ErrLicense,
	"AEM_SERVER_INVALID_LICENSE": ErrLicense,
	"LICENSE_NOT_FOUND":          ErrLicense, "LICENSE_NOT_FOUND_CONTACT_ADMIN": ErrLicense,
	"LICENSE_EVALUATION_EXPIRED": ErrLicense,
	"LICENSE_TERM_EXPIRED":       ErrLicense, "LICENSE_INVALID_SIGNATURE": ErrLicense, "LICENSE_HOST_MISMATCH": ErrLicense,

	"AEM_CDC_POSITION_ERR_FORMAT": ErrInvalid, "AEM_DELETE_ENDPOINT_ACL_INNER_ERR": nil,
	"AEM_DELETE_ENDPOINT_INNER_ERR":        nil,
	"AEM_DELETE_OLD_CHANGE_DATA_INNER_ERR": nil, "AEM_DELETE_SERVER_ACL_INNER_ERR": nil,
	"AEM_DELETE_SERVER_INNER_ERR":   nil,
	"AEM_DELETE_TASK_ACL_INNER_ERR": nil, "AEM_DELETE_TASK_ERR": nil, "AEM_DELETE_TASK_INNER_ERR": nil,
	"AEM_EMPTY_HOST": ErrInvalid, "AEM_EMPTY_PASSWORD": ErrInvalid, "AEM_EMPTY_PORT": ErrInvalid,
	"AEM_EMPTY_USERNAME":      ErrInvalid,
	"AEM_ENDPOINT_HAS_NO_ACL": ErrNoACL, "AEM_endpoint_HAS_NO_ACL": ErrNoACL, "AEM_SERVER_HAS_NO_ACL": ErrNoACL,
	"AEM_TASK_HAS_NO_ACL":    ErrNoACL,
	"AEM_ENDPOINT_IS_IN_USE": ErrInUse, "AEM_ENDPOINT_LIST_INNER_ERR": nil, "AEM_ENDPOINT_NOT_FOUND": ErrNotFound,
	"AEM_EXPORT_INNER_ERR": nil, "AEM_EXPORT_NO_PERMISSION_ON_ENDPOINT": ErrUnauthorized,
	"AEM_EXPORT_NO_PERMISSION_ON_TASK":          ErrUnauthorized,
	"AEM_EXPORT_TASK_NO_PERMISSION_ON_ENDPOINT": ErrUnauthorized, "AEM_GET_CHANGE_DATA_RETENTION_BARRIER_INNER_ERR": nil,
	"AEM_GET_ENDPOINT_ACL_INNER_ERR": nil, "AEM_GET_endpoint_ACL_INNER_ERR": nil, "AEM_GET_SERVER_ACL_INNER_ERR": nil,
	"AEM_GET_SERVER_INNER_ERR": nil, "AEM_GET_TASK_ACL_INNER_ERR": nil, "AEM_GROUP_ASSIGNED_TO_MULTIPLE_ROLES": ErrInvalid,
	"AEM_HOST_PORT_ALREADY_EXIST": ErrInUse, "AEM_IMPORT_CONTENT_EMPTY": ErrInvalid,
	"AEM_IMPORT_INVALID_CONTENT":           ErrInvalid,
	"AEM_IMPORT_NO_PERMISSION_ON_ENDPOINT": ErrUnauthorized, "AEM_IMPORT_NO_PERMISSION_ON_TASK": ErrUnauthorized,
	"AEM_IMPORT_TASK_CANNOT_OVERRIDE_TASK": nil, "AEM_IMPORT_TASK_CONTAINS_MULTIPLE_TASKS": ErrInvalid,
	"AEM_IMPORT_TASK_CONTAIN_ALIEN_ITEMS": ErrInvalid, "AEM_IMPORT_TASK_CONTENT_EMPTY": ErrInvalid,
	"AEM_IMPORT_TASK_ENDPOINT_DIFFER": ErrInvalid,
	"AEM_IMPORT_TASK_NAME_DIFFER":     ErrInvalid, "AEM_IMPORT_TASK_NO_ENDPOINT_IN_SERVER": ErrInvalid,
	"AEM_IMPORT_TASK_NO_PERMISSION_ON_ENDPOINT": ErrUnauthorized, "AEM_INVALID_DESC": ErrInvalid,
	"AEM_INVALID_HOST": ErrInvalid,
	"AEM_INVALID_NAME": ErrInvalid, "AEM_INVALID_PORT": ErrInvalid, "AEM_INVALID_SERVER_TYPE": ErrInvalid,
	"AEM_INVALID_TASK_NOT_FL": ErrNotSupported, "AEM_INVALID_TASK_NT_NTSUPPEP": ErrNotSupported,
	"AEM_INVALID_TIMESTAMP_FORMAT":           ErrInvalid,
	"AEM_INVALID_TIMESTAMP_OR_OFFSET_FORMAT": ErrInvalid, "AEM_INVALID_USERNAME": ErrInvalid,
	"AEM_METHOD_NOT_SUPPORTED_VERSION": ErrNotSupported,
	"AEM_NAME_URL_MISMATCH":            ErrInvalid, "AEM_NO_ADMIN_ON_ENDPOINT": ErrNoAdmin,
	"AEM_NO_ADMIN_ON_endpoint": ErrNoAdmin,
	"AEM_NO_ADMIN_ON_SERVER":   ErrNoAdmin, "AEM_NO_ADMIN_ON_TASK": ErrNoAdmin, "AEM_NO_DOMAIN_IN_GROUP": ErrInvalid,
	"AEM_NO_ DOMAIN_IN_GROUP": ErrInvalid,
	"AEM_NO_DOMAIN_IN_USER":   ErrInvalid, "AEM_NO_ DOMAIN_IN_USER": ErrInvalid, "AEM_PATCH_ENDPOINT_INNER_ERR": nil,
	"AEM_PUT_SERVER_ACL_INNER_ERR": nil, "AEM_PUT_SERVER_INNER_ERR": nil, "AEM_PUT_SRV_LIC_INNER_ERR": nil,
	"AEM_PUT_TASK_ACL_INNER_ERR":     nil,
	"AEM_PUT_endpoint_ACL_INNER_ERR": nil, "AEM_RECONFIGURE_ENDPOINT_INNER_ERR": nil, "AEM_RELOAD_TABLE_ERR": nil,
	"AEM_RUN_BIDI_TASK_NO_FL_NOR_CDC": ErrNotRunnable, "AEM_RUN_TASK_INNER_ERR": nil,
	"AEM_RUN_TASK_NOT_FL_NOR_CDC": ErrNotRunnable,
	"AEM_RUN_TASK_NO_SRC":         ErrNotRunnable, "AEM_RUN_TASK_NO_SRC_NO_TRG": ErrNotRunnable,
	"AEM_RUN_TASK_TRG":     ErrNotRunnable,
	"AEM_RUN_TASK_TIMEOUT": ErrTaskTimeout, "AEM_SET_CHANGE_DATA_RETENTION_BARRIER_INNER_ERR": nil,
	"AEM_SRV_LIC_INVALID_FORMAT": ErrInvalid,
	"AEM_STOP_TASK_INNER_ERR":    nil, "AEM_STOP_TASK_TIMEOUT": ErrTaskTimeout, "AEM_TABLE_LIST_INNER_ERR": nil,
	"AEM_TABLE_STATUSES_INNER_ERR": nil,
	"AEM_TASK_ALREADY_RUNNING":     ErrAlreadyRunning, "AEM_TASK_ALREADY_STOPPED": ErrAlreadyStopped,
	"AEM_TASK_IN_RECOVERY": ErrInRecovery,
	"AEM_TASK_NOT_FOUND":   ErrNotFound, "AEM_TASK_NOT_IMPORTABLE": ErrNotStopped, "AEM_TASK_NOT_STOPPED": ErrNotStopped,
	"AEM_TEST_ENDPOINT_CONNECTION_TIMEOUT": ErrTestTimeout, "AEM_UNSPEND_TABLE_ERR": nil,
	"AEM_USER_ASSIGNED_TO_MULTIPLE_ROLES": ErrInvalid,
	"AEM_USER_GROUP_MULTIPLE_ASSIGNED":    ErrInvalid, "AEM_WRONG_OPTION_FOR_CDCPOSITION": ErrInvalid,
}

// sentinelsOf are what a caller may ask of an API error.
var sentinelsOf = []error{
	ErrNotFound, ErrSession, ErrUnauthorized, ErrServerNotMonitored, ErrServerNotConnected, ErrLicense,
	ErrAlreadyRunning, ErrAlreadyStopped,
	ErrInRecovery, ErrNotStopped, ErrNotRunnable, ErrTaskTimeout, ErrTaskFailed, ErrTestTimeout, ErrInUse, ErrNoACL,
	ErrNoAdmin, ErrNotSupported,
	ErrInvalid, ErrTimeout, ErrLogin, ErrPartial,
}

func TestEveryCodeMeansWhatItShould(t *testing.T) {
	for code, want := range guideCodes {
		for _, spelling := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "_HAS", "_ HAS")} {
			err := error(&Error{Operation: "X", Kind: KindAPI, Code: spelling, Status: 500})
			for _, sentinel := range sentinelsOf {
				if is := errors.Is(err, sentinel); is != (sentinel == want) &&
					(sentinel != ErrSession && sentinel != ErrUnauthorized || spelling == code) {
					t.Errorf("%s is %v: %v", spelling, sentinel, is)
				}
			}
		}
	}
	if err := (&Error{Kind: KindAPI, Code: "AEM_PLUGIN_NOT_FOUND"}); !errors.Is(err, ErrNotFound) {
		t.Error("a new kind of object that is not found is not ErrNotFound")
	}
}

// Each code of the guide is a constant, and each constant is a code of the guide.
func TestEveryCodeIsAConstant(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	must(t, err)
	constants := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		decl, ok := n.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			return true
		}
		for _, spec := range decl.Specs {
			for _, value := range spec.(*ast.ValueSpec).Values {
				text, _ := strconv.Unquote(value.(*ast.BasicLit).Value)
				if constants[text] {
					t.Errorf("%s is there twice", text)
				}
				constants[text] = true
			}
		}
		return true
	})
	known := map[string]bool{}
	for code := range guideCodes {
		known[canonicalCode(code)] = true
		if !constants[canonicalCode(code)] {
			t.Errorf("%s is no constant", code)
		}
	}
	for code := range constants {
		if !known[code] {
			t.Errorf("%s is not in the guide", code)
		}
	}
}

func TestHasCode(t *testing.T) {
	e := &Error{Code: "AEM_endpoint_HAS_NO_ ACL"}
	if !e.HasCode(CodeTaskHasNoACL, CodeEndpointHasNoACL) || e.HasCode(CodeTaskHasNoACL) || e.HasCode() ||
		(&Error{}).HasCode("") {
		t.Error("a code is not compared as it should be")
	}
}

// A time-out of an action is told apart from its failure, whoever noticed it.
func TestOutOfTime(t *testing.T) {
	for _, tc := range []struct {
		err         Error
		task, plain bool
	}{
		{Error{Operation: "RunTask", Kind: KindAPI, Code: CodeRunTaskTimeout}, true, false},
		{Error{Operation: "StopTask", Kind: KindAPI, Code: CodeStopTaskTimeout}, true, false},
		{Error{Operation: "RunTask", Kind: KindTimeout}, true, true},
		{Error{Operation: "StopTask", Kind: KindTimeout}, true, true},
		{Error{Operation: "GetTaskList", Kind: KindTimeout}, false, true},
		{Error{Operation: "RunTask", Kind: KindTimeout, login: true}, false, true},
		{Error{Operation: "RunTask", Kind: KindAPI, Code: CodeRunTaskInnerErr}, false, false},
		{Error{Operation: "RunTask", Kind: KindFailed}, false, false},
	} {
		if errors.Is(&tc.err, ErrTaskTimeout) != tc.task || errors.Is(&tc.err, ErrTimeout) != tc.plain {
			t.Errorf("%v: task timeout %v, timeout %v", &tc.err, !tc.task, !tc.plain)
		}
	}
}

var sentinels = map[string]error{
	"not found": ErrNotFound, "session": ErrSession, "unauthorized": ErrUnauthorized, "login": ErrLogin,
	"timeout": ErrTimeout, "connection": ErrConnection, "tls": ErrTLS, "decode": ErrDecode, "too large": ErrTooLarge,
	"not monitored": ErrServerNotMonitored, "not connected": ErrServerNotConnected, "license": ErrLicense,
	"partial": ErrPartial,
}

func TestErrorIs(t *testing.T) {
	for _, tc := range []struct {
		err  Error
		want string // the sentinels it is, by name
	}{
		{Error{Kind: KindAPI, Code: "AEM_TASK_NOT_FOUND", Status: 500}, "not found"},
		{Error{Kind: KindAPI, Code: "AEM_SERVER_NOT_FOUND", Status: 500}, "not found"},
		{Error{Kind: KindAPI, Code: "LICENSE_NOT_FOUND", Status: 500}, "license"},
		{Error{Kind: KindAPI, Code: "LICENSE_TERM_EXPIRED", Status: 200}, "license"},
		{Error{Kind: KindAPI, Code: "AEM_SERVER_LICENSE_EXPIRED", Status: 500}, "license"},
		{Error{Kind: KindAPI, Code: "AEM_SERVER_INVALID_LICENSE", Status: 500}, "license"},
		{Error{Kind: KindAPI, Code: "AEM_SERVER_NOT_MONITORED", Status: 500}, "not monitored"},
		{Error{Kind: KindAPI, Code: "AEM_SERVER_NOT_CONNECTED", Status: 500}, "not connected"},
		{Error{Kind: KindAPI, Code: "AEM_TABLE_LIST_INNER_ERR", Status: 500}, ""},
		{Error{Kind: KindAPI, Code: "INVALID_SESSION_ID", Status: 403}, "session"},
		{Error{Kind: KindHTTP, Status: 440}, "session"},
		{Error{Kind: KindAPI, Code: "UNAUTHORIZED_REQUEST", Status: 500}, "unauthorized"},
		{Error{Kind: KindHTTP, Status: 401}, "unauthorized"},
		{Error{Kind: KindHTTP, Status: 403}, "unauthorized"},
		{Error{Kind: KindHTTP, Status: 404}, ""},
		{Error{Kind: KindLogin, Status: 401, login: true}, "login"},
		{Error{Kind: KindTimeout, login: true}, "login timeout"},
		{Error{Kind: KindTimeout}, "timeout"},
		{Error{Kind: KindConnection}, "connection"},
		{Error{Kind: KindTLS}, "tls"},
		{Error{Kind: KindDecode, Status: 200}, "decode"},
		{Error{Kind: KindTooLarge, Status: 200}, "too large"},
		{Error{Kind: KindPartial, Status: 200}, "partial"},
	} {
		for name, sentinel := range sentinels {
			is := strings.Contains(" "+tc.want+" ", " "+name+" ")
			if errors.Is(&tc.err, sentinel) != is {
				t.Errorf("%v: is %q: got %v", &tc.err, name, !is)
			}
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
