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

type operation struct {
	name     string
	verb     string
	resource resource
	action   string // of the query; compared without regard to case
	role     Role   // the least role that may
	needs    need
	answer   func(*call) error
}

// need is what a method needs of what its path names; each includes those before it.
type need uint8

const (
	nothing need = iota
	known        // Enterprise Manager has it
	reached      // the server is monitored
	ofReplicate
	ofReplicate52 // at least 5.2
)

func (o *operation) changes() bool { return o.verb != http.MethodGet && o.resource != resLogin }

func operations() []operation {
	get, put, post, del := http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []operation{
		{"Login", get, resLogin, "", NoRole, nothing, (*call).login},
		{"Login", post, resLogin, "", NoRole, nothing, (*call).login},
		{"Logout", get, resLogout, "", NoRole, nothing, (*call).logout},
		{"PutServerLicense", put, resLicense, "", Admin, ofReplicate, (*call).putLicense},
		{"GetServerDetails", get, resServer, "", Viewer, known, (*call).serverDetails},
		{"PutServer", put, resServerDef, "", Admin, nothing, (*call).putServer},
		{"GetServer", get, resServerDef, "", Operator, nothing, (*call).getServer},
		{"GetServerList", get, resServers, "", Viewer, nothing, (*call).serverList},
		{"DeleteServer", del, resServerDef, "", Admin, nothing, (*call).deleteServer},
		{"GetTaskList", get, resTasks, "", Viewer, reached, (*call).taskList},
		{"GetTaskDetails", get, resTask, "", Viewer, reached, (*call).taskDetails},
		{"GetTableList", get, resTables, "", Viewer, reached, (*call).tableList},
		{"GetTaskTableSelection", get, resTables, "selection", Viewer, reached, (*call).getSelection},
		{"PutTaskTableSelection", put, resTables, "selection", Admin, ofReplicate, (*call).putSelection},
		{"GetTableStatuses", get, resTables, "getstatus", Viewer, reached, (*call).tableStatuses},
		{"DeleteTask", post, resTask, "delete", Designer, ofReplicate, (*call).deleteTask},
		{"ExportTask", get, resTask, "export", Operator, ofReplicate52, (*call).exportTask},
		{"ImportTask", post, resTask, "import", Designer, ofReplicate52, (*call).importTask},
		{"CloneTask", post, resTask, "clone", Operator, ofReplicate, (*call).cloneTask},
		{"ExportAuditTrail", get, resAudit, "", Admin, nothing, (*call).exportAudit},
		{"RunTask", post, resTask, "run", Operator, reached, (*call).runTask},
		{"StopTask", post, resTask, "stop", Operator, reached, (*call).stopTask},
		{"GetEndpointList", get, resEndpoints, "", Viewer, ofReplicate, (*call).endpointList},
		{"PatchEndpoint", http.MethodPatch, resEndpoint, "", Designer, ofReplicate, (*call).patchEndpoint},
		{"DeleteEndpoint", del, resEndpoint, "delete", Designer, ofReplicate, (*call).deleteEndpoint},
		{"DeleteEndpoint", post, resEndpoint, "delete", Designer, ofReplicate, (*call).deleteEndpoint},
		{"ReconfigureEndpointNoWait", put, resEndpoint, "reconfigure", Operator, ofReplicate, (*call).reconfigureEndpoint},
		{"ExportAll", get, resServer, "export", Admin, ofReplicate52, (*call).exportAll},
		{"ImportAll", post, resServer, "import", Admin, ofReplicate52, (*call).importAll},
		{"ReloadTable", post, resTables, "reload", Operator, ofReplicate, (*call).reloadTable},
		{"ResumeTable", post, resTables, "resume", Operator, ofReplicate, (*call).resumeTable},
		{"TestEndpoint", get, resEndpoint, "test", Operator, ofReplicate, (*call).testEndpoint},
		{"DeleteOldChangeData", post, resTask, "delete_old_change_data", Operator, ofReplicate, (*call).deleteOldChangeData},
		{"SetChangeDataRetentionBarrier", put, resTask, "set_change_data_retention_barrier", Operator, ofReplicate,
			(*call).setBarrier},
		{"GetChangeDataRetentionBarrier", get, resTask, "get_change_data_retention_barrier", Operator, ofReplicate,
			(*call).getBarrier},
		{"GetTaskAcl", get, resTask, "acl", Operator, known, (*call).getACL},
		{"PutTaskAcl", put, resTask, "acl", Admin, known, (*call).putACL},
		{"DeleteTaskAcl", del, resTask, "acl", Admin, known, (*call).deleteACL},
		{"GetTasksCollectionAcl", get, resTasks, "acl", Operator, known, (*call).getACL},
		{"PutTasksCollectionsAcl", put, resTasks, "acl", Admin, known, (*call).putACL},
		{"DeleteTasksCollectionAcl", del, resTasks, "acl", Admin, known, (*call).deleteACL},
		{"GetEndpointAcl", get, resEndpoint, "acl", Operator, known, (*call).getACL},
		{"PutEndpointAcl", put, resEndpoint, "acl", Admin, known, (*call).putACL},
		{"DeleteEndpointAcl", del, resEndpoint, "acl", Admin, known, (*call).deleteACL},
		{"GetEndpointsCollectionAcl", get, resEndpoints, "acl", Operator, known, (*call).getACL},
		{"PutEndpointsCollectionsAcl", put, resEndpoints, "acl", Admin, known, (*call).putACL},
		{"DeleteEndpointsCollectionAcl", del, resEndpoints, "acl", Admin, known, (*call).deleteACL},
		{"GetServerAcl", get, resServer, "acl", Operator, known, (*call).getACL},
		{"PutServerAcl", put, resServer, "acl", Admin, known, (*call).putACL},
		{"DeleteServerAcl", del, resServer, "acl", Admin, known, (*call).deleteACL},
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

// call is one request, understood, and its answer.
type call struct {
	*Simulator
	answer
	op                   *operation // nil when it is none of the API's methods
	server, task, object string     // names of the path, decoded once
	query                url.Values
	request              *http.Request
	body                 []byte // of a method that changes something
	user                 User

	// What the names stand for, as far as the method needs it.
	srv *server
	t   *task
	end *endpoint
}

func (c *call) operation() string {
	if c.op == nil {
		return "unknown"
	}
	return c.op.name
}

func (s *Simulator) route(r *http.Request) *call {
	c := &call{Simulator: s, request: r}
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

func (c *call) resource(path []string) resource {
	if len(path) > 1 && path[0] == "servers" {
		c.server, path[1] = path[1], "{server}"
	}
	if len(path) > 3 {
		switch path[2] {
		case "tasks":
			c.task, path[3] = path[3], "{task}"
		case "endpoints":
			c.object, path[3] = path[3], "{endpoint}"
		}
	}
	return resource(strings.Join(path, "/"))
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
