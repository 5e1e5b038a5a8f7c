package aem

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"
)

// guideCalls are the calls of the examples, with their arguments. Documents are sent as the
// examples have them.
func guideCalls(ctx context.Context, c *Client, document io.Reader) map[string]func() (any, error) {
	var (
		sales, task = TaskRef{"myreprsv1", "SalesDBBackup"}, TaskRef{"server", "task"}
		on2022      = TaskRef{"rep2022r2gs7.qa.int", "SalesDBBackup"}
		oracle      = TaskRef{"roni-2012", "Oracle2NULL"}
		admin       = TaskRef{"MyRepServer", "MyTask"}
		endpoint    = EndpointRef{"MyRepServer", "MyEndpoint"}
		named       = TaskRef{"Server Name", "Task Name"}
		june        = time.Date(2020, 6, 30, 16, 15, 0, 0, time.UTC)
		nobody, add = Principals{}, Principals{Users: []string{`domain\new_user`}}
		had         = Principals{Users: []string{`domain\existing_user`}}
		both        = Principals{Users: slices.Concat(had.Users, add.Users)}
		withNone    = NewACL(had, nobody, nobody, nobody, false)
	)
	withNone.None = add
	get := func(target ACLTarget) func() (any, error) {
		return func() (any, error) { return c.ACLs.Get(ctx, target) }
	}
	put := func(target ACLTarget, acl *ACL) func() (any, error) {
		return func() (any, error) { return nil, c.ACLs.Put(ctx, target, acl) }
	}
	drop := func(target ACLTarget) func() (any, error) {
		return func() (any, error) { return nil, c.ACLs.Delete(ctx, target) }
	}
	run := func(ref TaskRef, how RunOption) func() (any, error) {
		return func() (any, error) { return c.Tasks.Run(ctx, ref, how, 0) }
	}
	return map[string]func() (any, error){
		"Login":  func() (any, error) { return nil, c.Login(ctx) },
		"Logout": func() (any, error) { return nil, errors.Join(c.Login(ctx), c.Logout(ctx)) },

		"GetServerList":    func() (any, error) { return c.Servers.List(ctx) },
		"GetServerDetails": func() (any, error) { return c.Servers.Details(ctx, "myrepsrv1") },
		"GetServer":        func() (any, error) { return c.Servers.Definition(ctx, "myrepsrv1") },
		"PutServer": func() (any, error) {
			return nil, c.Servers.Put(ctx, ServerDefinition{Product: Replicate, Name: "myrepsrv1",
				Description: "replicate for business", Host: "rep2018r2gs7.qa.int", Port: "443", Username: "administrator",
				Password: NewPassword("pass123"), VerifyCertificate: BoolOf(true), Monitored: BoolOf(true)})
		},
		"DeleteServer":     func() (any, error) { return nil, c.Servers.Delete(ctx, "myreprsv1") },
		"PutServerLicense": func() (any, error) { return nil, c.Servers.PutLicense(ctx, "myreprsv1", document) },
		"ExportAll":        func() (any, error) { return readAll(c.Servers.Export(ctx, "myreprsv1")) },
		"ImportAll":        func() (any, error) { return nil, c.Servers.Import(ctx, "myrepsrv1", document) },

		"GetTaskList":        func() (any, error) { return c.Tasks.List(ctx, "myrepsrv1") },
		"GetTaskDetails":     func() (any, error) { return c.Tasks.Details(ctx, TaskRef{"myrepsrv1", "SalesDBBackup"}) },
		"RunTask":            run(sales, ReloadTarget()),
		"RunTask-timestamp":  run(on2022, ResumeFromTimestampText("2017-03-07T11:19:03")),
		"RunTask-position":   run(on2022, ResumeFromPosition("15000000040000037")),
		"RunTask-checkpoint": run(task, RecoverFromTargetCheckpoint("Checkpoint:V1#1#timestamp:2017-02-14T12:34:44#0#0#*#0#0")),
		"StopTask":           func() (any, error) { return c.Tasks.Stop(ctx, sales, 0) },
		"DeleteTask": func() (any, error) {
			return nil, c.Tasks.Delete(ctx, TaskRef{"myreprsv1", "salesDBBackup"}, DeleteTaskOptions{Logs: true})
		},
		"ExportTask": func() (any, error) { return readAll(c.Tasks.Export(ctx, sales, ExportTaskOptions{})) },
		"ImportTask": func() (any, error) {
			return nil, c.Tasks.Import(ctx, TaskRef{"myrepsrv1", "SalesDBBackup"}, document)
		},
		"CloneTask": func() (any, error) {
			return nil, c.Tasks.Clone(ctx, sales, "BusinessData", CloneTaskOptions{Permissions: true, Source: "MyOracle",
				Target: "MySQLServer", ControlSchema: "TaskControlSchema", TargetSchema: "TaskTargetSchema",
				ControlTableTablespace: "TaskTableSpace", ControlIndexTablespace: "TaskIndexTableSpace"})
		},
		"GetTaskTableSelection": func() (any, error) { return c.Tasks.TableSelection(ctx, TaskRef{"localhost", "sql2sql"}) },
		"PutTaskTableSelection": func() (any, error) {
			return nil, c.Tasks.PutTableSelection(ctx, TaskRef{"localhost", "sql2sql_fl_test"}, TableSelection{
				Included: []SelectedTable{{Owner: "dbo", Name: "tbl%"}},
				Excluded: []SelectedTable{{Owner: "dbo", Name: "tbl_xyz%", Type: TypeView}},
				Explicit: []SelectedTable{{Owner: "dbo", Name: "employees"}, {Owner: "dbo", Name: "customers"}},
			})
		},
		"DeleteOldChangeData": func() (any, error) {
			return nil, c.Tasks.DeleteOldChangeData(ctx, TaskRef{"myemserver", "Oracle2NULL"},
				ChangeDataBefore(june.AddDate(0, 0, 30)))
		},
		"DeleteOldChangeData-offset": func() (any, error) {
			return nil, c.Tasks.DeleteOldChangeData(ctx, TaskRef{"myemserver", "Oracle2NULL"}, ChangeDataOffset("P1M3DT1H2M"))
		},
		"SetChangeDataRetentionBarrier": func() (any, error) {
			return nil, c.Tasks.SetRetentionBarrier(ctx, oracle, RetentionBarrier{"xxx", june})
		},
		"SetChangeDataRetentionBarrier-remove": func() (any, error) {
			return nil, c.Tasks.RemoveRetentionBarrier(ctx, oracle, "application_name")
		},
		"GetChangeDataRetentionBarrier": func() (any, error) { return c.Tasks.RetentionBarrier(ctx, oracle) },

		"GetTableList":     func() (any, error) { return c.Tables.List(ctx, task, TableFilter{}) },
		"GetTableStatuses": func() (any, error) { return c.Tables.Statuses(ctx, task, TableFilter{}) },
		"ReloadTable":      func() (any, error) { return nil, c.Tables.Reload(ctx, TableRef{sales, "dbo", "employeelist"}) },
		"ResumeTable": func() (any, error) {
			return nil, c.Tables.Resume(ctx, TableRef{TaskRef{"myrepsrv1", "SalesDBBackup"}, "dbo", "employeeelist"})
		},

		"GetEndpointList": func() (any, error) { return c.Endpoints.List(ctx, "myreprsv1") },
		"TestEndpoint": func() (any, error) {
			return c.Endpoints.Test(ctx, EndpointRef{"myrepsrv1", "TargetSQL1c"}, time.Minute)
		},
		"PatchEndpoint": func() (any, error) {
			return nil, c.Endpoints.Patch(ctx, EndpointRef{"myreprsv1", "my_s3"},
				Patch{ReplaceSetting("/db_settings/bucketName", "my_new_bucket")})
		},
		"DeleteEndpoint": func() (any, error) {
			return nil, c.Endpoints.Delete(ctx, EndpointRef{"myreprsv1", "Shopping"}, DeleteEndpointOptions{})
		},
		"ReconfigureEndpointNoWait": func() (any, error) {
			return nil, c.Endpoints.Reconfigure(ctx, EndpointRef{"myreprsv1", "MyOracle"}, "SecondaryOracle",
				ReconfigureOptions{})
		},

		"ExportAuditTrail": func() (any, error) { return readAll(c.Audit.Export(ctx, june, june.Add(time.Hour))) },

		"GetServerAcl":    get(ServerACL("myreprsv1")),
		"PutServerAcl":    put(ServerACL("Server Name"), NewACL(both, nobody, nobody, nobody, false)),
		"DeleteServerAcl": drop(ServerACL("myreprsv1")),

		"GetTasksCollectionAcl":    get(TasksACL("server1")),
		"PutTasksCollectionsAcl":   put(TasksACL("Server Name"), NewACL(had, add, nobody, nobody, false)),
		"DeleteTasksCollectionAcl": drop(TasksACL("MyRepServer")),

		"GetTaskAcl":    get(TaskACL(TaskRef{"myreprsv1", "mytask"})),
		"PutTaskAcl":    put(TaskACL(named), NewACL(had, nobody, nobody, add, false)),
		"DeleteTaskAcl": drop(TaskACL(admin)),

		"GetEndpointsCollectionAcl":    get(EndpointsACL("server1")),
		"PutEndpointsCollectionsAcl":   put(EndpointsACL("Server Name"), NewACL(had, nobody, add, nobody, false)),
		"DeleteEndpointsCollectionAcl": drop(EndpointsACL("MyRepServer")),

		"GetEndpointAcl":    get(EndpointACL(EndpointRef{"myreprsv1", "MyEndpoint"})),
		"PutEndpointAcl":    put(EndpointACL(EndpointRef{"Server Name", "Endpoint Name"}), withNone),
		"DeleteEndpointAcl": drop(EndpointACL(endpoint)),
	}
}
