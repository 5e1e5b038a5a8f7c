package web

import (
	"cmp"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

//go:generate go test . -run ^TestStatusIsDocumented$ -update

var update = flag.Bool("update", false, "write docs/status-api.md anew")

// TestStatusIsDocumented holds the tables of docs/status-api.md to the types of the JSON: a comment above a
// table names the type, and what its values are called in other tables.
func TestStatusIsDocumented(t *testing.T) {
	const file = "../../docs/status-api.md"
	types := map[string]reflect.Type{}
	for _, v := range []any{statusView{}, managerView{}, serverView{}, taskView{}, tally{}, readingView{}, event{},
		fleet.Problem{}, fleet.TaskDetails{}, fleet.ComposeDetails{}} {
		types[reflect.TypeOf(v).Name()] = reflect.TypeOf(v)
	}
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tables := regexp.MustCompile(`(?m)^<!-- (\w+)(?:: (.+))?, by make generate -->\n(?:\|.*\n)*`)
	f := jsonFields{t: t, kinds: map[reflect.Type]string{}, comments: comments(t, "api.go", "status.go", "events.go")}
	for _, m := range tables.FindAllStringSubmatch(string(old), -1) {
		f.kinds[types[m[1]]] = m[2]
	}
	text := tables.ReplaceAllStringFunc(string(old), func(table string) string {
		head, _, _ := strings.Cut(table, "\n")
		typ := types[tables.FindStringSubmatch(table)[1]]
		if typ == nil {
			t.Fatalf("%s names a type that is not in the JSON: %s", file, head)
		}
		delete(types, typ.Name())
		table = head + "\n| field | type | meaning |\n|---|---|---|\n"
		for _, r := range f.rows(nil, typ, "") {
			table += "| `" + strings.Join(r.names, "`, `") + "` | " + r.kind + " | " + r.meaning + " |\n"
		}
		return table
	})
	for name := range types {
		t.Errorf("%s has no table of %s", file, name)
	}
	if *update {
		err = os.WriteFile(file, []byte(text), 0o644)
	} else if text != string(old) {
		t.Errorf("%s is old: make generate", file)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// jsonFields makes rows of the fields of types.
type jsonFields struct {
	t        *testing.T
	comments map[string]string       // by "package.Type.Field"
	kinds    map[reflect.Type]string // of types that have a table
}

// docRow is fields of one kind and meaning, which may be empty.
type docRow struct {
	names                 []string
	within, kind, meaning string
}

// rows adds those of a type; within is the path of an object with a dot behind it.
func (f *jsonFields) rows(rows []docRow, typ reflect.Type, within string) []docRow {
	for field := range typ.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if field.Anonymous {
			rows = f.rows(rows, inner, within)
		}
		if name == "" || name == "-" {
			continue
		}
		r := docRow{[]string{within + name}, within, f.kind(inner), f.comments[typ.String()+"."+field.Name]}
		if inner == reflect.TypeFor[fleet.Flag]() && options == "" {
			r.kind += " or null"
		}
		if last := len(rows) - 1; last >= 0 && rows[last].meaning == r.meaning && rows[last].kind == r.kind &&
			rows[last].within == within {
			rows[last].names = append(rows[last].names, r.names...)
		} else {
			rows = append(rows, r)
		}
		if r.kind == "object" && inner.Kind() == reflect.Struct {
			rows = f.rows(rows, inner, within+name+".")
		}
	}
	return rows
}

func (f *jsonFields) kind(typ reflect.Type) string {
	switch reflect.Zero(typ).Interface().(type) {
	case fleet.Number:
		return "number"
	case fleet.Flag:
		return "boolean"
	case time.Time:
		return "time"
	}
	switch typ.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Float64, reflect.Uint64:
		return "number"
	case reflect.Slice:
		return "list of " + f.kind(typ.Elem()) + "s"
	case reflect.Struct, reflect.Map:
		return cmp.Or(f.kinds[typ], "object")
	}
	f.t.Fatalf("what is %v in JSON?", typ)
	return ""
}

// comments are those of the fields of all structs of some files of this package and of fleet.
func comments(t *testing.T, names ...string) map[string]string {
	ofFleet, err := filepath.Glob("../fleet/*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range append(names, ofFleet...) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, name := range f.Names {
						text := strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
						all[file.Name.Name+"."+spec.Name.Name+"."+name.Name] = text
					}
				}
			}
			return true
		})
	}
	return all
}
