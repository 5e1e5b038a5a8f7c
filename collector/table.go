package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

const tableStatuses = "GetTableStatuses"

// tableFamilies is the table of a table's families.
func tableFamilies() []family[fleet.Table] {
	t := entity[fleet.Table]{}
	return []family[fleet.Table]{
		gauge("qem_table_state", t.current("state", "State", "", tableStates()...),
			"State of the table, the current one only; always 1. Absent when the API does not give one."),
		counter("qem_table_data_errors_total", t.field("DataErrors"), "Data errors of the table."),
		counter("qem_table_cdc_applied_changes_total",
			t.by("operation", "insert=Inserts update=Updates delete=Deletes ddl=DDL"),
			"Changes that were applied to the table in the target, by operation."),
		gauge("qem_table_last_update_timestamp_seconds", t.field("LastUpdate"),
			"When a change was last applied to the table, in Unix seconds."),
		gauge("qem_table_full_load_rows", t.field("LoadedRows"), "Rows of the table that the full load has transferred."),
		gauge("qem_table_full_load_estimated_rows", t.field("EstimatedRows"), "Estimated number of rows of the table."),
		gauge("qem_table_full_load_bytes", t.field("LoadedBytes"),
			"Volume of the table that the full load has transferred, in bytes."),
		gauge("qem_table_full_load_start_timestamp_seconds", t.field("LoadStart"),
			"When the full load of the table started, in Unix seconds. Absent when the API does not give it, as before the "+
				"first."),
		gauge("qem_table_full_load_end_timestamp_seconds", t.field("LoadEnd"),
			"When the full load of the table ended, in Unix seconds. Absent when the API does not give it, as while the load "+
				"lasts."),
		gauge("qem_table_full_load_estimated_end_timestamp_seconds", t.field("EstimatedEnd"),
			"When the full load of the table will end, in Unix seconds, estimated from its progress. Absent unless the table "+
				"is loading.",
			tableStatuses, "`table_full_load_info.{start_time,estimated_row_count,transferred_row_count}`"),
		gauge("qem_table_full_load_cached_changes",
			t.by("operation", "insert=CachedInserts update=CachedUpdates delete=CachedDeletes"),
			"Changes that are cached until the full load of the table has ended, by operation."),
	}
}

// tableStates are those that the API's documents know.
func tableStates() []string {
	return []string{fleet.TableQueued, fleet.TableLoading, fleet.TableCompleted, fleet.TableChangeProcessing,
		fleet.TableError}
}
