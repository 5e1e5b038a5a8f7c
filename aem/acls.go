package aem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// Role is what an ACL lets somebody do. Each includes those after it, but for
// RoleNone, which takes away what would be inherited.
type Role string

// The roles of an ACL, strongest first.
const (
	RoleAdmin    Role = "admin"
	RoleDesigner Role = "designer"
	RoleOperator Role = "operator"
	RoleViewer   Role = "viewer"
	RoleNone     Role = "none"
)

// Principals are who has a role, as DOMAIN\name.
type Principals struct {
	Users  []string `api:"users,names"`
	Groups []string `api:"groups,names"`
}

// ACL is the explicit permissions on an object. What is inherited from the objects
// above it is not in it.
//
// A Put replaces the ACL, so it takes only a complete one: one that the API returned
// whole, or one of NewACL. A literal ACL{} is not complete.
type ACL struct {
	Admin    Principals `api:"admin_role|admin"`
	Designer Principals `api:"designer_role|designer"`
	Operator Principals `api:"operator_role|operator"`
	Viewer   Principals `api:"viewer_role|viewer"`
	// None takes its principals' inherited role away. The API may leave it out.
	None Principals `api:"none_role|none,omitempty"`
	// DisableInheritance makes the explicit permissions the only ones. The API may
	// leave it out of the ACL of a collection; then it must be set before a Put.
	DisableInheritance Bool `api:"disable_inheritance"`

	complete bool
}

var aclTable = wire.NewTable[ACL]()

// MarshalJSON writes the ACL as the API does.
func (a ACL) MarshalJSON() ([]byte, error) { return marshal(aclTable, &a) }

// UnmarshalJSON reads what MarshalJSON writes, or what people write alike. It is complete
// then: a role that is left out is nobody's. A role that nobody knows is an error.
func (a *ACL) UnmarshalJSON(data []byte) error {
	s := wire.NewScanner(bytes.NewReader(data))
	var unknown string
	acl, err := readACL(s, func(key []byte) { unknown = string(key) })
	switch {
	case err != nil:
		return fmt.Errorf("aem: not an ACL: %w", err)
	case len(s.Problems()) > 0:
		return errors.New("aem: not an ACL: disable_inheritance is true or false")
	case unknown != "":
		return fmt.Errorf("aem: not an ACL: %s is no role: they are admin_role, designer_role, operator_role, viewer_role and none_role", unknown)
	}
	acl.complete = true
	*a = *acl
	return nil
}

// decodeACL reads an ACL. What is missing of it is empty, but what is there is understood
// as a whole or not at all: an ACL that lost somebody must not be put back. One with a
// role that is not known can be read, and not be put.
func decodeACL(s *wire.Scanner) (*ACL, error) {
	complete := true
	acl, err := readACL(s, func(key []byte) { complete = complete && !bytes.HasSuffix(key, []byte("role")) })
	if err == nil {
		acl.complete = complete
	}
	return acl, err
}

func readACL(s *wire.Scanner, unknown func(key []byte)) (*ACL, error) {
	acl := &ACL{}
	s.Strict, s.Unknown = true, unknown
	s.Document(false, func(key []byte) bool { return aclTable.Member(s, key, acl) })
	if !s.Known {
		s.Fault("not an ACL")
	}
	if err := s.Result(); err != nil {
		return nil, err
	}
	return acl, nil
}

// NewACL makes a complete ACL of all its roles.
func NewACL(admin, designer, operator, viewer Principals, disableInheritance bool) *ACL {
	return &ACL{
		Admin: admin, Designer: designer, Operator: operator, Viewer: viewer,
		DisableInheritance: BoolOf(disableInheritance),
		complete:           true,
	}
}

// Roles goes through the roles, strongest first, and who has them.
func (a *ACL) Roles() iter.Seq2[Role, *Principals] {
	return func(yield func(Role, *Principals) bool) {
		_ = yield(RoleAdmin, &a.Admin) && yield(RoleDesigner, &a.Designer) && yield(RoleOperator, &a.Operator) &&
			yield(RoleViewer, &a.Viewer) && yield(RoleNone, &a.None)
	}
}

// SetUser gives a user a role, and takes every other from him: nobody may have two.
// The role "" takes him out of the ACL. Names that differ by case only are the same.
// It reports whether the role is one.
func (a *ACL) SetUser(name string, role Role) bool {
	return a.set(name, role, func(p *Principals) *[]string { return &p.Users })
}

// SetGroup is SetUser for a group.
func (a *ACL) SetGroup(name string, role Role) bool {
	return a.set(name, role, func(p *Principals) *[]string { return &p.Groups })
}

func (a *ACL) set(name string, role Role, of func(*Principals) *[]string) bool {
	var to *[]string
	for r, principals := range a.Roles() {
		if r == role {
			to = of(principals)
		}
	}
	if to == nil && role != "" {
		return false
	}
	for _, principals := range a.Roles() {
		list := of(principals)
		*list = slices.DeleteFunc(slices.Clone(*list), func(other string) bool { return strings.EqualFold(other, name) })
	}
	if to != nil {
		*to = append(*to, name)
	}
	return true
}

// clone is an ACL that shares nothing with a.
func (a *ACL) clone() *ACL {
	b := *a
	for _, principals := range b.Roles() {
		principals.Users, principals.Groups = slices.Clone(principals.Users), slices.Clone(principals.Groups)
	}
	return &b
}

// equal reports whether a Put of one is a Put of the other.
func (a *ACL) equal(b *ACL) bool {
	other := map[Role]*Principals{}
	for role, principals := range b.Roles() {
		other[role] = principals
	}
	for role, principals := range a.Roles() {
		if !slices.Equal(principals.Users, other[role].Users) || !slices.Equal(principals.Groups, other[role].Groups) {
			return false
		}
	}
	return a.DisableInheritance == b.DisableInheritance
}

// check says what is wrong with an ACL to send. All its roles are sent always, so that
// none is inherited by being left out; none_role only when it is used, as old versions do
// not know it.
func (a *ACL) check() error {
	if a == nil || !a.complete {
		return errors.New("the ACL is not complete: change one that the API returned, or make one with NewACL")
	}
	if !a.DisableInheritance.IsSet() {
		return errors.New("the ACL does not say whether inheritance is disabled: set DisableInheritance")
	}
	for _, principals := range a.Roles() {
		for _, name := range slices.Concat(principals.Users, principals.Groups) {
			if strings.TrimSpace(name) == "" {
				return errors.New("the ACL has a user or group without a name")
			}
		}
	}
	return nil
}

// ACLsService reads and changes the explicit permissions on servers, tasks and
// endpoints, and on all tasks or all endpoints of a server.
//
// An object without an explicit ACL inherits all of it; to get or delete its ACL is
// an ErrNoACL. The guide names the roles for servers only: Operator to get, Admin to
// put and delete; the others are likely to be the same, on the object.
type ACLsService struct{ core *core }

// ACLTarget is what an ACL protects.
type ACLTarget struct {
	get, put, delete string // operations
	path             []string
}

// ServerACL is the ACL of a server.
func ServerACL(server string) ACLTarget {
	return ACLTarget{"GetServerAcl", "PutServerAcl", "DeleteServerAcl", []string{"servers", server}}
}

// TasksACL is the ACL of all tasks of a server.
func TasksACL(server string) ACLTarget {
	return ACLTarget{"GetTasksCollectionAcl", "PutTasksCollectionsAcl", "DeleteTasksCollectionAcl",
		[]string{"servers", server, "tasks"}}
}

// TaskACL is the ACL of a task.
func TaskACL(server, task string) ACLTarget {
	return ACLTarget{"GetTaskAcl", "PutTaskAcl", "DeleteTaskAcl", []string{"servers", server, "tasks", task}}
}

// EndpointsACL is the ACL of all endpoints of a server.
func EndpointsACL(server string) ACLTarget {
	return ACLTarget{"GetEndpointsCollectionAcl", "PutEndpointsCollectionsAcl", "DeleteEndpointsCollectionAcl",
		[]string{"servers", server, "endpoints"}}
}

// EndpointACL is the ACL of an endpoint.
func EndpointACL(server, endpoint string) ACLTarget {
	return ACLTarget{"GetEndpointAcl", "PutEndpointAcl", "DeleteEndpointAcl", []string{"servers", server, "endpoints", endpoint}}
}

func (s ACLsService) get(ctx context.Context, t ACLTarget) (*ACL, error) {
	return fetch(ctx, s.core, get(t.get, t.path...).with("action", "acl"), decodeACL)
}

func (s ACLsService) put(ctx context.Context, t ACLTarget, acl *ACL) error {
	if err := acl.check(); err != nil {
		return refusal(t.put, err.Error())
	}
	return write(ctx, s.core, send(http.MethodPut, t.put, "acl", t.path...), aclTable, acl)
}

func (s ACLsService) remove(ctx context.Context, t ACLTarget) error {
	return s.core.call(ctx, send(http.MethodDelete, t.delete, "acl", t.path...))
}

// Update gets an ACL, lets change alter it and puts it back, unless it is as it was.
// An error of change ends it and is returned. Whatever somebody else changes in the
// meantime is lost. The ErrNoACL of an object without an explicit ACL is returned as
// it is: make one with NewACL.
//
//qem:uses GetServerAcl PutServerAcl GetTasksCollectionAcl PutTasksCollectionsAcl GetTaskAcl PutTaskAcl GetEndpointsCollectionAcl PutEndpointsCollectionsAcl GetEndpointAcl PutEndpointAcl
func (s ACLsService) Update(ctx context.Context, target ACLTarget, change func(*ACL) error) error {
	if target.path == nil {
		return refusal("PutAcl", "there is no target: make one with ServerACL, TasksACL, TaskACL, EndpointsACL or EndpointACL")
	}
	acl, err := s.get(ctx, target)
	if err != nil {
		return err
	}
	before := acl.clone()
	if err := change(acl); err != nil {
		return err
	}
	if acl.equal(before) {
		return nil
	}
	return s.put(ctx, target, acl)
}

// GetServer returns the explicit ACL of a server.
//
//qem:operation GetServerAcl GET /servers/{server}?action=acl
func (s ACLsService) GetServer(ctx context.Context, server string) (*ACL, error) {
	return s.get(ctx, ServerACL(server))
}

// PutServer replaces the explicit ACL of a server.
//
//qem:operation PutServerAcl PUT /servers/{server}?action=acl
func (s ACLsService) PutServer(ctx context.Context, server string, acl *ACL) error {
	return s.put(ctx, ServerACL(server), acl)
}

// DeleteServer removes the explicit ACL of a server; all of it is inherited then.
//
//qem:operation DeleteServerAcl DELETE /servers/{server}?action=acl
func (s ACLsService) DeleteServer(ctx context.Context, server string) error {
	return s.remove(ctx, ServerACL(server))
}

// GetTasks returns the explicit ACL of all tasks of a server.
//
//qem:operation GetTasksCollectionAcl GET /servers/{server}/tasks?action=acl
func (s ACLsService) GetTasks(ctx context.Context, server string) (*ACL, error) {
	return s.get(ctx, TasksACL(server))
}

// PutTasks replaces the explicit ACL of all tasks of a server.
//
//qem:operation PutTasksCollectionsAcl PUT /servers/{server}/tasks?action=acl
func (s ACLsService) PutTasks(ctx context.Context, server string, acl *ACL) error {
	return s.put(ctx, TasksACL(server), acl)
}

// DeleteTasks removes the explicit ACL of all tasks of a server; all of it is inherited then.
//
//qem:operation DeleteTasksCollectionAcl DELETE /servers/{server}/tasks?action=acl
func (s ACLsService) DeleteTasks(ctx context.Context, server string) error {
	return s.remove(ctx, TasksACL(server))
}

// GetTask returns the explicit ACL of a task.
//
//qem:operation GetTaskAcl GET /servers/{server}/tasks/{task}?action=acl
func (s ACLsService) GetTask(ctx context.Context, server, task string) (*ACL, error) {
	return s.get(ctx, TaskACL(server, task))
}

// PutTask replaces the explicit ACL of a task.
//
//qem:operation PutTaskAcl PUT /servers/{server}/tasks/{task}?action=acl
func (s ACLsService) PutTask(ctx context.Context, server, task string, acl *ACL) error {
	return s.put(ctx, TaskACL(server, task), acl)
}

// DeleteTask removes the explicit ACL of a task; all of it is inherited then.
//
//qem:operation DeleteTaskAcl DELETE /servers/{server}/tasks/{task}?action=acl
func (s ACLsService) DeleteTask(ctx context.Context, server, task string) error {
	return s.remove(ctx, TaskACL(server, task))
}

// GetEndpoints returns the explicit ACL of all endpoints of a server.
//
//qem:operation GetEndpointsCollectionAcl GET /servers/{server}/endpoints?action=acl
func (s ACLsService) GetEndpoints(ctx context.Context, server string) (*ACL, error) {
	return s.get(ctx, EndpointsACL(server))
}

// PutEndpoints replaces the explicit ACL of all endpoints of a server.
//
//qem:operation PutEndpointsCollectionsAcl PUT /servers/{server}/endpoints?action=acl
func (s ACLsService) PutEndpoints(ctx context.Context, server string, acl *ACL) error {
	return s.put(ctx, EndpointsACL(server), acl)
}

// DeleteEndpoints removes the explicit ACL of all endpoints of a server; all of it is inherited then.
//
//qem:operation DeleteEndpointsCollectionAcl DELETE /servers/{server}/endpoints?action=acl
func (s ACLsService) DeleteEndpoints(ctx context.Context, server string) error {
	return s.remove(ctx, EndpointsACL(server))
}

// GetEndpoint returns the explicit ACL of an endpoint.
//
//qem:operation GetEndpointAcl GET /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) GetEndpoint(ctx context.Context, server, endpoint string) (*ACL, error) {
	return s.get(ctx, EndpointACL(server, endpoint))
}

// PutEndpoint replaces the explicit ACL of an endpoint.
//
//qem:operation PutEndpointAcl PUT /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) PutEndpoint(ctx context.Context, server, endpoint string, acl *ACL) error {
	return s.put(ctx, EndpointACL(server, endpoint), acl)
}

// DeleteEndpoint removes the explicit ACL of an endpoint; all of it is inherited then.
//
//qem:operation DeleteEndpointAcl DELETE /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) DeleteEndpoint(ctx context.Context, server, endpoint string) error {
	return s.remove(ctx, EndpointACL(server, endpoint))
}
