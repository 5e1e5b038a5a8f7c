package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// serverFamilies is the table of a server's families.
func serverFamilies() []family[fleet.Server] {
	return []family[fleet.Server]{
		{
			gauge("qem_server_info",
				"Replicate or Compose server that Enterprise Manager knows, described by labels; always 1. A label is empty when the API does not give it. Absent when the server list could not be read."),
			source{serverList, "{$type,host,port,platform,version}"},
			describe(func(*fleet.Server) bool { return true },
				description[fleet.Server]{"product", func(s *fleet.Server) string { return s.Product }},
				description[fleet.Server]{"host", func(s *fleet.Server) string { return s.Host }},
				description[fleet.Server]{"port", func(s *fleet.Server) string { return s.Port }},
				description[fleet.Server]{"platform", func(s *fleet.Server) string { return s.Platform }},
				description[fleet.Server]{"version", func(s *fleet.Server) string { return s.Version }}),
		},
		{
			gauge("qem_server_state",
				"State of the server: 1 for the current state, 0 for the others. Absent when the API does not give one."),
			source{serverList, "state"},
			stateSet([]string{fleet.ServerMonitored, fleet.ServerNotMonitored, fleet.ServerError},
				func(s *fleet.Server) string { return s.State }),
		},
		{
			gauge("qem_server_up",
				"Whether the server's details and task list were read in the last poll: 1 if so, 0 if it is monitored and they were not, or if it is in error. Absent for a server that is not monitored."),
			source{field: "GetServerDetails and GetTaskList"},
			one(func(s *fleet.Server) float64 { return s.Up.Float() }),
		},
		{
			gauge("qem_server_last_connection_timestamp_seconds",
				"When Enterprise Manager was last connected to the server, in Unix seconds. Absent when the API does not give it."),
			source{serverList, "last_connection"},
			one(func(s *fleet.Server) float64 { return s.LastConnection }),
		},
		{
			gauge("qem_server_tasks",
				"Number of the server's tasks by state, as the server counts them, whatever the exporter's filters leave. Absent when the details could not be read."),
			source{serverDetails, "task_summary.{running,stopped,recovering,error}"},
			by([]string{"state"},
				at(fleet.TaskRunning, func(s *fleet.Server) float64 { return s.TaskSummary.Running }),
				at(fleet.TaskStopped, func(s *fleet.Server) float64 { return s.TaskSummary.Stopped }),
				at(fleet.TaskRecovering, func(s *fleet.Server) float64 { return s.TaskSummary.Recovering }),
				at(fleet.TaskError, func(s *fleet.Server) float64 { return s.TaskSummary.Error })),
		},
	}
}

// serverLicenseFamilies is the table of what is known of a server's licence.
func serverLicenseFamilies() []family[fleet.Server] {
	return []family[fleet.Server]{
		{
			gauge("qem_server_license_state",
				"State of the server's license: 1 for the current state, 0 for the others. Absent when the details could not be read."),
			source{serverDetails, "license.state"},
			stateSet([]string{"valid", "invalid_checksum", "expired", "no_license", "machine_not_licensed", "invalid"},
				func(s *fleet.Server) string { return s.License.State }),
		},
		{
			gauge("qem_server_license_issue_timestamp_seconds",
				"When the server's license was issued, in Unix seconds. Absent when the API does not give it."),
			source{serverDetails, "license.issue_date"},
			one(func(s *fleet.Server) float64 { return s.License.Issued }),
		},
		{
			gauge("qem_server_license_expiry_timestamp_seconds",
				"When the server's license expires, in Unix seconds. Absent when the API does not give it, as for a license without end."),
			source{serverDetails, "license.expiration"},
			one(func(s *fleet.Server) float64 { return s.License.Expires }),
		},
		{
			gauge("qem_server_license_days_to_expiration",
				"Days until the server's license expires, as the API counts them; negative once it has expired. Absent when the API does not give it."),
			source{serverDetails, "license.days_to_expiration"},
			one(func(s *fleet.Server) float64 { return s.License.DaysToExpiration }),
		},
	}
}

// serverResourceFamilies is the table of what a server uses.
func serverResourceFamilies() []family[fleet.Server] {
	return []family[fleet.Server]{
		{
			gauge("qem_server_disk_usage_bytes",
				"Disk space that the server uses, in bytes. Absent when the API does not give it."),
			source{serverDetails, "resource_utilization.disk_usage_mb"},
			one(func(s *fleet.Server) float64 { return s.DiskBytes }),
		},
		{
			gauge("qem_server_memory_bytes",
				"Memory that the server uses, in bytes. Absent when the API does not give it."),
			source{serverDetails, "resource_utilization.memory_mb"},
			one(func(s *fleet.Server) float64 { return s.MemoryBytes }),
		},
		{
			gauge("qem_server_replicate_cpu_ratio",
				"CPU use of the server process and all its tasks, as a ratio. Absent when the API does not give it."),
			source{serverDetails, "resource_utilization.attunity_cpu_percentage"},
			one(func(s *fleet.Server) float64 { return s.ReplicateCPU }),
		},
		{
			gauge("qem_server_machine_cpu_ratio",
				"CPU use of the server's machine, as a ratio. Absent when the API does not give it."),
			source{serverDetails, "resource_utilization.machine_cpu_percentage"},
			one(func(s *fleet.Server) float64 { return s.MachineCPU }),
		},
	}
}
