package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// ofCompose reads a number of a Compose task's details, which may be unknown.
func ofCompose(read func(c *fleet.ComposeDetails) float64) func(t *fleet.Task) float64 {
	return func(t *fleet.Task) float64 {
		if t.Compose == nil || t.Product != fleet.Compose {
			return fleet.Absent()
		}
		return read(t.Compose)
	}
}

// composeFamilies is the table of what only a Compose task has.
func composeFamilies() []family[fleet.Task] {
	return []family[fleet.Task]{
		{
			gauge("qem_compose_task_loading_completed",
				"Whether the Compose task has completed loading: 1 if so, else 0. Absent when the API does not give it."),
			source{taskDetails, "loading_completed"},
			one(ofCompose(func(c *fleet.ComposeDetails) float64 { return c.LoadingCompleted.Float() })),
		},
		{
			gauge("qem_compose_task_loading_start_timestamp_seconds",
				"When the Compose task started loading, in Unix seconds. Absent when the API does not give it, as before the first time."),
			source{taskDetails, "loading_start"},
			one(ofCompose(func(c *fleet.ComposeDetails) float64 { return c.LoadingStart })),
		},
		{
			gauge("qem_compose_task_loading_end_timestamp_seconds",
				"When the Compose task ended loading, in Unix seconds. Absent when the API does not give it, as while the load lasts."),
			source{taskDetails, "loading_end"},
			one(ofCompose(func(c *fleet.ComposeDetails) float64 { return c.LoadingEnd })),
		},
		{
			gauge("qem_compose_task_tables",
				"Number of tables of the Compose task, by state. Absent when the API does not give it."),
			source{taskDetails, "loading_counters.tables_{completed,loading,queued,with_error}_count"},
			by([]string{"state"},
				at("completed", ofCompose(func(c *fleet.ComposeDetails) float64 { return c.TablesCompleted })),
				at("loading", ofCompose(func(c *fleet.ComposeDetails) float64 { return c.TablesLoading })),
				at("queued", ofCompose(func(c *fleet.ComposeDetails) float64 { return c.TablesQueued })),
				at("error", ofCompose(func(c *fleet.ComposeDetails) float64 { return c.TablesError }))),
		},
		{
			gauge("qem_compose_task_expected_tables",
				"Number of tables that the Compose task is to load. Absent when the API does not give it."),
			source{taskDetails, "loading_counters.tables_total_count"},
			one(ofCompose(func(c *fleet.ComposeDetails) float64 { return c.TablesExpected })),
		},
		{
			gauge("qem_compose_task_commands",
				"Number of commands that the Compose task is to execute. Absent when the API does not give it."),
			source{taskDetails, "loading_counters.commands_total_count"},
			one(ofCompose(func(c *fleet.ComposeDetails) float64 { return c.Commands })),
		},
		{
			gauge("qem_compose_task_completed_commands",
				"Number of commands that the Compose task has completed. Absent when the API does not give it."),
			source{taskDetails, "loading_counters.commands_completed_count"},
			one(ofCompose(func(c *fleet.ComposeDetails) float64 { return c.CommandsCompleted })),
		},
	}
}
