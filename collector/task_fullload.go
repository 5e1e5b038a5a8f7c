package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// taskFullLoadFamilies is the table of a Replicate task's full load.
func taskFullLoadFamilies() []family[fleet.Task] {
	return []family[fleet.Task]{
		{
			gauge("qem_task_full_load_tables",
				"Number of tables in the full load, by state. Absent when the API does not give it."),
			source{taskDetails, "full_load_counters.tables_{completed,loading,queued,with_error}_count"},
			by([]string{"state"},
				at("completed", ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.TablesCompleted })),
				at("loading", ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.TablesLoading })),
				at("queued", ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.TablesQueued })),
				at("error", ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.TablesError }))),
		},
		{
			gauge("qem_task_full_load_completed_records",
				"Records that the full load has loaded. Absent when the API does not give it."),
			source{taskDetails, "full_load_counters.records_completed_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.RecordsCompleted })),
		},
		{
			gauge("qem_task_full_load_estimated_records",
				"Estimated number of records of all tables in the full load, those already loaded among them. Absent when the API does not give it."),
			source{taskDetails, "full_load_counters.estimated_records_for_all_tables_count"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.RecordsEstimated })),
		},
		{
			gauge("qem_task_full_load_completed",
				"Whether the full load is completed: 1 if so, else 0. Absent when the API does not give it."),
			source{taskDetails, "full_load_completed"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.Completed.Float() })),
		},
		{
			gauge("qem_task_full_load_start_timestamp_seconds",
				"When the full load started, in Unix seconds. Absent when the API does not give it, as before the first."),
			source{taskDetails, "full_load_start"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.Start })),
		},
		{
			gauge("qem_task_full_load_end_timestamp_seconds",
				"When the full load ended, in Unix seconds. Absent when the API does not give it, as while the load lasts."),
			source{taskDetails, "full_load_end"},
			one(ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.End })),
		},
		{
			gauge("qem_task_full_load_records_per_second",
				"Current rate of the full load at the source and at the target, in records per second. Absent unless the task is running or recovering."),
			source{taskDetails, "full_load_throughput.{source,target}_throughput_records_count"},
			by([]string{"endpoint"},
				at("source", ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.Throughput.SourceRecords })),
				at("target", ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.Throughput.TargetRecords }))),
		},
		{
			gauge("qem_task_full_load_bytes_per_second",
				"Current rate of the full load at the source and at the target, in bytes per second. Absent unless the task is running or recovering."),
			source{taskDetails, "full_load_throughput.{source,target}_throughput_volume"},
			by([]string{"endpoint"},
				at("source", ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.Throughput.SourceBytes })),
				at("target", ofDetails(func(d *fleet.TaskDetails) float64 { return d.FullLoad.Throughput.TargetBytes }))),
		},
	}
}
