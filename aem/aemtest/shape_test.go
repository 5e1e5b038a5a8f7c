package aemtest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/aem"
)

//go:generate go test . -run ^Test(AnswersToTheLetter|Calls)$ -update

var update = flag.Bool("update", false, "write testdata/answers.golden and testdata/calls anew")

// peculiar gives every value its own: a text its name, a number the next one. What says a
// state, or names another object, is left alone.
func peculiar(v reflect.Value, name string, last *int64) {
	*last++
	switch x := v.Addr().Interface().(type) {
	case *string:
		*x = "the " + name
	case *aem.Number:
		*x = aem.WholeOf(*last)
	case *aem.Bool:
		*x = aem.BoolOf(true)
	case *aem.Duration:
		*x = aem.DurationOf(26*time.Hour + time.Duration(*last)*time.Second)
	case *time.Time:
		*x = testStart.AddDate(0, -1, 0).Add(time.Duration(*last) * time.Second)
	default:
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				peculiar(v.Field(i), v.Type().Field(i).Name, last)
			}
		}
	}
}

func peculiarACL(word string) *aem.ACL {
	a := &aem.ACL{DisableInheritance: aem.BoolOf(true)}
	for role, p := range a.Roles() {
		who := word + " " + string(role)
		p.Users, p.Groups = []string{`D\` + who, `D\more ` + who}, []string{`G\` + who}
	}
	return a
}

// strange is an Enterprise Manager in which each value is another one.
func strange(t *testing.T, shape Shape) *Simulator {
	t.Helper()
	var last int64 = 100
	task := Task{
		ACL: peculiarACL("t"), Targets: Targets{"DWH", "CTL", "TS", "IS"},
		Barriers: []aem.RetentionBarrier{
			{Application: "Later", Point: testStart.AddDate(1, 0, 0)},
			{Application: "Compose", Point: testStart.AddDate(-5, 0, 0)},
		},
		Tables: []aem.TableStatus{{}, {Schema: "HR", Name: `bare "one"\`, State: aem.TableError}},
	}
	peculiar(reflect.ValueOf(&task.Tables[0]).Elem(), "", &last)
	task.Tables[0].State = aem.TableLoading
	peculiar(reflect.ValueOf(&task.TaskDetails).Elem(), "", &last)
	task.Name, task.Type, task.State, task.StopReason = "T", "", aem.TaskRecovering, aem.StopLowDiskSpace
	task.Source, task.Target = aem.TaskEndpoint{Name: "e", Type: oracle}, aem.TaskEndpoint{Name: "tgt", Type: "Snowflake"}
	task.Tags, task.Options.AuditChanges = []string{"a", "b c"}, aem.BoolOf(false)
	compose := Task{TaskDetails: task.TaskDetails}
	compose.Name, compose.Project, compose.State, compose.StopReason = "L__P", "P", aem.TaskError, aem.StopNone
	compose.Type, compose.Profile = "AemComposeDMTaskInfoDetailed", "Data Mart"

	p := ServerState{
		Tasks: []Task{task, {TaskDetails: aem.TaskDetails{Name: "bare", State: aem.TaskStopped, StopReason: aem.StopNormal}}},
		Endpoints: []EndpointState{
			{Settings: map[string]any{"$type": "OracleSettings"}, ACL: peculiarACL("e")},
			{Endpoint: aem.Endpoint{Name: "broken", Role: aem.EndpointTarget, Type: "Snowflake"}, Problem: "no way"},
		},
		ACL: peculiarACL("s"), TasksACL: peculiarACL("st"), EndpointsACL: peculiarACL("se"),
	}
	peculiar(reflect.ValueOf(&p.ServerDetails).Elem(), "", &last)
	p.Name, p.Port, p.Version, p.Platform = "P", "3552", newVersion, aem.PlatformLinux
	p.State, p.License.State = aem.ServerMonitored, aem.LicenseInvalidChecksum
	p.License.Expires = testStart.AddDate(0, 4, 0).Truncate(24 * time.Hour)
	peculiar(reflect.ValueOf(&p.Endpoints[0].Endpoint).Elem(), "", &last)
	p.Endpoints[0].Name, p.Endpoints[0].Type, p.Endpoints[0].Role = "e", oracle, aem.EndpointBoth

	s := New(Options{Servers: -1, ComposeServers: -1, Start: testStart, Clock: newClock().now, Shape: shape,
		Users: []User{user(Admin)}})
	s.AddServer(p)
	s.AddServer(ServerState{ServerDetails: aem.ServerDetails{Name: "C", Product: aem.Compose}, Tasks: []Task{compose}})
	s.AddServer(ServerState{ServerDetails: aem.ServerDetails{
		Name: "N", State: aem.ServerNotMonitored, Message: "The server is off",
	}})
	ok(t, s.SetEndpointTest("P", "tgt", EndpointTest{Message: "no", Detail: "ORA-12541"}))
	return s
}

// TestAnswersToTheLetter compares what is said of a peculiar Enterprise Manager, in every
// shape, with a file that was read by people.
func TestAnswersToTheLetter(t *testing.T) {
	const task, bare, compose = "servers/P/tasks/T", "servers/P/tasks/bare", "servers/C/tasks/L__P"
	var got bytes.Buffer
	for _, shape := range []Shape{RealWorld, Guide, Legacy} {
		c := as(t, strange(t, shape), Admin)
		for _, r := range []struct{ verb, path string }{
			{"GET", "servers"}, {"GET", "servers/P"}, {"GET", "servers/C"}, {"GET", "servers/N"}, {"GET", "servers/P/def"},
			{"GET", "servers/P/tasks"}, {"GET", task}, {"GET", bare}, {"GET", compose}, {"GET", task + "/tables"},
			{"GET", task + "/tables?action=getstatus"}, {"GET", task + "/tables?action=selection"},
			{"GET", task + "?action=get_change_data_retention_barrier"},
			{"GET", bare + "?action=get_change_data_retention_barrier"},
			{"GET", task + "?action=export&withendpoints=true"}, {"GET", "servers/P?action=export"},
			{"GET", "servers/P/endpoints"}, {"GET", "servers/P/endpoints/e?action=test"},
			{"GET", "servers/P/endpoints/tgt?action=test"},
			{"GET", "servers/P?action=acl"}, {"GET", "servers/P/tasks?action=acl"}, {"GET", task + "?action=acl"},
			{"GET", "servers/P/endpoints?action=acl"}, {"GET", "servers/P/endpoints/e?action=acl"},
			{"GET", "servers/N?action=acl"}, {"GET", "servers/N/tasks"}, {"GET", "nothing"},
			{"POST", bare + runQuery + resumeProcessing}, {"POST", bare + stopQuery}, {"POST", bare + stopQuery},
			{"POST", bare + "?action=delete"}, {"GET", "security/audit_trail?start_timestamp=2020-06-30T16:15:00Z"},
		} {
			status, _, body := c.send(r.verb, r.path, "")
			fmt.Fprintf(&got, "%s %s %s: HTTP %d\n%s\n\n", shape, r.verb, r.path, status, body)
		}
	}
	text := secret.ReplaceAll(got.Bytes(), []byte("{S:a GUID}"))
	const file = "testdata/answers.golden"
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("answers have changed (make generate writes the file anew); -file +now:\n%s", diff)
	}
}
