package config

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// slipped is a file in which slips are made, one at a time.
const slipped = `# a comment
defaults:
  poll_interval: 60s

enterprise_managers:
  - name: prod
    url: https://qem.example.com
    auth:
      type: active_directory
      username: svc
      password: canary-hunter2
    servers:
      include: ["a.*", "b"]
      exclude:
        - lab
        - test
    objectives:
      - task: a
        latency: 5m
      - latency: 15m
  - name: test
    url: https://b.example.com
    auth: {username: svc, password: canary-hunter2}
`

// TestSlipsNameTheirLine makes each slip in each line: the error names that line, and
// nothing of a credential. A few slips make another file that is valid.
func TestSlipsNameTheirLine(t *testing.T) {
	indent, dash := regexp.MustCompile(`^ +`), regexp.MustCompile(`^( *)- `)
	blank, colon := regexp.MustCompile(`: `), regexp.MustCompile(`:( |$)`)
	quote := regexp.MustCompile(`: (\w)`)
	replace := func(re *regexp.Regexp, with string) func(string) string {
		return func(line string) string { return re.ReplaceAllString(line, with) }
	}
	slips := map[string]func(string) string{
		"a tab":                    replace(indent, "\t"),
		"a blank too few":          func(line string) string { return strings.TrimPrefix(line, " ") },
		"a blank too many":         func(line string) string { return " " + line },
		"no dash":                  replace(dash, "$1"),
		"no blank after the dash":  replace(dash, "$1-"),
		"no blank after the colon": replace(blank, ":"),
		"a no-break space":         replace(blank, ":\u00a0"),
		"no colon":                 replace(colon, "$1"),
		"a quote left open":        replace(quote, `: "$1`),
		"indented with no-break spaces": func(line string) string {
			return strings.Repeat("\u00a0", indentOf(line)) + strings.TrimLeft(line, " ")
		},
		"a key of the file":   func(line string) string { return "http2: true\n" + line },
		"a key between lists": func(line string) string { return "  http2: true\n" + line },
	}
	accepted := 0
	lines := strings.Split(strings.TrimSuffix(slipped, "\n"), "\n")
	for name, slip := range slips {
		for i, line := range lines {
			changed := slip(line)
			if line == "" || line[0] == '#' || changed == line || i < 2 && strings.Contains(changed, "\n") {
				continue
			}
			text := strings.Join(lines[:i], "\n") + "\n" + changed + "\n" + strings.Join(lines[i+1:], "\n") + "\n"
			_, err := Parse("qem.yml", []byte(text), nil)
			switch {
			case err == nil:
				accepted++
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("%s in line %d: a credential stands in %v", name, i+1, err)
			case !strings.HasPrefix(err.Error(), fmt.Sprintf("qem.yml:%d:", i+1)):
				t.Errorf("%s in line %d:\n%s\nis told as\n%v", name, i+1, changed, err)
			}
		}
	}
	if accepted > 4 {
		t.Errorf("%d slips are accepted", accepted)
	}
}
