package aemtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// Roles of an endpoint.
const (
	Source = "SOURCE"
	Target = "TARGET"
	Both   = "BOTH"
)

// endpoint is one endpoint of a server.
type endpoint struct {
	state   EndpointState // without what changes by itself
	test    EndpointTest
	trouble *window // an incident: it cannot be reached
}

// EndpointTest is what a test of an endpoint comes to.
type EndpointTest struct {
	Message, Detail string        // no Message: it connects
	Takes           time.Duration // of real time
}

// problem is what a test says at a moment since the start.
func (e *endpoint) problem(since time.Duration) (message, detail string, takes time.Duration) {
	if e.trouble != nil {
		if _, open := e.trouble.at(since); open {
			return "Cannot connect to the " + strings.ToLower(e.state.Role) + " endpoint",
				fmt.Sprintf("SYS-E-HTTPFAIL, Cannot connect to endpoint '%s'.\r\nThe server was not found or was not accessible",
					e.state.Name), e.test.Takes
		}
	}
	return e.test.Message, e.test.Detail, e.test.Takes
}

// SetEndpointTest says what tests of an endpoint come to, and how long they take;
// the zero test connects at once.
func (s *Simulator) SetEndpointTest(serverName, endpointName string, test EndpointTest) error {
	return s.changeEndpoint(serverName, endpointName, func(_ *server, e *endpoint) { e.test = test })
}

// AddEndpoint adds an endpoint to a server, or replaces one of that name. What v
// leaves out is filled in: an Oracle source with the settings of its type.
// Its Problem is what its tests will say.
func (s *Simulator) AddEndpoint(serverName string, v EndpointState) error {
	return s.changeServer(serverName, func(srv *server) { srv.putEndpoint(v) })
}

func (s *server) putEndpoint(v EndpointState) {
	setDefault(&v.Role, Source)
	setDefault(&v.Type, oracle)
	v.ACL = v.ACL.clone()
	v.Settings = copyJSON(v.Settings)
	if v.Settings == nil {
		v.Settings = newSettings(v.Name, v.Type, s.static.Host)
	}
	e := &endpoint{state: v, test: EndpointTest{Message: v.Problem}}
	e.state.Problem = ""
	if i := slices.IndexFunc(s.endpoints, func(x *endpoint) bool { return x.state.Name == v.Name }); i >= 0 {
		s.endpoints[i] = e
		return
	}
	s.endpoints = append(s.endpoints, e)
}

// RemoveEndpoint removes an endpoint, whether it is in use or not.
func (s *Simulator) RemoveEndpoint(serverName, endpointName string) error {
	return s.changeEndpoint(serverName, endpointName, func(srv *server, e *endpoint) {
		srv.endpoints = slices.DeleteFunc(srv.endpoints, func(x *endpoint) bool { return x == e })
	})
}

func (s *Simulator) changeEndpoint(serverName, endpointName string, change func(*server, *endpoint)) error {
	found := false
	err := s.changeServer(serverName, func(srv *server) {
		for _, e := range srv.endpoints {
			if e.state.Name == endpointName {
				change(srv, e)
				found = true
				return
			}
		}
	})
	if err == nil && !found {
		err = fmt.Errorf("the simulated server %q has no endpoint %q", serverName, endpointName)
	}
	return err
}

const oracle = "Oracle"

// adopt makes sure that the server has the endpoints of a task.
func (s *server) adopt(v *Task) {
	if s.static.Product != Replicate {
		return
	}
	for _, x := range []struct {
		Endpoint
		role string
	}{{v.Source, Source}, {v.Target, Target}} {
		if x.Name == "" {
			continue
		}
		if e := s.endpoint(x.Name); e != nil {
			if e.state.Role != x.role {
				e.state.Role = Both
			}
			continue
		}
		s.endpoints = append(s.endpoints, &endpoint{state: EndpointState{
			Name: x.Name, Role: x.role, Type: x.Type, Licensed: true, Settings: newSettings(x.Name, x.Type, s.static.Host),
		}})
	}
}

// newSettings are the db_settings of an endpoint.
func newSettings(name, kind, host string) map[string]any {
	word := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, kind)
	return map[string]any{
		"$type":    word + "Settings",
		"server":   strings.ToLower(name) + "." + host,
		"username": "replicate",
	}
}

// endpoint finds an endpoint by its name.
func (s *server) endpoint(name string) *endpoint {
	for _, e := range s.endpoints {
		if e.state.Name == name {
			return e
		}
	}
	return nil
}

// findEndpoint finds the endpoint that a path names, which may be encoded twice.
func (s *server) findEndpoint(name string) *endpoint {
	for _, n := range spellings(name) {
		if e := s.endpoint(n); e != nil {
			return e
		}
	}
	return nil
}

// users are the tasks that use an endpoint.
func (s *server) users(name string) []*task {
	var list []*task
	for _, t := range s.tasks {
		if t.static.Source.Name == name || t.static.Target.Name == name {
			list = append(list, t)
		}
	}
	return list
}

func endpointNotFound(c *call) apiError {
	return *apiErrorf("AEM_ENDPOINT_NOT_FOUND", "Replicate endpoint %s on server %s could not be found.", c.object,
		c.server)
}

// replicateServer finds the server of a call that only Replicate answers.
func (s *Simulator) replicateServer(c *call) (*server, *apiError) {
	srv, e := s.monitored(c)
	if e == nil && srv.static.Product != Replicate {
		e = apiErrorf("AEM_METHOD_NOT_SUPPORTED_VERSION", "%s is only supported on Replicate servers.", c.op.name)
	}
	return srv, e
}

// monitoredEndpoint finds the endpoint of a call.
func (s *Simulator) monitoredEndpoint(c *call) (*server, *endpoint, *apiError) {
	srv, e := s.replicateServer(c)
	if e != nil {
		return nil, nil, e
	}
	x := srv.findEndpoint(c.object)
	if x == nil {
		e := endpointNotFound(c)
		return nil, nil, &e
	}
	return srv, x, nil
}

func (s *Simulator) endpointList(c *call) answer {
	srv, e := s.replicateServer(c)
	if e != nil {
		return s.fail(*e)
	}
	return listed(s, "endpointList", endpointTable, func(add func(aem.Endpoint)) {
		for _, x := range srv.endpoints {
			v := &x.state
			kind := v.Type
			if s.opts.Shape == Guide {
				kind = strings.ToUpper(kind)
			}
			if visible(c.user.Endpoints, v.Name) {
				add(aem.Endpoint{
					Name: v.Name, Description: v.Description, Role: aem.EndpointRole(v.Role), Type: kind,
					Licensed: aem.BoolOf(v.Licensed),
				})
			}
		}
	})
}

func (s *Simulator) deleteEndpoint(c *call) answer {
	srv, x, e := s.monitoredEndpoint(c)
	if e != nil {
		return s.fail(*e)
	}
	if len(srv.users(x.state.Name)) > 0 {
		return s.failed("AEM_ENDPOINT_IS_IN_USE",
			"Replicate endpoint %s on server %s cannot be deleted as it is currently in use by one or more tasks.", c.object,
			c.server)
	}
	srv.endpoints = slices.DeleteFunc(srv.endpoints, func(o *endpoint) bool { return o == x })
	return s.void()
}

// defaultTimeout is that of RunTask, StopTask and TestEndpoint.
const defaultTimeout = 60 * time.Second

// timeout is the timeout that the query of a call has.
func (c *call) timeout() (time.Duration, bool) {
	text := c.query.Get("timeout")
	if text == "" {
		return defaultTimeout, true
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return time.Duration(n) * time.Second, err == nil && n >= 0
}

func (s *Simulator) testEndpoint(c *call) answer {
	_, x, e := s.monitoredEndpoint(c)
	if e != nil {
		return s.fail(*e)
	}
	timeout, ok := c.timeout()
	if !ok {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type Int32: %s", c.query.Get("timeout"))
	}
	message, detail, takes := x.problem(s.Now().Sub(s.opts.Start))
	result := func() answer {
		test := aem.EndpointTest{State: aem.EndpointConnected, Message: message, Details: detail}
		if message != "" {
			test.State = aem.EndpointFailed
		}
		return said(s, endpointTestTable, &test)
	}
	if takes > timeout {
		takes = timeout
		result = func() answer {
			return s.failed("AEM_TEST_ENDPOINT_CONNECTION_TIMEOUT",
				"A timeout occurred while testing the connection for endpoint %s on Replicate server %s.", c.object, c.server)
		}
	}
	if takes > 0 {
		return answer{wait: takes, later: result}
	}
	return result()
}
