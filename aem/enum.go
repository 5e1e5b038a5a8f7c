package aem

// The API spells one value in several ways and sometimes sends its number. The
// types below carry one spelling of each, lower-case with underscores. A value
// that is not listed is kept as its own lower-cased text; "" means that the API
// gave none.

// ServerState says whether Enterprise Manager watches a server.
type ServerState string

// The states of a server.
const (
	ServerNotMonitored ServerState = "not_monitored"
	ServerMonitored    ServerState = "monitored"
	ServerError        ServerState = "error"
)

// LicenseState says whether a server's licence is good.
type LicenseState string

// The states of a licence.
const (
	LicenseValid              LicenseState = "valid"
	LicenseInvalidChecksum    LicenseState = "invalid_checksum"
	LicenseExpired            LicenseState = "expired"
	LicenseNone               LicenseState = "no_license"
	LicenseMachineNotLicensed LicenseState = "machine_not_licensed"
	LicenseInvalid            LicenseState = "invalid"
)

// TaskState is what a task does.
type TaskState string

// The states of a task. Starting and Stopping are not in the guide; servers send
// them in passing.
const (
	TaskStopped    TaskState = "stopped"
	TaskRunning    TaskState = "running"
	TaskError      TaskState = "error"
	TaskRecovering TaskState = "recovering"
	TaskStarting   TaskState = "starting"
	TaskStopping   TaskState = "stopping"
)

// StopReason is why a task stopped.
type StopReason string

// The stop reasons of a task.
const (
	StopNone                 StopReason = "none"
	StopNormal               StopReason = "normal"
	StopRecoverableError     StopReason = "recoverable_error"
	StopFatalError           StopReason = "fatal_error"
	StopFullLoadOnlyFinished StopReason = "full_load_only_finished"
	StopAfterFullLoad        StopReason = "stopped_after_full_load"
	StopAfterCachedEvents    StopReason = "stopped_after_cached_events"
	StopExpressLicenseLimits StopReason = "express_license_limits_reached"
	StopAfterDDLApply        StopReason = "stopped_after_ddl_apply"
	StopLowMemory            StopReason = "stopped_low_memory"
	StopLowDiskSpace         StopReason = "stopped_low_disk_space"
)

// TableState is what a task does with a table.
type TableState string

// The states of a table.
const (
	TableQueued           TableState = "queued"
	TableLoading          TableState = "loading"
	TableCompleted        TableState = "completed"
	TableChangeProcessing TableState = "change_processing"
	TableError            TableState = "error"
)

// Platform is the operating system of a server.
type Platform string

// The platforms of a server.
const (
	PlatformUnknown Platform = "unknown"
	PlatformWindows Platform = "windows"
	PlatformLinux   Platform = "linux"
)

// Product is the product that a server or task belongs to.
type Product string

// The products.
const (
	Replicate Product = "replicate"
	Compose   Product = "compose"
)

// The functions below know the values by their squashed names, in every spelling
// that a server or the guide has, and by their numbers. They return "" for others.

func serverState(word []byte) ServerState {
	switch string(word) {
	case "notmonitored", "0":
		return ServerNotMonitored
	case "monitored", "1":
		return ServerMonitored
	case "error", "2":
		return ServerError
	}
	return ""
}

func licenseState(word []byte) LicenseState {
	switch string(word) {
	case "validlicense", "licensevalid", "valid", "0":
		return LicenseValid
	case "invalidlicensechecksum", "licenseinvalidchecksum", "invalidchecksum", "1":
		return LicenseInvalidChecksum
	case "expiredlicense", "licenseexpired", "licenseexpirednolicense", "expired", "2":
		return LicenseExpired
	case "nolicense", "3":
		return LicenseNone
	case "machinenotlicensed", "4":
		return LicenseMachineNotLicensed
	case "invalidlicense", "licenseinvalid", "invalid", "5":
		return LicenseInvalid
	}
	return ""
}

func taskState(word []byte) TaskState {
	switch string(word) {
	case "stopped", "0":
		return TaskStopped
	case "running", "1":
		return TaskRunning
	case "error", "2":
		return TaskError
	case "recovery", "recovering", "3":
		return TaskRecovering
	case "starting":
		return TaskStarting
	case "stopping":
		return TaskStopping
	}
	return ""
}

func stopReason(word []byte) StopReason {
	switch string(word) {
	case "none", "0":
		return StopNone
	case "normal", "1":
		return StopNormal
	case "recoverableerror", "2":
		return StopRecoverableError
	case "fatalerror", "3":
		return StopFatalError
	case "fullloadonlyfinished", "4":
		return StopFullLoadOnlyFinished
	case "stoppedafterfullload", "5":
		return StopAfterFullLoad
	case "stoppedaftercachedevents", "6":
		return StopAfterCachedEvents
	case "expresslicenselimitsreached", "7":
		return StopExpressLicenseLimits
	case "stoppedafterddlapply", "8":
		return StopAfterDDLApply
	case "stoppedlowmemory", "9":
		return StopLowMemory
	case "stoppedlowdiskspace", "stoppedlowdisk", "10":
		return StopLowDiskSpace
	}
	return ""
}

func tableState(word []byte) TableState {
	switch string(word) {
	case "tablequeued", "queued", "0":
		return TableQueued
	case "tableloading", "loading", "1":
		return TableLoading
	case "tablecompleted", "completed", "2":
		return TableCompleted
	case "tablechangeprocessing", "changeprocessing", "3":
		return TableChangeProcessing
	case "tableerror", "error", "4":
		return TableError
	}
	return ""
}

func platform(word []byte) Platform {
	switch string(word) {
	case "unknown", "0":
		return PlatformUnknown
	case "windows", "1":
		return PlatformWindows
	case "linux", "2":
		return PlatformLinux
	}
	return ""
}
