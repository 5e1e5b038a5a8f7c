//go:build e2e

package e2e

import (
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// tableStates adds the counts of all tables of a task and the series of those that
// the mode asks for.
func (e *expectation) tableStates(task scope, v *aemtest.Task) {
	if e.mode == "off" {
		return
	}
	counts := map[string]float64{"queued": 0, "loading": 0, "completed": 0, "change_processing": 0, "error": 0}
	for i := range v.Tables {
		counts[tableWord(v.Tables[i].State)]++
		if e.mode == "all" || e.mode == "errors" && (v.Tables[i].State == aemtest.TableError || v.Tables[i].DataErrors > 0) {
			e.table(task, &v.Tables[i])
		}
	}
	for state, n := range counts {
		task.add("qem_task_tables", n, "state", state)
	}
}

func (e *expectation) table(task scope, v *aemtest.Table) {
	e.tables++
	s := task.with("schema", v.Schema, "table", v.Name)
	s.add("qem_table_state", 1, "state", tableWord(v.State))
	s.count("qem_table_data_errors_total", v.DataErrors)
	s.count("qem_table_cdc_applied_changes_total", v.Changes.Inserts, "operation", "insert")
	s.count("qem_table_cdc_applied_changes_total", v.Changes.Updates, "operation", "update")
	s.count("qem_table_cdc_applied_changes_total", v.Changes.Deletes, "operation", "delete")
	s.count("qem_table_cdc_applied_changes_total", v.Changes.DDL, "operation", "ddl")
	s.instant("qem_table_last_update_timestamp_seconds", v.LastUpdate)
	s.count("qem_table_full_load_rows", v.TransferredRows)
	s.count("qem_table_full_load_estimated_rows", v.EstimatedRows)
	s.count("qem_table_full_load_bytes", v.TransferredBytes)
	s.instant("qem_table_full_load_start_timestamp_seconds", v.Start)
	s.instant("qem_table_full_load_end_timestamp_seconds", v.End)
	s.count("qem_table_full_load_cached_changes", v.CachedInserts, "operation", "insert")
	s.count("qem_table_full_load_cached_changes", v.CachedUpdates, "operation", "update")
	s.count("qem_table_full_load_cached_changes", v.CachedDeletes, "operation", "delete")
	if v.State == aemtest.TableLoading && !v.Start.IsZero() && v.TransferredRows > 0 && v.EstimatedRows > 0 {
		s.between("qem_table_full_load_estimated_end_timestamp_seconds",
			estimatedEnd(v, e.polled[0]), estimatedEnd(v, e.polled[1]))
	}
}

// estimatedEnd is the guide's formula: start + estimated rows * time so far /
// transferred rows. A load that goes on does not end before now.
func estimatedEnd(v *aemtest.Table, now time.Time) float64 {
	start, at := float64(v.Start.Unix()), float64(now.UnixMicro())/1e6
	return max(at, start+float64(v.EstimatedRows)*(at-start)/float64(v.TransferredRows))
}
