package testkit

import (
	"strings"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// optional adds what the optional collectors read of a server.
func (o *Oracle) optional(e entity, v *aemtest.ServerState) {
	const always = true
	legacy := o.Shape == aemtest.Legacy // only old releases say of collections whether they inherit
	acl(e, "server", v.Name, v.ACL, always)
	acl(e, "tasks", "", v.TasksACL, legacy)
	if v.Product == aemtest.Replicate {
		acl(e, "endpoints", "", v.EndpointsACL, legacy)
	}
	for i := range v.Tasks {
		acl(e, "task", v.Tasks[i].Name, v.Tasks[i].ACL, always)
	}
	for _, p := range v.Endpoints {
		acl(e, "endpoint", p.Name, p.ACL, always)
		kind := p.Type
		if o.Shape == aemtest.Guide {
			kind = strings.ToUpper(kind)
		}
		endpoint := e.with("endpoint_name", p.Name)
		endpoint.add("qem_endpoint_test_success", flag(p.Problem == ""))
		endpoint = endpoint.with("role", strings.ToLower(p.Role))
		endpoint.add("qem_endpoint_info", 1, "type", kind)
		endpoint.add("qem_endpoint_licensed", flag(p.Licensed))
	}
}

// acl adds an object's own permissions; the API may not say whether it inherits others.
func acl(e entity, scope, object string, v *aemtest.ACL, inheritance bool) {
	e = e.with("scope", scope, "object", object)
	e.add("qem_acl_explicit", flag(v != nil))
	if v == nil {
		return
	}
	if inheritance {
		e.add("qem_acl_inheritance_disabled", flag(v.DisableInheritance))
	}
	for role, p := range map[string]aemtest.Principals{
		"admin": v.Admin, "designer": v.Designer, "operator": v.Operator, "viewer": v.Viewer,
	} {
		e.with("role", role).by("qem_acl_principals", "kind", "user", float64(len(p.Users)), "group", float64(len(p.Groups)))
	}
}
