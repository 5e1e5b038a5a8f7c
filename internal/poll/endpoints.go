package poll

import (
	"context"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const opEndpointList = "GetEndpointList"

// listsEndpoints is the collector on whose behalf endpoints are listed: without the
// list there is nothing to test, and no endpoint whose ACL could be read.
func (o *Options) listsEndpoints() optionalCollector {
	switch {
	case o.Endpoints:
		return collectEndpoints
	case o.EndpointTests.Interval > 0:
		return collectTests
	}
	return collectACLs
}

// readEndpoints lists the server's endpoints and queues what hangs on their names.
func (s *server) readEndpoints(ctx context.Context, _ *finding) error {
	list, err := s.round.client.Endpoints.List(ctx, s.info.Name)
	if failing(err) {
		return err
	}
	s.extras.endpointsRead = true
	for _, name := range s.takeEndpoints(list) {
		if s.round.options.ACLs > 0 {
			s.readEndpointACL(name)
		}
	}
	return err
}

// takeEndpoints keeps a list of endpoints and returns their names. One name in two
// roles is one endpoint to the methods that take a name.
func (s *server) takeEndpoints(list []aem.Endpoint) []string {
	type row struct{ name, role string }
	rows := make(map[row]bool, len(list))
	listed := make(map[string]bool, len(list))
	var names []string
	for i := range list {
		e := convertEndpoint(&list[i])
		if !listed[e.Name] {
			listed[e.Name] = true
			names = append(names, e.Name)
		}
		if rows[row{e.Name, e.Role}] {
			s.extras.endpointDuplicates++
			continue
		}
		rows[row{e.Name, e.Role}] = true
		s.extras.endpoints = append(s.extras.endpoints, e)
	}
	s.round.tests.plan(s.info.Name, names)
	return names
}

func convertEndpoint(e *aem.Endpoint) fleet.Endpoint {
	return fleet.Endpoint{Name: e.Name, Role: string(e.Role), Type: e.Type, Licensed: flag(e.Licensed)}
}
