package aemtest

import (
	"iter"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// TestTableCalls reloads and resumes tables, of a custom task and of a generated one.
func TestTableCalls(t *testing.T) {
	s, clock := world(t, Options{})
	c := as(t, s, Operator)
	path := "servers/S/tasks/T/tables?schema=HR&table="
	c.must("POST", path+"bad&action=reload", "")
	want := []struct {
		after time.Duration
		state aem.TableState
	}{{0, aem.TableQueued}, {5 * time.Second, aem.TableLoading}, {time.Minute, aem.TableChangeProcessing}}
	for _, w := range want {
		clock.set(w.after)
		v := s.State().Task("S", "T")
		if v.Tables[1].State != w.state || v.Tables[0].State != aem.TableChangeProcessing {
			t.Errorf("%v after a reload: %s, the other table is %s", w.after, v.Tables[1].State, v.Tables[0].State)
		}
		if f := v.FullLoad; f.TablesWithError.Int() != 0 ||
			f.TablesQueued.Int()+f.TablesLoading.Int()+f.TablesCompleted.Int() != 2 {
			t.Errorf("%v after a reload: %+v", w.after, f)
		}
	}
	if v := s.State().Task("S", "T").Tables[1]; v.DataErrors.Int() != 0 ||
		v.FullLoad.TransferredRows.Int() != customRows ||
		v.FullLoad.Start.IsZero() || v.FullLoad.End.IsZero() {
		t.Errorf("a reloaded table: %+v", v)
	}
	c.refuses("AEM_UNSPEND_TABLE_ERR", "POST", path+"bad&action=Resume", "")
	c.must("POST", "servers/S/tasks/U/tables?schema=HR&table=bad&action=resume", "")
	if v := s.State().Task("S", "U"); v.Tables[1].State != aem.TableChangeProcessing ||
		v.FullLoad.TablesWithError.Int() != 0 {
		t.Errorf("a resumed table: %+v", v.Tables[1])
	}
}

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
