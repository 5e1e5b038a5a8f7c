package deploy_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	nfpm       = "packages/nfpm.yaml"
	goreleaser = "../.goreleaser.yml"
	unit       = "systemd/qem_exporter.service"
)

// The unit starts the exporter with flags that it knows, as the user that the packages
// make, with the configuration where they put it.
func TestUnit(t *testing.T) {
	text := string(readFile(t, unit))
	for _, line := range []string{
		"User=qem_exporter", "Group=qem_exporter", "Type=notify", "EnvironmentFile=-/etc/default/qem_exporter",
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the unit has no %s", line)
		}
	}
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/qem_exporter (.*) \$OPTIONS$`).FindStringSubmatch(text)
	if start == nil || start[1] != "--config.file=/etc/qem_exporter/config.yml" {
		t.Fatalf("the unit starts %q", start)
	}
	options := regexp.MustCompile(`OPTIONS="(.*)"`).FindStringSubmatch(string(readFile(t, "packages/default")))
	if options == nil {
		t.Fatal("packages/default has no example of OPTIONS")
	}
	knowsFlags(t, append(strings.Fields(start[1]), strings.Fields(options[1])...)...)
}

// What is packaged is where the unit and the manuals say.
func TestPackageContents(t *testing.T) {
	where := map[string]object{}
	for _, c := range list(t, document(t, nfpm), "contents") {
		where[c["dst"].(string)] = c
	}
	for path, want := range map[string]string{
		"/usr/bin/qem_exporter":                        "<nil> 493 <nil>",
		"/usr/lib/systemd/system/qem_exporter.service": "<nil> 420 <nil>",
		"/usr/lib/systemd/system/qem_exporter.socket":  "<nil> 420 <nil>",
		"/etc/qem_exporter":                            "dir 488 qem_exporter",
		"/etc/qem_exporter/config.yml":                 "config|noreplace 416 qem_exporter",
		"/etc/default/qem_exporter":                    "config|noreplace 420 <nil>",
	} {
		info, _ := where[path]["file_info"].(object)
		if got := fmt.Sprint(where[path]["type"], " ", info["mode"], " ", info["group"]); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// The scripts of a package are the same for deb and rpm, and do nothing where
// systemd does not run.
func TestPackageScripts(t *testing.T) {
	scripts := at(t, document(t, nfpm), "scripts").(object)
	if got := len(glob(t, "packages/*.sh")); got != len(scripts) {
		t.Errorf("there are %d scripts, %d are used", got, len(scripts))
	}
	for _, path := range scripts {
		if out, err := exec.Command("sh", "-n", filepath.Join("..", path.(string))).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
	for name, calls := range map[string]map[string]string{
		"postinstall.sh": {
			"configure": "daemon-reload", "configure 0.1.0": "daemon-reload try-restart qem_exporter.service",
			"1": "daemon-reload", "2": "daemon-reload try-restart qem_exporter.service",
		},
		"preremove.sh": {
			"remove": "disable --now qem_exporter.service qem_exporter.socket", "upgrade 0.2.0": "",
			"0": "disable --now qem_exporter.service qem_exporter.socket", "1": "",
		},
		"postremove.sh": {"remove": "daemon-reload", "1": "daemon-reload"},
	} {
		for args, want := range calls {
			if got := systemctlCalls(t, name, args); got != want {
				t.Errorf("%s %s asks systemctl for %q, want %q", name, args, got, want)
			}
		}
	}
}

// systemctlCalls is what a script asks of systemctl where systemd runs.
func systemctlCalls(t *testing.T, name, args string) string {
	t.Helper()
	dir := t.TempDir()
	text := strings.ReplaceAll(string(readFile(t, "packages/"+name)), "/run/systemd/system", dir)
	text = strings.ReplaceAll(text, "systemctl ", "echo ")
	out, err := exec.Command("sh", append([]string{"-c", text, name}, strings.Fields(args)...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, args, err, out)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// A release has what scripts/cross builds, with the same things put in as make build.
func TestGoreleaser(t *testing.T) {
	release := document(t, goreleaser)
	cross, makefile := string(readFile(t, "../scripts/cross")), string(readFile(t, "../Makefile"))
	for _, goos := range texts(t, release, "builds/0/goos") {
		for _, goarch := range texts(t, release, "builds/0/goarch") {
			if !strings.Contains(cross, " "+goos+"/"+goarch) {
				t.Errorf("scripts/cross does not build %s/%s", goos, goarch)
			}
		}
	}
	for _, flag := range texts(t, release, "builds/0/ldflags")[1:] {
		name, _, _ := strings.Cut(strings.TrimPrefix(flag, "-X github.com/prometheus/common/version."), "=")
		if !strings.Contains(makefile, "-X $(PKG)."+name+"=") {
			t.Errorf("make build does not put in %s", name)
		}
	}
	for _, pattern := range texts(t, release, "archives/0/files") {
		glob(t, filepath.Join("..", pattern))
	}
	if got := texts(t, release, "dockers_v2/0/images"); !slices.Equal(got, []string{"ghcr.io/qem-exporter/qem_exporter"}) {
		t.Errorf("the images are %q", got)
	}
}

// The image of a release is the one that the Dockerfile makes, apart from where its
// files come from.
func TestReleaseImage(t *testing.T) {
	released := readFile(t, filepath.Join("..", at(t, document(t, goreleaser), "dockers_v2/0/dockerfile").(string)))
	if got, want := lastStage(string(released)), lastStage(string(readFile(t, "../Dockerfile"))); got != want {
		t.Errorf("the image of a release is\n%s\nbut the Dockerfile makes\n%s", got, want)
	}
}

func lastStage(text string) string {
	var lines []string
	for line := range strings.Lines(text[strings.LastIndex(text, "FROM "):]) {
		if !strings.HasPrefix(line, "COPY ") && !strings.HasPrefix(line, "ARG ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
