package aemtest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

func user(role Role) User {
	return User{Name: fmt.Sprintf(`EXAMPLE\role%d`, role), Password: "x", Role: role}
}

// as logs in as somebody of a role.
func as(t testing.TB, s *Simulator, role Role) *caller {
	t.Helper()
	return newCaller(t, s).mustLogin(user(role).Name, "x")
}

// world is a small Enterprise Manager with all roles, and a clock that the test
// moves. Its server S has the tasks T, which runs, and U, which is stopped.
func world(t testing.TB, opts Options) (*Simulator, *testClock) {
	t.Helper()
	clock := newClock()
	opts.Start, opts.Clock = testStart, clock.now
	if opts.Servers == 0 {
		opts.Servers, opts.ComposeServers = -1, -1
	}
	for role := range Admin + 1 {
		opts.Users = append(opts.Users, user(role))
	}
	s := New(opts)
	s.AddServer(ServerState{ServerDetails: aem.ServerDetails{Name: "S", Host: "s.example.net"},
		Tasks: []Task{customTask("T", aem.TaskRunning),
			customTask("U", aem.TaskStopped)}})
	return s, clock
}

func customTask(name string, state aem.TaskState) Task {
	n, yes := aem.WholeOf, aem.BoolOf(true)
	return Task{
		TaskDetails: aem.TaskDetails{
			Name: name, State: state, Source: aem.TaskEndpoint{Name: "src", Type: oracle},
			Target:   aem.TaskEndpoint{Name: "tgt", Type: "Snowflake"},
			Options:  aem.TaskOptions{FullLoad: yes, ApplyChanges: yes},
			MemoryMB: n(100), CPU: n(7), Latency: aem.Latency{Total: aem.DurationOf(9 * time.Second)},
			CDCEvents: aem.CDCEvents{Inserts: n(10), Updates: n(20), Deletes: n(30), DDL: n(1)},
			FullLoad:  aem.FullLoad{TablesCompleted: n(1), TablesWithError: n(1), Completed: yes},
		},
		Tables: []aem.TableStatus{
			{
				Schema: "HR", Name: "good", State: aem.TableChangeProcessing,
				FullLoad: aem.TableFullLoad{TransferredRows: n(500)}, CDC: aem.TableCDC{Inserts: n(10)},
			},
			{Schema: "HR", Name: "bad", State: aem.TableError, DataErrors: n(4)},
		},
	}
}

const (
	someACL    = `{"admin_role":{"users":[{"name":"EXAMPLE\\ann"}]}}`
	someServer = `{"$type":"AemReplicateServer","name":"new-1","host":"new.example.net","port":"443","username":"u",` +
		`"password":"p"}`
	someTask = `// Host name: x
{"cmd.replication_definition":{"tasks":[{"task":{"name":"N","source_name":"src","target_names":["tgt"]}}]}}`
	someLicense = "#\n# comment\n#\nlicense_type=evaluation_license\nexpiration_date=2026-01-31\n" +
		"issue_date=2025-09-01\nchecksum=C2855\n"
)

// request is a request of the API; before runs first, as an admin.
type request struct {
	operation, verb, path, body string
	role                        Role
	before                      func(*caller)
}

// requests are one that succeeds for each method, with the role that it needs.
func requests() []request {
	put := func(path string) func(*caller) {
		return func(c *caller) { c.must("PUT", path+"?action=acl", someACL) }
	}
	list := []request{
		{"PutServerLicense", "PUT", "servers/S/license/def", someLicense, Admin, nil},
		{"GetServerDetails", "GET", "servers/S", "", Viewer, nil},
		{"PutServer", "PUT", "servers/new-1/def", someServer, Admin, nil},
		{"GetServer", "GET", "servers/S/def", "", Operator, nil},
		{"GetServerList", "GET", "servers", "", Viewer, nil},
		{"DeleteServer", "DELETE", "servers/S/def", "", Admin, nil},
		{"GetTaskList", "GET", "servers/S/tasks", "", Viewer, nil},
		{"GetTaskDetails", "GET", "servers/S/tasks/T", "", Viewer, nil},
		{"GetTableList", "GET", "servers/S/tasks/T/tables", "", Viewer, nil},
		{"GetTaskTableSelection", "GET", "servers/S/tasks/T/tables?action=selection", "", Viewer, nil},
		{"PutTaskTableSelection", "PUT", "servers/S/tasks/T/tables?action=selection",
			`{"included_pattern":[{"owner":"HR","name":"%"}]}`, Admin, nil},
		{"GetTableStatuses", "GET", "servers/S/tasks/T/tables?action=getstatus", "", Viewer, nil},
		{"DeleteTask", "POST", "servers/S/tasks/U?action=delete&deletetasklogs=true", "", Designer, nil},
		{"ExportTask", "GET", "servers/S/tasks/T?action=export&withendpoints=true", "", Operator, nil},
		{"ImportTask", "POST", "servers/S/tasks/N?action=import", someTask, Designer, nil},
		{"CloneTask", "POST", "servers/S/tasks/T?action=clone", `{"new_task_name":"C"}`, Operator, nil},
		{"ExportAuditTrail", "GET", "security/audit_trail?start_timestamp=2020-06-30T16:15:00Z", "", Admin, nil},
		{"RunTask", "POST", "servers/S/tasks/U?action=run&option=RESUME_PROCESSING&timeout=60", "", Operator, nil},
		{"StopTask", "POST", "servers/S/tasks/T?action=stop&timeout=60", "", Operator, nil},
		{"GetEndpointList", "GET", "servers/S/endpoints", "", Viewer, nil},
		{"PatchEndpoint", "PATCH", "servers/S/endpoints/src",
			`[{"op":"replace","path":"/db_settings/username","value":"x"}]`, Designer, nil},
		{"DeleteEndpoint", "DELETE", "servers/S/endpoints/unused?action=delete", "", Designer, nil},
		{"DeleteEndpoint", "POST", "servers/S/endpoints/unused?action=delete", "", Designer, nil},
		{"ReconfigureEndpointNoWait", "PUT", "servers/S/endpoints/src?action=reconfigure&configuration=B&recycle=true", "",
			Operator, nil},
		{"ExportAll", "GET", "servers/S?action=export", "", Admin, nil},
		{"ImportAll", "POST", "servers/S?action=import", someTask, Admin, nil},
		{"ReloadTable", "POST", "servers/S/tasks/T/tables?action=reload&schema=HR&table=bad", "", Operator, nil},
		{"ResumeTable", "POST", "servers/S/tasks/T/tables?action=Resume&schema=HR&table=bad", "", Operator, nil},
		{"TestEndpoint", "GET", "servers/S/endpoints/src?action=test&timeout=60", "", Operator, nil},
		{"DeleteOldChangeData", "POST", "servers/S/tasks/T?action=delete_old_change_data",
			`{"timestamp_or_offset":"P1M3DT1H2M"}`, Operator, nil},
		{"SetChangeDataRetentionBarrier", "PUT", "servers/S/tasks/T?action=set_change_data_retention_barrier",
			`{"retention_point":"2020-06-30T16:15:00Z","application":"Compose"}`, Operator, nil},
		{"GetChangeDataRetentionBarrier", "GET", "servers/S/tasks/T?action=get_change_data_retention_barrier", "", Operator,
			nil},
	}
	for _, x := range []struct{ get, put, del, path string }{
		{"GetTaskAcl", "PutTaskAcl", "DeleteTaskAcl", "servers/S/tasks/T"},
		{"GetTasksCollectionAcl", "PutTasksCollectionsAcl", "DeleteTasksCollectionAcl", "servers/S/tasks"},
		{"GetEndpointAcl", "PutEndpointAcl", "DeleteEndpointAcl", "servers/S/endpoints/src"},
		{"GetEndpointsCollectionAcl", "PutEndpointsCollectionsAcl", "DeleteEndpointsCollectionAcl", "servers/S/endpoints"},
		{"GetServerAcl", "PutServerAcl", "DeleteServerAcl", "servers/S"},
	} {
		list = append(list,
			request{x.get, "GET", x.path + "?action=acl", "", Operator, put(x.path)},
			request{x.put, "PUT", x.path + "?action=acl", someACL, Admin, nil},
			request{x.del, "DELETE", x.path + "?action=acl", "", Admin, put(x.path)})
	}
	return list
}

// requestWorld is a world in which all requests can succeed.
func requestWorld(t testing.TB, shape Shape) *Simulator {
	s, _ := world(t, Options{Shape: shape})
	for _, e := range []string{"unused", "src__A", "src__B"} {
		ok(t, s.AddEndpoint("S", EndpointState{Endpoint: aem.Endpoint{Name: e}}))
	}
	return s
}

// ready is a world in which a request can succeed, and an admin.
func (r *request) ready(t *testing.T, shape Shape) (*Simulator, *caller) {
	s := requestWorld(t, shape)
	c := as(t, s, Admin)
	if r.before != nil {
		r.before(c)
	}
	return s, c
}

// TestEveryMethod calls each method in each shape with the least role that may,
// and with the role below it, which may not and changes nothing.
func TestEveryMethod(t *testing.T) {
	if n := len(Operations()); n != 48 {
		t.Errorf("%d methods, want 48", n)
	}
	tested := map[string]bool{"Login": true, "Logout": true} // TestLogin, TestSessionsSlideAndExpire
	for _, r := range requests() {
		tested[r.operation] = true
		for _, shape := range []Shape{RealWorld, Guide, Legacy} {
			s, _ := r.ready(t, shape)
			before := s.Requests(r.operation)
			forbidden := http.StatusForbidden
			if r.operation == "ExportAuditTrail" {
				forbidden = http.StatusUnauthorized
			}
			as(t, s, r.role-1).answers(forbidden, "UNAUTHORIZED_REQUEST", r.verb, r.path, r.body)
			as(t, s, r.role).answers(http.StatusOK, "", r.verb, r.path, r.body)
			if n := s.Requests(r.operation) - before; n != 2 {
				t.Errorf("%s %s is another method: %v", r.verb, r.path, s.RequestCounts())
			}
		}
	}
	for _, name := range Operations() {
		if !tested[name] {
			t.Errorf("nothing tests %s", name)
		}
	}
}

// TestUnknownNames has the errors that all methods have.
func TestUnknownNames(t *testing.T) {
	for _, r := range requests() {
		path, query, _ := strings.Cut(r.path, "?")
		parts := strings.Split(path, "/")
		_, c := r.ready(t, RealWorld)
		refuses := func(i int, code string) {
			other := slices.Clone(parts)
			other[i] = "none"
			c.refuses(code, r.verb, strings.Join(other, "/")+"?"+query, r.body)
		}
		if len(parts) > 1 && parts[0] == "servers" && r.operation != "PutServer" {
			refuses(1, "AEM_SERVER_NOT_FOUND")
		}
		switch {
		case len(parts) <= 3 || r.operation == "ImportTask" || parts[3] == "def":
		case parts[2] == "endpoints":
			refuses(3, "AEM_ENDPOINT_NOT_FOUND")
		default:
			refuses(3, "AEM_TASK_NOT_FOUND")
		}
	}
}

// TestUnreachableServers tells what Enterprise Manager keeps itself from what it
// must ask a server.
func TestUnreachableServers(t *testing.T) {
	for _, r := range requests() {
		for state, code := range map[aem.ServerState]string{
			aem.ServerNotMonitored: "AEM_SERVER_NOT_MONITORED", aem.ServerError: "AEM_SERVER_NOT_CONNECTED",
		} {
			s, c := r.ready(t, RealWorld)
			ok(t, s.SetServerState("S", state, "off"))
			own := strings.HasSuffix(r.operation, "Acl") || strings.HasSuffix(r.operation, "Server") ||
				!strings.HasPrefix(r.path, "servers/S") || r.operation == "GetServerDetails"
			if own {
				c.must(r.verb, r.path, r.body)
			} else {
				c.refuses(code, r.verb, r.path, r.body)
			}
		}
	}
}

// TestLengthRequired sends bodies of unknown length, which the Windows HTTP stack
// does not take.
func TestLengthRequired(t *testing.T) {
	s := requestWorld(t, RealWorld)
	c := as(t, s, Admin)
	for _, r := range requests() {
		if r.verb != http.MethodPost && r.verb != http.MethodPut {
			continue
		}
		resp, _, err := c.ask(r.verb, r.path, io.MultiReader(strings.NewReader(r.body)))
		if err != nil || resp.StatusCode != http.StatusLengthRequired {
			t.Errorf("%s without a length: %v, %v", r.operation, resp, err)
		}
	}
	if s.State().Task("S", "T").State != aem.TaskRunning || len(s.AuditTrail()) != 0 {
		t.Error("a request without a length has changed something")
	}
}
