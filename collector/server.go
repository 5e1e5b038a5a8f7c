package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

const (
	serverList    = "GetServerList"
	serverDetails = "GetServerDetails"
)

// monitored tells whether a server has more than its place in the list.
func monitored(s *fleet.Server) bool { return s.State != fleet.ServerNotMonitored }

// instantFamilies is the table of a server's timestamps, which change though it does not.
func instantFamilies() []family[fleet.Server] {
	s, read := entity[fleet.Server]{}, entity[fleet.Server]{only: monitored}
	return []family[fleet.Server]{
		gauge("qem_server_last_connection_timestamp_seconds", s.field("LastConnection"),
			"When Enterprise Manager was last connected to the server, in Unix seconds."),
		gauge("qem_server_poll_last_success_timestamp_seconds", read.field("Sweep.Last"),
			"When the last sweep ended that read the server's details and tried every task, in Unix seconds. Absent until one "+
				"has.", "the exporter"),
		gauge("qem_server_poll_duration_seconds", read.field("Sweep.Took").unlessZero(),
			"How long the last sweep took that read the server's details and tried every task, in seconds, without its "+
				"pacing. Absent until one has ended.", "the exporter"),
	}
}

// serverFamilies is the table of what a server has.
func serverFamilies() []family[fleet.Server] {
	s, read := entity[fleet.Server]{}, entity[fleet.Server]{only: monitored}
	return []family[fleet.Server]{
		gauge("qem_server_info", s.describe("product=Product host=Host port=Port platform=Platform version=Version"),
			"Replicate or Compose server that Enterprise Manager knows, described by labels; always 1. A label is empty when "+
				"the API does not give it. Absent when the server list could not be read for max_age."),
		gauge("qem_server_state",
			s.stateSet("State", fleet.ServerMonitored, fleet.ServerNotMonitored, fleet.ServerError),
			"State of the server: 1 for the current state, 0 for the others. Absent when the API does not give one."),
		gauge("qem_server_up", read.field("Up"),
			"Whether the server's details and task list were read when they were last due: 1 if so, 0 if not, if it is in "+
				"error, or while it is asked less because it struggles. Absent until both have been asked for once, and for a "+
				"server that is not monitored.", serverDetails, "and", taskList),
		gauge("qem_server_unreadable", read.current("reason", "Unreadable", ""),
			"Why the server cannot be read: the API's error code, or timeout, connection, tls, decode, too_large, "+
				"wrong_object, value or http_<status>; always 1. Absent while it can be read.", "the readings of the server"),
		gauge("qem_server_tasks_listed", read.field("TasksListed"),
			"Number of tasks in the server's task list. Absent when the list could not be read.", taskList),
		gauge("qem_server_tasks_polled", read.field("TasksPolled"),
			"Number of the server's tasks that the exporter's filters leave. Absent when the task list could not be read.",
			taskList, "and the configuration's filters"),
		gauge("qem_server_memory_limit_bytes", read.field("MemoryLimit"),
			"Memory of the server's machine by the configuration, in bytes: the API gives no total. Absent when it is not "+
				"configured.", "the configuration's server_limits"),
		gauge("qem_server_disk_limit_bytes", read.field("DiskLimit"),
			"Disk space of the server's machine by the configuration, in bytes: the API gives no total. Absent when it is not "+
				"configured.", "the configuration's server_limits"),
	}
}

// detailFamilies is the table of what a server's details say.
func detailFamilies() []family[fleet.Server] {
	d := entity[fleet.Server]{monitored, "Details."}
	return []family[fleet.Server]{
		gauge("qem_server_tasks", d.by("state", "running=TaskSummary.Running stopped=TaskSummary.Stopped "+
			"recovering=TaskSummary.Recovering error=TaskSummary.Error"),
			"Number of the server's tasks by state, as the server counts them, whatever the exporter's filters leave. Absent "+
				"when the details could not be read."),
		gauge("qem_server_tasks_expected", d.field("TaskSummary.Total"),
			"Number of the server's tasks in all, as the server counts them. Absent when the details could not be read."),
		gauge("qem_server_license_state",
			d.stateSet("License.State", fleet.LicenseValid, fleet.LicenseInvalidChecksum, fleet.LicenseExpired,
				fleet.LicenseNone, fleet.LicenseMachineNotLicensed, fleet.LicenseInvalid),
			"State of the server's licence: 1 for the current state, 0 for the others. Absent when it could not be read.",
			serverDetails, "`license.state`, or an error code that names one"),
		gauge("qem_server_license_issue_timestamp_seconds", d.field("License.Issued"),
			"When the server's licence was issued, in Unix seconds."),
		gauge("qem_server_license_expiry_timestamp_seconds", d.field("License.Expires"),
			"When the server's licence expires, in Unix seconds. Absent when the API does not give it, as for a licence "+
				"without end."),
		gauge("qem_server_license_remaining_seconds", d.field("License.Remaining"),
			"Time until the server's licence expires, in seconds, as the API counts it in days; negative once it has expired."),
		gauge("qem_server_disk_usage_bytes", d.field("DiskBytes"), "Disk space that the server uses, in bytes."),
		gauge("qem_server_memory_bytes", d.field("MemoryBytes"), "Memory that the server uses, in bytes."),
		gauge("qem_server_replicate_cpu_ratio", d.field("ReplicateCPU"),
			"CPU use of the server process and all its tasks, as a ratio."),
		gauge("qem_server_machine_cpu_ratio", d.field("MachineCPU"), "CPU use of the server's machine, as a ratio."),
	}
}
