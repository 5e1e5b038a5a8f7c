package aem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

var simulatedStart = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// simulate makes a simulated Enterprise Manager with one server, and a client that
// may do there what the role allows.
func simulate(t *testing.T, shape aemtest.Shape, role aemtest.Role, adapt func(*aemtest.Options)) (*aemtest.Simulator,
	*Client) {
	t.Helper()
	user := aemtest.DefaultAccount()
	user.Role = role
	o := aemtest.Options{Servers: -1, ComposeServers: -1, Start: simulatedStart, Shape: shape, Users: []aemtest.User{user}}
	if adapt != nil {
		adapt(&o)
	}
	em := aemtest.New(o)
	t.Cleanup(em.Close)
	from, to := TaskEndpoint{Name: "My", Type: "Oracle"}, TaskEndpoint{Name: "DWH", Type: "Snowflake"}
	options := TaskOptions{FullLoad: BoolOf(true), ApplyChanges: BoolOf(true), StoreChanges: BoolOf(true)}
	em.AddServer(aemtest.ServerState{ServerDetails: ServerDetails{Name: "repl 1"}, Tasks: []aemtest.Task{
		{
			TaskDetails: TaskDetails{Name: "Sales/EU", Options: options, Source: from, Target: to},
			Tables: []TableStatus{
				{Schema: "HR", Name: "JOBS", State: TableError},
				{Schema: "HR", Name: "EMP LOYEES", State: TableChangeProcessing},
			},
		},
		{TaskDetails: TaskDetails{Name: "Other", State: TaskStopped, Source: from, Target: to}},
	}})
	for _, name := range []string{"My__Primary", "My__Secondary", "unused"} {
		if err := em.AddEndpoint("repl 1",
			aemtest.EndpointState{Endpoint: Endpoint{Name: name, Licensed: BoolOf(true)}}); err != nil {
			t.Fatal(err)
		}
	}
	client, err := New("http://qem.test", APIToken(aemtest.DefaultAPIToken), WithTransport(em.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	return em, client
}

// inEveryShape runs a test against an admin's client in every spelling of the API.
func inEveryShape(t *testing.T, test func(t *testing.T, em *aemtest.Simulator, client *Client)) {
	for _, shape := range []aemtest.Shape{aemtest.RealWorld, aemtest.Guide, aemtest.Legacy} {
		t.Run(shape.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				em, client := simulate(t, shape, aemtest.Admin, nil)
				test(t, em, client)
			})
		})
	}
}

const (
	theServer = "repl 1"
	theTask   = "Sales/EU"
)

var (
	theRef   = TaskRef{Server: theServer, Task: theTask}
	theTable = TableRef{Task: theRef, Schema: "HR", Table: "JOBS"}
	myOracle = EndpointRef{Server: theServer, Endpoint: "My"}
)

func ok[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err, sentinel error) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Errorf("got %v, want %v", err, sentinel)
	}
}

func TestServersAgainstTheSimulator(t *testing.T) {
	inEveryShape(t, func(t *testing.T, em *aemtest.Simulator, client *Client) {
		ctx := t.Context()
		must(t, client.Servers.Put(ctx, ServerDefinition{Product: Replicate, Name: "new", Host: "h.example.net",
			Port: "3552", Username: "admin", Password: NewPassword("pw")}))
		must(t, client.Servers.Update(ctx, "new", func(d *ServerDefinition) error {
			if !d.Password.IsSet() || d.Host != "h.example.net" || d.Product != Replicate || !d.VerifyCertificate.True() ||
				!d.Monitored.True() {
				t.Errorf("got %+v", d)
			}
			d.Description, d.VerifyCertificate = "changed", BoolOf(false)
			return nil
		}))
		if s := em.State().Server("new"); s == nil || s.Description != "changed" || s.VerifyCertificate {
			t.Errorf("put %+v", s)
		}
		want(t, client.Servers.Put(ctx, ServerDefinition{Product: Replicate, Name: "n2", Host: "h.example.net",
			Port: "3552", Username: "a", Password: NewPassword("pw2")}), ErrInUse)
		must(t, client.Servers.Delete(ctx, "new"))
		want(t, client.Servers.Delete(ctx, "new"), ErrNotFound)
		want(t, noResult(client.Servers.Definition(ctx, "new")), ErrNotFound)

		must(t, client.Servers.PutLicense(
			ctx,
			theServer,
			strings.NewReader(
				"# licence\nlicense_type=EVALUATION\nissue_date=2026-01-01\nexpiration_date=2031-12-31\nchecksum=ABC\n",
			),
		))
		if d := ok[*ServerDetails](t)(client.Servers.Details(ctx, theServer)); d.License.Expires.Year() != 2031 {
			t.Errorf("the licence is %+v", d.License)
		}
		want(t, client.Servers.PutLicense(ctx, theServer, strings.NewReader("nonsense")), ErrInvalid)

		whole := exportText(t)(client.Servers.Export(ctx, theServer))
		want(t, client.Servers.Import(ctx, theServer, strings.NewReader(whole)), ErrNotStopped)
		_ = ok[*TaskResult](t)(client.Tasks.Stop(ctx, theRef, 0))
		must(t, client.Servers.Import(ctx, theServer, strings.NewReader(whole)))
		want(t, client.Servers.Import(ctx, theServer, strings.NewReader(`{"x":1}`)), ErrInvalid)
		if len(em.State().Server(theServer).Tasks) != 2 {
			t.Errorf("after an import: %+v", em.State().Server(theServer).Tasks)
		}
	})
}

// exportText reads an export; its JSON must be JSON.
func exportText(t *testing.T) func(io.ReadCloser, error) string {
	return func(r io.ReadCloser, err error) string {
		t.Helper()
		must(t, err)
		defer r.Close()
		text := string(ok[[]byte](t)(io.ReadAll(r)))
		if !json.Valid(ok[[]byte](t)(io.ReadAll(JSON(strings.NewReader(text))))) {
			t.Errorf("not JSON: %s", text)
		}
		return text
	}
}

func TestTasksAgainstTheSimulator(t *testing.T) {
	inEveryShape(t, func(t *testing.T, em *aemtest.Simulator, client *Client) {
		ctx := t.Context()
		want(t, noResult(client.Tasks.Run(ctx, theRef, ResumeProcessing(), 0)), ErrAlreadyRunning)
		want(t, client.Tasks.Delete(ctx, theRef, DeleteTaskOptions{}), ErrNotStopped)
		text := exportText(t)(client.Tasks.Export(ctx, theRef, ExportTaskOptions{Endpoints: true}))
		want(t, client.Tasks.Import(ctx, theRef, strings.NewReader(text)), ErrNotStopped)

		if got := ok[*TaskResult](t)(client.Tasks.Stop(ctx, theRef, time.Minute)); got.State != TaskStopped {
			t.Errorf("stopped: %+v", got)
		}
		want(t, noResult(client.Tasks.Stop(ctx, theRef, 0)), ErrAlreadyStopped)
		if d := ok[*TaskDetails](t)(client.Tasks.WaitForState(ctx, theRef, TaskStopped)); d.State != TaskStopped {
			t.Errorf("then %v", d.State)
		}
		for _, how := range []RunOption{ResumeFromTimestamp(simulatedStart.Add(-time.Hour)),
			ResumeFromPosition("15000000040000037"),
			RecoverFromTargetCheckpoint("Checkpoint:V1#1#timestamp:2017-02-14T12:34:44#0#0#*#0#0"),
			RecoverFromLocalCheckpoint(), ReloadTarget(), ResumeProcessing()} {
			if got := ok[*TaskResult](t)(client.Tasks.Run(ctx, theRef, how, 0)); got.State != TaskRunning {
				t.Errorf("%s: %+v", how, got)
			}
			_ = ok[*TaskResult](t)(client.Tasks.Stop(ctx, theRef, 0))
		}
		want(t, noResult(client.Tasks.Run(ctx, theRef, ResumeFromTimestampText("soon"), 0)), ErrInvalid)

		must(t, client.Tasks.Import(ctx, theRef, strings.NewReader(text)))
		want(t, client.Tasks.Import(ctx, TaskRef{Server: theServer, Task: "Another"}, strings.NewReader(text)), ErrInvalid)
		must(t, client.Tasks.Clone(ctx, theRef, "Copy", CloneTaskOptions{TargetSchema: "X"}))
		if em.State().Task(theServer, "Copy") == nil {
			t.Error("there is no copy")
		}
		must(t, client.Tasks.Delete(ctx, TaskRef{Server: theServer, Task: "Copy"}, DeleteTaskOptions{Logs: true}))
		if em.State().Task(theServer, "Copy") != nil {
			t.Error("there is a copy still")
		}
		want(t, client.Tasks.Delete(ctx, TaskRef{Server: theServer, Task: "Copy"}, DeleteTaskOptions{}), ErrNotFound)
	})
}

func TestTaskTimeoutAgainstTheSimulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := simulate(t, aemtest.RealWorld, aemtest.Operator,
			func(o *aemtest.Options) { o.TaskDelay = 2 * time.Minute })
		_, err := client.Tasks.Stop(t.Context(), theRef, time.Minute)
		want(t, err, ErrTaskTimeout)
		if errors.Is(err, ErrTaskFailed) {
			t.Errorf("a time-out is a failure: %v", err)
		}
		if d := ok[*TaskDetails](t)(client.Tasks.WaitForState(t.Context(), theRef,
			TaskStopped)); d.State != TaskStopped {
			t.Errorf("then %v", d.State)
		}
	})
}

func TestWhatIsKeptOfATaskAgainstTheSimulator(t *testing.T) {
	inEveryShape(t, func(t *testing.T, em *aemtest.Simulator, client *Client) {
		ctx := t.Context()
		selection := TableSelection{
			Included: []SelectedTable{{"HR", "%", LoadHigh, TypeTable}},
			Excluded: []SelectedTable{{"HR", "TMP%", LoadNormal, TypeTable}},
			Explicit: []SelectedTable{{"S", "V", LoadLowest, TypeView}},
		}
		must(t, client.Tasks.PutTableSelection(ctx, theRef, selection))
		if got := ok[*TableSelection](t)(
			client.Tasks.TableSelection(ctx, theRef),
		); !slices.Equal(got.Included, selection.Included) ||
			!slices.Equal(got.Excluded, selection.Excluded) ||
			!slices.Equal(got.Explicit, selection.Explicit) {
			t.Errorf("got %+v", got)
		}
		if b := ok[*RetentionBarrier](t)(client.Tasks.RetentionBarrier(ctx, theRef)); b.IsSet() {
			t.Errorf("a barrier at first: %+v", b)
		}
		barrier := RetentionBarrier{"Compose", simulatedStart.Add(-time.Hour)}
		must(t, client.Tasks.SetRetentionBarrier(ctx, theRef, barrier))
		must(t, client.Tasks.SetRetentionBarrier(ctx, theRef, RetentionBarrier{"Later", simulatedStart}))
		if b := ok[*RetentionBarrier](t)(client.Tasks.RetentionBarrier(ctx, theRef)); *b != barrier {
			t.Errorf("got %+v", b)
		}
		must(t, client.Tasks.RemoveRetentionBarrier(ctx, theRef, "Compose"))
		if b := ok[*RetentionBarrier](t)(client.Tasks.RetentionBarrier(ctx, theRef)); b.Application != "Later" {
			t.Errorf("got %+v", b)
		}
		for _, age := range []ChangeDataAge{ChangeDataBefore(simulatedStart), ChangeDataOlderThan(36 * time.Hour),
			ChangeDataOffset("P1M3DT1H2M")} {
			must(t, client.Tasks.DeleteOldChangeData(ctx, theRef, age))
		}
		if n := len(em.State().Task(theServer, theTask).Deletions); n != 3 {
			t.Errorf("%d deletions", n)
		}
		want(t, client.Tasks.DeleteOldChangeData(ctx, TaskRef{Server: theServer, Task: "no"},
			ChangeDataBefore(simulatedStart)), ErrNotFound)
	})
}

func TestTablesAgainstTheSimulator(t *testing.T) {
	inEveryShape(t, func(t *testing.T, _ *aemtest.Simulator, client *Client) {
		ctx := t.Context()
		if got := ok[[]TableInfo](t)(client.Tables.List(ctx, theRef, TableFilter{})); len(got) != 2 {
			t.Errorf("got %+v", got)
		}
		broken := ok[[]TableInfo](t)(client.Tables.List(ctx, theRef, TableFilter{Error: true, Schema: "H%"}))
		if len(broken) != 1 || broken[0] != (TableInfo{"HR", "JOBS", TableError}) {
			t.Fatalf("got %+v", broken)
		}
		must(t, client.Tables.Reload(ctx, theTable))
		if left := ok[[]TableInfo](t)(client.Tables.List(ctx, theRef, TableFilter{Error: true})); len(left) != 0 {
			t.Errorf("left %+v", left)
		}
		if err := client.Tables.Resume(ctx, TableRef{Task: theRef, Schema: "HR", Table: "NO"}); err == nil {
			t.Error("a table that is not there was resumed")
		}
		want(t, client.Tables.Reload(ctx, TableRef{Task: TaskRef{Server: theServer, Task: "no"}, Schema: "HR",
			Table: "JOBS"}), ErrNotFound)
	})
}

func TestEndpointsAgainstTheSimulator(t *testing.T) {
	inEveryShape(t, func(t *testing.T, em *aemtest.Simulator, client *Client) {
		ctx := t.Context()
		list := ok[[]Endpoint](t)(client.Endpoints.List(ctx, theServer))
		if i := slices.IndexFunc(list, func(e Endpoint) bool { return e.Name == "unused" }); i < 0 ||
			list[i].Role != EndpointSource || !list[i].Licensed.True() {
			t.Fatalf("got %+v", list)
		}
		if got := ok[*EndpointTest](t)(client.Endpoints.Test(ctx, myOracle, 0)); !got.OK() {
			t.Errorf("tested: %+v", got)
		}
		must(t, em.SetEndpointTest(theServer, "My", aemtest.EndpointTest{Message: "ORA-01017", Detail: "invalid"}))
		if got := ok[*EndpointTest](t)(client.Endpoints.Test(ctx, myOracle, 0)); got.OK() ||
			got.Message != "ORA-01017" {
			t.Errorf("tested: %+v", got)
		}
		must(t, em.SetEndpointTest(theServer, "My", aemtest.EndpointTest{Takes: time.Hour}))
		want(t, noResult(client.Endpoints.Test(ctx, myOracle, time.Second)), ErrTestTimeout)
		want(t, noResult(client.Endpoints.Test(ctx, EndpointRef{theServer, "no"}, 0)), ErrNotFound)

		must(t, client.Endpoints.Patch(ctx, EndpointRef{theServer, "unused"},
			Patch{SetSetting("/db_settings/server", "db2.example.net"), SetSetting("/db_settings/password", NewPassword("x"))}))
		must(t, client.Endpoints.Reconfigure(ctx, myOracle, "Secondary", ReconfigureOptions{KeepTasks: true}))
		var e *Error
		if err := client.Endpoints.Reconfigure(ctx, myOracle, "Third", ReconfigureOptions{}); !errors.As(err, &e) ||
			!e.HasCode("AEM_RECONFIGURE_ENDPOINT_INNER_ERR") {
			t.Errorf("reconfigured: %v", err)
		}
		want(t, client.Endpoints.Delete(ctx, myOracle, DeleteEndpointOptions{}), ErrInUse)
		must(t, client.Endpoints.Delete(ctx, EndpointRef{theServer, "unused"}, DeleteEndpointOptions{FallBackToPOST: true}))
		want(t, client.Endpoints.Delete(ctx, EndpointRef{theServer, "unused"}, DeleteEndpointOptions{}), ErrNotFound)
		for _, e := range em.State().Server(theServer).Endpoints {
			if e.Name == "unused" || e.Name == "My" && e.Configuration != "Secondary" {
				t.Errorf("there is %+v", e)
			}
		}
	})
}

func TestFailoverAgainstTheSimulator(t *testing.T) {
	em, client := simulate(t, aemtest.RealWorld, aemtest.Operator, nil)
	switched := false
	report, err := client.Endpoints.Failover(t.Context(), Failover{Endpoint: myOracle,
		Configuration: "Secondary", Switch: func(context.Context) error {
			switched = em.State().Task(theServer, theTask).State == TaskStopped
			return nil
		}})
	if err != nil || !switched || !slices.Equal(report.Running, []string{theTask}) ||
		em.State().Task(theServer, theTask).State != TaskRunning {
		t.Errorf("%+v, %v, switched %v", report, err, switched)
	}
	report, err = client.Endpoints.Failover(t.Context(), Failover{Endpoint: myOracle,
		Configuration: "Primary", Settle: time.Millisecond})
	if err != nil || !slices.Equal(report.Running, []string{theTask}) {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestACLsAgainstTheSimulator(t *testing.T) {
	inEveryShape(t, func(t *testing.T, _ *aemtest.Simulator, client *Client) {
		a, ctx := client.ACLs, t.Context()
		for name, target := range map[string]ACLTarget{
			"server": ServerACL(theServer), "tasks": TasksACL(theServer),
			"task":      TaskACL(theRef),
			"endpoints": EndpointsACL(theServer), "endpoint": EndpointACL(myOracle),
		} {
			want(t, noResult(a.Get(ctx, target)), ErrNoACL)
			want(t, a.Delete(ctx, target), ErrNoACL)
			want(t, a.Update(ctx, target, nil), ErrNoACL)
			nobody := Principals{}
			acl := NewACL(Principals{Users: []string{`CORP\ada`}}, nobody, Principals{Groups: []string{`CORP\ops`}}, nobody,
				true)
			must(t, a.Put(ctx, target, acl))
			must(t, a.Update(ctx, target, func(acl *ACL) error {
				acl.SetUser(`CORP\bob`, RoleNone)
				acl.DisableInheritance = BoolOf(true)
				return nil
			}))
			got := ok[*ACL](t)(a.Get(ctx, target))
			if !slices.Equal(got.Admin.Users, []string{`CORP\ada`}) ||
				!slices.Equal(got.Operator.Groups, []string{`CORP\ops`}) || !slices.Equal(got.None.Users, []string{`CORP\bob`}) {
				t.Errorf("%s: got %+v", name, got)
			}
			want(t, a.Put(ctx, target, NewACL(nobody, nobody, nobody, nobody, true)), ErrNoAdmin)
			want(t, a.Put(ctx, target, NewACL(Principals{Users: []string{"ada"}}, nobody, nobody, nobody, true)), ErrInvalid)
			must(t, a.Delete(ctx, target))
			want(t, noResult(a.Get(ctx, target)), ErrNoACL)
			must(t, a.UpdateOrCreate(ctx, target, func(acl *ACL) error {
				acl.SetUser(`CORP\ada`, RoleAdmin)
				acl.DisableInheritance = BoolOf(false)
				return nil
			}))
			must(t, a.Delete(ctx, target))
		}
	})
}

func TestAuditTrailAgainstTheSimulator(t *testing.T) {
	_, client := simulate(t, aemtest.RealWorld, aemtest.Admin, nil)
	_ = ok[*TaskResult](t)(client.Tasks.Stop(t.Context(), theRef, 0))
	text := exportText(t)(client.Audit.Export(t.Context(), simulatedStart.Add(-time.Hour), simulatedStart.Add(time.Hour)))
	if !strings.Contains(text, "StopTask") {
		t.Errorf("got %s", text)
	}
}

// What somebody else changes between the look and the write is kept.
func TestChangesOfTwo(t *testing.T) {
	_, client := simulate(t, aemtest.RealWorld, aemtest.Admin, nil)
	a, ctx, target := client.ACLs, t.Context(), ServerACL(theServer)
	must(t, a.Put(ctx, target, NewACL(Principals{Users: []string{`CORP\ada`}}, Principals{}, Principals{}, Principals{},
		true)))
	calls := 0
	must(t, a.Update(ctx, target, func(acl *ACL) error {
		if calls++; calls == 1 {
			must(t, a.Update(ctx, target, func(acl *ACL) error { acl.SetUser(`CORP\bob`, RoleViewer); return nil }))
		}
		acl.SetUser(`CORP\eve`, RoleViewer)
		return nil
	}))
	if got := ok[*ACL](t)(a.Get(ctx, target)); calls != 2 || !slices.Equal(got.Viewer.Users,
		[]string{`CORP\bob`, `CORP\eve`}) {
		t.Errorf("after %d calls: %+v", calls, got)
	}
	want(t, a.Update(ctx, target, func(acl *ACL) error {
		calls++
		acl.SetUser(`CORP\eve`, RoleAdmin)
		return a.Update(ctx, target, func(acl *ACL) error { acl.SetUser(fmt.Sprint(`CORP\`, calls), RoleViewer); return nil })
	}), ErrStale)
}

// A viewer may look, and gets the same answer to everything else.
func TestAViewerMayNotChangeAnything(t *testing.T) {
	em, client := simulate(t, aemtest.RealWorld, aemtest.Viewer, nil)
	before := em.State()
	for name, call := range BeyondAViewer(t) {
		_, err := call(t.Context(), client)
		if !errors.Is(err, ErrUnauthorized) && !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"stop":    noResult(client.Tasks.Stop(t.Context(), theRef, 0)),
		"reload":  client.Tables.Reload(t.Context(), theTable),
		"delete":  client.Servers.Delete(t.Context(), theServer),
		"get ACL": noResult(client.ACLs.Get(t.Context(), ServerACL(theServer))),
		"test":    noResult(client.Endpoints.Test(t.Context(), myOracle, 0)),
		"audit":   noResult(client.Audit.Export(t.Context(), simulatedStart, time.Time{})),
	} {
		if !errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrLogin) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := em.State(); len(after.Servers) != 1 || after.Task(theServer, theTask).State != before.Task(theServer,
		theTask).State {
		t.Errorf("the state has changed: %+v", after)
	}
}

func TestEveryMethodIsSimulated(t *testing.T) {
	simulated := aemtest.Operations()
	slices.Sort(simulated)
	if methods := slices.Sorted(slices.Values(Methods(t))); !slices.Equal(methods, simulated) {
		t.Errorf("the API has %q, the simulator %q", methods, simulated)
	}
}

func noResult[T any](_ T, err error) error { return err }

// The servers that the simulator makes can be changed as the API allows it.
func TestGeneratedServersCanBeUpdated(t *testing.T) {
	em := aemtest.New(aemtest.Options{ComposeServers: 2, Servers: 6, Incidents: true})
	t.Cleanup(em.Close)
	client := ok[*Client](t)(New("http://qem.test", APIToken(aemtest.DefaultAdmin().APIToken),
		WithTransport(em.Transport())))
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	for server, err := range client.Servers.All(t.Context()) {
		must(t, err)
		must(t, client.Servers.Update(t.Context(), server.Name, func(d *ServerDefinition) error {
			d.Description = "changed"
			return nil
		}))
		if d := ok[*ServerDefinition](t)(client.Servers.Definition(t.Context(), server.Name)); d.Description != "changed" {
			t.Errorf("%s: %+v", server.Name, d)
		}
	}
}
