//go:build shipped

package deploy_test

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The blocks of the installation page that can run here, in their order, on a machine with
// systemd and a fresh clone of the repository.
func TestInstallation(t *testing.T) {
	share := t.TempDir()
	clone := exec.Command("bash", "-c", `cd .. && git ls-files -z --cached --others --exclude-standard |
		while IFS= read -r -d '' f; do [ ! -f "$f" ] || printf '%s\0' "$f"; done | tar --null -T - -cf - | tar -xf - -C "$1"`, "-", share)
	if out, err := clone.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	blocks := regexp.MustCompile("(?s)```sh install\n(.*?)```").FindAllSubmatch(readFile(t, "../docs/installation.md"), -1)
	if len(blocks) < 5 {
		t.Fatalf("there are only %d blocks", len(blocks))
	}
	m := newMachine(t, share)
	m.run(`printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/sudo; chmod +x /usr/local/bin/sudo`) // it is root
	// What was once downloaded for this machine is where Go looks for modules there.
	out, err := exec.Command("go", "env", "GOROOT", "GOMODCACHE", "GOCACHE").Output()
	folders := strings.Fields(string(out))
	if err != nil || len(folders) != 3 {
		t.Fatalf("%v: %q", err, folders)
	}
	environment := fmt.Sprintf(
		"export PATH=%s/bin:$PATH GOMODCACHE=%s GOCACHE=%s GOPROXY=file://%[2]s/cache/download GOSUMDB=off\ncd /srv\n",
		folders[0],
		folders[1],
		folders[2],
	)
	for _, block := range blocks {
		m.run(environment + string(block[1]))
	}
	m.says("curl -sS localhost:10045/metrics", `qem_up{manager="prod"} 0`)
}
