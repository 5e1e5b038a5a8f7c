package fleet

// Endpoint is one endpoint of a Replicate server. One that the API lists in two roles
// is two of them.
type Endpoint struct {
	Name     string `from:"Name"`
	Role     string `from:"Role"`     // source, target, both, all, or what the API says
	Type     string `from:"Type"`     // in the API's words
	Licensed Flag   `from:"Licensed"` // the server's licence allows it
}

// EndpointTest is the last test of an endpoint's connection.
type EndpointTest struct {
	Endpoint string
	Success  Flag   // Unknown when the API does not say; No when the test could not run
	Reason   string // why it failed or could not run; never a label
	Duration Number // seconds
	Ended    Number // Unix seconds
}

// Scopes of an ACL.
const (
	ScopeServer    = "server"
	ScopeTasks     = "tasks" // all tasks of a server
	ScopeTask      = "task"
	ScopeEndpoints = "endpoints" // all endpoints of a server
	ScopeEndpoint  = "endpoint"
)

// ACL is who has which role on an object of a server by permissions of the object's
// own, as numbers: who they are is nobody's business here.
type ACL struct {
	Scope  string // ScopeServer, ...
	Object string // name of the server, task or endpoint; "" for a scope that is all of them
	// Explicit says whether the object has permissions of its own. Without, it inherits
	// all, and the rest is absent.
	Explicit            bool
	InheritanceDisabled Flag

	Admin, Designer, Operator, Viewer Principals
	None                              Principals // those whose inherited role is taken away
}

// Principals counts who has a role.
type Principals struct {
	Users, Groups Number
}

// RetentionBarrier is the point before which an application no longer needs a task's
// change data.
type RetentionBarrier struct {
	Application string `json:"application,omitzero" from:"Application"`
	Time        Number `json:"timestamp_seconds,omitzero" from:"Point"`
}
