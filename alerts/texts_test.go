package alerts_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// texts is what somebody reads at night: who, where, since when, how much, and where to look.
const texts = `
rule_files: [RULES]
evaluation_interval: 1m
group_eval_order:
  [qem_thresholds, qem_managers, qem_server_recordings, qem_task_recordings, qem_task_states, qem_task_latencies]
tests:
  - interval: 1m
    input_series:
      - {series: 'qem_manager_info{manager="prod", url="https://qem.example.com"}', values: '1x60'}
      - {series: 'qem_task_info{TASK, source="ORA", target="SNOW"}', values: '1x60'}
      - {series: 'qem_task_tag{TASK, tag="team=crm"}', values: '1x60'}
      - {series: 'qem_task_state{TASK, state="error"}', values: '1x60'}
      - {series: 'qem_task_state_since_timestamp_seconds{TASK}', values: '60x60'}
      - {series: 'qem_task_total_latency_seconds{TASK}', values: '1800x60'}
      - {series: 'qem_task_latency_objective_seconds{TASK}', values: '600x60'}
    alert_rule_test:
      - eval_time: 20m
        alertname: QemTaskError
        exp_alerts:
          - exp_labels: {severity: critical, manager: prod, server: repl 1, task: crm/orders, team: crm,
                          source: ORA, target: SNOW}
            exp_annotations:
              summary: 'prod / repl 1 / crm/orders: a task has failed.'
              description: >-
                Task crm/orders on server repl 1 (prod) is in error and does not run. Source ORA, target SNOW.
                In its state since 1970-01-01 00:01:00 +0000 UTC. Console: https://qem.example.com.
              runbook_url: RUNBOOKSQemTaskError.md
              dashboard_url: /d/qem-task?var-manager=prod&var-server=repl+1&var-task=crm%2Forders
      - eval_time: 20m
        alertname: QemTaskTargetLatencyHigh
        exp_alerts:
          - exp_labels: {severity: warning, manager: prod, server: repl 1, task: crm/orders, team: crm,
                          source: ORA, target: SNOW}
            exp_annotations:
              summary: >-
                prod / repl 1 / crm/orders: the latency of a task is above its objective, most of it at the target.
              description: >-
                Task crm/orders on server repl 1 (prod) is 30m 0s behind, most of it at the target;
                its objective is 10m 0s.
                Source ORA, target SNOW.
                In its state since 1970-01-01 00:01:00 +0000 UTC. Console: https://qem.example.com.
              runbook_url: RUNBOOKSQemTaskTargetLatencyHigh.md
              dashboard_url: /d/qem-task?var-manager=prod&var-server=repl+1&var-task=crm%2Forders
`

func TestTexts(t *testing.T) {
	rules, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("RULES", rules, "RUNBOOKS", runbooksURL, "TASK", `manager="prod", server="repl 1", task="crm/orders"`)
	run(t, "promtool", "test", "rules", process.File(t, "texts.yml", fill.Replace(texts)))
}

// Every text names what the alert is about by its labels, and the console's address.
func TestTextsNameThings(t *testing.T) {
	for _, a := range alerts(t) {
		for _, label := range []string{"manager", "server", "task"} {
			about := strings.HasPrefix(a.Alert, "QemTask") || label == "manager" && a.Group != "qem_exporter" ||
				label == "server" && strings.HasPrefix(a.Alert, "QemServer")
			text := a.Annotations["description"]
			if about && (!strings.Contains(text, "{{ $labels."+label+" }}") || !strings.Contains(text, "Console: ")) {
				t.Errorf("%s does not name its %s or the console: %s", a, label, text)
			}
		}
	}
}
