package generate

import (
	"strings"

	"github.com/qem-exporter/qem_exporter/collector"
)

const pending = `gauge qem_manager_info manager url
gauge qem_state_interval_seconds manager
gauge qem_poll_interval_seconds manager
gauge qem_servers manager state=listed|polled
gauge qem_login_next_attempt_timestamp_seconds manager
gauge qem_certificate_expiry_timestamp_seconds manager
gauge qem_exporter_shard_info shard total_shards
counter qem_exporter_log_lines_dropped_total
gauge qem_server_poll_last_success_timestamp_seconds manager server
gauge qem_server_poll_duration_seconds manager server
gauge qem_server_unreadable manager server reason
gauge qem_server_license_remaining_seconds manager server
gauge qem_server_tasks_expected manager server
gauge qem_server_tasks_listed manager server
gauge qem_server_tasks_polled manager server
gauge qem_server_memory_limit_bytes manager server
gauge qem_server_disk_limit_bytes manager server
gauge qem_task_state_since_timestamp_seconds manager server task
gauge qem_task_last_change_timestamp_seconds manager server task
gauge qem_task_cdc_records_per_second manager server task side=source|target
gauge qem_task_cdc_bytes_per_second manager server task side=source|target
gauge qem_task_full_load_records_per_second manager server task side=source|target
gauge qem_task_full_load_bytes_per_second manager server task side=source|target
gauge qem_task_data_errors manager server task
gauge qem_task_full_load_objective_seconds manager server task
gauge qem_task_expected_running manager server task
gauge qem_task_priority manager server task priority=page|ticket|none
gauge qem_endpoint_info manager server endpoint_name role type
gauge qem_endpoint_licensed manager server endpoint_name role
gauge qem_endpoint_test_success manager server endpoint_name
gauge qem_endpoint_test_duration_seconds manager server endpoint_name
gauge qem_endpoint_test_timestamp_seconds manager server endpoint_name`

func (k families) addPending() {
	for line := range strings.Lines(pending) {
		words := strings.Fields(line)
		f := family{kind: words[0]}
		for _, w := range words[2:] {
			name, values, fixed := strings.Cut(w, "=")
			l := collector.Label{Name: name}
			if fixed {
				l.Values = strings.Split(values, "|")
			}
			f.labels = append(f.labels, l)
		}
		f.polled = f.label("manager") != nil
		k[words[1]] = f
	}
}
