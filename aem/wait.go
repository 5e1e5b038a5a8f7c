package aem

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	waitBase = time.Second // between the first looks at a task
	waitMax  = 15 * time.Second
)

// WaitFor looks at a task, ever more rarely, until until returns true, and returns
// how the task then is. Faults that pass (ErrTimeout, ErrConnection,
// ErrServerNotConnected) do not end it; other errors do, and so does the end of ctx,
// which is an ErrTimeout or, when it was cancelled, of KindCanceled. What a task does
// takes some seconds to be seen in Enterprise Manager.
//
// Calls: GetTaskDetails.
func (s TasksService) WaitFor(ctx context.Context, ref TaskRef, until func(*TaskDetails) bool) (*TaskDetails, error) {
	const operation = "GetTaskDetails"
	state := TaskState("unknown")
	for wait := waitBase; ; wait = min(2*wait, waitMax) {
		details, err := s.Details(ctx, ref)
		switch {
		case err == nil:
			if until(details) {
				return details, nil
			}
			state = details.State
		case ctx.Err() == nil && !errors.Is(err, ErrLogin) &&
			(errors.Is(err, ErrTimeout) || errors.Is(err, ErrConnection) || errors.Is(err, ErrServerNotConnected)):
		case ctx.Err() == nil:
			return nil, err
		}
		if err := pause(ctx, time.Now().Add(2*wait), wait); err != nil {
			return nil, ended(operation, fmt.Sprintf("while waiting for a task, which was last seen %s", state), err)
		}
	}
}

// WaitForState is WaitFor until the task is in one of the states. A task in the state
// error is not waited for unless that is one of them: the result is then how it is,
// with an ErrTaskFailed.
//
// Calls: GetTaskDetails.
func (s TasksService) WaitForState(ctx context.Context, ref TaskRef, states ...TaskState) (*TaskDetails, error) {
	details, err := s.WaitFor(ctx, ref, func(d *TaskDetails) bool {
		return d.State == TaskError || slices.Contains(states, d.State)
	})
	if err != nil || slices.Contains(states, details.State) {
		return details, err
	}
	message := s.core.session.scrub.clean(details.Message, maxKept)
	if message == "" {
		message = "the task is in the state error"
	}
	return details, &Error{Operation: "GetTaskDetails", Kind: KindFailed, Message: message}
}
