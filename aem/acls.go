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

// UnmarshalJSON reads what MarshalJSON writes, or what people write alike. It is complete
// then: a role that is left out is nobody's. A role that nobody knows is an error.
func (a *ACL) UnmarshalJSON(data []byte) error {
	s := wire.NewScanner(bytes.NewReader(data))
	var unknown string
	var acl ACL
	err := acl.read(s, func(key []byte) { unknown = string(key) })
	switch {
	case err != nil:
		return fmt.Errorf("aem: not an ACL: %w", err)
	case len(s.Problems()) > 0:
		return errors.New("aem: not an ACL: disable_inheritance is true or false")
	case unknown != "":
		return fmt.Errorf("aem: not an ACL: %s is no role: they are admin_role, designer_role, operator_role, "+
			"viewer_role and none_role", unknown)
	}
	acl.complete = true
	*a = acl
	return nil
}

// readACL reads an ACL. What is missing of it is empty, but what is there is understood
// as a whole or not at all: an ACL that lost somebody must not be put back. One with a
// role that is not known can be read, and not be put.
func readACL(s *wire.Scanner, acl *ACL) error {
	acl.complete = true
	return acl.read(s, func(key []byte) { acl.complete = acl.complete && !bytes.HasSuffix(key, []byte("role")) })
}

func (a *ACL) read(s *wire.Scanner, unknown func(key []byte)) error {
	s.Strict, s.Unknown = true, unknown
	aclTable.Document(s, a)
	if !s.Known {
		s.Fault("not an ACL")
	}
	return s.Result()
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

// text is the same for two ACLs of which a Put is the same.
func (a *ACL) text() string {
	text, _ := marshal(aclTable, a)
	return string(text)
}

// Validate says what the API would refuse for certain: a principal without a domain, one
// that occurs twice in whatever role, as a user or a group, and no admin while inheritance
// is disabled. It refuses an ACL that is not complete too.
func (a *ACL) Validate() error {
	if a == nil || !a.complete {
		return errors.New("the ACL is not complete: change one that the API returned, or make one with NewACL")
	}
	disabled, said := a.DisableInheritance.Get()
	if !said {
		return errors.New("the ACL does not say whether inheritance is disabled: set DisableInheritance")
	}
	seen := map[string]Role{}
	for role, principals := range a.Roles() {
		for _, name := range slices.Concat(principals.Users, principals.Groups) {
			domain, account, ok := strings.Cut(name, `\`)
			if !ok || strings.TrimSpace(domain) == "" || strings.TrimSpace(account) == "" {
				return fmt.Errorf(`%q has no domain: a user or a group is DOMAIN\name`, name)
			}
			if other, twice := seen[name]; twice {
				return fmt.Errorf("%q is assigned twice: as %s and as %s", name, other, role)
			}
			seen[name] = role
		}
	}
	if disabled && len(a.Admin.Users)+len(a.Admin.Groups) == 0 {
		return fmt.Errorf("inheritance is disabled, and nobody has the role admin: %w", ErrNoAdmin)
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

// ACLTarget is what an ACL protects. The zero ACLTarget is nothing.
type ACLTarget struct {
	kind string // in the names of operations
	path []string
}

// ServerACL is the ACL of a server.
func ServerACL(server string) ACLTarget { return ACLTarget{"Server", []string{"servers", server}} }

// TasksACL is the ACL of all tasks of a server.
func TasksACL(server string) ACLTarget {
	return ACLTarget{"TasksCollection", []string{"servers", server, "tasks"}}
}

// TaskACL is the ACL of a task.
func TaskACL(ref TaskRef) ACLTarget { return ACLTarget{"Task", ref.path()} }

// EndpointsACL is the ACL of all endpoints of a server.
func EndpointsACL(server string) ACLTarget {
	return ACLTarget{"EndpointsCollection", []string{"servers", server, "endpoints"}}
}

// EndpointACL is the ACL of an endpoint.
func EndpointACL(ref EndpointRef) ACLTarget { return ACLTarget{"Endpoint", ref.path()} }

// operation is the API's name of a method on the target, which has its oddities.
func (t ACLTarget) operation(verb string) string {
	if verb == "Put" && strings.HasSuffix(t.kind, "Collection") {
		return verb + t.kind + "sAcl"
	}
	return verb + t.kind + "Acl"
}

// call is a call of the method that is called name on the target.
func (t ACLTarget) call(name, verb string) *call {
	c := send(verb, t.operation(name), "acl", t.path...)
	if t.path == nil {
		c.refuse("there is no target: make one with ServerACL, TasksACL, TaskACL, EndpointsACL or EndpointACL")
	}
	return c
}

// Get returns the explicit ACL of an object.
// API:
//   - GetServerAcl, GET /servers/{server}?action=acl
//   - GetTasksCollectionAcl, GET /servers/{server}/tasks?action=acl
//   - GetTaskAcl, GET /servers/{server}/tasks/{task}?action=acl
//   - GetEndpointsCollectionAcl, GET /servers/{server}/endpoints?action=acl
//   - GetEndpointAcl, GET /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) Get(ctx context.Context, target ACLTarget, opts ...CallOption) (*ACL, error) {
	c := target.call("Get", http.MethodGet)
	c.idempotent = true
	return fetchOne(ctx, s.core, opts, c, readACL)
}

// Put replaces the explicit ACL of an object.
// API:
//   - PutServerAcl, PUT /servers/{server}?action=acl
//   - PutTasksCollectionsAcl, PUT /servers/{server}/tasks?action=acl
//   - PutTaskAcl, PUT /servers/{server}/tasks/{task}?action=acl
//   - PutEndpointsCollectionsAcl, PUT /servers/{server}/endpoints?action=acl
//   - PutEndpointAcl, PUT /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) Put(ctx context.Context, target ACLTarget, acl *ACL, opts ...CallOption) error {
	return s.core.do(ctx, opts, value(target.call("Put", http.MethodPut).checked(acl.Validate()), aclTable, acl))
}

// Delete removes the explicit ACL of an object; all of it is inherited then.
// API:
//   - DeleteServerAcl, DELETE /servers/{server}?action=acl
//   - DeleteTasksCollectionAcl, DELETE /servers/{server}/tasks?action=acl
//   - DeleteTaskAcl, DELETE /servers/{server}/tasks/{task}?action=acl
//   - DeleteEndpointsCollectionAcl, DELETE /servers/{server}/endpoints?action=acl
//   - DeleteEndpointAcl, DELETE /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) Delete(ctx context.Context, target ACLTarget, opts ...CallOption) error {
	return s.core.do(ctx, opts, target.call("Delete", http.MethodDelete))
}

// Update gets an ACL, lets change alter it and puts it back, unless it is as it was. When
// somebody else has changed it in the meantime it starts over, a few times, then fails
// with ErrStale: change may be called more than once. An error of change ends it and is
// returned. The ErrNoACL of an object without an explicit ACL is returned as it is.
//
// Calls: GetServerAcl, PutServerAcl, GetTasksCollectionAcl, PutTasksCollectionsAcl,
// GetTaskAcl, PutTaskAcl, GetEndpointsCollectionAcl, PutEndpointsCollectionsAcl,
// GetEndpointAcl, PutEndpointAcl.
func (s ACLsService) Update(ctx context.Context, target ACLTarget, change func(*ACL) error, opts ...CallOption) error {
	return s.update(ctx, target, s.Get, change, opts)
}

// UpdateOrCreate is Update, but for that an object without an explicit ACL gets one: change
// is given an empty one that inherits.
//
// Calls: GetServerAcl, PutServerAcl, GetTasksCollectionAcl, PutTasksCollectionsAcl,
// GetTaskAcl, PutTaskAcl, GetEndpointsCollectionAcl, PutEndpointsCollectionsAcl,
// GetEndpointAcl, PutEndpointAcl.
func (s ACLsService) UpdateOrCreate(ctx context.Context, target ACLTarget, change func(*ACL) error,
	opts ...CallOption) error {
	return s.update(ctx, target, func(ctx context.Context, target ACLTarget, opts ...CallOption) (*ACL, error) {
		acl, err := s.Get(ctx, target, opts...)
		if errors.Is(err, ErrNoACL) {
			return NewACL(Principals{}, Principals{}, Principals{}, Principals{}, false), nil
		}
		return acl, err
	}, change, opts)
}

type getACL func(context.Context, ACLTarget, ...CallOption) (*ACL, error)

func (s ACLsService) update(ctx context.Context, target ACLTarget, get getACL, change func(*ACL) error,
	opts []CallOption) error {
	return changeOf[ACL]{
		operation: target.operation("Put"),
		get:       func() (*ACL, error) { return get(ctx, target, opts...) },
		text:      (*ACL).text,
		change:    change,
		check:     (*ACL).Validate,
		put:       func(acl, _ *ACL) error { return s.Put(ctx, target, acl, opts...) },
	}.make()
}
