package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the generated files anew")

const (
	exampleFile   = "../../config.example.yml"
	schemaFile    = "../../docs/config.schema.json"
	referenceFile = "../../docs/configuration.md"
)

// TestGenerated holds what is made from the structs to them: the reference, the JSON
// schema, the example. -update writes all three.
func TestGenerated(t *testing.T) {
	docs := readDocs(t)
	page := read(t, referenceFile)
	before, rest, _ := strings.Cut(page, referenceBegin)
	_, after, found := strings.Cut(rest, referenceEnd)
	if !found {
		t.Fatalf("%s has no place for the reference", referenceFile)
	}
	schema, err := json.MarshalIndent(docs.schema(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		referenceFile: before + referenceBegin + docs.reference() + referenceEnd + after,
		schemaFile:    string(schema) + "\n",
		exampleFile:   docs.example(),
	} {
		if is, _ := os.ReadFile(name); string(is) == want {
			continue
		}
		if !*update {
			t.Errorf("%s is old: make generate", name)
		} else if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// comments are those of the structs' fields, by "Struct.Field".
type comments map[string]string

func readDocs(t *testing.T) comments {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "types.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	docs := comments{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				name := fmt.Sprint(f.Type)
				if len(f.Names) > 0 {
					name = f.Names[0].Name
				}
				docs[spec.Name.Name+"."+name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
			}
		}
		return true
	})
	for _, k := range keysOf(fileType()) {
		if text, _ := docs.of(k); text == "" || strings.Contains(text, "|") {
			t.Errorf("%s: comment %q", k.path, text)
		}
	}
	return docs
}

// of is the comment of a key, and its default in words.
func (c comments) of(k key) (text, byDefault string) {
	owner := k.owner
	text = c[owner.Name()+"."+k.Name]
	for _, i := range k.Index[:len(k.Index)-1] {
		f := owner.Field(i)
		around := c[owner.Name()+"."+f.Name]
		owner = f.Type
		text = strings.TrimSpace(c[owner.Name()+"."+k.Name] + " " + around)
	}
	text, byDefault, _ = strings.Cut(text, "Default: ")
	return strings.TrimSpace(text), strings.TrimSuffix(byDefault, ".")
}

func (k key) byDefault() string {
	if isSwitch(k.Type) {
		return "false"
	}
	return k.tag("default")
}

// kind is the type of a key in words and as JSON schema.
func kind(t reflect.Type, f field) (words string, schema map[string]any) {
	text := func(words, pattern string) (string, map[string]any) {
		s := map[string]any{"type": "string", "minLength": 1}
		if pattern != "" {
			s["pattern"] = pattern
		}
		return words, s
	}
	switch {
	case t.Kind() == reflect.Slice && !isMapping(t.Elem()):
		words, items := kind(t.Elem(), f)
		return "list of " + words + "s", map[string]any{"type": "array", "items": items}
	case f.tag("one") != "":
		return "one of " + strings.Join(f.words(), ", "), map[string]any{"enum": f.words()}
	case f.tag("as") == "address":
		return text("URL", `^(https?://|\$\{)`)
	case strings.HasSuffix(f.tag("as"), "file"):
		return text("file name", "")
	}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return text("duration", `^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w|y))+$`)
	case reflect.TypeFor[Size]():
		_, s := text("", `^[0-9]+(\.[0-9]+)? ?([KMGT]i?B|B)?$`)
		return "size", map[string]any{"anyOf": []any{map[string]any{"type": "integer", "minimum": 1}, s}}
	case reflect.TypeFor[Secret]():
		return text("secret", "")
	case reflect.TypeFor[*regexp.Regexp]():
		return text("regular expression", "")
	case reflect.TypeFor[promconfig.URL]():
		return text("URL", `^(https?|socks5h?|\$\{.*)(://|\})`)
	case reflect.TypeFor[bool](), reflect.TypeFor[*bool]():
		return "boolean", map[string]any{"type": "boolean"}
	case reflect.TypeFor[float64]():
		return "number", map[string]any{"type": "number", "minimum": 0}
	case reflect.TypeFor[int]():
		s := map[string]any{"type": "integer"}
		for tag, name := range map[string]string{"least": "minimum", "most": "maximum"} {
			if n, err := strconv.Atoi(f.tag(tag)); err == nil {
				s[name] = n
			}
		}
		return "integer", s
	}
	switch {
	case t.Kind() == reflect.Slice:
		return "list of mappings", nil
	case isSwitch(t):
		return "boolean or mapping", nil
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		return "mapping", nil
	}
	return text("string", "")
}

const (
	referenceBegin = "<!-- reference -->\n"
	referenceEnd   = "<!-- /reference -->\n"
)

// reference is a table of all keys.
func (c comments) reference() string {
	var b strings.Builder
	b.WriteString("\n| key | type | default | meaning |\n|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "<", `\<`)
	for _, k := range keysOf(fileType()) {
		text, byDefault := c.of(k)
		if byDefault == "" && k.byDefault() != "" {
			byDefault = "`" + k.byDefault() + "`"
		}
		words, _ := kind(k.Type, k.field)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.path, words, cell.Replace(byDefault), cell.Replace(text))
	}
	b.WriteString("\n")
	return b.String()
}

// schema is the JSON schema of the file.
func (c comments) schema() map[string]any {
	s := c.object(fileType())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "qem_exporter's configuration"
	return s
}

func (c comments) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fieldsOf(t) {
		k := key{field: f, owner: t}
		text, byDefault := c.of(k)
		if byDefault != "" {
			text += " Default: " + byDefault + "."
		}
		p := c.property(f)
		p["description"] = text
		var value any
		if err := yaml.Unmarshal([]byte(k.byDefault()), &value); err == nil && value != nil {
			p["default"] = value
		}
		properties[f.name] = p
		if f.tag("required") != "" {
			required = append(required, f.name)
		}
	}
	s := map[string]any{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["type"], s["required"] = "object", required
	}
	return s
}

func (c comments) property(f field) map[string]any {
	switch t := f.Type; {
	case isSwitch(t):
		return map[string]any{"anyOf": []any{map[string]any{"type": "boolean"}, c.object(t)}}
	case isMapping(t):
		return c.object(t)
	case t.Kind() == reflect.Map:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": c.object(t.Elem())}
	case t.Kind() == reflect.Slice && isMapping(t.Elem()):
		s := map[string]any{"type": "array", "items": c.object(t.Elem())}
		if f.tag("required") != "" {
			s["minItems"] = 1
		}
		return s
	}
	_, s := kind(f.Type, f)
	return s
}

const exampleHead = `# yaml-language-server: $schema=docs/config.schema.json
#
# Every key of qem_exporter's configuration, with its default and what it means.
# Made from the structs of internal/config; do not edit.
#
# The file loads as it is. A key behind "#" is not set here: what stands there is its
# default, or an example. Durations: 30s, 5m, 1h30m, 1d, 1.5s. Sizes: 64MiB, 10MB.
#
# Credentials (username, domain, password, token), URLs and file names may hold ${NAME},
# which stands for that environment variable; one that is not set is an error, and $${ is
# a literal ${. File names are relative to this file.

`

// example is the file with every key.
func (c comments) example() string {
	var b strings.Builder
	b.WriteString(exampleHead)
	c.keys(&b, fileType(), "", true)
	return b.String()
}

// keys writes the keys of a struct; within what is not set, all are live.
func (c comments) keys(b *strings.Builder, t reflect.Type, indent string, set bool) {
	for i, f := range fieldsOf(t) {
		k := key{field: f, owner: t}
		text, byDefault := c.of(k)
		if byDefault != "" {
			text += " Default: " + byDefault + "."
		}
		if t == reflect.TypeFor[Manager]() && t.Field(f.Index[0]).Name == "Settings" {
			fmt.Fprintf(b, "%s#%s: %s # as in defaults\n", indent, k.name, k.tag("default")+k.tag("example"))
			continue
		}
		if i > 0 && (isMapping(f.Type) || indent == "") {
			b.WriteString("\n")
		}
		comment(b, indent, text)
		off := set && !isMapping(f.Type) && f.tag("default") == "" && f.tag("shown") == "" && f.tag("required") == "" ||
			isSwitch(f.Type) || f.tag("default") == "[]" && f.tag("required") == "" && isMapping(f.Type.Elem())
		lead := indent
		if off {
			lead += "#"
		}
		c.entry(b, k, lead, set && !off)
	}
}

func (c comments) entry(b *strings.Builder, k key, indent string, set bool) {
	value := k.tag("default")
	if value == "" {
		value = k.tag("shown") + k.tag("example")
	}
	deeper := indent + "  "
	switch t := k.Type; {
	case isMapping(t):
		fmt.Fprintf(b, "%s%s:\n", indent, k.name)
		c.keys(b, t, deeper, set)
	case t.Kind() == reflect.Map:
		fmt.Fprintf(b, "%s%s:\n%s%s:\n", indent, k.name, deeper, k.tag("entry"))
		c.keys(b, t.Elem(), deeper+"  ", set)
	case t.Kind() == reflect.Slice && isMapping(t.Elem()):
		var entry strings.Builder
		c.keys(&entry, t.Elem(), deeper+"  ", set)
		fmt.Fprintf(b, "%s%s:\n%s", indent, k.name, dashed(entry.String(), deeper))
	default:
		fmt.Fprintf(b, "%s%s: %s\n", indent, k.name, value)
	}
}

// dashed puts the dash of a list before the first key of an entry, and that key's
// comment above it.
func dashed(entry, indent string) string {
	lines := strings.SplitAfter(entry, "\n")
	for i, line := range lines {
		text := strings.TrimPrefix(line, indent+"  ")
		if !strings.HasPrefix(text, "#") {
			lines[i] = indent + "- " + text
			break
		}
		lines[i] = indent + text
	}
	return strings.Join(lines, "")
}

func comment(b *strings.Builder, indent, text string) {
	const width = 110
	line := indent + "#"
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) > width {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// TestExample loads the example as it is, which is the defaults, and with every key set,
// in which nothing but the files and what excludes each other is wrong.
func TestExample(t *testing.T) {
	cfg, err := Load(exampleFile, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := newDecoder("", nil).newManager()
	want.Tables.Interval = 5 * time.Minute
	want.Name, want.URL = "prod", "https://qem.example.com/attunityenterprisemanager"
	want.Auth = Auth{Type: ActiveDirectory, Username: "svc_prometheus", Password: newSecret("change-me")}
	if got := cfg.Managers(); len(got) != 1 || !got[0].Equal(want) || len(cfg.Warnings()) > 0 {
		t.Errorf("the example is something else than the defaults:\n%s%q", cfg.Redacted(), cfg.Warnings())
	}
	off := regexp.MustCompile(`(?m)^( *)#((?:  +)?(?:- )?[A-Za-z_0-9-]+:)`)
	_, err = Parse("all.yml", []byte(off.ReplaceAllString(read(t, exampleFile), "$1$2")),
		func(string) string { return "x" })
	for line := range strings.Lines(fmt.Sprint(err)) {
		if !strings.Contains(line, "cannot be read") && !strings.Contains(line, "exactly one of") &&
			!strings.Contains(line, "does not go with") {
			t.Error(line)
		}
	}
}
