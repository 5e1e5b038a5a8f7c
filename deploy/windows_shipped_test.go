//go:build shipped

package deploy_test

import (
	"bytes"
	endian "encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// What wine is good for: the console program starts, serves, reads its files by Windows' names
// and ends. What it is not: services. Its ChangeServiceConfig2 refuses a delayed start
// ("Invalid level"), and what its services.exe starts does not look like a service to Go. That
// code is vetted for Windows and tested against interfaces (internal/service), no more.
func TestWindowsProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Program Files") // a name with a blank, as it is installed
	wine := newWine(t)
	exe := filepath.Join(dir, "qem_exporter.exe")
	build := exec.Command("go", "build", "-trimpath", "-o", exe, "..")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	writeFile(t, filepath.Join(dir, "password"), "secret-word\r\n")
	config := filepath.Join(dir, "config.yml")
	writeFile(t, config, strings.ReplaceAll(`enterprise_managers:
  - name: prod
    url: http://127.0.0.1:9
    auth: {username: svc_prometheus, domain: ACME, password_file: password}
`, "\n", "\r\n"))

	for want, args := range map[string][]string{
		"windows/amd64":            {"--version"},
		"ok, 1 Enterprise Manager": {"check-config", windowsPath(config)},
		`qem_up{manager="prod"} 0`: {"scrape", "--config.file=" + windowsPath(config)},
		"no\\such.yml":             {"check-config", `C:\no\such.yml`},
	} {
		if out, _ := output(t, wine(exe, args...)); !strings.Contains(out, want) {
			t.Errorf("%q says not %q but\n%s", args, want, out)
		}
	}

	daemon := process.Start(t, wine(exe, "demo", "--web.listen-address=127.0.0.1:0", "--servers=1", "--tasks=2"))
	address := daemon.Address()
	process.Eventually(t, "it has polled", time.Minute, func() bool {
		out, err := exec.CommandContext(t.Context(), "curl", "-sS", "http://"+address+"/metrics").Output()
		return err == nil && bytes.Contains(out, []byte("qem_server_up{")) && bytes.Contains(out, []byte(`goos="windows"`))
	})
	daemon.Signal(os.Interrupt) // which wine tells it as Ctrl-C
	process.Eventually(t, "it ends", time.Minute, func() bool {
		return strings.Contains(daemon.Written(), "qem_exporter stopped")
	})
}

// output is what a program writes, into a file since wine's own programs, which outlive it,
// would keep a pipe open.
func output(t *testing.T, cmd *exec.Cmd) (string, error) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	cmd.Stdout, cmd.Stderr = file, file
	err = cmd.Run()
	return string(readFile(t, file.Name())), err
}

// windowsPath is how a file of this machine is called under wine.
func windowsPath(path string) string { return "Z:" + strings.ReplaceAll(path, "/", `\`) }

// newWine makes a Windows of its own, and commands in it.
func newWine(t *testing.T) func(exe string, args ...string) *exec.Cmd {
	t.Helper()
	prefix := t.TempDir()
	command := func(exe string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), process.Find(t, "wine"), append([]string{exe}, args...)...)
		cmd.Env = append(os.Environ(), "WINEPREFIX="+prefix, "WINEDEBUG=-all", "WINEARCH=win64",
			"WINEDLLOVERRIDES=mscoree,mshtml=") // no question whether to fetch .NET and a browser
		return cmd
	}
	if out, err := output(t, command("wineboot", "--init")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		server := exec.Command("/usr/lib/wine/wineserver64", "-k", "-w")
		server.Env = []string{"WINEPREFIX=" + prefix}
		_ = server.Run()
	})
	// Go wants a library that wine has from version 9 on.
	library := filepath.Join(prefix, "drive_c/windows/system32/bcryptprimitives.dll")
	if _, err := os.Stat(library); err != nil {
		writeFile(t, library, string(forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")))
	}
	return command
}

// forwarder is a library with one function, which is that of another library.
func forwarder(library, function, target string) []byte {
	const rva, align = 0x1000, 0x200
	names := library + "\x00" + function + "\x00" + target + "\x00"
	table := uint32(rva + 40) // after the directory: functions, names, ordinals, then the texts
	text := table + 12
	var section bytes.Buffer
	write := func(b *bytes.Buffer, values ...any) {
		for _, v := range values {
			_ = endian.Write(b, endian.LittleEndian, v)
		}
	}
	write(&section,
		[3]uint32{}, text, uint32(1), uint32(1), uint32(1), table, table+4, table+8, // the directory
		text+uint32(len(library)+len(function)+2), text+uint32(len(library)+1), uint32(0), []byte(names))
	size := uint32(section.Len())

	var file bytes.Buffer
	write(&file, [30]uint16{'M' | 'Z'<<8}, uint32(64), []byte("PE\x00\x00"))
	write(&file, uint16(0x8664), uint16(1), [3]uint32{}, uint16(240), uint16(0x2022)) // x86-64, a library
	write(&file, uint16(0x20b), uint16(0), [3]uint32{0, align, 0}, uint32(0), uint32(rva),
		uint64(0x180000000), uint32(rva), uint32(align), [6]uint16{6, 0, 0, 0, 6, 0}, uint32(0),
		uint32(2*rva), uint32(align), uint32(0), uint16(3), uint16(0x100),
		[4]uint64{0x100000, 0x1000, 0x100000, 0x1000}, uint32(0), uint32(16), uint32(rva), size, [15]uint64{})
	write(
		&file,
		[8]byte{'.', 'e', 'd', 'a', 't', 'a'},
		size,
		uint32(rva),
		uint32(align),
		uint32(align),
		[3]uint32{},
		uint32(0x40000040),
	)
	file.Write(make([]byte, align-file.Len()))
	file.Write(section.Bytes())
	file.Write(make([]byte, 2*align-file.Len()))
	return file.Bytes()
}
