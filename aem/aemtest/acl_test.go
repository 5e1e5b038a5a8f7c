package aemtest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// aclPaths are the five kinds of objects, and the kind that codes have.
var aclPaths = map[string]string{
	"servers/S": "SERVER", "servers/S/tasks": "TASK", "servers/S/tasks/T": "TASK", "servers/S/endpoints": "ENDPOINT",
	"servers/S/endpoints/src": "ENDPOINT",
}

const fullACL = `{"disable_inheritance":true,"admin_role":{"users":[{"name":"D\\ann"}],"groups":[{"name":"D\\admins"}]},
	"designer_role":{"users":[],"groups":null},"operator_role":{"users":[{"name":"D\\Ann"},{"name":"D\\bob"}]},"viewer_role":{},
	"none_role":{"users":[{"name":"D\\eve"}]}}`

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
				c.refusesIn(shape, missing, verb, path+"?action=acl")
			}
			c.must("PUT", path+"?action=acl", fullACL)
			body := string(c.must("GET", path+"?action=acl", ""))
			got := readACL(t, c, path)
			collection := strings.HasSuffix(path, "s") && path != "servers/S"
			if collection && shape != Legacy {
				got.DisableInheritance = true // not told
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s in the shape %v (-put +got):\n%s", path, shape, diff)
			}
			if strings.Contains(body, "disable_inheritance") == (collection && shape != Legacy) ||
				strings.Contains(body, `"none":`) != (collection && shape != Legacy) {
				t.Errorf("%s in the shape %v: %s", path, shape, body)
			}
			found := 0
			state := s.State().Server("S")
			for _, acl := range []*ACL{state.ACL, state.TasksACL, state.EndpointsACL, state.Tasks[0].ACL,
				state.Endpoints[0].ACL} {
				if cmp.Equal(acl, want) {
					found++
				}
			}
			if found != 1 {
				t.Errorf("after PUT %s the truth has %d such ACLs", path, found)
			}
			c.must("DELETE", path+"?action=acl", "")
			c.refusesIn(shape, missing, "GET", path+"?action=acl")
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
		if got := readACL(t, c, path); got == nil || len(got.Admin.Users) != 1 {
			t.Errorf("%s: what was refused has left %+v", path, got)
		}
		c.must("PUT", path+"?action=acl", `{"viewer_role":{"users":[{"name":"D\\a"}]},"disable_inheritance":"False"}`)
	}
	for shape, code := range map[Shape]string{Guide: "AEM_NO_ADMIN_ON_SERVER", Legacy: "AEM_NO_ADMIN_ON_endpoint"} {
		s, _ := world(t, Options{Shape: shape})
		if _, _, body := as(t, s, Admin).send("PUT", "servers/S/endpoints?action=acl", `{"disable_inheritance":true}`); !strings.Contains(string(body), code) {
			t.Errorf("the shape %v: %s", shape, body)
		}
	}
	s, _ := world(t, Options{Shape: Legacy})
	if _, _, body := as(t, s, Admin).send("PUT", "servers/S?action=acl", `{"admin_role":{"users":[{"name":"ann"}]}}`); !strings.Contains(string(body), "AEM_NO_ DOMAIN_IN_USER") {
		t.Errorf("the shape legacy: %s", body)
	}
}
