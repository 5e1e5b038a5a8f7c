package poll

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if latency, err := time.ParseDuration(os.Getenv(recordedLatency)); err == nil {
		fmt.Fprintln(os.Stderr, serveRecorded(latency))
		os.Exit(1)
	}
	debug.SetGCPercent(400) // much is allocated, and little kept
	goleak.VerifyTestMain(m)
}
