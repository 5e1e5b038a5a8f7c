package collector

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// contract is what users' queries rely on: every family's name, type and labels.
// Families may be added; none is renamed, dropped or changed.
const contract = `
qem_exporter_build_info gauge branch goarch goos goversion revision tags version
qem_exporter_config_last_reload_successful gauge
qem_exporter_config_last_reload_success_timestamp_seconds gauge

qem_up gauge manager
qem_poll_last_success_timestamp_seconds gauge manager
qem_poll_last_duration_seconds gauge manager
qem_polls_total counter manager result=success,partial,failure
qem_exporter_duplicates_dropped_total counter manager
qem_api_requests_total counter manager operation code
qem_api_request_duration_seconds histogram manager operation
qem_api_errors_total counter manager operation error
qem_api_retries_total counter manager operation
qem_api_logins_total counter manager result=success,failure

qem_server_info gauge manager server product host port platform version
qem_server_state gauge manager server state=monitored,not_monitored,error
qem_server_up gauge manager server
qem_server_last_connection_timestamp_seconds gauge manager server
qem_server_tasks gauge manager server state=running,stopped,recovering,error
qem_server_license_state gauge manager server state=valid,invalid_checksum,expired,no_license,machine_not_licensed,invalid
qem_server_license_issue_timestamp_seconds gauge manager server
qem_server_license_expiry_timestamp_seconds gauge manager server
qem_server_license_days_to_expiration gauge manager server
qem_server_disk_usage_bytes gauge manager server
qem_server_memory_bytes gauge manager server
qem_server_replicate_cpu_ratio gauge manager server
qem_server_machine_cpu_ratio gauge manager server

qem_task_info gauge manager server task product type profile project source source_type target target_type log_stream_staging
qem_task_option_enabled gauge manager server task option=full_load,apply_changes,store_changes,audit_changes
qem_task_tag gauge manager server task tag
qem_task_state gauge manager server task state=running,stopped,error,recovering
qem_task_stop_reason gauge manager server task reason
qem_task_up gauge manager server task
qem_task_source_latency_seconds gauge manager server task
qem_task_total_latency_seconds gauge manager server task
qem_task_cdc_applied_changes_total counter manager server task operation=insert,update,delete,ddl
qem_task_cdc_records_per_second gauge manager server task endpoint=source,target
qem_task_cdc_bytes_per_second gauge manager server task endpoint=source,target
qem_task_cdc_commit_records_total counter manager server task
qem_task_cdc_rolled_back_transactions_total counter manager server task
qem_task_cdc_rolled_back_records_total counter manager server task
qem_task_cdc_rolled_back_bytes_total counter manager server task
qem_task_cdc_applied_transactions_total counter manager server task
qem_task_cdc_applied_records_total counter manager server task
qem_task_cdc_applied_bytes_total counter manager server task
qem_task_cdc_applying_transactions gauge manager server task
qem_task_cdc_applying_records gauge manager server task
qem_task_cdc_pending_changes gauge manager server task stage=accumulated,applying storage=memory,disk
qem_task_full_load_tables gauge manager server task state=completed,loading,queued,error
qem_task_full_load_completed_records gauge manager server task
qem_task_full_load_estimated_records gauge manager server task
qem_task_full_load_completed gauge manager server task
qem_task_full_load_start_timestamp_seconds gauge manager server task
qem_task_full_load_end_timestamp_seconds gauge manager server task
qem_task_full_load_records_per_second gauge manager server task endpoint=source,target
qem_task_full_load_bytes_per_second gauge manager server task endpoint=source,target
qem_task_memory_bytes gauge manager server task
qem_task_cpu_ratio gauge manager server task
qem_task_disk_usage_bytes gauge manager server task
qem_task_data_errors_total counter manager server task
qem_task_tables gauge manager server task state=queued,loading,completed,change_processing,error
qem_task_tables_dropped gauge manager server task
qem_task_latency_objective_seconds gauge manager server task

qem_compose_task_loading_completed gauge manager server task
qem_compose_task_loading_start_timestamp_seconds gauge manager server task
qem_compose_task_loading_end_timestamp_seconds gauge manager server task
qem_compose_task_tables gauge manager server task state=completed,loading,queued,error
qem_compose_task_expected_tables gauge manager server task
qem_compose_task_commands gauge manager server task
qem_compose_task_completed_commands gauge manager server task

qem_table_state gauge manager server task schema table state
qem_table_data_errors_total counter manager server task schema table
qem_table_cdc_applied_changes_total counter manager server task schema table operation=insert,update,delete,ddl
qem_table_last_update_timestamp_seconds gauge manager server task schema table
qem_table_full_load_rows gauge manager server task schema table
qem_table_full_load_estimated_rows gauge manager server task schema table
qem_table_full_load_bytes gauge manager server task schema table
qem_table_full_load_start_timestamp_seconds gauge manager server task schema table
qem_table_full_load_end_timestamp_seconds gauge manager server task schema table
qem_table_full_load_estimated_end_timestamp_seconds gauge manager server task schema table
qem_table_full_load_cached_changes gauge manager server task schema table operation=insert,update,delete

qem_endpoint_info gauge manager server endpoint role type
qem_endpoint_licensed gauge manager server endpoint role
qem_endpoint_test_success gauge manager server endpoint
qem_endpoint_test_duration_seconds gauge manager server endpoint
qem_endpoint_test_timestamp_seconds gauge manager server endpoint
qem_acl_explicit gauge manager server scope object
qem_acl_inheritance_disabled gauge manager server scope object
qem_acl_principals gauge manager server scope object role=admin,designer,operator,viewer,none kind=user,group
qem_task_retention_barrier_timestamp_seconds gauge manager server task application
`

func TestContract(t *testing.T) {
	var want, got []string
	for line := range strings.Lines(contract) {
		if line = strings.TrimSpace(line); line != "" {
			want = append(want, line)
		}
	}
	for _, d := range Families() {
		words := []string{d.Name, d.Type}
		for _, l := range d.Labels {
			word := l.Name
			if len(l.Values) > 0 {
				word += "=" + strings.Join(l.Values, ",")
			}
			words = append(words, word)
		}
		got = append(got, strings.Join(words, " "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("families differ from the contract; -contract +families:\n%s", diff)
	}
}

// What is served must be what the documentation says: all of it, and nothing else.
func TestDocsMatchWhatIsServed(t *testing.T) {
	documented := make(map[string]Doc)
	for _, d := range Families() {
		documented[d.Name] = d
	}
	delete(documented, "qem_exporter_build_info") // not in the golden text
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(goldenMetrics(t)))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range families {
		d, ok := documented[name]
		if !ok {
			t.Errorf("%s is served but not documented", name)
			continue
		}
		delete(documented, name)
		if got := strings.ToLower(f.GetType().String()); got != d.Type {
			t.Errorf("%s is a %s, documented as a %s", name, got, d.Type)
		}
		if f.GetHelp() != d.Help {
			t.Errorf("help of %s is %q, documented as %q", name, f.GetHelp(), d.Help)
		}
		var want []string
		for _, l := range d.Labels {
			want = append(want, l.Name)
		}
		slices.Sort(want)
		for _, m := range f.GetMetric() {
			var got []string
			for _, l := range m.GetLabel() {
				got = append(got, l.GetName())
			}
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s has labels %v, documented as %v", name, got, want)
			}
		}
	}
	for name := range documented {
		t.Errorf("%s is documented, but the golden fleet, which has everything, has no sample of it", name)
	}
}

func TestBuildInfoIsAsDocumented(t *testing.T) {
	_, registry := newTestCollector(t)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "qem_exporter_build_info" {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		if want := []string{"branch", "goarch", "goos", "goversion", "revision", "tags", "version"}; !slices.Equal(labels, want) {
			t.Errorf("labels are %v, want %v", labels, want)
		}
		return
	}
	t.Error("qem_exporter_build_info is not there")
}

func TestLint(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(goldenMetrics(t))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		// The API's own count of days, which the expiry timestamp does not replace.
		if p.Metric == "qem_server_license_days_to_expiration" && strings.Contains(p.Text, "base unit") {
			continue
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestHelpTexts(t *testing.T) {
	for _, d := range Families() {
		if !strings.HasSuffix(d.Help, ".") {
			t.Errorf("help of %s is not a sentence: %q", d.Name, d.Help)
		}
		if !strings.Contains(d.Help, "bsent") && !strings.Contains(d.Help, "Present from the start") {
			t.Errorf("help of %s does not say when it is absent: %q", d.Name, d.Help)
		}
		if unit := unitOf(d.Name); !strings.Contains(d.Help, unit) {
			t.Errorf("help of %s does not name its unit, %q: %q", d.Name, unit, d.Help)
		}
		if d.Source == "" {
			t.Errorf("%s has no source", d.Name)
		}
	}
}

// unitOf is how a help text must name the unit of a family.
func unitOf(name string) string {
	name = strings.TrimSuffix(name, "_total")
	for suffix, unit := range map[string]string{
		"_timestamp_seconds": "in Unix seconds", "_records_per_second": "in records per second", "_bytes_per_second": "in bytes per second",
		"_bytes": "in bytes", "_ratio": "as a ratio", "_info": "always 1",
	} {
		if strings.HasSuffix(name, suffix) {
			return unit
		}
	}
	if strings.HasSuffix(name, "_seconds") {
		return "in seconds"
	}
	return ""
}

func TestDocs(t *testing.T) {
	var b bytes.Buffer
	if err := WriteDocs(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "../docs/metrics.md", b.String())
}
