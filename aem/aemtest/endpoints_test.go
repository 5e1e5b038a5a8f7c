package aemtest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

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

// TestStateIsACopy changes what it was told.
func TestStateIsACopy(t *testing.T) {
	s := requestWorld(t, RealWorld)
	as(t, s, Admin).must("PUT", "servers/S/endpoints/src?action=acl", someACL)
	before, told := s.State(), s.State().Server("S")
	told.Endpoints[0].Settings["server"] = "changed"
	told.Endpoints[0].ACL.Admin.Users[0] = "changed"
	told.Tasks[0].Tables[0].Name = "changed"
	if diff := difference(before, s.State()); diff != "" {
		t.Errorf("the truth has changed (-before +now):\n%s", diff)
	}
}
