//go:build shipped

package deploy_test

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packaged builds the packages of a version and returns where they are.
func packaged(t *testing.T, dir, version string, archs ...string) {
	t.Helper()
	ldflags := "-s -w -X github.com/prometheus/common/version.Version=" + version
	script(t, []string{"DIST=" + dir, "VERSION=" + version, "LDFLAGS=" + ldflags}, "packages", archs...)
}

// All four packages are made, of binaries for their processor, and again with the same bytes.
func TestPackages(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	packaged(t, first, version(t))
	packaged(t, second, version(t))
	made := glob(t, filepath.Join(first, "*"))
	if len(made) != 4 {
		t.Fatalf("these were made: %q", made)
	}
	for _, path := range made {
		if !bytes.Equal(readFile(t, path), readFile(t, filepath.Join(second, filepath.Base(path)))) {
			t.Errorf("%s is not made again to the byte", filepath.Base(path))
		}
	}
	for arch, want := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		into := t.TempDir()
		deb := glob(t, filepath.Join(first, "*_"+arch+".deb"))[0]
		if out, err := exec.Command("dpkg-deb", "-x", deb, into).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		program, err := elf.Open(filepath.Join(into, "usr/bin/qem_exporter"))
		if err != nil {
			t.Fatal(err)
		}
		if program.Machine != want {
			t.Errorf("%s has a program for %v", deb, program.Machine)
		}
		_ = program.Close()
	}
}

// The same source gives the same programs, vulnerabilities that are known are looked for where that can be done, and
// a program's bill of materials names what it is made of.
func TestReleaseChecks(t *testing.T) {
	script(t, nil, "reproducible")
	script(t, nil, "vulncheck")
	file := filepath.Join(t.TempDir(), "bom.json")
	script(t, nil, "sbom", binary, file)
	if text := string(readFile(t, file)); !strings.Contains(text, "github.com/prometheus/client_golang") ||
		!strings.Contains(text, "Apache-2.0") {
		t.Errorf("the bill of materials is %.300s", text)
	}
}

// The packages of this processor are installed, used, upgraded, removed and purged, on a
// machine with systemd: the unit runs with all its protection.
func TestInstalledPackages(t *testing.T) {
	share := t.TempDir()
	packaged(t, share, "0.0.1", "amd64")
	packaged(t, share, "0.0.2", "amd64")
	writeFile(t, filepath.Join(share, "config.yml"), `
enterprise_managers:
  - {name: prod, url: 'http://127.0.0.1:9', auth: {username: someone, domain: ACME, password: secret-word}}
`)
	writeFile(t, filepath.Join(share, "postinstall.sh"), string(readFile(t, "packages/postinstall.sh")))
	for kind, do := range map[string]struct{ install, upgrade, remove, gone, forget string }{
		"deb": {
			install: "apt-get install -y /srv/qem-exporter_0.0.1_amd64.deb",
			upgrade: "apt-get install -y /srv/qem-exporter_0.0.2_amd64.deb",
			remove:  "apt-get remove -y qem-exporter",
			gone:    "test -e /etc/qem_exporter/config.yml", // kept until it is purged
			forget:  "apt-get purge -y qem-exporter; test ! -e /etc/qem_exporter -a ! -e /etc/default/qem_exporter",
		},
		"rpm": {
			install: "rpm --force-debian --nodeps -i /srv/qem-exporter-0.0.1-1.x86_64.rpm",
			upgrade: "rpm --force-debian --nodeps -U /srv/qem-exporter-0.0.2-1.x86_64.rpm",
			remove:  "rpm --force-debian --nodeps -e qem-exporter",
			gone:    "test -e /etc/qem_exporter/config.yml.rpmsave",
			forget:  "rm -r /etc/qem_exporter",
		},
	} {
		t.Run(kind, func(t *testing.T) {
			m := newMachine(t, share)
			m.run(do.install)
			m.says("systemctl is-enabled qem_exporter || true", "disabled")
			m.says("stat -c '%U:%G %a' /etc/qem_exporter/config.yml /etc/qem_exporter /etc/default/qem_exporter",
				"root:qem_exporter 640\nroot:qem_exporter 750\nroot:root 644")
			m.run("test -e /usr/lib/systemd/system/qem_exporter.socket; systemd-analyze verify qem_exporter.service")
			m.run("qem_exporter check-config /etc/qem_exporter/config.yml || true")
			m.run("cp /srv/config.yml /etc/qem_exporter/config.yml")
			m.run("sed -i s/^#OPTIONS/OPTIONS/ /etc/default/qem_exporter") // the example there is of flags that it knows
			m.run("systemctl enable --now qem_exporter")
			m.says(
				"systemctl show --property=User --property=ActiveState qem_exporter",
				"User=qem_exporter",
				"ActiveState=active",
			)
			m.says(
				"curl -sS --retry 10 --retry-connrefused localhost:10045/metrics",
				`qem_up{manager="prod"} 0`,
				`version="0.0.1"`,
			)
			m.run("systemctl reload qem_exporter")
			// The journal knows how grave a line is.
			m.run(`journal() { journalctl --no-pager --unit=qem_exporter --output=cat "$@"; }
				for i in $(seq 60); do if journal --priority=info --grep='configuration reloaded'; then break; fi; sleep 0.5; done
				journal --priority=info..info --grep='qem_exporter started'
				journal --priority=err..warning --grep='connection refused'
				! journal --priority=warning --grep='qem_exporter started|configuration reloaded'`)
			m.run(do.upgrade)
			m.says(
				"curl -sS --retry 10 --retry-connrefused localhost:10045/metrics",
				`qem_up{manager="prod"} 0`,
				`version="0.0.2"`,
			)
			m.says("journalctl --unit=qem_exporter --grep='configuration reloaded' --output=cat | wc -l", "1\n") // one signal
			m.says("man --warnings qem_exporter 2>&1 | col -b", "QEM_PASSWORD_FILE", "FILES", "EXIT STATUS")
			m.says("man --warnings qemctl 2>&1 | col -b", "tasks resume --from", "QEM_TOKEN", "EXIT STATUS")
			m.says("qemctl --version", "0.0.2")
			m.says("head -1 /usr/share/bash-completion/completions/qemctl /usr/share/fish/vendor_completions.d/qemctl.fish",
				"of qem_exporter and qemctl for bash", "of qem_exporter and qemctl for fish")
			// A configuration that it does not start with stops no upgrade.
			m.run("echo 'enterprise_managers: []' >/etc/qem_exporter/config.yml")
			m.says("sh /dev/stdin configure 0.0.1 2>&1 </srv/postinstall.sh", "qem_exporter does not start")
			m.run(do.remove)
			m.says("systemctl is-active qem_exporter || true", "inactive")
			m.run(do.gone)
			m.run("test ! -e /usr/bin/qem_exporter; getent passwd qem_exporter")
			m.run(do.forget)
		})
	}
}

// The completions offer what each program has, in each shell.
func TestCompletions(t *testing.T) {
	dir := t.TempDir()
	qemctl := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "../cmd/qemctl")
	if out, err := qemctl.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	folder, err := filepath.Abs("completion")
	if err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + filepath.Dir(binary) + ":" + dir + ":" + os.Getenv("PATH")
	begin := map[string]string{
		"bash": `source qem_exporter.bash; next() {
				COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _qem_exporter "$1" "${@: -1}" "${@: -2:1}"; echo ${COMPREPLY[@]}
			}`,
		"zsh": `function compadd { print -- $matches }; function _files { : }
			function next { words=("$@") CURRENT=$#; source ./_qem_exporter }`,
		"fish": `source qem_exporter.fish; function next; complete -C "$argv"; end`,
	}
	for typed, want := range map[string]string{
		"qem_exporter --web.l": "--web.listen-address", "qem_exporter chec": "check-config",
		"qem_exporter --log.level de": "debug",
		"qemctl tas":                  "tasks", "qemctl tasks run --star": "--start-within", "qemctl --output js": "json",
	} {
		for shell, code := range begin {
			cmd := exec.CommandContext(t.Context(), shell, "-c", code+"\nnext "+typed)
			cmd.Dir, cmd.Env = folder, []string{path, "HOME=" + dir}
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s does not offer %s: %v\n%s", shell, want, err, out)
			}
		}
	}
}
