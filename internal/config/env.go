package config

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FromEnv makes the configuration of one Enterprise Manager from environment
// variables (QEM_URL and others), for a container without a configuration file.
// What they hold is taken literally, and file names are relative to the working
// directory. It is as strict as Load; errors name the variables.
func FromEnv(environ []string) (*Config, error) {
	set := newEnvironment(environ)
	if set["QEM_URL"] == "" {
		return nil, errors.New("no configuration: give --config.file, or describe one Enterprise Manager " +
			"with the environment variables QEM_URL, QEM_USERNAME and QEM_PASSWORD_FILE")
	}
	if set["QEM_AUTH_TYPE"] == "" {
		set["QEM_AUTH_TYPE"] = string(likelyAuthType(set))
	}
	d := newDecoder("", nil)
	d.dir, d.variables = "", map[string]string{}
	d.root.Managers = []Manager{d.newManager()}
	manager := reflect.ValueOf(&d.root.Managers[0]).Elem()
	for _, v := range variables() {
		d.variables[managerPath+"."+v.path] = v.variable
	}
	for _, v := range variables() {
		if text := set[v.variable]; text != "" {
			d.variable(v, text, manager)
		}
	}
	cfg, err := d.checked()
	if err == nil {
		cfg.managers[0].variables = d.variables
		cfg.warnings = append(cfg.warnings, set.unknown(nil)...)
	}
	return cfg, err
}

// variable reads a variable into its manager. What belongs to a mapping that was switched off
// means nothing; of one of which nothing else is said, it switches it on.
func (d *decoder) variable(v key, text string, manager reflect.Value) {
	path := managerPath + "." + v.path
	if isSwitch(v.owner) {
		owner := manager.FieldByIndex(v.index[:len(v.index)-len(v.Index)])
		if owner.IsZero() {
			if d.has(parent(path)) {
				return
			}
			d.setDefaults(owner)
		}
	}
	d.at[path] = position{}
	if n := d.node(v, text); n != nil {
		d.value(newValue(n, path), manager.FieldByIndex(v.index), v.field)
	}
}

const managerPath = "enterprise_managers[0]"

func variables() []key {
	return slices.DeleteFunc(keysOf(reflect.TypeFor[Manager]()), func(k key) bool {
		return strings.ContainsAny(k.path, "*[") || isMapping(k.Type) && !isSwitch(k.Type)
	})
}

// node is what a variable holds as YAML; nil is not YAML. Lists and mappings are written in YAML's
// flow style; a list of one may be its one entry.
func (d *decoder) node(v key, text string) *yaml.Node {
	scalar := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	kind := v.Type.Kind()
	switch {
	case kind == reflect.Map || text[0] == '[' && kind == reflect.Slice || text[0] == '{' && isSwitch(v.Type):
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(text), &document); err != nil || len(document.Content) == 0 {
			d.fail(managerPath+"."+v.path, "is not YAML: want for example %s", v.flowExample())
			return nil
		}
		return document.Content[0]
	case kind == reflect.Slice:
		return &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{scalar}}
	case kind == reflect.Bool || isSwitch(v.Type):
		lower := strings.ToLower(text)
		if slices.Contains([]string{"true", "yes", "on", "1"}, lower) {
			scalar.Tag, scalar.Value = "!!bool", "true"
		} else if slices.Contains([]string{"false", "no", "off", "0"}, lower) {
			scalar.Tag, scalar.Value = "!!bool", "false"
		}
	case kind == reflect.Int || kind == reflect.Float64:
		scalar.Tag = "" // what it looks like
	}
	return scalar
}

// flowExample is a list or mapping as an environment variable holds it.
func (v key) flowExample() string {
	if v.Type.Kind() == reflect.Slice {
		return v.tag("list")
	}
	return "{" + v.tag("entry") + ": {files: [/etc/qem_exporter/gateway-key]}}"
}

// likelyAuthType is the type of authentication when none is named: a token by
// itself is a personal access token.
func likelyAuthType(set environment) AuthType {
	token := set["QEM_TOKEN"] + set["QEM_TOKEN_FILE"]
	user := set["QEM_USERNAME"] + set["QEM_PASSWORD"] + set["QEM_PASSWORD_FILE"]
	if token != "" && user == "" {
		return APIToken
	}
	return ActiveDirectory
}
