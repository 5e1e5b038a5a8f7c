package aem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// simulated returns a client of a small simulated Enterprise Manager, on which it may
// do everything.
func simulated() (client *aem.Client, end func()) {
	admin := aemtest.DefaultAccount()
	admin.Role = aemtest.Admin
	em := aemtest.New(aemtest.Options{
		Servers: -1, ComposeServers: -1, Users: []aemtest.User{admin},
		Start: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
	})
	ada := aem.Principals{Users: []string{`CORP\ada`}}
	yes := aem.BoolOf(true)
	em.AddServer(aemtest.ServerState{
		ServerDetails: aem.ServerDetails{Name: "repl-prod-01"},
		ACL:           &aem.ACL{Admin: ada, Viewer: aem.Principals{Groups: []string{`CORP\operations`}}},
		Tasks: []aemtest.Task{{
			TaskDetails: aem.TaskDetails{
				Name: "ORA2SNOW_SALES", Options: aem.TaskOptions{FullLoad: yes, ApplyChanges: yes},
				Source: aem.TaskEndpoint{Name: "Sales", Type: "Oracle"},
				Target: aem.TaskEndpoint{Name: "DWH", Type: "Snowflake"},
			},
			Tables: []aem.TableStatus{{Schema: "SALES", Name: "ORDERS", State: aem.TableError},
				{Schema: "SALES", Name: "ITEMS", State: aem.TableChangeProcessing}},
			ACL: &aem.ACL{Admin: aem.Principals{Groups: []string{`CORP\sales-it`}}, DisableInheritance: yes},
		}, {TaskDetails: aem.TaskDetails{Name: "SQL2SNOW_HR", State: aem.TaskStopped}}},
	})
	em.AddServer(aemtest.ServerState{ServerDetails: aem.ServerDetails{
		Name: "repl-test-01", State: aem.ServerError, Message: "unreachable",
	}})
	client, err := aem.New("https://qem.example.com", aem.APIToken(aemtest.DefaultAPIToken),
		aem.WithTransport(em.Transport()))
	if err != nil {
		panic(err)
	}
	return client, func() {
		_ = client.Close(context.Background())
		em.Close()
	}
}

// List what runs where.
func ExampleTasksService_All() {
	client, end := simulated()
	defer end()
	for task, err := range client.Tasks.All(context.Background()) {
		if err != nil { // of one server, as a rule; the others follow
			fmt.Printf("%s: cannot be reached: %v\n", task.Server.Name, errors.Is(err, aem.ErrServerNotConnected))
			continue
		}
		fmt.Printf("%s: %s is %s\n", task.Server.Name, task.Name, task.State)
	}
	// Output:
	// repl-prod-01: ORA2SNOW_SALES is running
	// repl-prod-01: SQL2SNOW_HR is stopped
	// repl-test-01: cannot be reached: true
}

// Stop a task, and go on where it stopped.
func ExampleTasksService_Run() {
	client, end := simulated()
	defer end()
	ctx := context.Background()
	const server, task = "repl-prod-01", "ORA2SNOW_SALES"

	_, err := client.Tasks.Stop(ctx, aem.TaskRef{Server: server, Task: task}, 2*time.Minute)
	switch {
	case errors.Is(err, aem.ErrAlreadyStopped):
	case errors.Is(err, aem.ErrTaskTimeout): // it is still stopping
		_, err = client.Tasks.WaitForState(ctx, aem.TaskRef{Server: server, Task: task}, aem.TaskStopped)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := client.Tasks.Run(ctx, aem.TaskRef{Server: server, Task: task}, aem.ResumeProcessing(), 2*time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(task, "is", result.State)
	_, err = client.Tasks.Run(ctx, aem.TaskRef{Server: server, Task: task}, aem.ResumeProcessing(), 2*time.Minute)
	fmt.Println("already running:", errors.Is(err, aem.ErrAlreadyRunning))
	// Output:
	// ORA2SNOW_SALES is running
	// already running: true
}

// Wait until a task has stopped, but not for ever.
func ExampleTasksService_WaitForState() {
	client, end := simulated()
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	task, err := client.Tasks.WaitForState(ctx, aem.TaskRef{Server: "repl-prod-01", Task: "SQL2SNOW_HR"}, aem.TaskStopped)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(task.State)
	// Output: stopped
}

// Reload the tables of a task that have failed.
func ExampleTablesService_Reload() {
	client, end := simulated()
	defer end()
	ctx := context.Background()
	tables, err := client.Tables.List(ctx, aem.TaskRef{Server: "repl-prod-01", Task: "ORA2SNOW_SALES"},
		aem.TableFilter{Error: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, table := range tables {
		err := client.Tables.Reload(ctx, aem.TableRef{Task: aem.TaskRef{Server: "repl-prod-01", Task: "ORA2SNOW_SALES"},
			Schema: table.Schema, Table: table.Name})
		fmt.Println("reload", table.Schema+"."+table.Name, err)
	}
	// Output: reload SALES.ORDERS <nil>
}

// Export a task and look into it.
func ExampleTasksService_Export() {
	client, end := simulated()
	defer end()
	export, err := client.Tasks.Export(context.Background(), aem.TaskRef{Server: "repl-prod-01", Task: "ORA2SNOW_SALES"},
		aem.ExportTaskOptions{Endpoints: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer export.Close()
	var document struct {
		Definition struct {
			Tasks []struct {
				Task struct {
					Name   string `json:"name"`
					Source string `json:"source_name"`
				} `json:"task"`
			} `json:"tasks"`
		} `json:"cmd.replication_definition"`
	}
	// A comment stands before the JSON.
	if err := json.NewDecoder(aem.JSON(export)).Decode(&document); err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range document.Definition.Tasks {
		fmt.Println(t.Task.Name, "reads", t.Task.Source)
	}
	// Output: ORA2SNOW_SALES reads Sales
}

// Audit who is admin where.
func ExampleACLsService() {
	client, end := simulated()
	defer end()
	ctx := context.Background()
	show := func(what string, acl *aem.ACL, err error) {
		switch {
		case errors.Is(err, aem.ErrNoACL):
			fmt.Println(what, "inherits its admins")
		case err != nil:
			fmt.Println(what, err)
		default:
			fmt.Println(what, "admins:", acl.Admin.Users, acl.Admin.Groups)
		}
	}
	acl, err := client.ACLs.Get(ctx, aem.ServerACL("repl-prod-01"))
	show("repl-prod-01", acl, err)
	tasks, err := client.Tasks.List(ctx, "repl-prod-01")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, task := range tasks {
		acl, err := client.ACLs.Get(ctx, aem.TaskACL(aem.TaskRef{Server: "repl-prod-01", Task: task.Name}))
		show(task.Name, acl, err)
	}
	// Output:
	// repl-prod-01 admins: [CORP\ada] []
	// ORA2SNOW_SALES admins: [] [CORP\sales-it]
	// SQL2SNOW_HR inherits its admins
}

// Make somebody an operator of a server, and leave the rest of its ACL alone.
func ExampleACLsService_Update() {
	client, end := simulated()
	defer end()
	ctx := context.Background()
	err := client.ACLs.Update(ctx, aem.ServerACL("repl-prod-01"), func(acl *aem.ACL) error {
		acl.SetUser(`CORP\bob`, aem.RoleOperator)
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	acl, err := client.ACLs.Get(ctx, aem.ServerACL("repl-prod-01"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for role, who := range acl.Roles() {
		fmt.Println(role, who.Users, who.Groups)
	}
	// Output:
	// admin [CORP\ada] []
	// designer [] []
	// operator [CORP\bob] []
	// viewer [] [CORP\operations]
	// none [] []
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
