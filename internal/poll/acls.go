package poll

import (
	"context"
	"errors"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const (
	opServerACL    = "GetServerAcl"
	opTasksACL     = "GetTasksCollectionAcl"
	opTaskACL      = "GetTaskAcl"
	opEndpointsACL = "GetEndpointsCollectionAcl"
	opEndpointACL  = "GetEndpointAcl"
)

// readServerACLs queues the ACLs of which a server has one each. Only Replicate
// servers have endpoints.
func (s *server) readServerACLs() {
	api, name := s.round.client.ACLs, s.info.Name
	read := func(operation, scope, object string, get func(ctx context.Context, server string) (*aem.ACL, error)) {
		e := s.aclErrand(operation, "", scope, object, func(ctx context.Context) (*aem.ACL, error) { return get(ctx, name) })
		s.extras.serverACLs = append(s.extras.serverACLs, e)
		s.send(e)
	}
	read(opServerACL, fleet.ScopeServer, name, api.GetServer)
	read(opTasksACL, fleet.ScopeTasks, "", api.GetTasks)
	if s.info.Product != aem.Compose {
		read(opEndpointsACL, fleet.ScopeEndpoints, "", api.GetEndpoints)
	}
}

func (s *server) readEndpointACL(endpoint string) {
	e := s.aclErrand(opEndpointACL, endpoint, fleet.ScopeEndpoint, endpoint, func(ctx context.Context) (*aem.ACL, error) {
		return s.round.client.ACLs.GetEndpoint(ctx, s.info.Name, endpoint)
	})
	s.extras.endpointACLs = append(s.extras.endpointACLs, e)
	s.send(e)
}

func (t *task) readACL() {
	s := t.server
	t.acl = s.aclErrand(opTaskACL, t.info.Name, fleet.ScopeTask, t.info.Name, func(ctx context.Context) (*aem.ACL, error) {
		return s.round.client.ACLs.GetTask(ctx, s.info.Name, t.info.Name)
	})
	s.send(t.acl)
}

// aclErrand reads one ACL. about is what the call is about, object what the ACL is of.
func (s *server) aclErrand(operation, about, scope, object string, get func(context.Context) (*aem.ACL, error)) *errand {
	return s.errand(errand{
		collector: collectACLs, operation: operation, object: about, interval: s.round.options.ACLs,
		ask: func(ctx context.Context, found *finding) error {
			acl, err := get(ctx)
			if errors.Is(err, aem.ErrNoACL) {
				acl, err = nil, nil // which is an answer: all is inherited
			}
			if err == nil {
				found.acl = convertACL(scope, object, acl)
			}
			return err
		},
	})
}

// convertACL counts who has a role; acl is nil when there is no explicit one.
func convertACL(scope, object string, acl *aem.ACL) *fleet.ACL {
	absent := fleet.Principals{Users: fleet.Absent(), Groups: fleet.Absent()}
	out := &fleet.ACL{
		Scope: scope, Object: object,
		Admin: absent, Designer: absent, Operator: absent, Viewer: absent, None: absent,
	}
	if acl == nil {
		return out
	}
	out.Explicit = true
	out.InheritanceDisabled = flag(acl.DisableInheritance)
	out.Admin, out.Designer = countPrincipals(acl.Admin), countPrincipals(acl.Designer)
	out.Operator, out.Viewer = countPrincipals(acl.Operator), countPrincipals(acl.Viewer)
	// The API leaves this role out of most answers, which then do not speak of it.
	if acl.None.Users != nil || acl.None.Groups != nil {
		out.None = countPrincipals(acl.None)
	}
	return out
}

func countPrincipals(p aem.Principals) fleet.Principals {
	return fleet.Principals{Users: float64(len(p.Users)), Groups: float64(len(p.Groups))}
}
