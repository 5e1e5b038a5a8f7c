package aem

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestObserve(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		status int
		failed []string
	}{
		"good": {nil, 200, nil},
		"api": {&Error{Kind: KindAPI, Code: "AEM_TASK_NOT_FOUND", Status: 500}, 500,
			[]string{"GetTaskDetails AEM_TASK_NOT_FOUND"}},
		"timeout":  {&Error{Kind: KindTimeout}, 0, []string{"GetTaskDetails timeout"}},
		"partial":  {&Error{Kind: KindPartial, Status: 200}, 200, []string{"GetTaskDetails decode"}},
		"canceled": {&Error{Kind: KindCanceled}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var seen tally
			var log logbook
			var traced []error
			ctx := WithAttemptTrace(t.Context(), func(operation string, started time.Time, err error) {
				if operation != "GetTaskDetails" || started.IsZero() {
					t.Errorf("traced %q at %v", operation, started)
				}
				traced = append(traced, err)
			})
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			s := observeStep(&seen, logger, func(_ context.Context, c *call) error {
				c.status = tc.status
				return tc.err
			})
			if err := s(ctx, &call{operation: "GetTaskDetails"}); err != tc.err {
				t.Errorf("got %v", err)
			}
			if seen.requests["GetTaskDetails"] != 1 || !slices.Equal(seen.statuses, []int{tc.status}) {
				t.Errorf("requests: %v, statuses %v", seen.requests, seen.statuses)
			}
			if !slices.Equal(seen.failed, tc.failed) {
				t.Errorf("failed: %v", seen.failed)
			}
			if len(traced) != 1 || !errors.Is(traced[0], tc.err) {
				t.Errorf("traced %v", traced)
			}
			if line := log.String(); !strings.Contains(line, "operation=GetTaskDetails") ||
				strings.Contains(line, "err.") != (tc.err != nil) {
				t.Errorf("logged %q", line)
			}
		})
	}
}
