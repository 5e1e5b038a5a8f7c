package aem

import (
	"errors"
	"iter"
	"slices"
	"strings"
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
type Principals struct{ Users, Groups []string }

// ACL is the explicit permissions on an object. What is inherited from the objects
// above it is not in it.
//
// A Put replaces the ACL, so it takes only a complete one: one that the API returned
// whole, or one of NewACL. A literal ACL{} is not complete.
type ACL struct {
	Admin, Designer, Operator, Viewer Principals
	// None takes its principals' inherited role away. The API may leave it out.
	None Principals
	// DisableInheritance makes the explicit permissions the only ones. The API may
	// leave it out of the ACL of a collection; then it must be set before a Put.
	DisableInheritance Bool

	complete bool
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

// object is the ACL to send: always all roles, so that none is inherited by being
// left out; none_role only when it is used, as old versions do not know it.
func (a *ACL) object() (object, error) {
	if a == nil || !a.complete {
		return nil, errors.New("the ACL is not complete: change one that the API returned, or make one with NewACL")
	}
	inheritance, ok := a.DisableInheritance.Get()
	if !ok {
		return nil, errors.New("the ACL does not say whether inheritance is disabled: set DisableInheritance")
	}
	body := object{"disable_inheritance": inheritance}
	for role, principals := range a.Roles() {
		if role == RoleNone && len(principals.Users) == 0 && len(principals.Groups) == 0 {
			continue
		}
		users, err := named(principals.Users)
		if err != nil {
			return nil, err
		}
		groups, err := named(principals.Groups)
		if err != nil {
			return nil, err
		}
		body[string(role)+"_role"] = object{"users": users, "groups": groups}
	}
	return body, nil
}

func named(names []string) ([]object, error) {
	list := make([]object, 0, len(names))
	for _, name := range names {
		if strings.TrimSpace(name) == "" {
			return nil, errors.New("the ACL has a user or group without a name")
		}
		list = append(list, object{"name": name})
	}
	return list, nil
}
