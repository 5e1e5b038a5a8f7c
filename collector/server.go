package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

const (
	serverList    = "GetServerList"
	serverDetails = "GetServerDetails"
)

// rosterFamilies is the table of what every server has, monitored or not.
func rosterFamilies() []family[fleet.Server] {
	return []family[fleet.Server]{
		gauge("qem_server_info", serverList+" `{$type,host,port,platform,version}`",
			"Replicate or Compose server that Enterprise Manager knows, described by labels; always 1. A label is empty when "+
				"the API does not give it. Absent when the server list could not be read for max_age.",
			describe("product,host,port,platform,version", func(s *fleet.Server) []string {
				return []string{s.Product, s.Host, s.Port, s.Platform, s.Version}
			})),
		gauge("qem_server_state", serverList+" `state`",
			"State of the server: 1 for the current state, 0 for the others. Absent when the API does not give one.",
			stateSet(func(s *fleet.Server) string { return s.State },
				fleet.ServerMonitored, fleet.ServerNotMonitored, fleet.ServerError)),
	}
}

// serverFamilies is the table of what a server has that Enterprise Manager monitors.
func serverFamilies() []family[fleet.Server] {
	return []family[fleet.Server]{
		gauge("qem_server_up", "GetServerDetails and GetTaskList",
			"Whether the server's details and task list were read when they were last due: 1 if so, 0 if not, if it is in "+
				"error, or while it is asked less because it struggles. Absent until both have been asked for once, and for a "+
				"server that is not monitored.", one(func(s *fleet.Server) num { return s.Up.Number() })),
		gauge("qem_server_unreadable", "the readings of the server",
			"Why the server cannot be read: the API's error code, or timeout, connection, tls, decode, too_large, "+
				"wrong_object, value or http_<status>; always 1. Absent while it can be read.",
			current("reason", func(s *fleet.Server) string { return s.Unreadable })),
		gauge("qem_server_tasks_listed", "GetTaskList",
			"Number of tasks in the server's task list. Absent when the list could not be read.",
			one(func(s *fleet.Server) num { return s.TasksListed })),
		gauge("qem_server_tasks_polled", "GetTaskList and the configuration's filters",
			"Number of the server's tasks that the exporter's filters leave. Absent when the task list could not be read.",
			one(func(s *fleet.Server) num { return s.TasksPolled })),
		gauge("qem_server_memory_limit_bytes", "the configuration's server_limits",
			"Memory of the server's machine by the configuration, in bytes: the API gives no total. Absent when it is not "+
				"configured.", one(func(s *fleet.Server) num { return s.MemoryLimit })),
		gauge("qem_server_disk_limit_bytes", "the configuration's server_limits",
			"Disk space of the server's machine by the configuration, in bytes: the API gives no total. Absent when it is not "+
				"configured.", one(func(s *fleet.Server) num { return s.DiskLimit })),
	}
}

// detailFamilies is the table of what a server's details say.
func detailFamilies() []family[fleet.ServerDetails] {
	return []family[fleet.ServerDetails]{
		gauge("qem_server_tasks", serverDetails+" `task_summary.{running,stopped,recovering,error}`",
			"Number of the server's tasks by state, as the server counts them, whatever the exporter's filters leave. Absent "+
				"when the details could not be read.",
			by("state",
				at(fleet.TaskRunning, func(d *fleet.ServerDetails) num { return d.TaskSummary.Running }),
				at(fleet.TaskStopped, func(d *fleet.ServerDetails) num { return d.TaskSummary.Stopped }),
				at(fleet.TaskRecovering, func(d *fleet.ServerDetails) num { return d.TaskSummary.Recovering }),
				at(fleet.TaskError, func(d *fleet.ServerDetails) num { return d.TaskSummary.Error }))),
		gauge("qem_server_tasks_expected", serverDetails+" `task_summary.total`",
			"Number of the server's tasks in all, as the server counts them. Absent when the details could not be read.",
			one(func(d *fleet.ServerDetails) num { return d.TaskSummary.Total })),
		gauge("qem_server_license_state", serverDetails+" `license.state`, or an error code that names one",
			"State of the server's licence: 1 for the current state, 0 for the others. Absent when it could not be read.",
			stateSet(func(d *fleet.ServerDetails) string { return d.License.State },
				fleet.LicenseValid, fleet.LicenseInvalidChecksum, fleet.LicenseExpired, fleet.LicenseNone,
				fleet.LicenseMachineNotLicensed, fleet.LicenseInvalid)),
		gauge("qem_server_license_issue_timestamp_seconds", serverDetails+" `license.issue_date`",
			"When the server's licence was issued, in Unix seconds.",
			one(func(d *fleet.ServerDetails) num { return d.License.Issued })),
		gauge("qem_server_license_expiry_timestamp_seconds", serverDetails+" `license.expiration`",
			"When the server's licence expires, in Unix seconds. Absent when the API does not give it, as for a licence "+
				"without end.", one(func(d *fleet.ServerDetails) num { return d.License.Expires })),
		gauge("qem_server_license_remaining_seconds", serverDetails+" `license.days_to_expiration`",
			"Time until the server's licence expires, in seconds, as the API counts it in days; negative once it has expired.",
			one(func(d *fleet.ServerDetails) num { return d.License.Remaining })),
		gauge("qem_server_disk_usage_bytes", serverDetails+" `resource_utilization.disk_usage_mb`",
			"Disk space that the server uses, in bytes.", one(func(d *fleet.ServerDetails) num { return d.DiskBytes })),
		gauge("qem_server_memory_bytes", serverDetails+" `resource_utilization.memory_mb`",
			"Memory that the server uses, in bytes.", one(func(d *fleet.ServerDetails) num { return d.MemoryBytes })),
		gauge("qem_server_replicate_cpu_ratio", serverDetails+" `resource_utilization.attunity_cpu_percentage`",
			"CPU use of the server process and all its tasks, as a ratio.",
			one(func(d *fleet.ServerDetails) num { return d.ReplicateCPU })),
		gauge("qem_server_machine_cpu_ratio", serverDetails+" `resource_utilization.machine_cpu_percentage`",
			"CPU use of the server's machine, as a ratio.", one(func(d *fleet.ServerDetails) num { return d.MachineCPU })),
	}
}

// instantFamilies is the table of a server's timestamps, which change though it does not.
func instantFamilies() []family[fleet.Server] {
	return []family[fleet.Server]{
		gauge("qem_server_last_connection_timestamp_seconds", serverList+" `last_connection`",
			"When Enterprise Manager was last connected to the server, in Unix seconds.",
			one(func(s *fleet.Server) num { return s.LastConnection })),
	}
}

// sweepFamilies is the table of how a monitored server is read.
func sweepFamilies() []family[fleet.Server] {
	return []family[fleet.Server]{
		gauge("qem_server_poll_last_success_timestamp_seconds", "the exporter",
			"When the last sweep ended that read the server's details and tried every task, in Unix seconds. Absent until one "+
				"has.", one(func(s *fleet.Server) num { return fleet.Unix(s.Sweep.Last) })),
		gauge("qem_server_poll_duration_seconds", "the exporter",
			"How long the last sweep took that read the server's details and tried every task, in seconds, without its "+
				"pacing. Absent until one has ended.",
			one(func(s *fleet.Server) num {
				if s.Sweep.Last.IsZero() {
					return num{}
				}
				return fleet.Num(s.Sweep.Took.Seconds())
			})),
	}
}

// monitored is the server if it is monitored. One that is not has nothing but its place in the list.
func monitored(s *fleet.Server) *fleet.Server {
	if s.State == fleet.ServerNotMonitored {
		return nil
	}
	return s
}

// details are those of a server that is monitored.
func details(s *fleet.Server) *fleet.ServerDetails {
	if monitored(s) == nil {
		return nil
	}
	return s.Details
}
