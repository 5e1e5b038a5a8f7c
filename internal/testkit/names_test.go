package testkit_test

import (
	"slices"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit"
)

func TestStrangers(t *testing.T) {
	const text = `sum by (task) (qem_task_state{state=~"running|flying", task=~"a.*", tusk="x"}) or qem_nothing or task:qem_own:max,
		qem_task_cdc_*, qem_tisk_*, qem_server_poll_duration_seconds_bucket and qem_exporter`
	want := []string{"qem_nothing", "qem_tisk_*", "qem_server_poll_duration_seconds_bucket", `qem_task_state{state="flying"}`,
		"qem_task_state{tusk}"}
	if got := testkit.Strangers(text, "qem_exporter"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
