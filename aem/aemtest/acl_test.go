package aemtest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// aclPaths are the five kinds of objects, and the kind that codes have.
var aclPaths = map[string]string{
	"servers/S": "SERVER", "servers/S/tasks": "TASK", "servers/S/tasks/T": "TASK", "servers/S/endpoints": "ENDPOINT",
	"servers/S/endpoints/src": "ENDPOINT",
}

const fullACL = `{"disable_inheritance":true,"admin_role":{"users":[{"name":"D\\ann"}],"groups":[{"name":"D\\admins"}]},
	"designer_role":{"users":[],"groups":null},"operator_role":{"users":[{"name":"D\\Ann"},{"name":"D\\bob"}]},
	"viewer_role":{},"none_role":{"users":[{"name":"D\\eve"}]}}`

// explicit are the ACLs of the objects of aclPaths.
func explicit(s *Simulator) []*ACL {
	v := s.State().Server("S")
	return []*ACL{v.ACL, v.TasksACL, v.EndpointsACL, v.Tasks[0].ACL, v.Endpoints[0].ACL}
}

func TestACLs(t *testing.T) {
	want := &ACL{
		Admin:    Principals{Users: []string{`D\ann`}, Groups: []string{`D\admins`}},
		Operator: Principals{Users: []string{`D\bob`}}, None: Principals{Users: []string{`D\eve`}}, DisableInheritance: true,
	}
	for path, kind := range aclPaths {
		for _, shape := range []Shape{RealWorld, Guide, Legacy} {
			s, _ := world(t, Options{Shape: shape})
			c := as(t, s, Admin)
			missing := "AEM_" + kind + "_HAS_NO_ACL"
			switch {
			case shape == Guide:
				missing = "AEM_SERVER_HAS_NO_ACL"
			case shape == Legacy && kind == "ENDPOINT":
				missing = "AEM_endpoint_HAS_NO_ACL"
			}
			for _, verb := range []string{"GET", "DELETE"} {
				c.refuses(missing, verb, path+"?action=acl", "")
			}
			c.must("PUT", path+"?action=acl", fullACL)
			got := slices.DeleteFunc(explicit(s), func(a *ACL) bool { return a == nil })
			if diff := cmp.Diff([]*ACL{want}, got); diff != "" {
				t.Errorf("%s in the shape %v (-put +truth):\n%s", path, shape, diff)
			}
			c.must("GET", path+"?action=acl", "")
			c.must("DELETE", path+"?action=acl", "")
			c.refuses(missing, "GET", path+"?action=acl", "")
		}
	}
}

func TestACLErrors(t *testing.T) {
	for path, kind := range aclPaths {
		s, _ := world(t, Options{})
		c := as(t, s, Admin)
		c.must("PUT", path+"?action=acl", someACL)
		for _, test := range []struct{ code, body string }{
			{"DESERIALIZE_TO_TYPE", ``},
			{"DESERIALIZE_TO_TYPE", `null`},
			{"DESERIALIZE_TO_TYPE", `[]`},
			{"DESERIALIZE_TO_TYPE", `{"owner_role":{}}`},
			{"DESERIALIZE_TO_TYPE", `{"admin_role":"D\\ann"}`},
			{"DESERIALIZE_TO_TYPE", `{"disable_inheritance":"perhaps"}`},
			{"AEM_NO_DOMAIN_IN_USER", `{"admin_role":{"users":[{"name":"ann"}]}}`},
			{"AEM_NO_DOMAIN_IN_USER", `{"admin_role":{"users":[{"name":"\\ann"}]}}`},
			{"AEM_NO_DOMAIN_IN_GROUP", `{"viewer_role":{"groups":[{"name":"staff"}]}}`},
			{"AEM_USER_ASSIGNED_TO_MULTIPLE_ROLES",
				`{"admin_role":{"users":[{"name":"D\\a"}]},"viewer_role":{"users":[{"name":"D\\a"}]}}`},
			{"AEM_GROUP_ASSIGNED_TO_MULTIPLE_ROLES",
				`{"admin_role":{"groups":[{"name":"D\\a"}]},"viewer_role":{"groups":[{"name":"D\\a"}]}}`},
			{"AEM_USER_GROUP_MULTIPLE_ASSIGNED", `{"admin_role":{"users":[{"name":"D\\a"},{"name":"D\\a"}]}}`},
			{"AEM_USER_GROUP_MULTIPLE_ASSIGNED", `{"admin_role":{"users":[{"name":"D\\a"}],"groups":[{"name":"D\\a"}]}}`},
			{"AEM_NO_ADMIN_ON_" + kind, `{"disable_inheritance":true,"viewer_role":{"users":[{"name":"D\\a"}]}}`},
		} {
			c.refuses(test.code, "PUT", path+"?action=acl", test.body)
		}
		kept := slices.ContainsFunc(explicit(s), func(a *ACL) bool { return a != nil && len(a.Admin.Users) == 1 })
		if !kept {
			t.Errorf("%s: what was refused has changed the ACL", path)
		}
		c.must("PUT", path+"?action=acl", `{"viewer_role":{"users":[{"name":"D\\a"}]},"disable_inheritance":"False"}`)
	}
	for shape, code := range map[Shape]string{Guide: "AEM_NO_ADMIN_ON_SERVER", Legacy: "AEM_NO_ADMIN_ON_endpoint"} {
		s, _ := world(t, Options{Shape: shape})
		as(t, s, Admin).refuses(code, "PUT", "servers/S/endpoints?action=acl", `{"disable_inheritance":true}`)
	}
	s, _ := world(t, Options{Shape: Legacy})
	as(t, s, Admin).refuses("AEM_NO_ DOMAIN_IN_USER", "PUT", "servers/S?action=acl",
		`{"admin_role":{"users":[{"name":"ann"}]}}`)
}
