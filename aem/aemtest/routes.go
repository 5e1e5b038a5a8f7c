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

// operations are all methods of the API. A method that changes its Enterprise
// Manager, or that no monitoring needs, answers as one that this version does not
// support.
func operations() []operation {
	get, put, post, del := http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []operation{
		{"Login", get, resLogin, "", NoRole, nil},
		{"Login", post, resLogin, "", NoRole, nil},
		{"Logout", get, resLogout, "", NoRole, (*Simulator).logout},
		{"PutServerLicense", put, resLicense, "", Admin, unsupported},
		{"GetServerDetails", get, resServer, "", Viewer, (*Simulator).serverDetails},
		{"PutServer", put, resServerDef, "", Admin, unsupported},
		{"GetServer", get, resServerDef, "", Operator, unsupported},
		{"GetServerList", get, resServers, "", Viewer, (*Simulator).serverList},
		{"DeleteServer", del, resServerDef, "", Admin, unsupported},
		{"GetTaskList", get, resTasks, "", Viewer, (*Simulator).taskList},
		{"GetTaskDetails", get, resTask, "", Viewer, (*Simulator).taskDetails},
		{"GetTableList", get, resTables, "", Viewer, (*Simulator).tableList},
		{"GetTaskTableSelection", get, resTables, "selection", Viewer, unsupported},
		{"PutTaskTableSelection", put, resTables, "selection", Admin, unsupported},
		{"GetTableStatuses", get, resTables, "getstatus", Viewer, (*Simulator).tableStatuses},
		{"DeleteTask", post, resTask, "delete", Designer, unsupported},
		{"ExportTask", get, resTask, "export", Operator, unsupported},
		{"ImportTask", post, resTask, "import", Designer, unsupported},
		{"CloneTask", post, resTask, "clone", Operator, unsupported},
		{"ExportAuditTrail", get, resAudit, "", Admin, unsupported},
		{"RunTask", post, resTask, "run", Operator, unsupported},
		{"StopTask", post, resTask, "stop", Operator, unsupported},
		{"GetEndpointList", get, resEndpoints, "", Viewer, unsupported},
		{"PatchEndpoint", http.MethodPatch, resEndpoint, "", Designer, unsupported},
		{"DeleteEndpoint", del, resEndpoint, "delete", Designer, unsupported},
		{"DeleteEndpoint", post, resEndpoint, "delete", Designer, unsupported},
		{"ReconfigureEndpointNoWait", put, resEndpoint, "reconfigure", Operator, unsupported},
		{"ExportAll", get, resServer, "export", Admin, unsupported},
		{"ImportAll", post, resServer, "import", Admin, unsupported},
		{"ReloadTable", post, resTables, "reload", Operator, unsupported},
		{"ResumeTable", post, resTables, "resume", Operator, unsupported},
		{"TestEndpoint", get, resEndpoint, "test", Operator, unsupported},
		{"DeleteOldChangeData", post, resTask, "delete_old_change_data", Operator, unsupported},
		{"SetChangeDataRetentionBarrier", put, resTask, "set_change_data_retention_barrier", Operator, unsupported},
		{"GetChangeDataRetentionBarrier", get, resTask, "get_change_data_retention_barrier", Operator, unsupported},
		{"GetTaskAcl", get, resTask, "acl", Operator, unsupported},
		{"PutTaskAcl", put, resTask, "acl", Admin, unsupported},
		{"DeleteTaskAcl", del, resTask, "acl", Admin, unsupported},
		{"GetTasksCollectionAcl", get, resTasks, "acl", Operator, unsupported},
		{"PutTasksCollectionsAcl", put, resTasks, "acl", Admin, unsupported},
		{"DeleteTasksCollectionAcl", del, resTasks, "acl", Admin, unsupported},
		{"GetEndpointAcl", get, resEndpoint, "acl", Operator, unsupported},
		{"PutEndpointAcl", put, resEndpoint, "acl", Admin, unsupported},
		{"DeleteEndpointAcl", del, resEndpoint, "acl", Admin, unsupported},
		{"GetEndpointsCollectionAcl", get, resEndpoints, "acl", Operator, unsupported},
		{"PutEndpointsCollectionsAcl", put, resEndpoints, "acl", Admin, unsupported},
		{"DeleteEndpointsCollectionAcl", del, resEndpoints, "acl", Admin, unsupported},
		{"GetServerAcl", get, resServer, "acl", Operator, unsupported},
		{"PutServerAcl", put, resServer, "acl", Admin, unsupported},
		{"DeleteServerAcl", del, resServer, "acl", Admin, unsupported},
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
