package aemtest

import (
	"strings"

	"github.com/qem-exporter/qem_exporter/aem"
)

type guarded struct {
	acl        **aem.ACL
	kind, name string // as messages call it
	collection bool
}

func (c *call) guarded() guarded {
	srv := c.srv
	switch c.op.resource {
	case resTasks:
		return guarded{&srv.static.TasksACL, "task", srv.name(), true}
	case resTask:
		return guarded{&c.t.static.ACL, "task", c.t.name(), false}
	case resEndpoints:
		return guarded{&srv.static.EndpointsACL, "endpoint", srv.name(), true}
	case resEndpoint:
		return guarded{&c.end.state.ACL, "endpoint", c.end.name(), false}
	}
	return guarded{&srv.static.ACL, "server", srv.name(), false}
}

// aclFailed is an error of the ACL methods, in whose code % is the kind of the object.
// The guide has one for all kinds, the SDKs one for each, with odd spellings.
func (c *call) aclFailed(code string, g guarded) error {
	kind := strings.ToUpper(g.kind)
	switch {
	case c.opts.Shape == Guide:
		kind = "SERVER"
	case c.opts.Shape == Legacy && g.kind == "endpoint":
		kind = g.kind
	}
	e := c.failed(code, "{kind}", g.kind, "{name}", g.name)
	e.code = strings.Replace(code, "%", kind, 1)
	return e
}

func (c *call) getACL() error {
	g := c.guarded()
	a := *g.acl
	switch {
	case a == nil:
		return c.aclFailed("AEM_%_HAS_NO_ACL", g)
	case g.collection && c.opts.Shape != Legacy:
		return said(c, collectionTable, &collectionACL{a.Admin, a.Designer, a.Operator, a.Viewer, a.None})
	}
	return said(c, aclTable, a)
}

func (c *call) putACL() error {
	var in aem.ACL
	if err := c.decode(&in, "AemAuthorizationAcl"); err != nil {
		return err
	}
	if err := c.checkPrincipals(&in); err != nil {
		return err
	}
	g := c.guarded()
	if in.DisableInheritance.True() && len(in.Admin.Users)+len(in.Admin.Groups) == 0 {
		return c.aclFailed("AEM_NO_ADMIN_ON_%", g)
	}
	keepStrongest(&in)
	in.DisableInheritance = aem.BoolOf(in.DisableInheritance.True())
	*g.acl = &in
	return nil
}

func (c *call) deleteACL() error {
	g := c.guarded()
	if *g.acl == nil {
		return c.aclFailed("AEM_%_HAS_NO_ACL", g)
	}
	*g.acl = nil
	return nil
}

// checkPrincipals looks for names without a domain and names that occur twice.
func (c *call) checkPrincipals(a *aem.ACL) error {
	type place struct {
		role aem.Role
		noun string
	}
	seen := make(map[string]place)
	for role, p := range a.Roles() {
		for i, list := range [][]string{p.Users, p.Groups} {
			noun := []string{"User", "Group"}[i]
			for _, name := range list {
				domain, rest, ok := strings.Cut(name, `\`)
				if !ok || domain == "" || rest == "" {
					return c.namesFailed("AEM_NO_DOMAIN_IN_%", noun, name)
				}
				was, twice := seen[name]
				switch {
				case twice && was.noun == noun && was.role != role:
					return c.namesFailed("AEM_%_ASSIGNED_TO_MULTIPLE_ROLES", noun, name)
				case twice:
					return c.namesFailed("AEM_USER_GROUP_MULTIPLE_ASSIGNED", noun, name)
				}
				seen[name] = place{role, noun}
			}
		}
	}
	return nil
}

// namesFailed is an error about a user or a group, which is the % in its code.
func (c *call) namesFailed(code, noun, name string) error {
	e := c.failed(code, "{noun}", noun, "{name}", name, "{low}", strings.ToLower(noun))
	e.code = strings.Replace(code, "%", strings.ToUpper(noun), 1)
	if c.opts.Shape == Legacy {
		e.code = strings.Replace(e.code, "NO_DOMAIN", "NO_ DOMAIN", 1)
	}
	return e
}

// keepStrongest leaves a name that occurs in several spellings the strongest of
// its roles.
func keepStrongest(a *aem.ACL) {
	seen := make(map[string]bool)
	for _, role := range a.Roles() {
		for _, list := range []*[]string{&role.Users, &role.Groups} {
			var kept []string
			for _, name := range *list {
				if key := strings.ToLower(name); !seen[key] {
					seen[key] = true
					kept = append(kept, name)
				}
			}
			*list = kept
		}
	}
}
