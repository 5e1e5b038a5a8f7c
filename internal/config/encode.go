package config

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// encoder writes values as a configuration file, secrets hidden.
type encoder struct{ strings.Builder }

// mapping writes the keys of a struct that say something, one a line and more.
func (e *encoder) mapping(v reflect.Value, indent string) {
	for _, f := range fieldsOf(v.Type()) {
		e.entry(f.name, v.FieldByIndex(f.Index), f, indent)
	}
}

// entry writes a key and its value, unless there is none.
func (e *encoder) entry(name string, v reflect.Value, f field, indent string) {
	switch t := v.Type(); {
	case isSwitch(t) && !v.FieldByName("Enabled").Bool():
		e.line(indent, name, "false")
	case isMapping(t):
		inner := encoder{}
		inner.mapping(v, indent+"  ")
		e.block(indent, name, inner.String())
	case t.Kind() == reflect.Map:
		inner := encoder{}
		for _, key := range sortedKeys(v.Interface().(map[string]Header)) {
			inner.entry(key, v.MapIndex(reflect.ValueOf(key)), f, indent+"  ")
		}
		e.block(indent, name, inner.String())
	case t.Kind() == reflect.Slice && isMapping(t.Elem()) && v.Len() > 0:
		e.block(indent, name, e.entries(v, indent+"    "))
	case t.Kind() == reflect.Slice:
		if v.Len() > 0 || f.tag("default") != "" {
			e.line(indent, name, flow(v))
		}
	default:
		if text := scalarText(v); text != "" {
			e.line(indent, name, text)
		}
	}
}

func (e *encoder) line(indent, name, text string) {
	fmt.Fprintf(e, "%s%s: %s\n", indent, quoted(name), text)
}

func (e *encoder) block(indent, name, inner string) {
	if inner != "" {
		fmt.Fprintf(e, "%s%s:\n%s", indent, quoted(name), inner)
	}
}

// entries are the mappings of a list, each with a dash before its first key.
func (e *encoder) entries(list reflect.Value, indent string) string {
	var all strings.Builder
	for i := range list.Len() {
		one := encoder{}
		one.mapping(list.Index(i), indent)
		all.WriteString(strings.Replace(one.String(), indent, indent[2:]+"- ", 1))
	}
	return all.String()
}

// flow is a list on one line.
func flow(list reflect.Value) string {
	var entries []string
	for i := range list.Len() {
		entries = append(entries, scalarText(list.Index(i)))
	}
	return "[" + strings.Join(entries, ", ") + "]"
}

// scalarText is a value as it is written; "" is none.
func scalarText(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		if x == 0 {
			return ""
		}
		return formatDuration(x)
	case Size:
		if x == 0 {
			return ""
		}
		return formatSize(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case *regexp.Regexp:
		if x == nil {
			return ""
		}
		return quoted(withoutAnchors(x))
	case promconfig.URL:
		return quoted(redactedURL(x.URL))
	case *bool:
		if x == nil {
			return ""
		}
		return strconv.FormatBool(*x)
	case bool, int:
		return fmt.Sprint(x)
	default:
		return quoted(fmt.Sprint(x)) // a Secret says <secret>
	}
}

// plain is a text that is itself without quotes, wherever it stands; misread is one
// that YAML takes for something else.
var (
	plain   = regexp.MustCompile(`^[A-Za-z/<.][A-Za-z0-9_/.*<>@\\|:+-]*$`)
	misread = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n|<<|\.(inf|nan)|\.[0-9].*|.*:)$`)
)

// quoted is a text as YAML, in quotes where it must be. A text in JSON is one in YAML.
func quoted(s string) string {
	if s == "" || plain.MatchString(s) && !misread.MatchString(s) {
		return s
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // texts always go
	return strings.TrimSuffix(b.String(), "\n")
}

// redactedURL is the URL with <secret> for its password.
func redactedURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	if _, ok := u.User.Password(); !ok {
		return u.String()
	}
	const mark = "xxxxx" // < and > would be escaped
	without := *u
	without.User = url.UserPassword(u.User.Username(), mark)
	return strings.Replace(without.String(), ":"+mark+"@", ":"+hidden+"@", 1)
}
