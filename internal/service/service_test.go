package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eventLog keeps what is written to it.
type eventLog struct {
	mu      sync.Mutex
	entries []string
}

func (l *eventLog) add(severity slog.Level, message string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, severity.String()+": "+message)
	return nil
}

func (l *eventLog) check(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.entries, want) {
		t.Errorf("events %q, want %q", l.entries, want)
	}
}

// controlManager stands for that of Windows.
type controlManager struct {
	requests chan request
	events   eventLog

	mu     sync.Mutex // guards the rest
	states []state
	ended  bool
	err    error
}

// start runs a daemon as a service that may take ten seconds to stop.
func start(daemon Daemon) *controlManager {
	w := &controlManager{requests: make(chan request)}
	s := &supervisor[request]{
		requests: w.requests,
		kind:     func(r request) request { return r },
		report: func(now state) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.states = append(w.states, now)
		},
		events:      w.events.add,
		stopTimeout: 10 * time.Second,
	}
	go func() {
		err := s.run(daemon)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ended, w.err = true, err
	}()
	synctest.Wait()
	return w
}

func (w *controlManager) ask(r request) {
	w.requests <- r
	synctest.Wait()
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// check checks what Windows was told so far.
func (w *controlManager) check(t *testing.T, want ...state) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.states, want) {
		t.Errorf("Windows was told %v, want %v", w.states, want)
	}
}

// checkEnd checks whether the service has ended, and that its error, if there is to be
// one, says the text.
func (w *controlManager) checkEnd(t *testing.T, ended bool, text string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended != ended || (w.err == nil) != (text == "") || w.err != nil && !strings.Contains(w.err.Error(), text) {
		t.Errorf("ended %t with %v, want %t with %q", w.ended, w.err, ended, text)
	}
}

// obedient starts in a second and ends three seconds after it is told to.
func obedient(ctx context.Context, s Session) error {
	time.Sleep(time.Second)
	s.Ready()
	<-ctx.Done()
	time.Sleep(3 * time.Second)
	return nil
}

func TestServiceLivesAndStops(t *testing.T) {
	for _, end := range []request{stop, shutdown} {
		synctest.Test(t, func(t *testing.T) {
			w := start(obedient)
			w.check(t, startPending)
			pass(2 * time.Second)
			w.check(t, startPending, running)
			w.ask(request(2)) // to pause, which it cannot
			w.ask(interrogate)
			w.check(t, startPending, running, running)
			w.ask(end)
			w.check(t, startPending, running, running, stopPending)
			w.ask(stop)
			w.ask(interrogate)
			w.check(t, startPending, running, running, stopPending, stopPending)
			w.checkEnd(t, false, "")
			pass(4 * time.Second)
			w.checkEnd(t, true, "")
			w.events.check(t, "INFO: qem_exporter is running", "INFO: qem_exporter has stopped")
		})
	}
}

// A stop that comes during the start is obeyed, and the service never says that it runs.
func TestStopWhileStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(obedient)
		w.ask(stop)
		pass(5 * time.Second)
		w.check(t, startPending, stopPending)
		w.checkEnd(t, true, "")
	})
}

func TestDaemonFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(func(context.Context, Session) error { return errors.New("no such port") })
		w.checkEnd(t, true, "no such port")
		w.check(t, startPending)
		w.events.check(t, "ERROR: qem_exporter failed: no such port")
	})
}

// A daemon that hangs does not keep Windows from shutting down.
func TestDaemonHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		w := start(func(_ context.Context, s Session) error {
			s.Ready()
			<-release
			return nil
		})
		w.ask(stop)
		pass(9 * time.Second)
		w.checkEnd(t, false, "")
		pass(2 * time.Second)
		w.checkEnd(t, true, "did not end within 10s")
		close(release)
	})
}

// Reloads that come while one is waiting are one.
func TestParamChangeReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reloads <-chan os.Signal
		w := start(func(ctx context.Context, s Session) error {
			reloads = s.Reloads
			s.Ready()
			<-ctx.Done()
			return nil
		})
		w.ask(paramChange)
		w.ask(paramChange)
		<-reloads
		select {
		case <-reloads:
			t.Error("two reloads")
		default:
		}
		w.ask(stop)
		w.check(t, startPending, running, stopPending)
	})
}

func TestAwait(t *testing.T) {
	broken := errors.New("access denied")
	for name, tc := range map[string]struct {
		want   state
		states []state // one a query; the last one stays
		err    error
		fails  string
	}{
		"it starts":         {want: running, states: []state{startPending, startPending, running}},
		"it runs already":   {want: running, states: []state{running}},
		"it fails to start": {want: running, states: []state{startPending, stopped}, fails: "event log"},
		"it hangs":          {want: stopped, states: []state{stopPending}, fails: "still stopping"},
		"it stops":          {want: stopped, states: []state{stopPending, stopped}},
		"no answer":         {want: stopped, states: []state{running}, err: broken, fails: "access denied"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				err := await(ctx, tc.want, func() (state, error) {
					now := tc.states[0]
					if len(tc.states) > 1 {
						tc.states = tc.states[1:]
					}
					return now, tc.err
				})
				if tc.fails == "" && err != nil || tc.fails != "" && (err == nil || !strings.Contains(err.Error(), tc.fails)) {
					t.Errorf("err = %v, want %q", err, tc.fails)
				}
			})
		})
	}
}

func TestLogHandler(t *testing.T) {
	var events eventLog
	plain := func(w io.Writer) slog.Handler {
		return slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		}})
	}
	logger := slog.New(NewLogHandler(events.add, plain))
	logger.Debug("not asked for")
	logger.Info("started", slog.Int("enterprise_managers", 2))
	logger.With(slog.String("manager", "prod")).Warn("partial poll")
	logger.WithGroup("poll").Error("failed", slog.Int("servers", 3))
	events.check(t,
		"INFO: msg=started enterprise_managers=2\n",
		"WARN: msg=\"partial poll\" manager=prod\n",
		"ERROR: msg=failed poll.servers=3\n")
	logger.Info(strings.Repeat("ä", 40_000))
	if long := events.entries[3]; len(long) > maxEvent+20 || !utf8.ValidString(long) || !strings.HasSuffix(long, "…") {
		t.Errorf("a long message has %d bytes", len(long))
	}
}
