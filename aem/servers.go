package aem

import (
	"context"
	"net/http"
)

// ServersService reads and manages the Replicate and Compose servers that Enterprise
// Manager knows.
type ServersService struct{ core *core }

// List returns the servers, or those of them that made sense together with an
// ErrPartial. It needs the role Viewer on all servers.
//
//qem:operation GetServerList GET /servers
func (s ServersService) List(ctx context.Context) ([]ServerInfo, error) {
	return fetch(ctx, s.core.call, &call{
		operation:  "GetServerList",
		verb:       http.MethodGet,
		path:       []string{"servers"},
		idempotent: true,
	}, decodeServerList)
}

// Details returns one server in detail; ErrNotFound when there is none of that
// name. It needs the role Viewer on the server.
//
//qem:operation GetServerDetails GET /servers/{server}
func (s ServersService) Details(ctx context.Context, server string) (*ServerDetails, error) {
	return fetch(ctx, s.core.call, &call{
		operation:  "GetServerDetails",
		verb:       http.MethodGet,
		path:       []string{"servers", server},
		idempotent: true,
	}, decodeServerDetails)
}
