//go:build shipped

package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// There is no Docker daemon here. So what the Dockerfile says is done by hand: its make build, its
// copies into a root with nothing else in it, its user, its command, its health check.
func TestImage(t *testing.T) {
	file := string(readFile(t, "../Dockerfile"))
	one := func(pattern string) string {
		t.Helper()
		found := regexp.MustCompile(`(?m)^` + pattern + `$`).FindStringSubmatch(file)
		if found == nil {
			t.Fatalf("the Dockerfile has no %s", pattern)
		}
		return found[1]
	}
	command := func(pattern string) string {
		var words []string
		if err := json.Unmarshal([]byte(one(pattern)), &words); err != nil {
			t.Fatal(err)
		}
		return strings.Join(words, " ")
	}
	root := t.TempDir()
	for _, dir := range []string{root, filepath.Dir(root)} { // as the layers of an image are
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	source := filepath.Join(t.TempDir(), "src")
	if err := os.CopyFS(source, os.DirFS("..")); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "sh", "-euc", one(`RUN (make build .*)`))
	build.Dir = source
	build.Env = append(os.Environ(), "VERSION=1.2.3", "REVISION=abcdef", "MAKEFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	copies := regexp.MustCompile(`(?m)^COPY --from=build /src/(\S+) (\S+)$`)
	for _, copied := range copies.FindAllStringSubmatch(file, -1) {
		from, to := filepath.Join(source, copied[1]), filepath.Join(root, copied[2])
		if out, err := exec.Command("install", "-D", "-m", "0755", from, to).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	run := "chroot --userspec=" + one(`USER (.*)`) + " " + root + " "
	start, check := run+command(`ENTRYPOINT (.*)`), run+command(`HEALTHCHECK .* CMD (.*)`)
	script := strings.NewReplacer("START", start, "CHECK", check).Replace(`
		START --version
		if CHECK; then echo "healthy before it runs"; exit 1; fi
		START demo & daemon=$!
		trap 'kill $daemon' EXIT
		for i in $(seq 60); do if CHECK; then break; fi; sleep 0.5; done
		CHECK
		trap - EXIT; kill $daemon; wait $daemon; echo ended well`)
	inside := exec.CommandContext(t.Context(), "unshare", "--net", "bash", "-euc", "ip link set lo up\n"+script)
	out, err := inside.CombinedOutput()
	for _, want := range []string{"version 1.2.3", "revision: abcdef", "200 OK", "ended well"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("no %s, %v\n%s", want, err, out)
		}
	}
}

// The workflows of the repository's host are what they should be, as far as that can be told
// from here.
func TestWorkflows(t *testing.T) {
	args := append([]string{"actionlint"}, glob(t, "../.github/workflows/*.yml")...)
	script(t, nil, "tool", args...)
}
