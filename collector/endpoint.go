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
	e := entity[fleet.Endpoint]{}
	return []family[fleet.Endpoint]{
		gauge("qem_endpoint_info", e.describe("type=Type"),
			"Endpoint of a Replicate server, described by labels; always 1. The type is empty when the API does not give it. "+
				"Absent unless the collector endpoints is on and could list the endpoints when it was last due.",
			endpointList, "`{name,role,type}`"),
		gauge("qem_endpoint_licensed", e.field("Licensed"),
			"Whether the server's licence allows the endpoint: 1 if so, else 0. Absent when the API does not say, and "+
				"whenever qem_endpoint_info is."),
	}
}

// endpointTestFamilies is the table of an endpoint's last test, of the collector endpoint_tests.
func endpointTestFamilies() []family[fleet.EndpointTest] {
	t := entity[fleet.EndpointTest]{}
	return []family[fleet.EndpointTest]{
		gauge("qem_endpoint_test_success", t.field("Success"),
			"Whether the last test of the endpoint could connect: 1 if so, 0 if not, not in time, or if the test could not "+
				"run. Absent unless the collector endpoint_tests is on, and before the first test has ended.",
			endpointTest, "`status`"),
		gauge("qem_endpoint_test_duration_seconds", t.field("Duration"),
			"How long the last test of the endpoint took, in seconds. Absent whenever qem_endpoint_test_success is.",
			endpointTest),
		gauge("qem_endpoint_test_timestamp_seconds", t.field("Ended"),
			"When the last test of the endpoint ended, in Unix seconds. Absent whenever qem_endpoint_test_success is.",
			endpointTest),
	}
}

// aclFamilies is the table of an ACL's families, of the collector acls. They count principals and
// never name them.
func aclFamilies() []family[fleet.ACL] {
	a := entity[fleet.ACL]{}
	return []family[fleet.ACL]{
		gauge("qem_acl_explicit", a.field("Explicit"),
			"Whether an object has permissions of its own: 1 if so, 0 if it inherits them all. The object is the name of the "+
				"server, task or endpoint, and empty for the scopes tasks and endpoints, which are all of a server's. Absent "+
				"unless the collector acls is on and could read the ACL, which takes the role Operator on the object.",
			aclMethods),
		gauge("qem_acl_inheritance_disabled", a.field("InheritanceDisabled"),
			"Whether the object's own permissions are its only ones: 1 if so, 0 if it inherits others. Absent when the API "+
				"does not say, and for an object without permissions of its own.", aclMethods, "`disable_inheritance`"),
		gauge("qem_acl_principals", a.by("role,kind", "admin,user=Admin.Users admin,group=Admin.Groups "+
			"designer,user=Designer.Users designer,group=Designer.Groups operator,user=Operator.Users "+
			"operator,group=Operator.Groups viewer,user=Viewer.Users viewer,group=Viewer.Groups "+
			"none,user=None.Users none,group=None.Groups"),
			"Number of users and of groups with a role by the object's own permissions. The role none takes away what would "+
				"be inherited. Absent for an object without permissions of its own, and for the role none when the API leaves it "+
				"out.", aclMethods, "`{admin,designer,operator,viewer,none}_role.{users,groups}`"),
	}
}
