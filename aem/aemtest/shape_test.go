package aemtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/aem"
)

// A client that knows nothing but encoding/json and the RealWorld spelling.
type (
	plainServer struct {
		Type          string `json:"$type"`
		Name          string
		Description   string
		Host, Port    string
		State         string
		Message       string
		Platform      string
		Version       string
		Last          string `json:"last_connection"`
		Configuration struct{ Host, Port, Platform, User_name string }
		License       struct {
			Issue_date, State, Expiration string
			Days_to_expiration            int64
		}
		Task_summary         TaskSummary
		Resource_utilization struct {
			Disk_usage_mb, Memory_mb, Attunity_cpu_percentage, Machine_cpu_percentage int64
		}
	}
	plainRate struct{ Current int64 }
	plainTask struct {
		Type                             string `json:"$type"`
		Name, Description                string
		State, Stop_reason               string
		Task_stop_reason                 string
		Message, Profile, Project        string
		Source_endpoint, Target_endpoint *Endpoint
		Assigned_tags                    []string
		Log_stream_staging               string
		Options                          struct {
			Full_load_enabled, Apply_changes_enabled, Store_changes_enabled, Audit_changes_enabled bool
		}
		Cdc_event_counters struct {
			Applied_insert_count, Applied_update_count, Applied_delete_count, Applied_ddl_count int64
		}
		Full_load_counters struct {
			Tables_completed_count, Tables_loading_count, Tables_queued_count, Tables_with_error_count int64
			Records_completed_count, Estimated_records_for_all_tables_count                            int64
		}
		Full_load_completed  bool
		Full_load_start      string
		Full_load_end        string
		Full_load_throughput struct {
			Source_throughput_records_count, Source_throughput_volume int64
			Target_throughput_records_count, Target_throughput_volume int64
		}
		Cdc_throughput struct {
			Source_throughput_records_count, Source_throughput_volume plainRate
			Target_throughput_records_count, Target_throughput_volume plainRate
		}
		Cdc_transactions_counters struct {
			Commit_change_records_count, Rollback_transaction_count, Rollback_change_records_count   int64
			Rollback_change_volume_mb, Applied_transactions_in_progress_count                        int64
			Applied_records_in_progress_count, Applied_comitted_transaction_count                    int64
			Applied_records_comitted_count, Applied_volume_comitted_mb                               int64
			Incoming_accumulated_changes_in_memory_count, Incoming_accumulated_changes_on_disk_count int64
			Incoming_applying_changes_in_memory_count, Incoming_applying_changes_on_disk_count       int64
		}
		Cdc_latency                              struct{ Source_latency, Total_latency string }
		Memory_mb, Cpu_percentage, Disk_usage_mb int64
		Data_error_count                         int64
		Loading_completed                        bool
		Loading_start, Loading_end               string
		Loading_counters                         struct {
			Tables_total_count, Tables_completed_count, Tables_loading_count, Tables_queued_count int64
			Tables_with_error_count, Commands_total_count, Commands_completed_count               int64
		}
	}
	plainTable struct {
		Schema_on_source, Table_on_source, Schema_on_target, Table_on_target, State string
		Data_errors_count                                                           int64
		Table_full_load_info                                                        struct {
			Start_time, End_time                                              string
			Estimated_row_count, Transferred_row_count, Transferred_volume_mb int64
		}
		Table_cdc_info struct {
			Insert_count, Update_count, Delete_count, Ddl_count           int64
			Cached_insert_count, Cached_update_count, Cached_delete_count int64
		}
	}
)

// TestRealWorldEqualsTruth reads a whole fleet through the API and compares every
// value with State, at several instants.
func TestRealWorldEqualsTruth(t *testing.T) {
	clock := newClock()
	operator := DefaultAccount()
	operator.Role = Operator
	s := New(Options{Seed: 7, Servers: 8, ComposeServers: 2, TasksPerServer: 17, OddNames: true, Incidents: true,
		Start: testStart, Clock: clock.now,
		Users: []User{operator}})
	c := newCaller(t, s)
	for _, since := range []time.Duration{0, 95 * time.Second, 170 * time.Second, 7*time.Minute + 300*time.Millisecond,
		26 * time.Hour} {
		clock.set(since)
		truth := s.State()
		got := &State{Time: truth.Time, Servers: readFleet(t, c, truth)}
		if diff := cmp.Diff(truth, got); diff != "" {
			t.Errorf("at %v the API differs from State (-truth +API):\n%.3000s", since, diff)
		}
	}
}

// readFleet reads what the API gives, and takes the tasks of servers that it does
// not give from the truth.
func readFleet(t *testing.T, c *caller, truth *State) []ServerState {
	t.Helper()
	var list struct{ ServerList []plainServer }
	c.json("servers", &list)
	var fleet []ServerState
	for i, row := range list.ServerList {
		var details struct {
			Server_details plainServer
		}
		c.json(serverPath(row.Name), &details)
		v := details.Server_details.state(t)
		if row.Host != v.Host || row.Port != v.Port || row.State != v.State || row.Message != v.Message ||
			row.Platform != v.Platform ||
			row.Version != v.Version || row.Description != v.Description || !parseTime(t, row.Last).Equal(v.LastConnection) {
			t.Errorf("the list and the details of %q differ", row.Name)
		}
		readKept(t, c, &v, &truth.Servers[i])
		if v.State == Monitored {
			v.Tasks = readTasks(t, c, v.Name)
		} else {
			v.Tasks = truth.Servers[i].Tasks
		}
		fleet = append(fleet, v)
	}
	return fleet
}

func readTasks(t *testing.T, c *caller, server string) []Task {
	t.Helper()
	var list struct{ TaskList []plainTask }
	c.json(serverPath(server)+"/tasks", &list)
	var tasks []Task
	for _, row := range list.TaskList {
		var details plainTask
		c.json(taskPath(server, row.Name), &details)
		v := details.task(t)
		if v.Product == Compose {
			v.StopReason = row.Stop_reason
		} else {
			var tables struct{ Table_details []plainTable }
			c.json(taskPath(server, row.Name)+"/tables?action=getstatus", &tables)
			v.Tables = make([]Table, len(tables.Table_details))
			for i := range v.Tables {
				v.Tables[i] = tables.Table_details[i].table(t)
			}
		}
		readTaskKept(t, c, server, &v)
		if row.State != v.State || row.Stop_reason != v.StopReason || row.Message != v.Message ||
			!cmp.Equal(row.Assigned_tags, details.Assigned_tags) {
			t.Errorf("the list and the details of %q differ", row.Name)
		}
		tasks = append(tasks, v)
	}
	return tasks
}

func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	layout := "2006-01-02T15:04:05"
	if len(text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	v, err := time.Parse(layout, text)
	if err != nil {
		t.Error(err)
	}
	return v
}

func parseSpan(t *testing.T, text string) time.Duration {
	t.Helper()
	var h, m, s int
	if _, err := fmt.Sscanf(text, "%d:%d:%d", &h, &m, &s); err != nil {
		t.Errorf("latency %q: %v", text, err)
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}

func (p *plainServer) state(t *testing.T) ServerState {
	u := p.Resource_utilization
	v := ServerState{
		Product: Replicate, Name: p.Name, Description: p.Description, Host: p.Configuration.Host, Port: p.Configuration.Port,
		Platform: p.Configuration.Platform, Version: p.Version, User: p.Configuration.User_name, State: p.State,
		Message:        p.Message,
		LastConnection: parseTime(t, p.Last), Summary: p.Task_summary,
		License: License{p.License.State, parseTime(t, p.License.Issue_date), parseTime(t, p.License.Expiration),
			p.License.Days_to_expiration},
		Utilization: Utilization{u.Disk_usage_mb, u.Memory_mb, u.Attunity_cpu_percentage, u.Machine_cpu_percentage},
	}
	if strings.HasPrefix(p.Type, "Compose") {
		v.Product = Compose
	}
	return v
}

func (p *plainTask) task(t *testing.T) Task {
	v := Task{
		Product: Replicate, Type: p.Type, Name: p.Name, Description: p.Description, State: p.State,
		StopReason: p.Task_stop_reason,
		Message:    p.Message, Profile: p.Profile, Project: p.Project, Source: *p.Source_endpoint, Target: *p.Target_endpoint,
		FullLoadEnabled: p.Options.Full_load_enabled, ApplyChanges: p.Options.Apply_changes_enabled,
		StoreChanges: p.Options.Store_changes_enabled, AuditChanges: p.Options.Audit_changes_enabled,
		LogStreamStaging: p.Log_stream_staging,
	}
	if len(p.Assigned_tags) > 0 {
		v.Tags = p.Assigned_tags
	}
	if strings.Contains(p.Type, "Compose") {
		l := p.Loading_counters
		v.Product = Compose
		v.Loading = Loading{p.Loading_completed, parseTime(t, p.Loading_start), parseTime(t, p.Loading_end),
			l.Tables_total_count, l.Tables_completed_count, l.Tables_loading_count, l.Tables_queued_count,
			l.Tables_with_error_count,
			l.Commands_total_count, l.Commands_completed_count}
		return v
	}
	e, f, r, x := p.Cdc_event_counters, p.Full_load_throughput, p.Cdc_throughput, p.Cdc_transactions_counters
	v.CDC = CDC{e.Applied_insert_count, e.Applied_update_count, e.Applied_delete_count, e.Applied_ddl_count}
	v.FullLoadThroughput = Throughput{f.Source_throughput_records_count, f.Source_throughput_volume,
		f.Target_throughput_records_count, f.Target_throughput_volume}
	v.CDCThroughput = Throughput{r.Source_throughput_records_count.Current, r.Source_throughput_volume.Current,
		r.Target_throughput_records_count.Current, r.Target_throughput_volume.Current}
	v.Transactions = Transactions{x.Commit_change_records_count, x.Rollback_transaction_count,
		x.Rollback_change_records_count,
		x.Rollback_change_volume_mb, x.Applied_transactions_in_progress_count, x.Applied_records_in_progress_count,
		x.Applied_comitted_transaction_count, x.Applied_records_comitted_count, x.Applied_volume_comitted_mb,
		x.Incoming_accumulated_changes_in_memory_count, x.Incoming_accumulated_changes_on_disk_count,
		x.Incoming_applying_changes_in_memory_count, x.Incoming_applying_changes_on_disk_count}
	v.SourceLatency, v.TotalLatency = parseSpan(t, p.Cdc_latency.Source_latency), parseSpan(t, p.Cdc_latency.Total_latency)
	n := p.Full_load_counters
	v.FullLoad = FullLoad{n.Tables_completed_count, n.Tables_loading_count, n.Tables_queued_count,
		n.Tables_with_error_count,
		n.Records_completed_count, n.Estimated_records_for_all_tables_count,
		p.Full_load_completed, parseTime(t, p.Full_load_start), parseTime(t, p.Full_load_end)}
	v.MemoryMB, v.CPU, v.DiskMB, v.DataErrors = p.Memory_mb, p.Cpu_percentage, p.Disk_usage_mb, p.Data_error_count
	return v
}

func (p *plainTable) table(t *testing.T) Table {
	f, c := p.Table_full_load_info, p.Table_cdc_info
	return Table{
		Schema: p.Schema_on_source, Name: p.Table_on_source, TargetSchema: p.Schema_on_target, TargetName: p.Table_on_target,
		State: p.State, DataErrors: p.Data_errors_count, Start: parseTime(t, f.Start_time), End: parseTime(t, f.End_time),
		EstimatedRows: f.Estimated_row_count, TransferredRows: f.Transferred_row_count,
		TransferredBytes: f.Transferred_volume_mb,
		Changes:          CDC{c.Insert_count, c.Update_count, c.Delete_count, c.Ddl_count},
		CachedInserts:    c.Cached_insert_count, CachedUpdates: c.Cached_update_count, CachedDeletes: c.Cached_delete_count,
	}
}

// inShape reads a whole fleet in a shape with package aem, by path.
func inShape(t *testing.T, opts Options, shape Shape) map[string]any {
	opts.Shape = shape
	client, err := aem.New("http://qem.test", aem.APIToken(DefaultAPIToken), aem.WithTransport(New(opts).Transport()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	ctx, all := t.Context(), map[string]any{}
	put := func(path string, v any, err error) {
		if err != nil {
			t.Errorf("%v: %s: %v", shape, path, err)
		}
		all[path] = v
	}
	servers, err := client.Servers.List(ctx)
	put("servers", servers, err)
	for _, server := range servers {
		details, err := client.Servers.Details(ctx, server.Name)
		put(server.Name, details, err)
		if server.State != aem.ServerMonitored {
			continue
		}
		tasks, err := client.Tasks.List(ctx, server.Name)
		put(server.Name+"/tasks", tasks, err)
		for _, task := range tasks {
			path := server.Name + "/" + task.Name
			details, err := client.Tasks.Details(ctx, aem.TaskRef{Server: server.Name, Task: task.Name})
			put(path, details, err)
			details.Type = "" // each shape has its own
			if details.Product == aem.Compose {
				continue
			}
			statuses, err := client.Tables.Statuses(ctx, aem.TaskRef{Server: server.Name, Task: task.Name}, aem.TableFilter{})
			put(path+" statuses", statuses, err)
			tables, err := client.Tables.List(ctx, aem.TaskRef{Server: server.Name, Task: task.Name}, aem.TableFilter{})
			put(path+" tables", tables, err)
		}
	}
	return all
}

// TestShapesTellTheSame compares every answer in every shape with the RealWorld
// one.
func TestShapesTellTheSame(t *testing.T) {
	clock := newClock()
	clock.set(100 * time.Second)
	opts := Options{Seed: 3, Servers: 7, ComposeServers: 1, TasksPerServer: 17, Incidents: true, Start: testStart,
		Clock: clock.now}
	want := inShape(t, opts, RealWorld)
	for _, shape := range []Shape{Guide, Legacy} {
		if diff := cmp.Diff(
			want,
			inShape(t, opts, shape),
			cmp.AllowUnexported(aem.Number{}, aem.Bool{}, aem.Duration{}),
		); diff != "" {
			t.Errorf("the shape %v differs (-realworld +%v):\n%.2000s", shape, shape, diff)
		}
	}
}

// TestShapesSpellAsTheyShould looks for what only one shape has.
func TestShapesSpellAsTheyShould(t *testing.T) {
	const server, running, compose = "servers/S", "servers/S/tasks/T", "servers/C/tasks/L__P"
	for shape, texts := range map[Shape]map[string][]string{
		RealWorld: {
			server: {`{"server_details":{"$type":"ReplicateServerDetails"`, `"user_name":`, `"VALID_LICENSE"`, `"total":1`,
				`"type":"REPLICATE"`},
			running: {`"state":"RECOVERY"`, `"applied_comitted_transaction_count":0`,
				`"cdc_throughput":{"source_throughput_records_count":{"current":0}`,
				`"full_load_throughput":{"source_throughput_records_count":0`, `"message":""`,
				`"task_stop_reason":"STOPPED_LOW_DISK_SPACE"`, `"full_load_start":null`},
			compose: {`"$type":"AemComposeDWTaskInfoDetailed"`, `"loading_counters":{`},
		},
		Guide: {
			server: {`{"serverDetails":{`, `"username":`, `"LICENSE_VALID"`, `"total":"1"`},
			running: {`"type":"ReplicateTaskInfoDetailed"`, `"state":"RECOVERING"`, `"applied_comitted_transacion_count":"0"`,
				`"message":"NONE"`, `"memory_mb":0`,
				`"estimated_records_for_all_tables_count":"0","full_load_completed":"false","full_load_start":"","full_load_end":""}`, `"STOPPED_LOW_DISK"`},
			compose: {`"loading_completed":"false"`},
		},
		Legacy: {
			server: {"\ufeff{", `"state":1`, `"license":{"issue_date":"2025-01-07","state":0`,
				`"last_connection":"2025-10-01 09:00:00"`},
			running: {`{"task":{"name":"T"`, `"state":3`, `"task_stop_reason":10`, `"total_latency":"1.02:00:00"`,
				`"applied_committed_transaction_count":0`, `"cdc_transaction_counters"`},
			compose: {`"project":"P"`},
		},
	} {
		s := New(Options{Servers: -1, ComposeServers: -1, Start: testStart, Clock: newClock().now, Shape: shape})
		s.AddServer(ServerState{Name: "S", License: License{State: LicenseValid,
			Issued: time.Date(2025, 1, 7, 0, 0, 0, 0, time.UTC)},
			Tasks: []Task{{Name: "T", State: Recovery, StopReason: "STOPPED_LOW_DISK_SPACE", TotalLatency: 26 * time.Hour}}})
		s.AddServer(ServerState{Name: "C", Product: Compose, Tasks: []Task{{Name: "L__P", Project: "P",
			Type: "AemComposeDWTaskInfoDetailed"}}})
		c := newCaller(t, s)
		for path, wanted := range texts {
			_, body := c.get(path)
			for _, text := range wanted {
				if !strings.Contains(string(body), text) {
					t.Errorf("%v: there is no %s in %s", shape, text, body)
				}
			}
		}
	}
}
