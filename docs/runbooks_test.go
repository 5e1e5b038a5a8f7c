package docs_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

var qemctlCommand = regexp.MustCompile("`(qemctl [^`]*)`")

// What the runbooks do with qemctl can be done: each command is run on a simulated Enterprise Manager, with
// --dry-run where it changes something.
func TestRunbookCommands(t *testing.T) {
	s := newSandbox(t)
	s.write("license", "a licence")
	ctl := func(command string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "bash", "-euc", command)
		cmd.Dir = s.dir
		cmd.Env = append(s.environment(), "QEM_URL="+s.em.URL, "QEM_USERNAME=admin", "QEM_DOMAIN="+aemtest.DefaultDomain,
			"QEM_PASSWORD_FILE=password", "QEM_CA_FILE=ca.pem")
		return cmd.CombinedOutput()
	}
	first := func(command, pattern string) string {
		out, err := ctl(command)
		found := regexp.MustCompile(pattern).FindSubmatch(out)
		if err != nil || found == nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return string(found[1])
	}
	const server = "repl-prod-01"
	task := first("qemctl tasks list "+server+" -o json", `"task": {\s*"name": "(.*)"`)
	endpoint := first("qemctl endpoints list "+server+" -o json", `"name": "(.*)"`)
	fill := strings.NewReplacer("<server>", server, "<task>", task, "<endpoint_name>", endpoint, "<source>", endpoint,
		"<target>", endpoint, "<file>", "license")
	runbooks := map[string][]string{} // by the command
	for _, page := range globbed(t, "runbooks/*.md") {
		for _, found := range qemctlCommand.FindAllStringSubmatch(read(t, page), -1) {
			runbooks[found[1]] = append(runbooks[found[1]], filepath.Base(page))
		}
	}
	for command, pages := range runbooks {
		out, err := ctl(strings.Replace(fill.Replace(command), "qemctl ", "qemctl --dry-run ", 1))
		if err != nil || strings.Contains(string(out), "<") {
			t.Errorf("%s of %v: %v\n%s", command, pages, err, out)
		}
	}
	if len(runbooks) < 10 {
		t.Errorf("only %d commands were found", len(runbooks))
	}
}
