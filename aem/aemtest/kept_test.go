package aemtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// plainACL is an ACL as encoding/json reads it, in every shape.
type (
	plainNames []struct{ Name string }
	plainRole  struct{ Users, Groups plainNames }
	plainACL   struct {
		Admin_role, Designer_role, Operator_role, Viewer_role plainRole
		None_role, None                                       *plainRole
		Disable_inheritance                                   any
	}
)

func (n plainNames) names() (list []string) {
	for _, x := range n {
		list = append(list, x.Name)
	}
	return list
}

func (p plainRole) principals() Principals {
	return Principals{Users: p.Users.names(), Groups: p.Groups.names()}
}

func (p *plainACL) acl() *ACL {
	a := &ACL{Admin: p.Admin_role.principals(), Designer: p.Designer_role.principals(),
		Operator: p.Operator_role.principals(), Viewer: p.Viewer_role.principals()}
	for _, none := range []*plainRole{p.None, p.None_role} {
		if none != nil {
			a.None = none.principals()
		}
	}
	a.DisableInheritance = p.Disable_inheritance == true || p.Disable_inheritance == "true"
	return a
}

// readACL reads the explicit ACL of a path; nil for none.
func readACL(t *testing.T, c *caller, path string) *ACL {
	t.Helper()
	status, body := c.get(path + "?action=acl")
	if status != http.StatusOK {
		if !strings.Contains(string(body), "_HAS_NO_ACL") {
			t.Errorf("%s: HTTP %d %s", path, status, body)
		}
		return nil
	}
	var p plainACL
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &p); err != nil {
		t.Error(err)
	}
	return p.acl()
}

// readKept reads what Enterprise Manager keeps of a server; what no method tells is
// taken from the truth.
func readKept(t *testing.T, c *caller, v, truth *ServerState) {
	t.Helper()
	v.ACL = readACL(t, c, serverPath(v.Name))
	v.TasksACL = readACL(t, c, serverPath(v.Name)+"/tasks")
	v.EndpointsACL = readACL(t, c, serverPath(v.Name)+"/endpoints")
	var def struct {
		Verify_server_certificate, Monitored bool
		Host                                 string
	}
	c.json(serverPath(v.Name)+"/def", &def)
	v.VerifyCertificate = def.Verify_server_certificate
	if def.Monitored != (v.State != NotMonitored) || def.Host != v.Host {
		t.Errorf("the definition of %q is %+v", v.Name, def)
	}
	if v.State != Monitored || v.Product != Replicate {
		v.Endpoints = truth.Endpoints
		return
	}
	var list struct {
		EndpointList []struct {
			Name, Description, Role, Type string
			Is_licensed                   bool
		}
	}
	c.json(serverPath(v.Name)+"/endpoints", &list)
	for i, x := range list.EndpointList {
		e := EndpointState{Name: x.Name, Description: x.Description, Role: x.Role, Type: x.Type, Licensed: x.Is_licensed}
		if i < len(truth.Endpoints) {
			e.Settings, e.Configuration = truth.Endpoints[i].Settings, truth.Endpoints[i].Configuration
		}
		path := serverPath(v.Name) + "/endpoints/" + url.PathEscape(x.Name)
		e.ACL = readACL(t, c, path)
		var test struct{ Status, Message string }
		c.json(path+"?action=test", &test)
		e.Problem = test.Message
		if (test.Status == "CONNECTED") != (test.Message == "") {
			t.Errorf("a test of %q: %+v", x.Name, test)
		}
		v.Endpoints = append(v.Endpoints, e)
	}
}

// readTaskKept reads what Enterprise Manager keeps of a task.
func readTaskKept(t *testing.T, c *caller, server string, v *Task) {
	t.Helper()
	path := taskPath(server, v.Name)
	v.ACL = readACL(t, c, path)
	if v.Product == Compose {
		return
	}
	var barrier struct{ Application, Retention_point string }
	c.json(path+"?action=get_change_data_retention_barrier", &barrier)
	if barrier.Application != "" {
		point, err := time.Parse(time.RFC3339, barrier.Retention_point)
		if err != nil {
			t.Error(err)
		}
		v.Barriers = []Barrier{{barrier.Application, point}}
	}
	var sel struct {
		Explicit_included_tables []struct{ Owner, Name string }
	}
	c.json(path+"/tables?action=selection", &sel)
	for _, x := range sel.Explicit_included_tables {
		if !slices.ContainsFunc(v.Tables, func(y Table) bool { return y.Schema == x.Owner && y.Name == x.Name }) {
			t.Errorf("%s selects %v, which it does not have", v.Name, x)
		}
	}
	if len(sel.Explicit_included_tables) != len(v.Tables) {
		t.Errorf("%s selects %d of %d tables", v.Name, len(sel.Explicit_included_tables), len(v.Tables))
	}
}
