package aemtest

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

type endpoint struct {
	state   EndpointState // without what changes by itself
	test    EndpointTest
	trouble window // an incident: it cannot be reached
}

func (e *endpoint) name() string { return e.state.Name }

// EndpointTest is what a test of an endpoint comes to.
type EndpointTest struct {
	Message, Detail string        // no Message: it connects
	Takes           time.Duration // of real time
}

// tested is what a test comes to at a moment since the start.
func (e *endpoint) tested(since time.Duration) EndpointTest {
	test := e.test
	if _, open := e.trouble.at(since); open {
		test.Message = "Cannot connect to the " + string(e.state.Role) + " endpoint"
		test.Detail = fmt.Sprintf("SYS-E-HTTPFAIL, Cannot connect to endpoint '%s'.\r\n"+
			"The server was not found or was not accessible", e.state.Name)
	}
	return test
}

// SetEndpointTest says what tests of an endpoint come to, and how long they take;
// the zero test connects at once.
func (s *Simulator) SetEndpointTest(serverName, endpointName string, test EndpointTest) error {
	var e *endpoint
	err := s.changeServer(serverName, func(srv *server) {
		if e = named(srv.endpoints, endpointName); e != nil {
			e.test = test
		}
	})
	if err == nil && e == nil {
		err = fmt.Errorf("the simulated server %q has no endpoint %q", serverName, endpointName)
	}
	return err
}

// AddEndpoint adds an endpoint to a server, or replaces one of that name. What v
// leaves out is filled in: an Oracle source with the settings of its type.
// Its Problem is what its tests will say.
func (s *Simulator) AddEndpoint(serverName string, v EndpointState) error {
	return s.changeServer(serverName, func(srv *server) { srv.putEndpoint(v) })
}

func (s *server) putEndpoint(v EndpointState) {
	setDefault(&v.Role, aem.EndpointSource)
	setDefault(&v.Type, oracle)
	v.Endpoint, v.ACL = given(v.Endpoint), given(cloneACL(v.ACL))
	test := EndpointTest{Message: v.Problem}
	v.Problem = ""
	s.endpoints = replaced(s.endpoints, s.newEndpoint(v, test))
}

// newEndpoint makes an endpoint, with the settings of its type if it has none.
func (s *server) newEndpoint(v EndpointState, test EndpointTest) *endpoint {
	if v.Settings = *copyJSON(&v.Settings); v.Settings == nil {
		v.Settings = newSettings(v.Name, v.Type, s.static.Host)
	}
	return &endpoint{state: v, test: test}
}

const oracle = "Oracle"

// adopt makes sure that the server has the endpoints of a task.
func (s *server) adopt(v *Task) {
	if s.static.Product != aem.Replicate {
		return
	}
	for _, x := range []struct {
		aem.TaskEndpoint
		role aem.EndpointRole
	}{{v.Source, aem.EndpointSource}, {v.Target, aem.EndpointTarget}} {
		if x.Name == "" {
			continue
		}
		if e := named(s.endpoints, x.Name); e != nil {
			if e.state.Role != x.role {
				e.state.Role = aem.EndpointBoth
			}
			continue
		}
		v := aem.Endpoint{Name: x.Name, Role: x.role, Type: x.Type, Licensed: aem.BoolOf(true)}
		s.endpoints = append(s.endpoints, s.newEndpoint(EndpointState{Endpoint: v}, EndpointTest{}))
	}
}

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

func (s *server) users(name string) []*task {
	var list []*task
	for _, t := range s.tasks {
		if t.static.Source.Name == name || t.static.Target.Name == name {
			list = append(list, t)
		}
	}
	return list
}

func (c *call) endpointList() error {
	return c.list("endpointList", func(w *wire.Writer) {
		for _, x := range c.srv.endpoints {
			v := x.state.Endpoint
			if c.opts.Shape == Guide {
				v.Type = strings.ToUpper(v.Type)
			}
			if visible(c.user.Endpoints, v.Name) {
				endpointTable.Write(w, &v)
			}
		}
	})
}

func (c *call) deleteEndpoint() error {
	if len(c.srv.users(c.end.name())) > 0 {
		return c.failed("AEM_ENDPOINT_IS_IN_USE")
	}
	c.srv.endpoints = without(c.srv.endpoints, c.end)
	return nil
}

func (c *call) timeout() (time.Duration, error) {
	text := c.query.Get("timeout")
	n, err := strconv.ParseUint(cmp.Or(text, "60"), 10, 31)
	if err != nil {
		return 0, c.undecoded("Int32", text)
	}
	return time.Duration(n) * time.Second, nil
}

func (c *call) testEndpoint() error {
	timeout, err := c.timeout()
	if err != nil {
		return err
	}
	test := c.end.tested(c.Now().Sub(c.opts.Start))
	result := func() error {
		if test.Takes > timeout {
			return c.failed("AEM_TEST_ENDPOINT_CONNECTION_TIMEOUT")
		}
		told := aem.EndpointTest{State: aem.EndpointConnected, Message: test.Message, Details: test.Detail}
		if test.Message != "" {
			told.State = aem.EndpointFailed
		}
		return said(c, endpointTestTable, &told)
	}
	if test.Takes <= 0 {
		return result()
	}
	c.pause, c.later = min(test.Takes, timeout), result
	return nil
}
