package config

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var reference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expanded reads a text in which ${NAME} stands for an environment variable, and
// $${ for ${. Any other $ is itself. What a variable holds is taken literally: it is neither
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
		if !found {
			b.WriteString(text)
			return b.String(), ok
		}
		text = text[len(before):]
		if literal, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(literal + "${")
			text = text[len("${"):]
			continue
		}
		b.WriteString(before)
		match := reference.FindStringSubmatch(text)
		if match == nil {
			d.fail(v.path, `"${" must be followed by the name of an environment variable and "}"; `+
				`a value that holds "${" itself has "$${"`)
			return "", false
		}
		text = text[len(match[0]):]
		ok = d.expand(&b, v, match[1]) && ok
	}
}

func (d *decoder) expand(b *strings.Builder, v value, name string) bool {
	s := d.getenv(name)
	d.used[name] = true
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
