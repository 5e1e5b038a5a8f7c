//go:build shipped

package deploy_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// imageSteps does by hand what the Dockerfile says, since there is no Docker daemon here: its make build, its
// copies into a root with nothing else in it, its user, its command, its health check.
func imageSteps(t *testing.T) string {
	file := string(readFile(t, "../Dockerfile"))
	one := func(pattern string) string {
		t.Helper()
		found := regexp.MustCompile(`(?m)^` + pattern + `$`).FindStringSubmatch(file)
		if found == nil {
			t.Fatalf("the Dockerfile has no %s", pattern)
		}
		return found[1]
	}
	inside := func(pattern string) string {
		var words []string
		if err := json.Unmarshal([]byte(one(pattern)), &words); err != nil {
			t.Fatal(err)
		}
		return "chroot --userspec=" + one(`USER (.*)`) + " root " + strings.Join(words, " ")
	}
	start, check := inside(`ENTRYPOINT (.*)`), inside(`HEALTHCHECK .* CMD (.*)`)
	steps := "export VERSION=1.2.3 REVISION=abcdef MAKEFLAGS=\n" + one(`RUN (make build .*)`) + "\n"
	copies := regexp.MustCompile(`(?m)^COPY (?:--from=build /src/)?(\w+) (/\S+)$`)
	for _, copied := range copies.FindAllStringSubmatch(file, -1) {
		steps += fmt.Sprintf("install -D -m 0755 %s root%s\n", copied[1], copied[2])
	}
	return steps + start + ` --version
systemctl stop qem_exporter
if ` + check + `; then exit 1; fi
` + start + ` demo 2>/dev/null & daemon=$!
for i in $(seq 60); do if ` + check + `; then break; fi; sleep 0.5; done
kill $daemon; wait $daemon
`
}

// The workflows of the repository's host are what they should be, as far as that can be told
// from here.
func TestWorkflows(t *testing.T) {
	args := append([]string{"actionlint"}, glob(t, "../.github/workflows/*.yml")...)
	script(t, nil, "tool", args...)
}
