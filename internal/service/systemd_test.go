//go:build unix

package service

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestSystemdIsTold takes what goes to NOTIFY_SOCKET.
func TestSystemdIsTold(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "30000")
	told := func() string {
		text := make([]byte, 200)
		n, err := l.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(text[:n])
	}
	for want, tell := range map[string]func(){"READY=1": Ready, "RELOADING=1\nMONOTONIC_USEC=": Reloading,
		"STOPPING=1": Stopping} {
		if tell(); !strings.HasPrefix(told(), want) {
			t.Errorf("%s is not told", want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	Watchdog(ctx, func() error {
		if asked++; asked > 3 {
			cancel()
		}
		if asked > 1 {
			return errors.New("wedged")
		}
		return nil
	})
	Stopping()
	if first, second := told(), told(); first != "WATCHDOG=1" || second != "STOPPING=1" {
		t.Errorf("it tells %q, %q: want the watchdog once, while all is well", first, second)
	}
}

func TestJournalHasPriorities(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(NewLogHandler(Journal(&out), func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) }))
	logger.Info("i")
	logger.Warn("w")
	logger.Error("e")
	for _, want := range []string{"<6>", "\n<4>", "\n<3>"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %q", want, out.String())
		}
	}
}
