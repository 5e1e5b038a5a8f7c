package aemtest

import (
	"net/http"
	"net/url"
	"strings"
)

// resource is a path below /api/v1 with its names taken out.
type resource string

// The resources of the API.
const (
	resLogin     resource = "login"
	resLogout    resource = "logout"
	resAudit     resource = "security/audit_trail"
	resServers   resource = "servers"
	resServer    resource = "servers/{server}"
	resServerDef resource = "servers/{server}/def"
	resLicense   resource = "servers/{server}/license/def"
	resTasks     resource = "servers/{server}/tasks"
	resTask      resource = "servers/{server}/tasks/{task}"
	resTables    resource = "servers/{server}/tasks/{task}/tables"
	resEndpoints resource = "servers/{server}/endpoints"
	resEndpoint  resource = "servers/{server}/endpoints/{endpoint}"
)

// operation is one method of the API.
type operation struct {
	name     string
	verb     string
	resource resource
	action   string // of the query; compared without regard to case
	role     Role   // the least role that may
	answer   func(*Simulator, *call) answer
}

// changes reports whether the method changes the Enterprise Manager.
func (o *operation) changes() bool { return o.verb != http.MethodGet && o.resource != resLogin }

// operations are all methods of the API.
func operations() []operation {
	get, put, post, del := http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []operation{
		{"Login", get, resLogin, "", NoRole, nil},
		{"Login", post, resLogin, "", NoRole, nil},
		{"Logout", get, resLogout, "", NoRole, (*Simulator).logout},
		{"PutServerLicense", put, resLicense, "", Admin, (*Simulator).putLicense},
		{"GetServerDetails", get, resServer, "", Viewer, (*Simulator).serverDetails},
		{"PutServer", put, resServerDef, "", Admin, (*Simulator).putServer},
		{"GetServer", get, resServerDef, "", Operator, (*Simulator).getServer},
		{"GetServerList", get, resServers, "", Viewer, (*Simulator).serverList},
		{"DeleteServer", del, resServerDef, "", Admin, (*Simulator).deleteServer},
		{"GetTaskList", get, resTasks, "", Viewer, (*Simulator).taskList},
		{"GetTaskDetails", get, resTask, "", Viewer, (*Simulator).taskDetails},
		{"GetTableList", get, resTables, "", Viewer, (*Simulator).tableList},
		{"GetTaskTableSelection", get, resTables, "selection", Viewer, (*Simulator).getSelection},
		{"PutTaskTableSelection", put, resTables, "selection", Admin, (*Simulator).putSelection},
		{"GetTableStatuses", get, resTables, "getstatus", Viewer, (*Simulator).tableStatuses},
		{"DeleteTask", post, resTask, "delete", Designer, (*Simulator).deleteTask},
		{"ExportTask", get, resTask, "export", Operator, (*Simulator).exportTask},
		{"ImportTask", post, resTask, "import", Designer, (*Simulator).importTask},
		{"CloneTask", post, resTask, "clone", Operator, (*Simulator).cloneTask},
		{"ExportAuditTrail", get, resAudit, "", Admin, (*Simulator).exportAudit},
		{"RunTask", post, resTask, "run", Operator, (*Simulator).runTask},
		{"StopTask", post, resTask, "stop", Operator, (*Simulator).stopTask},
		{"GetEndpointList", get, resEndpoints, "", Viewer, (*Simulator).endpointList},
		{"PatchEndpoint", http.MethodPatch, resEndpoint, "", Designer, (*Simulator).patchEndpoint},
		{"DeleteEndpoint", del, resEndpoint, "delete", Designer, (*Simulator).deleteEndpoint},
		{"DeleteEndpoint", post, resEndpoint, "delete", Designer, (*Simulator).deleteEndpoint},
		{"ReconfigureEndpointNoWait", put, resEndpoint, "reconfigure", Operator, (*Simulator).reconfigureEndpoint},
		{"ExportAll", get, resServer, "export", Admin, (*Simulator).exportAll},
		{"ImportAll", post, resServer, "import", Admin, (*Simulator).importAll},
		{"ReloadTable", post, resTables, "reload", Operator, (*Simulator).reloadTable},
		{"ResumeTable", post, resTables, "resume", Operator, (*Simulator).resumeTable},
		{"TestEndpoint", get, resEndpoint, "test", Operator, (*Simulator).testEndpoint},
		{"DeleteOldChangeData", post, resTask, "delete_old_change_data", Operator, (*Simulator).deleteOldChangeData},
		{"SetChangeDataRetentionBarrier", put, resTask, "set_change_data_retention_barrier", Operator,
			(*Simulator).setBarrier},
		{"GetChangeDataRetentionBarrier", get, resTask, "get_change_data_retention_barrier", Operator,
			(*Simulator).getBarrier},
		{"GetTaskAcl", get, resTask, "acl", Operator, (*Simulator).getACL},
		{"PutTaskAcl", put, resTask, "acl", Admin, (*Simulator).putACL},
		{"DeleteTaskAcl", del, resTask, "acl", Admin, (*Simulator).deleteACL},
		{"GetTasksCollectionAcl", get, resTasks, "acl", Operator, (*Simulator).getACL},
		{"PutTasksCollectionsAcl", put, resTasks, "acl", Admin, (*Simulator).putACL},
		{"DeleteTasksCollectionAcl", del, resTasks, "acl", Admin, (*Simulator).deleteACL},
		{"GetEndpointAcl", get, resEndpoint, "acl", Operator, (*Simulator).getACL},
		{"PutEndpointAcl", put, resEndpoint, "acl", Admin, (*Simulator).putACL},
		{"DeleteEndpointAcl", del, resEndpoint, "acl", Admin, (*Simulator).deleteACL},
		{"GetEndpointsCollectionAcl", get, resEndpoints, "acl", Operator, (*Simulator).getACL},
		{"PutEndpointsCollectionsAcl", put, resEndpoints, "acl", Admin, (*Simulator).putACL},
		{"DeleteEndpointsCollectionAcl", del, resEndpoints, "acl", Admin, (*Simulator).deleteACL},
		{"GetServerAcl", get, resServer, "acl", Operator, (*Simulator).getACL},
		{"PutServerAcl", put, resServer, "acl", Admin, (*Simulator).putACL},
		{"DeleteServerAcl", del, resServer, "acl", Admin, (*Simulator).deleteACL},
	}
}

// routeKey is what tells the methods of the API apart.
type routeKey struct {
	verb     string
	resource resource
	action   string
}

func newRoutes() map[routeKey]*operation {
	routes := make(map[routeKey]*operation)
	for _, op := range operations() {
		routes[routeKey{op.verb, op.resource, op.action}] = &op
	}
	return routes
}

// call is one request, understood.
type call struct {
	op                   *operation // nil when it is none of the API's methods
	server, task, object string     // names of the path, decoded once
	query                url.Values
	request              *http.Request
	body                 []byte // of a method that changes something
	user                 User
}

// operation names the call for faults and counters.
func (c *call) operation() string {
	if c.op == nil {
		return "unknown"
	}
	return c.op.name
}

// route understands a request.
func (s *Simulator) route(r *http.Request) *call {
	c := &call{request: r}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), Path+"/api/v1/")
	if !ok {
		return c
	}
	segments := strings.Split(strings.TrimRight(rest, "/"), "/")
	for i, seg := range segments {
		name, err := url.PathUnescape(seg)
		if err != nil {
			return c
		}
		segments[i] = name
	}
	if r.URL.RawQuery != "" {
		c.query = r.URL.Query()
	}
	c.op = s.routes[routeKey{r.Method, c.resource(segments), strings.ToLower(c.query.Get("action"))}]
	return c
}

// resource recognises the path and keeps its names.
func (c *call) resource(seg []string) resource {
	if len(seg) < 2 || seg[0] != "servers" {
		return resource(strings.Join(seg, "/"))
	}
	c.server = seg[1]
	switch {
	case len(seg) == 2:
		return resServer
	case len(seg) == 3 && seg[2] != "":
		return resServer + "/" + resource(seg[2])
	case len(seg) == 4 && seg[2] == "tasks":
		c.task = seg[3]
		return resTask
	case len(seg) == 5 && seg[2] == "tasks" && seg[4] == "tables":
		c.task = seg[3]
		return resTables
	case len(seg) == 4 && seg[2] == "endpoints":
		c.object = seg[3]
		return resEndpoint
	case len(seg) == 4 && seg[2] == "license" && seg[3] == "def":
		return resLicense
	}
	return ""
}

// Operations names every method of the API that the simulator knows, in the order
// of the guide.
func Operations() []string {
	var names []string
	for _, op := range operations() {
		if len(names) == 0 || names[len(names)-1] != op.name {
			names = append(names, op.name)
		}
	}
	return names
}
