//go:build shipped

package deploy_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// Where Docker is, make demo asks on its terminal; after a yes Grafana runs, provisioned as in the composition, and
// ends with the demo. There is no Docker here: what it is asked for is what is looked at.
func TestDemoOffersGrafana(t *testing.T) {
	dir, grafana, prometheus := t.TempDir(), process.FreeAddress(t), process.FreeAddress(t)
	docker := "#!/bin/sh\ncase $1 in run) echo \"$@\" >" + dir + "/ran; cat " + dir + "/qem-demo.*/datasources/* >" + dir +
		"/datasource; exec sleep 600 ;; esac\n"
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(docker), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "script", "--quiet", "--return", "--command", "../scripts/demo", "/dev/null")
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "TMPDIR="+dir, "QEM_EXPORTER="+binary,
		"EXPORTER_ADDRESS="+process.FreeAddress(t), "PROMETHEUS_ADDRESS="+prometheus,
		"ALERTMANAGER_ADDRESS="+process.FreeAddress(t), "GRAFANA_ADDRESS="+grafana)
	keyboard, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	demo := process.Start(t, cmd)
	demo.Says(regexp.MustCompile(`Grafana too, .* \[y/N\]`))
	_, _ = io.WriteString(keyboard, "y\n")
	process.Eventually(t, "Docker runs something", process.Patience, func() bool {
		_, err := os.Stat(filepath.Join(dir, "datasource"))
		return err == nil
	})
	listener, err := net.Listen("tcp", grafana)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() { _ = http.Serve(listener, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) }()
	demo.Says(regexp.MustCompile(`Grafana: +http://` + regexp.QuoteMeta(grafana)))
	_, _ = io.WriteString(keyboard, "\x03") // Ctrl-C
	if code := demo.Wait(); code != 0 || !strings.Contains(demo.Written(), "Stopping.") {
		t.Errorf("it ends with %d", code)
	}

	ran := string(readFile(t, filepath.Join(dir, "ran")))
	image := at(t, composed(t), "grafana/image").(string)
	if !strings.HasSuffix(ran, " "+image+"\n") {
		t.Errorf("the image is not %s: %s", image, ran)
	}
	for _, mount := range regexp.MustCompile(`--volume (\S+):(\S+):ro`).FindAllStringSubmatch(ran, -1) {
		if _, err := os.Stat(mount[1]); (err == nil) == strings.Contains(mount[1], "/qem-demo.") { // which is gone
			t.Errorf("%s: %v", mount[0], err)
		}
	}
	datasource := document(t, filepath.Join(dir, "datasource"))
	if url := at(t, datasource, "datasources/0/url"); url != "http://"+prometheus {
		t.Errorf("Grafana asks %v, not Prometheus at %s", url, prometheus)
	}
}
