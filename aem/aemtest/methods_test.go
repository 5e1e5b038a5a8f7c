package aemtest

import (
	"fmt"
	"io"
	"net/http"
	"os"
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

const someACL = `{"admin_role":{"users":[{"name":"EXAMPLE\\ann"}]}}`

// roleOf is the role of a name.
func roleOf(name string) Role {
	return Role(slices.Index([]string{"none", "viewer", "operator", "designer", "admin"}, name))
}

// request is a request of the API, and the role that it needs.
type request struct {
	role                        Role
	operation, verb, path, body string
}

// requests are those of testdata/requests.txt.
func requests(t testing.TB) (list []request) {
	t.Helper()
	text, err := os.ReadFile("testdata/requests.txt")
	ok(t, err)
	for line := range strings.Lines(string(text)) {
		if part := strings.SplitN(strings.TrimSpace(line), " ", 5); part[0] != "#" {
			part = append(part, "")
			list = append(list, request{roleOf(part[0]), part[1], part[2], part[3], strings.ReplaceAll(part[4], "⏎", "\n")})
		}
	}
	return list
}

// requestWorld is a world in which all requests can succeed.
func requestWorld(t testing.TB, shape Shape) *Simulator {
	s, _ := world(t, Options{Shape: shape})
	addEndpoints(t, s)
	return s
}

func addEndpoints(t testing.TB, s *Simulator) {
	for _, e := range []string{"unused", "src__A", "src__B"} {
		ok(t, s.AddEndpoint("S", EndpointState{Endpoint: aem.Endpoint{Name: e}}))
	}
}

// ready is a world in which a request can succeed, and an admin.
func (r *request) ready(t *testing.T, shape Shape) (*Simulator, *caller) {
	s := requestWorld(t, shape)
	c := as(t, s, Admin)
	if strings.HasSuffix(r.path, "?action=acl") && r.verb != http.MethodPut {
		c.must("PUT", r.path, someACL)
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
	for _, r := range requests(t) {
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
	for _, r := range requests(t) {
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
	for _, r := range requests(t) {
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
	for _, r := range requests(t) {
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
