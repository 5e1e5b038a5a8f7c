package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// aclFamilies is the table of an ACL's families, of the collector acls. They count
// principals and never name them.
func aclFamilies() []family[fleet.ACL] {
	return []family[fleet.ACL]{
		{
			gauge("qem_acl_explicit",
				"Whether an object has permissions of its own: 1 if so, 0 if it inherits them all. The object is the name of the server, task or endpoint, and empty for the scopes tasks and endpoints, which are all of a server's. Absent unless the collector acls is on and could read the ACL, which takes the role Operator on the object."),
			source{aclMethods, ""},
			one(func(a *fleet.ACL) float64 { return fleet.FlagOf(a.Explicit).Float() }),
		},
		{
			gauge("qem_acl_inheritance_disabled",
				"Whether the object's own permissions are its only ones: 1 if so, 0 if it inherits others. Absent when the API does not say, and for an object without permissions of its own."),
			source{aclMethods, "disable_inheritance"},
			one(func(a *fleet.ACL) float64 { return a.InheritanceDisabled.Float() }),
		},
		{
			gauge("qem_acl_principals",
				"Number of users and of groups with a role by the object's own permissions. The role none takes away what would be inherited. Absent for an object without permissions of its own, and for the role none when the API leaves it out."),
			source{aclMethods, "{admin,designer,operator,viewer,none}_role.{users,groups}"},
			principals(
				role{"admin", func(a *fleet.ACL) *fleet.Principals { return &a.Admin }},
				role{"designer", func(a *fleet.ACL) *fleet.Principals { return &a.Designer }},
				role{"operator", func(a *fleet.ACL) *fleet.Principals { return &a.Operator }},
				role{"viewer", func(a *fleet.ACL) *fleet.Principals { return &a.Viewer }},
				role{"none", func(a *fleet.ACL) *fleet.Principals { return &a.None }}),
		},
	}
}

// role is one role of an ACL.
type role struct {
	name string
	of   func(a *fleet.ACL) *fleet.Principals
}

// principals is a sample for the users and one for the groups of each role.
func principals(roles ...role) samples[fleet.ACL] {
	var columns []column[fleet.ACL]
	for _, r := range roles {
		columns = append(columns,
			column[fleet.ACL]{[]string{r.name, "user"}, func(a *fleet.ACL) float64 { return r.of(a).Users }},
			column[fleet.ACL]{[]string{r.name, "group"}, func(a *fleet.ACL) float64 { return r.of(a).Groups }})
	}
	return by([]string{"role", "kind"}, columns...)
}
