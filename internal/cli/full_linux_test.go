package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// What cannot be printed, as to a full disk, is an error and not a panic.
func TestOutputIsLost(t *testing.T) {
	sim := simulated(t)
	for _, arg := range []string{"--help", "scrape"} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		c := process.Command(environment(sim.URL), binary, arg)
		c.Stdout, c.Stderr = full, &stderr
		if err := c.Run(); err == nil || !strings.HasPrefix(stderr.String(), "qem_exporter: error: ") ||
			strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: %v, %s", arg, err, stderr.String())
		}
		_ = full.Close()
	}
}
