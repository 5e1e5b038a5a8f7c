//go:build shipped

package deploy_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

var record = flag.String("transcript", "", "the page that is to have what was typed and what was answered")

// A transcript is a page with all that was typed, and with what was answered, shortened.
type transcript struct {
	t       *testing.T
	page    strings.Builder
	heading string // of what comes next, if something does
}

const preface = `# Installations, typed and answered

Written by ` + "`sudo make transcript`" + `, not by hand: each kind of installation that can run without Docker, a
cluster and Windows, begun with a fresh clone. Long answers are cut, and folders that were made for it have short names.
Everything from "Debian" on ran on a copy of the machine with systemd and without a network; $SCHEMAS is a folder of
JSON schemas made of Kubernetes' own OpenAPI documents, and $ADDRESS a free one. [Deployment](../deploy/README.md) tells
what cannot run here, and what is done instead.

`

func (tr *transcript) section(title string) { tr.heading = "## " + title + "\n\n" }

// say puts a paragraph into the page.
func (tr *transcript) say(format string, args ...any) { fmt.Fprintf(&tr.page, format+"\n\n", args...) }

// step has a shell that tells what it reads (bash -v) do what is typed, which must succeed and be answered with
// the texts.
func (tr *transcript) step(run func(typed string) (string, error), typed string, wants ...string) {
	tr.t.Helper()
	out, err := run(typed)
	tr.t.Logf("%s\n%s", typed, out)
	if err != nil {
		tr.t.Fatal(err)
	}
	for _, want := range wants {
		if !strings.Contains(out, want) {
			tr.t.Errorf("it does not say %q", want)
		}
	}
	fmt.Fprintf(&tr.page, "%s```console\n%s```\n\n", tr.heading, shown(typed, out))
	tr.heading = ""
}

var opens = regexp.MustCompile(`<<'(\w+)'$`)

// shown is an output with a prompt before what was typed, each answer shortened.
func shown(typed, out string) string {
	lines := strings.Split(strings.TrimSpace(typed), "\n")
	var b strings.Builder
	var answer []string
	more := "" // ends the document that is being typed
	end := func() {
		const first, last = 6, 6
		if n := len(answer) - first - last; n > 1 {
			answer = append(append(answer[:first:first], fmt.Sprintf("[%d lines more]", n)), answer[len(answer)-last:]...)
		}
		for _, line := range answer {
			if runes := []rune(line); len(runes) > 130 {
				line = string(runes[:129]) + "…"
			}
			b.WriteString(line + "\n")
		}
		answer = nil
	}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line[strings.LastIndex(strings.TrimRight(line, "\r\n"), "\r")+1:], " \r\n")
		if len(lines) > 0 && line == lines[0] {
			end()
			prompt := "$ "
			if more != "" {
				prompt = "> "
			}
			b.WriteString(prompt + line + "\n")
			if begins := opens.FindStringSubmatch(line); begins != nil {
				more = begins[1]
			} else if line == more {
				more = ""
			}
			lines = lines[1:]
		} else if line != "" {
			answer = append(answer, line)
		}
	}
	end()
	return b.String()
}

// write writes the page.
func (tr *transcript) write(path string) {
	text := preface + regexp.MustCompile(`/tmp/[\w.]+/[\w./]*?(\d{3}/)`).ReplaceAllString(tr.page.String(), "/tmp/")
	if err := os.WriteFile(path, []byte(strings.TrimRight(text, "\n")+"\n"), 0o644); err != nil {
		tr.t.Fatal(err)
	}
}

// inTheMachine has what the page on installation only shows, as far as the machine can do it.
func (tr *transcript) inTheMachine(there func(string) (string, error)) {
	tr.section("The rpm, on Debian")
	tr.step(there, `apt-get purge -y qem-exporter >/dev/null
rpm --force-debian --nodeps -i dist/qem-exporter-*.x86_64.rpm
rpm -q qem-exporter
/usr/bin/qem_exporter --version
`)
	tr.section("A container, without Docker: the steps of the Dockerfile by hand")
	tr.step(there, imageSteps(tr.t), "version 1.2.3", "revision: abcdef", "200 OK")
}

const fromSource = `git clone --quiet https://github.com/qem-exporter/qem_exporter && cd qem_exporter
make build
./qem_exporter simulate --listen-address=$ADDRESS >/dev/null & simulator=$!
export QEM_URL=http://$ADDRESS/attunityenterprisemanager
export QEM_USERNAME='EXAMPLE\monitor' QEM_PASSWORD=simulated-password
curl -s -o /dev/null --retry 30 --retry-connrefused $ADDRESS
./qem_exporter scrape >metrics.txt
grep -E '^qem_(up|server_up)' metrics.txt
kill $simulator
`

// here has what needs a network, or more than the machine has: in folders that are gone afterwards.
func (tr *transcript) here() {
	repository, err := filepath.Abs("..")
	if err != nil {
		tr.t.Fatal(err)
	}
	dir, folder, used := tr.t.TempDir(), "", time.Duration(0)
	run := func(env ...string) func(string) (string, error) {
		return func(typed string) (string, error) {
			file := filepath.Join(tr.t.TempDir(), "typed")
			writeFile(tr.t, file, typed)
			cmd := exec.CommandContext(tr.t.Context(), "bash", "-euo", "pipefail", "-v", file)
			cmd.Dir = filepath.Join(dir, folder)
			cmd.Env = append(append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=0"), env...)
			out, err := cmd.CombinedOutput()
			used = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() // and that of all that it waited for
			return string(out), err
		}
	}
	clone := []string{
		"ADDRESS=" + process.FreeAddress(tr.t), "GOFLAGS=-modcacherw", "GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=url." + repository + ".insteadOf",
		"GIT_CONFIG_VALUE_0=https://github.com/qem-exporter/qem_exporter",
	}
	tr.section("From source, to the first metrics")
	caches := []string{"GOCACHE=" + tr.t.TempDir(), "GOMODCACHE=" + tr.t.TempDir()}
	var took, processor [2]time.Duration
	for i := range took {
		begun := time.Now()
		folder = [2]string{"cold", "warm"}[i]
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			tr.t.Fatal(err)
		}
		typed := run(append(clone, caches...)...)
		if i == 0 {
			tr.step(typed, fromSource, `qem_up{manager="`)
		} else if out, err := typed(fromSource); err != nil {
			tr.t.Fatalf("%v\n%s", err, out)
		}
		took[i], processor[i] = time.Since(begun), used
	}
	load, cpus := readFile(tr.t, "/proc/loadavg"), strings.Count(string(readFile(tr.t, "/proc/cpuinfo")), "processor\t")
	tr.say("That took **%.0f s** (%.0f s of a processor) with empty caches of Go (GOCACHE and GOMODCACHE), so that "+
		"everything was fetched and compiled, and **%.1f s** (%.1f s) the second time, with what those had then; on %d "+
		"processors, with other work on them (a load of %s). The clone came from this machine.",
		took[0].Seconds(), processor[0].Seconds(), took[1].Seconds(), processor[1].Seconds(), cpus,
		strings.Fields(string(load))[0])

	folder = "cold/qem_exporter"
	tr.section("The archives of a release")
	tr.step(run(), `make archives
cd dist/release && sha256sum --check --ignore-missing sha256sums.txt
tar -xzf *.linux-amd64.tar.gz && cd *.linux-amd64
ls
./qem_exporter --version
./qemctl --version
`, "release succeeded")
	tr.section("Kubernetes, without a cluster")
	schemas, err := schemas()
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.step(run("SCHEMAS="+schemas+"/{{.ResourceKind}}.json"), `scripts/tool helm lint --strict --kube-version 1.34 deploy/helm/qem-exporter
scripts/tool helm template qem-exporter deploy/helm/qem-exporter --kube-version 1.34 >chart.yaml
grep ^kind: chart.yaml
scripts/tool kustomize build deploy/kubernetes >kustomized.yaml
grep ^kind: kustomized.yaml | sort | uniq -c
scripts/tool kubeconform -strict -summary -schema-location "$SCHEMAS" chart.yaml kustomized.yaml
`, "Invalid: 0")
	tr.section("Windows: the program, under wine")
	tr.step(run(newWine(tr.t)("").Env...), `GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go build -o qem_exporter.exe .
wine qem_exporter.exe --version
echo 'enterprise_managers: [{url: "http://127.0.0.1:9", auth: {username: a, domain: b, password: secret-word}}]' >c.yml
wine qem_exporter.exe check-config "Z:$PWD/c.yml"
`, "windows/amd64")
}
