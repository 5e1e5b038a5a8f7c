package aem

import (
	"context"
	"net/http"
)

// ACLsService reads and changes the explicit permissions on servers, tasks and
// endpoints, and on all tasks or all endpoints of a server.
//
// An object without an explicit ACL inherits all of it; to get or delete its ACL is
// an ErrNoACL. The guide names the roles for servers only: Operator to get, Admin to
// put and delete; the others are likely to be the same, on the object.
type ACLsService struct{ core *core }

// ACLTarget is what an ACL protects.
type ACLTarget struct {
	get, put, delete string // operations
	path             []string
}

// ServerACL is the ACL of a server.
func ServerACL(server string) ACLTarget {
	return ACLTarget{"GetServerAcl", "PutServerAcl", "DeleteServerAcl", []string{"servers", server}}
}

// TasksACL is the ACL of all tasks of a server.
func TasksACL(server string) ACLTarget {
	return ACLTarget{"GetTasksCollectionAcl", "PutTasksCollectionsAcl", "DeleteTasksCollectionAcl",
		[]string{"servers", server, "tasks"}}
}

// TaskACL is the ACL of a task.
func TaskACL(server, task string) ACLTarget {
	return ACLTarget{"GetTaskAcl", "PutTaskAcl", "DeleteTaskAcl", []string{"servers", server, "tasks", task}}
}

// EndpointsACL is the ACL of all endpoints of a server.
func EndpointsACL(server string) ACLTarget {
	return ACLTarget{"GetEndpointsCollectionAcl", "PutEndpointsCollectionsAcl", "DeleteEndpointsCollectionAcl",
		[]string{"servers", server, "endpoints"}}
}

// EndpointACL is the ACL of an endpoint.
func EndpointACL(server, endpoint string) ACLTarget {
	return ACLTarget{"GetEndpointAcl", "PutEndpointAcl", "DeleteEndpointAcl", []string{"servers", server, "endpoints", endpoint}}
}

func (t ACLTarget) call(operation, verb string) *call {
	return &call{operation: operation, verb: verb, path: t.path, query: query{{"action", "acl"}}}
}

func (s ACLsService) get(ctx context.Context, t ACLTarget) (*ACL, error) {
	c := t.call(t.get, http.MethodGet)
	c.idempotent = true
	return fetch(ctx, s.core.call, c, decodeACL)
}

func (s ACLsService) put(ctx context.Context, t ACLTarget, acl *ACL) error {
	c := t.call(t.put, http.MethodPut)
	body, err := acl.object()
	if err != nil {
		return refusal(c.operation, err.Error())
	}
	if err := c.setJSON(body); err != nil {
		return err
	}
	return s.core.call(ctx, c)
}

func (s ACLsService) remove(ctx context.Context, t ACLTarget) error {
	return s.core.call(ctx, t.call(t.delete, http.MethodDelete))
}

// Update gets an ACL, lets change alter it and puts it back, unless it is as it was.
// An error of change ends it and is returned. Whatever somebody else changes in the
// meantime is lost. The ErrNoACL of an object without an explicit ACL is returned as
// it is: make one with NewACL.
//
//qem:uses GetServerAcl PutServerAcl GetTasksCollectionAcl PutTasksCollectionsAcl GetTaskAcl PutTaskAcl GetEndpointsCollectionAcl PutEndpointsCollectionsAcl GetEndpointAcl PutEndpointAcl
func (s ACLsService) Update(ctx context.Context, target ACLTarget, change func(*ACL) error) error {
	if target.path == nil {
		return refusal("PutAcl", "there is no target: make one with ServerACL, TasksACL, TaskACL, EndpointsACL or EndpointACL")
	}
	acl, err := s.get(ctx, target)
	if err != nil {
		return err
	}
	before := acl.clone()
	if err := change(acl); err != nil {
		return err
	}
	if acl.equal(before) {
		return nil
	}
	return s.put(ctx, target, acl)
}

// GetServer returns the explicit ACL of a server.
//
//qem:operation GetServerAcl GET /servers/{server}?action=acl
func (s ACLsService) GetServer(ctx context.Context, server string) (*ACL, error) {
	return s.get(ctx, ServerACL(server))
}

// PutServer replaces the explicit ACL of a server.
//
//qem:operation PutServerAcl PUT /servers/{server}?action=acl
func (s ACLsService) PutServer(ctx context.Context, server string, acl *ACL) error {
	return s.put(ctx, ServerACL(server), acl)
}

// DeleteServer removes the explicit ACL of a server; all of it is inherited then.
//
//qem:operation DeleteServerAcl DELETE /servers/{server}?action=acl
func (s ACLsService) DeleteServer(ctx context.Context, server string) error {
	return s.remove(ctx, ServerACL(server))
}

// GetTasks returns the explicit ACL of all tasks of a server.
//
//qem:operation GetTasksCollectionAcl GET /servers/{server}/tasks?action=acl
func (s ACLsService) GetTasks(ctx context.Context, server string) (*ACL, error) {
	return s.get(ctx, TasksACL(server))
}

// PutTasks replaces the explicit ACL of all tasks of a server.
//
//qem:operation PutTasksCollectionsAcl PUT /servers/{server}/tasks?action=acl
func (s ACLsService) PutTasks(ctx context.Context, server string, acl *ACL) error {
	return s.put(ctx, TasksACL(server), acl)
}

// DeleteTasks removes the explicit ACL of all tasks of a server; all of it is inherited then.
//
//qem:operation DeleteTasksCollectionAcl DELETE /servers/{server}/tasks?action=acl
func (s ACLsService) DeleteTasks(ctx context.Context, server string) error {
	return s.remove(ctx, TasksACL(server))
}

// GetTask returns the explicit ACL of a task.
//
//qem:operation GetTaskAcl GET /servers/{server}/tasks/{task}?action=acl
func (s ACLsService) GetTask(ctx context.Context, server, task string) (*ACL, error) {
	return s.get(ctx, TaskACL(server, task))
}

// PutTask replaces the explicit ACL of a task.
//
//qem:operation PutTaskAcl PUT /servers/{server}/tasks/{task}?action=acl
func (s ACLsService) PutTask(ctx context.Context, server, task string, acl *ACL) error {
	return s.put(ctx, TaskACL(server, task), acl)
}

// DeleteTask removes the explicit ACL of a task; all of it is inherited then.
//
//qem:operation DeleteTaskAcl DELETE /servers/{server}/tasks/{task}?action=acl
func (s ACLsService) DeleteTask(ctx context.Context, server, task string) error {
	return s.remove(ctx, TaskACL(server, task))
}

// GetEndpoints returns the explicit ACL of all endpoints of a server.
//
//qem:operation GetEndpointsCollectionAcl GET /servers/{server}/endpoints?action=acl
func (s ACLsService) GetEndpoints(ctx context.Context, server string) (*ACL, error) {
	return s.get(ctx, EndpointsACL(server))
}

// PutEndpoints replaces the explicit ACL of all endpoints of a server.
//
//qem:operation PutEndpointsCollectionsAcl PUT /servers/{server}/endpoints?action=acl
func (s ACLsService) PutEndpoints(ctx context.Context, server string, acl *ACL) error {
	return s.put(ctx, EndpointsACL(server), acl)
}

// DeleteEndpoints removes the explicit ACL of all endpoints of a server; all of it is inherited then.
//
//qem:operation DeleteEndpointsCollectionAcl DELETE /servers/{server}/endpoints?action=acl
func (s ACLsService) DeleteEndpoints(ctx context.Context, server string) error {
	return s.remove(ctx, EndpointsACL(server))
}

// GetEndpoint returns the explicit ACL of an endpoint.
//
//qem:operation GetEndpointAcl GET /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) GetEndpoint(ctx context.Context, server, endpoint string) (*ACL, error) {
	return s.get(ctx, EndpointACL(server, endpoint))
}

// PutEndpoint replaces the explicit ACL of an endpoint.
//
//qem:operation PutEndpointAcl PUT /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) PutEndpoint(ctx context.Context, server, endpoint string, acl *ACL) error {
	return s.put(ctx, EndpointACL(server, endpoint), acl)
}

// DeleteEndpoint removes the explicit ACL of an endpoint; all of it is inherited then.
//
//qem:operation DeleteEndpointAcl DELETE /servers/{server}/endpoints/{endpoint}?action=acl
func (s ACLsService) DeleteEndpoint(ctx context.Context, server, endpoint string) error {
	return s.remove(ctx, EndpointACL(server, endpoint))
}
