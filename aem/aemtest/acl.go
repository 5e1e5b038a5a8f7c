package aemtest

import (
	"strings"

	"github.com/qem-exporter/qem_exporter/aem"
)

// guarded is an object that may have an explicit ACL.
type guarded struct {
	acl        **ACL
	kind, name string // as messages call it
	collection bool
}

// guarded finds the object of a call. What Enterprise Manager keeps itself needs
// no monitored server.
func (s *Simulator) guarded(c *call) (guarded, *apiError) {
	srv := s.findServer(c.server)
	if srv == nil {
		e := serverNotFound(c.server)
		return guarded{}, &e
	}
	switch c.op.resource {
	case resTasks:
		return guarded{&srv.tasksACL, "task", srv.name(), true}, nil
	case resTask:
		t := srv.findTask(c.task)
		if t == nil {
			e := taskNotFound(c.server, c.task)
			return guarded{}, &e
		}
		return guarded{&t.acl, "task", t.name(), false}, nil
	case resEndpoints:
		return guarded{&srv.endpointsACL, "endpoint", srv.name(), true}, nil
	case resEndpoint:
		e := srv.findEndpoint(c.object)
		if e == nil {
			e := endpointNotFound(c)
			return guarded{}, &e
		}
		return guarded{&e.state.ACL, "endpoint", e.state.Name, false}, nil
	}
	return guarded{&srv.acl, "server", srv.name(), false}, nil
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

func (s *Simulator) noACL(g guarded) answer {
	return s.failed(s.aclCode("AEM_%_HAS_NO_ACL", g.kind), "ACL for %s %q could not be found.", g.kind, g.name)
}

// getACL answers the five methods that read an explicit ACL.
func (s *Simulator) getACL(c *call) answer {
	g, e := s.guarded(c)
	if e != nil {
		return s.fail(*e)
	}
	if *g.acl == nil {
		return s.noACL(g)
	}
	a := (*g.acl).sent()
	if g.collection && s.opts.Shape != Legacy {
		return said(s, collectionTable, &collectionACL{a.Admin, a.Designer, a.Operator, a.Viewer, a.None})
	}
	return said(s, aclTable, a)
}

// putACL answers the five methods that replace an explicit ACL.
func (s *Simulator) putACL(c *call) answer {
	g, e := s.guarded(c)
	if e != nil {
		return s.fail(*e)
	}
	acl, err := parseACL(c.body)
	if err != nil {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type AemAuthorizationAcl: %v", err)
	}
	if e := s.checkPrincipals(acl); e != nil {
		return s.fail(*e)
	}
	if acl.DisableInheritance && len(acl.Admin.Users)+len(acl.Admin.Groups) == 0 {
		return s.failed(s.aclCode("AEM_NO_ADMIN_ON_%", g.kind),
			"Requested %s %q has no admin user. At least one user or group must be assigned to the \"admin\" role.", g.kind,
			g.name)
	}
	acl.keepStrongest()
	*g.acl = acl
	return s.void()
}

// deleteACL answers the five methods that remove an explicit ACL.
func (s *Simulator) deleteACL(c *call) answer {
	g, e := s.guarded(c)
	if e != nil {
		return s.fail(*e)
	}
	if *g.acl == nil {
		return s.noACL(g)
	}
	*g.acl = nil
	return s.void()
}

// roles are those of an ACL from the strongest to the weakest.
func (a *ACL) roles() []*Principals {
	return []*Principals{&a.Admin, &a.Designer, &a.Operator, &a.Viewer, &a.None}
}

// lists are the users and the groups of a role.
func lists(p *Principals) []*[]string { return []*[]string{&p.Users, &p.Groups} }

// checkPrincipals looks for names without a domain and names that occur twice.
func (s *Simulator) checkPrincipals(a *ACL) *apiError {
	type place struct{ role, list int }
	seen := make(map[string]place)
	for r, role := range a.roles() {
		for l, list := range lists(role) {
			noun := []string{"User", "Group"}[l]
			for _, name := range *list {
				domain, rest, ok := strings.Cut(name, `\`)
				if !ok || domain == "" || rest == "" {
					return s.noDomain(noun, name)
				}
				was, twice := seen[name]
				switch {
				case twice && was.list == l && was.role != r:
					return apiErrorf("AEM_"+strings.ToUpper(noun)+"_ASSIGNED_TO_MULTIPLE_ROLES",
						"%s %q is assigned to multiple roles. %ss can only be assigned to a single role.", noun, name, noun)
				case twice:
					return apiErrorf("AEM_USER_GROUP_MULTIPLE_ASSIGNED",
						"%q is assigned to multiple roles or to the same role twice. Users/groups can only be assigned once, and to "+
							"a single role.", name)
				}
				seen[name] = place{r, l}
			}
		}
	}
	return nil
}

func (s *Simulator) noDomain(noun, name string) *apiError {
	code := "AEM_NO_DOMAIN_IN_" + strings.ToUpper(noun)
	if s.opts.Shape == Legacy {
		code = "AEM_NO_ DOMAIN_IN_" + strings.ToUpper(noun)
	}
	return apiErrorf(code, "%s %q must be preceded by a domain name, separated by a backslash. Example: "+
		"domain_name\\%s_name.",
		noun, name, strings.ToLower(noun))
}

// keepStrongest leaves a name that occurs in several spellings the strongest of
// its roles.
func (a *ACL) keepStrongest() {
	seen := make(map[string]bool)
	for _, role := range a.roles() {
		for _, list := range lists(role) {
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

// sent is the ACL as the API tells it.
func (a *ACL) sent() *aem.ACL {
	return &aem.ACL{
		Admin: a.Admin, Designer: a.Designer, Operator: a.Operator, Viewer: a.Viewer, None: a.None,
		DisableInheritance: aem.BoolOf(a.DisableInheritance),
	}
}

// parseACL reads the body of a method that replaces an ACL.
func parseACL(body []byte) (*ACL, error) {
	var a aem.ACL
	if err := decodeJSON(body, &a); err != nil {
		return nil, err
	}
	return &ACL{a.Admin, a.Designer, a.Operator, a.Viewer, a.None, a.DisableInheritance.True()}, nil
}
