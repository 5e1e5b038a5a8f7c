package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads and checks the configuration file at path. getenv answers ${NAME};
// file names in the configuration are relative to the file's directory.
func Load(path string, getenv func(string) string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, data, getenv)
}

// Parse reads and checks a configuration. filename stands in error messages, and
// its directory is where relative file names start; the file need not exist. The
// error joins all that is wrong, one a line.
func Parse(filename string, data []byte, getenv func(string) string) (*Config, error) {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	d := &decoder{file: filename, dir: filepath.Dir(filename), getenv: getenv, at: map[string]position{}}
	document, err := d.document(data)
	if err != nil {
		return nil, err
	}
	return d.config(document)
}

// config turns the document's one value into a Config.
func (d *decoder) config(document *yaml.Node) (*Config, error) {
	d.at[""] = position{document.Line, document.Column}
	r := newRoot()
	d.mapping(newValue(document, ""), r.fields())
	d.checkManagers(r.managers)
	if err := d.err(); err != nil {
		return nil, err
	}
	return newConfig(r.managers)
}

// root is the whole file.
type root struct {
	prototype Manager // what every manager starts from: the defaults
	managers  []Manager
}

func newRoot() *root { return &root{prototype: defaultManager()} }

func (r *root) fields() []field {
	return []field{
		{name: "defaults", codec: r.defaults(), doc: "what each Enterprise Manager below has unless it says otherwise"},
		{name: "enterprise_managers", codec: r.list(), doc: "the Enterprise Managers, at least one; each is polled on its own, none holds up another"},
	}
}

func (r *root) defaults() codec {
	c := mapping(settings(&r.prototype))
	decode := c.decode
	c.decode = func(d *decoder, v value) {
		decode(d, v)
		d.checkAges(&r.prototype, v.path)
	}
	return c
}

func (r *root) list() codec {
	example := r.prototype
	return codec{
		kind:  "list of mappings",
		inner: managerFields(&example),
		list:  true,
		decode: func(d *decoder, v value) {
			if v.isNull() {
				return
			}
			d.list(v, "- url: https://qem.example.com/attunityenterprisemanager", func(entry value) {
				m := r.prototype
				d.mapping(entry, managerFields(&m))
				d.checkManager(&m, &r.prototype, entry.path)
				r.managers = append(r.managers, m)
			})
		},
		encode: func() *yaml.Node { return nil },
	}
}

// document parses data, which must hold exactly one YAML document.
func (d *decoder) document(data []byte) (*yaml.Node, error) {
	documents := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := documents.Decode(&first); err != nil && !errors.Is(err, io.EOF) {
		return nil, d.syntaxError(err, data)
	}
	if len(first.Content) == 0 || newValue(first.Content[0], "").isNull() {
		return nil, fmt.Errorf("%s: is empty: give at least one Enterprise Manager under enterprise_managers", d.file)
	}
	switch err := documents.Decode(&second); {
	case err == nil:
		return nil, fmt.Errorf("%s:%d: a second YAML document begins here: give one only", d.file, second.Line)
	case !errors.Is(err, io.EOF):
		return nil, d.syntaxError(err, data)
	}
	return first.Content[0], nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntaxError tells where the file is not YAML, in the parser's words, but for
// those that could quote a value.
func (d *decoder) syntaxError(err error, data []byte) error {
	text := err.Error()
	match := yamlLine.FindStringSubmatch(text)
	text = text[len(match[0]):]
	line, _ := strconv.Atoi(match[1])
	switch {
	case strings.HasPrefix(text, "unknown anchor"):
		name := strings.TrimSuffix(strings.TrimPrefix(text, "unknown anchor '"), "' referenced")
		before, _, _ := bytes.Cut(data, []byte("*"+name))
		line = bytes.Count(before, []byte("\n")) + 1
		text = "unknown anchor: a value that begins with * must be in quotes"
	case parserError.MatchString(text):
		// The parser counts these lines from 0, and they are where the thing began.
		line++
		text += " in what begins here"
	case strings.Contains(text, "unknown escape character"):
		text += `: in double quotes a backslash is written \\, in single quotes \`
	case strings.Contains(text, "cannot start any token"):
		text += ": indent with spaces, and quote values that begin with @, ` or %"
	}
	if line == 0 {
		return fmt.Errorf("%s: not valid YAML: %s", d.file, text)
	}
	return fmt.Errorf("%s:%d: not valid YAML: %s", d.file, line, text)
}

// parserError tells the errors of the YAML parser from those of its scanner.
var parserError = regexp.MustCompile(`^did not find expected (<|key$|node content$|'-' indicator$|',' or)`)
