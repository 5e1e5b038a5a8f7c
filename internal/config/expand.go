package config

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

var variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expanded reads a text in which ${NAME} stands for an environment variable. A $
// without { is itself. What a variable holds is taken literally: it is neither
// YAML nor expanded again. No message quotes it.
func (d *decoder) expanded(v value) (string, bool) {
	text, ok := d.text(v)
	if !ok {
		return "", false
	}
	if d.getenv == nil {
		return text, true
	}
	var b strings.Builder
	for {
		before, _, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), ok
		}
		text = text[len(before):]
		match := variable.FindStringSubmatch(text)
		if match == nil {
			d.fail(v.path, `"${" must be followed by the name of an environment variable and "}"; `+
				`a value that holds "${" itself goes into a file or a variable`)
			return "", false
		}
		text = text[len(match[0]):]
		ok = d.expand(&b, v, match[1]) && ok
	}
}

func (d *decoder) expand(b *strings.Builder, v value, name string) bool {
	s := d.getenv(name)
	switch {
	case s == "":
		d.fail(v.path, "environment variable %s is not set or empty", name)
	case !utf8.ValidString(s):
		d.fail(v.path, "environment variable %s does not hold valid UTF-8", name)
	case strings.ContainsFunc(s, isLineBreak):
		d.fail(v.path, "environment variable %s holds a line break", name)
	default:
		b.WriteString(s)
		return true
	}
	return false
}

func isLineBreak(r rune) bool { return r == '\n' || r == '\r' || r == 0 }

// expandedText is a text that may come from the environment.
func expandedText(p *string) codec {
	return codec{
		kind: "string",
		decode: func(d *decoder, v value) {
			if s, ok := d.expanded(v); ok {
				*p = s
			}
		},
		encode: func() *yaml.Node { return shown(*p) },
	}
}

// secret is a credential; it may come from the environment.
func secret(p *Secret) codec {
	return codec{
		kind: "secret",
		decode: func(d *decoder, v value) {
			if s, ok := d.expanded(v); ok {
				*p = newSecret(s)
			}
		},
		encode: func() *yaml.Node { return shown(p.String()) },
	}
}
