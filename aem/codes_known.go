package aem

// ErrorCodes lists the error codes of the API guide: all constants Code..., in canonical spelling.
func ErrorCodes() []string {
	codes := []string{
		CodeUnauthorizedRequest, CodeInvalidSessionID, CodeDeserializeToType, CodeMissingField, CodeServerNotFound,
		CodeServerNotMonitored, CodeServerNotConnected, CodeServerLicenseExpired, CodeServerInvalidLicense,
		CodeLicenseNotFound, CodeLicenseNotFoundAskAdmin, CodeLicenseEvaluationExpired, CodeLicenseTermExpired,
		CodeLicenseInvalidSignature, CodeLicenseHostMismatch, CodeMethodNotSupportedVersion,
		CodeInvalidTimestampFormat, CodeInvalidTimestampOrOffset, CodeTaskNotFound, CodeEndpointNotFound,
		CodeEndpointListInnerErr, CodeTableListInnerErr, CodeTableStatusesInnerErr, CodeExportInnerErr,
		CodeExportNoPermissionTask, CodeExportNoPermissionEndpoint, CodeImportNoPermissionTask,
		CodeImportNoPermissionEndpoint, CodeImportContentEmpty, CodeImportInvalidContent,
		CodePutServerLicenseInnerErr, CodeServerLicenseInvalidFormat, CodePutServerInnerErr, CodeGetServerInnerErr,
		CodeDeleteServerInnerErr, CodeInvalidServerType, CodeNameURLMismatch, CodeEmptyHost, CodeEmptyPort,
		CodeEmptyUsername, CodeEmptyPassword, CodeInvalidPort, CodeInvalidUsername, CodeInvalidDescription,
		CodeInvalidHost, CodeInvalidName, CodeHostPortAlreadyExist, CodeDeleteTaskInnerErr, CodeDeleteTaskErr,
		CodeTaskNotStopped, CodeExportTaskNoPermission, CodeImportTaskNoPermission, CodeImportTaskAlienItems,
		CodeImportTaskNameDiffer, CodeImportTaskMultipleTasks, CodeTaskNotImportable, CodeImportTaskContentEmpty,
		CodeImportTaskEndpointDiffer, CodeImportTaskNoEndpointInServer, CodeImportTaskCannotOverride,
		CodeTaskAlreadyRunning, CodeTaskInRecovery, CodeWrongOptionForPosition, CodePositionFormat,
		CodeRunTaskTimeout, CodeRunTaskInnerErr, CodeRunTaskNoSourceNoTarget, CodeRunTaskNoSource,
		CodeRunTaskNoTarget, CodeRunTaskNothingToDo, CodeRunBidirectionalNothingToDo, CodeTaskAlreadyStopped,
		CodeStopTaskInnerErr, CodeStopTaskTimeout, CodeInvalidTaskNoFullLoad, CodeFileChannelNotSupported,
		CodeReloadTableErr, CodeResumeTableErr, CodeDeleteOldChangeDataInnerErr, CodeSetRetentionBarrierInnerErr,
		CodeGetRetentionBarrierInnerErr, CodePatchEndpointInnerErr, CodeDeleteEndpointInnerErr, CodeEndpointIsInUse,
		CodeReconfigureEndpointInnerErr, CodeTestEndpointConnectionTimeout, CodeGetServerACLInnerErr,
		CodeGetTaskACLInnerErr, CodeGetEndpointACLInnerErr, CodeServerHasNoACL, CodeTaskHasNoACL,
		CodeEndpointHasNoACL, CodePutServerACLInnerErr, CodePutTaskACLInnerErr, CodePutEndpointACLInnerErr,
		CodeNoAdminOnServer, CodeNoAdminOnTask, CodeNoAdminOnEndpoint, CodeDeleteServerACLInnerErr,
		CodeDeleteTaskACLInnerErr, CodeDeleteEndpointACLInnerErr, CodeNoDomainInUser, CodeNoDomainInGroup,
		CodeUserInMultipleRoles, CodeGroupInMultipleRoles, CodeAssignedTwice,
	}
	for i, code := range codes {
		codes[i] = canonicalCode(code)
	}
	return codes
}
