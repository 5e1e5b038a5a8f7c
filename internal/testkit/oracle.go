package testkit

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// Oracle says what an exporter must serve of the servers, tasks and tables of a simulated Enterprise
// Manager that has lived untroubled, out of the simulator's state, the metrics reference and what is
// judged here: it shares no code with what makes the samples.
type Oracle struct {
	Manager string
	Shape   aemtest.Shape
	Mode    string // of the tables; "" is off
	// Expect lists the objectives of the configuration, and Memory and Disk are the limits of servers.
	Expect       []Expect
	Memory, Disk float64
	// Optional tells that all optional collectors are on, of an account that may read everything.
	Optional bool
	// Reference is where docs/metrics.md is, which says where the samples come from that are told as they are.
	Reference string
	rows      map[string][]row
	// The tables were read between these; without them, no end of a load is estimated.
	From, To time.Time
}

// Expect is one of the objectives: expressions, which are empty for any, and what they ask for.
type Expect struct {
	Server, Task, Tag string
	Latency, FullLoad time.Duration
	Running           bool
	Priority          string
}

// Range is what a sample may be; most are exact.
type Range struct{ Low, High float64 }

// Truth is every sample of a state. State_since and last_change are not among them: they depend on what
// was seen before; nor is when and how fast servers were polled.
func (o *Oracle) Truth(state *aemtest.State) map[string]Range {
	truth := map[string]Range{}
	o.rows = documentedRows(o.Reference)
	for i := range state.Servers {
		o.server(entity{truth, []string{"manager", o.Manager}}, &state.Servers[i])
	}
	return truth
}

// untold are the families of entities that an Oracle leaves out.
func (o *Oracle) untold(key string) bool {
	switch NameOf(key) {
	case "qem_task_state_since_timestamp_seconds", "qem_task_last_change_timestamp_seconds",
		"qem_server_poll_last_success_timestamp_seconds", "qem_server_poll_duration_seconds",
		"qem_endpoint_test_duration_seconds", "qem_endpoint_test_timestamp_seconds":
		return true
	case "qem_acl_principals": // whether the API speaks of the role none is its own affair
		return strings.Contains(key, `role="none"`)
	case endOfLoad:
		return o.From.IsZero()
	}
	return !Entity(key)
}

const endOfLoad = "qem_table_full_load_estimated_end_timestamp_seconds"

// Compare lists where what is served of entities differs from the truth.
func (o *Oracle) Compare(state *aemtest.State, served Samples) []string {
	truth := o.Truth(state)
	var wrong []string
	for key, value := range served {
		want, ok := truth[key]
		switch {
		case o.untold(key):
		case !ok:
			wrong = append(wrong, fmt.Sprintf("unexpected: %s %v", key, value))
		case want.Low == want.High && value != want.Low, value < want.Low-1e-3, value > want.High+1e-3: // milliseconds
			wrong = append(wrong, fmt.Sprintf("wrong: %s %v, want %v", key, value, want))
		}
	}
	for key, want := range truth {
		if _, ok := served[key]; !ok {
			wrong = append(wrong, fmt.Sprintf("missing: %s %v", key, want))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// entity adds samples of one server, task or table; its labels are names and values by turns.
type entity struct {
	truth  map[string]Range
	labels []string
}

func (e entity) with(labels ...string) entity {
	return entity{e.truth, slices.Concat(e.labels, labels)}
}

func (e entity) between(name string, low, high float64, labels ...string) {
	if math.IsNaN(low) {
		return
	}
	set := map[string]string{"__name__": name}
	for pair := range slices.Chunk(slices.Concat(e.labels, labels), 2) {
		set[pair[0]] = pair[1]
	}
	e.truth[SeriesKey(set)] = Range{low, high}
}

// add adds a sample, unless it is not a number.
func (e entity) add(name string, value float64, labels ...string) {
	e.between(name, value, value, labels...)
}

// stateSet adds a sample for each known state and one for a state that is not known.
func (e entity) stateSet(name, current string, known ...string) {
	for _, state := range known {
		e.add(name, 0, "state", state)
	}
	if current != "" {
		e.add(name, 1, "state", current)
	}
}

func flag(v bool) float64 { return map[bool]float64{true: 1}[v] }

// positive is a configured number, not a number when it is not configured.
func positive(v float64) float64 { return only(v > 0, v) }

// only is a number that has a meaning in some states only.
func only(when bool, v float64) float64 {
	if !when {
		return math.NaN()
	}
	return v
}

// word is the API's text as a label.
func word[T ~string](v T) string { return strings.ReplaceAll(strings.ToLower(string(v)), " ", "_") }

func (o *Oracle) server(e entity, v *aemtest.ServerState) {
	e = e.with("server", v.Name)
	e.add("qem_server_info", 1, "product", string(v.Product), "host", v.Host, "port", v.Port,
		"platform", word(v.Platform), "version", v.Version)
	e.stateSet("qem_server_state", word(v.State), "monitored", "not_monitored", "error")
	o.documented(e, "GetServerList", v.ServerDetails, always)
	if v.State == aem.ServerNotMonitored {
		return
	}
	e.add("qem_server_up", flag(v.State == aem.ServerMonitored))
	e.stateSet("qem_server_license_state", word(v.License.State),
		"valid", "invalid_checksum", "expired", "no_license", "machine_not_licensed", "invalid")
	o.documented(e, "GetServerDetails", v.ServerDetails, always)
	e.add("qem_server_memory_limit_bytes", positive(o.Memory))
	e.add("qem_server_disk_limit_bytes", positive(o.Disk))
	if v.State != aem.ServerMonitored {
		return
	}
	e.add("qem_server_tasks_listed", float64(len(v.Tasks)))
	e.add("qem_server_tasks_polled", float64(len(v.Tasks)))
	for i := range v.Tasks {
		o.task(e.with("task", v.Tasks[i].Name), v.Name, &v.Tasks[i])
	}
	if o.Optional {
		o.optional(e, v)
	}
}

func (o *Oracle) task(e entity, server string, v *aemtest.Task) {
	e.add("qem_task_info", 1, "product", string(v.Product), "type", o.typeOf(v), "profile", word(v.Profile),
		"project", v.Project, "source", v.Source.Name, "source_type", v.Source.Type, "target", v.Target.Name,
		"target_type", v.Target.Type, "log_stream_staging", v.LogStreamStaging)
	for _, tag := range v.Tags {
		e.add("qem_task_tag", 1, "tag", tag)
	}
	e.stateSet("qem_task_state", word(v.State), "running", "stopped", "error", "recovering")
	e.add("qem_task_stop_reason", 1, "reason", word(v.StopReason))
	e.add("qem_task_up", 1)
	x := o.expected(server, v)
	e.add("qem_task_full_load_objective_seconds", positive(x.FullLoad.Seconds()))
	e.add("qem_task_expected_running", only(x.Running, 1))
	e.add("qem_task_priority", 1, "priority", cmp.Or(x.Priority, "page"))
	o.documented(e, "GetTaskDetails", v.TaskDetails, means(v))
	if v.Product == aem.Compose {
		return
	}
	e.add("qem_task_latency_objective_seconds", positive(x.Latency.Seconds()))
	if o.Mode != "" && o.Mode != "off" {
		o.tables(e, v)
	}
	if o.Optional && v.Options.StoreChanges.True() && len(v.Barriers) > 0 {
		first := slices.MinFunc(v.Barriers, func(a, b aem.RetentionBarrier) int { return a.Point.Compare(b.Point) })
		e.add("qem_task_retention_barrier_timestamp_seconds", float64(first.Point.Unix()), "application", first.Application)
	}
}

// typeOf is the type of a task as the API says it: the guide prints another key and text than servers
// send, and old releases send none.
func (o *Oracle) typeOf(v *aemtest.Task) string {
	switch {
	case o.Shape == aemtest.Legacy:
		return ""
	case o.Shape == aemtest.Guide && v.Product == aem.Replicate:
		return "ReplicateTaskInfoDetailed"
	}
	return v.Type
}

// expected is what the task's tags, which go first, and the configuration expect of it.
func (o *Oracle) expected(server string, v *aemtest.Task) Expect {
	tags := map[string]string{} // the first by text of each
	for _, tag := range slices.Backward(slices.Sorted(slices.Values(v.Tags))) {
		key, value, _ := strings.Cut(tag, "=")
		tags[key] = value
	}
	x := Expect{Running: tags["expected"] == "running"}
	x.Latency, _ = time.ParseDuration(tags["latency_objective"])
	x.FullLoad, _ = time.ParseDuration(tags["full_load_objective"])
	if slices.Contains([]string{"page", "ticket", "none"}, tags["priority"]) {
		x.Priority = tags["priority"]
	}
	for _, entry := range o.Expect {
		tagged := func(tag string) bool { return matches(entry.Tag, tag) }
		if matches(entry.Server, server) && matches(entry.Task, v.Name) &&
			(entry.Tag == "" || slices.ContainsFunc(v.Tags, tagged)) {
			x.Latency, x.FullLoad = cmp.Or(x.Latency, entry.Latency), cmp.Or(x.FullLoad, entry.FullLoad)
			x.Running, x.Priority = x.Running || entry.Running, cmp.Or(x.Priority, entry.Priority)
		}
	}
	return x
}

func matches(pattern, text string) bool {
	return pattern == "" || regexp.MustCompile("^(?s:"+pattern+")$").MatchString(text)
}

// means tells of which families a task's numbers mean something now: rates while it works, latencies
// while it works and follows its source.
func means(v *aemtest.Task) func(family string) bool {
	works := v.State == aem.TaskRunning || v.State == aem.TaskRecovering
	follows := works && (v.Options.ApplyChanges.True() || v.Options.StoreChanges.True())
	return func(family string) bool {
		switch {
		case strings.HasSuffix(family, "_per_second"):
			return works
		case strings.HasSuffix(family, "_latency_seconds"):
			return follows
		}
		return true
	}
}

// tables adds the counts of all tables of a task and the series of those that the mode asks for.
func (o *Oracle) tables(task entity, v *aemtest.Task) {
	counts := map[string]float64{"queued": 0, "loading": 0, "completed": 0, "change_processing": 0, "error": 0}
	for i := range v.Tables {
		t := &v.Tables[i]
		counts[word(t.State)]++
		bad := t.State == aem.TableError || t.DataErrors.Int() > 0
		if o.Mode == "all" || o.Mode == "errors" && bad {
			o.table(task.with("schema", t.Schema, "table", t.Name), t)
		}
	}
	for state, count := range counts {
		task.add("qem_task_tables", count, "state", state)
	}
}

func (o *Oracle) table(e entity, v *aem.TableStatus) {
	e.add("qem_table_state", 1, "state", word(v.State))
	o.documented(e, "GetTableStatuses", *v, always)
	f := &v.FullLoad
	loads := v.State == aem.TableLoading && !f.Start.IsZero() && f.TransferredRows.Int() > 0 && f.EstimatedRows.Int() > 0
	if loads && !o.From.IsZero() {
		e.between(endOfLoad, estimatedEnd(f, o.From), estimatedEnd(f, o.To))
	}
}

// estimatedEnd is the guide's formula: start + estimated rows * time so far / transferred rows. A load
// that goes on does not end before now.
func estimatedEnd(f *aem.TableFullLoad, now time.Time) float64 {
	start, at := float64(f.Start.Unix()), float64(now.UnixMicro())/1e6
	return max(at, start+float64(f.EstimatedRows.Int())*(at-start)/float64(f.TransferredRows.Int()))
}

// optional adds what the optional collectors read of a server.
func (o *Oracle) optional(e entity, v *aemtest.ServerState) {
	const told = true
	legacy := o.Shape == aemtest.Legacy // only old releases say of collections whether they inherit
	acl(e, "server", v.Name, v.ACL, told)
	acl(e, "tasks", "", v.TasksACL, legacy)
	if v.Product == aem.Replicate {
		acl(e, "endpoints", "", v.EndpointsACL, legacy)
	}
	for i := range v.Tasks {
		acl(e, "task", v.Tasks[i].Name, v.Tasks[i].ACL, told)
	}
	for _, p := range v.Endpoints {
		acl(e, "endpoint", p.Name, p.ACL, told)
		kind := p.Type
		if o.Shape == aemtest.Guide {
			kind = strings.ToUpper(kind)
		}
		endpoint := e.with("endpoint_name", p.Name)
		endpoint.add("qem_endpoint_test_success", flag(p.Problem == ""))
		endpoint = endpoint.with("role", string(p.Role))
		endpoint.add("qem_endpoint_info", 1, "type", kind)
		endpoint.add("qem_endpoint_licensed", flag(p.Licensed.True()))
	}
}

// acl adds an object's own permissions; the API may not say whether it inherits others.
func acl(e entity, scope, object string, v *aem.ACL, inheritance bool) {
	e = e.with("scope", scope, "object", object)
	e.add("qem_acl_explicit", flag(v != nil))
	if v == nil {
		return
	}
	if inheritance {
		e.add("qem_acl_inheritance_disabled", flag(v.DisableInheritance.True()))
	}
	for role, p := range v.Roles() {
		if role == aem.RoleNone { // whether the API speaks of it is its own affair
			continue
		}
		e.add("qem_acl_principals", float64(len(p.Users)), "role", string(role), "kind", "user")
		e.add("qem_acl_principals", float64(len(p.Groups)), "role", string(role), "kind", "group")
	}
}
