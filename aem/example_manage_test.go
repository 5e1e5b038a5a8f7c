package aem_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// Sign in with a personal access token, as OpenID Connect and SAML need it.
func ExampleAPIToken() {
	client, err := aem.New("https://qem.example.com", aem.APIToken(os.Getenv("QEM_TOKEN")),
		aem.WithTransport(aem.NewTransport(aem.TransportOptions{TLS: &tls.Config{ServerName: "qem.example.com"}})))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close(context.Background())
	fmt.Println("nothing is sent before the first call")
	// Output: nothing is sent before the first call
}

// Sign in with a JSON Web Token that ends soon: it is asked for at every login.
func ExampleJWT() {
	fresh := func(context.Context) (string, error) { return "simulated.jwt.token", nil }
	credentials := func(ctx context.Context) (aem.Login, error) {
		token, err := fresh(ctx)
		if err != nil {
			return aem.Login{}, err
		}
		return aem.JWT(token)(ctx)
	}
	client, err := aem.New("https://qem.example.com", credentials)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close(context.Background())
	// Output:
}

// Run a full load to its end.
func ExampleTasksService_RunToEnd() {
	client, end := simulated()
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Hour)
	defer cancel()
	report, err := client.Tasks.RunToEnd(ctx, aem.TaskRef{Server: "repl-prod-01", Task: "NO_SUCH"}, aem.ReloadTarget(),
		aem.Wait{Look: func(t *aem.TaskDetails) { fmt.Println(t.State, t.FullLoad.RecordsCompleted) }})
	switch {
	case errors.Is(err, aem.ErrNotFound):
		fmt.Println("there is no such task")
	case errors.Is(err, aem.ErrTaskFailed):
		fmt.Println("it failed after", report.Took, len(report.TablesInError), "tables are in error")
	case err == nil:
		fmt.Println("it ended:", report.StopReason)
	}
	// Output: there is no such task
}

// Stop all tasks of a server, and tell of each.
func ExampleTasksService_StopAll() {
	client, end := simulated()
	defer end()
	ctx := context.Background()
	tasks, err := client.Tasks.List(ctx, "repl-prod-01")
	if err != nil {
		fmt.Println(err)
		return
	}
	var refs []aem.TaskRef
	for _, task := range tasks {
		refs = append(refs, aem.TaskRef{Server: "repl-prod-01", Task: task.Name})
	}
	for _, o := range client.Tasks.StopAll(ctx, refs, aem.Many{AtOnce: 4}) {
		fmt.Println(o.Task.Task, "stopped:", o.Err == nil, "already:", errors.Is(o.Err, aem.ErrAlreadyStopped))
	}
	// Output:
	// ORA2SNOW_SALES stopped: true already: false
	// SQL2SNOW_HR stopped: false already: true
}

// Copy a task under another name, from one server to another as well.
func ExampleReadDefinition() {
	client, end := simulated()
	defer end()
	ctx := context.Background()
	export, err := client.Tasks.Export(ctx, aem.TaskRef{Server: "repl-prod-01", Task: "SQL2SNOW_HR"},
		aem.ExportTaskOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer export.Close()
	definition, err := aem.ReadDefinition(export)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := definition.RenameTask("SQL2SNOW_HR", "SQL2SNOW_HR_TEST"); err != nil {
		fmt.Println(err)
		return
	}
	copied := aem.TaskRef{Server: "repl-prod-01", Task: "SQL2SNOW_HR_TEST"}
	if err := client.Tasks.Import(ctx, copied, definition.Reader()); err != nil {
		fmt.Println(err)
		return
	}
	// It takes a moment to be seen.
	seen := func(*aem.TaskDetails) bool { return true }
	task, err := client.Tasks.WaitFor(ctx, copied, seen, aem.Wait{EvenIfMissing: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(task.Name, "is", task.State)
	// Output: SQL2SNOW_HR_TEST is stopped
}

func ExampleTasksService_Clone() {
	client, end := simulated()
	defer end()
	err := client.Tasks.Clone(context.Background(), aem.TaskRef{Server: "repl-prod-01", Task: "ORA2SNOW_SALES"},
		"ORA2SNOW_SALES_2",
		aem.CloneTaskOptions{TargetSchema: "SALES_2", Permissions: true})
	fmt.Println(err)
	// Output: <nil>
}

// Take one more table of the source.
func ExampleTasksService_PutTableSelection() {
	client, end := simulated()
	defer end()
	ctx, task := context.Background(), aem.TaskRef{Server: "repl-prod-01", Task: "ORA2SNOW_SALES"}
	selection, err := client.Tasks.TableSelection(ctx, task)
	if err != nil {
		fmt.Println(err)
		return
	}
	selection.Explicit = append(selection.Explicit, aem.SelectedTable{Owner: "SALES", Name: "RETURNS",
		LoadOrder: aem.LoadHigh})
	if err := client.Tasks.PutTableSelection(ctx, task, *selection); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(selection.Explicit), "tables")
	// Output: 3 tables
}

// Keep change data that an application has yet to read.
func ExampleTasksService_SetRetentionBarrier() {
	client, end := simulated()
	defer end()
	ctx, task := context.Background(), aem.TaskRef{Server: "repl-prod-01", Task: "ORA2SNOW_SALES"}
	barrier := aem.RetentionBarrier{Application: "Nightly", Point: time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)}
	if err := client.Tasks.SetRetentionBarrier(ctx, task, barrier); err != nil {
		fmt.Println(err)
		return
	}
	earliest, err := client.Tasks.RetentionBarrier(ctx, task)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := json.Marshal(earliest)
	fmt.Println(string(text))
	// Output: {"application":"Nightly","retention_point":"2026-02-28T00:00:00Z"}
}

// Add a server, then change how it is reached. The password stays.
func ExampleServersService_Update() {
	client, end := simulated()
	defer end()
	ctx := context.Background()
	err := client.Servers.Put(ctx, aem.ServerDefinition{
		Product: aem.Replicate, Name: "repl-new", Host: "repl-new.example.net", Port: "3552", Username: `CORP\svc_qem`,
		Password: aem.NewPassword("secret"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = client.Servers.Update(ctx, "repl-new", func(d *aem.ServerDefinition) error {
		d.Description = "the new one"
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := client.Servers.Definition(ctx, "repl-new")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Description, d.Password)
	// Output: the new one <secret>
}

func ExampleServersService_PutLicense() {
	client, end := simulated()
	defer end()
	license := "license_type=EVALUATION\nissue_date=2026-01-01\nexpiration_date=2031-12-31\nchecksum=ABC\n"
	ctx := context.Background()
	if err := client.Servers.PutLicense(ctx, "repl-prod-01", strings.NewReader(license)); err != nil {
		fmt.Println(err)
		return
	}
	server, err := client.Servers.Details(ctx, "repl-prod-01")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(server.License.State, server.License.Expires.Format(time.DateOnly))
	// Output: valid 2031-12-31
}

// Change the password that a server uses for a database.
func ExampleEndpointsService_Patch() {
	client, end := simulated()
	defer end()
	sales := aem.EndpointRef{Server: "repl-prod-01", Endpoint: "Sales"}
	err := client.Endpoints.Patch(context.Background(), sales, aem.Patch{
		aem.SetSetting("/db_settings/username", "replicate"),
		aem.SetSetting("/db_settings/password", aem.NewPassword("new secret")),
	})
	fmt.Println(err)
	// Output: <nil>
}

// Switch to the standby database, which must have its endpoints.
func ExampleEndpointsService_Failover() {
	client, end := simulated()
	defer end()
	report, err := client.Endpoints.Failover(context.Background(), aem.Failover{
		Endpoint: aem.EndpointRef{Server: "repl-prod-01", Endpoint: "Sales"}, Configuration: "Standby",
	})
	fmt.Println(report.Reconfigured, errors.Is(err, aem.ErrInvalid))
	// Output: false true
}

// Give an object the ACL of a file.
func ExampleACLsService_Put() {
	client, end := simulated()
	defer end()
	file := `{
		"admin_role": {"users": [{"name": "CORP\\ada"}]},
		"none_role":  {"groups": [{"name": "CORP\\interns"}]},
		"disable_inheritance": true
	}`
	var acl aem.ACL
	if err := json.Unmarshal([]byte(file), &acl); err != nil {
		fmt.Println(err)
		return
	}
	ctx, target := context.Background(), aem.TasksACL("repl-prod-01")
	if err := client.ACLs.Put(ctx, target, &acl); err != nil {
		fmt.Println(err)
		return
	}
	if err := client.ACLs.Delete(ctx, target); err != nil {
		fmt.Println(err)
	}
	// Output:
}

func ExampleAuditService_Export() {
	client, end := simulated()
	defer end()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	trail, err := client.Audit.Export(context.Background(), start, time.Time{}, aem.Progress(func(int64) {}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer trail.Close()
	text, err := io.ReadAll(aem.JSON(trail))
	fmt.Println(json.Valid(text), err)
	// Output: true <nil>
}

// Call a method that this package does not know.
func ExampleClient_Do() {
	client, end := simulated()
	defer end()
	response, err := client.Do(context.Background(), aem.Request{Method: "GET",
		Path: []string{"servers", "repl-prod-01", "tasks"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var list struct{ TaskList []struct{ Name string } }
	fmt.Println(response.Status, json.Unmarshal(response.Body, &list), len(list.TaskList))
	// Output: 200 <nil> 2
}

// Go without the elements of a list that make no sense.
func ExampleSkipped() {
	client, end := simulated()
	defer end()
	skipped := 0
	servers, err := client.Servers.List(context.Background(), aem.Skipped(&skipped))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(servers), "servers,", skipped, "skipped")
	// Output: 2 servers, 0 skipped
}
