package aemtest

import (
	"strings"

	"github.com/qem-exporter/qem_exporter/aem"
)

type guarded struct {
	acl        **ACL
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

// aclCode is an error code of the ACL methods, whose % is the kind of the object.
// The guide has one for all kinds, the SDKs one for each, with odd spellings.
func (s *Simulator) aclCode(pattern, kind string) string {
	switch {
	case s.opts.Shape == Guide:
		kind = "SERVER"
	case s.opts.Shape == Legacy && kind == "endpoint":
	default:
		kind = strings.ToUpper(kind)
	}
	return strings.Replace(pattern, "%", kind, 1)
}

func (c *call) noACL(g guarded) error {
	return failed(c.aclCode("AEM_%_HAS_NO_ACL", g.kind), "ACL for %s %q could not be found.", g.kind, g.name)
}

func (c *call) getACL() error {
	g := c.guarded()
	a := *g.acl
	switch {
	case a == nil:
		return c.noACL(g)
	case g.collection && c.opts.Shape != Legacy:
		return said(c, collectionTable, &collectionACL{a.Admin, a.Designer, a.Operator, a.Viewer, a.None})
	}
	return said(c, aclTable, &aem.ACL{
		Admin: a.Admin, Designer: a.Designer, Operator: a.Operator, Viewer: a.Viewer, None: a.None,
		DisableInheritance: aem.BoolOf(a.DisableInheritance),
	})
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
		return failed(c.aclCode("AEM_NO_ADMIN_ON_%", g.kind),
			"Requested %s %q has no admin user. At least one user or group must be assigned to the \"admin\" role.", g.kind,
			g.name)
	}
	keepStrongest(&in)
	*g.acl = &ACL{in.Admin, in.Designer, in.Operator, in.Viewer, in.None, in.DisableInheritance.True()}
	return nil
}

func (c *call) deleteACL() error {
	g := c.guarded()
	if *g.acl == nil {
		return c.noACL(g)
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
					return c.noDomain(noun, name)
				}
				was, twice := seen[name]
				switch {
				case twice && was.noun == noun && was.role != role:
					return failed("AEM_"+strings.ToUpper(noun)+"_ASSIGNED_TO_MULTIPLE_ROLES",
						"%s %q is assigned to multiple roles. %ss can only be assigned to a single role.", noun, name, noun)
				case twice:
					return failed("AEM_USER_GROUP_MULTIPLE_ASSIGNED",
						"%q is assigned to multiple roles or to the same role twice. Users/groups can only be assigned once, and to "+
							"a single role.", name)
				}
				seen[name] = place{role, noun}
			}
		}
	}
	return nil
}

func (s *Simulator) noDomain(noun, name string) error {
	prefix := "AEM_NO_DOMAIN_IN_"
	if s.opts.Shape == Legacy {
		prefix = "AEM_NO_ DOMAIN_IN_"
	}
	return failed(prefix+strings.ToUpper(noun), "%s %q must be preceded by a domain name, separated by a backslash. "+
		"Example: domain_name\\%s_name.", noun, name, strings.ToLower(noun))
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
