package aemtest

import (
	"iter"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// TestGeneratedTables mends the tables that generated tasks could not load, and
// the one that an incident breaks.
func TestGeneratedTables(t *testing.T) {
	clock := newClock()
	clock.set(2 * time.Minute)
	s := New(Options{Servers: 3, TasksPerServer: 17, Incidents: true, Start: testStart, Clock: clock.now,
		Users: []User{user(Operator)}})
	c := as(t, s, Operator)
	var resumed, reloaded int
	for srv, v := range reachable(s) {
		server := srv.Name
		for _, x := range v.Tables {
			if x.State != aem.TableError {
				continue
			}
			if v.State != aem.TaskRunning {
				c.must("POST", taskPath(server, v.Name)+runQuery+resumeProcessing, "")
				v.State = aem.TaskRunning
			}
			query := taskPath(server, v.Name) + "/tables?schema=" + url.QueryEscape(x.Schema) + "&table=" +
				url.QueryEscape(x.Name) + "&action="
			if status, code, _ := c.send("POST", query+"Resume", ""); status == http.StatusOK {
				resumed++
				continue
			} else if code != "AEM_UNSPEND_TABLE_ERR" {
				t.Errorf("%s: %s", query, code)
			}
			c.must("POST", query+"reload", "")
			reloaded++
		}
	}
	if resumed == 0 || reloaded == 0 {
		t.Fatalf("%d tables were resumed and %d reloaded", resumed, reloaded)
	}
	clock.set(4*time.Minute + 30*time.Second) // the incident lasts until 5m
	for _, v := range reachable(s) {
		var errors, transferred int64
		for _, x := range v.Tables {
			if x.State == aem.TableError {
				errors++
			}
			transferred += x.FullLoad.TransferredRows.Int()
		}
		if v.State == aem.TaskRunning && errors != 0 || v.Options.FullLoad.True() &&
			(v.FullLoad.TablesWithError.Int() != errors || v.FullLoad.RecordsCompleted.Int() != transferred) {
			t.Errorf("%s has %d tables in error and %d rows: %+v", v.Name, errors, transferred, v.FullLoad)
		}
	}
	clock.set(22 * time.Minute) // it is on again
	again := 0
	for _, v := range reachable(s) {
		if v.State == aem.TaskRunning {
			again += int(v.FullLoad.TablesWithError.Int())
		}
	}
	if again != resumed {
		t.Errorf("%d tables have failed again, %d were resumed", again, resumed)
	}
}

// reachable are the tasks with tables of the servers that can be reached.
func reachable(s *Simulator) iter.Seq2[*ServerState, *Task] {
	return func(yield func(*ServerState, *Task) bool) {
		for srv, v := range tasks(s.State()) {
			if srv.State == aem.ServerMonitored && srv.Product == aem.Replicate && !yield(srv, v) {
				return
			}
		}
	}
}
