//go:build e2e

package e2e

import (
	"os"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testproc"
)

// binary is the built command.
var binary string

func TestMain(m *testing.M) { os.Exit(testproc.Main(m, "..", &binary)) }
