package config

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FromEnv makes the configuration of one Enterprise Manager from environment
// variables (QEM_URL and others), for a container without a configuration file.
// What they hold is taken literally, and file names are relative to the working
// directory. It is as strict as Load; errors name the variables.
func FromEnv(getenv func(string) string) (*Config, error) {
	if getenv == nil || getenv("QEM_URL") == "" {
		return nil, errors.New("no configuration: give --config.file, or describe one Enterprise Manager " +
			"with the environment variables QEM_URL, QEM_USERNAME and QEM_PASSWORD_FILE")
	}
	d := &decoder{variables: map[string]string{}, at: map[string]position{}}
	manager := &yaml.Node{Kind: yaml.MappingNode}
	for i, v := range environment() {
		d.variables[managerPath+"."+v.key] = v.name
		if s := v.value(getenv); s != "" {
			// The line is the place in the list of variables: errors are sorted by it.
			put(manager, v.key, &yaml.Node{Kind: yaml.ScalarNode, Tag: v.tag, Value: s, Line: i + 1})
		}
	}
	file := &yaml.Node{Kind: yaml.MappingNode}
	put(file, "enterprise_managers", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{manager}})
	return d.config(file)
}

// managerPath is the key path of the one manager.
const managerPath = "enterprise_managers[0]"

// envVariable is an environment variable and the key it stands for.
type envVariable struct {
	name, key string
	tag       string // of its value; "": what it looks like
	// absent gives the value when the variable is not set.
	absent func(getenv func(string) string) string
}

func (v envVariable) value(getenv func(string) string) string {
	s := getenv(v.name)
	if s == "" && v.absent != nil {
		return v.absent(getenv)
	}
	return s
}

func environment() []envVariable {
	return []envVariable{
		{name: "QEM_URL", key: "url", tag: "!!str"},
		{name: "QEM_NAME", key: "name", tag: "!!str"},
		{name: "QEM_AUTH_TYPE", key: "auth.type", tag: "!!str", absent: likelyAuthType},
		{name: "QEM_USERNAME", key: "auth.username", tag: "!!str"},
		{name: "QEM_DOMAIN", key: "auth.domain", tag: "!!str"},
		{name: "QEM_PASSWORD", key: "auth.password", tag: "!!str"},
		{name: "QEM_PASSWORD_FILE", key: "auth.password_file", tag: "!!str"},
		{name: "QEM_TOKEN", key: "auth.token", tag: "!!str"},
		{name: "QEM_TOKEN_FILE", key: "auth.token_file", tag: "!!str"},
		{name: "QEM_CA_FILE", key: "tls_config.ca_file", tag: "!!str"},
		{name: "QEM_INSECURE_SKIP_VERIFY", key: "tls_config.insecure_skip_verify"},
	}
}

// likelyAuthType is the type of authentication when none is named: a token by
// itself is a personal access token.
func likelyAuthType(getenv func(string) string) string {
	token := getenv("QEM_TOKEN") + getenv("QEM_TOKEN_FILE")
	user := getenv("QEM_USERNAME") + getenv("QEM_PASSWORD") + getenv("QEM_PASSWORD_FILE")
	if token != "" && user == "" {
		return string(APIToken)
	}
	return string(ActiveDirectory)
}

// put sets the key, of one level or two, in a mapping.
func put(mapping *yaml.Node, key string, val *yaml.Node) {
	outer, inner, nested := strings.Cut(key, ".")
	if nested {
		n := child(mapping, outer)
		put(n, inner, val)
		return
	}
	name := scalar("!!str", key)
	name.Line = val.Line
	mapping.Content = append(mapping.Content, name, val)
}

// child is the mapping at a key, made when it is not there.
func child(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	put(mapping, key, n)
	return n
}
