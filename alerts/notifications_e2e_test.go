//go:build e2e

package alerts_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// notified is an Alertmanager with the shipped configuration, in fast time, and what it tells.
func notified(t *testing.T) (alertmanager, *told) {
	t.Helper()
	o := listen(t)
	return startAlertmanager(t, hastened(t, alertmanagerFile, "60", "http://127.0.0.1:9/", o.url)), o
}

func (o *told) await(t *testing.T, alert, status string) {
	t.Helper()
	process.Eventually(t, alert+" is told as "+status, time.Minute, func() bool { return o.has(alert, status) })
}

// A storm of 500 tasks on 20 servers is one notification for each team, not 500 nor 20.
func TestStormIsOneNotification(t *testing.T) {
	am, o := notified(t)
	var storm []map[string]string
	for i := range 500 {
		a := alertLabels("QemTaskError", "critical", "prod", fmt.Sprintf("repl-%02d", i%20), fmt.Sprintf("t%d", i))
		a["team"] = []string{"crm", "dwh"}[i%2]
		storm = append(storm, a)
	}
	am.post(t, storm, true)
	process.Eventually(t, "all 500 are told", time.Minute, func() bool { return len(o.from(0)) >= 500 })
	if n := o.messages(); n != 2 {
		t.Errorf("%d notifications of 500 alerts of two teams", n)
	}
}

// A warning of a task that was told and is muted in an outage is told as ended after it; the licence's all the time.
func TestEndsAreTold(t *testing.T) {
	am, o := notified(t)
	task := alertLabels("QemTaskTablesInError", "warning", "prod", "repl", "t")
	failed := alertLabels("QemTaskError", "critical", "prod", "repl", "u")
	licence := alertLabels("QemServerLicenseExpired", "critical", "prod", "repl")
	outage := alertLabels("QemManagerUnreachable", "critical", "prod")
	am.post(t, []map[string]string{task, failed, licence}, true)
	o.await(t, "operations-chat "+label(task), "firing")
	o.await(t, "operations-pager "+label(failed), "firing")
	o.await(t, "operations-pager "+label(licence), "firing")
	am.post(t, []map[string]string{outage}, true)
	o.await(t, "operations-pager "+label(outage), "firing")
	// Mended during the outage: a critical alert and a licence are not muted. The rules hold both while nothing is read.
	am.post(t, []map[string]string{failed, licence}, false)
	o.await(t, "operations-pager "+label(failed), "resolved")
	o.await(t, "operations-pager "+label(licence), "resolved")
	// What is muted outlives the outage: its keep_firing_for is longer.
	am.post(t, []map[string]string{outage}, false)
	o.await(t, "operations-pager "+label(outage), "resolved")
	am.post(t, []map[string]string{task}, false)
	o.await(t, "operations-chat "+label(task), "resolved")
}
