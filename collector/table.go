package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// tableFamilies is the table of a table's families: those of its state and its
// changes.
func tableFamilies() []family[fleet.Table] {
	return []family[fleet.Table]{
		{
			gauge("qem_table_state",
				"State of the table, the current one only; always 1. Absent when the API does not give one."),
			source{tableStatuses, "state"},
			current("state", func(t *fleet.Table) string { return t.State }),
		},
		{
			counter("qem_table_data_errors_total",
				"Data errors of the table. Absent when the API does not give it."),
			source{tableStatuses, "data_errors_count"},
			one(func(t *fleet.Table) float64 { return t.DataErrors }),
		},
		{
			counter("qem_table_cdc_applied_changes_total",
				"Changes that were applied to the table in the target, by operation. Absent when the API does not give it."),
			source{tableStatuses, "table_cdc_info.{insert,update,delete,ddl}_count"},
			by([]string{"operation"},
				at("insert", func(t *fleet.Table) float64 { return t.Inserts }),
				at("update", func(t *fleet.Table) float64 { return t.Updates }),
				at("delete", func(t *fleet.Table) float64 { return t.Deletes }),
				at("ddl", func(t *fleet.Table) float64 { return t.DDL })),
		},
		{
			gauge("qem_table_last_update_timestamp_seconds",
				"When a change was last applied to the table, in Unix seconds. Absent when the API does not give it."),
			source{tableStatuses, "table_cdc_info.last_update_time"},
			one(func(t *fleet.Table) float64 { return t.LastUpdate }),
		},
	}
}

// tableFullLoadFamilies is the table of a table's full load.
func tableFullLoadFamilies() []family[fleet.Table] {
	return []family[fleet.Table]{
		{
			gauge("qem_table_full_load_rows",
				"Rows of the table that the full load has transferred. Absent when the API does not give it."),
			source{tableStatuses, "table_full_load_info.transferred_row_count"},
			one(func(t *fleet.Table) float64 { return t.LoadedRows }),
		},
		{
			gauge("qem_table_full_load_estimated_rows",
				"Estimated number of rows of the table. Absent when the API does not give it."),
			source{tableStatuses, "table_full_load_info.estimated_row_count"},
			one(func(t *fleet.Table) float64 { return t.EstimatedRows }),
		},
		{
			gauge("qem_table_full_load_bytes",
				"Volume of the table that the full load has transferred, in bytes. Absent when the API does not give it."),
			source{tableStatuses, "table_full_load_info.transferred_volume_mb"},
			one(func(t *fleet.Table) float64 { return t.LoadedBytes }),
		},
		{
			gauge("qem_table_full_load_start_timestamp_seconds",
				"When the full load of the table started, in Unix seconds. Absent when the API does not give it, as before the first."),
			source{tableStatuses, "table_full_load_info.start_time"},
			one(func(t *fleet.Table) float64 { return t.LoadStart }),
		},
		{
			gauge("qem_table_full_load_end_timestamp_seconds",
				"When the full load of the table ended, in Unix seconds. Absent when the API does not give it, as while the load lasts."),
			source{tableStatuses, "table_full_load_info.end_time"},
			one(func(t *fleet.Table) float64 { return t.LoadEnd }),
		},
		{
			gauge("qem_table_full_load_estimated_end_timestamp_seconds",
				"When the full load of the table will end, in Unix seconds, estimated from its progress. Absent unless the table is loading."),
			source{tableStatuses, "table_full_load_info.{start_time,estimated_row_count,transferred_row_count}"},
			one(func(t *fleet.Table) float64 { return t.EstimatedEnd }),
		},
		{
			gauge("qem_table_full_load_cached_changes",
				"Changes that are cached until the full load of the table has ended, by operation. Absent when the API does not give it."),
			source{tableStatuses, "table_cdc_info.cached_{insert,update,delete}_count"},
			by([]string{"operation"},
				at("insert", func(t *fleet.Table) float64 { return t.CachedInserts }),
				at("update", func(t *fleet.Table) float64 { return t.CachedUpdates }),
				at("delete", func(t *fleet.Table) float64 { return t.CachedDeletes })),
		},
	}
}
