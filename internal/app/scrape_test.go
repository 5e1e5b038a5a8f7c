package app

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// A scrape that is interrupted has not read everything: it prints nothing and fails.
func TestScrapeInterrupted(t *testing.T) {
	sim := aemtest.NewServer(aemtest.Options{Seed: 1, Servers: 2, TasksPerServer: 2})
	t.Cleanup(sim.Close)
	ctx, interrupt := context.WithCancel(t.Context())
	sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Kind: aemtest.FaultHang})
	f := configFile(t, entry("prod", sim.URL, "request_timeout: 1h"))
	var out, problems bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- Scrape(ctx, ScrapeOptions{Load: f.load, Out: &out, Problems: &problems,
			Logger: slog.New(slog.DiscardHandler)})
	}()
	eventually(t, "it hangs", func() bool { return sim.InFlight() > 0 && sim.Requests("GetTaskDetails") > 0 })
	interrupt()
	err := <-ended
	if err == nil || !strings.Contains(err.Error(), "interrupted") || out.Len() > 0 {
		t.Errorf("%v, with %d bytes printed", err, out.Len())
	}
	if sim.ActiveSessions() != 0 {
		t.Errorf("%d sessions are left", sim.ActiveSessions())
	}
}

func TestTerminalShowsNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	terminal := &Terminal{To: &out}
	for _, part := range []string{"a{task=\"\x1b[2J\u009b\xc3", "\xa4\r\u202e\"} 1\n", "b 2\n"} {
		if _, err := terminal.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "a{task=\"\\x1b[2J\\u009bä\\r\\u202e\"} 1\nb 2\n"; out.String() != want {
		t.Errorf("it shows %q, want %q", out.String(), want)
	}
}
