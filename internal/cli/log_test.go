package cli

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// net/http quotes what a server sends unasked, and does so again and again.
func TestStandardLogTellsNoSecretAndNoFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &standardLog{logger: slog.New(slog.NewJSONHandler(&out, nil)), told: map[string]time.Time{}}
		for range 100 {
			_, _ = s.Write([]byte(`Unsolicited response received on idle HTTP channel starting with "canary"; err=<nil>` + "\n"))
			time.Sleep(time.Second)
		}
		text := out.String()
		if strings.Contains(text, "canary") || strings.Count(text, "\n") != 2 || !strings.Contains(text, `"not_told":59`) {
			t.Errorf("100 lines became\n%s", text)
		}
	})
}
