package aemtest

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
)

// TestConcurrentCalls lets many callers read and change one task at once.
func TestConcurrentCalls(t *testing.T) {
	s := New(Options{Servers: 2, ComposeServers: -1, TasksPerServer: 3, Incidents: true, Users: []User{user(Admin)}})
	srv := s.State().Servers[0]
	path := taskPath(srv.Name, srv.Tasks[0].Name)
	calls := []struct{ verb, path, body string }{
		{"POST", path + stopQuery, ""}, {"POST", path + runQuery + resumeProcessing, ""},
		{"POST", path + runQuery + reloadTarget, ""},
		{"GET", path, ""}, {"GET", path + "/tables?action=getstatus", ""}, {"GET", serverPath(srv.Name), ""},
		{"PUT", path + "?action=acl", someACL}, {"GET", path + "?action=acl", ""},
		{"GET", serverPath(srv.Name) + "?action=export", ""},
		{"POST", path + "/tables?action=reload&schema=" + srv.Tasks[0].Tables[0].Schema + "&table=" +
			srv.Tasks[0].Tables[0].Name, ""},
		{"GET", serverPath(srv.Name) + "/def", ""}, {"GET", serverPath(srv.Name) + "/endpoints", ""},
		{"PATCH", serverPath(srv.Name) + "/endpoints/" + srv.Endpoints[0].Name,
			`[{"op":"add","path":"/db_settings/a","value":{"b":[1]}}]`},
	}
	var all sync.WaitGroup
	for i := range 8 {
		c := as(t, s, Admin)
		all.Go(func() {
			for j := range 60 {
				x := calls[(i*5+j)%len(calls)]
				if status, code, body := c.send(x.verb, x.path, x.body); status != http.StatusOK &&
					!strings.HasPrefix(code, "AEM_") {
					t.Errorf("%s %s: HTTP %d %s", x.verb, x.path, status, body)
				}
				if j%20 == 0 {
					_ = s.State()
				}
			}
		})
	}
	all.Wait()
}

// TestLengthOverTheWire speaks HTTP by hand, to leave out what clients add.
func TestLengthOverTheWire(t *testing.T) {
	s := NewServer(Options{Servers: -1, ComposeServers: -1, Users: []User{user(Operator)}})
	defer s.Close()
	s.AddServer(ServerState{ServerDetails: aem.ServerDetails{Name: "S"}, Tasks: []Task{customTask("T", aem.TaskRunning)}})
	c := as(t, s.Simulator, Operator)
	address, _, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), "/")
	for _, test := range []struct {
		header string
		want   int
	}{{"", http.StatusLengthRequired}, {"Content-Length: 0\r\n", http.StatusOK}} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s/api/v1/servers/S/tasks/T%s HTTP/1.1\r\nHost: em\r\n%s: %s\r\nConnection: "+
			"close\r\n%s\r\n", Path, stopQuery, SessionHeader, c.session, test.header)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		conn.Close()
		if resp.StatusCode != test.want {
			t.Errorf("POST with %q: HTTP %d, want %d", test.header, resp.StatusCode, test.want)
		}
	}
	if s.State().Task("S", "T").State != aem.TaskStopped {
		t.Error("the task has not stopped")
	}
}
