package aemtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// ACL is an explicit access control list of a server, a task, an endpoint, or of
// all tasks or endpoints of a server.
type ACL struct {
	Admin, Designer, Operator, Viewer, None Principals
	DisableInheritance                      bool
}

// Principals are users and groups as `DOMAIN\name`.
type Principals = aem.Principals

func (a *ACL) clone() *ACL {
	c := cloned(a)
	if c != nil {
		for _, p := range []*Principals{&c.Admin, &c.Designer, &c.Operator, &c.Viewer, &c.None} {
			p.Users, p.Groups = slices.Clone(p.Users), slices.Clone(p.Groups)
		}
	}
	return c
}

// Barrier is the retention barrier of one application.
type Barrier struct {
	Application string
	Point       time.Time
}

// Deletion is one request to delete old change data (DeleteOldChangeData).
type Deletion struct {
	Requested time.Time
	Before    string // a timestamp or an ISO 8601 duration, as it came
}

// TableSelection is which tables a task replicates.
type TableSelection = aem.TableSelection

func cloneSelection(s *TableSelection) *TableSelection {
	c := cloned(s)
	if c != nil {
		c.Included, c.Excluded, c.Explicit = slices.Clone(c.Included), slices.Clone(c.Excluded), slices.Clone(c.Explicit)
	}
	return c
}

// Targets is where a cloned or imported task puts its tables; "" is the default.
type Targets struct {
	Schema, ControlSchema, ControlTableSpace, ControlIndexSpace string
}

// EndpointState is one endpoint of a server (GetEndpointList, TestEndpoint).
type EndpointState struct {
	Name        string
	Description string
	Role        string // SOURCE, TARGET or BOTH
	Type        string
	Licensed    bool
	// Settings are its db_settings: what encoding/json makes of JSON.
	Settings map[string]any
	// Configuration is what ReconfigureEndpointNoWait has chosen last.
	Configuration string
	// Problem is what a test of the endpoint says now; "" when it can connect.
	Problem string
	ACL     *ACL
}

// tell fills in what no answer about a server alone tells.
func (s *server) tell(v *ServerState, now time.Time) {
	v.ACL, v.TasksACL, v.EndpointsACL = v.ACL.clone(), v.TasksACL.clone(), v.EndpointsACL.clone()
	v.VerifyCertificate = !s.unverified
	for _, e := range s.endpoints {
		x := e.state
		x.Settings, x.ACL = copyJSON(x.Settings), x.ACL.clone()
		x.Problem, _, _ = e.problem(now.Sub(s.start))
		v.Endpoints = append(v.Endpoints, x)
	}
	v.Tasks = make([]Task, len(s.tasks))
	for i, t := range s.tasks {
		v.Tasks[i] = t.withTables(now)
	}
}

// copyJSON copies an object of JSON with everything below it; its values are those that
// encoding/json reads.
func copyJSON(m map[string]any) (c map[string]any) {
	b, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		panic(fmt.Sprintf("aemtest: the settings of an endpoint are not JSON: %v", err))
	}
	return c
}
