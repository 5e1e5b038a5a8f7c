package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

const (
	endpointList = "GetEndpointList"
	endpointTest = "TestEndpoint"
	// One for each scope.
	aclMethods = "GetServerAcl, GetTasksCollectionAcl, GetTaskAcl, GetEndpointsCollectionAcl and GetEndpointAcl"
)

// endpointFamilies is the table of an endpoint's families, of the collector endpoints.
func endpointFamilies() []family[fleet.Endpoint] {
	return []family[fleet.Endpoint]{
		gauge("qem_endpoint_info", endpointList+" `{name,role,type}`",
			"Endpoint of a Replicate server, described by labels; always 1. The type is empty when the API does not give it. "+
				"Absent unless the collector endpoints is on and could list the endpoints when it was last due.",
			describe("type", func(e *fleet.Endpoint) []string { return []string{e.Type} })),
		gauge("qem_endpoint_licensed", endpointList+" `is_licensed`",
			"Whether the server's licence allows the endpoint: 1 if so, else 0. Absent when the API does not say, and "+
				"whenever qem_endpoint_info is.", one(func(e *fleet.Endpoint) num { return e.Licensed.Number() })),
	}
}

// endpointTestFamilies is the table of an endpoint's last test, of the collector endpoint_tests.
func endpointTestFamilies() []family[fleet.EndpointTest] {
	return []family[fleet.EndpointTest]{
		gauge("qem_endpoint_test_success", endpointTest+" `status`",
			"Whether the last test of the endpoint could connect: 1 if so, 0 if not, not in time, or if the test could not "+
				"run. Absent unless the collector endpoint_tests is on, and before the first test has ended.",
			one(func(t *fleet.EndpointTest) num { return t.Success.Number() })),
		gauge("qem_endpoint_test_duration_seconds", endpointTest,
			"How long the last test of the endpoint took, in seconds. Absent whenever qem_endpoint_test_success is.",
			one(func(t *fleet.EndpointTest) num { return t.Duration })),
		gauge("qem_endpoint_test_timestamp_seconds", endpointTest,
			"When the last test of the endpoint ended, in Unix seconds. Absent whenever qem_endpoint_test_success is.",
			one(func(t *fleet.EndpointTest) num { return t.Ended })),
	}
}

// aclFamilies is the table of an ACL's families, of the collector acls. They count principals and
// never name them.
func aclFamilies() []family[fleet.ACL] {
	var columns []column[fleet.ACL]
	for _, role := range []struct {
		name string
		of   func(a *fleet.ACL) *fleet.Principals
	}{
		{"admin", func(a *fleet.ACL) *fleet.Principals { return &a.Admin }},
		{"designer", func(a *fleet.ACL) *fleet.Principals { return &a.Designer }},
		{"operator", func(a *fleet.ACL) *fleet.Principals { return &a.Operator }},
		{"viewer", func(a *fleet.ACL) *fleet.Principals { return &a.Viewer }},
		{"none", func(a *fleet.ACL) *fleet.Principals { return &a.None }},
	} {
		columns = append(columns,
			at(role.name+",user", func(a *fleet.ACL) num { return role.of(a).Users }),
			at(role.name+",group", func(a *fleet.ACL) num { return role.of(a).Groups }))
	}
	return []family[fleet.ACL]{
		gauge("qem_acl_explicit", aclMethods,
			"Whether an object has permissions of its own: 1 if so, 0 if it inherits them all. The object is the name of the "+
				"server, task or endpoint, and empty for the scopes tasks and endpoints, which are all of a server's. Absent "+
				"unless the collector acls is on and could read the ACL, which takes the role Operator on the object.",
			one(func(a *fleet.ACL) num { return fleet.FlagOf(a.Explicit).Number() })),
		gauge("qem_acl_inheritance_disabled", aclMethods+" `disable_inheritance`",
			"Whether the object's own permissions are its only ones: 1 if so, 0 if it inherits others. Absent when the API "+
				"does not say, and for an object without permissions of its own.",
			one(func(a *fleet.ACL) num { return a.InheritanceDisabled.Number() })),
		gauge("qem_acl_principals", aclMethods+" `{admin,designer,operator,viewer,none}_role.{users,groups}`",
			"Number of users and of groups with a role by the object's own permissions. The role none takes away what would "+
				"be inherited. Absent for an object without permissions of its own, and for the role none when the API leaves it "+
				"out.",
			by("role,kind", columns...)),
	}
}
