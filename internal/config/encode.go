package config

import (
	"reflect"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

func written(n *yaml.Node) string {
	var b strings.Builder
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	// What encoded makes can always be written.
	_ = e.Encode(n)
	return b.String()
}

// encoded is a value of the configuration as YAML, secrets hidden; nil says nothing.
func encoded(v reflect.Value, f field) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	add := func(name string, v reflect.Value, f field) {
		if inner := encoded(v, f); inner != nil {
			n.Content = append(n.Content, text(name), inner)
		}
	}
	switch t := v.Type(); {
	case isSwitch(t) && v.IsZero():
		return plain("false")
	case isMapping(t):
		for _, f := range fieldsOf(t) {
			add(f.name, v.FieldByIndex(f.Index), f)
		}
	case t.Kind() == reflect.Map:
		for _, key := range sortedKeys(v.Interface().(map[string]Header)) {
			add(key, v.MapIndex(reflect.ValueOf(key)), f)
		}
	case t.Kind() == reflect.Slice:
		n.Kind = yaml.SequenceNode
		if v.Len() == 0 || !isMapping(t.Elem()) {
			n.Style = yaml.FlowStyle
		}
		for i := range v.Len() {
			n.Content = append(n.Content, encoded(v.Index(i), f))
		}
		if v.Len() == 0 && f.tag("default") != "" {
			return n
		}
	default:
		zeroCounts := v.Kind() == reflect.Bool || v.Kind() == reflect.Int || v.Kind() == reflect.Float64
		if v.IsZero() && !zeroCounts {
			return nil
		}
		t := scalarType(t)
		return scalars[t].write(v.Convert(t).Interface())
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func text(s string) *yaml.Node {
	var n yaml.Node
	_ = n.Encode(s) // a text can always be
	return &n
}

func plain(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// redactedURL is the URL with <secret> for its password.
func redactedURL(u promconfig.URL) string {
	return strings.Replace(u.Redacted(), ":xxxxx@", ":"+hidden+"@", 1)
}
