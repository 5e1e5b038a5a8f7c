package app

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// A scrape that is interrupted has not read everything: it prints nothing and fails.
func TestScrapeInterrupted(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Kind: aemtest.FaultHang})
		ctx, interrupt := context.WithCancel(b.Context())
		f := newFactory(testOptions(configFile(b, entry("prod", sim.URL, "request_timeout: 1h"))))
		f.transport = b.transport
		var out bytes.Buffer
		ended := make(chan error, 1)
		go func() { ended <- f.scrape(ctx, &out, io.Discard) }()
		synctest.Wait()
		if sim.Requests("GetTaskDetails") == 0 {
			b.Error("it does not hang")
		}
		interrupt()
		err := <-ended
		if err == nil || !strings.Contains(err.Error(), "interrupted") || out.Len() > 0 {
			b.Errorf("%v, with %d bytes printed", err, out.Len())
		}
		if sim.ActiveSessions() != 0 {
			b.Errorf("%d sessions are left", sim.ActiveSessions())
		}
	})
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
