package aemtest

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRetentionBarriers(t *testing.T) {
	const get, put = "servers/S/tasks/T?action=get_change_data_retention_barrier",
		"servers/S/tasks/T?action=set_change_data_retention_barrier"
	body := func(application, point string) string {
		return `{"retention_point":"` + point + `","application":"` + application + `"}`
	}
	for _, shape := range []Shape{RealWorld, Guide, Legacy} {
		s, _ := world(t, Options{Shape: shape})
		c := as(t, s, Operator)
		read := func() string { return strings.TrimPrefix(string(c.must("GET", get, "")), "\ufeff") }
		c.must("PUT", put, body("B", "2020-06-30T16:15:00Z"))
		c.must("PUT", put, body("A", "2021-06-30T16:15:00Z"))
		if got := read(); got != `{"application":"B","retention_point":"2020-06-30T16:15:00Z"}` {
			t.Errorf("the earliest is %s", got)
		}
		if got := s.State().Task("S", "T").Barriers; len(got) != 2 || got[0].Application != "A" {
			t.Errorf("the truth is %v", got)
		}
		c.must("PUT", put, body("B", "2022-06-30T16:15:00Z"))
		if got := read(); !strings.Contains(got, "2021-") {
			t.Errorf("the earliest is %s", got)
		}
		c.must("PUT", put, body("A", ""))
		c.must("PUT", put, body("B", ""))
		if got := s.State().Task("S", "T").Barriers; len(got) != 0 {
			t.Errorf("all were removed, but %v", got)
		}
	}
}

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

func TestAuditTrail(t *testing.T) {
	s, clock := world(t, Options{})
	c, operator := as(t, s, Admin), as(t, s, Operator)
	operator.must("POST", "servers/S/tasks/T"+stopQuery, "")
	operator.must("GET", "servers/S/tasks/T", "")
	clock.set(time.Hour)
	operator.refuses("AEM_TASK_ALREADY_STOPPED", "POST", "servers/S/tasks/T"+stopQuery, "")
	operator.send("DELETE", "servers/S/def", "") // not permitted: not recorded
	clock.set(2 * time.Hour)
	c.must("PUT", "servers/S/endpoints/src?action=acl", someACL)

	if got := s.AuditTrail(); len(got) != 3 || got[1].Error != "AEM_TASK_ALREADY_STOPPED" ||
		got[0].User != user(Operator).Name || got[2].Object != "src" {
		t.Errorf("the audit trail is %+v", got)
	}
	ticks := func(at time.Time) string { return strconv.FormatInt(at.UnixNano()/100+ticksAtUnix, 10) }
	for query, want := range map[string]string{
		"start_timestamp=2025-10-01T09:00:00Z":                                    "StopTask StopTask PutEndpointAcl",
		"start_timestamp=2025-10-01T09:00:01Z&end_timestamp=2025-10-01T10:59:00Z": "StopTask",
		"start_timestamp=" + ticks(testStart.Add(time.Minute)):                    "StopTask PutEndpointAcl",
		"start_timestamp=" + ticks(testStart.Add(-time.Minute)) + "&end_timestamp=" +
			ticks(testStart.Add(500*time.Millisecond)): "StopTask",
		"start_timestamp=2026-10-01T09:00:00Z": "",
	} {
		var got struct {
			Trail []struct{ Timestamp, Request, Status string } `json:"audit_trail"`
		}
		if err := json.Unmarshal(c.must("GET", "security/audit_trail?"+query, ""), &got); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range got.Trail {
			names = append(names, strings.TrimPrefix(r.Request, "Aem"))
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%s: %v, want %s", query, names, want)
		}
	}
	if got := ticks(time.Date(2020, 11, 15, 11, 17, 5, 8219400, time.UTC)); got != "637410358250082194" {
		t.Errorf("the ticks of the guide are %s", got)
	}
}
