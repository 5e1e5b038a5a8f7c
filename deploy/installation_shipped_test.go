//go:build shipped

package deploy_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// installed is what the installation page says of a kind of installation, and tells to do.
var installed = regexp.MustCompile("(?m)^## (.+)$|(?s:```sh install\n(.*?)```)")

// The blocks of the installation page that can run here, in their order, on a machine with
// systemd and a fresh clone of the repository.
func TestInstallation(t *testing.T) {
	share := t.TempDir()
	script(t, nil, "sources", share)
	m := newMachine(t, share)
	m.run(`printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/sudo; chmod +x /usr/local/bin/sudo`) // it is root
	// What was once downloaded for this machine is where Go looks for modules there.
	out, err := exec.Command("go", "env", "GOROOT", "GOMODCACHE", "GOCACHE").Output()
	folders := strings.Fields(string(out))
	if err != nil || len(folders) != 3 {
		t.Fatalf("%v: %q", err, folders)
	}
	environment := fmt.Sprintf("export PATH=%s/bin:$PATH GOMODCACHE=%s GOCACHE=%s GOPROXY=file://%[2]s/cache/download "+
		"GOSUMDB=off\ncd /srv\n", folders[0], folders[1], folders[2])
	told := &transcript{t: t}
	if *record != "" {
		told.here()
	}
	there := func(typed string) (string, error) {
		writeFile(t, filepath.Join(share, ".typed"), typed)
		return m.try(environment + "bash -euo pipefail -v .typed")
	}
	blocks := 0
	for _, found := range installed.FindAllStringSubmatch(string(readFile(t, "../docs/installation.md")), -1) {
		if found[1] != "" {
			told.section(found[1])
			continue
		}
		blocks++
		told.step(there, found[2])
		if blocks == 2 { // the package is configured and started
			told.step(there, "curl -sS localhost:10045/metrics | grep ^qem_up\n"+
				"journalctl --no-pager --unit=qem_exporter --output=cat --priority=warning\n", `qem_up{manager="prod"} 0`)
		}
	}
	if blocks < 6 {
		t.Fatalf("there are only %d blocks", blocks)
	}
	told.inTheMachine(there)
	if *record != "" {
		told.write(*record)
	}
}
