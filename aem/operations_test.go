package aem

import (
	"cmp"
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
)

// guideMethods are the 48 methods of the API, by their examples.
func guideMethods(t *testing.T) []guideExample {
	t.Helper()
	methods := slices.DeleteFunc(guideExamples(t), func(e guideExample) bool { return e.head["method"] == "" })
	if len(methods) != 48 {
		t.Errorf("the guide has 48 methods, there are examples of %d", len(methods))
	}
	return methods
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
		for _, m := range guideMethods(t) {
			line := m.name + ", " + m.head["method"]
			if strings.Contains(text+" ", line+" ") || strings.Contains(text, line+".") {
				found[m.name] = true
				claims++
			}
		}
		if claims == 0 && !strings.Contains(text, "Calls: ") {
			t.Errorf("%s does not say which method of the API it calls: %s", method, text)
		}
	}
	for _, m := range guideMethods(t) {
		if !found[m.name] {
			t.Errorf("no comment has %s, %s", m.name, m.head["method"])
		}
	}
}

// The table of docs/sdk.md has every method, its other names and the role in the guide's
// words, the Go methods that call it, and whether it is repeated.
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
	for _, m := range guideMethods(t) {
		cells, ok := rows[m.name]
		if !ok {
			t.Errorf("there is no row of %s", m.name)
			continue
		}
		for i, word := range map[int]string{1: ".NET", 2: "Python", 4: "role"} {
			said := cmp.Or(m.head[word], "–") // and behind it what is likely
			if cells[i] != said && !(said == "–" && strings.HasPrefix(cells[i], "– (")) {
				t.Errorf("%s: %q, the guide has %q", m.name, cells[i], said)
			}
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
			if !strings.Contains(comment, m.name) {
				t.Errorf("%s: the comment of %s does not name it", m.name, goName)
			}
		}
	}
	for _, e := range guideCallsInASession(t) {
		inBubble(t, e.name, func(t *testing.T) {
			client, requests := answering(t, answer(503, ""), answer(503, ""), answer(503, ""))
			_, _ = e.call(t.Context(), client)
			repeated := "no |\n"
			if len(*requests) > 1 {
				repeated = "yes |\n"
			}
			if got := rows[e.operation][5]; got != repeated {
				t.Errorf("sent %d times, the table says %q", len(*requests), got)
			}
		})
	}
}

// BeyondAViewer are calls of the methods that a viewer may not use.
func BeyondAViewer(t *testing.T) map[string]func(context.Context, *Client) (any, error) {
	calls := map[string]func(context.Context, *Client) (any, error){}
	for _, e := range guideCallsInASession(t) {
		if e.verb != "GET" || strings.Contains(e.uri, "action=acl") {
			calls[e.name] = e.call
		}
	}
	return calls
}

// Methods are the names of the API's methods.
func Methods(t *testing.T) (names []string) {
	for _, m := range guideMethods(t) {
		names = append(names, m.name)
	}
	return names
}
