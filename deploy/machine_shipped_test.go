//go:build shipped

package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// machine is a copy of this one on which systemd runs and what a test does leaves no
// trace: an overlay over its root, in namespaces of its own, without a network.
type machine struct {
	t   *testing.T
	pid string // of its systemd, as this machine counts
}

// boot becomes the machine's systemd. $DIR has its layers, $SHARE is what it sees at /srv.
const boot = `
mount --make-rprivate /
mkdir -p "$DIR/upper" "$DIR/work" "$DIR/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$DIR/upper,workdir=$DIR/work" "$DIR/root"
cd "$DIR/root"
mount --bind "$SHARE" srv
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p .old
pivot_root . .old
ip link set lo up
exec chroot . sh -c 'umount -l /.old && exec env -i container=test PATH="$PATH" \
  /lib/systemd/systemd --unit=basic.target --log-target=null --show-status=0'
`

// newMachine boots one that sees a directory at /srv.
func newMachine(t *testing.T, share string) machine {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("only root can make a machine: sudo make shipped")
	}
	if err := os.MkdirAll(share, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup", "--kill-child",
		"bash", "-euo", "pipefail", "-c", boot)
	cmd.Env = append(os.Environ(), "DIR="+t.TempDir(), "SHARE="+share)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal for it
	process.Start(t, cmd)
	m := machine{t: t}
	process.Eventually(t, "it boots", time.Minute, func() bool {
		unshared := strconv.Itoa(cmd.Process.Pid)
		children, err := os.ReadFile("/proc/" + unshared + "/task/" + unshared + "/children")
		if m.pid = strings.TrimSpace(string(children)); err != nil || m.pid == "" {
			return false
		}
		_, err = m.try("systemctl is-active --quiet basic.target")
		return err == nil
	})
	return m
}

// try runs a script on the machine.
func (m machine) try(script string) (string, error) {
	cmd := exec.CommandContext(m.t.Context(), "nsenter", "--target", m.pid, "--all", "--root", "--wd",
		"bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = "/"
	cmd.Env = []string{
		"HOME=/root", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "DEBIAN_FRONTEND=noninteractive", "LANG=C.UTF-8",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run runs a script, which must succeed.
func (m machine) run(script string) string {
	m.t.Helper()
	out, err := m.try(script)
	m.t.Logf("%s\n%s", script, out)
	if err != nil {
		journal, _ := m.try("journalctl --no-pager --lines=20 --unit=qem_exporter")
		m.t.Fatalf("%v\n%s", err, journal)
	}
	return out
}

// says runs a script, whose output must have the texts.
func (m machine) says(script string, wants ...string) {
	m.t.Helper()
	out := m.run(script)
	for _, want := range wants {
		if !strings.Contains(out, want) {
			m.t.Errorf("%s does not say %q", script, want)
		}
	}
}

// script runs one of scripts in the repository, with an environment of its own.
func script(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join("../scripts", name), args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
