package aemtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// kept is what Enterprise Manager keeps of a task beside what it does.
type kept struct {
	acl       *ACL
	barriers  []Barrier // by application
	deletions []Deletion
	selection *TableSelection
	targets   *Targets // nil for the defaults
}

// ACL is an explicit access control list of a server, a task, an endpoint, or of
// all tasks or endpoints of a server.
type ACL struct {
	Admin, Designer, Operator, Viewer, None Principals
	DisableInheritance                      bool
}

// Principals are users and groups as `DOMAIN\name`.
type Principals = aem.Principals

func (a *ACL) clone() *ACL {
	if a == nil {
		return nil
	}
	c := *a
	for _, p := range []*Principals{&c.Admin, &c.Designer, &c.Operator, &c.Viewer, &c.None} {
		p.Users, p.Groups = slices.Clone(p.Users), slices.Clone(p.Groups)
	}
	return &c
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
	if s == nil {
		return nil
	}
	return &TableSelection{
		Included: slices.Clone(s.Included), Excluded: slices.Clone(s.Excluded), Explicit: slices.Clone(s.Explicit),
	}
}

// Targets is where a cloned or imported task puts its tables; "" is the default.
type Targets struct {
	Schema, ControlSchema, ControlTableSpace, ControlIndexSpace string
}

func (t *Targets) clone() *Targets {
	if t == nil {
		return nil
	}
	c := *t
	return &c
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

// addKept fills in what Enterprise Manager keeps of a task.
func (t *task) addKept(v *Task) {
	v.ACL = t.acl.clone()
	v.Barriers = slices.Clone(t.barriers)
	v.Deletions = slices.Clone(t.deletions)
	v.Selection = cloneSelection(t.selection)
	v.Targets = t.targets.clone()
}

// addKept fills in what Enterprise Manager keeps of a server.
func (s *server) addKept(v *ServerState, now time.Time) {
	v.ACL, v.TasksACL, v.EndpointsACL = s.acl.clone(), s.tasksACL.clone(), s.endpointsACL.clone()
	v.VerifyCertificate = !s.unverified
	for _, e := range s.endpoints {
		x := e.state
		x.Settings = copyJSON(x.Settings)
		x.ACL = x.ACL.clone()
		x.Problem, _, _ = e.problem(now.Sub(s.start))
		v.Endpoints = append(v.Endpoints, x)
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
