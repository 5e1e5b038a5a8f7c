package aemtest

import (
	"testing"
	"time"
)

func TestDeleteOldChangeData(t *testing.T) {
	s, clock := world(t, Options{})
	clock.set(1500 * time.Millisecond)
	c := as(t, s, Operator)
	const path = "servers/S/tasks/T?action=delete_old_change_data"
	for _, good := range []string{"2020-07-30T16:15:00Z", "P1M3DT1H2M", "P1Y", "PT5S", "P2W"} {
		c.must("POST", path, `{"timestamp_or_offset":"`+good+`"}`)
		got := s.State().Task("S", "T").Deletions
		if last := got[len(got)-1]; last.Before != good || !last.Requested.Equal(testStart.Add(time.Second)) {
			t.Errorf("%s is kept as %v", good, last)
		}
	}
}
