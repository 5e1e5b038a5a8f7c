package config

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// reference is ${NAME}, whose group is the name; the text of a literal ${; or a ${ that is neither.
var reference = regexp.MustCompile(`\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{`)

// expanded reads a text in which ${NAME} stands for an environment variable, and
// $${ for ${. Any other $ is itself. What a variable holds is taken literally: it is neither
// YAML nor expanded again. No message quotes it.
func (d *decoder) expanded(v value) (string, bool) {
	text, ok := d.text(v)
	if !ok || d.getenv == nil {
		return text, ok
	}
	text = reference.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$${" {
			return "${"
		}
		name := reference.FindStringSubmatch(found)[1]
		held := d.getenv(name)
		d.used[name] = true
		problem := ""
		switch {
		case name == "":
			problem = `"${" must be followed by the name of an environment variable and "}"; ` +
				`a value that holds "${" itself has "$${"`
		case held == "":
			problem = "environment variable " + name + " is not set or empty"
		case !utf8.ValidString(held):
			problem = "environment variable " + name + " does not hold valid UTF-8"
		case strings.ContainsAny(held, "\n\r\x00"):
			problem = "environment variable " + name + " holds a line break"
		default:
			return held
		}
		d.fail(v.path, "%s", problem)
		ok = false
		return ""
	})
	return text, ok
}
