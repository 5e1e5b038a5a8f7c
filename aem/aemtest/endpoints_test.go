package aemtest

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// TestHiddenEndpoints has one who does not see all of them.
func TestHiddenEndpoints(t *testing.T) {
	s, _ := world(t, Options{})
	s.SetUsers(User{Name: user(Operator).Name, Password: "x", Role: Operator, Endpoints: []string{"s*"}})
	c := as(t, s, Operator)
	if got := string(c.must("GET", "servers/S/endpoints", "")); strings.Contains(got, "tgt") {
		t.Errorf("one who does not see tgt gets %s", got)
	}
	c.answers(http.StatusForbidden, "UNAUTHORIZED_REQUEST", "GET", "servers/S/endpoints/tgt?action=test", "")
	c.refuses("AEM_EXPORT_TASK_NO_PERMISSION_ON_ENDPOINT", "GET", "servers/S/tasks/T?action=export", "")
}

// TestFleetEndpoints has the endpoints of all tasks, unused ones, and an Oracle
// source that can fail over.
func TestFleetEndpoints(t *testing.T) {
	s := New(Options{Servers: 3, TasksPerServer: 20, Start: testStart})
	failover := 0
	for _, srv := range s.State().Servers {
		used := make(map[string]bool)
		for _, v := range srv.Tasks {
			used[v.Source.Name], used[v.Target.Name] = true, true
		}
		seen := make(map[string]bool)
		unused := 0
		for _, e := range srv.Endpoints {
			if seen[e.Name] {
				t.Errorf("%s has %q twice", srv.Name, e.Name)
			}
			seen[e.Name] = true
			if !used[e.Name] {
				unused++
			}
			if strings.HasSuffix(e.Name, "__SecondaryOracle") && seen[strings.TrimSuffix(e.Name, "__SecondaryOracle")] {
				failover++
			}
		}
		for name := range used {
			if srv.Product == aem.Replicate && !seen[name] {
				t.Errorf("%s lacks %q", srv.Name, name)
			}
		}
		if srv.Product == aem.Replicate && unused == 0 || srv.Product == aem.Compose && len(srv.Endpoints) > 0 {
			t.Errorf("%s has %d endpoints that nobody uses", srv.Name, unused)
		}
	}
	if failover == 0 {
		t.Error("no Oracle source can fail over")
	}
}

func TestDeleteEndpoint(t *testing.T) {
	s := requestWorld(t, RealWorld)
	c := as(t, s, Designer)
	c.must("DELETE", "servers/S/endpoints/unused?action=delete", "")
	c.must("POST", "servers/S/endpoints/src__A?action=Delete", "")
	if n := len(s.State().Server("S").Endpoints); n != 3 {
		t.Errorf("%d endpoints are left", n)
	}
	c.refuses("AEM_ENDPOINT_NOT_FOUND", "POST", "servers/S/endpoints/unused?action=delete", "")
}

func TestSlowEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Servers: -1, ComposeServers: -1, Users: []User{user(Operator)}})
		s.AddServer(ServerState{ServerDetails: aem.ServerDetails{Name: "S"}, Tasks: []Task{customTask("T", aem.TaskRunning)}})
		ok(t, s.SetEndpointTest("S", "tgt", EndpointTest{Takes: 90 * time.Second}))
		c := as(t, s, Operator)
		for query, want := range map[string]time.Duration{"": 60 * time.Second, "&timeout=5": 5 * time.Second,
			"&timeout=100": 0} {
			began := time.Now()
			if want == 0 {
				c.must("GET", "servers/S/endpoints/tgt?action=test"+query, "")
				want = 90 * time.Second
			} else {
				c.refuses("AEM_TEST_ENDPOINT_CONNECTION_TIMEOUT", "GET", "servers/S/endpoints/tgt?action=test"+query, "")
			}
			if took := time.Since(began); took != want {
				t.Errorf("%q takes %v, want %v", query, took, want)
			}
		}
	})
}

// TestEndpointFault makes one endpoint's tests go wrong.
func TestEndpointFault(t *testing.T) {
	s, _ := world(t, Options{})
	s.AddFault(Fault{Operation: "TestEndpoint", Endpoint: "t*", Kind: FaultAPIError,
		Code: "AEM_TEST_ENDPOINT_CONNECTION_TIMEOUT"})
	c := as(t, s, Operator)
	c.must("GET", "servers/S/endpoints/src?action=test", "")
	c.refuses("AEM_TEST_ENDPOINT_CONNECTION_TIMEOUT", "GET", "servers/S/endpoints/tgt?action=test", "")
}

func TestPatchEndpoint(t *testing.T) {
	s, _ := world(t, Options{})
	ok(t, s.AddEndpoint("S", EndpointState{Endpoint: aem.Endpoint{Name: "e"}, Settings: map[string]any{
		"$type": "OracleSettings", "server": "old", "connectioninfo": map[string]any{"$type": "x", "port": 1521.0},
		"list": []any{1.0},
	}}))
	c := as(t, s, Designer)
	const path = "servers/S/endpoints/e"
	c.must("PATCH", path, `[{"op":"test","path":"/db_settings/server","value":"old"},
		{"op":"replace","path":"/db_settings/server","value":"new"},
		{"op":"add","path":"/db_settings/extra","value":{"a":[1]}},
		{"op":"add","path":"/db_settings/connectioninfo/host","value":"h"},{"op":"remove","path":"/db_settings/list"},
		{"op":"test","path":"/db_settings/connectioninfo/port","value":1521},
		{"op":"add","path":"/db_settings/a~1b~0c","value":null}]`)
	settings := func() map[string]any {
		for _, e := range s.State().Server("S").Endpoints {
			if e.Name == "e" {
				return e.Settings
			}
		}
		return nil
	}
	got := settings()
	info, _ := got["connectioninfo"].(map[string]any)
	if _, there := got["a/b~c"]; got["server"] != "new" || got["list"] != nil || info["host"] != "h" || !there ||
		len(got) != 5 {
		t.Errorf("the settings are %v", got)
	}
	got["server"] = "changed"
	if settings()["server"] != "new" {
		t.Error("the truth is not a copy")
	}
}

func TestReconfigureEndpoint(t *testing.T) {
	s := requestWorld(t, RealWorld)
	ok(t, s.SetEndpointTest("S", "src__B", EndpointTest{Message: "standby"}))
	c := as(t, s, Operator)
	const path = "servers/S/endpoints/src?action=reconfigure"
	source := func() EndpointState { return s.State().Server("S").Endpoints[0] }
	c.must("PUT", path+"&configuration=B&recycle=false", "")
	if v := s.State().Task("S", "T"); v.CDCEvents.Inserts.Int() != 10 || source().Configuration != "B" {
		t.Errorf("without recycling: %+v, %+v", v.CDCEvents, source())
	}
	resp, body, err := c.do("PUT", path+"&configuration=A", "")
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Application-Status") != "200" || len(body) != 0 {
		t.Errorf("%v %v %s", err, resp, body)
	}
	state := s.State()
	if v := state.Task("S", "T"); v.State != aem.TaskRunning || v.CDCEvents.Inserts.Int() != 0 {
		t.Errorf("a recycled task: %+v", v)
	}
	if v := state.Task("S", "U"); v.State != aem.TaskStopped || v.CDCEvents.Inserts.Int() != 10 {
		t.Errorf("a task that was stopped: %+v", v)
	}
	if e := source(); e.Configuration != "A" || !strings.HasPrefix(e.Settings["server"].(string), "src__a.") {
		t.Errorf("the endpoint: %+v", e)
	}
}
