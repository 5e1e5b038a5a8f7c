package aem

import (
	"errors"
	"slices"
	"strings"
)

// What a caller may ask, with errors.Is, of the error of a call that manages
// something. These and the errors that every call knows stand for the API's error
// codes, which the constants below list.
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

// The error codes of the API guide, in its spelling, which has its oddities.
// Error.HasCode compares an error with them as the API's versions demand.
const (
	// Of every method.
	CodeUnauthorizedRequest        = "UNAUTHORIZED_REQUEST"
	CodeInvalidSessionID           = "INVALID_SESSION_ID"
	CodeDeserializeToType          = "DESERIALIZE_TO_TYPE"
	CodeMissingField               = "AEM_MISSING_FIELD"
	CodeServerNotFound             = "AEM_SERVER_NOT_FOUND"
	CodeServerNotMonitored         = "AEM_SERVER_NOT_MONITORED"
	CodeServerNotConnected         = "AEM_SERVER_NOT_CONNECTED"
	CodeServerLicenseExpired       = "AEM_SERVER_LICENSE_EXPIRED"
	CodeServerInvalidLicense       = "AEM_SERVER_INVALID_LICENSE"
	CodeLicenseNotFound            = "LICENSE_NOT_FOUND"
	CodeLicenseNotFoundAskAdmin    = "LICENSE_NOT_FOUND_CONTACT_ADMIN"
	CodeLicenseEvaluationExpired   = "LICENSE_EVALUATION_EXPIRED"
	CodeLicenseTermExpired         = "LICENSE_TERM_EXPIRED"
	CodeLicenseInvalidSignature    = "LICENSE_INVALID_SIGNATURE"
	CodeLicenseHostMismatch        = "LICENSE_HOST_MISMATCH"
	CodeMethodNotSupportedVersion  = "AEM_METHOD_NOT_SUPPORTED_VERSION"
	CodeInvalidTimestampFormat     = "AEM_INVALID_TIMESTAMP_FORMAT"
	CodeInvalidTimestampOrOffset   = "AEM_INVALID_TIMESTAMP_OR_OFFSET_FORMAT"
	CodeTaskNotFound               = "AEM_TASK_NOT_FOUND"
	CodeEndpointNotFound           = "AEM_ENDPOINT_NOT_FOUND"
	CodeEndpointListInnerErr       = "AEM_ENDPOINT_LIST_INNER_ERR"
	CodeTableListInnerErr          = "AEM_TABLE_LIST_INNER_ERR"
	CodeTableStatusesInnerErr      = "AEM_TABLE_STATUSES_INNER_ERR"
	CodeExportInnerErr             = "AEM_EXPORT_INNER_ERR" // the audit trail
	CodeExportNoPermissionTask     = "AEM_EXPORT_NO_PERMISSION_ON_TASK"
	CodeExportNoPermissionEndpoint = "AEM_EXPORT_NO_PERMISSION_ON_ENDPOINT"
	CodeImportNoPermissionTask     = "AEM_IMPORT_NO_PERMISSION_ON_TASK"
	CodeImportNoPermissionEndpoint = "AEM_IMPORT_NO_PERMISSION_ON_ENDPOINT"
	CodeImportContentEmpty         = "AEM_IMPORT_CONTENT_EMPTY"
	CodeImportInvalidContent       = "AEM_IMPORT_INVALID_CONTENT"

	// Of servers.
	CodePutServerLicenseInnerErr   = "AEM_PUT_SRV_LIC_INNER_ERR"
	CodeServerLicenseInvalidFormat = "AEM_SRV_LIC_INVALID_FORMAT"
	CodePutServerInnerErr          = "AEM_PUT_SERVER_INNER_ERR"
	CodeGetServerInnerErr          = "AEM_GET_SERVER_INNER_ERR"
	CodeDeleteServerInnerErr       = "AEM_DELETE_SERVER_INNER_ERR"
	CodeInvalidServerType          = "AEM_INVALID_SERVER_TYPE"
	CodeNameURLMismatch            = "AEM_NAME_URL_MISMATCH"
	CodeEmptyHost                  = "AEM_EMPTY_HOST"
	CodeEmptyPort                  = "AEM_EMPTY_PORT"
	CodeEmptyUsername              = "AEM_EMPTY_USERNAME"
	CodeEmptyPassword              = "AEM_EMPTY_PASSWORD"
	CodeInvalidPort                = "AEM_INVALID_PORT"
	CodeInvalidUsername            = "AEM_INVALID_USERNAME"
	CodeInvalidDescription         = "AEM_INVALID_DESC"
	CodeInvalidHost                = "AEM_INVALID_HOST"
	CodeInvalidName                = "AEM_INVALID_NAME"
	CodeHostPortAlreadyExist       = "AEM_HOST_PORT_ALREADY_EXIST"

	// Of tasks and tables.
	CodeDeleteTaskInnerErr            = "AEM_DELETE_TASK_INNER_ERR"
	CodeDeleteTaskErr                 = "AEM_DELETE_TASK_ERR"
	CodeTaskNotStopped                = "AEM_TASK_NOT_STOPPED"
	CodeExportTaskNoPermission        = "AEM_EXPORT_TASK_NO_PERMISSION_ON_ENDPOINT"
	CodeImportTaskNoPermission        = "AEM_IMPORT_TASK_NO_PERMISSION_ON_ENDPOINT"
	CodeImportTaskAlienItems          = "AEM_IMPORT_TASK_CONTAIN_ALIEN_ITEMS"
	CodeImportTaskNameDiffer          = "AEM_IMPORT_TASK_NAME_DIFFER"
	CodeImportTaskMultipleTasks       = "AEM_IMPORT_TASK_CONTAINS_MULTIPLE_TASKS"
	CodeTaskNotImportable             = "AEM_TASK_NOT_IMPORTABLE"
	CodeImportTaskContentEmpty        = "AEM_IMPORT_TASK_CONTENT_EMPTY"
	CodeImportTaskEndpointDiffer      = "AEM_IMPORT_TASK_ENDPOINT_DIFFER"
	CodeImportTaskNoEndpointInServer  = "AEM_IMPORT_TASK_NO_ENDPOINT_IN_SERVER"
	CodeImportTaskCannotOverride      = "AEM_IMPORT_TASK_CANNOT_OVERRIDE_TASK"
	CodeTaskAlreadyRunning            = "AEM_TASK_ALREADY_RUNNING"
	CodeTaskInRecovery                = "AEM_TASK_IN_RECOVERY"
	CodeWrongOptionForPosition        = "AEM_WRONG_OPTION_FOR_CDCPOSITION"
	CodePositionFormat                = "AEM_CDC_POSITION_ERR_FORMAT"
	CodeRunTaskTimeout                = "AEM_RUN_TASK_TIMEOUT"
	CodeRunTaskInnerErr               = "AEM_RUN_TASK_INNER_ERR"
	CodeRunTaskNoSourceNoTarget       = "AEM_RUN_TASK_NO_SRC_NO_TRG"
	CodeRunTaskNoSource               = "AEM_RUN_TASK_NO_SRC"
	CodeRunTaskNoTarget               = "AEM_RUN_TASK_TRG"
	CodeRunTaskNothingToDo            = "AEM_RUN_TASK_NOT_FL_NOR_CDC"
	CodeRunBidirectionalNothingToDo   = "AEM_RUN_BIDI_TASK_NO_FL_NOR_CDC"
	CodeTaskAlreadyStopped            = "AEM_TASK_ALREADY_STOPPED"
	CodeStopTaskInnerErr              = "AEM_STOP_TASK_INNER_ERR"
	CodeStopTaskTimeout               = "AEM_STOP_TASK_TIMEOUT"
	CodeInvalidTaskNoFullLoad         = "AEM_INVALID_TASK_NOT_FL"
	CodeFileChannelNotSupported       = "AEM_INVALID_TASK_NT_NTSUPPEP"
	CodeReloadTableErr                = "AEM_RELOAD_TABLE_ERR"
	CodeResumeTableErr                = "AEM_UNSPEND_TABLE_ERR"
	CodeDeleteOldChangeDataInnerErr   = "AEM_DELETE_OLD_CHANGE_DATA_INNER_ERR"
	CodeSetRetentionBarrierInnerErr   = "AEM_SET_CHANGE_DATA_RETENTION_BARRIER_INNER_ERR"
	CodeGetRetentionBarrierInnerErr   = "AEM_GET_CHANGE_DATA_RETENTION_BARRIER_INNER_ERR"
	CodePatchEndpointInnerErr         = "AEM_PATCH_ENDPOINT_INNER_ERR"
	CodeDeleteEndpointInnerErr        = "AEM_DELETE_ENDPOINT_INNER_ERR"
	CodeEndpointIsInUse               = "AEM_ENDPOINT_IS_IN_USE"
	CodeReconfigureEndpointInnerErr   = "AEM_RECONFIGURE_ENDPOINT_INNER_ERR"
	CodeTestEndpointConnectionTimeout = "AEM_TEST_ENDPOINT_CONNECTION_TIMEOUT"

	// Of ACLs. The API may use the code of one kind of object for another.
	CodeGetServerACLInnerErr      = "AEM_GET_SERVER_ACL_INNER_ERR"
	CodeGetTaskACLInnerErr        = "AEM_GET_TASK_ACL_INNER_ERR"
	CodeGetEndpointACLInnerErr    = "AEM_GET_ENDPOINT_ACL_INNER_ERR"
	CodeServerHasNoACL            = "AEM_SERVER_HAS_NO_ACL"
	CodeTaskHasNoACL              = "AEM_TASK_HAS_NO_ACL"
	CodeEndpointHasNoACL          = "AEM_ENDPOINT_HAS_NO_ACL"
	CodePutServerACLInnerErr      = "AEM_PUT_SERVER_ACL_INNER_ERR"
	CodePutTaskACLInnerErr        = "AEM_PUT_TASK_ACL_INNER_ERR"
	CodePutEndpointACLInnerErr    = "AEM_PUT_ENDPOINT_ACL_INNER_ERR"
	CodeNoAdminOnServer           = "AEM_NO_ADMIN_ON_SERVER"
	CodeNoAdminOnTask             = "AEM_NO_ADMIN_ON_TASK"
	CodeNoAdminOnEndpoint         = "AEM_NO_ADMIN_ON_ENDPOINT"
	CodeDeleteServerACLInnerErr   = "AEM_DELETE_SERVER_ACL_INNER_ERR"
	CodeDeleteTaskACLInnerErr     = "AEM_DELETE_TASK_ACL_INNER_ERR"
	CodeDeleteEndpointACLInnerErr = "AEM_DELETE_ENDPOINT_ACL_INNER_ERR"
	CodeNoDomainInUser            = "AEM_NO_DOMAIN_IN_USER"
	CodeNoDomainInGroup           = "AEM_NO_DOMAIN_IN_GROUP"
	CodeUserInMultipleRoles       = "AEM_USER_ASSIGNED_TO_MULTIPLE_ROLES"
	CodeGroupInMultipleRoles      = "AEM_GROUP_ASSIGNED_TO_MULTIPLE_ROLES"
	CodeAssignedTwice             = "AEM_USER_GROUP_MULTIPLE_ASSIGNED"
)

// meanings say what the codes mean to a caller; nil when only their text helps. The two of
// the session depend on more than the code: Error.Is.
var meanings = []struct {
	is    error
	codes []string
}{
	{ErrNotFound, []string{CodeServerNotFound, CodeTaskNotFound, CodeEndpointNotFound}},
	{ErrServerNotMonitored, []string{CodeServerNotMonitored}},
	{ErrServerNotConnected, []string{CodeServerNotConnected}},
	{ErrLicense, []string{
		CodeServerLicenseExpired, CodeServerInvalidLicense, CodeLicenseNotFound, CodeLicenseNotFoundAskAdmin,
		CodeLicenseEvaluationExpired, CodeLicenseTermExpired, CodeLicenseInvalidSignature,
		CodeLicenseHostMismatch,
	}},
	{ErrUnauthorized, []string{
		CodeExportNoPermissionTask, CodeExportNoPermissionEndpoint, CodeImportNoPermissionTask,
		CodeImportNoPermissionEndpoint, CodeExportTaskNoPermission, CodeImportTaskNoPermission,
	}},
	{ErrAlreadyRunning, []string{CodeTaskAlreadyRunning}},
	{ErrAlreadyStopped, []string{CodeTaskAlreadyStopped}},
	{ErrInRecovery, []string{CodeTaskInRecovery}},
	{ErrNotStopped, []string{CodeTaskNotStopped, CodeTaskNotImportable}},
	{ErrNotRunnable, []string{
		CodeRunTaskNoSourceNoTarget, CodeRunTaskNoSource, CodeRunTaskNoTarget, CodeRunTaskNothingToDo,
		CodeRunBidirectionalNothingToDo,
	}},
	{ErrTaskTimeout, []string{CodeRunTaskTimeout, CodeStopTaskTimeout}},
	{ErrTestTimeout, []string{CodeTestEndpointConnectionTimeout}},
	{ErrInUse, []string{CodeHostPortAlreadyExist, CodeEndpointIsInUse}},
	{ErrNoACL, []string{CodeServerHasNoACL, CodeTaskHasNoACL, CodeEndpointHasNoACL}},
	{ErrNoAdmin, []string{CodeNoAdminOnServer, CodeNoAdminOnTask, CodeNoAdminOnEndpoint}},
	{ErrNotSupported, []string{
		CodeMethodNotSupportedVersion, CodeInvalidTaskNoFullLoad, CodeFileChannelNotSupported,
	}},
	{ErrInvalid, []string{
		CodeDeserializeToType, CodeMissingField, CodeInvalidTimestampFormat, CodeInvalidTimestampOrOffset,
		CodeImportContentEmpty, CodeImportInvalidContent, CodeServerLicenseInvalidFormat, CodeInvalidServerType,
		CodeNameURLMismatch, CodeEmptyHost, CodeEmptyPort, CodeEmptyUsername, CodeEmptyPassword, CodeInvalidPort,
		CodeInvalidUsername, CodeInvalidDescription, CodeInvalidHost, CodeInvalidName, CodeImportTaskAlienItems,
		CodeImportTaskNameDiffer, CodeImportTaskMultipleTasks, CodeImportTaskContentEmpty,
		CodeImportTaskEndpointDiffer, CodeImportTaskNoEndpointInServer, CodeWrongOptionForPosition,
		CodePositionFormat, CodeNoDomainInUser, CodeNoDomainInGroup, CodeUserInMultipleRoles,
		CodeGroupInMultipleRoles, CodeAssignedTwice,
	}},
	{nil, []string{
		CodeUnauthorizedRequest, CodeInvalidSessionID, CodeEndpointListInnerErr, CodeTableListInnerErr,
		CodeTableStatusesInnerErr, CodeExportInnerErr, CodePutServerLicenseInnerErr, CodePutServerInnerErr,
		CodeGetServerInnerErr, CodeDeleteServerInnerErr, CodeDeleteTaskInnerErr, CodeDeleteTaskErr,
		CodeImportTaskCannotOverride, CodeRunTaskInnerErr, CodeStopTaskInnerErr, CodeReloadTableErr,
		CodeResumeTableErr, CodeDeleteOldChangeDataInnerErr, CodeSetRetentionBarrierInnerErr,
		CodeGetRetentionBarrierInnerErr, CodePatchEndpointInnerErr, CodeDeleteEndpointInnerErr,
		CodeReconfigureEndpointInnerErr, CodeGetServerACLInnerErr, CodeGetTaskACLInnerErr,
		CodeGetEndpointACLInnerErr, CodePutServerACLInnerErr, CodePutTaskACLInnerErr, CodePutEndpointACLInnerErr,
		CodeDeleteServerACLInnerErr, CodeDeleteTaskACLInnerErr, CodeDeleteEndpointACLInnerErr,
	}},
}

// ErrorCodes lists the error codes of the API guide: all constants Code...
func ErrorCodes() (all []string) {
	for _, m := range meanings {
		all = append(all, m.codes...)
	}
	return all
}

// sentinelOf says what a code, in its canonical spelling, means to a caller.
func sentinelOf(code string) error {
	for _, m := range meanings {
		if slices.Contains(m.codes, code) {
			return m.is
		}
	}
	switch {
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

// outOfTime reports whether a task was not started or stopped in time, whoever
// noticed.
func (e *Error) outOfTime() bool {
	if e.Kind != KindTimeout || e.login {
		return e.HasCode(CodeRunTaskTimeout, CodeStopTaskTimeout)
	}
	return e.Operation == opRunTask || e.Operation == opStopTask
}
