package aem

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func details(state string) *http.Response {
	return answer(200, `{"name":"t","state":"`+state+`","message":"why"}`)
}

func TestWaitForState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, details("STOPPED"), details("STARTING"), details("RECOVERY"), details("RECOVERY"),
			details("RECOVERY"), details("RECOVERY"), details("RUNNING"))
		started := time.Now()
		got, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskRunning)
		if err != nil || got.State != TaskRunning || len(*requests) != 7 ||
			time.Since(started) != (1+2+4+8+15+15)*time.Second {
			t.Errorf("%+v, %v after %v and %d requests", got, err, time.Since(started), len(*requests))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, _ := answering(t, details("STARTING"), details("ERROR"), details("ERROR"))
		got, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskRunning, TaskStopped)
		if !errors.Is(err, ErrTaskFailed) || got.State != TaskError || !strings.HasSuffix(err.Error(), "failed: why") {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err = client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskError); err != nil ||
			got.State != TaskError {
			t.Errorf("%+v, %v", got, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, _ := answering(t, answer(200, `{"name":"t","state":"ERROR"}`))
		if _, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}); !errors.Is(err, ErrTaskFailed) ||
			!strings.Contains(err.Error(), "state error") {
			t.Error(err)
		}
	})
}

func TestWaitForOutlastsFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, apiAnswer(500, CodeServerNotConnected)(), details("RUNNING"))
		if _, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskRunning); err != nil ||
			len(*requests) != 2 {
			t.Errorf("%v after %q", err, *requests)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, apiAnswer(500, CodeTaskNotFound)())
		if _, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskRunning); !errors.Is(err, ErrNotFound) ||
			len(*requests) != 1 {
			t.Errorf("%v after %q", err, *requests)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		broken := 0
		client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
			if broken++; broken < 20 {
				return nil, io.ErrUnexpectedEOF
			}
			return details("STOPPED"), nil
		})))
		if _, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskStopped); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitForEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		kind Kind
	}{
		"deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		}, KindTimeout},
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Second, cancel)
			return ctx, cancel
		}, KindCanceled},
	} {
		inBubble(t, name, func(t *testing.T) {
			client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
				return details("RECOVERY"), nil
			})))
			ctx, cancel := tc.end(t.Context())
			defer cancel()
			started := time.Now()
			_, err := client.Tasks.WaitForState(ctx, TaskRef{"s", "t"}, TaskRunning)
			var e *Error
			if !errors.As(err, &e) || e.Kind != tc.kind || !strings.Contains(err.Error(), "last seen recovering") ||
				time.Since(started) > 10*time.Second {
				t.Errorf("after %v: %v", time.Since(started), err)
			}
		})
	}
}

func TestAllTasks(t *testing.T) {
	answers := func() []*http.Response {
		return []*http.Response{
			answer(200, `{"serverList":[{"name":"a","state":"MONITORED"},{"name":"b","state":"NOT_MONITORED"},{"name":"c","state":"ERROR"},{"name":"d","state":"MONITORED"},{}]}`),
			answer(200, `{"taskList":[{"name":"1"},{"name":"2"},{}]}`),
			apiAnswer(500, CodeServerNotConnected)(),
			answer(200, `{"taskList":[{"name":"3"}]}`),
		}
	}
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, answers()...)
		client.core.partial = true
		var got []string
		for task, err := range client.Tasks.All(t.Context()) {
			what := task.Server.Name + "/" + task.Name
			switch {
			case errors.Is(err, ErrPartial):
				what += " partial"
			case errors.Is(err, ErrServerNotConnected):
				what += " not connected"
			case err != nil:
				t.Error(err)
			}
			got = append(got, what)
		}
		if want := "a/1, a/2, a/ partial, c/ not connected, d/3, / partial"; strings.Join(got, ", ") != want ||
			len(*requests) != 4 {
			t.Errorf("got %s, want %s; sent %q", strings.Join(got, ", "), want, *requests)
		}
	})
	// A loop may end anywhere.
	for steps := 1; steps <= 6; steps++ {
		synctest.Test(t, func(t *testing.T) {
			client, _ := answering(t, answers()...)
			client.core.partial = true
			n := 0
			for range client.Tasks.All(t.Context()) {
				if n++; n == steps {
					break
				}
			}
			if n != steps {
				t.Errorf("%d steps, want %d", n, steps)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client, _ := answering(t, apiAnswer(500, codeUnauthorized)())
		n := 0
		for task, err := range client.Tasks.All(t.Context()) {
			if n++; !errors.Is(err, ErrUnauthorized) || task.Server.Name != "" {
				t.Errorf("%+v, %v", task, err)
			}
		}
		if n != 1 {
			t.Errorf("%d steps", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, _ := answering(t, answers()...)
		client.core.partial = true
		for server, err := range client.Servers.All(t.Context()) {
			if server.Name != "a" || err != nil {
				t.Errorf("%+v, %v", server, err)
			}
			break
		}
	})
}
