package aemtest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

func TestSessionsSlideAndExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		c := viewer(t, s)
		if len(c.session) != 22 || strings.Trim(c.session,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			t.Errorf("session %q", c.session)
		}
		other := viewer(t, s)
		for range 4 { // each request prolongs its own session
			time.Sleep(4*time.Minute + 59*time.Second)
			c.must("GET", "servers", "")
		}
		other.answers(401, "INVALID_SESSION_ID", "GET", "servers", "")
		if n := s.ActiveSessions(); n != 1 {
			t.Errorf("%d active sessions, want 1", n)
		}
		time.Sleep(5 * time.Minute)
		c.answers(401, "INVALID_SESSION_ID", "GET", "servers", "")
		c.login(DefaultUser+"@"+DefaultDomain, DefaultPassword)
		c.must("GET", "servers", "")
		if body := c.must("GET", "logout", ""); len(body) != 0 {
			t.Errorf("logout: %q", body)
		}
		c.answers(401, "INVALID_SESSION_ID", "GET", "servers", "")
		if s.Logins() != 3 || s.Logouts() != 1 || s.ActiveSessions() != 0 || s.Requests("GetServerList") != 8 {
			t.Errorf("%d logins, %d logouts, %d sessions, %d lists", s.Logins(), s.Logouts(), s.ActiveSessions(),
				s.Requests("GetServerList"))
		}
	})
}

func TestLogin(t *testing.T) {
	s := New(Options{Users: []User{
		{Name: `CORP\Ann`, Password: "pass word", APIToken: "pat-1", Role: Viewer},
		{Name: "bob", Password: "bobs", JWT: "a.b.c", Role: Viewer},
	}, LockoutAfter: 3})
	c := newCaller(t, s)
	for _, test := range []struct {
		user, secret string
		want         int
	}{
		{`CORP\Ann`, "pass word", 200}, {`corp\ann`, "pass word", 200}, {"ann@CORP", "pass word", 200}, {"bob", "bobs", 200},
		{"api-token", "pat-1", 200}, {"jwt", "a.b.c", 200},
		{"ann", "pass word", 401}, {`CORP\Ann`, "Pass word", 401}, {"bob", "", 401}, {"api-token", "a.b.c", 401},
		{"jwt", "", 401}, {"nobody", "x", 401},
	} {
		if got := c.login(test.user, test.secret); got != test.want {
			t.Errorf("login of %q with %q: HTTP %d, want %d", test.user, test.secret, got, test.want)
		}
	}
	if resp, _, err := c.do("POST", "login", ""); err != nil || resp.StatusCode != 401 {
		t.Errorf("login without a credential: %v %v", resp, err)
	}
}

func TestLockout(t *testing.T) {
	s := New(Options{LockoutAfter: 3})
	c := viewer(t, s)
	user := DefaultDomain + `\` + DefaultUser
	for range 2 {
		c.login(user, "wrong")
	}
	if c.login(user, DefaultPassword) != 200 {
		t.Error("two refusals lock the account")
	}
	for range 3 {
		c.login(user, "wrong")
	}
	if c.login(user, DefaultPassword) != 401 || s.RefusedLogins() != 6 {
		t.Errorf("a locked account may log in; %d refused", s.RefusedLogins())
	}
	s.SetUsers(DefaultAccount())
	if c.login(user, DefaultPassword) != 200 {
		t.Error("the unlocked account may not log in")
	}
}

func TestOddNames(t *testing.T) {
	s := New(Options{Servers: -1, ComposeServers: -1, OddNames: true})
	c := viewer(t, s)
	srv := s.State().Servers[0]
	for _, task := range srv.Tasks {
		once := taskPath(srv.Name, task.Name)
		twice := serverPath(url.PathEscape(srv.Name)) + "/tasks/" + url.PathEscape(url.PathEscape(task.Name))
		for _, path := range []string{once, twice} {
			var got struct{ Name string }
			c.json(path, &got)
			if got.Name != task.Name {
				t.Errorf("%s answers for %q, want %q", path, got.Name, task.Name)
			}
		}
	}
	if len(srv.Tasks[0].Tables) != len(oddTables()) {
		t.Errorf("%d tables", len(srv.Tasks[0].Tables))
	}
}

func TestTableFilters(t *testing.T) {
	s := New(Options{Servers: -1, ComposeServers: -1})
	task := Task{TaskDetails: aem.TaskDetails{Name: "T"}}
	rows := map[string]string{}
	for i, row := range []string{"HR.ORDERS.QUEUED", "HR.orders.LOADING", "HR2.ORDER_LINES.COMPLETED",
		"SALES.ORDERS.CHANGE_PROCESSING", "SALES.100% &+.ERROR"} {
		p := strings.SplitN(row, ".", 3)
		task.Tables = append(task.Tables,
			aem.TableStatus{Schema: p[0], Name: p[1], State: aem.TableState(strings.ToLower(p[2]))})
		rows[p[0]+"."+p[1]] = strconv.Itoa(i)
	}
	s.AddServer(ServerState{ServerDetails: aem.ServerDetails{Name: "S"}, Tasks: []Task{task}})
	c := viewer(t, s)
	q := url.QueryEscape
	for _, test := range []struct{ query, want string }{
		{"", "0 1 2 3 4"},
		{"&schema=HR", "0 1"},
		{"&schema=hr", ""},
		{"&schema=HR" + q("%"), "0 1 2"},
		{"&table=ORDERS", "0 3"},
		{"&table=" + q("%ORDER%"), "0 2 3"},
		{"&table=" + q("%S"), "0 2 3"},
		{"&table=" + q("O%D%RS"), "0 3"},
		{"&table=" + q("100% &+"), "4"},
		{"&schema=SALES&table=ORDERS", "3"},
		{"&includequeued=true", "0"},
		{"&includequeued=True&includeerror=TRUE", "0 4"},
		{"&includequeued=false", "0 1 2 3 4"},
		{"&includequeued=false&includeloading=false&includecompleted=false&includechangeprocessing=false&includeerror=false",
			"0 1 2 3 4"},
		{"&includequeued=false&includecompleted=true", "2"},
		{"&includechangeprocessing=true&includeloading=true", "1 3"},
		{"&schema=HR&includechangeprocessing=true", ""},
	} {
		var statuses struct {
			Tables []struct {
				Schema string `json:"schema_on_source"`
				Table  string `json:"table_on_source"`
			} `json:"table_details"`
		}
		c.json("servers/S/tasks/T/tables?action=getstatus"+test.query, &statuses)
		var list struct {
			TableList []struct{ Schema, Table string }
		}
		c.json("servers/S/tasks/T/tables?"+strings.TrimPrefix(test.query, "&"), &list)
		var got, gotList []string
		for _, v := range statuses.Tables {
			got = append(got, rows[v.Schema+"."+v.Table])
		}
		for _, v := range list.TableList {
			gotList = append(gotList, rows[v.Schema+"."+v.Table])
		}
		if strings.Join(got, " ") != test.want || !slices.Equal(got, gotList) {
			t.Errorf("%s: tables %v, table list %v, want %s", test.query, got, gotList, test.want)
		}
	}
}

func TestMatchPercent(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"%", "", true}, {"%%", "x", true}, {"a%", "a", true}, {"a%a", "a", false}, {"a%a", "aa", true},
		{"%a%b", "xaxbxb", true},
		{"%ab%ba", "aba", false}, {"a%b%", "ab", true}, {"_", "x", false},
	} {
		if got := matchPercent(test.pattern, test.name); got != test.want {
			t.Errorf("matchPercent(%q, %q) = %v", test.pattern, test.name, got)
		}
	}
}

func TestMutators(t *testing.T) {
	clock := newClock()
	s := New(Options{Start: testStart, Clock: clock.now})
	c := viewer(t, s)
	state := s.State()
	server, task := state.Servers[0].Name, state.Servers[0].Tasks[0].Name
	ok(t, s.SetTask(server, task, func(v *Task) {
		v.State, v.MemoryMB, v.Tables[1].State = aem.TaskError, aem.WholeOf(4711), aem.TableError
	}))
	var details struct {
		Name, State string
		Memory_mb   int64
	}
	c.json(taskPath(server, task), &details)
	if v := s.State().Task(server, task); details.State != "ERROR" || details.Memory_mb != 4711 ||
		v.Tables[1].State != aem.TableError || v.CDCEvents != state.Servers[0].Tasks[0].CDCEvents {
		t.Errorf("an edited task: %+v, %+v", details, v)
	}
	var tables struct{ Table_details []any }
	c.json(taskPath(server, task)+"/tables?action=getstatus&includeerror=true", &tables)
	if len(tables.Table_details) != 1 {
		t.Errorf("an edited table: %+v", tables)
	}
	if s.State().Servers[0].TaskSummary.Running.Int() != state.Servers[0].TaskSummary.Running.Int()-1 {
		t.Error("the summary of the server does not follow")
	}
	ok(t, s.SetTask(server, task, nil))
	ok(t, s.RenameTask(server, task, "new/name"))
	c.json(taskPath(server, "new/name"), &details)
	if details.State != "RUNNING" || details.Name != "new/name" {
		t.Errorf("a renamed task: %+v", details)
	}
	ok(t, s.RemoveTask(server, "new/name"))
	c.refuses("AEM_TASK_NOT_FOUND", "GET", taskPath(server, "new/name"), "")
	ok(t, s.AddTask(server, Task{TaskDetails: aem.TaskDetails{Name: "twice"}}))
	ok(t, s.AddTask(server, Task{TaskDetails: aem.TaskDetails{Name: "twice", State: aem.TaskStopped}}))
	if n := len(s.State().Servers[0].Tasks); n != 11 {
		t.Errorf("%d tasks", n)
	}
	ok(t, s.SetServerState(server, aem.ServerError, "gone"))
	c.refuses("AEM_SERVER_NOT_CONNECTED", "GET", serverPath(server)+"/tasks", "")
	clock.set(time.Hour)
	if v := s.State().Server(server); v.Message != "gone" || !v.LastConnection.Equal(testStart) ||
		v.Utilization.MemoryMB.Int() != -1 {
		t.Errorf("a server in error: %+v", v)
	}
	ok(t, s.SetServerState(server, "", ""))
	ok(t, s.SetServer(server, func(v *ServerState) {
		v.License.DaysToExpiration, v.Version = aem.WholeOf(-1), "9"
	}))
	if v := s.State().Server(server); v.State != aem.ServerMonitored || v.License.DaysToExpiration.Int() != -1 ||
		v.Version != "9" {
		t.Errorf("an edited server: %+v", v)
	}
	ok(t, s.RemoveServer(server))
	if s.RemoveServer(server) == nil || s.RemoveTask("none", "x") == nil ||
		s.RemoveTask(state.Servers[1].Name, "none") == nil {
		t.Error("what is not there can be removed")
	}
}
