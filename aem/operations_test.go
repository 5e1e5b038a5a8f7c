package aem

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const includes = "&includequeued=..&includeloading=..&includecompleted=..&includechangeprocessing=..&includeerror=.."

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
	{"GetTableList", "GET", "/servers/{server}/tasks/{task}/tables", "schema=..&table=.." + includes},
	{"GetTaskTableSelection", "GET", "/servers/{server}/tasks/{task}/tables", "action=selection"},
	{"PutTaskTableSelection", "PUT", "/servers/{server}/tasks/{task}/tables", "action=selection"},
	{"GetTableStatuses", "GET", "/servers/{server}/tasks/{task}/tables", "action=getstatus&schema=..&table=.." + includes},
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
	{"ReconfigureEndpointNoWait", "PUT", "/servers/{server}/endpoints/{endpoint}", "action=reconfigure&configuration={name}&recycle={bool}"},
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

// A claim is what the comment of a public method says of the API.
type claim struct {
	method     string // Go
	operations []string
	uses       []string
}

// claims reads the comments of the public methods of the client and its services.
func claims(t *testing.T) []claim {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var all []claim
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil || !method.Name.IsExported() || slices.Contains([]string{"Close", "Status", "Clean"}, method.Name.Name) { // these make no call of the API's
				continue
			}
			receiver := fmt.Sprint(method.Recv.List[0].Type)
			if !strings.HasSuffix(receiver, "Service") && !strings.HasSuffix(receiver, " Client}") {
				continue
			}
			c := claim{method: receiver + "." + method.Name.Name}
			if method.Doc != nil {
				for _, line := range method.Doc.List {
					if rest, ok := strings.CutPrefix(line.Text, "//qem:operation "); ok {
						c.operations = append(c.operations, rest)
					}
					if rest, ok := strings.CutPrefix(line.Text, "//qem:uses "); ok {
						c.uses = append(c.uses, strings.Fields(rest)...)
					}
				}
			}
			all = append(all, c)
		}
	}
	return all
}

// Every public method that makes a call says which, in one line that a machine can
// read, and every method of the API has one.
func TestOperationComments(t *testing.T) {
	line := regexp.MustCompile(`^(\w+) (GET|PUT|POST|PATCH|DELETE) (/[^\s?]*)(?:\?(\S+))?$`)
	found := map[string]int{}
	for _, c := range claims(t) {
		if len(c.operations)+len(c.uses) == 0 {
			t.Errorf("%s says neither //qem:operation nor //qem:uses", c.method)
		}
		for _, name := range c.uses {
			if !slices.ContainsFunc(methods[:], func(m [4]string) bool { return m[0] == name }) {
				t.Errorf("%s uses %s, which is no method of the API", c.method, name)
			}
		}
		for _, text := range c.operations {
			parts := line.FindStringSubmatch(text)
			if parts == nil {
				t.Errorf("%s: %q is not understood", c.method, text)
				continue
			}
			if !slices.Contains(methods[:], [4]string(parts[1:])) {
				t.Errorf("%s: %q is not what the API has", c.method, text)
			}
			found[parts[1]]++
		}
	}
	for _, m := range methods {
		if found[m[0]] == 0 {
			t.Errorf("%s has no Go method", m[0])
		}
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
