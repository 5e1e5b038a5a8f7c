//go:build e2e

package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// browser is a headless Chromium with one tab, spoken to in the DevTools protocol
// over a pipe: JSON messages, each ended by a zero byte.
type browser struct {
	t       *testing.T
	out     *os.File // to the browser
	session string
	gone    chan struct{} // closed when the browser has closed its end

	mu       sync.Mutex
	last     int
	answers  map[int]chan message
	loads    chan struct{}
	troubles []string // exceptions, and what the security policy refused
	forgiven string   // part of the troubles that were meant to be
}

type message struct {
	ID        int             `json:"id,omitempty"`
	Method    string          `json:"method,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// patience bounds every wait; nothing waits as long when all is well.
const patience = time.Minute

// openBrowser starts Chromium and opens a tab of that size. It ends with the test,
// which fails if the page threw an exception or broke its security policy.
func openBrowser(t *testing.T, width, height int) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium on the path; make test installs it: ", err)
	}
	toBrowser, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	in, fromBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	profile := t.TempDir()
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--user-data-dir="+profile, fmt.Sprintf("--window-size=%d,%d", width, height),
		"about:blank")
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = toBrowser.Close(), fromBrowser.Close()
	b := &browser{t: t, out: out, gone: make(chan struct{}), answers: map[int]chan message{}, loads: make(chan struct{},
		100)}
	go b.listen(in)
	t.Cleanup(func() {
		b.close(cmd, cancel)
		_, _ = out.Close(), in.Close()
	})
	b.openTab(width, height)
	return b
}

func (b *browser) openTab(width, height int) {
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	b.call("Page.enable", nil, nil)
	b.call("Runtime.enable", nil, nil)
	b.call("Log.enable", nil, nil)
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1,
		"mobile": width < 600}, nil)
}

// close asks the browser to end, and waits until it has, so that its profile can be removed.
func (b *browser) close(cmd *exec.Cmd, cancel func()) {
	b.session = ""
	_, _ = b.send("Browser.close", nil)
	select {
	case <-b.gone:
	case <-time.After(patience):
	}
	cancel()
	_ = cmd.Wait() // its exit status means nothing here
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, trouble := range b.troubles {
		if b.forgiven == "" || !strings.Contains(trouble, b.forgiven) {
			b.t.Error("the browser complains: ", trouble)
		}
	}
}

// listen hands out what the browser says.
func (b *browser) listen(in *os.File) {
	defer close(b.gone)
	r := bufio.NewReader(in)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m) != nil {
			continue
		}
		b.mu.Lock()
		switch {
		case m.ID != 0:
			if answer := b.answers[m.ID]; answer != nil {
				answer <- m
				delete(b.answers, m.ID)
			}
		case m.Method == "Page.loadEventFired":
			b.loads <- struct{}{}
		case m.Method == "Runtime.exceptionThrown", m.Method == "Log.entryAdded" && bytes.Contains(m.Params,
			[]byte(`"level":"error"`)):
			b.troubles = append(b.troubles, string(m.Params))
		}
		b.mu.Unlock()
	}
}

func (b *browser) send(method string, params any) (chan message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	answer := make(chan message, 1)
	b.answers[b.last] = answer
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	if params == nil {
		raw = []byte("{}")
	}
	text, err := json.Marshal(message{ID: b.last, Method: method, SessionID: b.session, Params: raw})
	if err != nil {
		return nil, err
	}
	_, err = b.out.Write(append(text, 0))
	return answer, err
}

// call sends a command and waits for its result.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	answer, err := b.send(method, params)
	if err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
	case <-b.gone:
		b.t.Fatalf("%s: the browser has gone", method)
	case <-time.After(patience):
		b.t.Fatalf("%s: no answer from the browser", method)
	}
}

// open goes to an address and waits until it is loaded.
func (b *browser) open(address string) {
	b.t.Helper()
	for len(b.loads) > 0 {
		<-b.loads
	}
	b.call("Page.navigate", map[string]any{"url": address}, nil)
	select {
	case <-b.loads:
	case <-time.After(patience):
		b.t.Fatal("the page does not load: ", address)
	}
}

// eval gives the value of an expression in the page; a promise is awaited.
func (b *browser) eval(expression string) any {
	b.t.Helper()
	var r struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, r.ExceptionDetails)
	}
	return r.Result.Value
}

// await waits until an expression in the page is true.
func (b *browser) await(what, expression string) {
	b.t.Helper()
	seen := b.eval(fmt.Sprintf(`new Promise((done) => {
		const end = performance.now() + %d;
		const look = () => { if (%s) done(true); else if (performance.now() > end) done(false); else setTimeout(look, 20); };
		look();
	})`, 20*time.Second.Milliseconds(), expression))
	if seen != true {
		b.t.Fatalf("the page never had: %s\n%v", what, b.eval("document.body.innerText"))
	}
}

// forgive forgets the troubles that are told with these words.
func (b *browser) forgive(words string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forgiven = words
}

// key presses a key.
func (b *browser) key(name string, code int) {
	b.t.Helper()
	params := map[string]any{"type": "keyDown", "key": name, "code": name, "windowsVirtualKeyCode": code}
	if name == "Enter" {
		params["text"] = "\r"
	} else if len(name) == 1 {
		params["text"] = name
	}
	b.call("Input.dispatchKeyEvent", params, nil)
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": name, "code": name,
		"windowsVirtualKeyCode": code}, nil)
}

// write types a text into what has the focus.
func (b *browser) write(text string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}
