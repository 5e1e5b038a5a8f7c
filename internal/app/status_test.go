package app

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// A manager that goes down is told with the time of its last good poll.
func TestStatusRemembersTheLastGoodPoll(t *testing.T) {
	sim := simulated(t)
	o := testOptions(configFile(t, entry("prod", sim.URL, "poll_interval: 1s", "retries: 0")))
	o.Shard, o.TotalShards = 0, 2
	d := start(t, o)
	d.awaitReady()
	sim.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultStatus})

	var status struct {
		Shard    struct{ Index, Total int }
		Managers []struct {
			State       string
			LastSuccess time.Time                 `json:"last_success"`
			LastPoll    struct{ Ended time.Time } `json:"last_poll"`
		}
	}
	eventually(t, "the status says that the manager is down", func() bool {
		_, text := d.get("/api/v1/status")
		if err := json.Unmarshal([]byte(text), &status); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return status.Managers[0].State == "down"
	})
	if m := status.Managers[0]; m.LastSuccess.IsZero() || !m.LastSuccess.Before(m.LastPoll.Ended) {
		t.Errorf("the last good poll ended at %s, the last one at %s", m.LastSuccess, m.LastPoll.Ended)
	}
	if status.Shard.Total != 2 {
		t.Errorf("shard %+v", status.Shard)
	}
	if _, page := d.get("/"); !strings.Contains(page, "The last good one ended at") || !strings.Contains(page, "Shard 0 of 2") {
		t.Errorf("the page does not tell:\n%s", page)
	}
}
