//go:build e2e

package e2e

import "strings"

// families are those of the contract, all but those of the optional collectors, which
// are off unless configured. They stand here as the contract has them: what is
// renamed, dropped, or of another type makes the test fail.
var families = map[string]string{
	"qem_up": "gauge",
	"qem_poll_last_success_timestamp_seconds": "gauge",
	"qem_poll_last_duration_seconds":          "gauge",
	"qem_polls_total":                         "counter",
	"qem_api_requests_total":                  "counter",
	"qem_api_request_duration_seconds":        "histogram",
	"qem_api_errors_total":                    "counter",
	"qem_api_retries_total":                   "counter",
	"qem_api_logins_total":                    "counter",

	"qem_exporter_build_info":                                   "gauge",
	"qem_exporter_config_last_reload_successful":                "gauge",
	"qem_exporter_config_last_reload_success_timestamp_seconds": "gauge",

	"qem_server_info":  "gauge",
	"qem_server_state": "gauge",
	"qem_server_up":    "gauge",
	"qem_server_last_connection_timestamp_seconds": "gauge",
	"qem_server_license_state":                     "gauge",
	"qem_server_license_issue_timestamp_seconds":   "gauge",
	"qem_server_license_expiry_timestamp_seconds":  "gauge",
	"qem_server_license_days_to_expiration":        "gauge",
	"qem_server_tasks":                             "gauge",
	"qem_server_disk_usage_bytes":                  "gauge",
	"qem_server_memory_bytes":                      "gauge",
	"qem_server_replicate_cpu_ratio":               "gauge",
	"qem_server_machine_cpu_ratio":                 "gauge",

	"qem_task_info":                               "gauge",
	"qem_task_option_enabled":                     "gauge",
	"qem_task_tag":                                "gauge",
	"qem_task_state":                              "gauge",
	"qem_task_stop_reason":                        "gauge",
	"qem_task_up":                                 "gauge",
	"qem_task_source_latency_seconds":             "gauge",
	"qem_task_total_latency_seconds":              "gauge",
	"qem_task_cdc_applied_changes_total":          "counter",
	"qem_task_cdc_records_per_second":             "gauge",
	"qem_task_cdc_bytes_per_second":               "gauge",
	"qem_task_cdc_commit_records_total":           "counter",
	"qem_task_cdc_rolled_back_transactions_total": "counter",
	"qem_task_cdc_rolled_back_records_total":      "counter",
	"qem_task_cdc_rolled_back_bytes_total":        "counter",
	"qem_task_cdc_applied_transactions_total":     "counter",
	"qem_task_cdc_applied_records_total":          "counter",
	"qem_task_cdc_applied_bytes_total":            "counter",
	"qem_task_cdc_applying_transactions":          "gauge",
	"qem_task_cdc_applying_records":               "gauge",
	"qem_task_cdc_pending_changes":                "gauge",
	"qem_task_full_load_tables":                   "gauge",
	"qem_task_full_load_completed_records":        "gauge",
	"qem_task_full_load_estimated_records":        "gauge",
	"qem_task_full_load_completed":                "gauge",
	"qem_task_full_load_start_timestamp_seconds":  "gauge",
	"qem_task_full_load_end_timestamp_seconds":    "gauge",
	"qem_task_full_load_records_per_second":       "gauge",
	"qem_task_full_load_bytes_per_second":         "gauge",
	"qem_task_memory_bytes":                       "gauge",
	"qem_task_cpu_ratio":                          "gauge",
	"qem_task_disk_usage_bytes":                   "gauge",
	"qem_task_data_errors_total":                  "counter",
	"qem_task_tables":                             "gauge",
	"qem_task_tables_dropped":                     "gauge",
	"qem_task_latency_objective_seconds":          "gauge",

	"qem_compose_task_loading_completed":               "gauge",
	"qem_compose_task_loading_start_timestamp_seconds": "gauge",
	"qem_compose_task_loading_end_timestamp_seconds":   "gauge",
	"qem_compose_task_tables":                          "gauge",
	"qem_compose_task_expected_tables":                 "gauge",
	"qem_compose_task_commands":                        "gauge",
	"qem_compose_task_completed_commands":              "gauge",

	"qem_table_state":                                     "gauge",
	"qem_table_data_errors_total":                         "counter",
	"qem_table_cdc_applied_changes_total":                 "counter",
	"qem_table_last_update_timestamp_seconds":             "gauge",
	"qem_table_full_load_rows":                            "gauge",
	"qem_table_full_load_estimated_rows":                  "gauge",
	"qem_table_full_load_bytes":                           "gauge",
	"qem_table_full_load_start_timestamp_seconds":         "gauge",
	"qem_table_full_load_end_timestamp_seconds":           "gauge",
	"qem_table_full_load_estimated_end_timestamp_seconds": "gauge",
	"qem_table_full_load_cached_changes":                  "gauge",
}

// about reports whether a series is about a server, a task or a table, rather than
// about the exporter and its polls.
func about(key string) bool {
	for _, prefix := range []string{"qem_server_", "qem_task_", "qem_compose_task_", "qem_table_"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// familyOf is the family that the samples of a name belong to.
func familyOf(name string) string {
	if _, ok := families[name]; ok {
		return name
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if family, ok := strings.CutSuffix(name, suffix); ok && families[family] == "histogram" {
			return family
		}
	}
	return name
}
