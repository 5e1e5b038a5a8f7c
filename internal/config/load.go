package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads and checks the configuration file at path. environ, as os.Environ
// gives it, answers ${NAME}; file names in the configuration are relative to the
// file's directory.
func Load(path string, environ []string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	variables := newEnvironment(environ)
	d := newDecoder(path, variables.get)
	cfg, err := d.parse(data)
	if err == nil {
		cfg.warnings = append(cfg.warnings, variables.unknown(d.used)...)
	}
	return cfg, err
}

// Parse reads and checks a configuration. filename stands in error messages, and
// its directory is where relative file names start; the file need not exist. The
// error joins all that is wrong, one a line.
func Parse(filename string, data []byte, getenv func(string) string) (*Config, error) {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	return newDecoder(filename, getenv).parse(data)
}

func newDecoder(filename string, getenv func(string) string) *decoder {
	d := &decoder{
		root: &file{}, file: filename, dir: filepath.Dir(filename), getenv: getenv,
		at: map[string]position{}, used: map[string]bool{},
	}
	d.setDefaults(reflect.ValueOf(d.root).Elem())
	return d
}

func (d *decoder) parse(data []byte) (*Config, error) {
	document, err := d.document(data)
	if err != nil {
		return nil, err
	}
	d.at[""] = position{document.Line, document.Column}
	d.mapping(newValue(document, ""), reflect.ValueOf(d.root).Elem())
	return d.checked()
}

// checked is the configuration that was read, or what is wrong with it.
func (d *decoder) checked() (*Config, error) {
	d.check(reflect.ValueOf(d.root).Elem(), "")
	if err := d.err(); err != nil {
		return nil, err
	}
	cfg := &Config{managers: d.root.Managers, links: d.root.Links}
	for _, w := range inOrder(d.warnings) {
		cfg.warnings = append(cfg.warnings, w.Error())
	}
	return cfg, nil
}

// document parses data, which must hold exactly one YAML document.
func (d *decoder) document(data []byte) (*yaml.Node, error) {
	if !bytes.HasPrefix(data, []byte("\xff\xfe")) && !bytes.HasPrefix(data, []byte("\xfe\xff")) { // not UTF-16
		d.lines = strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	}
	documents := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := documents.Decode(&first); err != nil && !errors.Is(err, io.EOF) {
		return nil, d.syntaxError(err)
	}
	if len(first.Content) == 0 || newValue(first.Content[0], "").isNull() {
		return nil, fmt.Errorf("%s: is empty: give at least one Enterprise Manager under enterprise_managers", d.file)
	}
	switch err := documents.Decode(&second); {
	case err == nil:
		return nil, fmt.Errorf("%s:%d: a second YAML document begins here: give one only", d.file, second.Line)
	case !errors.Is(err, io.EOF):
		return nil, d.syntaxError(err)
	}
	return first.Content[0], nil
}
