package aemtest

import (
	"slices"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
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
func explicit(s *Simulator) []*aem.ACL {
	v := s.State().Server("S")
	return []*aem.ACL{v.ACL, v.TasksACL, v.EndpointsACL, v.Tasks[0].ACL, v.Endpoints[0].ACL}
}

func TestACLs(t *testing.T) {
	want := aem.NewACL(aem.Principals{Users: []string{`D\ann`}, Groups: []string{`D\admins`}}, aem.Principals{},
		aem.Principals{Users: []string{`D\bob`}}, aem.Principals{}, true)
	want.None = aem.Principals{Users: []string{`D\eve`}}
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
			got := slices.DeleteFunc(explicit(s), func(a *aem.ACL) bool { return a == nil })
			if diff := difference([]*aem.ACL{want}, got); diff != "" {
				t.Errorf("%s in the shape %v (-put +truth):\n%s", path, shape, diff)
			}
			c.must("GET", path+"?action=acl", "")
			c.must("DELETE", path+"?action=acl", "")
			c.refuses(missing, "GET", path+"?action=acl", "")
		}
	}
}

// TestACLCodes has the codes of errors that not all shapes spell alike.
func TestACLCodes(t *testing.T) {
	const alone, plain = `{"disable_inheritance":true}`, `{"admin_role":{"users":[{"name":"ann"}]}}`
	for _, test := range []struct {
		shape Shape
		body  string
		code  string
	}{
		{RealWorld, alone, "AEM_NO_ADMIN_ON_ENDPOINT"}, {Guide, alone, "AEM_NO_ADMIN_ON_SERVER"},
		{Legacy, alone, "AEM_NO_ADMIN_ON_endpoint"}, {RealWorld, plain, "AEM_NO_DOMAIN_IN_USER"},
		{Legacy, plain, "AEM_NO_ DOMAIN_IN_USER"},
	} {
		s, _ := world(t, Options{Shape: test.shape})
		as(t, s, Admin).refuses(test.code, "PUT", "servers/S/endpoints?action=acl", test.body)
	}
}
