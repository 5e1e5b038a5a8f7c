package aem

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var acls = cmp.Options{exact, cmp.AllowUnexported(ACL{}), cmpopts.EquateEmpty()}

func TestUpdateOfAnACL(t *testing.T) {
	whole := `{"admin_role":{"users":[{"name":"CORP\\ada"}],"groups":[]},"designer_role":{"users":[],"groups":[]},"operator_role":{"users":[],"groups":[]},"viewer_role":{"users":[{"name":"CORP\\bob"}],"groups":[{"name":"CORP\\all"}]},"disable_inheritance":false}`
	promote := func(a *ACL) error { a.SetUser(`corp\BOB`, RoleOperator); return nil }
	mine := errors.New("no")
	for name, tc := range map[string]struct {
		body   string
		change func(*ACL) error
		want   string // put
		is     error
	}{
		"promoted": {whole, promote,
			`PUT /servers/s/endpoints/e?action=acl {"admin_role":{"groups":[],"users":[{"name":"CORP\\ada"}]},"designer_role":{"groups":[],"users":[]},"disable_inheritance":false,"operator_role":{"groups":[],"users":[{"name":"corp\\BOB"}]},"viewer_role":{"groups":[{"name":"CORP\\all"}],"users":[]}}`, nil},
		"banned": {whole, func(a *ACL) error { a.SetGroup(`CORP\all`, RoleNone); return nil },
			`PUT /servers/s/endpoints/e?action=acl {"admin_role":{"groups":[],"users":[{"name":"CORP\\ada"}]},"designer_role":{"groups":[],"users":[]},"disable_inheritance":false,"none_role":{"groups":[{"name":"CORP\\all"}],"users":[]},"operator_role":{"groups":[],"users":[]},"viewer_role":{"groups":[],"users":[{"name":"CORP\\bob"}]}}`, nil},
		"as it was":       {whole, func(*ACL) error { return nil }, "", nil},
		"refused":         {whole, func(*ACL) error { return mine }, "", mine},
		"unknown role":    {`{"admin_role":{},"auditor_role":{}, "disable_inheritance":false}`, promote, "", ErrInvalid},
		"unknown flag":    {`{"admin_role":{"users":[{"name":"CORP\\ada"}]},"none":{}}`, promote, "", ErrInvalid},
		"replaced":        {whole, func(a *ACL) error { *a = ACL{Admin: a.Admin}; return nil }, "", ErrInvalid},
		"no explicit ACL": {`{"error_code":"AEM_endpoint_HAS_NO_ACL","error_message":""}`, promote, "", ErrNoACL},
		"server's code":   {`{"error_code":"AEM_SERVER_HAS_NO_ACL","error_message":""}`, promote, "", ErrNoACL},
		"flag set by hand": {`{"admin_role":{"users":[{"name":"CORP\\ada"}]}}`,
			func(a *ACL) error { a.DisableInheritance = BoolOf(true); return nil },
			`PUT /servers/s/endpoints/e?action=acl {"admin_role":{"groups":[],"users":[{"name":"CORP\\ada"}]},"designer_role":{"groups":[],"users":[]},"disable_inheritance":true,"operator_role":{"groups":[],"users":[]},"viewer_role":{"groups":[],"users":[]}}`, nil},
	} {
		inBubble(t, name, func(t *testing.T) {
			client, requests := answering(t, answer(200, tc.body), answer(200, tc.body), answer(200, ""))
			err := client.ACLs.Update(t.Context(), EndpointACL(EndpointRef{"s", "e"}), tc.change)
			if !errors.Is(err, tc.is) || tc.is == nil && err != nil {
				t.Errorf("%v, want %v", err, tc.is)
			}
			put := ""
			if len(*requests) == 3 {
				put = (*requests)[2]
			}
			if put != tc.want || (*requests)[0] != "GET /servers/s/endpoints/e?action=acl" {
				t.Errorf("sent %q\nwant %q", *requests, tc.want)
			}
		})
	}
}

func TestRolesOfAnACL(t *testing.T) {
	a := NewACL(Principals{Users: []string{`D\a`}}, Principals{}, Principals{},
		Principals{Users: []string{`D\b`}, Groups: []string{`D\a`}}, true)
	before, text := *a, a.text()
	if a.SetUser(`D\a`, "owner") || a.text() != text {
		t.Error("a role that is none was given")
	}
	if !a.SetUser(`d\A`, RoleDesigner) || !a.SetUser(`D\b`, "") || !a.SetGroup(`D\new`, RoleNone) {
		t.Error("a role was refused")
	}
	var got []string
	for role, p := range a.Roles() {
		got = append(got, string(role)+":"+strings.Join(append(append([]string{}, p.Users...), p.Groups...), ","))
	}
	if want := `admin: designer:d\A operator: viewer:D\a none:D\new`; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
	if before.Admin.Users[0] != `D\a` || len(before.Viewer.Users) != 1 || a.text() == text {
		t.Errorf("a copy has changed: %+v", before)
	}
	for role := range a.Roles() {
		if role == RoleOperator {
			break
		}
	}
}
