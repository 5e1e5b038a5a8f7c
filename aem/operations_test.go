package aem

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// The methods of the API: name, verb, path below /api/v1, query.
var methods = [48][4]string{
	{"Login", "GET", "/login", ""},
	{"Logout", "GET", "/logout", ""},
	{"PutServerLicense", "PUT", "/servers/{server}/license/def", ""},
	{"GetServerDetails", "GET", "/servers/{server}", ""},
	{"PutServer", "PUT", "/servers/{server}/def", ""},
	{"GetServer", "GET", "/servers/{server}/def", ""},
	{"GetServerList", "GET", "/servers", ""},
	{"DeleteServer", "DELETE", "/servers/{server}/def", ""},
	{"GetTaskList", "GET", "/servers/{server}/tasks", ""},
	{"GetTaskDetails", "GET", "/servers/{server}/tasks/{task}", ""},
	{"GetTableList", "GET", "/servers/{server}/tasks/{task}/tables", "schema=..&table=.."},
	{"GetTaskTableSelection", "GET", "/servers/{server}/tasks/{task}/tables", "action=selection"},
	{"PutTaskTableSelection", "PUT", "/servers/{server}/tasks/{task}/tables", "action=selection"},
	{"GetTableStatuses", "GET", "/servers/{server}/tasks/{task}/tables", "action=getstatus&schema=..&table=.."},
	{"DeleteTask", "POST", "/servers/{server}/tasks/{task}", "action=delete&deletetasklogs={bool}"},
	{"ExportTask", "GET", "/servers/{server}/tasks/{task}", "action=export&withendpoints={bool}"},
	{"ImportTask", "POST", "/servers/{server}/tasks/{task}", "action=import"},
	{"CloneTask", "POST", "/servers/{server}/tasks/{task}", "action=clone"},
	{"ExportAuditTrail", "GET", "/security/audit_trail", "start_timestamp=..&end_timestamp=.."},
	{"RunTask", "POST", "/servers/{server}/tasks/{task}", "action=run&option={option}&timeout={s}"},
	{"StopTask", "POST", "/servers/{server}/tasks/{task}", "action=stop&timeout={s}"},
	{"GetEndpointList", "GET", "/servers/{server}/endpoints", ""},
	{"PatchEndpoint", "PATCH", "/servers/{server}/endpoints/{endpoint}", ""},
	{"DeleteEndpoint", "DELETE", "/servers/{server}/endpoints/{endpoint}", "action=delete"},
	{"ReconfigureEndpointNoWait", "PUT", "/servers/{server}/endpoints/{endpoint}",
		"action=reconfigure&configuration={name}&recycle={bool}"},
	{"ExportAll", "GET", "/servers/{server}", "action=export"},
	{"ImportAll", "POST", "/servers/{server}", "action=import"},
	{"ReloadTable", "POST", "/servers/{server}/tasks/{task}/tables", "action=reload&schema=..&table=.."},
	{"ResumeTable", "POST", "/servers/{server}/tasks/{task}/tables", "action=Resume&schema=..&table=.."},
	{"TestEndpoint", "GET", "/servers/{server}/endpoints/{endpoint}", "action=test&timeout={s}"},
	{"DeleteOldChangeData", "POST", "/servers/{server}/tasks/{task}", "action=delete_old_change_data"},
	{"SetChangeDataRetentionBarrier", "PUT", "/servers/{server}/tasks/{task}", "action=set_change_data_retention_barrier"},
	{"GetChangeDataRetentionBarrier", "GET", "/servers/{server}/tasks/{task}", "action=get_change_data_retention_barrier"},
	{"GetTaskAcl", "GET", "/servers/{server}/tasks/{task}", "action=acl"},
	{"PutTaskAcl", "PUT", "/servers/{server}/tasks/{task}", "action=acl"},
	{"DeleteTaskAcl", "DELETE", "/servers/{server}/tasks/{task}", "action=acl"},
	{"GetTasksCollectionAcl", "GET", "/servers/{server}/tasks", "action=acl"},
	{"PutTasksCollectionsAcl", "PUT", "/servers/{server}/tasks", "action=acl"},
	{"DeleteTasksCollectionAcl", "DELETE", "/servers/{server}/tasks", "action=acl"},
	{"GetEndpointAcl", "GET", "/servers/{server}/endpoints/{endpoint}", "action=acl"},
	{"PutEndpointAcl", "PUT", "/servers/{server}/endpoints/{endpoint}", "action=acl"},
	{"DeleteEndpointAcl", "DELETE", "/servers/{server}/endpoints/{endpoint}", "action=acl"},
	{"GetEndpointsCollectionAcl", "GET", "/servers/{server}/endpoints", "action=acl"},
	{"PutEndpointsCollectionsAcl", "PUT", "/servers/{server}/endpoints", "action=acl"},
	{"DeleteEndpointsCollectionAcl", "DELETE", "/servers/{server}/endpoints", "action=acl"},
	{"GetServerAcl", "GET", "/servers/{server}", "action=acl"},
	{"PutServerAcl", "PUT", "/servers/{server}", "action=acl"},
	{"DeleteServerAcl", "DELETE", "/servers/{server}", "action=acl"},
}

// docs are the comments of the public methods of the client and its services.
func docs(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	must(t, err)
	all := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		must(t, err)
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil || !method.Name.IsExported() || strings.HasSuffix(name, "_test.go") {
				continue
			}
			receiver := fmt.Sprint(method.Recv.List[0].Type)
			if strings.HasSuffix(receiver, "Service") || strings.HasSuffix(receiver, " Client}") {
				all[receiver+"."+method.Name.Name] = method.Doc.Text()
			}
		}
	}
	return all
}

// Every public method that makes a call says which, in the vendor's words, so that go doc
// finds them; and every method of the API has one.
func TestDocumentationNamesTheMethods(t *testing.T) {
	found := map[string]bool{}
	for method, text := range docs(t) {
		if slices.Contains([]string{"Clean", "Close", "Do", "Status"}, method[strings.LastIndex(method, ".")+1:]) {
			continue
		}
		claims := 0
		text = strings.Join(strings.Fields(text), " ")
		for _, m := range methods {
			line := fmt.Sprintf("%s, %s %s", m[0], m[1], m[2])
			if m[3] != "" {
				line += "?" + m[3]
			}
			if strings.Contains(text+" ", line+" ") || strings.Contains(text, line+".") {
				found[m[0]] = true
				claims++
			}
		}
		if claims == 0 && !strings.Contains(text, "Calls: ") {
			t.Errorf("%s does not say which method of the API it calls: %s", method, text)
		}
	}
	for _, m := range methods {
		if !found[m[0]] {
			t.Errorf("no comment has %q", m)
		}
	}
}

// The table of docs/sdk.md has every method, the Go methods that call it, and whether it is
// repeated.
func TestTableOfTheMethods(t *testing.T) {
	text, err := os.ReadFile("../docs/sdk.md")
	must(t, err)
	comments := docs(t)
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, " | "); len(cells) == 6 {
			rows[strings.TrimPrefix(cells[0], "| ")] = cells
		}
	}
	for _, m := range methods {
		cells, ok := rows[m[0]]
		if !ok {
			t.Errorf("there is no row of %s", m[0])
			continue
		}
		for goName := range strings.SplitSeq(cells[3], ", ") {
			service, name, method := strings.Cut(goName, ".")
			if !method {
				continue // the target of an ACL
			}
			comment := comments[service+"Service."+name]
			for key, text := range comments { // a pointer receiver has a position before it
				if service == "Client" && strings.HasSuffix(key, " Client}."+name) {
					comment = text
				}
			}
			if !strings.Contains(comment, m[0]) {
				t.Errorf("%s: the comment of %s does not name it", m[0], goName)
			}
		}
	}
	for _, w := range wireCases {
		synctest.Test(t, func(t *testing.T) {
			client, requests := answering(t, answer(503, ""), answer(503, ""), answer(503, ""))
			_ = w.call(t.Context(), client)
			repeated := "no |\n"
			if len(*requests) > 1 {
				repeated = "yes |\n"
			}
			if got := rows[w.operation][5]; got != repeated {
				t.Errorf("%s is sent %d times, the table says %q", w.operation, len(*requests), got)
			}
		})
	}
}

// Every method of the API has a test of what it sends.
func TestOperationsAreTested(t *testing.T) {
	for _, m := range methods {
		tested := slices.ContainsFunc(wireCases, func(w wireCase) bool { return w.operation == m[0] })
		if !tested && m[0] != "Login" && m[0] != "Logout" { // these two have files of their own
			t.Errorf("%s is in no test of what is sent", m[0])
		}
	}
}

// BeyondAViewer are calls of the methods that a viewer may not use.
func BeyondAViewer() map[string]func(context.Context, *Client) error {
	calls := map[string]func(context.Context, *Client) error{}
	for _, w := range wireCases {
		if !strings.HasPrefix(w.want, "GET") || strings.Contains(w.want, "action=acl") {
			calls[w.want] = w.call
		}
	}
	return calls
}

// Methods are the names of the API's methods.
func Methods() (names []string) {
	for _, m := range methods {
		names = append(names, m[0])
	}
	return names
}
