package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// tableFamilies is the table of a table's state and its changes.
func tableFamilies() []family[fleet.Table] {
	return []family[fleet.Table]{
		gauge("qem_table_state", tableStatuses+" `state`",
			"State of the table, the current one only; always 1. Absent when the API does not give one.",
			current("state", func(t *fleet.Table) string { return t.State }, tableStates()...)),
		counter("qem_table_data_errors_total", tableStatuses+" `data_errors_count`", "Data errors of the table.",
			one(func(t *fleet.Table) num { return t.DataErrors })),
		counter("qem_table_cdc_applied_changes_total", tableStatuses+" `table_cdc_info.{insert,update,delete,ddl}_count`",
			"Changes that were applied to the table in the target, by operation.",
			by("operation",
				at("insert", func(t *fleet.Table) num { return t.Inserts }),
				at("update", func(t *fleet.Table) num { return t.Updates }),
				at("delete", func(t *fleet.Table) num { return t.Deletes }),
				at("ddl", func(t *fleet.Table) num { return t.DDL }))),
		gauge("qem_table_last_update_timestamp_seconds", tableStatuses+" `table_cdc_info.last_update_time`",
			"When a change was last applied to the table, in Unix seconds.",
			one(func(t *fleet.Table) num { return t.LastUpdate })),
	}
}

// tableLoadFamilies is the table of a table's full load.
func tableLoadFamilies() []family[fleet.Table] {
	return []family[fleet.Table]{
		gauge("qem_table_full_load_rows", tableStatuses+" `table_full_load_info.transferred_row_count`",
			"Rows of the table that the full load has transferred.", one(func(t *fleet.Table) num { return t.LoadedRows })),
		gauge("qem_table_full_load_estimated_rows", tableStatuses+" `table_full_load_info.estimated_row_count`",
			"Estimated number of rows of the table.", one(func(t *fleet.Table) num { return t.EstimatedRows })),
		gauge("qem_table_full_load_bytes", tableStatuses+" `table_full_load_info.transferred_volume_mb`",
			"Volume of the table that the full load has transferred, in bytes.",
			one(func(t *fleet.Table) num { return t.LoadedBytes })),
		gauge("qem_table_full_load_start_timestamp_seconds", tableStatuses+" `table_full_load_info.start_time`",
			"When the full load of the table started, in Unix seconds. Absent when the API does not give it, as before the "+
				"first.", one(func(t *fleet.Table) num { return t.LoadStart })),
		gauge("qem_table_full_load_end_timestamp_seconds", tableStatuses+" `table_full_load_info.end_time`",
			"When the full load of the table ended, in Unix seconds. Absent when the API does not give it, as while the load "+
				"lasts.", one(func(t *fleet.Table) num { return t.LoadEnd })),
		gauge("qem_table_full_load_estimated_end_timestamp_seconds",
			tableStatuses+" `table_full_load_info.{start_time,estimated_row_count,transferred_row_count}`",
			"When the full load of the table will end, in Unix seconds, estimated from its progress. Absent unless the table "+
				"is loading.", one(func(t *fleet.Table) num { return t.EstimatedEnd })),
		gauge("qem_table_full_load_cached_changes", tableStatuses+" `table_cdc_info.cached_{insert,update,delete}_count`",
			"Changes that are cached until the full load of the table has ended, by operation.",
			by("operation",
				at("insert", func(t *fleet.Table) num { return t.CachedInserts }),
				at("update", func(t *fleet.Table) num { return t.CachedUpdates }),
				at("delete", func(t *fleet.Table) num { return t.CachedDeletes }))),
	}
}

// tableStates are those that the API's documents know.
func tableStates() []string {
	return []string{fleet.TableQueued, fleet.TableLoading, fleet.TableCompleted, fleet.TableChangeProcessing,
		fleet.TableError}
}
